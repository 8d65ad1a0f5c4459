"""A room with a camera, lights and a plate, in which a person is filmed."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..arrays import Image
from ..compiled import njit
from ..identities import HAIR, HEAD, INNER_MOUTH, NECK, TORSO, WHITE
from . import shading, shadow
from .mesh import INSIDE_MOUTH, Part, colours
from .model import Model
from .motion import Performance
from .noise import fractal
from .person import Person
from .rasterizer import NOTHING, draw, project, vertex_normals

Matrix = NDArray[np.float64]

DISTANCE = 0.92
HEIGHT = -0.027
"""Where the camera stands before the mean place of the head, metres."""

FOCAL = 1200.0 / 512.0
"""Focal length as a multiple of the image's side."""

_SAMPLES = 2
"""Samples a pixel, each way."""

_COLOURS = np.array([WHITE, TORSO, NECK, HEAD, HAIR, INNER_MOUTH], np.uint8)
_BACK, _TORSO, _NECK, _HEAD, _HAIR, _MOUTH = range(6)


def _labels() -> NDArray[np.uint8]:
    """Return which colour of the layout each part gets."""
    labels = np.full(len(Part), _HEAD, np.uint8)
    labels[[Part.CLOTH, Part.NECK, Part.HAIR]] = _TORSO, _NECK, _HAIR
    labels[list(INSIDE_MOUTH)] = _MOUTH
    return labels


_LABELS = _labels()


@dataclass(frozen=True)
class Shot:
    """One frame with everything that is known about it.

    Attributes:
        image: uint8 RGB [H, W, 3].
        parsing: uint8 RGB [H, W, 3], the layout's colours.
        teeth: bool [H, W].
        torso: uint8 RGBA [H, W, 4], neck and torso as they look without the head.
        landmarks: float64 [68, 2], pixels (x, y), iBUG's order, hidden ones included.
        lip_gap: millimetres from the lower to the upper lip in the middle, up in the head frame.
    """

    image: Image
    parsing: Image
    teeth: NDArray[np.bool_]
    torso: Image
    landmarks: Matrix
    lip_gap: float


@dataclass(frozen=True)
class HeadShot:
    """A head by itself: hair, face and inside of the mouth as far as the neck does not hide them.

    Attributes:
        image: uint8 RGB [H, W, 3], over one colour.
        alpha: float32 [H, W], the share of each pixel that it covers.
        depth: float32 [H, W], metres along the camera's axis, the mean over what it covers; NaN
            where there is none of it.
        landmarks: float64 [68, 2], as of `Shot`.
    """

    image: Image
    alpha: NDArray[np.float32]
    depth: NDArray[np.float32]
    landmarks: Matrix


@dataclass(frozen=True)
class _Samples:
    """What every sample of an image sees.

    Attributes:
        owner: int32 [H, W], the triangle, or `NOTHING`.
        nearness: float32 [H, W], 1 / distance along the camera's axis.
        colour: float32 [H, W, 3].
        torso: uint8 RGBA of the pixels, without the head.
        marks: float64 [68, 3], the landmarks in space.
        world_to_camera: [3, 4].
    """

    owner: NDArray[np.int32]
    nearness: NDArray[np.float32]
    colour: NDArray[np.float32]
    torso: Image
    marks: Matrix
    world_to_camera: Matrix


class Studio:
    """Films a performance of a person. Thread-safe: nothing is kept between shots."""

    def __init__(self, person: Person, performance: Performance, size: int) -> None:
        """Set up for square frames of `size` pixels."""
        self.model = Model(person)
        self.performance = performance
        self.size = size
        self.focal = FOCAL * size
        self.plate = paint_plate(person, size)

    def head_to_studio(self, frame: int) -> Matrix:
        """Return where the head is in the room, [4, 4], metres."""
        yaw, pitch, roll = self.performance.turn[frame]
        cy, sy, cp, sp, cr, sr = (f(a) for a in (yaw, pitch, roll) for f in (np.cos, np.sin))
        around_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
        around_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
        around_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
        # The head turns on the neck, not about the point between the ears.
        turn, pivot = around_y @ around_x @ around_z, np.array([0.0, -0.075, -0.015])
        matrix = np.eye(4)
        matrix[:3, :3] = turn
        matrix[:3, 3] = pivot - turn @ pivot + self.performance.place[frame]
        return matrix

    def pose(self, frame: int) -> Matrix:
        """Return the camera of a frame: camera to head, [4, 4], OpenGL axes, metres."""
        camera = np.eye(4)
        camera[:3, 3] = 0.0, HEIGHT, DISTANCE
        return np.linalg.inv(self.head_to_studio(frame)) @ camera

    def shoot(self, frame: int) -> Shot:
        """Film a frame with the studio's camera."""
        return self.view(frame, self.pose(frame))

    def view(self, frame: int, camera_to_head: Matrix) -> Shot:
        """Film a frame with any camera.

        Args:
            frame: index of the frame.
            camera_to_head: [4, 4], OpenGL axes, metres; as in the layout's transforms.
        """
        seen = self._draw(frame, camera_to_head)
        image = np.empty((self.size, self.size, 3), np.uint8)
        labels = np.empty((self.size, self.size), np.uint8)
        teeth = np.empty((self.size, self.size), np.bool_)
        parts = self.model.parts
        _resolve(seen.owner, seen.colour, self.plate, parts, _LABELS, image, labels, teeth)
        return Shot(
            image,
            _COLOURS[labels],
            teeth,
            seen.torso,
            landmarks=self._project(seen.marks, seen.world_to_camera),
            lip_gap=1000.0 * float(seen.marks[62, 1] - seen.marks[66, 1]),
        )

    def head(
        self, frame: int, camera_to_head: Matrix, behind: tuple[int, int, int] = (255, 255, 255)
    ) -> HeadShot:
        """Film the head alone with any camera, over one colour.

        Args:
            frame: index of the frame.
            camera_to_head: as of `view`.
            behind: RGB, 0 to 255.
        """
        seen = self._draw(frame, camera_to_head)
        image = np.empty((self.size, self.size, 3), np.uint8)
        alpha = np.empty((self.size, self.size), np.float32)
        depth = np.empty((self.size, self.size), np.float32)
        is_head = np.isin(_LABELS[self.model.parts], (_HEAD, _HAIR, _MOUTH))
        colour = np.array(behind, np.float32)
        _resolve_head(seen.owner, seen.nearness, seen.colour, is_head, colour, image, alpha, depth)
        return HeadShot(image, alpha, depth, self._project(seen.marks, seen.world_to_camera))

    def _draw(self, frame: int, camera_to_head: Matrix) -> _Samples:
        model = self.model
        place = self.head_to_studio(frame)
        vertices = model.vertices(self.performance, frame, place)
        samples = self.size * _SAMPLES
        points = np.zeros((len(vertices), 3), np.float32)
        focal, middle = self.focal * _SAMPLES, samples / 2.0
        world_to_camera = np.linalg.inv(camera_to_head)[:3]
        project(vertices, world_to_camera, focal, middle, middle, points)
        normals = np.zeros_like(vertices)
        vertex_normals(vertices, model.triangles, normals)
        nearness = np.zeros((samples, samples), np.float32)
        owner = np.full((samples, samples), NOTHING, np.int32)
        colour = np.zeros((samples, samples, 3), np.float32)
        view = np.vstack([camera_to_head[:3, :3], [focal, middle, middle]]).astype(np.float32)
        light = model.lighting(vertices)
        lights = _lights(place)
        light_view = shadow.light_view(lights[0][0, :3])
        shade_map = shadow.shadow_map(vertices, model.triangles, model.closed, light_view)

        def add(first: int, last: int) -> None:
            draw(points, model.triangles, model.closed, first, last, nearness, owner)
            shading.shade(
                owner,
                nearness,
                _SAMPLES,
                first,
                points,
                vertices,
                model.triangles,
                model.parts,
                normals,
                model.texture,
                light,
                model.atlas,
                shading.MATERIALS,
                lights[0],
                lights[1],
                view,
                shade_map,
                light_view,
                shading.TONE_TABLE,
                shading.LINEAR_TABLE,
                colour,
            )

        body = model.body_triangles
        add(0, body)
        torso = np.zeros((self.size, self.size, 4), np.uint8)
        _resolve_torso(owner, colour, torso)
        add(body, len(model.triangles))
        marks = vertices[model.landmarks].astype(np.float64)
        return _Samples(owner, nearness, colour, torso, marks, world_to_camera)

    def _project(self, points: Matrix, world_to_camera: Matrix) -> Matrix:
        camera = points @ world_to_camera[:, :3].T + world_to_camera[:, 3]
        flat = camera[:, :2] * [1.0, -1.0] * (self.focal / -camera[:, 2:])
        return flat + self.size / 2.0


def _lights(head_to_studio: Matrix) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the lights and the surrounding light as seen from the head."""
    turn = head_to_studio[:3, :3].astype(np.float32)
    lights = shading.LIGHTS.copy()
    lights[:, :3] /= np.linalg.norm(lights[:, :3], axis=1, keepdims=True)
    lights[:, :3] = lights[:, :3] @ turn
    up = colours(0.0, 1.0, 0.0) @ turn
    return lights, np.stack([up, shading.SKY, shading.GROUND])


@njit(cache=True, nogil=True)
def _resolve_torso(owner: NDArray, colour: NDArray, out: NDArray) -> None:
    """Average covered samples to straight alpha."""
    s = _SAMPLES
    for row in range(out.shape[0]):
        for column in range(out.shape[1]):
            count, red, green, blue = 0, 0.0, 0.0, 0.0
            for k in range(s * s):
                i, j = s * row + k // s, s * column + k % s
                if owner[i, j] >= 0:
                    count += 1
                    red += colour[i, j, 0]
                    green += colour[i, j, 1]
                    blue += colour[i, j, 2]
            if count:
                out[row, column, 0] = int(red / count + 0.5)
                out[row, column, 1] = int(green / count + 0.5)
                out[row, column, 2] = int(blue / count + 0.5)
                out[row, column, 3] = int(255.0 * count / (s * s) + 0.5)


@njit(cache=True, nogil=True)
def _resolve(
    owner: NDArray,
    colour: NDArray,
    plate: NDArray,
    parts: NDArray,
    labels: NDArray,
    image: NDArray,
    parsing: NDArray,
    teeth: NDArray,
) -> None:
    """Average all samples over the plate; label pixels with what most of their samples see."""
    s = _SAMPLES
    votes = np.zeros(6, np.int64)
    total = np.zeros(3, np.float32)
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            votes[:] = 0
            total[:] = 0.0
            biting = 0
            for k in range(s * s):
                i, j = s * row + k // s, s * column + k % s
                t = owner[i, j]
                if t < 0:
                    votes[0] += 1
                    for c in range(3):
                        total[c] += plate[row, column, c]
                    continue
                votes[labels[parts[t]]] += 1
                biting += parts[t] == _TEETH
                for c in range(3):
                    total[c] += colour[i, j, c]
            for c in range(3):
                image[row, column, c] = int(total[c] / (s * s) + 0.5)
            parsing[row, column] = np.argmax(votes)
            teeth[row, column] = 2 * biting >= s * s


@njit(cache=True, nogil=True)
def _resolve_head(
    owner: NDArray,
    nearness: NDArray,
    colour: NDArray,
    is_head: NDArray,
    behind: NDArray,
    image: NDArray,
    alpha: NDArray,
    depth: NDArray,
) -> None:
    """Average the samples that see the head, over one colour."""
    s = _SAMPLES
    total = np.zeros(3, np.float32)
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            total[:] = 0.0
            count, away = 0, 0.0
            for k in range(s * s):
                i, j = s * row + k // s, s * column + k % s
                t = owner[i, j]
                if t < 0 or not is_head[t]:
                    continue
                count += 1
                away += 1.0 / nearness[i, j]
                for c in range(3):
                    total[c] += colour[i, j, c]
            for c in range(3):
                mixed = (total[c] + (s * s - count) * behind[c]) / (s * s)
                image[row, column, c] = int(mixed + 0.5)
            alpha[row, column] = count / (s * s)
            depth[row, column] = away / count if count else np.nan


_TEETH = int(Part.TEETH)


def paint_plate(person: Person, size: int) -> Image:
    """Return the wall behind a person, out of focus, uint8 RGB [size, size, 3]."""
    y, x = (np.mgrid[:size, :size] + 0.5) / size
    top, bottom = (np.array(colour) for colour in person.backdrop)
    wall = top + (bottom - top) * y[..., None]
    glow = np.exp(-(((x - 0.3) / 0.42) ** 2 + ((y - 0.35) / 0.4) ** 2))
    place = np.stack([x, y, np.zeros_like(x)], -1)
    uneven = fractal(place, (0.5, 0.7, 1.0), 3, person.seed + 90)
    wall = wall * (0.88 + 0.22 * glow + 0.05 * uneven)[..., None]
    grain = fractal(place * size, 1.4, 1, person.seed + 91)
    return np.clip(
        cv2.GaussianBlur(wall, (0, 0), size / 128) + 1.2 * grain[..., None], 0, 255
    ).astype(np.uint8)
