"""Which real face a rendered one is compared with, and how alike real ones are."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tgbench.driving.cameras import View
from tgbench.errors import Unavailable
from tgbench.identities import Intrinsics
from tgbench.interfaces import FilmedClip, Measurement, MetricContext, MovedCameras, Shared
from tgbench.metrics.identity.by_angle import CsimViewArcface, IdView
from tgbench.metrics.identity.faces import ArcfaceNetwork, DlibNetwork

MESH = np.zeros((478, 3))
YAWS = np.array([0.0, 0.0, 10.0, 10.0, 20.0, 20.0])
"""Of the real frames, half a second apart; frame k is of the colour (10 k, 100, 0)."""


class Eye:
    """Sees a face as the colour of its first pixel, and finds one in every picture but black."""

    def vector(self, image: NDArray[np.uint8], mesh: Any) -> NDArray[np.float32]:
        return image[0, 0].astype(np.float32)

    def mesh(self, image: NDArray[np.uint8]) -> Any:
        return MESH if image.any() else None

    def describe(self) -> str:
        return "a test's network"


def picture(*colour: float) -> NDArray[np.uint8]:
    return np.tile(np.array(colour, np.uint8), (4, 4, 1))


def cameras(yaws: NDArray[np.float64]) -> NDArray[np.float32]:
    ahead = np.eye(4)
    ahead[2, 3] = 0.9
    return np.concatenate([View("", yaw=yaw).cameras(ahead[None]) for yaw in yaws])


def measured(kind: Any, yaw: float, shown: NDArray[np.uint8], source: int) -> Measurement:
    models = Shared()
    for name in (DlibNetwork, ArcfaceNetwork, "mesh"):
        models.once(name, Eye)
    clip = FilmedClip(
        cameras(YAWS), np.arange(6) * 0.5, lambda index: picture(10.0 * index, 100, 0)
    )
    moved = MovedCameras(
        turns=np.eye(3)[None],
        poses=cameras(np.array([yaw])),
        lens=Intrinsics(100.0, 2.0, 2.0, 4, 4),
        filmed=clip.image,
        clip=clip,
        sources=np.array([source]),
    )
    metric = kind(MetricContext(cameras=moved, models=models))
    found = MESH if shown.any() else None
    metric.update(SimpleNamespace(index=0, prediction=shown, prediction_mesh=found))
    result: Measurement = metric.compute()
    return result


def test_the_real_frame_of_the_nearest_angle_is_the_measure() -> None:
    """From 18 degrees frame 4 is nearest; a second away from that, frame 2, 8 degrees off."""
    found = measured(IdView, 18.0, picture(40, 97, 4), source=0)
    assert found.value == pytest.approx(5.0)
    assert found.details["nearest_real_degrees"] == pytest.approx(2.0, abs=1e-3)
    assert found.details["real_to_real"] == pytest.approx(20.0)


def test_the_frame_that_is_rendered_is_no_witness() -> None:
    """The face of frame 4 at its own angle: frames 3 to 5 are too near in time, so frame 2 is."""
    found = measured(IdView, 20.0, picture(40, 100, 0), source=4)
    assert found.value == pytest.approx(20.0)
    assert found.details["nearest_real_degrees"] == pytest.approx(10.0, abs=1e-3)


def test_the_same_face_has_no_distance_and_a_cosine_of_one() -> None:
    assert measured(IdView, 0.0, picture(0, 100, 0), source=5).value == 0.0
    same = measured(CsimViewArcface, 0.0, picture(0, 50, 0), source=5)
    assert same.value == pytest.approx(1.0)
    # The witness of frame 0 is frame 2, of the colour (20, 100, 0).
    assert same.details["real_to_real"] == pytest.approx(100 / np.hypot(100, 20))


def test_no_face_and_no_clip_have_no_value() -> None:
    assert measured(IdView, 0.0, picture(0, 0, 0), source=5).value is None
    with pytest.raises(Unavailable, match="no clip"):
        IdView(MetricContext())
