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
    coefficients: Tensor,
    directions: Tensor,
    degree: int = MAX_DEGREE,
    *,
    backend: BackendName | None = None,
) -> Tensor:
    """Colour of every Gaussian as seen along a direction.

    Args:
        coefficients: ``[N, K, 3]`` with K at least ``(degree + 1) ** 2``; the rest is ignored.
        directions: ``[N, 3]`` from the camera to the Gaussian, any length but zero.
        degree: 0, 1 or 2.
        backend: ``numba`` (float32, CPU) or ``torch`` (any float type and device); by default the
            one for the device of the coefficients.

    Returns:
        ``[N, 3]``, at least 0; both tensor arguments get gradients.

    Raises:
        ValueError: The degree or a shape does not fit, or the backend cannot take the tensors.
    """
    count = len(directions)
    if not 0 <= degree <= MAX_DEGREE:
        raise ValueError(f"degree must be 0 to {MAX_DEGREE}, got {degree}")
    if coefficients.ndim != 3 or coefficients.shape[1] < (degree + 1) ** 2:
        raise ValueError(f"degree {degree} needs more coefficients: {tuple(coefficients.shape)}")
    if tuple(directions.shape) != (count, 3) or coefficients.shape[::2] != (count, 3):
        raise ValueError(
            f"shapes do not fit: {tuple(coefficients.shape)} and {tuple(directions.shape)}"
        )
    name = choose(backend, coefficients.device, _BY_DEVICE)
    if name == "torch":
        basis = harmonics_basis(torch.nn.functional.normalize(directions, dim=-1), degree)
        expansion = torch.einsum("nk,nkc->nc", basis, coefficients[:, : basis.shape[1]])
        return (expansion + 0.5).clamp_min(0.0)
    if name != "numba":
        raise ValueError(f"no harmonics backend {name!r}; there are torch, numba")
    if any(t.dtype != torch.float32 or t.device.type != "cpu" for t in (coefficients, directions)):
        raise ValueError("the numba harmonics need float32 tensors on the CPU")
    return _ShToRgb.apply(coefficients, directions, degree)


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
    def forward(ctx: Any, coefficients: Tensor, directions: Tensor, degree: int) -> Tensor:
        coefficients, directions = coefficients.contiguous(), directions.contiguous()
        rgb = torch.empty(len(directions), 3)
        _evaluate(coefficients.numpy(), directions.numpy(), degree, rgb.numpy())
        ctx.save_for_backward(coefficients, directions, rgb)
        ctx.degree = degree
        return rgb

    @staticmethod
    def backward(ctx: Any, d_rgb: Tensor) -> tuple[Tensor, Tensor, None]:
        coefficients, directions, rgb = ctx.saved_tensors
        d_coefficients, d_directions = torch.zeros_like(coefficients), torch.empty_like(directions)
        _evaluate_backward(
            coefficients.numpy(), directions.numpy(), ctx.degree, rgb.numpy(),
            d_rgb.contiguous().numpy(), d_coefficients.numpy(), d_directions.numpy(),
        )  # fmt: skip
        return d_coefficients, d_directions, None


@kernel
def _evaluate(
    coefficients: Floats,
    directions: Floats,
    degree: int,
    rgb: Floats,
) -> None:
    for n in range(directions.shape[0]):
        x, y, z = directions[n, 0], directions[n, 1], directions[n, 2]
        inverse = _ONE / np.sqrt(max(x * x + y * y + z * z, _TINY))
        x, y, z = x * inverse, y * inverse, z * inverse
        for c in range(3):
            value = _HALF + _K0 * coefficients[n, 0, c]
            if degree > 0:
                value += _K1 * (
                    z * coefficients[n, 2, c]
                    - y * coefficients[n, 1, c]
                    - x * coefficients[n, 3, c]
                )
            if degree > 1:
                value += (
                    _K2 * (x * y * coefficients[n, 4, c] - y * z * coefficients[n, 5, c])
                    + _K3 * (_TWO * z * z - x * x - y * y) * coefficients[n, 6, c]
                    - _K2 * x * z * coefficients[n, 7, c]
                    + _K4 * (x * x - y * y) * coefficients[n, 8, c]
                )
            rgb[n, c] = max(value, _ZERO)


@kernel
def _evaluate_backward(
    coefficients: Floats,
    directions: Floats,
    degree: int,
    rgb: Floats,
    d_rgb: Floats,
    d_coefficients: Floats,
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
            d_coefficients[n, 0, c] = _K0 * d
            if degree > 0:
                d_coefficients[n, 1, c] = -_K1 * y * d
                d_coefficients[n, 2, c] = _K1 * z * d
                d_coefficients[n, 3, c] = -_K1 * x * d
                dx -= _K1 * d * coefficients[n, 3, c]
                dy -= _K1 * d * coefficients[n, 1, c]
                dz += _K1 * d * coefficients[n, 2, c]
            if degree > 1:
                d_coefficients[n, 4, c] = _K2 * x * y * d
                d_coefficients[n, 5, c] = -_K2 * y * z * d
                d_coefficients[n, 6, c] = _K3 * (_TWO * z * z - x * x - y * y) * d
                d_coefficients[n, 7, c] = -_K2 * x * z * d
                d_coefficients[n, 8, c] = _K4 * (x * x - y * y) * d
                f4, f5 = _K2 * d * coefficients[n, 4, c], _K2 * d * coefficients[n, 5, c]
                f6, f7 = _TWO * _K3 * d * coefficients[n, 6, c], _K2 * d * coefficients[n, 7, c]
                f8 = _TWO * _K4 * d * coefficients[n, 8, c]
                dx += y * f4 - x * f6 - z * f7 + x * f8
                dy += x * f4 - z * f5 - y * f6 - y * f8
                dz += _TWO * z * f6 - y * f5 - x * f7
        radial = x * dx + y * dy + z * dz
        d_directions[n, 0] = (dx - radial * x) * inverse
        d_directions[n, 1] = (dy - radial * y) * inverse
        d_directions[n, 2] = (dz - radial * z) * inverse
