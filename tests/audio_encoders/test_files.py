"""Files of features that `tgbench features` writes, and runs that use them or do without."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tgbench.audio import Waveform, read_waveform, write_wav
from tgbench.audio_encoders.deepspeech import DeepSpeech
from tgbench.cli import main
from tgbench.files import sha256

from .graphs import weights, write_graph


@pytest.fixture
def graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = write_graph(tmp_path / "output_graph.pb", weights())
    monkeypatch.setenv("TGBENCH_DEEPSPEECH", str(path))
    return path


def speech(path: Path, seconds: float) -> Path:
    random = np.random.default_rng(0)
    write_wav(path, Waveform((0.1 * random.normal(size=round(seconds * 16000))).astype(np.float32)))
    return path


def test_a_sound_gets_its_file_and_a_record(graph: Path, tmp_path: Path) -> None:
    sound = speech(tmp_path / "speech.wav", 1.3)
    assert (
        main(["features", str(sound), "--encoders", "deepspeech,mel", "--out", str(tmp_path)]) == 0
    )
    file = tmp_path / "speech_ds.npy"
    np.testing.assert_array_equal(np.load(file), DeepSpeech().features(read_waveform(sound)))
    assert np.load(tmp_path / "speech_mel.npy").shape == (32, 16, 32)
    record = json.loads((tmp_path / "speech_ds.json").read_text())
    assert record["features_sha256"] == sha256(file)
    assert record["audio_sha256"] == sha256(sound)
    assert record["made_with"]["weights_sha256"] == sha256(graph)


def test_what_is_missing_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TGBENCH_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.delenv("TGBENCH_DEEPSPEECH", raising=False)
    sound = speech(tmp_path / "speech.wav", 1)
    assert main(["features", str(sound), "--encoders", "mel", "deepspeech"]) != 0
    assert "weights fetch deepspeech" in capsys.readouterr().err.replace("\n", " ")
    assert not list(tmp_path.glob("*.npy"))
