"""Where the prior's heads stand in a clip."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from tgbench.errors import TgbenchError
from tgbench.methods.dgtalker.placement import Placement, fit_placement
from tgbench.methods.dgtalker.prior.interface import Heads
from tgbench.methods.dgtalker.prior.population import camera
from tgbench.methods.dgtalker.prior.template import head_template, landmark_texels
from tgbench.methods.shared.rasterizer import Camera


def points() -> np.ndarray:
    return head_template().reshape(-1, 3)[landmark_texels()].astype(float)


def cameras(unit: float) -> list[Camera]:
    found = []
    for yaw, pitch in ((-8, 0), (0, 4), (5, -3), (12, 2)):
        pose = camera(yaw, pitch)
        pose[:3, 3] *= unit
        found.append(Camera.from_pose(pose, 300.0, 64.0, 64.0, 128, 128))
    return found


def projected(places: np.ndarray, view: Camera) -> np.ndarray:
    inside = places @ view.world_to_camera[:3, :3].T + view.world_to_camera[:3, 3]
    return 300.0 * inside[:, :2] / inside[:, 2:] + 64.0


@pytest.mark.parametrize("unit", [1.0, 4.0, 0.1])
def test_a_similarity_is_found_from_landmarks_in_any_unit(unit: float) -> None:
    turn = Rotation.from_rotvec([0.05, -0.1, 0.03])
    shift = unit * np.array([0.004, -0.01, 0.006])
    placed = 1.07 * unit * points() @ turn.as_matrix().T + shift
    views = cameras(unit)
    seen = np.stack([projected(placed, view) for view in views])
    found = fit_placement(points(), seen, views)
    assert float(found.values[0].detach().exp()) == pytest.approx(1.07 * unit, rel=1e-3)
    assert found.values[1:4].detach().numpy() == pytest.approx(turn.as_rotvec(), abs=1e-3)
    assert found.values[4:].detach().numpy() / unit == pytest.approx(shift / unit, abs=2e-4)


def test_poses_that_are_not_those_of_the_face_are_refused() -> None:
    views = cameras(1.0)
    seen = np.random.default_rng(0).uniform(0, 128, (len(views), 68, 2))
    with pytest.raises(TgbenchError, match="poses do not fit"):
        fit_placement(points(), seen, views)


def test_heads_are_placed_as_scipy_does() -> None:
    generator = torch.Generator().manual_seed(0)
    means, quats, scales = (torch.randn(2, 5, k, generator=generator) for k in (3, 4, 3))
    heads = Heads(means, quats, scales.abs(), torch.rand(2, 5), torch.rand(2, 5, 3))
    values = np.array([0.2, 0.4, -0.3, 0.9, 0.1, 0.2, -0.3])
    placed = Placement(values)(heads)
    turn = Rotation.from_rotvec(values[1:4])
    expected = np.exp(0.2) * means.numpy() @ turn.as_matrix().T + values[4:]
    assert placed.means.detach().numpy() == pytest.approx(expected, abs=1e-5)
    assert placed.scales.detach().numpy() == pytest.approx(np.exp(0.2) * heads.scales.numpy())
    for number in range(5):
        w, x, y, z = quats[0, number].numpy()
        product = turn * Rotation.from_quat([x, y, z, w])
        w, x, y, z = placed.quats[0, number].detach().numpy()
        found = Rotation.from_quat([x, y, z, w])
        assert (found * product.inv()).magnitude() == pytest.approx(0.0, abs=1e-5)


def test_no_placement_leaves_heads_where_they_are_and_has_a_gradient() -> None:
    placement = Placement()
    heads = Heads(*(torch.rand(1, 4, k) for k in (3, 4, 3)), torch.rand(1, 4), torch.rand(1, 4, 3))
    placed = placement(heads)
    torch.testing.assert_close(placed.means, heads.means)
    placed.means.sum().backward()
    assert torch.isfinite(placement.values.grad).all()
    assert placement.values.grad[1:4].abs().sum() > 0
