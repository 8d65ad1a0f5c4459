"""TalkingGaussian driven by other audio encoders than mel, through `run`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tgbench import plugins
from tgbench.audio import SAMPLE_RATE, Waveform, write_wav
from tgbench.errors import TgbenchError
from tgbench.files import sha256
from tgbench.identities import Identity
from tgbench.progress import SILENT
from tgbench.running.planning import Planner
from tgbench.running.request import RunRequest
from tgbench.running.runner import CasesFailed, run
from tgbench.running.worker import Worker

from ...audio_encoders.graphs import weights, write_graph

MakeSphere = Callable[..., Identity]

TINY = {
    "schedule.static_iterations": "6",
    "schedule.motion_iterations": "6",
    "schedule.finetune_iterations": "2",
    "schedule.audio_pretraining_iterations": "0",
    "face.gaussians": "120",
    "mouth.gaussians": "40",
    "face.grid_finest": "24",
    "mouth.grid_coarsest": "16",
    "mouth.grid_finest": "24",
    "finetune.lpips_weight": "0",
}
ENCODER = """
from tgbench.specs import AudioEncoderSpec

SPEC = AudioEncoderSpec(
    "loudness", "loudness of every 10 ms", "strangers_encoder:Loudness",
    file="aud_loud.npy", window=(4, 1),
)


class Loudness:
    def features(self, waveform):
        import numpy as np

        frames = len(waveform.samples) * 25 // waveform.rate
        pieces = waveform.samples[: frames * 640].reshape(frames, 4, 160)
        return np.sqrt((pieces**2).mean(2, keepdims=True))
"""


@pytest.fixture
def clip(make_sphere: MakeSphere, tmp_path: Path) -> Path:
    return make_sphere(tmp_path / "clip", size=32, frames=33).folder


@pytest.fixture
def request_(clip: Path, tmp_path: Path) -> RunRequest:
    return RunRequest(
        methods=("talkinggaussian",),
        protocols=("self_reconstruction",),
        identities=(str(clip),),
        audio=(),
        preset="quick",
        overrides=TINY | {"audio_features": "deepspeech"},
        out=tmp_path / "out",
        metrics=("psnr",),
    )


@pytest.fixture
def strangers_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of somebody else, installed: one module, and the entry point that names it."""
    site = tmp_path / "site"
    told = site / "strangers_encoder-1.0.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: strangers-encoder\nVersion: 1.0\n")
    (told / "entry_points.txt").write_text(
        "[tgbench.audio_encoders]\nloudness = strangers_encoder:SPEC\n"
    )
    (site / "strangers_encoder.py").write_text(ENCODER)
    monkeypatch.syspath_prepend(str(site))
    plugins._specs.cache_clear()
    yield site / "strangers_encoder.py"
    plugins._specs.cache_clear()


def logits(path: Path, rows: int, seed: int = 0) -> Path:
    """What a file of DeepSpeech's logits looks like."""
    steps = np.random.default_rng(seed).normal(size=(2 * rows + 16, 29)).astype(np.float32)
    np.save(path, np.stack([steps[2 * i : 2 * i + 16] for i in range(rows)]))
    return path


def speech(path: Path, frames: int) -> Path:
    time = np.arange(frames * SAMPLE_RATE // 25) / SAMPLE_RATE
    write_wav(path, Waveform((0.3 * np.sin(2 * np.pi * 300 * time)).astype(np.float32)))
    return path


def test_features_of_a_prepared_folder_drive_self_reconstruction(
    request_: RunRequest, clip: Path
) -> None:
    """HuBERT's script leaves out the last row; here the file of DeepSpeech does."""
    file = logits(clip / "aud_ds.npy", 32)
    (outcome,) = run(request_, SILENT)
    result = outcome.result
    assert result.metrics["psnr"].value is not None
    assert result.method.config["audio_features"] == "deepspeech"
    assert (result.driver.encoder, result.driver.features) == ("deepspeech", "aud_ds.npy")
    assert result.driver.features_sha256 == sha256(file)
    assert result.identity.files["aud_ds.npy"] == sha256(file)
    (again,) = run(request_, SILENT)
    assert again.reused


def test_other_features_are_another_experiment_of_the_same_clip(
    request_: RunRequest, clip: Path
) -> None:
    logits(clip / "aud_ds.npy", 33)
    (first,) = run(request_, SILENT)
    logits(clip / "aud_ds.npy", 33, seed=1)
    with pytest.raises(CasesFailed, match=r"aud_ds\.npy"):
        run(request_, SILENT)
    (second,) = run(dataclasses.replace(request_, fresh=True), SILENT)
    assert second.result.case_key != first.result.case_key
    assert second.result.identity.sha256 == first.result.identity.sha256
    fits = list((request_.out / "models" / "clip" / "talkinggaussian").iterdir())
    assert len([fit for fit in fits if not fit.name.startswith(".")]) == 2


def test_a_job_is_of_the_features_that_it_was_planned_with(
    request_: RunRequest, clip: Path
) -> None:
    logits(clip / "aud_ds.npy", 33)
    (case,) = Planner(request_).plan(SILENT).cases
    logits(clip / "aud_ds.npy", 33, seed=1)
    (other,) = Planner(request_).plan(SILENT).cases
    assert case.fit.job.address != other.fit.job.address
    with pytest.raises(TgbenchError, match="audio features"):
        Worker(SILENT).do(case.fit.job)


def test_methods_of_one_run_have_the_features_that_they_want(
    request_: RunRequest, clip: Path
) -> None:
    logits(clip / "aud_ds.npy", 33)
    methods = ("talkinggaussian", "still")
    outcomes = run(dataclasses.replace(request_, methods=methods), SILENT)
    assert [one.result.driver.encoder for one in outcomes] == ["deepspeech", "mel"]


def test_a_missing_file_and_an_unknown_encoder_are_told_before_anything_is_done(
    request_: RunRequest, clip: Path
) -> None:
    with pytest.raises(TgbenchError, match=r"aud_ds\.npy: missing.*extract_ds_features\.py"):
        run(request_, SILENT)
    unknown = TINY | {"audio_features": "depspeech"}
    with pytest.raises(TgbenchError, match="did you mean 'deepspeech'"):
        run(dataclasses.replace(request_, overrides=unknown), SILENT)
    assert not (request_.out / "models").exists()


def test_other_speech_comes_with_its_features(
    request_: RunRequest, clip: Path, tmp_path: Path
) -> None:
    logits(clip / "aud_ds.npy", 33)
    sound = speech(tmp_path / "speech.wav", 8)
    quick = ("training_time",)
    driven = dataclasses.replace(request_, protocols=("lipsync",), audio=(sound,), metrics=quick)
    with pytest.raises(TgbenchError, match=r"speech\.wav: .*--audio-features"):
        run(driven, SILENT)
    file = logits(tmp_path / "speech.npy", 9)
    driven = dataclasses.replace(driven, audio_features=(file,))
    (outcome,) = run(driven, SILENT)
    assert outcome.result.frames == 8
    assert outcome.result.driver.features_sha256 == sha256(file)
    logits(file, 9, seed=1)
    (other,) = run(dataclasses.replace(driven, fresh=True), SILENT)
    assert other.result.case_key != outcome.result.case_key
    with pytest.raises(TgbenchError, match="still"):
        run(dataclasses.replace(driven, methods=("still",), overrides={}), SILENT)
    both = ("self_reconstruction", "lipsync")
    outcomes = run(dataclasses.replace(driven, protocols=both), SILENT)
    assert [one.result.driver.features for one in outcomes] == ["aud_ds.npy", "speech.npy"]
    own = dataclasses.replace(request_, audio_features=(file,))
    with pytest.raises(TgbenchError, match=r"identity folder.*aud_ds\.npy"):
        run(own, SILENT)


def test_an_encoder_of_somebody_else_trains_and_drives(
    request_: RunRequest, clip: Path, tmp_path: Path, strangers_encoder: Path
) -> None:
    """It runs on the clip's sound and on others, and its code is part of the experiment."""
    wanted = dataclasses.replace(request_, overrides=TINY | {"audio_features": "loudness"})
    (first,) = run(wanted, SILENT)
    assert (first.result.driver.encoder, first.result.driver.features) == ("loudness", "")
    assert first.result.metrics["psnr"].value is not None
    sound = speech(tmp_path / "speech.wav", 8)
    driven = dataclasses.replace(wanted, protocols=("lipsync",), audio=(sound,), metrics=("fps",))
    (other,) = run(driven, SILENT)
    assert other.result.frames == 8
    assert other.result.timing.end_to_end is not None
    strangers_encoder.write_text(ENCODER + "\n# another version\n")
    (changed,) = run(dataclasses.replace(wanted, fresh=True), SILENT)
    assert changed.result.case_key != first.result.case_key
    frames = [pd.read_parquet(one.folder / "frames.parquet")["psnr"] for one in (first, changed)]
    assert frames[0].equals(frames[1]), "the code does the same"


def test_other_weights_are_other_rows(
    request_: RunRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DeepSpeech runs on the clip's own sound and on another; its weights are part of the row."""
    graph = write_graph(tmp_path / "output_graph.pb", weights())
    monkeypatch.setenv("TGBENCH_DEEPSPEECH", str(graph))
    (first,) = run(request_, SILENT)
    driver = first.result.driver
    assert (driver.encoder, driver.features) == ("deepspeech", "")
    assert driver.features_made_with["weights_sha256"] == sha256(graph)
    assert first.result.metrics["psnr"].value is not None
    sound = speech(tmp_path / "speech.wav", 8)
    other = dataclasses.replace(
        request_, protocols=("lipsync",), audio=(sound,), metrics=("training_time",)
    )
    (driven,) = run(other, SILENT)
    assert driven.result.frames == 8
    write_graph(graph, weights(seed=1))
    (second,) = run(dataclasses.replace(request_, fresh=True), SILENT)
    assert second.result.case_key != first.result.case_key
