"""Compiled L1 + SSIM loss with its gradient.

Images are rows of interleaved channels: a horizontal neighbour is ``channels`` floats away, so no
channel needs to be taken apart. Row by row, the five moments are blurred vertically, then
horizontally while they are still in L1, and turned into SSIM and its three partial derivatives;
the gradient is those derivatives blurred once more (the window is symmetric).
"""

from __future__ import annotations

import numpy as np
from numba import njit

OPTIONS = {
    "cache": True,
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"contract", "reassoc", "nsz", "arcp"},
}

RADIUS = 5
_window = np.exp(-0.5 * (np.arange(-RADIUS, RADIUS + 1) / 1.5) ** 2)
WINDOW = tuple(np.float32(weight) for weight in _window / _window.sum())
_TAPS = 2 * RADIUS + 1
_C1 = np.float32(0.01**2)
_C2 = np.float32(0.03**2)
_TWO = np.float32(2)
_ONE = np.float32(1)
_ZERO = np.float32(0)


@njit(**OPTIONS)
def _moments(prediction, target):
    """x, y, x^2 + y^2 and x y as flat maps with RADIUS rows of zeros above and below.

    SSIM needs the two variances only as a sum, so their second moments share a map.
    """
    height, width = prediction.shape
    maps = np.zeros((4, (height + 2 * RADIUS) * width), np.float32)
    for r in range(height):
        here = (r + RADIUS) * width
        _moments_row(
            prediction[r], target[r], maps[0, here:], maps[1, here:], maps[2, here:], maps[3, here:]
        )
    return maps


@njit(**OPTIONS)
def _moments_row(x, y, out_x, out_y, out_squares, out_product):
    for p in range(np.uint64(0), np.uint64(x.shape[0])):
        out_x[p] = x[p]
        out_y[p] = y[p]
        out_squares[p] = x[p] * x[p] + y[p] * y[p]
        out_product[p] = x[p] * y[p]


@njit(**OPTIONS)
def _blur_row(row, channels, blurred):
    """Blur one row (with RADIUS pixels of zeros at both ends) horizontally."""
    stride = np.uint64(channels)
    for p in range(np.uint64(0), np.uint64(blurred.shape[0])):
        total = _ZERO
        for k in range(_TAPS):
            total += WINDOW[k] * row[p + np.uint64(k) * stride]
        blurred[p] = total


@njit(**OPTIONS)
def _blur_column(maps, width, out):
    """Vertical blur of one flat map that starts at the window's first row."""
    stride = np.uint64(width)
    for p in range(np.uint64(0), stride):
        total = _ZERO
        for k in range(_TAPS):
            total += WINDOW[k] * maps[p + np.uint64(k) * stride]
        out[p] = total


@njit(**OPTIONS)
def _ssim_row(mx, my, squares, xy, d_x, d_xx, d_xy):
    """Sum of SSIM over a row, and its derivatives by the blurred x, x^2 and x y."""
    total = _ZERO
    for p in range(np.uint64(0), np.uint64(mx.shape[0])):
        a = mx[p]
        b = my[p]
        a1 = _TWO * a * b + _C1
        a2 = _TWO * (xy[p] - a * b) + _C2
        b1 = a * a + b * b + _C1
        b2 = squares[p] - a * a - b * b + _C2
        inverse = _ONE / (b1 * b2)
        value = a1 * a2 * inverse
        total += value
        by_xx = -value * b1 * inverse
        by_xy = _TWO * a1 * inverse
        d_xx[p] = by_xx
        d_xy[p] = by_xy
        d_x[p] = (
            _TWO * b * a2 * inverse - _TWO * a * value * b2 * inverse - _TWO * a * by_xx - b * by_xy
        )
    return total


@njit(**OPTIONS)
def _l1_row(x, y):
    total = _ZERO
    for p in range(np.uint64(0), np.uint64(x.shape[0])):
        total += abs(x[p] - y[p])
    return total


@njit(**OPTIONS)
def _gradient_row(x, y, b_x, b_xx, b_xy, l1_scale, ssim_scale, out):
    for p in range(np.uint64(0), np.uint64(x.shape[0])):
        difference = x[p] - y[p]
        sign = _ONE if difference > _ZERO else (-_ONE if difference < _ZERO else _ZERO)
        by_ssim = b_x[p] + _TWO * x[p] * b_xx[p] + y[p] * b_xy[p]
        out[p] = l1_scale * sign - ssim_scale * by_ssim


@njit(**OPTIONS)
def l1_ssim(prediction, target, channels, ssim_weight, gradient):
    """The loss ``(1 - w) mean|x - y| + w (1 - mean SSIM)``.

    Args:
        prediction: ``[H, W C]`` float32.
        target: ``[H, W C]`` float32.
        channels: C.
        ssim_weight: w.
        gradient: ``[H, W C]`` float32, output, by the prediction; or ``[0, W C]`` to leave it out.

    Returns:
        The loss.
    """
    height, width = prediction.shape
    margin = RADIUS * channels
    moments = _moments(prediction, target)
    rows = np.zeros((4, width + 2 * margin), np.float32)
    blurred = np.empty((4, width), np.float32)
    partials = np.zeros((3, (height + 2 * RADIUS) * width), np.float32)
    ssim = l1 = 0.0
    for r in range(height):
        for k in range(4):
            _blur_column(moments[k, r * width :], width, rows[k, margin:])
            _blur_row(rows[k], channels, blurred[k])
        here = (r + RADIUS) * width
        ssim += _ssim_row(
            blurred[0], blurred[1], blurred[2], blurred[3],
            partials[0, here:], partials[1, here:], partials[2, here:],
        )  # fmt: skip
        l1 += _l1_row(prediction[r], target[r])
    size = height * width
    if gradient.shape[0] > 0:
        l1_scale = np.float32((1.0 - ssim_weight) / size)
        ssim_scale = np.float32(ssim_weight / size)
        for r in range(height):
            for k in range(3):
                _blur_column(partials[k, r * width :], width, rows[k, margin:])
                _blur_row(rows[k], channels, blurred[k])
            _gradient_row(
                prediction[r], target[r], blurred[0], blurred[1], blurred[2],
                l1_scale, ssim_scale, gradient[r],
            )  # fmt: skip
    return (1.0 - ssim_weight) * l1 / size + ssim_weight * (1.0 - ssim / size)
