from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import pytest

from tgbench.errors import Unavailable
from tgbench.metrics.sync.scenes import ContentCuts
from tgbench.metrics.sync.scoring import TrackScore
from tgbench.metrics.sync.track_pipeline import FaceFollower, Found
from tgbench.metrics.sync.tracking import TrackLimits

from . import literal
from .fakes import LEFT, RIGHT, Faces, Recorder, picture

LIMITS = TrackLimits(detections=20)


def _follow(
    images: list[np.ndarray],
    detect: Callable[[int], list[np.ndarray]],
    limits: TrackLimits = LIMITS,
    sink: type[Recorder] = Recorder,
) -> tuple[Found, list[Recorder]]:
    sinks: list[Recorder] = []

    def open_sink(first: int) -> Recorder:
        sinks.append(sink(first))
        return sinks[-1]

    follower = FaceFollower(Faces(detect), ContentCuts(), open_sink, limits)
    for image in images:
        follower.update(image)
    return follower.finish(), sinks


def _drifting(frame: int) -> np.ndarray:
    return LEFT + 1.5 * np.sin(frame / 3.0) + [0.0, 0.0, 0.02 * frame, 0.05 * frame]


def test_crops_are_the_originals_to_the_pixel() -> None:
    images = [picture(i) for i in range(60)]
    missing = {30, 31, 32, 45}
    found, sinks = _follow(images, lambda i: [] if i in missing or i < 5 else [_drifting(i)])
    boxes = [[] if i in missing or i < 5 else [_drifting(i)] for i in range(60)]
    (track,) = literal.tracks(boxes, min_track=20)
    expected = literal.crops(track["bbox"], [images[i] for i in track["frame"]])
    (sink,) = sinks
    assert sink.first == 5
    np.testing.assert_array_equal(np.stack(sink.crops), np.stack(expected))
    (scored,) = found.tracks
    assert (scored.first, scored.frames, scored.detections) == (5, 55, 51)
    assert (found.frames, found.with_face) == (60, 51)


def test_every_face_has_a_track_of_its_own() -> None:
    """Whatever their order in a frame; syncnet-python 0.2.3 loses one when it changes."""
    images = [picture(i) for i in range(40)]
    found, sinks = _follow(images, lambda i: [LEFT, RIGHT] if i % 2 else [RIGHT, LEFT])
    assert len(found.tracks) == 2
    ours = {crop.tobytes() for sink in sinks for crop in sink.crops[:1]}
    expected = [literal.crops([box] * 40, images)[0] for box in (LEFT, RIGHT)]
    assert ours == {crop.tobytes() for crop in expected}


def test_a_track_does_not_run_over_a_cut() -> None:
    images = [picture(i) for i in range(30)] + [255 - picture(i) for i in range(30)]
    found, sinks = _follow(images, lambda i: [LEFT])
    assert [(track.first, track.frames) for track in found.tracks] == [(0, 30), (30, 30)]
    assert [len(sink.crops) for sink in sinks] == [30, 30]


def test_a_short_track_is_never_scored() -> None:
    images = [picture(i) for i in range(60)]
    found, sinks = _follow(images, lambda i: [LEFT] if i < 20 else [])
    assert (found.tracks, sinks, found.longest) == ([], [], 20)


def test_a_small_face_is_no_track() -> None:
    images = [picture(i) for i in range(30)]
    small = np.array([20.0, 20.0, 80.0, 100.0])
    found, _ = _follow(images, lambda i: [small])
    assert found.tracks == []
    assert found.largest == pytest.approx(80.0)


def test_what_cannot_be_scored_says_why() -> None:
    class Deaf(Recorder):
        def compute(self) -> TrackScore:
            raise Unavailable("no sound")

    found, _ = _follow([picture(i) for i in range(30)], lambda i: [LEFT], sink=Deaf)
    assert [(track.score, track.reason) for track in found.tracks] == [(None, "no sound")]


def test_frames_may_come_in_one_array() -> None:
    images = [picture(i) for i in range(40)]
    buffer = np.empty_like(images[0])
    sinks: list[Recorder] = []

    def open_sink(first: int) -> Recorder:
        sinks.append(Recorder(first))
        return sinks[-1]

    follower = FaceFollower(Faces(lambda i: [LEFT]), ContentCuts(), open_sink, LIMITS)
    for image in images:
        buffer[:] = image
        follower.update(buffer)
    follower.finish()
    expected = literal.crops([LEFT] * 40, images)
    np.testing.assert_array_equal(np.stack(sinks[0].crops), np.stack(expected))


@pytest.mark.slow
def test_ten_thousand_frames_take_no_more_memory_than_two_hundred() -> None:
    class Forgetful(Recorder):
        def update(self, crop: np.ndarray) -> None:
            """Keep nothing."""

    follower = FaceFollower(
        # Now and then the face is gone as long as it may, and a passer-by comes and goes.
        Faces(lambda i: [LEFT] * (i % 200 < 176) + [RIGHT] * (i % 150 < 15)),
        ContentCuts(),
        Forgetful,
        LIMITS,
    )
    image = picture(0)
    sizes = []
    for i in range(10_000):
        follower.update(image)
        if i % 600 == 199:
            sizes.append(_held(follower))
    assert sizes[-1] <= sizes[0] + 10_000
    assert max(sizes) < 40 * image.nbytes + 20 * 224 * 224 * 3 + 100_000
    assert [track.frames for track in follower.finish().tracks] == [9976]


def _held(thing: object, seen: set[int] | None = None) -> int:
    """Bytes of everything that an object of the suite holds, arrays included."""
    seen = set() if seen is None else seen
    if id(thing) in seen or isinstance(thing, type) or callable(thing):
        return 0
    seen.add(id(thing))
    size = thing.nbytes if isinstance(thing, np.ndarray) else sys.getsizeof(thing)
    if isinstance(thing, dict):
        return size + sum(_held(x, seen) for pair in thing.items() for x in pair)
    if hasattr(thing, "__dict__"):
        return size + _held(vars(thing), seen)
    if hasattr(thing, "__iter__") and not isinstance(thing, (str, bytes, np.ndarray)):
        return size + sum(_held(x, seen) for x in thing)
    return size


def test_cuts_are_where_the_picture_changes_at_once() -> None:
    cuts = ContentCuts()
    images = [picture(0), picture(1), 255 - picture(2), 255 - picture(3), picture(4)]
    assert [cuts.is_cut(image) for image in images] == [False, False, True, False, True]


def test_the_score_of_a_cut_is_the_mean_change_of_hue_saturation_and_value() -> None:
    cuts = ContentCuts()
    red, half_green = np.zeros((20, 30, 3), np.uint8), np.zeros((20, 30, 3), np.uint8)
    red[..., 0] = 200
    half_green[..., 1] = 100
    assert cuts.score(red) == 0.0
    # Hue 0 to 60 (OpenCV's scale ends at 180), saturation alike, value 200 to 100.
    assert cuts.score(half_green) == pytest.approx((60 + 0 + 100) / 3)
