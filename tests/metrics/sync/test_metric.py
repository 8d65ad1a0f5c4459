from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from tgbench.audio import Waveform
from tgbench.cli import main
from tgbench.errors import TgbenchError, Unavailable
from tgbench.interfaces import Measurement, MetricContext
from tgbench.metrics.suite import MetricSuite
from tgbench.metrics.sync import metric, stream
from tgbench.metrics.sync.metric import SyncConfidence, SyncError, why_none
from tgbench.metrics.sync.network import network_class
from tgbench.metrics.sync.pipeline import CleanPipeline
from tgbench.metrics.sync.scoring import CropScorer, Way
from tgbench.metrics.sync.stream import sound_of
from tgbench.metrics.sync.track_pipeline import Found, ScoredTrack
from tgbench.metrics.sync.tracking import TrackLimits
from tgbench.synthetic import dataset
from tgbench.video.writer import VideoWriter
from tgbench.weights import table

from . import literal
from .fakes import LEFT, RIGHT, Faces, picture, score, small_network

LIMITS = TrackLimits(detections=20)
SAMPLES = 640


def _waveform(frames: float) -> Waveform:
    noise = np.random.default_rng(1).integers(-9000, 9000, int(frames * SAMPLES))
    return Waveform((noise / 32768.0).astype(np.float32))


class Scene:
    """What the metrics meet instead of weights and detectors."""

    def __init__(self) -> None:
        self.network = small_network()
        self.faces = Faces(lambda i: [LEFT])

    def score(
        self,
        frames: int,
        names: tuple[str, ...] = ("sync_c", "sync_e"),
        audio: Waveform | None = None,
        fps: float = 25.0,
    ) -> MetricSuite:
        context = MetricContext(audio=audio or _waveform(frames), fps=fps)
        suite = MetricSuite(names, context)
        for i in range(frames):
            suite.update(i, picture(i), None)
        return suite


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    scene = Scene()

    monkeypatch.setattr(stream, "load_network", lambda: scene.network)
    monkeypatch.setattr(stream, "face_detector", lambda: scene.faces)
    monkeypatch.setattr(stream, "describe_weights", lambda name: f"{name}, sha256 0")
    monkeypatch.setattr(stream, "CleanPipeline", partial(CleanPipeline, limits=LIMITS))
    return scene


def _of(suite: MetricSuite) -> tuple[Measurement, Measurement]:
    results = suite.results()
    return results["sync_c"], results["sync_e"]


def test_a_track_is_scored_with_the_sound_that_starts_with_it(scene: Scene) -> None:
    """The frames and the samples given, neither moved nor coded: no AVI, no MP3, no XVID."""
    scene.faces = Faces(lambda i: [LEFT] if i >= 7 else [])
    audio = _waveform(40)
    confidence, distance = _of(scene.score(40, audio=audio))

    pcm = np.rint(audio.samples * 32768.0).astype(np.int16)
    scorer = CropScorer(pcm[7 * SAMPLES : 40 * SAMPLES], scene.network)
    for crop in literal.crops([LEFT] * 33, [picture(i) for i in range(7, 40)]):
        scorer.update(crop)
    expected = scorer.compute()
    assert confidence.value == expected.confidence
    assert distance.value == expected.distance
    assert distance.details["windows"] == expected.windows == 28
    assert distance.details["offset_frames"] == expected.offset
    assert (distance.scored, distance.total) == (33, 40)
    (track,) = distance.details["tracks"]
    assert (track["first_frame"], track["frames"]) == (7, 33)
    assert track["face_size"] == 130.0


def test_both_values_come_from_one_pass(scene: Scene) -> None:
    suite = scene.score(30)
    confidence, distance = _of(suite)
    assert scene.faces.seen == 30
    assert confidence.details == distance.details
    assert "known faces" in confidence.measured_by
    assert "syncnet, sha256" in confidence.measured_by
    assert "libavcodec" in confidence.details["versions"]["jpeg"]


def test_the_distance_of_every_window_stands_at_its_first_frame(scene: Scene) -> None:
    scene.faces = Faces(lambda i: [LEFT] if i >= 3 else [])
    suite = scene.score(30)
    series = suite.per_frame()
    assert list(series) == ["sync_e"]
    values = series["sync_e"]
    assert len(values) == 30
    known = [i for i, value in enumerate(values) if value is not None]
    assert known == list(range(3, 25))
    assert np.mean([values[i] for i in known]) == pytest.approx(_of(suite)[1].value, rel=1e-5)


def test_no_face_is_no_value(scene: Scene) -> None:
    """syncnet-python 0.2.3 returns 0.0 for both, which as a distance would be perfect."""
    scene.faces = Faces(lambda i: [])
    suite = scene.score(30)
    for found in _of(suite):
        assert found.value is None
        assert found.reason == "no face was found in any of the 30 frames"
    assert suite.per_frame() == {}


def test_too_few_faces_are_no_value() -> None:
    found = Found(frames=300, with_face=64, longest=60)
    assert "at most 60 frames of 300" in why_none(found)
    assert "more than 100" in why_none(found)
    small = Found(frames=300, with_face=300, longest=300, largest=63.0)
    assert "63 pixels" in why_none(small)
    assert why_none(Found()) == "there are no frames"


def test_both_values_are_those_of_the_longest_track(scene: Scene) -> None:
    """syncnet-python 0.2.3 takes the best confidence and the best distance of anyone."""

    class TwoPeople:
        def update(self, image: np.ndarray) -> None:
            """See nothing."""

        def finish(self) -> Found:
            short = ScoredTrack(0, 110, 110, 120.0, score(9.0, 2.0, windows=105))
            long = ScoredTrack(0, 200, 200, 120.0, score(1.0, 12.0, windows=195))
            return Found(200, 200, 200, 120.0, [short, long])

        def measured_by(self) -> str:
            return ""

    context = MetricContext(audio=_waveform(200), fps=25.0)
    confidence, distance = SyncConfidence(context), SyncError(context)
    confidence._stream._pipeline = TwoPeople()
    assert (confidence.compute().value, distance.compute().value) == (1.0, 12.0)
    assert [t["sync_c"] for t in distance.compute().details["tracks"]] == [9.0, 1.0]


def test_a_video_knows_nothing_of_the_one_before(scene: Scene) -> None:
    """syncnet-python 0.2.3 with a cache folder finds the frames of a longer earlier video."""
    scene.score(60).results()
    scene.faces = Faces(lambda i: [LEFT])
    again = _of(scene.score(30))[0]
    scene.faces = Faces(lambda i: [LEFT])
    assert again == _of(scene.score(30))[0]
    assert again.total == 30


def test_several_faces_are_told(scene: Scene) -> None:
    scene.faces = Faces(lambda i: [RIGHT, LEFT] if i < 30 else [LEFT])
    tracks = _of(scene.score(40))[0].details["tracks"]
    assert sorted((t["first_frame"], t["frames"], t["windows"]) for t in tracks) == [
        (0, 30, 25),
        (0, 40, 35),
    ]


def test_offset_windows_and_the_choice_among_tracks_are_said_in_words(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    (alone,) = _of(scene.score(40))[1].details["notes"]
    found = _of(scene.score(40))[1].details
    assert alone.startswith(f"offset {found['offset_frames']:+d} frames (positive: ")
    assert alone.endswith(" 35 windows")
    two = Found(
        tracks=[
            ScoredTrack(0, 30, 30, 120.0, score(windows=25)),
            ScoredTrack(40, 60, 60, 120.0, score(windows=55)),
            ScoredTrack(110, 60, 60, 120.0, score(windows=55)),
        ]
    )
    _, choice = metric.notes(two)
    assert choice.startswith("3 face tracks")
    assert "frames 40 to 99, the track with most windows (of equals the first)" in choice
    assert "leave out the other 2" in choice
    assert metric.notes(Found()) == []


def test_what_sync_metrics_say_is_among_the_notes_of_a_score(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene.faces = Faces(lambda i: [RIGHT, LEFT] if i < 30 else [LEFT])
    with VideoWriter(tmp_path / "a.mp4", 250, 160, audio=_waveform(40)) as writer:
        for i in range(40):
            writer.write(picture(i))
    assert main(["score", str(tmp_path / "a.mp4"), "--metrics", "sync_c", "sync_e"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.count("note: Sync-C, Sync-E: offset ") == 1
    assert " 35 windows" in shown
    assert shown.count("2 face tracks") == 1


def test_sound_that_ends_early_ends_the_windows(scene: Scene) -> None:
    found = _of(scene.score(40, audio=_waveform(20.5)))[0]
    assert found.details["windows"] == 15
    assert (found.scored, found.total) == (20, 40)


def test_a_track_after_the_end_of_the_sound_has_no_value(scene: Scene) -> None:
    scene.faces = Faces(lambda i: [LEFT] if i >= 19 else [])
    found = _of(scene.score(45, audio=_waveform(20)))[0]
    assert found.value is None
    assert "sound for 1" in found.reason


@pytest.mark.parametrize(
    ("audio", "fps", "words"),
    [
        (_waveform(40), 30.0, "--fps 25"),
        (Waveform(_waveform(40).samples, 44100), 25.0, "16000 Hz, not 44100"),
        (Waveform(np.zeros(1600, np.float32)), 25.0, "0.10 s"),
        (Waveform(np.full(32000, np.nan, np.float32)), 25.0, "not finite"),
    ],
)
def test_what_does_not_do_is_refused(scene: Scene, audio: Waveform, fps: float, words: str) -> None:
    for found in _of(scene.score(3, audio=audio, fps=fps)):
        assert found.value is None
        assert words in found.reason
    assert scene.faces.seen == 0


def test_no_sound_is_refused(scene: Scene) -> None:
    with pytest.raises(Unavailable, match="--audio"):
        SyncError(MetricContext(audio=None, fps=25.0))


def test_sixteen_bit_sound_comes_back_as_it_was() -> None:
    every = np.arange(-32768, 32768).astype(np.int16)
    audio = Waveform((every / 32768.0).astype(np.float32))
    np.testing.assert_array_equal(sound_of(MetricContext(audio, 25.0)), every)
    loud = Waveform(np.tile(np.float32([1.0, -1.5]), 4000))
    assert set(sound_of(MetricContext(loud, 25.0))) == {32767, -32768}


def test_parts_cannot_be_joined(scene: Scene) -> None:
    first, second = scene.score(25), scene.score(25)
    first.merge(second)
    for found in _of(first):
        assert found.value is None
        assert "cannot be joined" in found.reason


def test_what_fails_once_fails_for_both(scene: Scene) -> None:
    def fail(frame: int) -> list[np.ndarray]:
        if frame == 3:
            raise RuntimeError("out of order")
        return [LEFT]

    scene.faces = Faces(fail)
    suite = scene.score(30)
    for found in _of(suite):
        assert found.value is None
        assert "out of order" in found.reason
    assert scene.faces.seen == 4


def test_a_failure_at_the_end_is_told_by_the_value_alone(scene: Scene) -> None:
    class Broken:
        def update(self, image: np.ndarray) -> None:
            """See nothing."""

        def finish(self) -> Found:
            raise TgbenchError("ffmpeg failed: disk full")

        def measured_by(self) -> str:
            return ""

    broken = SyncError(MetricContext(audio=_waveform(30), fps=25.0))
    broken._stream._pipeline = Broken()
    assert broken.series() == {}
    with pytest.raises(TgbenchError, match="disk full"):
        broken.compute()


def test_missing_weights_are_a_status(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TGBENCH_WEIGHTS", str(tmp_path))
    if importlib.util.find_spec("syncnet_python") is None:
        pytest.skip("syncnet-python is not installed")
    suite = MetricSuite(("sync_c",), MetricContext(audio=_waveform(30), fps=25.0))
    assert "tgbench weights fetch syncnet" in suite.results()["sync_c"].reason


def test_the_originals_files_need_the_originals_detector(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TGBENCH_WEIGHTS", str(tmp_path))
    found = scene.score(6, names=("sync_e_joonson",)).results()["sync_e_joonson"]
    assert "tgbench weights fetch s3fd" in found.reason


def test_fast_is_measured_when_named(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    ways = []
    real: Callable[..., CleanPipeline] = stream.CleanPipeline

    def clean_pipeline(*arguments: object) -> CleanPipeline:
        ways.append(arguments[3])
        return real(*arguments)

    monkeypatch.setattr(stream, "CleanPipeline", clean_pipeline)
    context = MetricContext(audio=_waveform(30), fps=25.0)
    for name in ("SyncConfidence", "SyncError", "FastConfidence", "FastError"):
        getattr(metric, name)(context)
    assert ways == [Way.EXACT, Way.FAST]


def test_from_weight_file_and_face_to_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real network, the embedded detector, a synthetic person that trembles; random weights."""
    pytest.importorskip("mediapipe")
    if importlib.util.find_spec("syncnet_python") is None:
        pytest.skip("syncnet-python is not installed")
    torch.manual_seed(1)
    torch.save(network_class()().state_dict(), tmp_path / "syncnet_v2.model")
    monkeypatch.setenv("TGBENCH_WEIGHTS", str(tmp_path))
    random = dataclasses.replace(table.TABLE["syncnet"], sha256="", size=None)
    monkeypatch.setitem(table.TABLE, "syncnet", random)
    monkeypatch.setattr(stream, "CleanPipeline", partial(CleanPipeline, limits=LIMITS))
    image = dataset.film("synth-a", 256, 1.0).shoot(0).image
    suite = MetricSuite(("sync_c", "sync_e"), MetricContext(audio=_waveform(25), fps=25.0))
    for i in range(25):
        suite.update(i, np.roll(image, i % 3, axis=1), None)
    confidence, distance = _of(suite)
    assert confidence.value is not None
    assert confidence.value > 0.0
    assert distance.value is not None
    assert distance.value > 0.0
    assert distance.details["windows"] == 20
    assert "syncnet_v2.model, sha256" in distance.measured_by
    assert "mediapipe" in distance.measured_by
