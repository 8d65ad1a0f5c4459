"""The edge of a drawn jaw, whose place is known exactly, from a mesh that lies beside it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from tgbench.faces import mesh
from tgbench.faces.jawline import JawLine, steadied
from tgbench.faces.mask_cleanup import connected_to, remove_slivers

SIZE = 256
MIDDLE = np.array([128.0, 105.0])
MESH = np.array([44.0, 56.0])
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE] + 0.5

Image = NDArray[np.uint8]
Array = NDArray[np.float64]


def landmarks(shift: float) -> Array:
    points = np.tile(MIDDLE + np.array([shift, 0.0]), (478, 1))
    angle = np.linspace(0, 2 * np.pi, len(mesh.OVAL), endpoint=False) - np.pi / 2
    points[list(mesh.OVAL)] += MESH * np.column_stack([np.cos(angle), np.sin(angle)])
    return points


def draw(shift: float, beside: Array, neck: tuple[int, int, int], seed: int) -> Image:
    """A face whose edge is an ellipse with radii `MESH + beside`, over a neck, before a wall."""
    fine = 4
    rows, columns = (np.mgrid[: SIZE * fine, : SIZE * fine] + 0.5) / fine
    image = np.full((SIZE * fine, SIZE * fine, 3), (90, 110, 130), np.uint8)
    image[(np.abs(columns - MIDDLE[0]) < 34) & (rows > 110)] = neck
    x, y = (
        (columns - MIDDLE[0] - shift) / (MESH + beside)[0],
        (rows - MIDDLE[1]) / (MESH + beside)[1],
    )
    image[x**2 + y**2 < 1] = (205, 160, 135)
    small = cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA).astype(np.float64)
    noise = np.random.default_rng(seed).normal(0, 3, small.shape)
    return np.clip(small + noise, 0, 255).astype(np.uint8)


def away(outline: Array, shift: float, beside: Array) -> float:
    """Mean distance of an outline from the drawn edge."""
    angle = np.linspace(0, 2 * np.pi, 3000)
    edge = (
        MIDDLE
        + np.array([shift, 0.0])
        + (MESH + beside) * np.column_stack([np.cos(angle), np.sin(angle)])
    )
    return float(np.linalg.norm(outline[:, None] - edge[None], axis=-1).min(axis=1).mean())


@pytest.mark.parametrize("beside", [(-2.5, -2.5), (0.0, 0.0), (1.5, 3.5)])
@pytest.mark.parametrize("neck", [(150, 112, 92), (232, 230, 226)])
def test_the_outline_lies_on_the_edge_wherever_the_mesh_is(
    beside: tuple[float, float], neck: tuple[int, int, int]
) -> None:
    offset = np.array(beside)
    shifts = [4.0 * np.sin(i) for i in range(8)]
    film = [(draw(shift, offset, neck, i), landmarks(shift)) for i, shift in enumerate(shifts)]
    jaw = JawLine(film)
    for outline, shift in zip(jaw.outlines(film), shifts, strict=True):
        assert away(outline, shift, offset) < 0.7


@pytest.mark.parametrize("frames", [1, 3, 6, 7, 12, 13, 14, 40])
def test_steps_become_as_steady_as_if_the_whole_clip_were_smoothed_at_once(frames: int) -> None:
    steps = np.random.default_rng(frames).normal(size=(frames, 96)).astype(np.float32)
    over_time = gaussian_filter1d(steps.astype(np.float64), 1.5, axis=0, mode="nearest")
    whole = gaussian_filter1d(over_time, 1.0, axis=1, mode="nearest").astype(np.float32)
    np.testing.assert_array_equal(np.stack([*steadied(steps)]), whole)


def test_a_picture_without_edges_leaves_the_jaw_at_the_mesh() -> None:
    points = landmarks(0.0)
    film = [(np.full((SIZE, SIZE, 3), 128, np.uint8), points)]
    (outline,) = JawLine(film).outlines(film)
    assert away(outline, 0.0, np.zeros(2)) < 0.5


def box(top: int, bottom: int, left: int, right: int) -> NDArray[np.bool_]:
    rows = (top < ROWS) & (bottom > ROWS)
    return rows & (left < COLUMNS) & (right > COLUMNS)


def test_slivers_on_the_cheeks_are_no_body_a_low_neck_over_a_collar_is() -> None:
    head = box(20, 150, 80, 176)
    wing = box(80, 150, 77, 80)
    strip, clothes = box(150, 153, 90, 166), box(153, 256, 40, 216)
    body = remove_slivers(wing | strip | clothes, head)
    assert not body[wing].any()
    assert body[strip].mean() > 0.9
    assert body[clothes].mean() > 0.99


def test_spots_of_hair_that_do_not_hang_from_the_head_are_left_out() -> None:
    above, lock, spot = box(0, 60, 60, 196), box(60, 140, 60, 70), box(150, 160, 120, 130)
    kept = connected_to(above | lock | spot, above)
    assert kept[above | lock].all()
    assert not kept[spot].any()
