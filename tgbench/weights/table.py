"""The table of every pretrained file that the suite can use.

Hashes and sizes are those that at least two independent public projects pin, or whose first digits
the publisher put into the file's name. Others are None or empty; they are recorded when the file
first comes into the store.
"""

from __future__ import annotations

from ..errors import suggest
from .entries import Weights
from .formats import BFM2009, PICKLED_ARRAYS, SAFETENSORS, SKOPS, TORCH
from .of_systems import OF_SYSTEMS

_BULAT = "https://www.adrianbulat.com/downloads/python-fan"
_HUB = "https://huggingface.co"
_OXFORD = "https://www.robots.ox.ac.uk/~vgg/software/lipsync/data"
_TORCHVISION = "none stated for the weights; code BSD-3-Clause, trained on ImageNet (research use)"
_FACE_ALIGNMENT = "none stated for the weights; code BSD-3-Clause"
_PYFEAT_AU = "labelled MIT; the terms of its training data are separate (py-feat's PYFEAT-V1.md)"

_DETECTOR_V1 = "py-feat's Detectorv1"

_LARGE_SPEECH_MODEL = 600_000_000
"""Bytes: 315 million parameters of at least two bytes."""

_SMALL_NETWORK = 1_000_000
"""Bytes: the smallest networks of the table have at least a million parameters."""

_BFM_LICENCE = (
    "research, after registration with the University of Basel; no redistribution, nor of what is "
    "derived from it"
)
_BFM_SIDE_FILES = "https://github.com/YudongGuo/AD-NeRF/raw/master/data_util/face_tracking/3DMM"

_BFM = (
    Weights(
        "bfm2009",
        "01_MorphableModel.mat",
        "pose `bfm`, and declared systems: the Basel Face Model 2009",
        "https://faces.dmi.unibas.ch/bfm/main.php?nav=1-1-0&id=details",
        _BFM_LICENCE,
        format=BFM2009,
        least_size=_SMALL_NETWORK,
        by_hand=True,
    ),
    Weights(
        "bfm_3dmm_info",
        "3DMM_info.npy",
        "pose `bfm`: AD-NeRF's cut of that model, instead of the model itself",
        "https://github.com/YudongGuo/AD-NeRF#3dmm",
        f"{_BFM_LICENCE}; made from it by AD-NeRF's convert_BFM.py",
        format=PICKLED_ARRAYS,
        least_size=_SMALL_NETWORK,
        by_hand=True,
    ),
    *(
        Weights(
            name,
            file,
            f"pose `bfm`: {what}",
            f"{_BFM_SIDE_FILES}/{file}",
            "none stated for the file; the code of AD-NeRF is MIT",
            format=PICKLED_ARRAYS,
        )
        for name, file, what in (
            ("bfm_keys", "keys_info.npy", "which vertices are landmarks"),
            ("bfm_expressions", "exp_info.npy", "expressions, of FaceWarehouse"),
            ("bfm_topology", "topology_info.npy", "which vertices AD-NeRF keeps"),
        )
    ),
)

_ALL = (
    Weights(
        "lpips_alexnet",
        "alexnet-owt-7be5be79.pth",
        "lpips: torchvision's AlexNet (the trunk)",
        "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
        _TORCHVISION,
        size=244_408_911,
        sha256="7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",
        in_torch_hub=True,
    ),
    Weights(
        "lpips_vgg",
        "vgg16-397923af.pth",
        "lpips_vgg: torchvision's VGG-16 (the trunk)",
        "https://download.pytorch.org/models/vgg16-397923af.pth",
        _TORCHVISION,
        size=553_433_881,
        sha256="397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
        in_torch_hub=True,
    ),
    Weights(
        "syncnet",
        "syncnet_v2.model",
        "sync_c, sync_e: SyncNet",
        f"{_OXFORD}/syncnet_v2.model",
        "CC BY, for research (the publisher's page)",
        size=54_573_114,
        sha256="961e8696f888fce4f3f3a6c3d5b3267cf5b343100b238e79b2659bff2c605442",
    ),
    Weights(
        "s3fd",
        "sfd_face.pth",
        "sync_c, sync_e: S3FD, the face detector",
        f"{_OXFORD}/sfd_face.pth",
        "none stated; the code of syncnet_python is MIT",
        size=89_844_381,
        sha256="d54a87c2b7543b64729c9a25eafd188da15fd3f6e02f0ecec76ae1b30d86c491",
    ),
    Weights(
        "fan",
        "2DFAN4-11f355bf06.pth.tar",
        "landmarks `fan`: face-alignment's 2D-FAN-4",
        f"{_BULAT}/2DFAN4-11f355bf06.pth.tar",
        _FACE_ALIGNMENT,
        sha256="11f355bf0693120222f5955ce3f9dc8fb5763ebb30a47d7906e509490d32e4aa",
        in_torch_hub=True,
    ),
    Weights(
        "fan_s3fd",
        "s3fd-619a316812.pth",
        "landmarks `fan` and wav2lip_native: face-alignment's face detector, S3FD",
        f"{_BULAT}/s3fd-619a316812.pth",
        _FACE_ALIGNMENT,
        size=89_843_225,
        sha256="619a31681264d3f7f7fc7a16a42cbbe8b23f31a256f75a366e5a1bcd59b33543",
        in_torch_hub=True,
    ),
    Weights(
        "arcface",
        "w600k_r50.onnx",
        "csim_arcface: ArcFace's ResNet-50, of InsightFace's pack buffalo_l",
        "https://github.com/deepinsight/insightface/releases/download/v0.7/buffalo_l.zip",
        "non-commercial research (InsightFace's README)",
        size=174_383_860,
        sha256="4c06341c33c2ca1f86781dab0e829f88ad5b64be9fba56e56bc9ebdefc619e43",
        member="w600k_r50.onnx",
    ),
    Weights(
        "pyfeat_retinaface",
        "pyfeat_retinaface_r34.safetensors",
        "py-feat: RetinaFace-R34, the face detector",
        f"{_HUB}/py-feat/retinaface_r34/resolve/main/model.safetensors",
        "labelled MIT; trained on WIDER FACE (non-commercial terms)",
        format=SAFETENSORS,
    ),
    Weights(
        "pyfeat_mobilefacenet",
        "mobilefacenet_model_best.pth.tar",
        "py-feat Detectorv1: landmarks",
        f"{_HUB}/py-feat/mobilefacenet/resolve/main/mobilefacenet_model_best.pth.tar",
        "not established (py-feat's PYFEAT-V1.md)",
        format=TORCH,
        least_size=_SMALL_NETWORK,
        kept_for=_DETECTOR_V1,
    ),
    Weights(
        "pyfeat_xgb",
        "xgb_au_classifier_v2.skops",
        "py-feat Detectorv1: action unit probabilities",
        f"{_HUB}/py-feat/xgb_au/resolve/main/xgb_au_classifier_v2.skops",
        _PYFEAT_AU,
        format=SKOPS,
        kept_for=_DETECTOR_V1,
    ),
    Weights(
        "pyfeat_svm",
        "svm_au_classifier_v2.skops",
        "py-feat Detectorv1: action unit labels",
        f"{_HUB}/py-feat/svm_au/resolve/main/svm_au_classifier_v2.skops",
        _PYFEAT_AU,
        format=SKOPS,
        kept_for=_DETECTOR_V1,
    ),
    Weights(
        "pyfeat_multitask",
        "face_multitask_v28.safetensors",
        "py-feat Detectorv2: action unit probabilities",
        f"{_HUB}/py-feat/face_multitask_v2/resolve/main/face_multitask_v28.safetensors",
        "non-commercial research (py-feat's PYFEAT-V2.md)",
        format=SAFETENSORS,
    ),
    Weights(
        "bisenet",
        "79999_iter.pth",
        "face parsing: BiSeNet on CelebAMask-HQ, as in AD-NeRF and its successors",
        "https://github.com/YudongGuo/AD-NeRF/raw/master/data_util/face_parsing/79999_iter.pth",
        "none stated for the weights; the code of face-parsing.PyTorch is MIT",
        size=53_289_463,
        sha256="468e13ca13a9b43cc0881a9f99083a430e9c0a38abd935431d1c28ee94b26567",
    ),
    Weights(
        "easyportrait",
        "fpn-fp-512.pth",
        "teeth masks: EasyPortrait's FPN at 512, as in TalkingGaussian",
        "https://rndml-team-cv.obs.ru-moscow-1.hc.sbercloud.ru/datasets/easyportrait/"
        "experiments/models/fpn-fp-512.pth",
        "a variant of CC BY-SA 4.0",
        format=TORCH,
        least_size=_SMALL_NETWORK,
    ),
    Weights(
        "deepspeech",
        "deepspeech-0_1_0-b90017e8.pb",
        "audio features: DeepSpeech 0.1.0, as in AD-NeRF and its successors",
        "https://github.com/osmr/deepspeech_features/releases/download/v0.0.1/"
        "deepspeech-0_1_0-b90017e8.pb.zip",
        "none stated for the weights; the code of DeepSpeech is MPL-2.0",
        sha1="b90017e816572ddce84f5843f1fa21e6a377975e",
        member="deepspeech-0_1_0-b90017e8.pb",
    ),
    Weights(
        "hubert",
        "hubert-large-ls960-ft.bin",
        "audio features: HuBERT large, fine-tuned on LibriSpeech",
        f"{_HUB}/facebook/hubert-large-ls960-ft/resolve/main/pytorch_model.bin",
        "Apache-2.0, by the card of its base hubert-large-ll60k",
        format=TORCH,
        least_size=_LARGE_SPEECH_MODEL,
    ),
    Weights(
        "wav2vec2",
        "wav2vec2-large-xlsr-53-esperanto.bin",
        "audio features: Wav2Vec 2.0 XLSR-53, fine-tuned on Esperanto",
        f"{_HUB}/cpierse/wav2vec2-large-xlsr-53-esperanto/resolve/main/pytorch_model.bin",
        "Apache-2.0, as others cite its card",
        format=TORCH,
        least_size=_LARGE_SPEECH_MODEL,
    ),
)

TABLE = {weights.name: weights for weights in (*_ALL, *_BFM, *OF_SYSTEMS)}


def find(name: str) -> Weights:
    """Return the entry of a name.

    Raises:
        TgbenchError: there is none; the text lists the known names.
    """
    if name not in TABLE:
        raise suggest(name, TABLE, "weight file")
    return TABLE[name]
