"""Our conventions are gsplat's: its PyTorch functions, and its whole pipeline, agree with ours."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tgbench.methods.shared.rasterizer import Gaussians
from tgbench.methods.shared.rasterizer.reference import project
from tgbench.methods.shared.spherical_harmonics import sh_to_rgb

from .scenes import LIMITS, Drawer, beside_a_wide_view, camera_at_a_metre, random_scene

gsplat = pytest.importorskip("gsplat")
twins = pytest.importorskip("gsplat.cuda._torch_impl")


def matrices(camera, dtype):
    lens = np.array([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]])
    return tuple(torch.from_numpy(matrix).to(dtype) for matrix in (camera.world_to_camera, lens))


@pytest.mark.parametrize(
    ("scene", "camera"),
    [
        *((random_scene(seed), camera_at_a_metre(61, 45)) for seed in range(3)),
        beside_a_wide_view(),
    ],
)
def test_projection_is_gsplats(scene, camera):
    scene = scene.to(torch.float64)
    pose, lens = matrices(camera, torch.float64)
    covariances, _ = twins._quat_scale_to_covar_preci(scene.quats, scene.scales)
    _, means2d, depths, conics, _ = twins._fully_fused_projection(
        scene.means, covariances, pose[None], lens[None], camera.width, camera.height,
        LIMITS.dilation, LIMITS.near,
    )  # fmt: skip
    ours, footprints, z = project(Gaussians(*scene.tensors()), camera, LIMITS)
    torch.testing.assert_close(ours, means2d[0], rtol=1e-12, atol=0)
    torch.testing.assert_close(z, depths[0], rtol=1e-12, atol=0)
    inverse = torch.linalg.inv(footprints)
    upper = torch.stack([inverse[:, 0, 0], inverse[:, 0, 1], inverse[:, 1, 1]], dim=-1)
    torch.testing.assert_close(upper, conics[0], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("degree", [0, 1, 2])
@pytest.mark.parametrize(
    ("backend", "dtype", "error"), [("torch", torch.float64, 1e-12), ("numba", torch.float32, 1e-5)]
)
def test_harmonics_are_gsplats(degree, backend, dtype, error):
    g = torch.Generator().manual_seed(degree)
    coefficients = torch.randn(200, 9, 3, generator=g, dtype=torch.float64).to(dtype)
    directions = torch.randn(200, 3, generator=g, dtype=torch.float64).to(dtype)
    theirs = twins._spherical_harmonics(degree, directions, coefficients)
    constant, higher = coefficients[:, 0], coefficients[:, 1:]
    ours = sh_to_rgb(constant, higher, directions, degree, backend=backend)
    # As gsplat.rasterization shifts and clamps them.
    torch.testing.assert_close(ours, torch.clamp_min(theirs + 0.5, 0.0), rtol=0, atol=error)


@pytest.mark.parametrize("channels", [3, 5, 7])
def test_the_pipeline_is_gsplats(gsplat_on_cpu, channels):
    """Our steps make what gsplat.rasterization makes of heads before one camera each."""
    cameras = [camera_at_a_metre(40, 33, focal) for focal in (40.0, 55.0)]
    scenes = [random_scene(seed, 30, channels) for seed in range(2)]
    tensors = [
        torch.stack(parts) for parts in zip(*(scene.tensors() for scene in scenes), strict=True)
    ]
    weights = torch.randn(2, 33, 40, channels, generator=torch.Generator().manual_seed(0))
    poses, lenses = zip(*(matrices(camera, torch.float32) for camera in cameras), strict=True)

    theirs = [tensor.clone().requires_grad_() for tensor in tensors]
    image, alpha, meta = gsplat.rasterization(
        *theirs,
        viewmats=torch.stack(poses)[:, None],
        Ks=torch.stack(lenses)[:, None],
        width=40,
        height=33,
        near_plane=LIMITS.near,
        eps2d=LIMITS.dilation,
        packed=False,
        render_mode="RGB",
        rasterize_mode="classic",
    )
    meta["means2d"].retain_grad()
    (image[:, 0] * weights).sum().backward()

    ours = [tensor.clone().requires_grad_() for tensor in tensors]
    offset = torch.zeros(2, 30, 2, requires_grad=True)
    drawn = Drawer("gsplat").draw_batch(ours, cameras, offset)
    (drawn.colors * weights).sum().backward()

    assert torch.equal(drawn.colors, image[:, 0])
    assert torch.equal(drawn.alpha, alpha[:, 0, ..., 0])
    assert torch.equal(drawn.radii, meta["radii"][:, 0].amax(-1))
    assert torch.equal(offset.grad, meta["means2d"].grad[:, 0])
    for value, truth in zip(ours, theirs, strict=True):
        assert torch.equal(value.grad, truth.grad)
