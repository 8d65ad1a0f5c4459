"""What every backend draws in cases that can be told by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from .scenes import (
    Scene,
    axis_camera,
    camera_at_a_metre,
    one_gaussian,
    random_scene,
    relative_error,
)


def test_one_gaussian_on_the_axis(drawer):
    focal, depth, scale, opacity = 100.0, 2.0, 0.04, 0.7
    drawn = drawer.draw(one_gaussian().tensors(), axis_camera(31, focal))
    variance = (focal * scale / depth) ** 2 + 0.3
    x = np.arange(31) - 15.0
    profile = opacity * np.exp(-(x**2) / (2 * variance))
    profile[profile < 1 / 255] = 0
    color = opacity * np.array([0.2, 0.5, 0.9])
    error = 1e-6 * drawer.slack
    np.testing.assert_allclose(drawn.alpha[15], profile, atol=error)
    np.testing.assert_allclose(drawn.alpha[:, 15], profile, atol=error)
    np.testing.assert_allclose(drawn.colors[15, 15], color, rtol=error)
    extent = math.sqrt(2 * math.log(255 * opacity) * variance)
    assert drawn.radii.dtype == torch.int32
    assert drawn.radii.tolist() == [math.ceil(extent)]


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_the_nearer_gaussian_occludes(drawer, order):
    near, far = (0.6, [1.0, 0.0, 0.0]), (0.8, [0.0, 1.0, 0.5])
    scene = Scene(
        means=torch.tensor([[0.0, 0.0, 2.0], [0.0, 0.0, 3.0]]),
        quats=torch.tensor([[1.0, 0.0, 0.0, 0.0]] * 2),
        scales=torch.full((2, 3), 0.05),
        opacities=torch.tensor([near[0], far[0]]),
        colors=torch.tensor([near[1], far[1]]),
    ).at(order)
    drawn = drawer.draw(scene.tensors(), axis_camera())
    expected = near[0] * np.array(near[1]) + (1 - near[0]) * far[0] * np.array(far[1])
    np.testing.assert_allclose(drawn.colors[15, 15], expected, rtol=1e-5)
    np.testing.assert_allclose(drawn.alpha[15, 15], 1 - 0.4 * 0.2, rtol=1e-5)


def test_alpha_is_clamped_without_gradient(drawer):
    scene = one_gaussian(opacities=[1.0])
    opacities = scene.opacities.requires_grad_()
    drawn = drawer.draw(scene.tensors(), axis_camera())
    centre = drawn.alpha[15, 15]
    assert float(centre.detach()) == pytest.approx(0.999, abs=1e-6)
    (gradient,) = torch.autograd.grad(centre, opacities)
    assert float(gradient) == 0.0


def test_a_pixel_ends_before_it_turns_opaque(drawer):
    scene = one_gaussian(opacities=[0.98]).at([0] * 5)
    scene = replace(scene, means=scene.means + torch.tensor([[0, 0, 0.1 * k] for k in range(5)]))
    drawn = drawer.draw(scene.tensors(), axis_camera())
    # Transmittance 0.02, 4e-4, 8e-6: the third would go below 1e-4 and is left out.
    assert float(drawn.alpha[15, 15]) == pytest.approx(1 - 4e-4, abs=1e-6)


@pytest.mark.parametrize(
    "changes",
    [
        {"means": [[0.0, 0.0, -2.0]]},
        {"means": [[0.0, 0.0, 0.009]]},
        {"means": [[9.0, 0.0, 2.0]]},
        {"opacities": [0.0039]},
        {"opacities": [0.0]},
    ],
    ids=["behind", "nearer than near", "beside", "too faint", "no opacity"],
)
def test_invisible_gaussians(drawer, changes):
    leaves = [tensor.requires_grad_() for tensor in one_gaussian(**changes).tensors()]
    offset = torch.zeros(1, 2, requires_grad=True)
    drawn = drawer.draw(leaves, axis_camera(), offset)
    (drawn.colors.sum() + drawn.alpha.sum()).backward()
    assert drawn.radii.tolist() == [0]
    assert not drawn.alpha.any()
    for leaf in (*leaves, offset):
        assert leaf.grad is None or not leaf.grad.any()


def test_no_gaussians(drawer):
    drawn = drawer.draw(one_gaussian().at([]).tensors(), axis_camera())
    assert drawn.colors.shape == (31, 31, 3)
    assert drawn.alpha.shape == (31, 31)
    assert not drawn.colors.any()
    assert drawn.radii.shape == (0,)
    assert drawn.radii.dtype == torch.int32


def test_offsets_move_the_projection(drawer):
    scene, camera = random_scene(4, count=10), camera_at_a_metre(61, 45)
    offset = torch.tensor([[3.0, -2.0]]).expand(10, 2)
    still = drawer.draw(scene.tensors(), camera).colors
    moved = drawer.draw(scene.tensors(), camera, offset).colors
    error = (moved[3:-5, 5:-5] - still[5:-3, 2:-8]).abs()
    assert float(error.quantile(0.999)) < 1e-5 * drawer.slack


def test_only_what_is_asked_for_gets_a_gradient(drawer):
    for position in range(6):
        tensors = [*one_gaussian().tensors(), torch.zeros(1, 2)]
        tensors[position].requires_grad_()
        drawn = drawer.draw(tensors[:5], axis_camera(), tensors[5])
        (drawn.colors[:, :12] ** 2).sum().backward()
        assert [tensor.grad is not None for tensor in tensors] == [k == position for k in range(6)]


def test_nothing_is_tracked_without_need(drawer):
    with torch.inference_mode():
        drawn = drawer.draw(one_gaussian().tensors(), axis_camera())
    assert not drawn.colors.requires_grad


@pytest.mark.parametrize("own_offset", [True, False])
def test_a_batch_is_its_frames(drawer, own_offset):
    """Means and scales per frame; the rest shared, so that its gradients add up."""
    frames, count = 3, 20
    cameras = [camera_at_a_metre(21, 17, focal) for focal in (30.0, 40.0, 50.0)]
    scene = random_scene(0, count).to(torch.float32)
    g = torch.Generator().manual_seed(1)
    means = scene.means + 0.05 * torch.randn(frames, count, 3, generator=g)
    scales = scene.scales * (1 + 0.2 * torch.rand(frames, count, 3, generator=g))
    offset = torch.zeros(frames, count, 2) if own_offset else torch.zeros(count, 2)
    tensors = [means, scene.quats, scales, scene.opacities, scene.colors, offset]
    leaves = [tensor.clone().requires_grad_() for tensor in tensors]
    weights = torch.randn(frames, 17, 21, 3, generator=g)

    batch = drawer.draw_batch(leaves[:5], cameras, leaves[5])
    (batch.colors * weights).sum().backward()

    singles = [tensor.clone().requires_grad_() for tensor in tensors]
    for b, camera in enumerate(cameras):
        ranks = (2, 2, 2, 1, 2, 2)
        picked = [t[b] if t.ndim > rank else t for t, rank in zip(singles, ranks, strict=True)]
        drawn = drawer.draw(picked[:5], camera, picked[5])
        (drawn.colors * weights[b]).sum().backward()
        assert torch.equal(drawn.colors, batch.colors[b])
        assert torch.equal(drawn.alpha, batch.alpha[b])
        assert torch.equal(drawn.radii, batch.radii[b])
    for value, truth in zip(leaves, singles, strict=True):
        assert relative_error(value.grad, truth.grad) < 1e-6 * drawer.slack


def test_views_of_one_scene(drawer):
    """Nothing per frame but the camera."""
    cameras = [camera_at_a_metre(21, 17, focal) for focal in (30.0, 50.0)]
    tensors = random_scene(0, 20).tensors()
    batch = drawer.draw_batch(tensors, cameras)
    for b, camera in enumerate(cameras):
        assert torch.equal(batch.colors[b], drawer.draw(tensors, camera).colors)
