"""Compiled front-to-back alpha blending of tiled Gaussians, forward and backward.

What makes it fast: a tile's pixel planes live in one small array that stays in L1; each Gaussian
runs one flat loop over whole rows of the tile, which LLVM turns into full-width SIMD because the
indices are unsigned (no negative wraparound) and all planes lie at constant distances. Everything
is float32, so constants are too. Threads share nothing: a frame is blended by one thread.
"""

from __future__ import annotations

import numpy as np

from ..njit import Floats, Indices, Longs, kernel
from .binning import TILE_HEIGHT, TILE_WIDTH

ALPHA_MAX = np.float32(0.999)
TRANSMITTANCE_MIN = np.float32(1e-4)

_PIXELS = TILE_WIDTH * TILE_HEIGHT
_EXPONENT_MAX = np.float32(np.log(255.0) / 8.0)
_HALF = np.float32(0.5)
_ZERO = np.float32(0.0)
_ONE = np.float32(1.0)
# Minimax fit of exp(-x) on [0, log(255) / 8], relative error 7.5e-8.
_E0 = np.float32(0.9999999256302292)
_E1 = np.float32(-0.9999929219043382)
_E2 = np.float32(0.4998873015439942)
_E3 = np.float32(-0.16599437392167227)
_E4 = np.float32(0.03980853508962168)
_E5 = np.float32(-0.005868899906862193)

# Planes of the scratch array; the first three are common to both directions.
_X = np.uint64(0)
_Y = np.uint64(_PIXELS)
_T = np.uint64(2 * _PIXELS)
_C0 = np.uint64(3 * _PIXELS)
_C1 = np.uint64(4 * _PIXELS)
_C2 = np.uint64(5 * _PIXELS)
_C3 = np.uint64(6 * _PIXELS)
_C4 = np.uint64(7 * _PIXELS)
_C5 = np.uint64(8 * _PIXELS)
_C6 = np.uint64(9 * _PIXELS)
_C7 = np.uint64(10 * _PIXELS)
# Backward only: gradient of alpha, and what the Gaussians still to come add to the loss.
_A = np.uint64(11 * _PIXELS)
_R = np.uint64(12 * _PIXELS)
_PLANES = 13

# How many Gaussians are blended between two looks for a tile that is opaque already.
_OPAQUE_CHECK = 32


@kernel
def _new_planes() -> Floats:
    planes = np.zeros(_PLANES * _PIXELS, np.float32)
    for p in range(_PIXELS):
        planes[p] = np.float32(p % TILE_WIDTH) + _HALF
        planes[p + _PIXELS] = np.float32(p // TILE_WIDTH) + _HALF
    return planes


@kernel
def _pixel_range(records: Floats, i: int, top: int) -> tuple[np.uint64, np.uint64]:
    """The tile's pixels to visit: whole rows, of 8 lanes each."""
    first = max(int(records[i, 6]) - top, 0)
    last = min(int(records[i, 7]) - top, TILE_HEIGHT)
    return np.uint64(first * TILE_WIDTH), np.uint64(last * TILE_WIDTH)


@kernel
def _is_opaque(planes: Floats) -> bool:
    live = _ZERO
    for p in range(np.uint64(0), np.uint64(_PIXELS)):
        live += max(planes[p + _T], _ZERO)
    return live == _ZERO


@kernel
def blend(
    records: Floats,
    starts: Longs,
    entries: Indices,
    first_tile: int,
    last_tile: int,
    tiles_x: int,
    channels: tuple[int, ...],
    image: Floats,
    alpha: Floats,
) -> None:
    """Blend some of the tiles.

    Args:
        records: ``[N, 16]`` float32, see :mod:`.projection`.
        starts: ``[tiles + 1]`` int64, see :func:`.binning.bin_by_tile`.
        entries: Gaussian indices per tile.
        first_tile: First of the tiles.
        last_tile: The one after the last.
        tiles_x: Number of tile columns.
        channels: Any C numbers: a tuple's length is part of its type, so a compile-time constant.
        image: ``[H, W, C]`` float32, output; zeroed by the caller.
        alpha: ``[H, W]`` float32, output; zeroed by the caller.
    """
    n = len(channels)
    height, width = alpha.shape
    planes = _new_planes()
    for tile in range(first_tile, last_tile):
        if starts[tile] == starts[tile + 1]:
            continue
        left = (tile % tiles_x) * TILE_WIDTH
        top = (tile // tiles_x) * TILE_HEIGHT
        planes[2 * _PIXELS : 3 * _PIXELS] = _ONE
        planes[3 * _PIXELS : (3 + n) * _PIXELS] = _ZERO
        for k in range(starts[tile], starts[tile + 1]):
            i = entries[k]
            mean_x = records[i, 0] - np.float32(left)
            mean_y = records[i, 1] - np.float32(top)
            w11, w12, w22 = records[i, 2], records[i, 3], records[i, 4]
            opacity_term = records[i, 5]
            c0, c1, c2, c3 = records[i, 8], records[i, 9], records[i, 10], records[i, 11]
            c4, c5, c6, c7 = records[i, 12], records[i, 13], records[i, 14], records[i, 15]
            first, last = _pixel_range(records, i, top)
            for p in range(first, last):
                dy = planes[p + _Y] - mean_y
                u = w11 * (planes[p + _X] - mean_x) + w12 * dy
                v = w22 * dy
                s = u * u + (v * v + opacity_term)
                e = _E0 + s * (_E1 + s * (_E2 + s * (_E3 + s * (_E4 + s * _E5))))
                e *= e
                e *= e
                a = min(e * e, ALPHA_MAX) if s <= _EXPONENT_MAX else _ZERO
                t = planes[p + _T]
                remaining = t - t * a
                open_ = remaining > TRANSMITTANCE_MIN
                # A negative sign marks a pixel as finished and keeps its transmittance. Written
                # where there is no hit, too: a masked store is slow on AMD, a quarter of the loop.
                planes[p + _T] = remaining if open_ else -abs(t)
                w = t * a if open_ else _ZERO
                planes[p + _C0] += w * c0
                if n > 1:
                    planes[p + _C1] += w * c1
                if n > 2:
                    planes[p + _C2] += w * c2
                if n > 3:
                    planes[p + _C3] += w * c3
                if n > 4:
                    planes[p + _C4] += w * c4
                if n > 5:
                    planes[p + _C5] += w * c5
                if n > 6:
                    planes[p + _C6] += w * c6
                if n > 7:
                    planes[p + _C7] += w * c7
            if k % _OPAQUE_CHECK == 0 and _is_opaque(planes):
                break
        for row in range(min(TILE_HEIGHT, height - top)):
            for column in range(min(TILE_WIDTH, width - left)):
                p = row * TILE_WIDTH + column
                alpha[top + row, left + column] = _ONE - abs(planes[2 * _PIXELS + p])
                for c in range(n):
                    image[top + row, left + column, c] = planes[(3 + c) * _PIXELS + p]


@kernel
def blend_backward(
    records: Floats,
    starts: Longs,
    entries: Indices,
    first_tile: int,
    last_tile: int,
    tiles_x: int,
    channels: tuple[int, ...],
    image: Floats,
    alpha: Floats,
    d_image: Floats,
    d_alpha: Floats,
    gradients: Floats,
) -> None:
    """Gradients of the records, as far as some of the tiles show them.

    Runs front to back once more: a pixel's loss gradient through a Gaussian needs only the
    transmittance before it and what all later Gaussians add, a remainder that starts at the
    pixel's total. So nothing per pixel has to be saved and no transmittance is divided out.

    Args:
        records: As given to :func:`blend`.
        starts: As given to :func:`blend`.
        entries: As given to :func:`blend`.
        first_tile: As given to :func:`blend`.
        last_tile: As given to :func:`blend`.
        tiles_x: As given to :func:`blend`.
        channels: As given to :func:`blend`.
        image: ``[H, W, C]`` as written by :func:`blend`.
        alpha: ``[H, W]`` as written by :func:`blend`.
        d_image: ``[H, W, C]`` float32, the loss gradient of ``image``.
        d_alpha: ``[H, W]`` float32, the loss gradient of ``alpha``.
        gradients: ``[N, 16]`` float32, output, zeroed by the caller: see
            :func:`.projection.project_backward`.
    """
    n = len(channels)
    height, width = alpha.shape
    planes = _new_planes()
    for tile in range(first_tile, last_tile):
        if starts[tile] == starts[tile + 1]:
            continue
        left = (tile % tiles_x) * TILE_WIDTH
        top = (tile // tiles_x) * TILE_HEIGHT
        planes[2 * _PIXELS : 3 * _PIXELS] = _ONE
        planes[3 * _PIXELS :] = _ZERO
        for row in range(min(TILE_HEIGHT, height - top)):
            for column in range(min(TILE_WIDTH, width - left)):
                p = row * TILE_WIDTH + column
                total = d_alpha[top + row, left + column] * alpha[top + row, left + column]
                planes[11 * _PIXELS + p] = d_alpha[top + row, left + column]
                for c in range(n):
                    planes[(3 + c) * _PIXELS + p] = d_image[top + row, left + column, c]
                    total += (
                        d_image[top + row, left + column, c] * image[top + row, left + column, c]
                    )
                planes[12 * _PIXELS + p] = total
        for k in range(starts[tile], starts[tile + 1]):
            i = entries[k]
            mean_x = records[i, 0] - np.float32(left)
            mean_y = records[i, 1] - np.float32(top)
            w11, w12, w22 = records[i, 2], records[i, 3], records[i, 4]
            opacity_term = records[i, 5]
            c0, c1, c2, c3 = records[i, 8], records[i, 9], records[i, 10], records[i, 11]
            c4, c5, c6, c7 = records[i, 12], records[i, 13], records[i, 14], records[i, 15]
            sum_1 = sum_u = sum_v = sum_uu = sum_uv = sum_vv = _ZERO
            g0 = g1 = g2 = g3 = g4 = g5 = g6 = g7 = _ZERO
            first, last = _pixel_range(records, i, top)
            for p in range(first, last):
                dy = planes[p + _Y] - mean_y
                u = w11 * (planes[p + _X] - mean_x) + w12 * dy
                v = w22 * dy
                s = u * u + (v * v + opacity_term)
                e = _E0 + s * (_E1 + s * (_E2 + s * (_E3 + s * (_E4 + s * _E5))))
                e *= e
                e *= e
                e *= e
                a = min(e, ALPHA_MAX)
                t = planes[p + _T]
                hit = s <= _EXPONENT_MAX
                open_ = t - t * a > TRANSMITTANCE_MIN
                a = a if hit & open_ else _ZERO
                w = t * a
                planes[p + _T] = t - w if open_ | (not hit) else _ZERO
                value = planes[p + _A] + planes[p + _C0] * c0
                g0 += w * planes[p + _C0]
                if n > 1:
                    value += planes[p + _C1] * c1
                    g1 += w * planes[p + _C1]
                if n > 2:
                    value += planes[p + _C2] * c2
                    g2 += w * planes[p + _C2]
                if n > 3:
                    value += planes[p + _C3] * c3
                    g3 += w * planes[p + _C3]
                if n > 4:
                    value += planes[p + _C4] * c4
                    g4 += w * planes[p + _C4]
                if n > 5:
                    value += planes[p + _C5] * c5
                    g5 += w * planes[p + _C5]
                if n > 6:
                    value += planes[p + _C6] * c6
                    g6 += w * planes[p + _C6]
                if n > 7:
                    value += planes[p + _C7] * c7
                    g7 += w * planes[p + _C7]
                added = w * value
                rest = planes[p + _R] - added
                planes[p + _R] = rest
                # Minus alpha times the gradient of alpha; clamped alphas do not move.
                d = rest * (a / (_ONE - a)) - added
                d = d if e < ALPHA_MAX else _ZERO
                du = d * u
                dv = d * v
                sum_1 += d
                sum_u += du
                sum_v += dv
                sum_uu += du * u
                sum_uv += du * v
                sum_vv += dv * v
            gradients[i, 0] += sum_1
            gradients[i, 1] += sum_u
            gradients[i, 2] += sum_v
            gradients[i, 3] += sum_uu
            gradients[i, 4] += sum_uv
            gradients[i, 5] += sum_vv
            gradients[i, 8] += g0
            if n > 1:
                gradients[i, 9] += g1
            if n > 2:
                gradients[i, 10] += g2
            if n > 3:
                gradients[i, 11] += g3
            if n > 4:
                gradients[i, 12] += g4
            if n > 5:
                gradients[i, 13] += g5
            if n > 6:
                gradients[i, 14] += g6
            if n > 7:
                gradients[i, 15] += g7
            if k % _OPAQUE_CHECK == 0 and _is_opaque(planes):
                break
