"""Cameras, and the cells that hold some of the head."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tgbench.identities import Identity
from tgbench.methods.er_nerf.marching import March
from tgbench.methods.er_nerf.occupancy import Occupancy
from tgbench.methods.er_nerf.rays import Pinhole

CPU = torch.device("cpu")
BOX = March((-1.0, -1.0, -1.0), (1.0, 1.0, 1.0))


def camera(identity: Identity, frame: int = 3) -> Pinhole:
    return Pinhole.of_pose(identity.poses[frame], identity.intrinsics, 4.0, CPU)


def test_the_ray_of_a_pixel_meets_what_projects_to_it(sphere: Identity) -> None:
    """The point is projected by the layout's rule: x = -f X / Z + cx, y = f Y / Z + cy."""
    lens, pose = sphere.intrinsics, sphere.poses[3].astype(np.float64)
    point = np.array([0.03, -0.05, 0.08])
    x, y, z = (point - pose[:3, 3]) @ pose[:3, :3]
    column, row = -lens.focal * x / z + lens.cx - 0.5, lens.focal * y / z + lens.cy - 0.5
    pixel = torch.tensor([[column], [row]], dtype=torch.float32)
    origins, along = camera(sphere).rays(*pixel)
    to_point = torch.tensor(point * 4.0, dtype=torch.float32) - origins[0]
    towards = torch.nn.functional.normalize(to_point, dim=0)
    assert along[0].tolist() == pytest.approx(towards.tolist(), abs=1e-5)


def test_a_camera_sees_what_is_before_it_and_inside_the_image(sphere: Identity) -> None:
    origins, along = camera(sphere).rays(torch.tensor([10, -20]), torch.tensor([20, 20]))
    points = torch.stack(
        [origins[0] + 3 * along[0], origins[1] + 3 * along[1], origins[0] - along[0]]
    )
    assert camera(sphere).sees(points, 0.01).tolist() == [True, False, False]


def test_cells_of_a_dense_ball_stay_occupied_and_empty_ones_go(sphere: Identity) -> None:
    occupancy = Occupancy(32, BOX, [camera(sphere)])
    generator = torch.Generator().manual_seed(0)
    for _ in range(3):
        occupancy.update(lambda at: 50.0 * (at.norm(dim=1) < 0.3), 1.0, generator)
    axis = (torch.arange(32) + 0.5) / 16 - 1
    radius = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij")).norm(dim=0)
    assert occupancy.occupied[radius < 0.25].all()
    assert not occupancy.occupied[radius > 0.3 + 3 * 3**0.5 / 16].any()
