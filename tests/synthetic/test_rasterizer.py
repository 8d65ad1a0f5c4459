from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tgbench.synthetic.rasterizer import NOTHING, draw, project, vertex_normals


def canvas(size: int) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros((size, size), np.float32), np.full((size, size), NOTHING, np.int32)


def drawn(
    points: Sequence[Sequence[float]],
    triangles: list[list[int]],
    size: int = 200,
    closed: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    nearness, owner = canvas(size)
    numbers = np.array(triangles, np.int32)
    draw(
        np.array(points, np.float32),
        numbers,
        np.full(len(numbers), closed),
        0,
        len(numbers),
        nearness,
        owner,
    )
    return nearness, owner


def test_coverage_is_the_triangles_area() -> None:
    points = [[10.2, 20.7, 1], [180.4, 40.1, 1], [70.9, 170.3, 1]]
    _, owner = drawn(points, [[0, 1, 2]])
    (ax, ay, _), (bx, by, _), (cx, cy, _) = points
    area = abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) / 2
    assert (owner == 0).sum() == pytest.approx(area, rel=0.005)


def test_a_square_of_two_triangles_has_no_seam_and_exact_edges() -> None:
    points = [[20, 30, 1], [120, 30, 1], [120, 130, 1], [20, 130, 1]]
    _, owner = drawn(points, [[0, 1, 2], [0, 2, 3]])
    assert (owner[30:130, 20:120] >= 0).all()
    assert (owner >= 0).sum() == 100 * 100


def test_nearer_wins_in_either_order() -> None:
    near = [[0, 0, 2], [100, 0, 2], [0, 100, 2]]
    far = [[0, 0, 1], [100, 0, 1], [0, 100, 1]]
    for first, second, winner in ((near, far, 0), (far, near, 1)):
        _, owner = drawn(first + second, [[0, 1, 2], [3, 4, 5]])
        assert owner[20, 20] == winner


def test_backs_of_closed_surfaces_are_left_out() -> None:
    clockwise_in_the_image = [[0, 0, 1], [100, 0, 1], [0, 100, 1]]
    for closed, seen in ((True, False), (False, True)):
        _, owner = drawn(clockwise_in_the_image, [[0, 1, 2]], closed=closed)
        assert (owner[20, 20] == 0) == seen


def test_projection_is_a_pinhole() -> None:
    generator = np.random.default_rng(0)
    vertices = generator.uniform(-0.2, 0.2, (50, 3)).astype(np.float32)
    camera = np.hstack([np.eye(3), [[0.03], [-0.02], [-0.9]]])
    points = np.zeros((50, 3), np.float32)
    project(vertices, camera, 500.0, 128.0, 120.0, points)
    seen = vertices.astype(np.float64) + np.array([0.03, -0.02, -0.9])
    np.testing.assert_allclose(points[:, 0], 128 + 500 * seen[:, 0] / -seen[:, 2], rtol=1e-5)
    np.testing.assert_allclose(points[:, 1], 120 - 500 * seen[:, 1] / -seen[:, 2], rtol=1e-5)
    np.testing.assert_allclose(points[:, 2], 1 / -seen[:, 2], rtol=1e-5)


def test_what_is_behind_the_camera_is_not_drawn() -> None:
    vertices = np.array([[0, 0, 1], [1, 0, 1], [0, 1, 1]], np.float32)
    points = np.ones((3, 3), np.float32)
    project(vertices, np.eye(4)[:3], 100.0, 50.0, 50.0, points)
    nearness, owner = canvas(100)
    draw(points, np.array([[0, 1, 2]], np.int32), np.array([False]), 0, 1, nearness, owner)
    assert (owner == NOTHING).all()


def test_depth_over_a_slanted_plane_is_exact() -> None:
    """Distance is not linear in the image, its inverse is: compare with the ray's intersection."""
    corners = np.array([[-0.5, -0.5, -1.0], [0.5, -0.5, -1.0], [0.0, 0.6, -3.0]], np.float32)
    size, focal = 128, 120.0
    points = np.zeros((3, 3), np.float32)
    project(corners, np.eye(4)[:3], focal, size / 2, size / 2, points)
    nearness, owner = canvas(size)
    draw(points, np.array([[0, 1, 2]], np.int32), np.array([False]), 0, 1, nearness, owner)
    normal = np.cross(corners[1] - corners[0], corners[2] - corners[0])
    for row, column in np.argwhere(owner == 0)[::37]:
        ray = np.array([(column + 0.5 - 64) / focal, (64 - row - 0.5) / focal, -1.0])
        depth = (normal @ corners[0]) / (normal @ ray)
        assert nearness[row, column] == pytest.approx(1 / depth, rel=1e-4)


def test_normals_of_a_sphere_point_outwards() -> None:
    from tgbench.synthetic.mesh import sheet

    polar, turn = np.meshgrid(np.linspace(0.1, 3.0, 60), np.linspace(0, 2 * np.pi, 80))
    ball = np.stack([np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn), np.cos(polar)], -1)
    points = ball.reshape(-1, 3)
    normals = np.zeros_like(points)
    vertex_normals(points, sheet(80, 60), normals)
    inner = np.zeros((80, 60), bool)
    inner[1:-1, 1:-1] = True
    alike = np.abs((normals * points).sum(1))[inner.reshape(-1)]
    assert alike.min() > 0.999
