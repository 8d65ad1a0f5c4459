from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from tgbench.driving.cameras import View
from tgbench.errors import TgbenchError, Unavailable
from tgbench.faces import canonical, mesh
from tgbench.identities import Intrinsics
from tgbench.interfaces import Layers, MetricContext, MovedCameras, Shared
from tgbench.metrics.lips.lmd import Lmd
from tgbench.metrics.suite import MetricSuite
from tgbench.metrics.views.flicker import OrbitFlicker
from tgbench.metrics.views.layers import DepthError, LayersInStep, MaskIou, mask_iou
from tgbench.metrics.views.obedience import CameraError
from tgbench.metrics.views.reprojection import ReprojectionError, reprojection_error

Rotations = NDArray[np.float64]
BLANK = np.zeros((4, 4, 3), np.uint8)
LENS = Intrinsics(100.0, 32.0, 32.0, 64, 64)


def moved(turns: Rotations, **more: Any) -> MovedCameras:
    """Cameras of which only the turns matter, unless a test says more."""
    given = {"poses": np.tile(np.eye(4, dtype=np.float32), (len(turns), 1, 1)), "lens": LENS}
    return MovedCameras(turns, filmed=lambda index: BLANK, **(given | more))


def layers(columns: slice, depth: float, size: int = 10) -> Layers:
    """A head that fills some columns, all of it equally far away."""
    alpha = np.zeros((size, size), np.float32)
    alpha[:, columns] = 1.0
    return Layers(alpha, np.where(alpha > 0, np.float32(depth), np.float32(np.nan)))


def context(ours: list[Layers], true: list[Layers]) -> MetricContext:
    def rendered() -> Iterator[Layers]:
        return iter(ours)

    truth = SimpleNamespace(layers=lambda index: true[index])
    turns = np.tile(np.eye(3), (len(true), 1, 1))
    return MetricContext(cameras=moved(turns, rendered=rendered, truth=truth))


def test_overlap_of_two_boxes() -> None:
    assert mask_iou(layers(slice(0, 6), 1.0), layers(slice(2, 8), 1.0)) == pytest.approx(4 / 8)
    assert mask_iou(layers(slice(0), 1.0), layers(slice(0), 1.0)) is None


def test_both_metrics_ask_the_method_once() -> None:
    """4 of 8 columns overlap in the first frame, all in the second, which is 3 mm too near."""
    ours = [layers(slice(0, 6), 0.9), layers(slice(2, 8), 0.897)]
    shared = context(ours, [layers(slice(2, 8), 0.9)] * 2)
    overlap, depth = MaskIou(shared), DepthError(shared)
    for index in range(2):
        frame = SimpleNamespace(index=index)
        assert overlap.update(frame) == pytest.approx((0.5, 1.0)[index])
        assert depth.update(frame) == pytest.approx((0.0, 3.0)[index], abs=1e-3)
    assert overlap.compute().value == pytest.approx(0.75)
    found = depth.compute()
    assert found.value == pytest.approx(1.5, abs=1e-3)
    assert found.details["farther_away_mm"] == pytest.approx(-1.5, abs=1e-3)


def test_heads_that_nowhere_meet_have_no_depth_error() -> None:
    metric = DepthError(context([layers(slice(0, 2), 1.0)], [layers(slice(5, 8), 1.0)]))
    assert metric.update(SimpleNamespace(index=0)) is None
    assert metric.compute().value is None


@pytest.mark.parametrize("ours", [[], [layers(slice(1), 1.0, size=4)]])
def test_other_layers_than_frames_are_refused(ours: list[Layers]) -> None:
    in_step = LayersInStep(iter(ours), SimpleNamespace(layers=lambda index: layers(slice(1), 1.0)))
    with pytest.raises(TgbenchError, match="layers"):
        in_step.at(0)


@pytest.mark.parametrize(
    ("cameras", "reason"),
    [
        (None, "self_driven_3d"),
        (moved(np.eye(3)[None]), "no true head"),
        (
            moved(np.eye(3)[None], truth=SimpleNamespace()),
            "no `layers`",
        ),
    ],
)
def test_what_is_not_there_is_said(cameras: MovedCameras | None, reason: str) -> None:
    suite = MetricSuite(["mask_iou"], MetricContext(cameras=cameras))
    assert reason in suite.results()["mask_iou"].reason


class Turned:
    """A detector to which every picture shows the head that a test says."""

    def __init__(self, pose: Rotations) -> None:
        self.pose = pose

    def mesh(self, image: object) -> NDArray[np.float64]:
        return head(self.pose)


def head(pose: Rotations) -> NDArray[np.float64]:
    """The canonical head, longer than it is wide, as a camera's network reports it."""
    points = np.zeros((478, 3))
    points[list(mesh.RIGID)] = canonical._CANONICAL @ pose.T
    return points * [2500.0, -2500.0, -2500.0] + [200.0, 210.0, 0.0]


def yawed(degrees: float, nod: float = 0.0) -> Rotations:
    return np.asarray(Rotation.from_euler("YX", [degrees, nod], degrees=True).as_matrix())


def camera_error(asked: Rotations, filmed: Rotations, shown: Rotations) -> CameraError:
    models = Shared()
    models.once("mesh", lambda: Turned(filmed))
    made = CameraError(MetricContext(cameras=moved(asked[None]), models=models))
    made.update(SimpleNamespace(index=0, prediction_mesh=head(shown), target_mesh=None))
    return made


@pytest.mark.parametrize("by", [0.0, 4.0, -11.0])
def test_camera_error_is_how_far_the_head_is_off(by: float) -> None:
    """The camera went 20 degrees round a head that was turned by 5 already."""
    found = camera_error(yawed(-20.0), yawed(5.0), yawed(-15.0 + by)).compute()
    assert found.value == pytest.approx(abs(by), abs=1e-4)
    assert found.details["asked"] == pytest.approx(20.0)
    assert found.details["found"] == pytest.approx(abs(by - 20.0), abs=1e-4)


def test_a_head_that_does_not_obey_at_all_is_off_by_what_was_asked() -> None:
    found = camera_error(yawed(0.0, 10.0), yawed(3.0), yawed(3.0)).compute()
    assert found.value == pytest.approx(10.0, abs=1e-4)


def test_no_face_has_no_camera_error() -> None:
    metric = camera_error(np.eye(3), np.eye(3), np.eye(3))
    assert metric.update(SimpleNamespace(index=0, prediction_mesh=None, target_mesh=None)) is None
    assert metric.compute().scored == 1


def plane(
    camera: Rotations, painted: bool = False, lens: Intrinsics = LENS
) -> tuple[Any, Layers, Rotations]:
    """A patterned wall at the head's centre as a camera sees it; or a picture that follows it."""
    size = lens.height
    rows, columns = np.mgrid[:size, :size] + 0.5
    across, down = (columns - lens.cx) / lens.focal, (lens.cy - rows) / lens.focal
    rays = np.stack([across, down, -np.ones((size, size))], -1)
    directions = rays @ camera[:3, :3].T
    depth = -camera[2, 3] / directions[..., 2]
    place = camera[:3, 3] + depth[..., None] * directions
    x, y = (rays if painted else place)[..., 0], (rays if painted else place)[..., 1]
    shade = 120.0 + 100.0 * np.sin(25.0 * x) * np.cos(20.0 * y)
    image = np.repeat(np.round(shade)[..., None], 3, axis=2).astype(np.uint8)
    return image, Layers(np.ones((size, size), np.float32), depth.astype(np.float32)), camera


def around(degrees: float) -> Rotations:
    camera = np.eye(4)
    camera[2, 3] = 0.9
    return np.asarray(View("", yaw=degrees).cameras(camera[None])[0], np.float64)


def test_a_wall_looks_alike_from_both_sides() -> None:
    assert reprojection_error(plane(around(0.0)), plane(around(8.0)), LENS) < 1.5
    assert reprojection_error(plane(around(3.0)), plane(around(3.0)), LENS) < 1e-3


def test_a_head_of_many_pixels_is_looked_up_whole() -> None:
    """More of them than OpenCV takes in one row, and none."""
    lens = Intrinsics(300.0, 96.0, 96.0, 192, 192)
    now, other = plane(around(0.0), lens=lens), plane(around(8.0), lens=lens)
    assert reprojection_error(now, other, lens) < 1.5
    empty = Layers(np.zeros((192, 192), np.float32), now[1].depth)
    assert reprojection_error((now[0], empty, now[2]), other, lens) is None


def test_a_picture_that_follows_the_camera_does_not() -> None:
    off = reprojection_error(plane(around(0.0), True), plane(around(8.0), True), LENS)
    assert off is not None
    assert off > 5.0


def test_a_wrong_depth_is_seen() -> None:
    image, layers, camera = plane(around(0.0))
    near = Layers(layers.alpha, layers.depth - 0.2)
    wrong = reprojection_error((image, near, camera), plane(around(8.0)), LENS)
    assert wrong is not None
    assert wrong > 5.0


def test_what_is_hidden_in_the_other_view_does_not_count() -> None:
    image, layers, camera = plane(around(8.0))
    hidden = Layers(layers.alpha, layers.depth - 0.3)
    assert reprojection_error(plane(around(0.0)), (image, hidden, camera), LENS) is None


def test_reprojection_takes_a_frozen_head() -> None:
    views = [plane(around(angle)) for angle in (0.0, 4.0, 8.0)]
    poses = np.stack([camera for _, _, camera in views]).astype(np.float32)

    def metric(frozen: bool) -> ReprojectionError:
        seen = moved(
            np.tile(np.eye(3), (3, 1, 1)),
            poses=poses,
            frozen=frozen,
            rendered=lambda: iter([layers for _, layers, _ in views]),
        )
        return ReprojectionError(MetricContext(cameras=seen))

    with pytest.raises(Unavailable, match="frozen"):
        metric(False)
    found = metric(True)
    values = [
        found.update(SimpleNamespace(index=index, prediction=image))
        for index, (image, _, _) in enumerate(views)
    ]
    assert values[0] is None
    assert found.compute().value == pytest.approx(np.mean(values[1:]))
    assert found.compute().value < 1.5


def flickering(views: list[Any]) -> OrbitFlicker:
    """The metric after views, whose layers the reprojection error asks for, too."""
    seen = moved(
        np.tile(np.eye(3), (len(views), 1, 1)),
        poses=np.stack([camera for _, _, camera in views]).astype(np.float32),
        frozen=True,
        rendered=lambda: iter([layers for _, layers, _ in views]),
    )
    shared = MetricContext(cameras=seen)
    flicker, reprojection = OrbitFlicker(shared), ReprojectionError(shared)
    for index, (image, _, _) in enumerate(views):
        for metric in (flicker, reprojection):
            metric.update(SimpleNamespace(index=index, prediction=image))
    return flicker


@pytest.mark.parametrize(
    ("course", "expected"),
    [
        ([20, -20, 20, -20, 20, -20], 20.0),  # brighter and darker by 20, from view to view
        ([0, 8, 16, 24, 32, 40], 0.0),  # steadily brighter
        ([0, 0, 0, 24, 0, 0], (0 + 12 / 2 + 24 / 2 + 12 / 2) / 4),  # one flash
    ],
)
@pytest.mark.parametrize("step", [0.0, 2.0])
def test_orbit_flicker_is_the_planted_one(course: list[int], expected: float, step: float) -> None:
    views = [plane(around(step * index)) for index in range(len(course))]
    lit = [
        ((image * 0.5 + 60 + by).astype(np.uint8), layers, camera)
        for (image, layers, camera), by in zip(views, course, strict=True)
    ]
    found = flickering(lit).compute()
    assert found.value == pytest.approx(expected, abs=0.02 if step == 0.0 else 1.0)
    assert (found.scored, found.total) == (4, 6)


def test_lips_are_compared_with_exact_landmarks_in_the_details() -> None:
    """Mouths 1 px wider than they are in the truth, as a detector sees it that adds 0.5 px."""

    def face(wider: float) -> NDArray[np.float64]:
        points = np.zeros((68, 2))
        points[36, 0], points[45, 0] = -30.0, 30.0
        points[48:, 0] = np.where(np.arange(20) % 2, 1.0, -1.0) * (10.0 + wider)
        return points

    truth = SimpleNamespace(landmarks=lambda index: face(0.0))
    metric = Lmd(MetricContext(cameras=moved(np.eye(3)[None], truth=truth)))
    frame = SimpleNamespace(index=0, prediction_landmarks=face(1.5), target_landmarks=face(0.5))
    assert metric.update(frame) == pytest.approx(1.0)
    details = metric.compute().details
    assert details["to_exact_landmarks"] == pytest.approx(1.5)
    assert details["of_the_truth"] == pytest.approx(0.5)
