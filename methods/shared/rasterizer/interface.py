"""Differentiable rasterization of 3D Gaussians: one function, several backends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Literal, Protocol, cast

from torch import Tensor

from ..backends import choose
from .camera import Camera

BackendName = Literal["torch", "numba", "gsplat"]

MAX_CHANNELS = 8


@dataclass(frozen=True)
class Gaussians:
    """What is drawn; each tensor may have a leading batch dimension or be shared by all frames.

    Attributes:
        means: ``[(B,) N, 3]`` world coordinates.
        quats: ``[(B,) N, 4]`` wxyz, any norm.
        scales: ``[(B,) N, 3]`` standard deviations.
        opacities: ``[(B,) N]`` in [0, 1].
        colors: ``[(B,) N, C]``.
        means2d_offset: ``[(B,) N, 2]`` pixels added to the projected means.
    """

    means: Tensor
    quats: Tensor
    scales: Tensor
    opacities: Tensor
    colors: Tensor
    means2d_offset: Tensor | None = None


@dataclass(frozen=True)
class Limits:
    """Constants of the projection.

    Attributes:
        near: Gaussians whose camera z is smaller are dropped.
        dilation: Variance in pixels^2 added to every footprint (gsplat's ``eps2d``).
    """

    near: float = 0.01
    dilation: float = 0.3


@dataclass(frozen=True)
class Rasterization:
    """Rendered Gaussians; ``rasterize_batch`` adds a leading batch dimension to each.

    Attributes:
        colors: ``[H, W, C]`` premultiplied by alpha, without a background.
        alpha: ``[H, W]`` in [0, 1].
        radii: ``[N]`` int32, pixels from the mean to where the Gaussian fades out; 0 if not drawn.
    """

    colors: Tensor
    alpha: Tensor
    radii: Tensor


class Backend(Protocol):
    """Draws one frame per camera and returns batched ``colors, alpha, radii``."""

    def __call__(
        self, gaussians: Gaussians, cameras: Sequence[Camera], limits: Limits
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Draw."""
        ...


# Module of this package that holds ``render``; imported when first asked for.
_BACKENDS = {"torch": ".reference", "numba": ".compiled", "gsplat": ".gsplat_backend"}
_BY_DEVICE = {"cpu": "numba", "cuda": "gsplat"}


def _backend(named: str | None, gaussians: Gaussians) -> Backend:
    name = choose(named, gaussians.means.device, _BY_DEVICE)
    if name not in _BACKENDS:
        raise ValueError(f"no rasterizer backend {name!r}; there are {', '.join(_BACKENDS)}")
    return cast(Backend, import_module(_BACKENDS[name], __package__).render)


def rasterize(
    means: Tensor,
    quats: Tensor,
    scales: Tensor,
    opacities: Tensor,
    colors: Tensor,
    camera: Camera,
    *,
    means2d_offset: Tensor | None = None,
    limits: Limits | None = None,
    backend: BackendName | None = None,
) -> Rasterization:
    """Draw one frame.

    Perspective EWA splatting with gsplat 1.5.3's constants: pixel centres at half integers, alpha
    at most 0.999 (a clamped pair passes no gradient), pairs below 1/255 skipped, a pixel finished
    by the first Gaussian that would push its transmittance to 1e-4 or less (which is not drawn).

    Args:
        means: ``[N, 3]`` world coordinates.
        quats: ``[N, 4]`` wxyz, any norm but zero.
        scales: ``[N, 3]`` standard deviations in world units.
        opacities: ``[N]`` in [0, 1].
        colors: ``[N, C]``, up to 8 channels of anything.
        camera: The view; gets no gradient.
        means2d_offset: ``[N, 2]`` pixels added to the projected means; zeros that require a
            gradient receive that of the projected means, for density control.
        limits: Near plane and dilation.
        backend: ``numba`` (float32, CPU), ``gsplat`` (float32, CUDA) or ``torch`` (any float type
            and device, slow, the reference); by default the one for the device of the tensors.

    Raises:
        Unavailable: gsplat is not installed, or has no CUDA kernels here.
        ValueError: A tensor has the wrong shape or type, or, on a CPU, holds NaN or infinity.
    """
    gaussians = Gaussians(means, quats, scales, opacities, colors, means2d_offset)
    _check_shapes(gaussians, batch=None)
    image, alpha, radii = _backend(backend, gaussians)(gaussians, [camera], limits or Limits())
    # Squeezing is a view in backward too; selecting would copy the image's gradient.
    return Rasterization(image.squeeze(0), alpha.squeeze(0), radii.squeeze(0))


def rasterize_batch(
    means: Tensor,
    quats: Tensor,
    scales: Tensor,
    opacities: Tensor,
    colors: Tensor,
    cameras: Sequence[Camera],
    *,
    means2d_offset: Tensor | None = None,
    limits: Limits | None = None,
    backend: BackendName | None = None,
) -> Rasterization:
    """Draw several frames: on as many threads as there are cores, or on a GPU in one go.

    Every tensor is either shared by all frames (as in :func:`rasterize`) or has a leading
    dimension of one entry per camera. The results have that leading dimension.

    Args:
        means: ``[(B,) N, 3]``.
        quats: ``[(B,) N, 4]``.
        scales: ``[(B,) N, 3]``.
        opacities: ``[(B,) N]``.
        colors: ``[(B,) N, C]``.
        cameras: B views of the same size.
        means2d_offset: ``[(B,) N, 2]``.
        limits: Near plane and dilation.
        backend: As in :func:`rasterize`.

    Raises:
        Unavailable: As in :func:`rasterize`.
        ValueError: As in :func:`rasterize`, or the views differ in size or there is none.
    """
    if len({(camera.width, camera.height) for camera in cameras}) != 1:
        raise ValueError("rasterize_batch needs one or more cameras of the same size")
    gaussians = Gaussians(means, quats, scales, opacities, colors, means2d_offset)
    _check_shapes(gaussians, batch=len(cameras))
    return Rasterization(*_backend(backend, gaussians)(gaussians, cameras, limits or Limits()))


def _check_shapes(gaussians: Gaussians, batch: int | None) -> None:
    count = gaussians.means.shape[-2] if gaussians.means.ndim >= 2 else -1
    channels = gaussians.colors.shape[-1] if gaussians.colors.ndim else 0
    expected: dict[str, tuple[int, ...]] = {
        "means": (count, 3),
        "quats": (count, 4),
        "scales": (count, 3),
        "opacities": (count,),
        "colors": (count, channels),
        "means2d_offset": (count, 2),
    }
    if not 1 <= channels <= MAX_CHANNELS:
        raise ValueError(f"colors must have 1 to {MAX_CHANNELS} channels, got {channels}")
    for name, shape in expected.items():
        tensor = getattr(gaussians, name)
        if tensor is None or tuple(tensor.shape) == shape:
            continue
        if batch is None or tuple(tensor.shape) != (batch, *shape):
            raise ValueError(f"{name} must have shape {shape}, got {tuple(tensor.shape)}")
