"""Encoders of the field whose features are read from files that its own scripts make.

File names and window shapes are those that ER-NeRF and TalkingGaussian read.
"""

from __future__ import annotations

from ..specs import AudioEncoderSpec

_REPOSITORY = "in the repository of ER-NeRF or TalkingGaussian run"

DEEPSPEECH = AudioEncoderSpec(
    "deepspeech",
    "logits of DeepSpeech 0.1.0, as AD-NeRF, ER-NeRF and TalkingGaussian use them",
    "",
    file="aud_ds.npy",
    window=(16, 29),
    recipe=f"{_REPOSITORY} `python data_utils/deepspeech_features/extract_ds_features.py --input "
    "aud.wav`, then rename aud.npy to aud_ds.npy",
)
WAV2VEC = AudioEncoderSpec(
    "wav2vec",
    "logits of wav2vec 2.0 XLSR Esperanto, as RAD-NeRF uses them",
    "",
    file="aud_eo.npy",
    window=(16, 44),
    recipe=f"{_REPOSITORY} `python data_utils/wav2vec.py --wav aud.wav --save_feats`",
)
HUBERT = AudioEncoderSpec(
    "hubert",
    "hidden states of HuBERT large, as GeneFace uses them",
    "",
    file="aud_hu.npy",
    window=(2, 1024),
    recipe=f"{_REPOSITORY} `python data_utils/hubert.py --wav aud.wav`",
)
ENCODERS = (DEEPSPEECH, WAV2VEC, HUBERT)
