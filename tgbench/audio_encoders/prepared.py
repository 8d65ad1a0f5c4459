"""The pretrained encoders of the field, named as its scripts and papers name them.

File names and window shapes are those that ER-NeRF and TalkingGaussian read. Where the weights are
not here, their features may still come from files that the field's own scripts made.
"""

from __future__ import annotations

from ..specs import AudioEncoderSpec, Requires

_REPOSITORY = "in the repository of ER-NeRF or TalkingGaussian run"

DEEPSPEECH = AudioEncoderSpec(
    "deepspeech",
    "logits of DeepSpeech 0.1.0, as AD-NeRF, ER-NeRF and TalkingGaussian use them",
    "tgbench.audio_encoders.deepspeech:DeepSpeech",
    file="aud_ds.npy",
    window=(16, 29),
    requires=Requires(weights=("deepspeech",), place="TGBENCH_DEEPSPEECH"),
    recipe=f"{_REPOSITORY} `python data_utils/deepspeech_features/extract_ds_features.py --input "
    "aud.wav`, then rename aud.npy to aud_ds.npy",
)
WAV2VEC2 = AudioEncoderSpec(
    "wav2vec2",
    "logits of wav2vec 2.0 XLSR Esperanto, as RAD-NeRF uses them",
    "tgbench.audio_encoders.self_supervised:Wav2Vec2",
    file="aud_eo.npy",
    window=(16, 44),
    requires=Requires(
        packages=("transformers",),
        extra="speech",
        weights=("wav2vec2",),
        place="TGBENCH_WAV2VEC2",
    ),
    recipe=f"{_REPOSITORY} `python data_utils/wav2vec.py --wav aud.wav --save_feats`",
)
HUBERT = AudioEncoderSpec(
    "hubert",
    "hidden states of HuBERT large, as GeneFace uses them",
    "tgbench.audio_encoders.self_supervised:Hubert",
    file="aud_hu.npy",
    window=(2, 1024),
    requires=Requires(
        packages=("transformers",), extra="speech", weights=("hubert",), place="TGBENCH_HUBERT"
    ),
    recipe=f"{_REPOSITORY} `python data_utils/hubert.py --wav aud.wav`",
)
ENCODERS = (DEEPSPEECH, WAV2VEC2, HUBERT)
