"""View-dependent colour from spherical harmonics up to degree 2, as in 3D Gaussian Splatting.

Real spherical harmonics in the sign convention of Plenoxels and 3DGS; the colour is the
expansion plus 0.5, clamped at 0.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from .backends import choose
from .njit import Floats, kernel
from .threads import in_halves

BackendName = Literal["torch", "numba"]

MAX_DEGREE = 2

_BY_DEVICE = {"cpu": "numba", "cuda": "torch"}

# Of degrees 0 to 2: the roots of 1 / 4 pi, 3 / 4 pi, 15 / 4 pi, 5 / 16 pi, 15 / 16 pi.
_CONSTANTS = (
    0.28209479177387814,
    0.4886025119029199,
    1.0925484305920792,
    0.31539156525252005,
    0.5462742152960396,
)
_CUBIC = (
    0.5900435899266435,
    2.890611442640554,
    0.4570457994644658,
    0.3731763325901154,
    1.445305721320277,
)
"""sqrt(35 / 32 pi), sqrt(105 / 4 pi), sqrt(21 / 32 pi), sqrt(7 / 16 pi), sqrt(105 / 16 pi)."""

_K0, _K1, _K2, _K3, _K4 = (np.float32(constant) for constant in _CONSTANTS)
_ZERO = np.float32(0)
_ONE = np.float32(1)
_TWO = np.float32(2)
_HALF = np.float32(0.5)
_TINY = np.float32(1e-24)


def sh_to_rgb(
    constant: Tensor,
    higher: Tensor,
    directions: Tensor,
    degree: int = MAX_DEGREE,
    *,
    backend: BackendName | None = None,
) -> Tensor:
    """Colour of every Gaussian as seen along a direction.

    Args:
        constant: ``[N, 3]``, the coefficients of degree 0.
        higher: ``[N, K, 3]``, those of degrees 1, 2 and so on, with K at least
            ``(degree + 1) ** 2 - 1``; the rest is ignored.
        directions: ``[N, 3]`` from the camera to the Gaussian, any length but zero.
        degree: 0, 1 or 2.
        backend: ``numba`` (float32, CPU) or ``torch`` (any float type and device); by default the
            one for the device of the coefficients.

    Returns:
        ``[N, 3]``, at least 0; all tensor arguments get gradients.

    Raises:
        ValueError: The degree or a shape does not fit, or the backend cannot take the tensors.
    """
    count, terms = len(directions), (degree + 1) ** 2 - 1
    if not 0 <= degree <= MAX_DEGREE:
        raise ValueError(f"degree must be 0 to {MAX_DEGREE}, got {degree}")
    if higher.ndim != 3 or higher.shape[1] < terms:
        raise ValueError(f"degree {degree} needs more coefficients: {tuple(higher.shape)}")
    if not constant.shape == directions.shape == (count, 3) or higher.shape[::2] != (count, 3):
        shapes = [tuple(tensor.shape) for tensor in (constant, higher, directions)]
        raise ValueError(f"shapes do not fit: {', '.join(map(str, shapes))}")
    name = choose(backend, constant.device, _BY_DEVICE)
    if name == "torch":
        basis = harmonics_basis(torch.nn.functional.normalize(directions, dim=-1), degree)
        expansion = torch.einsum("nk,nkc->nc", basis[:, 1:], higher[:, :terms])
        return (basis[:, :1] * constant + expansion + 0.5).clamp_min(0.0)
    if name != "numba":
        raise ValueError(f"no harmonics backend {name!r}; there are torch, numba")
    tensors = constant, higher, directions
    if any(t.dtype != torch.float32 or t.device.type != "cpu" for t in tensors):
        raise ValueError("the numba harmonics need float32 tensors on the CPU")
    return _ShToRgb.apply(*tensors, degree)


def harmonics_basis(directions: Tensor, degree: int) -> Tensor:
    """Spherical harmonics ``[N, (degree + 1)^2]`` of unit directions ``[N, 3]``, to degree 3."""
    x, y, z = directions.unbind(-1)
    k0, k1, k2, k3, k4 = _CONSTANTS
    terms = [torch.full_like(x, k0)]
    if degree > 0:
        terms += [-k1 * y, k1 * z, -k1 * x]
    if degree > 1:
        terms += [
            k2 * x * y,
            -k2 * y * z,
            k3 * (2 * z * z - x * x - y * y),
            -k2 * x * z,
            k4 * (x * x - y * y),
        ]
    if degree > 2:
        c1, c2, c3, c4, c5 = _CUBIC
        terms += [
            -c1 * y * (3 * x * x - y * y),
            c2 * x * y * z,
            -c3 * y * (4 * z * z - x * x - y * y),
            c4 * z * (2 * z * z - 3 * x * x - 3 * y * y),
            -c3 * x * (4 * z * z - x * x - y * y),
            c5 * z * (x * x - y * y),
            -c1 * x * (x * x - 3 * y * y),
        ]
    return torch.stack(terms, dim=-1)


class _ShToRgb(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, constant: Tensor, higher: Tensor, directions: Tensor, degree: int
    ) -> Tensor:
        inputs = [tensor.contiguous() for tensor in (constant, higher, directions)]
        rgb = torch.empty(len(directions), 3)
        arrays = [tensor.numpy() for tensor in (*inputs, rgb)]

        def work(some: slice) -> None:
            constant, higher, directions, rgb = (array[some] for array in arrays)
            _evaluate(constant, higher, directions, degree, rgb)

        in_halves(work, len(rgb), cost=24)
        ctx.save_for_backward(*inputs, rgb)
        ctx.degree = degree
        return rgb

    @staticmethod
    def backward(ctx: Any, d_rgb: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        _, higher, directions, rgb = ctx.saved_tensors
        gradients = torch.zeros_like(rgb), torch.zeros_like(higher), torch.empty_like(directions)
        read = [tensor.numpy() for tensor in (higher, directions, rgb, d_rgb.contiguous())]
        written = [tensor.numpy() for tensor in gradients]

        def work(some: slice) -> None:
            _evaluate_backward(
                *(array[some] for array in read), ctx.degree, *(array[some] for array in written)
            )

        in_halves(work, len(rgb), cost=48)
        return *gradients, None


@kernel
def _evaluate(
    constant: Floats,
    higher: Floats,
    directions: Floats,
    degree: int,
    rgb: Floats,
) -> None:
    for n in range(directions.shape[0]):
        x, y, z = directions[n, 0], directions[n, 1], directions[n, 2]
        inverse = _ONE / np.sqrt(max(x * x + y * y + z * z, _TINY))
        x, y, z = x * inverse, y * inverse, z * inverse
        for c in range(3):
            value = _HALF + _K0 * constant[n, c]
            if degree > 0:
                value += _K1 * (z * higher[n, 1, c] - y * higher[n, 0, c] - x * higher[n, 2, c])
            if degree > 1:
                value += (
                    _K2 * (x * y * higher[n, 3, c] - y * z * higher[n, 4, c])
                    + _K3 * (_TWO * z * z - x * x - y * y) * higher[n, 5, c]
                    - _K2 * x * z * higher[n, 6, c]
                    + _K4 * (x * x - y * y) * higher[n, 7, c]
                )
            rgb[n, c] = max(value, _ZERO)


@kernel
def _evaluate_backward(
    higher: Floats,
    directions: Floats,
    rgb: Floats,
    d_rgb: Floats,
    degree: int,
    d_constant: Floats,
    d_higher: Floats,
    d_directions: Floats,
) -> None:
    for n in range(directions.shape[0]):
        x, y, z = directions[n, 0], directions[n, 1], directions[n, 2]
        inverse = _ONE / np.sqrt(max(x * x + y * y + z * z, _TINY))
        x, y, z = x * inverse, y * inverse, z * inverse
        dx = dy = dz = _ZERO
        for c in range(3):
            if rgb[n, c] <= _ZERO:
                continue
            d = d_rgb[n, c]
            d_constant[n, c] = _K0 * d
            if degree > 0:
                d_higher[n, 0, c] = -_K1 * y * d
                d_higher[n, 1, c] = _K1 * z * d
                d_higher[n, 2, c] = -_K1 * x * d
                dx -= _K1 * d * higher[n, 2, c]
                dy -= _K1 * d * higher[n, 0, c]
                dz += _K1 * d * higher[n, 1, c]
            if degree > 1:
                d_higher[n, 3, c] = _K2 * x * y * d
                d_higher[n, 4, c] = -_K2 * y * z * d
                d_higher[n, 5, c] = _K3 * (_TWO * z * z - x * x - y * y) * d
                d_higher[n, 6, c] = -_K2 * x * z * d
                d_higher[n, 7, c] = _K4 * (x * x - y * y) * d
                f4, f5 = _K2 * d * higher[n, 3, c], _K2 * d * higher[n, 4, c]
                f6, f7 = _TWO * _K3 * d * higher[n, 5, c], _K2 * d * higher[n, 6, c]
                f8 = _TWO * _K4 * d * higher[n, 7, c]
                dx += y * f4 - x * f6 - z * f7 + x * f8
                dy += x * f4 - z * f5 - y * f6 - y * f8
                dz += _TWO * z * f6 - y * f5 - x * f7
        radial = x * dx + y * dy + z * dz
        d_directions[n, 0] = (dx - radial * x) * inverse
        d_directions[n, 1] = (dy - radial * y) * inverse
        d_directions[n, 2] = (dz - radial * z) * inverse
