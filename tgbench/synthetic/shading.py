"""From what each sample sees to its colour: texture, lights, gloss."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

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
_LIFT, _BIAS = 0.0025, 0.0012
"""How far above a surface, and towards the light, its shadow is looked up; metres."""


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


@njit(cache=True, nogil=True, fastmath={"contract", "reassoc", "nsz", "arcp"})
def shade(
    owner: NDArray,
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

    Args:
        owner: int32 [H, W] of `rasterizer.draw`.
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
        view: [3, 3] rotation camera to world, and a row (focal, cx, cy): [4, 3].
        shadow: `shadow.shadow_map` of the first light.
        light_view: `shadow.light_view` of the first light.
        tones: `TONE_TABLE`.
        linear: `LINEAR_TABLE`.
        colour: float32 [H, W, 3] to fill with display values 0..255.
    """
    height, width = owner.shape
    last_x, last_y = atlas.shape[1] - 2, atlas.shape[0] - 2
    scale = (tones.shape[0] - 1) / math.sqrt(_BRIGHTEST)
    focal, cx, cy = view[3, 0], view[3, 1], view[3, 2]
    albedo = np.empty(4, np.float32)
    along = np.empty(3, np.float32)
    lift = np.empty(3, np.float32)
    for row in range(height):
        for column in range(width):
            t = owner[row, column]
            if t < first:
                continue
            p, q, r = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            x, y = column + 0.5, row + 0.5
            xp, yp, xq, yq = points[p, 0], points[p, 1], points[q, 0], points[q, 1]
            xr, yr = points[r, 0], points[r, 1]
            area = (xq - xp) * (yr - yp) - (xr - xp) * (yq - yp)
            wp = ((xq - x) * (yr - y) - (xr - x) * (yq - y)) / area
            wq = ((xr - x) * (yp - y) - (xp - x) * (yr - y)) / area
            # Perspective: attributes over distance are linear in the image.
            wp *= points[p, 2]
            wq *= points[q, 2]
            wr = (1.0 - wp / points[p, 2] - wq / points[q, 2]) * points[r, 2]
            total = 1.0 / (wp + wq + wr)
            wp *= total
            wq *= total
            wr *= total
            nx = wp * normals[p, 0] + wq * normals[q, 0] + wr * normals[r, 0]
            ny = wp * normals[p, 1] + wq * normals[q, 1] + wr * normals[r, 1]
            nz = wp * normals[p, 2] + wq * normals[q, 2] + wr * normals[r, 2]
            u = wp * texture[p, 0] + wq * texture[q, 0] + wr * texture[r, 0] - 0.5
            v = wp * texture[p, 1] + wq * texture[q, 1] + wr * texture[r, 1] - 0.5
            share = wp * light[p] + wq * light[q] + wr * light[r]
            i, j = min(max(int(v), 0), last_y), min(max(int(u), 0), last_x)
            fu, fv = u - j, v - i
            for k in range(4):
                above = (1 - fu) * atlas[i, j, k] + fu * atlas[i, j + 1, k]
                below = (1 - fu) * atlas[i + 1, j, k] + fu * atlas[i + 1, j + 1, k]
                albedo[k] = linear[int(_FINER * ((1 - fv) * above + fv * below))]
            a, b = (x - cx) / focal, (cy - y) / focal
            vx = -(view[0, 0] * a + view[0, 1] * b - view[0, 2])
            vy = -(view[1, 0] * a + view[1, 1] * b - view[1, 2])
            vz = -(view[2, 0] * a + view[2, 1] * b - view[2, 2])
            shrink = 1.0 / math.sqrt(vx * vx + vy * vy + vz * vz)
            vx, vy, vz = vx * shrink, vy * shrink, vz * shrink
            length = math.sqrt(nx * nx + ny * ny + nz * nz) + 1e-9
            # Surfaces seen from behind are lit as what they are: thin.
            if nx * vx + ny * vy + nz * vz < 0.0:
                length = -length
            nx, ny, nz = nx / length, ny / length, nz / length
            facing = nx * vx + ny * vy + nz * vz
            part = parts[t]
            slant = 1.0 - max(nx * lights[0, 0] + ny * lights[0, 1] + nz * lights[0, 2], 0.0)
            raised = _LIFT * (0.4 + 2.0 * slant)
            lift[0], lift[1], lift[2] = raised * nx, raised * ny, raised * nz
            up = 0.5 + 0.5 * (nx * ambient[0, 0] + ny * ambient[0, 1] + nz * ambient[0, 2])
            red = share * (up * ambient[1, 0] + (1 - up) * ambient[2, 0])
            green = share * (up * ambient[1, 1] + (1 - up) * ambient[2, 1])
            blue = share * (up * ambient[1, 2] + (1 - up) * ambient[2, 2])
            shine_red = shine_green = shine_blue = 0.0
            for k in range(3):
                position = light_view[k, 3]
                for c in range(3):
                    here = wp * vertices[p, c] + wq * vertices[q, c] + wr * vertices[r, c]
                    position += light_view[k, c] * (here + lift[c])
                along[k] = position
            for n in range(lights.shape[0]):
                direct = 0.35 + 0.65 * share
                if n == 0:
                    direct *= lit_share(shadow, along[0], along[1], along[2] + _BIAS)
                lx, ly, lz = lights[n, 0], lights[n, 1], lights[n, 2]
                toward = nx * lx + ny * ly + nz * lz
                wrap = materials[part, 0]
                red += direct * lights[n, 3] * max(toward + wrap, 0.0) / (1.0 + wrap)
                wrap = materials[part, 1]
                green += direct * lights[n, 4] * max(toward + wrap, 0.0) / (1.0 + wrap)
                wrap = materials[part, 2]
                blue += direct * lights[n, 5] * max(toward + wrap, 0.0) / (1.0 + wrap)
                if toward <= 0.0:
                    continue
                hx, hy, hz = lx + vx, ly + vy, lz + vz
                half = math.sqrt(hx * hx + hy * hy + hz * hz)
                glint = (nx * hx + ny * hy + nz * hz) / half
                if glint <= 0.0:
                    continue
                sharp = materials[part, 4]
                gleam = materials[part, 3] * albedo[3] * direct
                gleam *= math.exp(sharp * math.log(glint)) * min(toward * 4.0, 1.0)
                shine_red += gleam * lights[n, 3]
                shine_green += gleam * lights[n, 4]
                shine_blue += gleam * lights[n, 5]
            sheen = materials[part, 5] * share * (1.0 - facing) ** 3
            red = albedo[0] * (red + sheen) * 0.62 + shine_red
            green = albedo[1] * (green + sheen) * 0.62 + shine_green
            blue = albedo[2] * (blue + sheen) * 0.62 + shine_blue
            colour[row, column, 0] = tones[int(scale * math.sqrt(min(red, _BRIGHTEST)))]
            colour[row, column, 1] = tones[int(scale * math.sqrt(min(green, _BRIGHTEST)))]
            colour[row, column, 2] = tones[int(scale * math.sqrt(min(blue, _BRIGHTEST)))]
