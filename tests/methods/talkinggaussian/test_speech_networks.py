"""TalkingGaussian with the encoders of the paper's table 6, whose networks run inside `run`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from transformers import PreTrainedModel

from tgbench.audio_encoders.prepared import HUBERT, WAV2VEC2
from tgbench.files import sha256
from tgbench.identities import Identity
from tgbench.progress import SILENT
from tgbench.running.request import RunRequest
from tgbench.running.runner import run
from tgbench.specs import AudioEncoderSpec

from ...audio_encoders.networks import saved, small_hubert, small_wav2vec2
from .test_audio_encoders import TINY, speech


@pytest.mark.slow
@pytest.mark.parametrize(
    ("encoder", "make"),
    [(WAV2VEC2, small_wav2vec2), (HUBERT, small_hubert)],
    ids=("wav2vec2", "hubert"),
)
def test_a_network_trains_drives_and_is_computed_once(
    encoder: AudioEncoderSpec,
    make: Callable[[], PreTrainedModel],
    make_sphere: Callable[..., Identity],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = saved(make(), tmp_path / "network")
    monkeypatch.setenv(encoder.requires.place, str(folder))
    monkeypatch.setenv("TGBENCH_CACHE", str(tmp_path / "cache"))
    clip = make_sphere(tmp_path / "clip", size=32, frames=33).folder
    request = RunRequest(
        methods=("talkinggaussian",),
        protocols=("self_reconstruction",),
        identities=(str(clip),),
        audio=(),
        preset="quick",
        overrides=TINY | {"audio_features": encoder.name},
        out=tmp_path / "out",
        metrics=("psnr",),
    )
    (own,) = run(request, SILENT)
    assert own.result.metrics["psnr"].value is not None
    assert own.result.driver.encoder == encoder.name
    weights = sha256(folder / "model.safetensors")
    assert own.result.driver.features_made_with["weights_sha256"] == weights
    (kept,) = (tmp_path / "cache").rglob(encoder.file)
    written = kept.stat().st_mtime_ns

    sound = speech(tmp_path / "speech.wav", 8)
    driven = dataclasses.replace(
        request, protocols=("lipsync",), audio=(sound,), metrics=("training_time",)
    )
    (other,) = run(driven, SILENT)
    assert other.result.frames == 8
    assert len(list((tmp_path / "cache").rglob(encoder.file))) == 2
    assert kept.stat().st_mtime_ns == written
