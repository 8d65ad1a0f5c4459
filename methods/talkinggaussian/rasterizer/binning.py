"""Compiled sorting of projected Gaussians into image tiles.

Gaussians are radix-sorted once by depth and then counting-sorted into tiles: far less work than
sorting (tile, depth) keys, because a Gaussian touches about two tiles.
"""

from __future__ import annotations

import numpy as np
from numba import njit

OPTIONS = {"cache": True, "nogil": True}

TILE_WIDTH = 8
TILE_HEIGHT = 32

_DIGIT_BITS = 11
_DIGITS = 1 << _DIGIT_BITS


@njit(**OPTIONS)
def _depth_order(depth_bits, radii):
    """Indices of the visible Gaussians, front to back; equal depths keep their order."""
    order = np.empty(radii.shape[0], np.uint32)
    count = 0
    for i in range(radii.shape[0]):
        if radii[i] > 0:
            order[count] = i
            count += 1
    order = order[:count]
    scratch = np.empty(count, np.uint32)
    # Positive floats sort like their bit patterns.
    for shift in (0, _DIGIT_BITS, 2 * _DIGIT_BITS):
        starts = np.zeros(_DIGITS + 1, np.int64)
        for k in range(count):
            starts[((depth_bits[order[k]] >> np.uint32(shift)) & np.uint32(_DIGITS - 1)) + 1] += 1
        for digit in range(_DIGITS):
            starts[digit + 1] += starts[digit]
        for k in range(count):
            digit = (depth_bits[order[k]] >> np.uint32(shift)) & np.uint32(_DIGITS - 1)
            scratch[starts[digit]] = order[k]
            starts[digit] += 1
        order, scratch = scratch, order
    return order


@njit(**OPTIONS)
def bin_by_tile(depth_bits, radii, boxes, tiles_x, tiles_y):
    """List the Gaussians of every tile, front to back.

    Args:
        depth_bits: ``[N]`` uint32, the positive float32 depths reinterpreted.
        radii: ``[N]`` int32, 0 for invisible Gaussians.
        boxes: ``[N, 4]`` int32 pixel boxes (x0, x1, y0, y1), half open.
        tiles_x: Number of tile columns.
        tiles_y: Number of tile rows.

    Returns:
        ``starts`` ``[tiles + 1]`` int64 and ``entries`` ``[starts[-1]]`` uint32: tile ``t`` holds
        the Gaussians ``entries[starts[t]:starts[t + 1]]``.
    """
    order = _depth_order(depth_bits, radii)
    starts = np.zeros(tiles_x * tiles_y + 1, np.int64)
    for i in order:
        for row in range(boxes[i, 2] // TILE_HEIGHT, -(-boxes[i, 3] // TILE_HEIGHT)):
            for column in range(boxes[i, 0] // TILE_WIDTH, -(-boxes[i, 1] // TILE_WIDTH)):
                starts[row * tiles_x + column + 1] += 1
    for tile in range(tiles_x * tiles_y):
        starts[tile + 1] += starts[tile]
    entries = np.empty(starts[-1], np.uint32)
    cursor = starts[:-1].copy()
    for i in order:
        for row in range(boxes[i, 2] // TILE_HEIGHT, -(-boxes[i, 3] // TILE_HEIGHT)):
            for column in range(boxes[i, 0] // TILE_WIDTH, -(-boxes[i, 1] // TILE_WIDTH)):
                tile = row * tiles_x + column
                entries[cursor[tile]] = i
                cursor[tile] += 1
    return starts, entries
