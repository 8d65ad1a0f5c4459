from __future__ import annotations

import math
import platform
import re
from dataclasses import dataclass, fields, replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from scipy.spatial.transform import Rotation

from tgbench.methods.talkinggaussian.rasterizer import (
    Camera,
    Gaussians,
    Limits,
    map_frames,
    rasterize,
    rasterize_batch,
)
from tgbench.methods.talkinggaussian.rasterizer.blending import blend, blend_backward
from tgbench.methods.talkinggaussian.rasterizer.reference import pixel_alphas, project

BACKENDS = ("torch", "numba")
THRESHOLD_MARGIN = 3e-4
LIMITS = Limits()


@dataclass(frozen=True)
class Scene:
    means: torch.Tensor
    quats: torch.Tensor
    scales: torch.Tensor
    opacities: torch.Tensor
    colors: torch.Tensor

    def tensors(self) -> list[torch.Tensor]:
        return [getattr(self, field.name) for field in fields(self)]

    def at(self, index) -> Scene:
        return Scene(*(tensor[index] for tensor in self.tensors()))

    def to(self, dtype: torch.dtype) -> Scene:
        return Scene(*(tensor.to(dtype) for tensor in self.tensors()))


def camera_at_a_metre(width: int, height: int, focal: float = 60.0) -> Camera:
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_euler("xyz", [5, -8, 12], degrees=True).as_matrix()
    pose[:3, 3] = pose[:3, :3] @ [0.0, 0.0, 1.0]
    return Camera.from_pose(pose, focal, width / 2 + 0.7, height / 2 - 0.4, width, height)


def axis_camera(size: int = 31, focal: float = 100.0) -> Camera:
    return Camera(np.eye(4), focal, focal, size / 2, size / 2, size, size)


def random_scene(seed: int, count: int = 80, channels: int = 3) -> Scene:
    g = torch.Generator().manual_seed(seed)
    return Scene(
        means=0.25 * torch.randn(count, 3, generator=g),
        quats=torch.randn(count, 4, generator=g),
        scales=0.04 * torch.exp(0.6 * torch.randn(count, 3, generator=g)),
        opacities=torch.sigmoid(2.0 * torch.randn(count, generator=g)),
        colors=torch.rand(count, channels, generator=g),
    )


def one_gaussian(**changes) -> Scene:
    scene = Scene(
        means=torch.tensor([[0.0, 0.0, 2.0]]),
        quats=torch.tensor([[1.0, 0.0, 0.0, 0.0]]),
        scales=torch.full((1, 3), 0.04),
        opacities=torch.tensor([0.7]),
        colors=torch.tensor([[0.2, 0.5, 0.9]]),
    )
    return replace(scene, **{name: torch.tensor(value) for name, value in changes.items()})


def clear_of_thresholds(scene: Scene, camera: Camera) -> Scene:
    """Without the Gaussians of which some pixel lies so close to a threshold that it may flip."""
    double = scene.to(torch.float64)
    means2d, covariances, depths = project(Gaussians(*double.tensors()), camera, LIMITS)
    exact = _unclamped_alphas(means2d, covariances, double.opacities, camera)
    near = ((255.0 * exact - 1.0).abs() < THRESHOLD_MARGIN) | (
        (exact / 0.999 - 1.0).abs() < THRESHOLD_MARGIN
    )
    kept = scene.at(~near.flatten(1).any(1) & (depths > LIMITS.near))
    order = torch.argsort(_depths(kept, camera))
    assert _transmittance_is_clear(kept.at(order), camera), "choose another seed"
    return kept


def _unclamped_alphas(means2d, covariances, opacities, camera: Camera) -> torch.Tensor:
    x = torch.arange(camera.width, dtype=torch.float64) + 0.5
    y = torch.arange(camera.height, dtype=torch.float64) + 0.5
    pixels = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)
    d = pixels[None] - means2d[:, None, None]
    power = torch.einsum("nhwi,nij,nhwj->nhw", d, torch.linalg.inv(covariances), d)
    return opacities[:, None, None] * torch.exp(-0.5 * power)


def _depths(scene: Scene, camera: Camera) -> torch.Tensor:
    return scene.means.double() @ torch.from_numpy(camera.world_to_camera[2, :3])


def _transmittance_is_clear(ordered: Scene, camera: Camera) -> bool:
    double = ordered.to(torch.float64)
    means2d, covariances, _ = project(Gaussians(*double.tensors()), camera, LIMITS)
    alphas = pixel_alphas(means2d, covariances, double.opacities, camera.width, camera.height)
    after = torch.cumprod(1.0 - alphas, dim=0)
    return bool(((after / 1e-4 - 1.0).abs() > THRESHOLD_MARGIN).all())


def gradients(scene: Scene, camera: Camera, backend: str, dtype: torch.dtype):
    """Image, alpha, radii and the gradients of a random linear loss, offsets included."""
    leaves = [tensor.to(dtype, copy=True).requires_grad_() for tensor in scene.tensors()]
    offset = torch.zeros(len(scene.means), 2, dtype=dtype, requires_grad=True)
    drawn = rasterize(*leaves, camera, means2d_offset=offset, backend=backend)
    g = torch.Generator().manual_seed(7)
    loss = (drawn.colors * torch.randn(drawn.colors.shape, generator=g)).sum()
    loss = loss + (drawn.alpha * torch.randn(drawn.alpha.shape, generator=g)).sum()
    loss.backward()
    return drawn, [leaf.grad for leaf in (*leaves, offset)]


def relative_error(value: torch.Tensor, truth: torch.Tensor) -> float:
    return float((value - truth).norm() / truth.norm())


# Sizes are not multiples of the tile; 400 Gaussians on few pixels make most opaque.
@pytest.mark.parametrize(
    ("seed", "count", "channels", "width", "height"),
    [(0, 80, 3, 61, 45), (1, 80, 5, 40, 70), (27, 400, 3, 19, 13), (5, 30, 8, 8, 32)],
)
def test_compiled_agrees_with_float64(seed, count, channels, width, height):
    camera = camera_at_a_metre(width, height)
    scene = random_scene(seed, count, channels)
    scene = replace(scene, opacities=torch.cat([torch.ones(3), scene.opacities[3:]]))
    scene = clear_of_thresholds(scene, camera)
    assert len(scene.means) > count / 2

    fast, fast_gradients = gradients(scene, camera, "numba", torch.float32)
    exact, exact_gradients = gradients(scene, camera, "torch", torch.float64)

    assert float((fast.colors - exact.colors).detach().abs().max()) < 1e-5
    assert float((fast.alpha - exact.alpha).detach().abs().max()) < 1e-5
    assert torch.equal(fast.radii, exact.radii)
    for value, truth in zip(fast_gradients, exact_gradients, strict=True):
        assert relative_error(value, truth) < 1e-4


def test_opaque_tiles_agree_with_float64():
    """Every pixel is finished long before the last Gaussian."""
    camera = camera_at_a_metre(24, 40)
    scene = random_scene(3, count=300)
    scene = replace(scene, scales=10.0 * scene.scales, opacities=0.5 + 0.4 * scene.opacities)
    scene = clear_of_thresholds(scene, camera)
    fast, fast_gradients = gradients(scene, camera, "numba", torch.float32)
    exact, exact_gradients = gradients(scene, camera, "torch", torch.float64)
    assert float(exact.alpha.detach().min()) > 0.99
    assert float((fast.colors - exact.colors).detach().abs().max()) < 1e-5
    for value, truth in zip(fast_gradients, exact_gradients, strict=True):
        assert relative_error(value, truth) < 1e-4


def test_the_slope_limit_agrees_with_float64():
    """Gaussians beside a wide view, whose Jacobian is clamped."""
    camera = camera_at_a_metre(24, 20, focal=9.0)
    scene = random_scene(11, count=60)
    scene = replace(scene, means=scene.means * 6.0, scales=scene.scales * 12.0)
    scene = clear_of_thresholds(scene, camera)
    x, y, z = (
        scene.means.double() @ torch.from_numpy(camera.world_to_camera[:3, :3].T)
        + torch.from_numpy(camera.world_to_camera[:3, 3])
    ).unbind(-1)
    low_x, high_x, low_y, high_y = camera.slope_limits
    clamped = (x / z < low_x) | (x / z > high_x) | (y / z < low_y) | (y / z > high_y)
    fast, fast_gradients = gradients(scene, camera, "numba", torch.float32)
    exact, exact_gradients = gradients(scene, camera, "torch", torch.float64)
    assert bool((fast.radii[clamped] > 0).any())
    assert float((fast.colors - exact.colors).detach().abs().max()) < 1e-5
    for value, truth in zip(fast_gradients, exact_gradients, strict=True):
        assert relative_error(value, truth) < 1e-4


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
        drawn = rasterize(*tensors[:5], camera, means2d_offset=tensors[5], backend="torch")
        return drawn.colors, drawn.alpha

    assert torch.autograd.gradcheck(draw, [t.double().requires_grad_() for t in inputs])


@pytest.mark.parametrize("backend", BACKENDS)
def test_one_gaussian_on_the_axis(backend):
    focal, depth, scale, opacity = 100.0, 2.0, 0.04, 0.7
    drawn = rasterize(*one_gaussian().tensors(), axis_camera(31, focal), backend=backend)
    variance = (focal * scale / depth) ** 2 + 0.3
    x = np.arange(31) - 15.0
    profile = opacity * np.exp(-(x**2) / (2 * variance))
    profile[profile < 1 / 255] = 0
    np.testing.assert_allclose(drawn.alpha[15], profile, atol=1e-6)
    np.testing.assert_allclose(drawn.alpha[:, 15], profile, atol=1e-6)
    np.testing.assert_allclose(drawn.colors[15, 15], opacity * np.array([0.2, 0.5, 0.9]), rtol=1e-6)
    extent = math.sqrt(2 * math.log(255 * opacity) * variance)
    assert drawn.radii.tolist() == [math.ceil(extent)]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_the_nearer_gaussian_occludes(backend, order):
    near, far = (0.6, [1.0, 0.0, 0.0]), (0.8, [0.0, 1.0, 0.5])
    scene = Scene(
        means=torch.tensor([[0.0, 0.0, 2.0], [0.0, 0.0, 3.0]]),
        quats=torch.tensor([[1.0, 0.0, 0.0, 0.0]] * 2),
        scales=torch.full((2, 3), 0.05),
        opacities=torch.tensor([near[0], far[0]]),
        colors=torch.tensor([near[1], far[1]]),
    ).at(order)
    drawn = rasterize(*scene.tensors(), axis_camera(), backend=backend)
    expected = near[0] * np.array(near[1]) + (1 - near[0]) * far[0] * np.array(far[1])
    np.testing.assert_allclose(drawn.colors[15, 15], expected, rtol=1e-5)
    np.testing.assert_allclose(drawn.alpha[15, 15], 1 - 0.4 * 0.2, rtol=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_alpha_is_clamped_without_gradient(backend):
    scene = one_gaussian(opacities=[1.0])
    opacities = scene.opacities.requires_grad_()
    drawn = rasterize(*scene.tensors(), axis_camera(), backend=backend)
    centre = drawn.alpha[15, 15]
    assert float(centre.detach()) == pytest.approx(0.999, abs=1e-6)
    (gradient,) = torch.autograd.grad(centre, opacities)
    assert float(gradient) == 0.0


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_pixel_ends_before_it_turns_opaque(backend):
    scene = one_gaussian(opacities=[0.98]).at([0] * 5)
    scene = replace(scene, means=scene.means + torch.tensor([[0, 0, 0.1 * k] for k in range(5)]))
    drawn = rasterize(*scene.tensors(), axis_camera(), backend=backend)
    # Transmittance 0.02, 4e-4, 8e-6: the third would go below 1e-4 and is left out.
    assert float(drawn.alpha[15, 15]) == pytest.approx(1 - 4e-4, abs=1e-6)


@pytest.mark.parametrize("backend", BACKENDS)
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
def test_invisible_gaussians(backend, changes):
    leaves = [tensor.requires_grad_() for tensor in one_gaussian(**changes).tensors()]
    drawn = rasterize(*leaves, axis_camera(), backend=backend)
    (drawn.colors.sum() + drawn.alpha.sum()).backward()
    assert drawn.radii.tolist() == [0]
    assert not drawn.alpha.any()
    for leaf in leaves:
        assert leaf.grad is None or not leaf.grad.any()


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_gaussians(backend):
    drawn = rasterize(*one_gaussian().at([]).tensors(), axis_camera(), backend=backend)
    assert drawn.colors.shape == (31, 31, 3)
    assert not drawn.colors.any()
    assert drawn.radii.shape == (0,)


@pytest.mark.parametrize("backend", BACKENDS)
def test_offsets_move_the_projection(backend):
    scene, camera = random_scene(4, count=10), camera_at_a_metre(61, 45)
    offset = torch.tensor([[3.0, -2.0]]).expand(10, 2)
    still = rasterize(*scene.tensors(), camera, backend=backend).colors
    moved = rasterize(*scene.tensors(), camera, means2d_offset=offset, backend=backend).colors
    error = (moved[3:-5, 5:-5] - still[5:-3, 2:-8]).abs()
    assert float(error.quantile(0.999)) < 1e-5


def test_projection_against_scipy_and_finite_differences():
    """The footprint is the true projection's derivative applied to R S S R^T."""
    camera = camera_at_a_metre(61, 45)
    scene = random_scene(2, count=6).to(torch.float64)
    scene = replace(scene, means=0.3 * scene.means)  # within the slope limits
    means2d, covariances, depths = project(Gaussians(*scene.tensors()), camera, LIMITS)

    def pixel(point):
        x, y, z = camera.world_to_camera[:3, :3] @ point + camera.world_to_camera[:3, 3]
        return np.array([camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy]), z

    for n in range(6):
        mean = scene.means[n].numpy()
        step = 1e-6 * np.eye(3)
        jacobian = np.stack(
            [(pixel(mean + d)[0] - pixel(mean - d)[0]) / 2e-6 for d in step], axis=1
        )
        rotation = Rotation.from_quat(scene.quats[n].numpy()[[1, 2, 3, 0]]).as_matrix()
        spread = rotation @ np.diag(scene.scales[n].numpy() ** 2) @ rotation.T
        expected = jacobian @ spread @ jacobian.T + 0.3 * np.eye(2)
        np.testing.assert_allclose(covariances[n], expected, rtol=1e-6)
        np.testing.assert_allclose(means2d[n], pixel(mean)[0], rtol=1e-12)
        np.testing.assert_allclose(depths[n], pixel(mean)[1], rtol=1e-12)


def test_camera_from_an_opengl_pose():
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_euler("y", 30, degrees=True).as_matrix()
    pose[:3, 3] = [0.1, -0.2, 0.7]
    camera = Camera.from_pose(pose, 500.0, 120.0, 90.0, 256, 200)
    # In OpenGL's frame: right, up, in front.
    world = pose @ [0.05, 0.02, -1.0, 1.0]
    x, y, z = (camera.world_to_camera @ world)[:3]
    assert (x, y, z) == pytest.approx((0.05, -0.02, 1.0))
    assert camera.position == pytest.approx(pose[:3, 3])


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31), angles=st.tuples(*[st.floats(-180, 180)] * 3))
def test_moving_world_and_camera_together_changes_nothing(seed, angles):
    scene, camera = random_scene(seed, count=12).to(torch.float64), camera_at_a_metre(21, 17)
    rotation = Rotation.from_euler("xyz", angles, degrees=True)
    motion = np.eye(4)
    motion[:3, :3], motion[:3, 3] = rotation.as_matrix(), [0.3, -1.0, 2.0]
    quats = rotation * Rotation.from_quat(scene.quats[:, [1, 2, 3, 0]].numpy())
    moved_scene = replace(
        scene,
        means=scene.means @ torch.from_numpy(motion[:3, :3].T) + torch.from_numpy(motion[:3, 3]),
        quats=torch.from_numpy(quats.as_quat()[:, [3, 0, 1, 2]]) * 1.7,
    )
    moved_camera = replace(camera, world_to_camera=camera.world_to_camera @ np.linalg.inv(motion))
    still = rasterize(*scene.tensors(), camera, backend="torch").colors
    moved = rasterize(*moved_scene.tensors(), moved_camera, backend="torch").colors
    assert float((still - moved).abs().max()) < 1e-9


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_the_order_of_the_list_does_not_matter(seed):
    scene, camera = random_scene(seed, count=50), camera_at_a_metre(21, 17)
    shuffle = torch.randperm(50, generator=torch.Generator().manual_seed(seed))
    first = rasterize(*scene.tensors(), camera)
    second = rasterize(*scene.at(shuffle).tensors(), camera)
    assert torch.equal(first.colors, second.colors)
    assert torch.equal(first.radii[shuffle], second.radii)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_batch_is_its_frames(backend):
    """Means and scales per frame; the rest shared, so that its gradients add up."""
    frames, count = 3, 20
    cameras = [camera_at_a_metre(21, 17, focal) for focal in (30.0, 40.0, 50.0)]
    scene = random_scene(0, count).to(torch.float32)
    g = torch.Generator().manual_seed(1)
    means = scene.means + 0.05 * torch.randn(frames, count, 3, generator=g)
    scales = scene.scales * (1 + 0.2 * torch.rand(frames, count, 3, generator=g))
    tensors = [means, scene.quats, scales, scene.opacities, scene.colors]
    leaves = [tensor.clone().requires_grad_() for tensor in tensors]
    offset = torch.zeros(frames, count, 2, requires_grad=True)
    weights = torch.randn(frames, 17, 21, 3, generator=g)

    batch = rasterize_batch(*leaves, cameras, means2d_offset=offset, backend=backend)
    (batch.colors * weights).sum().backward()

    singles = [tensor.clone().requires_grad_() for tensor in tensors]
    single_offset = torch.zeros(frames, count, 2, requires_grad=True)
    for b, camera in enumerate(cameras):
        picked = [
            t[b] if t.ndim > rank else t for t, rank in zip(singles, (2, 2, 2, 1, 2), strict=True)
        ]
        drawn = rasterize(*picked, camera, means2d_offset=single_offset[b], backend=backend)
        (drawn.colors * weights[b]).sum().backward()
        assert torch.equal(drawn.colors, batch.colors[b])
        assert torch.equal(drawn.alpha, batch.alpha[b])
        assert torch.equal(drawn.radii, batch.radii[b])
    for value, truth in zip([*leaves, offset], [*singles, single_offset], strict=True):
        assert relative_error(value.grad, truth.grad) < 1e-6


def test_repeats_are_bitwise_equal():
    scene, camera = random_scene(8, count=200), camera_at_a_metre(61, 45)
    first, first_gradients = gradients(scene, camera, "numba", torch.float32)
    second, second_gradients = gradients(scene, camera, "numba", torch.float32)
    assert torch.equal(first.colors, second.colors)
    for one, other in zip(first_gradients, second_gradients, strict=True):
        assert torch.equal(one, other)


def test_only_what_is_asked_for_gets_a_gradient():
    leaves = one_gaussian().tensors()
    leaves[4].requires_grad_()
    rasterize(*leaves, axis_camera()).colors.sum().backward()
    assert leaves[4].grad is not None
    assert all(leaf.grad is None for leaf in leaves[:4])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("position", "name", "value"),
    [
        (k, name, value)
        for k, name in enumerate(["means", "quats", "scales", "opacities", "colors"])
        for value in (math.nan, -math.inf)
    ],
)
def test_non_finite_input_is_named(backend, position, name, value):
    tensors = random_scene(0, count=40).tensors()
    tensors[position].view(-1)[17] = value
    with pytest.raises(ValueError, match=name):
        rasterize(*tensors, axis_camera(), backend=backend)


def test_wrong_inputs_are_named():
    tensors, camera = one_gaussian().tensors(), axis_camera()
    with pytest.raises(ValueError, match="quats must have shape"):
        rasterize(tensors[0], tensors[2], *tensors[2:], camera)
    with pytest.raises(ValueError, match="channels"):
        rasterize(*tensors[:4], torch.zeros(1, 9), camera)
    with pytest.raises(ValueError, match="no rasterizer backend 'cuda'"):
        rasterize(*tensors, camera, backend="cuda")
    with pytest.raises(ValueError, match=r"float32.*means"):
        rasterize(tensors[0].double(), *tensors[1:], camera)
    with pytest.raises(ValueError, match="same size"):
        rasterize_batch(*tensors, [axis_camera(31), axis_camera(32)])
    with pytest.raises(ValueError, match="same size"):
        rasterize_batch(*tensors, [])
    with pytest.raises(ValueError, match="4x4"):
        Camera(np.eye(3), 1.0, 1.0, 0.0, 0.0, 4, 4)
    with pytest.raises(ValueError, match="empty"):
        Camera(np.eye(4), 1.0, 1.0, 0.0, 0.0, 0, 4)


@pytest.mark.parametrize("changed", ["colors", "drawn"])
def test_changes_in_place_before_backward_are_noticed(changed):
    leaves = [tensor.requires_grad_() for tensor in one_gaussian().tensors()]
    drawn = rasterize(*leaves, axis_camera())
    with torch.no_grad():
        (leaves[4] if changed == "colors" else drawn.colors).mul_(2.0)
    with pytest.raises(RuntimeError, match="inplace"):
        drawn.colors.sum().backward()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="looks for x86 instructions")
@pytest.mark.parametrize("compiled", [blend, blend_backward])
def test_blending_is_vectorized(compiled):
    """Harmless edits can cost LLVM's vectorization and with it a factor of 7."""
    leaves = [tensor.requires_grad_() for tensor in one_gaussian().tensors()]
    rasterize(*leaves, axis_camera()).colors.sum().backward()
    options = {key: value for key, value in compiled.targetoptions.items() if key != "nopython"}
    fresh = njit(**options)(compiled.py_func)
    fresh.compile(compiled.signatures[0])
    (assembly,) = fresh.inspect_asm().values()
    packed = re.findall(r"\bv?(?:mul|fn?m(?:add|sub)\d+)ps\b", assembly)
    assert len(packed) > 10


def test_a_footprint_wider_than_an_integer():
    """Close to the camera and huge: all pixels see the middle of it."""
    scene = one_gaussian(means=[[0.0, 0.0, 0.02]], scales=[[1e18, 1e18, 1e-3]])
    leaves = [tensor.requires_grad_() for tensor in scene.tensors()]
    drawn = rasterize(*leaves, axis_camera())
    drawn.colors.sum().backward()
    torch.testing.assert_close(drawn.alpha, torch.full((31, 31), 0.7))
    assert all(bool(torch.isfinite(leaf.grad).all()) for leaf in leaves)


def test_frames_are_mapped_in_order_and_may_nest():
    def nested(row: int) -> list[int]:
        return map_frames(lambda column: 10 * row + column, range(5))

    assert map_frames(nested, range(8)) == [[10 * r + c for c in range(5)] for r in range(8)]


def test_a_frames_exception_comes_through():
    def fail(frame: int) -> None:
        if frame == 3:
            raise KeyError("frame 3")

    with pytest.raises(KeyError, match="frame 3"):
        map_frames(fail, range(6))


def test_a_camera_is_the_inverse_of_its_pose_with_y_and_z_turned():
    turn = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(0)))[0]
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = turn.double().numpy(), (0.1, -0.2, 0.9)
    camera = Camera.from_pose(pose, 50.0, 8.0, 8.0, 16, 16)
    expected = np.diag([1.0, -1.0, -1.0, 1.0]) @ np.linalg.inv(pose)
    np.testing.assert_allclose(camera.world_to_camera, expected, atol=1e-6)
    np.testing.assert_allclose(camera.position, pose[:3, 3], atol=1e-6)
    with pytest.raises(ValueError, match="rigid"):
        Camera.from_pose(1.1 * pose, 50.0, 8.0, 8.0, 16, 16)
