"""Compiled sorting of projected Gaussians into image tiles.

Gaussians are radix-sorted once by depth and then counting-sorted into tiles: far less work than
sorting (tile, depth) keys, because a Gaussian touches about two tiles.
"""

from __future__ import annotations

import numpy as np

from ..njit import Floats, Indices, Ints, Longs, kernel

TILE_WIDTH = 8
TILE_HEIGHT = 32

_INDEX_BITS = np.uint64(32)
_DIGIT_BITS = 11
_DIGITS = 1 << _DIGIT_BITS
_DIGIT_MASK = np.uint64(_DIGITS - 1)


@kernel
def _depth_order(depths: Floats, radii: Ints) -> Indices:
    """Indices of the visible Gaussians, front to back; equal depths keep their order."""
    # Positive floats sort like their bit patterns; keys carry the index in their low half.
    bits = depths.view(np.uint32)
    keys = np.empty(radii.shape[0], np.uint64)
    count = 0
    for i in range(radii.shape[0]):
        if radii[i] > 0:
            keys[count] = (np.uint64(bits[i]) << _INDEX_BITS) | np.uint64(i)
            count += 1
    keys = keys[:count]
    scratch = np.empty(count, np.uint64)
    for shift in (32, 32 + _DIGIT_BITS, 32 + 2 * _DIGIT_BITS):
        positions = np.zeros(_DIGITS + 1, np.uint64)
        for key in keys:
            positions[((key >> np.uint64(shift)) & _DIGIT_MASK) + np.uint64(1)] += np.uint64(1)
        for digit in range(_DIGITS):
            positions[digit + 1] += positions[digit]
        for key in keys:
            digit = (key >> np.uint64(shift)) & _DIGIT_MASK
            scratch[positions[digit]] = key
            positions[digit] += np.uint64(1)
        keys, scratch = scratch, keys
    order = np.empty(count, np.uint32)
    for k in range(count):
        order[k] = np.uint32(keys[k])
    return order


@kernel
def bin_by_tile(
    depths: Floats,
    radii: Ints,
    boxes: Ints,
    tiles_x: int,
    tiles_y: int,
) -> tuple[Longs, Indices]:
    """List the Gaussians of every tile, front to back.

    Args:
        depths: ``[N]`` float32, positive where visible.
        radii: ``[N]`` int32, 0 for invisible Gaussians.
        boxes: ``[N, 4]`` int32 pixel boxes (x0, x1, y0, y1), half open.
        tiles_x: Number of tile columns.
        tiles_y: Number of tile rows.

    Returns:
        ``starts`` ``[tiles + 1]`` int64 and ``entries`` ``[starts[-1]]`` uint32: tile ``t`` holds
        the Gaussians ``entries[starts[t]:starts[t + 1]]``.
    """
    order = _depth_order(depths, radii)
    spans = np.empty((order.shape[0], 4), np.uint32)
    starts = np.zeros(tiles_x * tiles_y + 1, np.int64)
    for k in range(order.shape[0]):
        i = order[k]
        spans[k, 0] = boxes[i, 0] // TILE_WIDTH
        spans[k, 1] = (boxes[i, 1] + TILE_WIDTH - 1) // TILE_WIDTH
        spans[k, 2] = boxes[i, 2] // TILE_HEIGHT
        spans[k, 3] = (boxes[i, 3] + TILE_HEIGHT - 1) // TILE_HEIGHT
        for row in range(spans[k, 2], spans[k, 3]):
            for column in range(spans[k, 0], spans[k, 1]):
                starts[row * tiles_x + column + 1] += 1
    for tile in range(tiles_x * tiles_y):
        starts[tile + 1] += starts[tile]
    entries = np.empty(starts[-1], np.uint32)
    cursor = starts[:-1].copy()
    for k in range(order.shape[0]):
        for row in range(spans[k, 2], spans[k, 3]):
            for column in range(spans[k, 0], spans[k, 1]):
                tile = row * tiles_x + column
                entries[cursor[tile]] = order[k]
                cursor[tile] += 1
    return starts, entries
