from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tgbench.audio import read_waveform
from tgbench.errors import TgbenchError
from tgbench.identities.layout import ALL_ACTION_UNITS
from tgbench.identities.validation import validate
from tgbench.synthetic import dataset, writing
from tgbench.synthetic.names import IDENTITIES, TRACKS
from tgbench.synthetic.person import PEOPLE
from tgbench.synthetic.person import TRACKS as TRACK_SPECS
from tgbench.synthetic.studio import Shot


def frames_within(start: float, end: float, count: int) -> range:
    """Frames whose time i / 25 lies in an interval."""
    return range(int(np.ceil(start * 25 - 1e-9)), min(int(np.floor(end * 25 + 1e-9)) + 1, count))


def test_the_folder_is_sound(clip: SimpleNamespace) -> None:
    assert validate(clip.identity.folder) == []
    assert len(clip.identity) == int(clip.seconds * 25)
    assert clip.identity.name == "synth-a"
    assert clip.identity.frame(0).shape == (clip.size, clip.size, 3)


def test_names_are_the_same_everywhere() -> None:
    assert set(IDENTITIES) == set(PEOPLE)
    assert set(TRACKS) == set(TRACK_SPECS)


def test_sound_and_lips_agree_to_the_frame(clip: SimpleNamespace) -> None:
    """While lips are stopped the sound is too: gap and energy, measured on what was written."""
    timeline = json.loads((clip.identity.folder / writing.PHONEMES).read_text(encoding="utf-8"))
    marks, sound = clip.identity.landmarks, read_waveform(clip.identity.audio_path)
    gap = np.linalg.norm(marks[:, 62] - marks[:, 66], axis=1)
    speech = np.sqrt((sound.samples**2).mean())
    closures = vowels = 0
    for segment in timeline["segments"]:
        frames = frames_within(segment["start"], segment["release"], len(gap))
        if segment["symbol"] in "pbm":
            assert len(frames) >= 1
            assert gap[frames].max() < 0.01
            closures += 1
        elif segment["manner"] == "vowel" and segment["end"] - segment["start"] > 0.1:
            middle = round((segment["start"] + segment["end"]) / 2 * 25)
            assert gap[middle] > 0.3
            vowels += 1
        if segment["symbol"] == "p":
            quiet = sound.cut(segment["start"] + 0.03, segment["release"] - 0.006).samples
            assert np.sqrt((quiet**2).mean()) < 0.15 * speech
    assert closures >= 1
    assert vowels >= 2


def test_action_units_are_in_range_and_follow_the_face(clip: SimpleNamespace) -> None:
    units = clip.identity.action_units
    assert units.measured_by == "rig"
    assert set(units.values) == set(ALL_ACTION_UNITS)
    table = np.stack(list(units.values.values()))
    assert table.min() >= 0.0
    assert table.max() <= 5.0
    act = clip.take.performance
    assert units.values["AU45"][np.argmax(act.blink)] > 4.0
    assert np.corrcoef(units.values["AU26"], act.mouth.jaw)[0, 1] > 0.99
    marks = clip.identity.landmarks
    gap = np.linalg.norm(marks[:, 62] - marks[:, 66], axis=1)
    assert np.corrcoef(units.values["AU25"], gap)[0, 1] > 0.99


def test_making_again_finds_the_cache(
    monkeypatch: pytest.MonkeyPatch, clip: SimpleNamespace
) -> None:
    root = clip.identity.folder.parents[2]
    monkeypatch.setenv("TGBENCH_CACHE", str(root))
    before = (clip.identity.folder / "ori_imgs/0.jpg").stat().st_mtime_ns
    again = dataset.ensure_identity("synth-a", size=clip.size, seconds=clip.seconds)
    assert again == clip.identity.folder
    assert (again / "ori_imgs/0.jpg").stat().st_mtime_ns == before
    assert not list(root.rglob("*.part"))


@pytest.mark.parametrize("name", TRACKS)
def test_driving_tracks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    written = []
    for folder in ("one", "two"):
        monkeypatch.setenv("TGBENCH_CACHE", str(tmp_path / folder))
        path = dataset.ensure_driving_track(name)
        assert path.stem == name
        written.append(path.read_bytes())
    assert written[0] == written[1]
    assert read_waveform(path).seconds >= 8.0
    timeline = json.loads(path.with_name(writing.PHONEMES).read_text(encoding="utf-8"))
    assert timeline["segments"][-1]["end"] == pytest.approx(timeline["seconds"])


@pytest.mark.parametrize(("name", "level"), [("track-silence", 0.0), ("track-noise", 0.08)])
def test_wordless_tracks_are_as_loud_as_declared(name: str, level: float) -> None:
    samples = read_waveform(dataset.ensure_driving_track(name)).samples
    assert np.sqrt(np.square(samples).mean()) == pytest.approx(level, rel=0.01)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dataset.ensure_identity("synth-c", size=64), "synth-c"),
        (lambda: dataset.ensure_identity("synth-a", size=65), "even size"),
        (lambda: dataset.ensure_identity("synth-a", size=1024), "even size"),
        (lambda: dataset.ensure_driving_track("track-voise"), "track-voise"),
    ],
)
def test_bad_requests_are_errors_of_the_user(call: Callable[[], object], message: str) -> None:
    with pytest.raises(TgbenchError, match=message):
        call()


def test_frames_are_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the clip, only a few frames are in memory at once."""
    alive, most, lock = [0], [0], threading.Lock()

    def count(step: int) -> None:
        with lock:
            alive[0] += step
            most[0] = max(most[0], alive[0])

    def shoot(frame: int) -> Shot:
        blank = np.zeros((64, 64, 3), np.uint8)
        torso = np.zeros((64, 64, 4), np.uint8)
        shot = Shot(blank, blank, blank[..., 0] > 0, torso, np.ones((68, 2)), 0.0)
        count(1)
        weakref.finalize(shot, count, -1)
        return shot

    studio = SimpleNamespace(
        shoot=shoot, plate=np.zeros((64, 64, 3), np.uint8), focal=150.0, pose=lambda i: np.eye(4)
    )
    monkeypatch.setattr(writing, "Studio", lambda *_: studio)
    done = []
    writing.write_identity(tmp_path, "synth-a", 64, 12.0, lambda: done.append(None))
    assert len(list((tmp_path / "ori_imgs").glob("*.jpg"))) == len(done) == 300
    assert most[0] <= 8


@pytest.mark.slow
def test_long_speech_needs_memory_for_sound_only() -> None:
    """Scripts, tracks and sound of ten minutes are made in seconds and stay small."""
    import tracemalloc

    tracemalloc.start()
    take = dataset.rehearse(PEOPLE["synth-a"], 600.0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(take.performance) == 15_000
    assert peak < 1.2e9
