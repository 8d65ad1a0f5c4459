"""Compiled tri-plane hash grid, forward and backward.

Single-threaded: frames, not points, are what the callers spread over cores, and a serial scatter
keeps the table's gradient deterministic.
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

# Points per block: their inputs and outputs stay in L1 while all tables pass by.
_BLOCK = 128
_HALF = np.float32(0.5)
_ONE = np.float32(1.0)
_ZERO = np.float32(0.0)
_PRIME = np.uint32(2654435761)
_STEP = np.uint32(1)


@njit(**OPTIONS)
def _wrapped(gx, gy, resolution, entries, hashed):
    """Entry of any vertex; uint32 arithmetic wraps as tiny-cuda-nn's does."""
    index = np.uint32(gx ^ np.uint32(gy * _PRIME)) if hashed else np.uint32(gx + gy * resolution)
    return np.uint64(np.uint32(index % entries))


@njit(**OPTIONS)
def _corners(x, y, scale, resolution, entries, hashed):
    """Entries of a cell's four vertices (00, 10, 01, 11) and the position in the cell."""
    px, py = scale * x + _HALF, scale * y + _HALF
    floor_x, floor_y = np.floor(px), np.floor(py)
    gx, gy = np.uint32(np.int32(floor_x)), np.uint32(np.int32(floor_y))
    fx, fy = px - floor_x, py - floor_y
    last = np.uint64(gx) + (np.uint64(gy) + np.uint64(1)) * np.uint64(resolution) + np.uint64(1)
    if last < entries and not hashed:
        i11 = last
        i01 = last - np.uint64(1)
        i10 = last - np.uint64(resolution)
        return i10 - np.uint64(1), i10, i01, i11, fx, fy
    i00 = _wrapped(gx, gy, resolution, entries, hashed)
    i10 = _wrapped(gx + _STEP, gy, resolution, entries, hashed)
    i01 = _wrapped(gx, gy + _STEP, resolution, entries, hashed)
    i11 = _wrapped(gx + _STEP, gy + _STEP, resolution, entries, hashed)
    return i00, i10, i01, i11, fx, fy


@njit(**OPTIONS)
def _interpolate(xs, ys, table, scale, resolution, entries, hashed, output):
    for n in range(np.uint64(0), np.uint64(xs.shape[0])):
        i00, i10, i01, i11, fx, fy = _corners(xs[n], ys[n], scale, resolution, entries, hashed)
        for f in range(np.uint64(0), np.uint64(table.shape[1])):
            t00, t10, t01, t11 = table[i00, f], table[i10, f], table[i01, f], table[i11, f]
            low = t00 + (t10 - t00) * fx
            high = t01 + (t11 - t01) * fx
            output[n, f] = low + (high - low) * fy


@njit(**OPTIONS)
def encode(points, table, scales, resolutions, entries, offsets, hashed, output):
    """Interpolate every plane and level.

    Args:
        points: ``[N, 3]`` float32, [0, 1] inside the box.
        table: ``[3, T, F]`` float32, planes xy, yz, xz.
        scales: Per level, see :class:`.layout.GridLayout`.
        resolutions: Per level.
        entries: Per level.
        offsets: Per level.
        hashed: Per level.
        output: ``[N, 3 L F]`` float32, output; plane, level, feature.
    """
    count, levels, features = points.shape[0], scales.shape[0], table.shape[2]
    for start in range(0, count, _BLOCK):
        block = slice(start, min(start + _BLOCK, count))
        axes = points[block].T.copy()
        for plane in range(3):
            xs, ys = axes[1 if plane == 1 else 0], axes[1 if plane == 0 else 2]
            for level in range(levels):
                column = (plane * levels + level) * features
                _interpolate(
                    xs, ys, table[plane, offsets[level] : offsets[level + 1]],
                    scales[level], resolutions[level], entries[level], hashed[level],
                    output[block, column : column + features],
                )  # fmt: skip


@njit(**OPTIONS)
def _scatter(xs, ys, scale, resolution, entries, hashed, d_output, d_table):
    for n in range(np.uint64(0), np.uint64(xs.shape[0])):
        i00, i10, i01, i11, fx, fy = _corners(xs[n], ys[n], scale, resolution, entries, hashed)
        for f in range(np.uint64(0), np.uint64(d_table.shape[1])):
            d = d_output[n, f]
            high = d * fy
            low = d - high
            d_table[i00, f] += low - low * fx
            d_table[i10, f] += low * fx
            d_table[i01, f] += high - high * fx
            d_table[i11, f] += high * fx


@njit(**OPTIONS)
def _slope(xs, ys, table, scale, resolution, entries, hashed, d_output, d_xs, d_ys):
    for n in range(np.uint64(0), np.uint64(xs.shape[0])):
        i00, i10, i01, i11, fx, fy = _corners(xs[n], ys[n], scale, resolution, entries, hashed)
        d_x = d_y = _ZERO
        for f in range(np.uint64(0), np.uint64(table.shape[1])):
            t00, t10, t01, t11 = table[i00, f], table[i10, f], table[i01, f], table[i11, f]
            d = d_output[n, f]
            low, high = t10 - t00, t11 - t01
            d_x += d * (low + (high - low) * fy)
            d_y += d * (t01 - t00 + (high - low) * fx)
        d_xs[n] += scale * d_x
        d_ys[n] += scale * d_y


@njit(**OPTIONS)
def encode_backward(
    points, table, scales, resolutions, entries, offsets, hashed, d_output, d_table, d_points
):
    """Gradients of :func:`encode`.

    Args:
        points: As given to :func:`encode`.
        table: As given to :func:`encode`.
        scales: As given to :func:`encode`.
        resolutions: As given to :func:`encode`.
        entries: As given to :func:`encode`.
        offsets: As given to :func:`encode`.
        hashed: As given to :func:`encode`.
        d_output: ``[N, 3 L F]`` float32.
        d_table: ``[3, T, F]`` float32, output, zeroed by the caller; or ``[3, 0, F]``.
        d_points: ``[N, 3]`` float32, output; or ``[0, 3]`` to leave it out.
    """
    count, levels, features = points.shape[0], scales.shape[0], table.shape[2]
    for start in range(0, count, _BLOCK):
        block = slice(start, min(start + _BLOCK, count))
        axes = points[block].T.copy()
        d_axes = np.zeros_like(axes)
        for plane in range(3):
            x, y = 1 if plane == 1 else 0, 1 if plane == 0 else 2
            for level in range(levels):
                column = (plane * levels + level) * features
                d_block = d_output[block, column : column + features]
                entry = slice(offsets[level], offsets[level + 1])
                scale, resolution = scales[level], resolutions[level]
                if d_table.shape[1] > 0:
                    _scatter(
                        axes[x], axes[y], scale, resolution, entries[level], hashed[level],
                        d_block, d_table[plane, entry],
                    )  # fmt: skip
                if d_points.shape[0] > 0:
                    _slope(
                        axes[x], axes[y], table[plane, entry], scale, resolution, entries[level],
                        hashed[level], d_block, d_axes[x], d_axes[y],
                    )  # fmt: skip
        if d_points.shape[0] > 0:
            d_points[block] = d_axes.T
