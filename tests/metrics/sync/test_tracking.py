from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tgbench.metrics.sync.nms import overlap, without_duplicates
from tgbench.metrics.sync.tracking import FaceTracker, Track, TrackLimits

from . import literal

LEFT = np.array([0.0, 0.0, 120.0, 150.0])
RIGHT = LEFT + np.array([300.0, 10.0, 300.0, 10.0])


def _boxes(*boxes: Any) -> np.ndarray:
    return np.array(boxes, np.float64).reshape(-1, 4)


def _followed(frames: list[np.ndarray], limits: TrackLimits) -> list[tuple[Track, np.ndarray]]:
    """All tracks that are long and large enough, with their boxes, by their order of ending."""
    tracker = FaceTracker(limits)
    boxes: dict[Track, list[np.ndarray]] = {}
    over = []
    for frame, found in enumerate(frames):
        for track, new in tracker.update(frame, found):
            boxes.setdefault(track, []).append(new)
        over += tracker.ended(frame)
    over += tracker.end()
    return [
        (track, np.concatenate(boxes[track]))
        for track in over
        if track.detections > limits.detections and track.face_size > limits.face_size
    ]


def _assert_as_the_original(frames: list[np.ndarray], min_track: int) -> int:
    found = sorted(
        _followed(frames, TrackLimits(detections=min_track)), key=lambda pair: pair[0].first
    )
    expected = sorted(literal.tracks(frames, min_track), key=lambda track: track["frame"][0])
    assert len(found) == len(expected)
    by_start = {(int(t["frame"][0]), t["bbox"].tobytes()) for t in expected}
    assert {(track.first, boxes.tobytes()) for track, boxes in found} == by_start
    return len(found)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), absent=st.floats(0.0, 0.97), people=st.integers(1, 4))
def test_tracks_are_the_originals(seed: int, absent: float, people: int) -> None:
    rng = np.random.default_rng(seed)
    places = rng.uniform(0, 400, (people, 2))
    frames = []
    for _ in range(150):
        places = places + rng.normal(0, 12, places.shape)
        there = rng.permutation([i for i in range(people) if rng.uniform() > absent]).astype(int)
        all_boxes = np.concatenate([places[there], places[there] + [110.0, 130.0]], axis=1)
        # What a detector gives overlaps little.
        kept = without_duplicates(all_boxes, rng.uniform(size=len(there)), 0.1)
        frames.append(all_boxes[kept].reshape(-1, 4))
    _assert_as_the_original(frames, min_track=10)


@pytest.mark.parametrize(("length", "tracks"), [(100, 0), (101, 1)])
def test_a_track_takes_more_than_a_hundred_frames(length: int, tracks: int) -> None:
    """syncnet-python 0.2.3 takes more than 50."""
    frames = [_boxes(LEFT)] * length
    assert len(_followed(frames, TrackLimits())) == tracks
    assert len(literal.tracks(frames)) == tracks


def test_two_faces_in_alternating_order_are_two_tracks() -> None:
    """syncnet-python 0.2.3 finds one: it leaves a frame at the first face that is another's."""
    frames = [_boxes(*((LEFT, RIGHT) if i % 2 else (RIGHT, LEFT))) for i in range(110)]
    assert _assert_as_the_original(frames, min_track=100) == 2


@pytest.mark.parametrize(("gap", "tracks"), [(25, 1), (26, 2)])
def test_a_face_may_be_missing_for_less_than_a_second(gap: int, tracks: int) -> None:
    frames = [_boxes(LEFT)] * 20 + [_boxes()] * (gap - 1) + [_boxes(LEFT)] * 20
    assert _assert_as_the_original(frames, min_track=10) == tracks


def test_boxes_of_a_gap_lie_on_a_line() -> None:
    tracker = FaceTracker(TrackLimits())
    tracker.update(0, _boxes(LEFT))
    tracker.update(1, _boxes())
    ((track, new),) = tracker.update(3, _boxes(LEFT + 15.0))
    np.testing.assert_allclose(new, [LEFT + 5.0, LEFT + 10.0, LEFT + 15.0])
    assert (track.frames, track.detections) == (4, 2)


def test_the_size_of_a_face_is_the_larger_of_its_mean_sides() -> None:
    box = np.array([0.0, 0.0, 100.0, 100.0])
    for size, tracks in ((box, 0), (box + np.array([0, 0, 0, 0.5]), 1)):
        frames = [_boxes(size)] * 20
        assert _assert_as_the_original(frames, min_track=10) == tracks


def test_overlap_of_half_a_box() -> None:
    half = np.array([[0.0, 0.0, 60.0, 150.0], [200.0, 0.0, 300.0, 10.0]])
    np.testing.assert_allclose(overlap(LEFT, half), [0.5, 0.0])


def test_duplicates_go_by_score() -> None:
    boxes = np.stack([LEFT, LEFT + 5.0, RIGHT])
    assert without_duplicates(boxes, np.array([0.91, 0.95, 0.92]), 0.1).tolist() == [1, 2]
