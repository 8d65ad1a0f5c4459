"""Windows of features: cut from steps, read from files, computed by encoders of other people."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tgbench import plugins
from tgbench.audio import (
    SAMPLE_RATE,
    FeatureSource,
    Waveform,
    encode,
    read_features,
    whole_frames,
)
from tgbench.audio.windows import windows_of_steps
from tgbench.errors import TgbenchError
from tgbench.specs import AudioEncoderSpec, Requires

DEEPSPEECH = plugins.audio_encoders()["deepspeech"]
SHAPE = (16, 29)


def spec(attribute: str, **facts: object) -> AudioEncoderSpec:
    facts = {"file": "aud_x.npy", "window": (3, 2), **facts}
    return AudioEncoderSpec("x", "", f"{__name__}:{attribute}", **facts)  # type: ignore[arg-type]


def loaded(attribute: str, patch: pytest.MonkeyPatch, **facts: object) -> AudioEncoderSpec:
    """An encoder whose class is one of this file."""
    patch.setattr(AudioEncoderSpec, "load", lambda self: globals()[attribute])
    return spec(attribute, **facts)


def silence(frames: float) -> Waveform:
    return Waveform(np.zeros(round(frames * SAMPLE_RATE / 25), np.float32))


def saved(path: Path, array: np.ndarray) -> Path:
    np.save(path, array)
    return path


@given(
    st.integers(1, 40).flatmap(
        lambda frames: arrays(np.float32, (2 * frames, 3), elements=st.floats(-9, 9, width=32))
    ),
    st.floats(-2, 2, width=32),
    st.lists(st.integers(0, 80), max_size=3).map(sorted),
)
def test_windows_are_those_of_the_fields_rule(
    steps: np.ndarray, outside: float, cuts: list[int]
) -> None:
    """AD-NeRF: pad 8 steps on each side, then take 16 from every second step on, in float64."""
    padded = np.pad(steps.astype(np.float64), ((8, 8), (0, 0)), constant_values=outside)
    expected = [padded[2 * i : 2 * i + 16] for i in range(len(steps) // 2)]
    windows = np.concatenate(list(windows_of_steps(np.array_split(steps, cuts), outside)))
    assert windows.dtype == np.float32
    np.testing.assert_array_equal(windows, np.array(expected))


@given(st.integers(1, 10_000), st.integers(0, 639))
def test_an_incomplete_frame_does_not_count(frames: int, rest: int) -> None:
    assert whole_frames(Waveform(np.zeros(frames * 640 + rest, np.float32))) == frames


@pytest.mark.parametrize(("rows", "used"), [(9, 9), (10, 10), (12, 12), (8, 8)])
def test_a_file_may_miss_the_number_of_frames_by_two_rows(
    rows: int, used: int, tmp_path: Path
) -> None:
    rng = np.random.default_rng(rows)
    array = rng.normal(size=(rows, *SHAPE)).astype(np.float32)
    windows = read_features(saved(tmp_path / "aud_ds.npy", array), DEEPSPEECH, 10, longest=12)
    np.testing.assert_array_equal(windows[:rows], array)
    assert len(windows) == max(rows, 10)
    for row in windows[used:]:
        np.testing.assert_array_equal(row, array[-1])


def test_doubles_are_read_as_floats(tmp_path: Path) -> None:
    array = np.random.default_rng(0).normal(size=(5, *SHAPE))
    windows = read_features(saved(tmp_path / "aud_ds.npy", array), DEEPSPEECH, 5)
    assert windows.dtype == np.float32
    np.testing.assert_array_equal(windows, array.astype(np.float32))


def infinite(array: np.ndarray) -> np.ndarray:
    array[3, 5, 7] = np.inf
    return array


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        (lambda a: a.transpose(0, 2, 1), r"shape \(10, 29, 16\), expected \(frames, 16, 29\)"),
        (lambda a: a[..., :28], r"shape \(10, 16, 28\)"),
        (lambda a: a[0], r"shape \(16, 29\)"),
        (lambda a: a[:7], "7 rows for 10 frames"),
        (lambda a: a[:0], "0 rows for 10 frames"),
        (lambda a: np.repeat(a, 2, axis=0), "20 rows for 10 frames"),
        (lambda a: a.astype("U8"), "not numbers"),
        (infinite, "NaN or infinity"),
    ],
)
def test_a_wrong_file_is_one_line_with_its_name(change, fact: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = saved(tmp_path / "speech.npy", change(np.zeros((10, *SHAPE), np.float32)))
    with pytest.raises(TgbenchError, match=rf"speech\.npy: .*{fact}") as raised:
        read_features(path, DEEPSPEECH, 10, longest=12)
    assert "\n" not in str(raised.value)


def test_missing_and_foreign_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(TgbenchError, match=r"none\.npy: no such file"):
        read_features(tmp_path / "none.npy", DEEPSPEECH, 10)
    (tmp_path / "text.npy").write_text("words")
    with pytest.raises(TgbenchError, match=r"text\.npy: cannot be read"):
        read_features(tmp_path / "text.npy", DEEPSPEECH, 10)


class Counting:
    """Row i holds i."""

    def features(self, waveform: Waveform) -> np.ndarray:
        count = np.arange(whole_frames(waveform), dtype=np.float32)
        return np.tile(count[:, None, None], (1, 3, 2))


class OneShort(Counting):
    def features(self, waveform: Waveform) -> np.ndarray:
        return super().features(waveform)[:-1]


class Transposed(Counting):
    def features(self, waveform: Waveform) -> np.ndarray:
        return super().features(waveform).transpose(0, 2, 1)


class NotFinite(Counting):
    def features(self, waveform: Waveform) -> np.ndarray:
        return super().features(waveform) * np.nan


def test_an_encoder_gives_a_window_a_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    windows = encode(loaded("Counting", monkeypatch), silence(7.5))
    assert windows.shape == (7, 3, 2)
    assert windows[:, 0, 0].tolist() == [0, 1, 2, 3, 4, 5, 6]
    short = encode(loaded("OneShort", monkeypatch), silence(7.5))
    assert short[:, 0, 0].tolist() == [0, 1, 2, 3, 4, 5, 5]


@pytest.mark.parametrize(
    ("attribute", "fact"),
    [("Transposed", r"\(7, 2, 3\), expected \(frames, 3, 2\)"), ("NotFinite", "NaN or infinity")],
)
def test_an_encoder_that_breaks_its_promise_is_named(
    attribute: str, fact: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TgbenchError, match=f"'x' is faulty: .*{fact}"):
        encode(loaded(attribute, monkeypatch), silence(7))


def test_what_an_encoder_lacks_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    requires = Requires(packages=("no_such_package",), extra="speech")
    with pytest.raises(TgbenchError, match="no_such_package is not installed: pip install"):
        encode(loaded("Counting", monkeypatch, requires=requires), silence(7))
    with pytest.raises(TgbenchError, match=r"'deepspeech' .*aud_ds\.npy.*extract_ds_features\.py"):
        encode(DEEPSPEECH, silence(7))


def test_each_sound_has_the_file_at_its_place(tmp_path: Path) -> None:
    sounds = [(Path("a.wav"), silence(5)), (Path("b.wav"), silence(6))]
    files = tuple(
        saved(tmp_path / f"{frames}.npy", np.full((frames, *SHAPE), frames, np.float32))
        for frames in (5, 6)
    )
    found = FeatureSource(DEEPSPEECH, files).of_sounds(sounds)
    assert [one.file for one in found] == list(files)
    assert [one.encoder for one in found] == ["deepspeech"] * 2
    assert [float(one.windows.mean()) for one in found] == [5.0, 6.0]
    with pytest.raises(TgbenchError, match=r"1 file\(s\) for 2 driving sound\(s\)"):
        FeatureSource(DEEPSPEECH, files[:1]).of_sounds(sounds)
    with pytest.raises(TgbenchError, match=r"a\.wav: .*'deepspeech'.*--audio-features"):
        FeatureSource(DEEPSPEECH).of_sounds(sounds)
