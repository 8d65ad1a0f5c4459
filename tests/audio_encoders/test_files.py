"""Files of features that `tgbench features` writes, and runs that use them or do without."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tgbench import plugins
from tgbench.audio import Waveform, read_waveform, write_wav
from tgbench.audio.feature_files import write_features
from tgbench.audio_encoders.deepspeech import DeepSpeech
from tgbench.audio_encoders.mfcc import every_second_mfcc
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


def own_memory() -> int:
    """Bytes of memory that are this process's alone, without what is mapped from files."""
    fields = Path("/proc/self/status").read_text(encoding="ascii")
    return int(fields.partition("RssAnon:")[2].split()[0]) << 10


@contextmanager
def peak_memory() -> Iterator[list[int]]:
    """Yield a list that holds the growth of `own_memory` when the block has ended."""
    begun, seen, done = own_memory(), [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            seen[0] = max(seen[0], own_memory() - begun)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join()


@pytest.mark.slow
def test_an_hour_of_sound_streams(tmp_path: Path) -> None:
    """It takes less memory than its samples alone would, 230 MB, or its windows, 184 MB."""
    sound = tmp_path / "hour.flac"
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-f", "lavfi"]
    noise = ["-i", "anoisesrc=d=3600:r=8000:a=0.1:s=1", "-frame_size", "4608", str(sound)]
    subprocess.run([*command, *noise], check=True)
    with peak_memory() as peak:
        heard = read_waveform(sound)
        write_features(plugins.audio_encoders()["mel"], heard, tmp_path / "mel.npy", "")
        every_second_mfcc(heard.samples)
    assert np.load(tmp_path / "mel.npy", mmap_mode="r").shape == (90_000, 16, 32)
    assert 20 << 20 < peak[0] < 160 << 20
