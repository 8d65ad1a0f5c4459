from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tgbench.audio import SAMPLE_RATE, Waveform, read_waveform, write_wav
from tgbench.audio.loudness import at_loudness, loudness_of
from tgbench.audio.mel import log_mel_windows
from tgbench.cli import main
from tgbench.errors import TgbenchError


def speech_like(seconds: float, rate: int = SAMPLE_RATE) -> Waveform:
    """Noise in syllables, with a pause that the gate has to leave out."""
    random = np.random.default_rng(0)
    time = np.arange(round(seconds * rate)) / rate
    loud = 0.2 * np.abs(np.sin(3 * time)) * np.where(time % 8 < 5, 1.0, 0.002)
    return Waveform((loud * random.normal(size=len(time))).astype(np.float32), rate)


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_loudness_is_that_of_ffmpeg(rate: int, tmp_path: Path) -> None:
    sound = speech_like(20, rate)
    write_wav(tmp_path / "a.wav", sound)
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-nostats", "-i", str(tmp_path / "a.wav")]
    done = subprocess.run(
        [*command, "-af", "ebur128", "-f", "null", "-"], capture_output=True, text=True, check=True
    )
    expected = float(re.findall(r"I:\s+(-?[\d.]+) LUFS", done.stderr)[-1])
    assert loudness_of(sound) == pytest.approx(expected, abs=0.1)


def test_a_sine_has_the_loudness_of_the_standard() -> None:
    """BS.1770-4: 997 Hz at full scale in one channel reads -3.01 LUFS."""
    sine = np.sin(2 * np.pi * 997 * np.arange(10 * 48_000) / 48_000)
    assert loudness_of(Waveform(sine.astype(np.float32), 48_000)) == pytest.approx(-3.01, abs=0.02)


def test_sound_is_brought_to_a_loudness_by_one_factor() -> None:
    sound = speech_like(10)
    changed = at_loudness(sound, -23.0)
    assert loudness_of(changed) == pytest.approx(-23.0, abs=1e-3)
    factor = changed.samples @ sound.samples / (sound.samples @ sound.samples)
    np.testing.assert_allclose(changed.samples, factor * sound.samples, rtol=1e-5)


def test_silence_has_no_loudness() -> None:
    silence = Waveform(np.zeros(SAMPLE_RATE, np.float32))
    assert loudness_of(silence) == -np.inf
    with pytest.raises(TgbenchError, match="silent"):
        at_loudness(silence, -23.0)


def test_features_at_a_loudness_say_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Log-mel hardly depends on the level, so the record and the floor of quiet parts tell."""
    write_wav(tmp_path / "a.wav", speech_like(2))
    call = ["features", str(tmp_path / "a.wav"), "--encoders", "mel"]
    assert main([*call, "--loudness", "-30"]) == 0
    expected = log_mel_windows(at_loudness(read_waveform(tmp_path / "a.wav"), -30.0))
    np.testing.assert_array_equal(np.load(tmp_path / "a_mel.npy"), expected)
    assert '"loudness": "-30 LUFS"' in (tmp_path / "a_mel.json").read_text()
    assert main([*call, "--loudness", "23"]) == 2
    assert "--loudness 23" in capsys.readouterr().err
