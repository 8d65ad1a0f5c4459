from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tgbench.errors import Unavailable
from tgbench.faces import backend
from tgbench.faces.landmarks import LandmarkDetector
from tgbench.interfaces import MetricOptions
from tgbench.metrics.face_census import FaceCensus
from tgbench.metrics.frames import FaceFinders, LazyFrame
from tgbench.metrics.videos import score_videos
from tgbench.synthetic import dataset
from tgbench.video.writer import VideoWriter

pytest.importorskip("mediapipe")
from mediapipe.python.solutions import face_detection, face_mesh

Image = NDArray[np.uint8]


@cache
def scene(faces: int) -> Image:
    """One synthetic person beside an empty half, or beside a mirrored copy."""
    person = dataset.film("synth-a", 192, 1.0).shoot(0).image
    other = np.full_like(person, 90) if faces == 1 else person[:, ::-1]
    return np.ascontiguousarray(np.hstack([person, other]))


def clip(path: Path, frames: int, crowded: range = range(0)) -> Path:
    height, width = scene(1).shape[:2]
    with VideoWriter(path, width, height) as writer:
        for index in range(frames):
            writer.write(scene(2 if index in crowded else 1))
    return path


@pytest.mark.parametrize(
    "crowded",
    [pytest.param(range(2, 14), marks=pytest.mark.slow), range(20, 21), range(74, 75)],
)
def test_every_crowded_frame_counts_and_the_first_is_named(crowded: range) -> None:
    census, finders = FaceCensus("target"), FaceFinders("mediapipe")
    for place in range(75):
        pair = scene(2), scene(2 if place in crowded else 1)
        census.see(place, LazyFrame(place, *pair, finders))
    census.close()
    told = f"shows 2 faces in {len(crowded)} of 75 frames (the first: frame {crowded.start});"
    assert census.note().startswith(told)


def test_one_face_or_none_is_not_worth_a_word() -> None:
    census, finders = FaceCensus("prediction"), FaceFinders("mediapipe")
    for image in (scene(1), np.zeros((64, 64, 3), np.uint8)):
        census.see(0, LazyFrame(0, image, None, finders))
    census.close()
    assert census.note() == ""


def test_without_mediapipe_nothing_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise Unavailable("not installed")

    monkeypatch.setattr(backend, "solution", missing)
    census = FaceCensus("prediction")
    census.see(0, LazyFrame(0, scene(2), None, FaceFinders("mediapipe")))
    assert census.note() == ""


@pytest.mark.parametrize("faces", [0, 1, 2])
def test_what_is_seen_is_what_mediapipes_own_solutions_see(faces: int) -> None:
    width = scene(1).shape[1]
    shown = np.full((width, width, 3), 90, np.uint8)
    if faces:
        shown[: width // 2] = scene(faces)
    with (
        LandmarkDetector() as ours,
        face_mesh.FaceMesh(static_image_mode=True, refine_landmarks=True) as theirs,
        face_detection.FaceDetection() as detection,
    ):
        seen = ours.look(shown)
        found = theirs.process(shown).multi_face_landmarks or []
        assert seen.candidates == len(detection.process(shown).detections or ()) == faces
    expected = [[(point.x, point.y, point.z) for point in face.landmark] for face in found]
    assert len(seen.found) == len(expected) == min(faces, 1)
    for mesh, points in zip(seen.found, expected, strict=True):
        np.testing.assert_array_equal(mesh, np.array(points, np.float32) * width)


@pytest.mark.parametrize(
    ("prediction", "target", "told"),
    [
        (range(0), range(2, 5), ["truth.mp4 (the ground truth) shows 2 faces in 3 of 8 frames"]),
        (range(7, 8), range(0), ["ours.mp4 (the prediction) shows 2 faces in 1 of 8 frames"]),
        (
            range(1, 2),
            range(2, 4),
            [
                "ours.mp4 (the prediction) shows 2 faces in 1 of 8",
                "truth.mp4 (the ground truth) shows 2 faces in 2 of 8",
            ],
        ),
    ],
)
def test_a_second_face_on_either_side_is_told_with_the_side(
    tmp_path: Path, prediction: range, target: range, told: list[str]
) -> None:
    pair = clip(tmp_path / "ours.mp4", 8, prediction), clip(tmp_path / "truth.mp4", 8, target)
    notes = score_videos(*pair, None, ["lmd"]).notes
    assert len(notes) == len(told)
    for note, start in zip(notes, told, strict=True):
        assert note.startswith(start)


def test_faces_that_no_metric_follows_are_not_told(tmp_path: Path) -> None:
    one, two = clip(tmp_path / "a.mp4", 4), clip(tmp_path / "b.mp4", 4, range(4))
    assert score_videos(one, two, None, ["psnr"]).notes == ()
    assert score_videos(one, two, None, ["lip_agreement"]).notes == ()
    box = MetricOptions(face_box=(0, 0, 50, 50))
    assert score_videos(two, two, None, ["ssim_face"], options=box).notes == ()
    assert len(score_videos(two, two, None, ["ssim_face"]).notes) == 2
