from __future__ import annotations

import numpy as np
import pytest
import torch

from tgbench.configs import build
from tgbench.identities import Identity
from tgbench.methods.shared.rasterizer import Camera
from tgbench.methods.talkinggaussian.config import TalkingGaussianConfig
from tgbench.methods.talkinggaussian.frames import TrainingFrames
from tgbench.methods.talkinggaussian.gaussians import GaussianField, inverse_softplus
from tgbench.methods.talkinggaussian.motion import Deformation
from tgbench.methods.talkinggaussian.point_init import initial_cloud, random_cloud, triangulated

CAMERA = Camera.from_pose(np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0.8], [0, 0, 0, 1.0]]),
                          80.0, 16.0, 16.0, 32, 32)  # fmt: skip


def field_of(count: int = 7) -> GaussianField:
    generator = torch.Generator().manual_seed(0)
    cloud = (torch.rand(count, 3, generator=generator) - 0.5) * 0.2
    return GaussianField.random(cloud, TalkingGaussianConfig(), generator)


def test_inverse_softplus_also_of_small_scales():
    values = torch.tensor([1e-5, 1e-3, 0.1, 3.0])
    torch.testing.assert_close(torch.nn.functional.softplus(inverse_softplus(values)), values)


def test_deformation_is_equation_5():
    field = field_of()
    generator = torch.Generator().manual_seed(1)
    deformation = Deformation(
        torch.randn(7, 3, generator=generator) * 0.01,
        torch.randn(7, 3, generator=generator),
        torch.randn(7, 4, generator=generator),
    )
    drawn = field.primitives(CAMERA, deformation)
    rest = field.primitives(CAMERA)
    p = field.parameters
    torch.testing.assert_close(drawn.means, p["means"] + deformation.means)
    torch.testing.assert_close(drawn.quats, p["quats"] + deformation.quats)
    expected = torch.log1p(torch.exp(p["scales"] + deformation.scales))
    torch.testing.assert_close(drawn.scales, expected)
    # Colour and opacity persist.
    assert torch.equal(drawn.opacities, rest.opacities)
    assert torch.equal(drawn.colors, rest.colors)


def test_view_dependence_begins_when_the_degree_rises():
    field = field_of()
    with torch.no_grad():
        field.parameters["harmonics"].normal_(generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(
        field.primitives(CAMERA).colors, field.base_colors.clamp_min(0.0), atol=1e-6, rtol=0
    )
    for degree in (1, 2, 2):
        field.raise_degree()
        assert field.degree == degree
    assert (field.primitives(CAMERA).colors - field.base_colors).abs().max() > 0.1


def test_weakening_again_and_again_ends_small_not_at_nothing():
    field = field_of()
    chosen = torch.arange(7) < 3
    before = torch.nn.functional.softplus(field.parameters["scales"].detach())
    field.weaken(chosen, opacity=0.1, shrink=10.0)
    once = field.primitives(CAMERA)
    torch.testing.assert_close(once.scales[:3], before[:3] / 10)
    torch.testing.assert_close(once.opacities[:3], torch.full((3,), 0.1))
    torch.testing.assert_close(once.scales[3:], before[3:])
    for _ in range(60):
        field.weaken(chosen, opacity=0.1, shrink=10.0)
    assert torch.isfinite(field.parameters["scales"]).all()
    assert (field.primitives(CAMERA).scales[:3] > 0).all()


def test_position_rate_decays_from_first_to_last():
    field = field_of()
    config = TalkingGaussianConfig()

    def rate() -> float:
        return next(g["lr"] for g in field.optimizer.param_groups if g["name"] == "means")

    for iteration, expected in ((0, 1.6e-4), (22_500, 1.6e-5), (45_000, 1.6e-6), (10**6, 1.6e-6)):
        field.decay_position_rate(iteration)
        assert rate() == pytest.approx(expected)
    assert config.gaussians.position_lr == 1.6e-4


def test_cloud_fills_what_the_masks_allow():
    mask = np.zeros((32, 32), bool)
    mask[8:24, 12:20] = True
    cloud = random_cloud(500, 0.1, [(CAMERA, mask)], torch.Generator().manual_seed(0)).numpy()
    assert cloud.shape == (500, 3)
    depth = 0.8 - cloud[:, 2]
    column, row = 80 * cloud[:, 0] / depth + 16, 16 - 80 * cloud[:, 1] / depth
    assert ((column >= 12) & (column < 20) & (row >= 8) & (row < 24)).all()
    # The depth is free, and the whole of it is used.
    assert cloud[:, 2].min() < -0.09
    assert cloud[:, 2].max() > 0.09


def test_cloud_without_room_falls_back_to_the_cube():
    nothing = np.zeros((32, 32), bool)
    cloud = random_cloud(50, 0.1, [(CAMERA, nothing)], torch.Generator().manual_seed(0))
    assert cloud.shape == (50, 3)
    assert cloud.abs().max() <= 0.1


def test_rays_meet_where_they_were_sent_from():
    rng = np.random.default_rng(0)
    point, cameras, pixels = np.array([0.01, -0.06, 0.08, 1.0]), [], []
    for yaw in np.linspace(-0.3, 0.3, 9):
        turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = turn, turn @ [0, 0, 0.8]
        camera = Camera.from_pose(pose, 600.0, 128.0, 128.0, 256, 256)
        x, y, z, _ = camera.world_to_camera @ point
        cameras.append(camera)
        noise = rng.normal(0, 0.1, 2)
        pixels.append([600 * x / z + 128 + noise[0], 600 * y / z + 128 + noise[1]])
    np.testing.assert_allclose(triangulated(cameras, pixels), point[:3], atol=2e-3)
    # One direction says nothing about depth; the answer is the ray's nearest to the origin.
    x, y, z = triangulated(cameras[4:5] * 5, pixels[4:5] * 5)
    assert abs(z) < 0.02
    assert (x, y) == pytest.approx((0.01, -0.06), abs=0.01)


def test_the_official_start_is_a_grey_cube(sphere: Identity):
    config = build(
        TalkingGaussianConfig,
        {
            "gaussians.cloud": "cube",
            "gaussians.colors": "grey",
            "face.gaussians": 4000,
            "mouth.gaussians": 4000,
        },
    )
    frames = TrainingFrames(sphere, sphere.split().train, 1 << 20)
    generator = torch.Generator().manual_seed(0)
    for name in ("face", "mouth"):
        cloud = initial_cloud(name, frames, config, generator)
        assert cloud.shape == (4000, 3)
        np.testing.assert_allclose(cloud.min(0).values, -0.1, atol=2e-3)
        np.testing.assert_allclose(cloud.max(0).values, 0.1, atol=2e-3)
        # Evenly spread: the deviation of a uniform variable.
        np.testing.assert_allclose(cloud.std(0), 0.2 / 12**0.5, rtol=0.05)
    field = GaussianField.random(cloud, config, generator)
    torch.testing.assert_close(field.primitives(CAMERA).colors, torch.full((4000, 3), 0.498))
