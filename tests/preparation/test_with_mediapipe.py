"""The real backends on a synthetic person, whose truth is known to the pixel."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from tgbench.faces import LandmarkDetector, ibug68
from tgbench.identities import HAIR, HEAD, INNER_MOUTH, NECK, Identity
from tgbench.identities.clip_checks import filming_faults
from tgbench.identities.validation import validate
from tgbench.preparation.prepare import prepare
from tgbench.synthetic import dataset
from tgbench.video.writer import VideoWriter

from ..conftest import MadeOnce

pytest.importorskip("mediapipe")

# The fixture prepares a whole film, which takes minutes where other work keeps the cores busy.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

Array = NDArray[np.float64]
SIZE, SECONDS = 256, 3.0


@dataclass(frozen=True)
class Scene:
    """A film of a synthetic person, what was prepared from it, and the truth."""

    images: NDArray[np.uint8]
    landmarks: Array
    parsing: NDArray[np.uint8]
    poses: Array
    prepared: Identity


@pytest.fixture(scope="module")
def scene(made_once: MadeOnce) -> Scene:
    folder = made_once("prepared-scene", _prepare)
    truth = np.load(folder / "truth.npz")
    return Scene(**truth, prepared=Identity(folder / "identity"))


def _prepare(folder: Path) -> None:
    studio = dataset.film("synth-a", SIZE, SECONDS)
    take = dataset.rehearse(dataset.PEOPLE["synth-a"], SECONDS)
    frames = len(take.performance)
    shots = [studio.shoot(frame) for frame in range(frames)]
    with VideoWriter(folder / "film.mp4", SIZE, SIZE, audio=take.audio) as writer:
        for shot in shots:
            writer.write(shot.image)
    prepare(folder / "film.mp4", folder / "identity", size=SIZE)
    np.savez(
        folder / "truth.npz",
        images=[shot.image for shot in shots],
        landmarks=[shot.landmarks for shot in shots],
        parsing=[shot.parsing for shot in shots],
        poses=np.array([studio.pose(frame) for frame in range(frames)], np.float64),
    )


def test_every_frame_is_there_and_sound(scene: Scene) -> None:
    assert validate(scene.prepared.folder) == []
    assert len(scene.prepared) == len(scene.images) == SECONDS * 25
    facts = json.loads((scene.prepared.folder / "identity.json").read_text())
    assert facts["face"]["frames_found"] == len(scene.images)
    assert facts["crop"]["side"] == SIZE


def test_mouth_and_eyes_lie_where_they_are(scene: Scene) -> None:
    away = np.linalg.norm(scene.prepared.landmarks - scene.landmarks, axis=-1)
    assert away[:, 36:48].mean() < 0.015 * SIZE
    assert away[:, 48:].mean() < 0.02 * SIZE


def test_poses_turn_as_the_head_does(scene: Scene) -> None:
    """Up to one constant rotation: what counts as frontal is a convention."""
    truth = Rotation.from_matrix(scene.poses[:, :3, :3])
    found = Rotation.from_matrix(scene.prepared.poses[:, :3, :3].astype(np.float64))
    offset = (found * truth.inv()).mean()
    assert np.degrees(offset.magnitude()) < 10.0
    error = np.degrees(((offset * truth).inv() * found).magnitude())
    assert error.mean() < 1.5
    steps = np.degrees((found[1:] * found[:-1].inv()).magnitude())
    true_steps = np.degrees((truth[1:] * truth[:-1].inv()).magnitude())
    assert np.abs(steps - true_steps).mean() < 0.25


def is_any(image: NDArray[np.uint8], *colours: tuple[int, int, int]) -> NDArray[np.bool_]:
    return np.any([(image == colour).all(-1) for colour in colours], axis=0)


def edges(mask: NDArray[np.bool_]) -> Array:
    """Points between neighbouring pixels of which one is in the mask, [K, 2] rows and columns."""
    down = np.argwhere(mask[1:] != mask[:-1]) + np.array([0.5, 0.0])
    across = np.argwhere(mask[:, 1:] != mask[:, :-1]) + np.array([0.0, 0.5])
    return np.concatenate([down, across])


def test_the_edge_of_the_head_is_that_of_the_picture(scene: Scene) -> None:
    """Mean distance between the found and the true edge, both ways, below 0.7 px at 256."""
    shares, distances = [], []
    for frame in range(0, len(scene.images), 10):
        found, true = (
            is_any(image, HEAD, HAIR, INNER_MOUTH)
            for image in (scene.prepared.parsing(frame), scene.parsing[frame])
        )
        shares.append((found & true).sum() / (found | true).sum())
        ours, theirs = edges(found), edges(true)
        there, back = cKDTree(theirs).query(ours)[0], cKDTree(ours).query(theirs)[0]
        distances.append(np.concatenate([there, back]).mean())
    assert np.mean(shares) > 0.97
    assert np.mean(distances) < 0.7


def test_the_torso_image_has_neck_and_nothing_of_the_head(scene: Scene) -> None:
    for frame in range(0, len(scene.images), 15):
        parsing, torso = scene.parsing[frame], scene.prepared.torso(frame)
        head = is_any(parsing, HEAD, HAIR, INNER_MOUTH).astype(np.uint8)
        inside = cv2.distanceTransform(head, cv2.DIST_L2, 5)
        # Under the chin the neck goes on; no farther up than 53/512 and a rim.
        lowest = np.flatnonzero(head[:, SIZE // 2]).max()
        assert not (torso[..., 3] > 0)[: lowest - 70][inside[: lowest - 70] > 6].any()
        # Next to the head it is not the frame as filmed.
        around = cv2.distanceTransform(1 - head, cv2.DIST_L2, 5)
        rim = (around > 0) & (around < 2) & is_any(parsing, NECK) & (torso[..., 3] == 255)
        filmed = scene.prepared.filmed(frame).astype(int)
        same = np.abs(torso[..., :3].astype(int) - filmed).max(axis=-1) <= 1
        assert same[rim].mean() < 0.4


def test_a_sound_film_has_no_faults(scene: Scene) -> None:
    assert filming_faults(scene.prepared) == []


def test_lips_and_lids_move_as_they_should(scene: Scene) -> None:
    units = scene.prepared.action_units.values
    gap = np.linalg.norm(scene.landmarks[:, 62] - scene.landmarks[:, 66], axis=-1)
    lids = np.linalg.norm(scene.landmarks[:, 37] - scene.landmarks[:, 41], axis=-1)
    assert np.corrcoef(units["AU25"], gap)[0, 1] > 0.8
    assert np.corrcoef(units["AU45"], -lids)[0, 1] > 0.6


def test_detection_depends_on_the_image_alone(scene: Scene) -> None:
    with LandmarkDetector() as detector:
        first = detector.detect(scene.images[20])
        detector.detect(scene.images[60])
        again = detector.detect(scene.images[20])
    assert first is not None
    np.testing.assert_array_equal(first, again)
    assert first.shape == (478, 3)


def test_landmarks_do_not_depend_on_the_picture_being_square(scene: Scene) -> None:
    image = scene.images[20]
    wide = np.concatenate([image, np.full((SIZE, SIZE // 2, 3), 90, np.uint8)], axis=1)
    with LandmarkDetector() as detector:
        narrow_points, wide_points = detector.detect(image), detector.detect(wide)
    assert narrow_points is not None
    assert wide_points is not None
    difference = np.linalg.norm(ibug68(narrow_points) - ibug68(wide_points), axis=-1)
    assert difference.mean() < 0.01 * SIZE


def test_two_faces_are_counted_the_larger_first(scene: Scene) -> None:
    image = scene.images[20]
    small = np.ascontiguousarray(image[::2, ::2])
    both = np.full((SIZE, 2 * SIZE, 3), 90, np.uint8)
    both[:, :SIZE] = image
    both[SIZE // 4 : SIZE // 4 + SIZE // 2, SIZE + SIZE // 4 : SIZE + SIZE // 4 + SIZE // 2] = small
    with LandmarkDetector(max_faces=3) as detector:
        found = detector.detect_all(both)
        assert detector.detect_all(np.full((SIZE, SIZE, 3), 90, np.uint8)) == []
    assert len(found) == 2
    assert found[0][:, 0].mean() < SIZE < found[1][:, 0].mean()


def test_matplotlib_is_not_imported_but_can_be() -> None:
    script = (
        "import sys\n"
        "from tgbench.faces import LandmarkDetector\n"
        "LandmarkDetector().close()\n"
        "assert not [name for name in sys.modules if name.startswith('matplotlib')]\n"
        "import matplotlib.pyplot\n"
        "matplotlib.pyplot.figure\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_nothing_is_said_on_standard_error(
    scene: Scene, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with LandmarkDetector() as detector:
        detector.detect(scene.images[0])
    assert capfd.readouterr().err == ""
