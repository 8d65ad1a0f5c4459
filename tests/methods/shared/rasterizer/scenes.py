"""Scenes, cameras and what draws them, for the tests of the rasterizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from tgbench.methods.shared.rasterizer import (
    BackendName,
    Camera,
    Gaussians,
    Limits,
    Rasterization,
    rasterize,
    rasterize_batch,
)
from tgbench.methods.shared.rasterizer.reference import pixel_alphas, project

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


@dataclass(frozen=True)
class Drawer:
    """A backend on a device; takes tensors of the CPU and returns such.

    `slack` widens tolerances for kernels compiled with fast, inexact arithmetic.
    """

    backend: BackendName
    device: str = "cpu"
    slack: float = 1.0

    def draw(
        self,
        tensors: Sequence[torch.Tensor],
        camera: Camera,
        offset: torch.Tensor | None = None,
    ) -> Rasterization:
        moved, offset = self._move(tensors, offset)
        return _on_cpu(rasterize(*moved, camera, means2d_offset=offset, backend=self.backend))

    def draw_batch(
        self,
        tensors: Sequence[torch.Tensor],
        cameras: Sequence[Camera],
        offset: torch.Tensor | None = None,
    ) -> Rasterization:
        moved, offset = self._move(tensors, offset)
        drawn = rasterize_batch(*moved, cameras, means2d_offset=offset, backend=self.backend)
        return _on_cpu(drawn)

    def _move(self, tensors: Sequence[torch.Tensor], offset: torch.Tensor | None):
        offset = None if offset is None else offset.to(self.device)
        return [tensor.to(self.device) for tensor in tensors], offset


def _on_cpu(drawn: Rasterization) -> Rasterization:
    return Rasterization(drawn.colors.cpu(), drawn.alpha.cpu(), drawn.radii.cpu())


ORACLE = Drawer("torch")
COMPILED = Drawer("numba")


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


def beside_a_wide_view() -> tuple[Scene, Camera]:
    """Gaussians of which some have their Jacobian clamped."""
    scene = random_scene(11, count=60)
    scene = replace(scene, means=scene.means * 6.0, scales=scene.scales * 12.0)
    return scene, camera_at_a_metre(24, 20, focal=9.0)


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


def gradients(scene: Scene, camera: Camera, drawer: Drawer, dtype: torch.dtype):
    """Image, alpha, radii and the gradients of a random linear loss, offsets included."""
    leaves = [tensor.to(dtype, copy=True).requires_grad_() for tensor in scene.tensors()]
    offset = torch.zeros(len(scene.means), 2, dtype=dtype, requires_grad=True)
    drawn = drawer.draw(leaves, camera, offset)
    g = torch.Generator().manual_seed(7)
    loss = (drawn.colors * torch.randn(drawn.colors.shape, generator=g)).sum()
    loss = loss + (drawn.alpha * torch.randn(drawn.alpha.shape, generator=g)).sum()
    loss.backward()
    return drawn, [leaf.grad for leaf in (*leaves, offset)]


def relative_error(value: torch.Tensor, truth: torch.Tensor) -> float:
    return float((value - truth).norm() / truth.norm())
