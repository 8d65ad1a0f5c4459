from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgbench import synthetic
from tgbench.audio import SAMPLE_RATE, Waveform, read_waveform, write_wav
from tgbench.audio.mel import log_mel_windows
from tgbench.driving.sequences import mirrored
from tgbench.errors import TgbenchError
from tgbench.identities import Identity
from tgbench.protocols.lipsync import LipSync, Silence, unique_names
from tgbench.synthetic.names import SPOKEN


def tone(path: Path, seconds: float) -> Path:
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    samples = 0.3 * np.sin(2 * np.pi * 440 * time)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_wav(path, Waveform(samples.astype(np.float32)))
    return path


def test_other_speech_drives_the_training_frames(tiny_identity: Path, tmp_path: Path) -> None:
    identity = Identity(tiny_identity)
    path = tone(tmp_path / "speech.wav", 1.01)
    (case,) = LipSync().plan([identity], [path])
    drive = case.drive
    assert case.driver == "speech"
    assert case.driving_audio == path
    assert case.target_frames is None
    assert len(drive) == 25
    assert len(drive.audio.samples) == SAMPLE_RATE
    np.testing.assert_array_equal(drive.source_frames, np.arange(25))
    np.testing.assert_array_equal(drive.poses, identity.poses[:25])
    np.testing.assert_array_equal(drive.features, log_mel_windows(read_waveform(path)))
    np.testing.assert_array_equal(drive.feature_index, np.arange(25))


def test_longer_speech_runs_back_and_forth_over_training_frames_only(
    tiny_identity: Path, tmp_path: Path
) -> None:
    (case,) = LipSync().plan([Identity(tiny_identity)], [tone(tmp_path / "long.wav", 5.0)])
    forth = list(range(40))
    expected = (forth + forth[::-1]) * 2
    assert case.drive.source_frames.tolist() == expected[:125]


def test_only_metrics_without_ground_truth_apply(tiny_identity: Path, tmp_path: Path) -> None:
    (case,) = LipSync().plan([Identity(tiny_identity)], [tone(tmp_path / "a.wav", 1.0)])
    assert case.metrics == (
        "sync_c",
        "sync_e",
        "lip_agreement",
        "lip_lag",
        "fps",
        "training_time",
    )


def test_every_identity_meets_every_sound(tiny_identity: Path, tmp_path: Path) -> None:
    identity = Identity(tiny_identity)
    paths = [tone(tmp_path / folder / "speech.wav", 1.0) for folder in ("x", "y")]
    cases = LipSync().plan([identity, identity], paths)
    assert [case.driver for case in cases] == ["speech", "speech-2"] * 2
    assert [case.driving_audio for case in cases] == paths * 2


def test_without_audio_the_built_in_tracks_drive(
    tiny_identity: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made(name: str) -> Path:
        return tone(tmp_path / f"{name}.wav", 1.0)

    monkeypatch.setattr(synthetic, "ensure_driving_track", made, raising=False)
    cases = LipSync().plan([Identity(tiny_identity)], [])
    assert [case.driver for case in cases] == list(SPOKEN)
    (one,) = LipSync().plan([Identity(tiny_identity)], [Path(next(iter(SPOKEN)))])
    assert one.driver == next(iter(SPOKEN))


def test_silence_and_noise_drive_where_lips_should_not_move(
    tiny_identity: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made(name: str) -> Path:
        return tone(tmp_path / f"{name}.wav", 1.0)

    monkeypatch.setattr(synthetic, "ensure_driving_track", made, raising=False)
    cases = Silence().plan([Identity(tiny_identity)], [])
    assert [case.driver for case in cases] == ["track-silence", "track-noise"]
    measured = set(cases[0].metrics)
    assert "lip_leak" in measured
    assert not measured & {"sync_c", "lip_agreement", "lmd", "psnr"}
    assert cases[0].protocol == "silence"


def test_sound_shorter_than_a_frame_names_the_file(tiny_identity: Path, tmp_path: Path) -> None:
    path = tone(tmp_path / "blip.wav", 0.03)
    with pytest.raises(TgbenchError, match=r"blip\.wav: .*shorter than one video frame"):
        LipSync().plan([Identity(tiny_identity)], [path])


def test_a_missing_file_is_named(tiny_identity: Path, tmp_path: Path) -> None:
    with pytest.raises(TgbenchError, match=r"nothing\.wav: no such file"):
        LipSync().plan([Identity(tiny_identity)], [tmp_path / "nothing.wav"])


@given(st.integers(0, 300), st.integers(1, 40))
def test_mirrored_moves_by_one_frame_at_most_and_visits_all(count: int, length: int) -> None:
    positions = mirrored(count, length)
    assert len(positions) == count
    if count:
        assert positions[0] == 0
        assert positions.min() >= 0
        assert positions.max() == min(count, length) - 1
        assert np.abs(np.diff(positions)).max(initial=0) <= 1


@given(st.lists(st.text(max_size=12), max_size=8))
def test_names_are_distinct_and_safe_for_a_path(stems: list[str]) -> None:
    names = unique_names(stems)
    assert len(names) == len(stems)
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        assert name
        assert name == Path(name).name
        assert not name.startswith((".", "-"))
        assert not set(name) & set('/\\:*?"<>| \0\n\t')


def test_names_say_what_the_file_was_called() -> None:
    assert unique_names(["my speech (1)", "My Speech (1)", "..", "речь"]) == [
        "my-speech-1",
        "My-Speech-1-2",
        "audio",
        "речь",
    ]
