"""Compiled tri-plane hash grid, forward and backward.

Single-threaded: frames, not points, are what the callers spread over cores, and a serial scatter
keeps the table's gradient deterministic. Points go in blocks whose working arrays stay in L1, as
structures of arrays so that all but the scatter becomes SIMD; the few points at the border or
outside, whose vertices wrap around, are put into blocks of their own. One level of one plane is
worked off after the other, because its table fits the second-level cache and all of them do not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..njit import Floats, Indices, Longs, kernel

Flags = NDArray[np.bool_]

# The working arrays of this many points stay in L1.
_BLOCK = 128
_HALF = np.float32(0.5)
_PRIME = np.uint32(2654435761)
_STEP = np.uint32(1)
_ZERO64 = np.uint64(0)


@kernel
def _interior_first(points: Floats, scales: Floats, resolutions: Indices) -> tuple[Longs, int]:
    """Point indices, those first all of whose vertices lie on the grid at every level; how many."""
    limit = np.float32(np.inf)
    for level in range(scales.shape[0]):
        last = np.float32(resolutions[level]) - np.float32(1.5)
        limit = min(limit, last / scales[level] - np.float32(1e-6))
    order = np.empty(points.shape[0], np.int64)
    low, high = 0, points.shape[0]
    for n in range(points.shape[0]):
        x, y, z = points[n, 0], points[n, 1], points[n, 2]
        if min(x, y, z) >= np.float32(0) and max(x, y, z) < limit:
            order[low] = n
            low += 1
        else:
            high -= 1
            order[high] = n
    return order, low


@kernel
def _blocks(count: int, interior: int) -> list[tuple[int, int]]:
    """Starts and ends of blocks that do not mix interior and other points."""
    spans = []
    for first, last in ((0, interior), (interior, count)):
        for start in range(first, last, _BLOCK):
            spans.append((start, min(start + _BLOCK, last)))
    return spans


@kernel
def _locate(axis: Floats, scale: np.float32, cell: Indices, fraction: Floats) -> None:
    """Lower vertex of every point's cell along one axis, and the position in the cell."""
    for n in range(_ZERO64, np.uint64(cell.shape[0])):
        position = scale * axis[n] + _HALF
        lower = np.floor(position)
        cell[n] = np.uint32(np.int32(lower))
        fraction[n] = position - lower


@kernel
def _dense_vertices(
    gx: Indices,
    gy: Indices,
    resolution: np.uint32,
    features: np.uint32,
    v00: Indices,
    v10: Indices,
    v01: Indices,
    v11: Indices,
) -> None:
    for n in range(_ZERO64, np.uint64(gx.shape[0])):
        vertex = np.uint32(gx[n] + gy[n] * resolution)
        v00[n] = features * vertex
        v10[n] = features * (vertex + _STEP)
        v01[n] = features * (vertex + resolution)
        v11[n] = features * (vertex + resolution + _STEP)


@kernel
def _wrapped_vertices(
    gx: Indices,
    gy: Indices,
    resolution: np.uint32,
    entries: np.uint32,
    features: np.uint32,
    v00: Indices,
    v10: Indices,
    v01: Indices,
    v11: Indices,
) -> None:
    """As :func:`_dense_vertices`, for any points: uint32 arithmetic and modulo wrap around."""
    for n in range(_ZERO64, np.uint64(gx.shape[0])):
        vertex = np.uint32(gx[n] + gy[n] * resolution)
        v00[n] = features * (vertex % entries)
        v10[n] = features * (np.uint32(vertex + _STEP) % entries)
        v01[n] = features * (np.uint32(vertex + resolution) % entries)
        v11[n] = features * (np.uint32(vertex + resolution + _STEP) % entries)


@kernel
def _hashed_vertices(
    gx: Indices,
    gy: Indices,
    entries: np.uint32,
    features: np.uint32,
    v00: Indices,
    v10: Indices,
    v01: Indices,
    v11: Indices,
) -> None:
    """Hashed levels have a power of two of entries."""
    mask = np.uint32(entries - _STEP)
    for n in range(_ZERO64, np.uint64(gx.shape[0])):
        row = np.uint32(gy[n] * _PRIME)
        next_row = np.uint32(row + _PRIME)
        v00[n] = features * ((gx[n] ^ row) & mask)
        v10[n] = features * ((np.uint32(gx[n] + _STEP) ^ row) & mask)
        v01[n] = features * ((gx[n] ^ next_row) & mask)
        v11[n] = features * ((np.uint32(gx[n] + _STEP) ^ next_row) & mask)


@kernel
def _find_vertices(
    gx: Indices,
    gy: Indices,
    resolution: np.uint32,
    entries: np.uint32,
    features: np.uint32,
    hashed: bool,
    interior: bool,
    v: Indices,
) -> None:
    """Where in the level's table the four vertices of every cell start."""
    if hashed:
        _hashed_vertices(gx, gy, entries, features, v[0], v[1], v[2], v[3])
    elif interior:
        _dense_vertices(gx, gy, resolution, features, v[0], v[1], v[2], v[3])
    else:
        _wrapped_vertices(gx, gy, resolution, entries, features, v[0], v[1], v[2], v[3])


@kernel
def _interpolate(
    v00: Indices,
    v10: Indices,
    v01: Indices,
    v11: Indices,
    fx: Floats,
    fy: Floats,
    table: Floats,
    output: Floats,
) -> None:
    for n in range(_ZERO64, np.uint64(output.shape[0])):
        t00, t10, t01, t11 = table[v00[n]], table[v10[n]], table[v01[n]], table[v11[n]]
        low = t00 + (t10 - t00) * fx[n]
        high = t01 + (t11 - t01) * fx[n]
        output[n] = low + (high - low) * fy[n]


@kernel
def _scatter(
    v00: Indices,
    v10: Indices,
    v01: Indices,
    v11: Indices,
    fx: Floats,
    fy: Floats,
    d_output: Floats,
    d_table: Floats,
) -> None:
    for n in range(_ZERO64, np.uint64(d_output.shape[0])):
        high = d_output[n] * fy[n]
        low = d_output[n] - high
        high_right = high * fx[n]
        low_right = low * fx[n]
        d_table[v00[n]] += low - low_right
        d_table[v10[n]] += low_right
        d_table[v01[n]] += high - high_right
        d_table[v11[n]] += high_right


@kernel
def _slope(
    v00: Indices,
    v10: Indices,
    v01: Indices,
    v11: Indices,
    fx: Floats,
    fy: Floats,
    table: Floats,
    scale: np.float32,
    d_output: Floats,
    d_x: Floats,
    d_y: Floats,
) -> None:
    for n in range(_ZERO64, np.uint64(d_output.shape[0])):
        t00, t10, t01, t11 = table[v00[n]], table[v10[n]], table[v01[n]], table[v11[n]]
        low, high = t10 - t00, t11 - t01
        d = scale * d_output[n]
        d_x[n] += d * (low + (high - low) * fy[n])
        d_y[n] += d * (t01 - t00 + (high - low) * fx[n])


@kernel
def _gathered(points: Floats, order: Longs) -> Floats:
    """Coordinates of the points in an order, by axis."""
    axes = np.empty((3, order.shape[0]), np.float32)
    for axis in range(3):
        for n in range(order.shape[0]):
            axes[axis, n] = points[order[n], axis]
    return axes


@kernel
def _planes() -> tuple[tuple[int, int], ...]:
    """The two axes of each plane: xy, yz, xz."""
    return (0, 1), (1, 2), (0, 2)


@kernel
def encode(
    points: Floats,
    table: Floats,
    features: int,
    scales: Floats,
    resolutions: Indices,
    entries: Indices,
    offsets: Longs,
    hashed: Flags,
    first_level: int,
    last_level: int,
    output: Floats,
) -> None:
    """Interpolate every plane in some of the levels.

    Args:
        points: ``[N, 3]`` float32, [0, 1] inside the box.
        table: ``[3, T F]`` float32, planes xy, yz, xz.
        features: F.
        scales: Per level, see :class:`.layout.GridLayout`.
        resolutions: Per level.
        entries: Per level.
        offsets: Per level.
        hashed: Per level.
        first_level: First of the levels that are worked off.
        last_level: The one after the last.
        output: ``[3 L F, N]`` float32, output; plane, level, feature.
    """
    levels, count = scales.shape[0], points.shape[0]
    order, interior = _interior_first(points, scales, resolutions)
    axes, spans, planes = _gathered(points, order), _blocks(count, interior), _planes()
    cell_x, cell_y = np.empty(_BLOCK, np.uint32), np.empty(_BLOCK, np.uint32)
    part_x, part_y = np.empty(_BLOCK, np.float32), np.empty(_BLOCK, np.float32)
    vertices, column = np.empty((4, _BLOCK), np.uint32), np.empty(_BLOCK, np.float32)
    for level in range(first_level, last_level):
        first, last = offsets[level] * features, offsets[level + 1] * features
        for plane in range(3):
            x, y = planes[plane]
            for start, stop in spans:
                n = stop - start
                _locate(axes[x, start:stop], scales[level], cell_x[:n], part_x[:n])
                _locate(axes[y, start:stop], scales[level], cell_y[:n], part_y[:n])
                _find_vertices(
                    cell_x[:n], cell_y[:n], resolutions[level], entries[level],
                    np.uint32(features), hashed[level], stop <= interior, vertices,
                )  # fmt: skip
                for f in range(features):
                    row = output[(plane * levels + level) * features + f]
                    # Where no point is at the border, the order is that of the points.
                    target = row[start:stop] if interior == count else column[:n]
                    _interpolate(
                        vertices[0], vertices[1], vertices[2], vertices[3],
                        part_x, part_y, table[plane, first + f : last], target,
                    )  # fmt: skip
                    if interior < count:
                        for k in range(n):
                            row[order[start + k]] = column[k]


@kernel
def encode_backward(
    points: Floats,
    table: Floats,
    features: int,
    scales: Floats,
    resolutions: Indices,
    entries: Indices,
    offsets: Longs,
    hashed: Flags,
    first_level: int,
    last_level: int,
    d_output: Floats,
    d_table: Floats,
    d_points: Floats,
) -> None:
    """Gradients of :func:`encode`.

    Args:
        points: As given to :func:`encode`.
        table: As given to :func:`encode`.
        features: As given to :func:`encode`.
        scales: As given to :func:`encode`.
        resolutions: As given to :func:`encode`.
        entries: As given to :func:`encode`.
        offsets: As given to :func:`encode`.
        hashed: As given to :func:`encode`.
        first_level: As given to :func:`encode`.
        last_level: As given to :func:`encode`.
        d_output: ``[3 L F, N]`` float32.
        d_table: ``[3, T F]`` float32, output, of these levels; or ``[3, 0]`` to leave it out.
        d_points: ``[N, 3]`` float32, output, what these levels add; or ``[0, 3]`` to leave it out.
    """
    levels, count = scales.shape[0], points.shape[0]
    order, interior = _interior_first(points, scales, resolutions)
    axes, spans, planes = _gathered(points, order), _blocks(count, interior), _planes()
    cell_x, cell_y = np.empty(_BLOCK, np.uint32), np.empty(_BLOCK, np.uint32)
    part_x, part_y = np.empty(_BLOCK, np.float32), np.empty(_BLOCK, np.float32)
    vertices, column = np.empty((4, _BLOCK), np.uint32), np.empty(_BLOCK, np.float32)
    d_axes = np.zeros((3, count if d_points.shape[0] > 0 else 0), np.float32)
    for level in range(first_level, last_level):
        first, last = offsets[level] * features, offsets[level + 1] * features
        for plane in range(3):
            x, y = planes[plane]
            if d_table.shape[1] > 0:
                d_table[plane, first:last] = np.float32(0)
            for start, stop in spans:
                n = stop - start
                _locate(axes[x, start:stop], scales[level], cell_x[:n], part_x[:n])
                _locate(axes[y, start:stop], scales[level], cell_y[:n], part_y[:n])
                _find_vertices(
                    cell_x[:n], cell_y[:n], resolutions[level], entries[level],
                    np.uint32(features), hashed[level], stop <= interior, vertices,
                )  # fmt: skip
                for f in range(features):
                    row = d_output[(plane * levels + level) * features + f]
                    if interior < count:
                        for k in range(n):
                            column[k] = row[order[start + k]]
                    source = row[start:stop] if interior == count else column[:n]
                    if d_table.shape[1] > 0:
                        _scatter(
                            vertices[0], vertices[1], vertices[2], vertices[3],
                            part_x, part_y, source, d_table[plane, first + f : last],
                        )  # fmt: skip
                    if d_points.shape[0] > 0:
                        _slope(
                            vertices[0], vertices[1], vertices[2], vertices[3],
                            part_x, part_y, table[plane, first + f : last], scales[level],
                            source, d_axes[x, start:stop], d_axes[y, start:stop],
                        )  # fmt: skip
    for n in range(d_points.shape[0]):
        for axis in range(3):
            d_points[order[n], axis] = d_axes[axis, n]
