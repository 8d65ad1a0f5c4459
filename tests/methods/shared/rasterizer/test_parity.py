"""Every backend draws what the float64 oracle draws, and its gradients are the oracle's."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from .scenes import (
    ORACLE,
    axis_camera,
    beside_a_wide_view,
    camera_at_a_metre,
    clear_of_thresholds,
    gradients,
    random_scene,
    relative_error,
)


def assert_agreement(drawer, scene, camera):
    """Images to 1e-5, gradients to 1e-4, ten times that for kernels with fast arithmetic."""
    fast, fast_gradients = gradients(scene, camera, drawer, torch.float32)
    exact, exact_gradients = gradients(scene, camera, ORACLE, torch.float64)
    assert float((fast.colors - exact.colors).detach().abs().max()) < 1e-5 * drawer.slack
    assert float((fast.alpha - exact.alpha).detach().abs().max()) < 1e-5 * drawer.slack
    for value, truth in zip(fast_gradients, exact_gradients, strict=True):
        assert relative_error(value, truth) < 1e-4 * drawer.slack
    return fast, exact


# Sizes are not multiples of the tile; 400 Gaussians on few pixels make most opaque.
@pytest.mark.parametrize(
    ("seed", "count", "channels", "width", "height"),
    [(0, 80, 3, 61, 45), (1, 80, 5, 40, 70), (27, 400, 3, 19, 13), (5, 30, 8, 8, 32)],
)
def test_agrees_with_float64(fast, seed, count, channels, width, height):
    camera = camera_at_a_metre(width, height)
    scene = random_scene(seed, count, channels)
    scene = replace(scene, opacities=torch.cat([torch.ones(3), scene.opacities[3:]]))
    scene = clear_of_thresholds(scene, camera)
    assert len(scene.means) > count / 2
    drawn, exact = assert_agreement(fast, scene, camera)
    # gsplat rounds a radius up before it looks whether it reaches the image.
    seen = exact.radii > 0 if fast.backend == "gsplat" else slice(None)
    difference = (drawn.radii[seen] - exact.radii[seen]).abs()
    assert int(difference.max()) <= (1 if fast.slack > 1 else 0)


def test_opaque_tiles_agree_with_float64(fast):
    """Every pixel is finished long before the last Gaussian."""
    camera = camera_at_a_metre(24, 40)
    scene = random_scene(3, count=300)
    scene = replace(scene, scales=10.0 * scene.scales, opacities=0.5 + 0.4 * scene.opacities)
    _, exact = assert_agreement(fast, clear_of_thresholds(scene, camera), camera)
    assert float(exact.alpha.detach().min()) > 0.99


def test_the_slope_limit_agrees_with_float64(fast):
    """Gaussians beside a wide view, whose Jacobian is clamped."""
    scene, camera = beside_a_wide_view()
    scene = clear_of_thresholds(scene, camera)
    x, y, z = (
        scene.means.double() @ torch.from_numpy(camera.world_to_camera[:3, :3].T)
        + torch.from_numpy(camera.world_to_camera[:3, 3])
    ).unbind(-1)
    low_x, high_x, low_y, high_y = camera.slope_limits
    clamped = (x / z < low_x) | (x / z > high_x) | (y / z < low_y) | (y / z > high_y)
    drawn, _ = assert_agreement(fast, scene, camera)
    assert bool((drawn.radii[clamped] > 0).any())


@pytest.mark.parametrize("seed", range(3))
def test_images_agree_to_one_level(fast, seed):
    """Whatever lies at a threshold."""
    camera, scene = camera_at_a_metre(61, 45), random_scene(seed, count=200)
    drawn = fast.draw(scene.tensors(), camera)
    exact = ORACLE.draw(scene.to(torch.float64).tensors(), camera)
    assert float((drawn.colors - exact.colors).abs().max()) < 1 / 255
    assert float((drawn.alpha - exact.alpha).abs().max()) < 1 / 255


def test_gradients_of_the_reference():
    camera = axis_camera(size=5, focal=20.0)
    g = torch.Generator().manual_seed(0)
    count = 4
    inputs = (
        torch.tensor([0.0, 0.0, 2.0]) + 0.1 * torch.randn(count, 3, generator=g),
        torch.randn(count, 4, generator=g),
        0.3 + 0.1 * torch.rand(count, 3, generator=g),
        0.3 + 0.4 * torch.rand(count, generator=g),
        torch.rand(count, 2, generator=g),
        torch.zeros(count, 2),
    )

    def draw(*tensors):
        drawn = ORACLE.draw(tensors[:5], camera, tensors[5])
        return drawn.colors, drawn.alpha

    assert torch.autograd.gradcheck(draw, [t.double().requires_grad_() for t in inputs])
