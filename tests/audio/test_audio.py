from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import wavfile

from tgbench.audio import SAMPLE_RATE, Waveform, read_sound, read_waveform, write_wav
from tgbench.audio.mel import log_mel_windows
from tgbench.errors import TgbenchError


def tone(seconds: float, hertz: float, level: float = 0.3) -> Waveform:
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return Waveform((level * np.sin(2 * np.pi * hertz * time)).astype(np.float32))


def test_wav_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    original = tone(1.0, 440)
    write_wav(path, original)
    read = read_waveform(path)
    assert len(read.samples) == SAMPLE_RATE
    assert np.abs(read.samples - original.samples).max() < 2 / 32768


def test_stereo_at_48_khz_becomes_the_mean_at_16_khz(tmp_path: Path) -> None:
    path = tmp_path / "stereo.wav"
    time = np.arange(48_000) / 48_000
    left, right = 0.4 * np.sin(2 * np.pi * 300 * time), 0.2 * np.sin(2 * np.pi * 300 * time)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=48_000, layout="stereo")
        data = np.round(np.stack([left, right], 1) * 32767).astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(data, format="s16", layout="stereo")
        frame.rate = 48_000
        container.mux([*stream.encode(frame), *stream.encode(None)])
    read = read_waveform(path)
    assert abs(len(read.samples) - SAMPLE_RATE) <= 16
    middle = read.samples[4000:12000]
    assert np.sqrt(2 * np.mean(middle**2)) == pytest.approx(0.3, rel=0.02)


def test_missing_and_foreign_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(TgbenchError, match="no such file"):
        read_waveform(tmp_path / "none.wav")
    text = tmp_path / "text.wav"
    text.write_text("this is no sound")
    with pytest.raises(TgbenchError, match="cannot be read as audio"):
        read_waveform(text)


def test_a_list_of_other_files_is_told(tmp_path: Path) -> None:
    write_wav(tmp_path / "tone.wav", tone(1.0, 440))
    (tmp_path / "list.wav").write_text("ffconcat version 1.0\nfile tone.wav\n")
    with pytest.raises(TgbenchError, match=r"list\.wav: is a list of other files"):
        read_waveform(tmp_path / "list.wav")


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_samples_that_are_no_numbers_are_told(tmp_path: Path, number: float) -> None:
    samples = tone(1.0, 440).samples
    samples[5000] = number
    wavfile.write(tmp_path / "tone.wav", SAMPLE_RATE, samples)
    with pytest.raises(TgbenchError, match=r"tone\.wav: holds samples that are NaN"):
        read_waveform(tmp_path / "tone.wav")


def test_a_title_of_another_encoding_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    write_wav(path, tone(1.0, 440))
    title = b"INFOINAM" + struct.pack("<I", 4) + b"\xe9\xff\xfe\0"
    data = path.read_bytes() + b"LIST" + struct.pack("<I", len(title)) + title
    path.write_bytes(data[:4] + struct.pack("<I", len(data) - 8) + data[8:])
    assert len(read_waveform(path).samples) == SAMPLE_RATE


@given(st.integers(1, 60), st.integers(0, 639))
@settings(max_examples=20)
def test_one_window_a_whole_video_frame(frames: int, rest: int) -> None:
    samples = np.zeros(frames * 640 + rest, np.float32)
    assert log_mel_windows(Waveform(samples)).shape == (frames, 16, 32)


@pytest.mark.parametrize("frames", [29, 57, 58, 113])
def test_sound_of_whole_frames_loses_none_to_rounding(frames: int) -> None:
    silence = Waveform(np.zeros(frames * SAMPLE_RATE // 25, np.float32))
    assert len(log_mel_windows(silence)) == frames


def test_windows_overlap_by_all_but_two_steps() -> None:
    rng = np.random.default_rng(0)
    features = log_mel_windows(Waveform(rng.normal(0, 0.1, SAMPLE_RATE).astype(np.float32)))
    np.testing.assert_array_equal(features[5, 2:], features[6, :-2])


def test_loudness_does_not_matter() -> None:
    quiet, loud = (log_mel_windows(tone(1.0, 500, level)) for level in (0.02, 0.6))
    assert np.abs(quiet[5:20] - loud[5:20]).max() < 0.02


@pytest.mark.parametrize("hertz", [200.0, 700.0, 1500.0, 4000.0])
def test_a_tone_peaks_in_the_filter_around_it(hertz: float) -> None:
    """Against the mel scale's own formula (2595 log10(1 + f / 700))."""
    edges = np.linspace(*(2595 * np.log10(1 + np.array([60.0, 7600.0]) / 700)), 34)
    nearest = np.abs(edges[1:-1] - 2595 * np.log10(1 + hertz / 700)).argmin()
    peak = log_mel_windows(tone(1.0, hertz))[12, 8].argmax()
    assert abs(int(peak) - int(nearest)) <= 1


def test_the_window_of_a_frame_is_centred_on_it() -> None:
    samples = np.zeros(2 * SAMPLE_RATE, np.float32)
    samples[SAMPLE_RATE : SAMPLE_RATE + 320] = 0.5
    energy = log_mel_windows(Waveform(samples)).sum(2)
    assert energy[25].argmax() in (8, 9), "a burst at 1 s is at the centre of frame 25's window"


def test_sound_shorter_than_a_frame_is_refused() -> None:
    with pytest.raises(TgbenchError, match="shorter than one video frame"):
        log_mel_windows(Waveform(np.zeros(600, np.float32)))


def whole_log_mel(samples: np.ndarray, frames: int) -> np.ndarray:
    """The same definition without blocks, in float64: windows [N, 16, 32] of all frames."""
    emphasised = np.append(samples[:1], samples[1:] - 0.97 * samples[:-1]).astype(float)
    blocks = emphasised[: len(samples) // 320 * 320].reshape(-1, 320)
    power = np.sort((blocks**2).mean(1))
    level = max(np.sqrt(power[len(power) // 2 :].mean()), 1e-4) / 0.05
    padded = np.concatenate([np.zeros(256), emphasised / level, np.zeros(1024)])
    starts = 320 * np.arange(2 * frames)
    cut = padded[starts[:, None] + np.arange(512)] * np.hanning(512)
    edges = 700 * (10 ** (np.linspace(*(2595 * np.log10(1 + np.array([60, 7600]) / 700)), 34)
                          / 2595) - 1)  # fmt: skip
    bins = np.fft.rfftfreq(512, 1 / SAMPLE_RATE)
    filters = np.stack([np.interp(bins, edges[k : k + 3], (0, 1, 0)) for k in range(32)])
    energy = np.abs(np.fft.rfft(cut)) ** 2 @ filters.T / 512
    steps = (np.log(energy + 1e-4) + 3.0) / 2.5
    silence = np.full((8, 32), (np.log(1e-4) + 3.0) / 2.5)
    steps = np.concatenate([silence, steps, silence])
    return np.stack([steps[2 * i : 2 * i + 16] for i in range(frames)])


@pytest.mark.parametrize("length", [640, 5000, 320 * 4096, 320 * 4096 + 1, 2 * 320 * 4096 + 7777])
def test_blocks_make_no_difference(length: int) -> None:
    """At the edges of the blocks too; the second half is quiet, so levels must be the whole's."""
    rng = np.random.default_rng(length)
    samples = 0.2 * rng.standard_normal(length).astype(np.float32)
    samples[length // 2 :] *= 0.05
    features = log_mel_windows(Waveform(samples))
    np.testing.assert_allclose(features, whole_log_mel(samples, len(features)), atol=2e-4)


def test_ten_minutes_take_little_more_than_its_features() -> None:
    samples = np.tile(np.float32([0.1, -0.1, 0.2, 0.0]), 150 * SAMPLE_RATE)
    tracemalloc.start()
    try:
        features = log_mel_windows(Waveform(samples))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * features.nbytes + (100 << 20)


def test_clipped_sound_is_noted_and_peaks_at_full_scale_are_not(tmp_path: Path) -> None:
    speech = 0.2 * np.random.default_rng(0).standard_normal(2 * SAMPLE_RATE).astype(np.float32)
    slow = np.convolve(speech, np.hanning(40), "same")
    slow /= np.abs(slow).max()
    write_wav(tmp_path / "whole.wav", Waveform(slow.astype(np.float32)))
    assert read_sound(tmp_path / "whole.wav").notes == ()
    write_wav(tmp_path / "cut.wav", Waveform((4 * slow).astype(np.float32)))
    (note,) = read_sound(tmp_path / "cut.wav").notes
    assert "clipped" in note


def header(size: int, channels: int = 1, rate: int = SAMPLE_RATE, told: int | None = None) -> bytes:
    """The 44 bytes before 16-bit samples in a WAV file."""
    told = size if told is None else told
    fields = (1, channels, rate, rate * 2 & 0xFFFFFFFF, 2, 16)
    return (
        b"RIFF"
        + struct.pack("<I", 36 + told & 0xFFFFFFFF)
        + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, *fields)
        + b"data"
        + struct.pack("<I", told & 0xFFFFFFFF)
    )


@pytest.mark.parametrize("told", [0, 0xFFFFFFFF, 640_000])
def test_a_wrong_length_in_the_header_does_no_harm(told: int, tmp_path: Path) -> None:
    """As programs leave it that were stopped, or that write to a pipe."""
    samples = np.arange(-16_000, 16_000, 2, dtype="<i2").tobytes()
    (tmp_path / "a.wav").write_bytes(header(len(samples), told=told) + samples)
    found = read_waveform(tmp_path / "a.wav").samples
    np.testing.assert_allclose(found * 32768, np.frombuffer(samples, "<i2"), atol=0.01)


@pytest.mark.parametrize(
    ("head", "samples"),
    [
        (header(32_000)[:20], b""),
        (header(32_000), b""),
        (header(32_000, channels=0), bytes(32_000)),
        (header(32_000, channels=600), bytes(32_000)),
        (header(32_000, rate=0), bytes(32_000)),
        (header(32_000, rate=10**9), bytes(32_000)),
        (b"X" + header(32_000)[1:], bytes(32_000)),
    ],
)
def test_a_broken_header_is_one_line_with_the_file(
    head: bytes, samples: bytes, tmp_path: Path
) -> None:
    (tmp_path / "broken.wav").write_bytes(head + samples)
    with pytest.raises(TgbenchError, match=r"broken\.wav: .*(again|name one)"):
        read_waveform(tmp_path / "broken.wav")


def test_long_sound_is_the_same_from_a_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 50_000).astype(np.float32)
    write_wav(tmp_path / "a.wav", Waveform(samples))
    expected = read_waveform(tmp_path / "a.wav").samples
    monkeypatch.setattr("tgbench.audio.waveform.IN_MEMORY", 1000)
    found = read_waveform(tmp_path / "a.wav").samples
    assert found.base is not None, "mapped"
    np.testing.assert_array_equal(found, expected)
