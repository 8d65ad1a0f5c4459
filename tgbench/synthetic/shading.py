"""From what each sample sees to its colour: texture, lights, gloss."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..compiled import njit
from .mesh import Part
from .shadow import lit_share

LIGHTS = np.array(
    [
        # towards the light (x, y, z)      colour
        [-0.52, 0.50, 0.69, 1.62, 1.52, 1.40],
        [0.80, 0.12, 0.58, 0.40, 0.44, 0.50],
        [0.45, 0.55, -0.70, 0.55, 0.58, 0.64],
    ],
    np.float32,
)
"""Key, fill and rim light of the studio, in its axes."""

SKY = np.array([0.36, 0.38, 0.41], np.float32)
GROUND = np.array([0.17, 0.15, 0.14], np.float32)

_WRAP, _GLOSS, _SHARPNESS, _SHEEN = 0, 3, 4, 5
MATERIALS = np.zeros((len(Part), 6), np.float32)
"""Per part: how far light wraps around for red, green, blue; gloss; its sharpness; rim sheen."""

MATERIALS[:, _SHARPNESS] = 16.0
MATERIALS[Part.CLOTH] = (0.05, 0.05, 0.05, 0.02, 8.0, 0.10)
MATERIALS[Part.NECK] = (0.34, 0.17, 0.11, 0.28, 14.0, 0.0)
MATERIALS[Part.SKIN] = (0.34, 0.17, 0.11, 0.34, 17.0, 0.0)
MATERIALS[Part.EAR] = (0.48, 0.20, 0.12, 0.25, 14.0, 0.0)
MATERIALS[Part.LID] = (0.35, 0.18, 0.12, 0.5, 40.0, 0.0)
MATERIALS[Part.LASH] = (0.1, 0.1, 0.1, 0.0, 8.0, 0.0)
MATERIALS[Part.EYE] = (0.30, 0.24, 0.22, 2.2, 420.0, 0.0)
MATERIALS[Part.LIP] = (0.32, 0.15, 0.11, 0.6, 40.0, 0.0)
MATERIALS[Part.CAVITY] = (0.2, 0.1, 0.1, 0.05, 20.0, 0.0)
MATERIALS[Part.TEETH] = (0.25, 0.22, 0.20, 0.7, 60.0, 0.0)
MATERIALS[Part.TONGUE] = (0.3, 0.15, 0.1, 0.5, 30.0, 0.0)
MATERIALS[Part.HAIR] = (0.15, 0.13, 0.12, 0.22, 9.0, 0.05)

_TONES = 2048
_BRIGHTEST = 4.0
_FINER = 8
_EXPOSURE = 0.62
_FAINT = 6.0
"""Logarithm at which a highlight is too faint to be seen."""

_SAME_SURFACE = 0.004
"""Relative difference of distance up to which samples of a pixel see the same surface."""

_HAIR, _LASH = int(Part.HAIR), int(Part.LASH)
_QUICK = {"contract", "reassoc", "nsz", "arcp"}
_LIFT = 0.0034
"""How far above a surface its shadow is looked up at a slant, metres."""


def _tone_table() -> NDArray[np.float32]:
    """Light 0..4 on a square-root scale to display values 0..255, highlights rolled off."""
    light = (np.arange(_TONES) / (_TONES - 1)) ** 2 * _BRIGHTEST
    knee = 0.72
    rolled = np.where(
        light < knee, light, 1.0 - (1.0 - knee) * np.exp(-(light - knee) / (1 - knee))
    )
    curve = np.where(rolled < 0.0031308, 12.92 * rolled, 1.055 * rolled ** (1 / 2.4) - 0.055)
    return (255.0 * curve).astype(np.float32)


def _linear_table() -> NDArray[np.float32]:
    """Display values 0..255 in eighths to light 0..1."""
    value = np.arange(255 * _FINER + 1) / (255.0 * _FINER)
    return np.where(value < 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(
        np.float32
    )


TONE_TABLE = _tone_table()
LINEAR_TABLE = _linear_table()


@njit(cache=True, nogil=True, fastmath=_QUICK)
def _weights(
    points: NDArray, p: int, q: int, r: int, x: float, y: float
) -> tuple[float, float, float]:
    """Return how much each corner of a triangle counts at a sample.

    Attributes over distance are linear in the image, attributes are not.
    """
    xp, yp, xq, yq = points[p, 0], points[p, 1], points[q, 0], points[q, 1]
    xr, yr = points[r, 0], points[r, 1]
    inverse = 1.0 / ((xq - xp) * (yr - yp) - (xr - xp) * (yq - yp))
    flat_p = ((xq - x) * (yr - y) - (xr - x) * (yq - y)) * inverse
    flat_q = ((xr - x) * (yp - y) - (xp - x) * (yr - y)) * inverse
    wp, wq = flat_p * points[p, 2], flat_q * points[q, 2]
    wr = (1.0 - flat_p - flat_q) * points[r, 2]
    total = 1.0 / (wp + wq + wr)
    return wp * total, wq * total, wr * total


@njit(cache=True, nogil=True, fastmath=_QUICK)
def _paint(atlas: NDArray, linear: NDArray, u: float, v: float, out: NDArray) -> None:
    """Fill `out` with linear colour and gloss at a place of the atlas."""
    u, v = u - 0.5, v - 0.5
    i = min(max(int(v), 0), atlas.shape[0] - 2)
    j = min(max(int(u), 0), atlas.shape[1] - 2)
    fu, fv = u - j, v - i
    for k in range(4):
        above = (1.0 - fu) * atlas[i, j, k] + fu * atlas[i, j + 1, k]
        below = (1.0 - fu) * atlas[i + 1, j, k] + fu * atlas[i + 1, j + 1, k]
        out[k] = linear[int(_FINER * ((1.0 - fv) * above + fv * below))]


@njit(cache=True, nogil=True, fastmath=_QUICK)
def _illuminate(
    normal: NDArray,
    towards_eye: NDArray,
    place: NDArray,
    share: float,
    material: NDArray,
    lights: NDArray,
    ambient: NDArray,
    shadow: NDArray,
    light_view: NDArray,
    out: NDArray,
) -> None:
    """Fill `out` [6] with the light that falls on a surface and what it mirrors, each RGB.

    Args:
        normal: [3]; need not be unit length, nor on the side of the eye.
        towards_eye: [3], unit.
        place: [3], metres.
        share: of the surrounding light that gets there.
        material: a row of `MATERIALS`.
        lights: see `shade`, as the next three.
        ambient: surrounding light.
        shadow: picture taken from the first light.
        light_view: how it was taken.
        out: what is filled.
    """
    nx, ny, nz = normal
    vx, vy, vz = towards_eye
    length = math.sqrt(nx * nx + ny * ny + nz * nz) + 1e-9
    # Thin things such as hair and lids are lit on the side that is seen.
    if nx * vx + ny * vy + nz * vz < 0.0:
        length = -length
    nx, ny, nz = nx / length, ny / length, nz / length
    up = 0.5 + 0.5 * (nx * ambient[0, 0] + ny * ambient[0, 1] + nz * ambient[0, 2])
    sheen = material[_SHEEN] * (1.0 - (nx * vx + ny * vy + nz * vz)) ** 3
    for c in range(3):
        out[c] = share * (up * ambient[1, c] + (1.0 - up) * ambient[2, c] + sheen)
        out[3 + c] = 0.0
    for n in range(lights.shape[0]):
        lx, ly, lz = lights[n, 0], lights[n, 1], lights[n, 2]
        towards = nx * lx + ny * ly + nz * lz
        if towards + material[_WRAP] <= 0.0:
            continue
        reaching = 0.35 + 0.65 * share
        if n == 0:
            raised = _LIFT * (0.4 + 2.0 * (1.0 - max(towards, 0.0)))
            x, y, z = place[0] + raised * nx, place[1] + raised * ny, place[2] + raised * nz
            reaching *= lit_share(shadow, light_view, x, y, z)
        for c in range(3):
            wrap = material[_WRAP + c]
            out[c] += reaching * lights[n, 3 + c] * max(towards + wrap, 0.0) / (1.0 + wrap)
        hx, hy, hz = lx + vx, ly + vy, lz + vz
        glint = (nx * hx + ny * hy + nz * hz) / math.sqrt(hx * hx + hy * hy + hz * hz)
        if towards <= 0.0 or material[_SHARPNESS] * (1.0 - glint) > _FAINT:
            continue
        gleam = math.exp(material[_SHARPNESS] * math.log(glint)) * min(4.0 * towards, 1.0)
        for c in range(3):
            out[3 + c] += material[_GLOSS] * reaching * gleam * lights[n, 3 + c]


@njit(cache=True, nogil=True, fastmath=_QUICK)
def shade(
    owner: NDArray,
    nearness: NDArray,
    block: int,
    first: int,
    points: NDArray,
    vertices: NDArray,
    triangles: NDArray,
    parts: NDArray,
    normals: NDArray,
    texture: NDArray,
    light: NDArray,
    atlas: NDArray,
    materials: NDArray,
    lights: NDArray,
    ambient: NDArray,
    view: NDArray,
    shadow: NDArray,
    light_view: NDArray,
    tones: NDArray,
    linear: NDArray,
    colour: NDArray,
) -> None:
    """Colour every sample that sees a triangle numbered `first` or above.

    What is painted on a surface is looked up for every sample. Light changes more slowly: the
    samples of a pixel share it as long as they see the same surface.

    Args:
        owner: int32 [H, W] of `rasterizer.draw`.
        nearness: float32 [H, W] of `rasterizer.draw`.
        block: samples a pixel, each way.
        first: smaller triangle numbers are left alone.
        points: float32 [V, 3] of `rasterizer.project`.
        vertices: float32 [V, 3] in the world.
        triangles: int32 [T, 3].
        parts: uint8 [T], see `mesh.Part`.
        normals: float32 [V, 3], unit, world.
        texture: float32 [V, 2], pixels of the atlas.
        light: float32 [V], share of ambient light.
        atlas: uint8 [h, w, 4], sRGB and gloss.
        materials: `MATERIALS`.
        lights: [L, 6], unit direction towards the light in the world, colour.
        ambient: [3, 3]: up in the world, sky's colour, ground's colour.
        view: [4, 3]: rotation camera to world, and a row (focal, cx, cy).
        shadow: `shadow.shadow_map` of the first light.
        light_view: `shadow.light_view` of the first light.
        tones: `TONE_TABLE`.
        linear: `LINEAR_TABLE`.
        colour: float32 [H, W, 3] to fill with display values 0..255.
    """
    scale = (tones.shape[0] - 1) / math.sqrt(_BRIGHTEST)
    focal, cx, cy = view[3, 0], view[3, 1], view[3, 2]
    paint, lit = np.empty(4, np.float32), np.empty(6, np.float32)
    normal, place, eye = (np.empty(3, np.float32), np.empty(3, np.float32), np.empty(3, np.float32))
    for top in range(0, owner.shape[0], block):
        for left in range(0, owner.shape[1], block):
            lit_part, lit_near = -1, 0.0
            for k in range(block * block):
                row, column = top + k // block, left + k % block
                t = owner[row, column]
                if t < first:
                    continue
                p, q, r = triangles[t, 0], triangles[t, 1], triangles[t, 2]
                x, y = column + 0.5, row + 0.5
                wp, wq, wr = _weights(points, p, q, r, x, y)
                part, near = parts[t], nearness[row, column]
                if part != lit_part or abs(near - lit_near) > _SAME_SURFACE * near:
                    shorten = 1.0 / math.sqrt(
                        1.0 + ((x - cx) / focal) ** 2 + ((y - cy) / focal) ** 2
                    )
                    a, b = shorten * (x - cx) / focal, shorten * (cy - y) / focal
                    for c in range(3):
                        eye[c] = shorten * view[c, 2] - view[c, 0] * a - view[c, 1] * b
                        normal[c] = wp * normals[p, c] + wq * normals[q, c] + wr * normals[r, c]
                        place[c] = wp * vertices[p, c] + wq * vertices[q, c] + wr * vertices[r, c]
                    share = wp * light[p] + wq * light[q] + wr * light[r]
                    material = materials[part]
                    _illuminate(
                        normal,
                        eye,
                        place,
                        share,
                        material,
                        lights,
                        ambient,
                        shadow,
                        light_view,
                        lit,
                    )
                    # Every strand of hair is a surface of its own.
                    lit_part = -1 if part in (_HAIR, _LASH) else part
                    lit_near = near
                u = wp * texture[p, 0] + wq * texture[q, 0] + wr * texture[r, 0]
                v = wp * texture[p, 1] + wq * texture[q, 1] + wr * texture[r, 1]
                _paint(atlas, linear, u, v, paint)
                for c in range(3):
                    value = _EXPOSURE * paint[c] * lit[c] + paint[3] * lit[3 + c]
                    colour[row, column, c] = tones[int(scale * math.sqrt(min(value, _BRIGHTEST)))]
