"""Compiled L1 + SSIM loss with its gradient.

Images are rows of interleaved channels: a horizontal neighbour is ``channels`` floats away, so no
channel needs to be taken apart. The image is worked off in bands of a few rows, so that everything
between the two images and the gradient stays in the cache: moments are blurred vertically, then
horizontally, and turned into SSIM and its partial derivatives; the gradient is those derivatives
blurred once more (the window is symmetric). Each blur lags the rows that it reads by RADIUS.
"""

from __future__ import annotations

import numpy as np

from .njit import Doubles, Floats, kernel, part

RADIUS = 5
_TAPS = 2 * RADIUS + 1
_weights = np.exp(-0.5 * (np.arange(-RADIUS, RADIUS + 1) / 1.5) ** 2)
_WINDOW = tuple(np.float32(weight) for weight in _weights / _weights.sum())
_C1 = np.float32(0.01**2)
_C2 = np.float32(0.03**2)
_ZERO = np.float32(0)
_ONE = np.float32(1)
_TWO = np.float32(2)
_ZERO64 = np.uint64(0)

# Rows per band: small enough for the working rows of a 512-pixel image to fit a 1 MB cache.
_BAND = 16


@part
def _moments_row(
    x: Floats, y: Floats, out_x: Floats, out_y: Floats, out_squares: Floats, out_product: Floats
) -> None:
    """x, y, x^2 + y^2 and x y: SSIM needs the two variances only as a sum."""
    for p in range(_ZERO64, np.uint64(x.shape[0])):
        out_x[p] = x[p]
        out_y[p] = y[p]
        out_squares[p] = x[p] * x[p] + y[p] * y[p]
        out_product[p] = x[p] * y[p]


@part
def _blur_column(rows: Floats, width: int, out: Floats) -> None:
    """Blur vertically; ``rows`` is flat and starts at the window's first row."""
    stride = np.uint64(width)
    for p in range(_ZERO64, stride):
        total = _ZERO
        for k in range(_TAPS):
            total += _WINDOW[k] * rows[p + np.uint64(k) * stride]
        out[p] = total


@part
def _blur_row(row: Floats, channels: int, out: Floats) -> None:
    """Blur horizontally; ``row`` has RADIUS pixels of zeros at both ends."""
    stride = np.uint64(channels)
    for p in range(_ZERO64, np.uint64(out.shape[0])):
        total = _ZERO
        for k in range(_TAPS):
            total += _WINDOW[k] * row[p + np.uint64(k) * stride]
        out[p] = total


@part
def _blur(maps: Floats, row: int, channels: int, scratch: Floats, out: Floats) -> None:
    """Blur one row of each map; ``row`` is the window's first row in ``maps`` ``[M, R, W C]``."""
    width = maps.shape[2]
    margin = RADIUS * channels
    for k in range(maps.shape[0]):
        _blur_column(maps[k].ravel()[row * width :], width, scratch[margin:])
        _blur_row(scratch, channels, out[k])


@part
def _ssim_row(
    mean_x: Floats,
    mean_y: Floats,
    squares: Floats,
    product: Floats,
    d_mean: Floats,
    d_squares: Floats,
    d_product: Floats,
) -> np.float32:
    """Sum of SSIM over a row, and its derivatives by the blurred x, x^2 and x y."""
    total = _ZERO
    for p in range(_ZERO64, np.uint64(mean_x.shape[0])):
        a = mean_x[p]
        b = mean_y[p]
        a1 = _TWO * a * b + _C1
        a2 = _TWO * (product[p] - a * b) + _C2
        b1 = a * a + b * b + _C1
        b2 = squares[p] - a * a - b * b + _C2
        inverse = _ONE / (b1 * b2)
        value = a1 * a2 * inverse
        total += value
        by_squares = -value * b1 * inverse
        by_product = _TWO * a1 * inverse
        d_squares[p] = by_squares
        d_product[p] = by_product
        d_mean[p] = (
            _TWO * inverse * (b * a2 - a * value * b2) - _TWO * a * by_squares - b * by_product
        )
    return total


@part
def _l1_row(x: Floats, y: Floats) -> np.float32:
    total = _ZERO
    for p in range(_ZERO64, np.uint64(x.shape[0])):
        total += abs(x[p] - y[p])
    return total


@part
def _gradient_row(
    x: Floats,
    y: Floats,
    by_mean: Floats,
    by_squares: Floats,
    by_product: Floats,
    l1_scale: np.float32,
    ssim_scale: np.float32,
    out: Floats,
) -> None:
    for p in range(_ZERO64, np.uint64(x.shape[0])):
        difference = x[p] - y[p]
        sign = _ONE if difference > _ZERO else (-_ONE if difference < _ZERO else _ZERO)
        by_ssim = by_mean[p] + _TWO * x[p] * by_squares[p] + y[p] * by_product[p]
        out[p] = l1_scale * sign - ssim_scale * by_ssim


@part
def _advance(maps: Floats, rows: int) -> None:
    """Move a band's last rows, which the next band reads again, to the front."""
    for k in range(maps.shape[0]):
        for r in range(maps.shape[1] - rows):
            maps[k, r] = maps[k, r + rows]


@kernel
def l1_ssim(
    x: Floats,
    y: Floats,
    channels: int,
    ssim_weight: float,
    first: int,
    last: int,
    gradient: Floats,
    sums: Doubles,
) -> None:
    """Fill some rows of the gradient of ``(1 - w) mean|x - y| + w (1 - mean SSIM)``.

    A row's numbers do not depend on which rows are worked off together.

    Args:
        x: ``[H, W C]`` float32, the prediction.
        y: ``[H, W C]`` float32, the target.
        channels: C.
        ssim_weight: w.
        first: First of the rows.
        last: The one after the last.
        gradient: ``[H, W C]`` float32, output, by the prediction; or ``[0, W C]`` to leave it out.
        sums: ``[H, 2]`` float64, output: |x - y| and SSIM, summed over each row.
    """
    height, width = x.shape
    l1_scale = np.float32((1.0 - ssim_weight) / x.size)
    ssim_scale = np.float32(ssim_weight / x.size)
    moments = np.zeros((4, _BAND + 2 * RADIUS, width), np.float32)
    partials = np.zeros((3, _BAND + 2 * RADIUS, width), np.float32)
    scratch = np.zeros(width + 2 * RADIUS * channels, np.float32)
    blurred = np.empty((4, width), np.float32)
    # Bands are counted in rows of moments; those of the partials and the gradient lag behind.
    reached = min(height, last + RADIUS)
    for start in range(max(first - 2 * RADIUS, 0), last + 2 * RADIUS, _BAND):
        for k in range(_BAND):
            here, row = k + 2 * RADIUS, start + k
            if row < height:
                _moments_row(
                    x[row], y[row],
                    moments[0, here], moments[1, here], moments[2, here], moments[3, here],
                )  # fmt: skip
                if first <= row < last:
                    sums[row, 0] = _l1_row(x[row], y[row])
            else:
                moments[:, here] = _ZERO
        for k in range(_BAND):
            here, row = k + 2 * RADIUS, start + k - RADIUS
            if max(first - RADIUS, 0) <= row < reached:
                _blur(moments, k, channels, scratch, blurred)
                total = _ssim_row(
                    blurred[0], blurred[1], blurred[2], blurred[3],
                    partials[0, here], partials[1, here], partials[2, here],
                )  # fmt: skip
                if first <= row < last:
                    sums[row, 1] = total
            else:
                partials[:, here] = _ZERO
        for k in range(_BAND):
            row = start + k - 2 * RADIUS
            if first <= row < min(last, gradient.shape[0]):
                _blur(partials, k, channels, scratch, blurred)
                _gradient_row(
                    x[row], y[row], blurred[0], blurred[1], blurred[2],
                    l1_scale, ssim_scale, gradient[row],
                )  # fmt: skip
        _advance(moments, _BAND)
        _advance(partials, _BAND)
