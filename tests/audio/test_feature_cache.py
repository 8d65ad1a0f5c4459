"""Features that are computed once for all jobs, by an encoder that counts how often it runs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tgbench.audio import SAMPLE_RATE, Waveform, encode_once
from tgbench.specs import AudioEncoderSpec

SPEC = AudioEncoderSpec(
    "counted", "", "tests.audio.test_feature_cache:Counted", file="aud_c.npy", window=(2, 3)
)
SOUND = Waveform(np.linspace(-0.5, 0.5, SAMPLE_RATE, dtype=np.float32))
runs: list[int] = []


class Undescribed:
    def features(self, waveform: Waveform) -> np.ndarray:
        return np.concatenate(list(self.stream(waveform)))

    def stream(self, waveform: Waveform) -> Iterator[np.ndarray]:
        runs.append(len(waveform.samples))
        frames = len(waveform.samples) // 640
        yield np.repeat(waveform.samples[: 640 * frames : 640], 6).reshape(-1, 2, 3)


class Counted(Undescribed):
    weights = "a"

    def describe(self) -> dict[str, str]:
        return {"weights": self.weights}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TGBENCH_CACHE", str(tmp_path))
    monkeypatch.setattr(AudioEncoderSpec, "load", lambda self: Counted)
    runs.clear()
    return tmp_path


def entry(cache: Path) -> Path:
    (found,) = cache.glob("features/*/aud_c.npy")
    return found


def test_features_are_computed_once() -> None:
    first, second = encode_once(SPEC, SOUND), encode_once(SPEC, SOUND)
    expected = Counted().features(SOUND)
    np.testing.assert_array_equal(first, expected)
    np.testing.assert_array_equal(second, expected)
    assert len(runs) == 2, "once for the cache, once for this test"


def test_another_sound_and_other_weights_are_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    encode_once(SPEC, SOUND)
    other = Waveform(-SOUND.samples)
    np.testing.assert_array_equal(encode_once(SPEC, other), Counted().features(other))
    before = len(runs)
    monkeypatch.setattr(Counted, "weights", "b")
    encode_once(SPEC, SOUND)
    assert len(runs) == before + 1


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-7] ^= 1
    path.write_bytes(bytes(content))


def lose_the_record(path: Path) -> None:
    path.with_suffix(".json").unlink()


@pytest.mark.parametrize("damage", [cut, flip, lose_the_record, Path.unlink])
def test_a_damaged_entry_is_made_again(damage: Callable[[Path], None], cache: Path) -> None:
    expected = np.array(encode_once(SPEC, SOUND))
    whole = entry(cache).read_bytes()
    damage(entry(cache))
    np.testing.assert_array_equal(encode_once(SPEC, SOUND), expected)
    assert entry(cache).read_bytes() == whole
    assert len(runs) == 2


def test_encoders_that_do_not_describe_themselves_are_run_each_time(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AudioEncoderSpec, "load", lambda self: Undescribed)
    for _ in range(2):
        encode_once(SPEC, SOUND)
    assert len(runs) == 2
    assert not (cache / "features").exists()


def test_a_cache_that_cannot_be_written_is_done_without(
    cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (cache / "features").write_text("in the way")
    np.testing.assert_array_equal(encode_once(SPEC, SOUND), Counted().features(SOUND))
    assert str(cache / "features") in caplog.text


_PROCESS = """
import time
from tests.audio import test_feature_cache as module

class Slow(module.Counted):
    def stream(self, waveform):
        print("ran", flush=True)
        time.sleep(2)
        yield from super().stream(waveform)

module.AudioEncoderSpec.load = lambda self: Slow
print(len(module.encode_once(module.SPEC, module.SOUND)))
"""


@pytest.mark.slow
def test_of_two_processes_at_once_one_computes() -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", _PROCESS], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = sorted(process.communicate(timeout=120)[0].split() for process in processes)
    assert said == [["25"], ["ran", "25"]]
