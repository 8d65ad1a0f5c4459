"""The pretrained files that declared systems load, each in an environment of its own.

Nobody publishes a hash of any of them. The store records the user's own at first use, and refuses
another file of the same name later.
"""

from __future__ import annotations

from .entries import Weights

_DRIVE = "https://drive.google.com"
_GITHUB = "https://github.com"
_NONE = "none stated"
_WAV2LIP_TERMS = "research, academic and personal use, not commercial (the README); trained on LRS2"

_A_NETWORK = 1_000_000
"""Bytes: the smallest of these networks has more than a million parameters."""


def _by_hand(
    name: str, file: str, system: str, purpose: str, source: str, licence: str, least: int
) -> Weights:
    return Weights(
        name,
        file,
        purpose,
        source,
        licence,
        least_size=least,
        of_system=system,
        by_hand=True,
    )


OF_SYSTEMS = (
    _by_hand(
        "wav2lip",
        "wav2lip.pth",
        "wav2lip",
        "Wav2Lip: the generator trained for synchronisation alone",
        f"{_DRIVE}/drive/folders/153HLrqlBNxzZcHi17PEvP09kkAfzRshM",
        _WAV2LIP_TERMS,
        _A_NETWORK,
    ),
    _by_hand(
        "wav2lip_gan",
        "wav2lip_gan.pth",
        "wav2lip",
        "Wav2Lip: the generator trained with a visual quality discriminator",
        f"{_DRIVE}/file/d/15G3U08c8xsCkOqQxE38Z2XXDnPcOptNk",
        _WAV2LIP_TERMS,
        _A_NETWORK,
    ),
    _by_hand(
        "ip_lap_landmarks",
        "landmarkgenerator_checkpoint.pth",
        "ip-lap",
        "IP-LAP: speech to landmarks",
        f"{_GITHUB}/Weizhi-Zhong/IP_LAP",
        f"{_NONE} for the weights; the code is Apache-2.0; trained on LRS2",
        _A_NETWORK,
    ),
    _by_hand(
        "ip_lap_renderer",
        "renderer_checkpoint.pth",
        "ip-lap",
        "IP-LAP: landmarks to a face",
        f"{_GITHUB}/Weizhi-Zhong/IP_LAP",
        f"{_NONE} for the weights; the code is Apache-2.0; trained on LRS2",
        _A_NETWORK,
    ),
    _by_hand(
        "dinet_clip",
        "clip_training_DINet_256mouth.pth",
        "dinet",
        "DINet: the network after clip training, mouths of 256 pixels (in asserts.zip)",
        f"{_DRIVE}/file/d/1rPtOo9Uuhc59YfFVv4gBmkh0_oG0nCQb",
        f"{_NONE}, neither for the code; trained on HDTF",
        _A_NETWORK,
    ),
    _by_hand(
        "dinet_deepspeech",
        "output_graph.pb",
        "dinet",
        "DINet: its DeepSpeech graph (in asserts.zip)",
        f"{_DRIVE}/file/d/1rPtOo9Uuhc59YfFVv4gBmkh0_oG0nCQb",
        f"{_NONE} for the weights; the code of DeepSpeech is MPL-2.0",
        _A_NETWORK,
    ),
    _by_hand(
        "dfrf_base",
        "base.tar",
        "dfrf",
        "DFRF: the base model that is fine-tuned to a person",
        f"{_GITHUB}/sstzal/DFRF/releases",
        f"{_NONE} for the weights; the code is MIT",
        _A_NETWORK,
    ),
    Weights(
        "geneface_lrs3",
        "lrs3.zip",
        "GeneFace: speech to landmarks and SyncNet, trained on LRS3",
        f"{_GITHUB}/yerfor/GeneFace/releases/download/v1.1.0/lrs3.zip",
        f"{_NONE} for the weights; the code is MIT; LRS3 itself is for research only",
        least_size=_A_NETWORK,
        of_system="geneface",
    ),
    _by_hand(
        "geneface_exp_pca",
        "Exp_Pca.bin",
        "geneface",
        "GeneFace: basis of expressions, for its 3D reconstruction",
        f"{_DRIVE}/drive/folders/1iTopSpZucEmjWiWZIErLYiMBlZYwzil2",
        _NONE,
        1,
    ),
    _by_hand(
        "geneface_bfm_front",
        "BFM_model_front.mat",
        "geneface",
        "GeneFace: the front of the Basel Face Model, for its 3D reconstruction",
        f"{_DRIVE}/drive/folders/1YCxXKJFfo1w01PzayhnxWSZZK5k7spSH",
        "made of the Basel Face Model 2009, which is for research, after registration",
        1,
    ),
    _by_hand(
        "geneface_facerecon",
        "epoch_20.pth",
        "geneface",
        "GeneFace: Deep3DFaceRecon, which reconstructs faces",
        f"{_DRIVE}/drive/folders/18VRcygXYOKPYvJWsl9lrF0J9PoFPk77y",
        f"{_NONE} for the weights; the code of Deep3DFaceRecon_pytorch is MIT",
        _A_NETWORK,
    ),
    _by_hand(
        "lsp_apc",
        "APC_epoch_160.model",
        "lsp",
        "LiveSpeechPortraits: speech to features, for all people",
        f"{_DRIVE}/drive/folders/1sHc2xEEGwnb0h2rkUhG9sPmOxvRvPVpJ",
        f"{_NONE} for the weights; the code is MIT",
        _A_NETWORK,
    ),
)
