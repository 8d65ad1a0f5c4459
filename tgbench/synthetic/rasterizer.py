"""A z-buffer: which triangle each sample of the image sees, and where on the triangle."""

from __future__ import annotations

import math

from numpy.typing import NDArray

from ..compiled import njit

NOTHING = -1
"""Owner of a sample that no triangle covers."""

_NEAR = 0.05


@njit(cache=True, nogil=True)
def project(
    vertices: NDArray, camera: NDArray, focal: float, cx: float, cy: float, out: NDArray
) -> None:
    """Project vertices into the image.

    Args:
        vertices: [V, 3] in the world, metres.
        camera: world to camera [3, 4], OpenGL axes.
        focal: focal length in samples.
        cx: principal point in samples, to the right.
        cy: principal point in samples, down.
        out: float32 [V, 3] to fill with x, y (samples, y down) and 1 / distance along the axis.
            Points nearer than 5 cm or behind the camera get 0 for the last.
    """
    for v in range(vertices.shape[0]):
        x, y, z = vertices[v, 0], vertices[v, 1], vertices[v, 2]
        a = camera[0, 0] * x + camera[0, 1] * y + camera[0, 2] * z + camera[0, 3]
        b = camera[1, 0] * x + camera[1, 1] * y + camera[1, 2] * z + camera[1, 3]
        c = camera[2, 0] * x + camera[2, 1] * y + camera[2, 2] * z + camera[2, 3]
        if -c < _NEAR:
            out[v, 2] = 0.0
            continue
        near = -1.0 / c
        out[v, 0] = cx + focal * a * near
        out[v, 1] = cy - focal * b * near
        out[v, 2] = near


@njit(cache=True, nogil=True)
def draw(
    points: NDArray,
    triangles: NDArray,
    closed: NDArray,
    first: int,
    last: int,
    nearness: NDArray,
    owner: NDArray,
) -> None:
    """Draw triangles `first` to `last` (excluded) where they are nearer than what is there.

    The corners of a triangle run anticlockwise seen from outside.

    Args:
        points: projected vertices of `project`.
        triangles: int32 [T, 3].
        closed: bool [T], whether a triangle is of a closed surface and has no visible back.
        first: number of the first triangle to draw.
        last: number of the triangle to stop before.
        nearness: float32 [H, W], 1 / distance of what each sample sees, 0 for nothing; updated.
        owner: int32 [H, W], number of the triangle that each sample sees; updated.
    """
    height, width = owner.shape
    for t in range(first, last):
        p, q, r = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        zp, zq, zr = points[p, 2], points[q, 2], points[r, 2]
        if zp == 0.0 or zq == 0.0 or zr == 0.0:
            continue
        xp, yp = points[p, 0], points[p, 1]
        xq, yq = points[q, 0], points[q, 1]
        xr, yr = points[r, 0], points[r, 1]
        area = (xq - xp) * (yr - yp) - (xr - xp) * (yq - yp)
        # y runs down in the image: what faces the camera has a negative area.
        if area == 0.0 or (area > 0.0 and closed[t]):
            continue
        # Samples lie at +0.5.
        left = max(math.ceil(min(xp, xq, xr) - 0.5), 0)
        right = min(math.floor(max(xp, xq, xr) - 0.5), width - 1)
        top = max(math.ceil(min(yp, yq, yr) - 0.5), 0)
        bottom = min(math.floor(max(yp, yq, yr) - 0.5), height - 1)
        inverse = 1.0 / area
        for row in range(top, bottom + 1):
            y = row + 0.5
            for column in range(left, right + 1):
                x = column + 0.5
                wp = ((xq - x) * (yr - y) - (xr - x) * (yq - y)) * inverse
                wq = ((xr - x) * (yp - y) - (xp - x) * (yr - y)) * inverse
                wr = 1.0 - wp - wq
                if wp < 0.0 or wq < 0.0 or wr < 0.0:
                    continue
                near = wp * zp + wq * zq + wr * zr
                if near > nearness[row, column]:
                    nearness[row, column] = near
                    owner[row, column] = t


@njit(cache=True, nogil=True)
def vertex_normals(vertices: NDArray, triangles: NDArray, out: NDArray) -> None:
    """Fill `out` [V, 3] with unit normals, area-weighted over the triangles at each vertex."""
    out[:] = 0.0
    for t in range(triangles.shape[0]):
        p, q, r = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, bx = vertices[q, 0] - vertices[p, 0], vertices[r, 0] - vertices[p, 0]
        ay, by = vertices[q, 1] - vertices[p, 1], vertices[r, 1] - vertices[p, 1]
        az, bz = vertices[q, 2] - vertices[p, 2], vertices[r, 2] - vertices[p, 2]
        nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        for v in (p, q, r):
            out[v, 0] += nx
            out[v, 1] += ny
            out[v, 2] += nz
    for v in range(out.shape[0]):
        length = math.sqrt(out[v, 0] ** 2 + out[v, 1] ** 2 + out[v, 2] ** 2)
        if length > 0.0:
            for k in range(3):
                out[v, k] /= length
