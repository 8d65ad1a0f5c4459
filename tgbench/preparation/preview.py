"""The preview of an identity: a contact sheet that shows whether preparation worked."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ..arrays import Image, pixels_of
from ..files import atomic_path
from ..identities import Identity
from ..identities.layout import INNER_MOUTH, WHITE
from .images import resized

PREVIEW = "preview.jpg"

_COLUMNS, _CELL, _CAPTION = 8, 256, 26
_DARK, _LIGHT = (20, 20, 20), (255, 255, 255)
"""What is drawn has a dark rim, so that it can be read on walls of any colour."""

_AXIS = 0.09
_AXES = (
    ((_AXIS, 0, 0), (230, 60, 60)),
    ((0, _AXIS, 0), (70, 200, 70)),
    ((0, 0, _AXIS), (60, 110, 255)),
)
_ROWS = (
    "as filmed: 68 landmarks, head axes (x red, y green, z blue)",
    "parsing: face blue, hair dark, neck green, torso red, mouth grey, teeth yellow",
    "what stands behind the head: torso over plate",
    "ground truth: person over plate",
)


def write_preview(identity: Identity, facts: Sequence[str]) -> None:
    """Write `preview.jpg`: some frames across the clip, what was found in them, and numbers.

    Args:
        identity: a folder with all but its provenance.
        facts: lines of text for the top.
    """
    frames = np.linspace(0, len(identity) - 1, _COLUMNS).round().astype(int)
    rows = [
        [_landmarks_and_axes(identity, frame) for frame in frames],
        [_parsing(identity, frame) for frame in frames],
        [_fit(identity.torso_over_background(frame)) for frame in frames],
        [_fit(identity.frame(frame)) for frame in frames],
    ]
    width = _COLUMNS * _CELL
    sheet = [_caption(line, width) for line in facts]
    for title, row in zip(_ROWS, rows, strict=True):
        sheet += [_caption(title, width), np.hstack(row)]
    done, data = cv2.imencode(".jpg", cv2.cvtColor(np.vstack(sheet), cv2.COLOR_RGB2BGR))
    if not done:
        raise RuntimeError("the preview could not be encoded")
    with atomic_path(identity.folder / PREVIEW) as temporary:
        temporary.write_bytes(data.tobytes())


def _fit(image: Image) -> Image:
    return resized(image, _CELL)


def _landmarks_and_axes(identity: Identity, frame: int) -> Image:
    zoom = _CELL / identity.intrinsics.width
    image = _fit(identity.filmed(frame))
    places = [(round(x), round(y)) for x, y in (identity.landmarks[frame] * zoom).tolist()]
    for radius, colour in ((2, _DARK), (1, (255, 255, 0))):
        for place in places:
            cv2.circle(image, place, radius, colour, -1, cv2.LINE_AA)
    world_to_camera = np.linalg.inv(identity.poses[frame])
    origin = _seen(identity, world_to_camera, (0.0, 0.0, 0.0), zoom)
    ends = [(_seen(identity, world_to_camera, end, zoom), colour) for end, colour in _AXES]
    for end, _ in ends:
        cv2.line(image, origin, end, _DARK, 4, cv2.LINE_AA)
    for end, colour in ends:
        cv2.line(image, origin, end, colour, 2, cv2.LINE_AA)
    for colour, width in ((_DARK, 4), (_LIGHT, 1)):
        cv2.putText(
            image, f"{frame}", (6, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, width, cv2.LINE_AA
        )
    return image


def _seen(
    identity: Identity, world_to_camera: NDArray, point: tuple[float, ...], zoom: float
) -> tuple[int, int]:
    x, y, z = world_to_camera[:3, :3] @ np.array(point) + world_to_camera[:3, 3]
    camera = identity.intrinsics
    u, v = camera.cx - camera.focal * x / z, camera.cy + camera.focal * y / z
    return round(float(u * zoom)), round(float(v * zoom))


def _parsing(identity: Identity, frame: int) -> Image:
    image, colours = identity.frame(frame), identity.parsing(frame)
    mixed = image // 2 + colours // 2
    white = pixels_of(colours, WHITE)
    mixed[white] = 255 - (255 - image[white]) // 3
    mixed[pixels_of(colours, INNER_MOUTH)] = INNER_MOUTH
    mixed[identity.teeth_mask(frame)] = (255, 230, 0)
    return _fit(mixed)


def _caption(text: str, width: int) -> Image:
    strip = np.full((_CAPTION, width, 3), 245, np.uint8)
    cv2.putText(strip, text, (8, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (30, 30, 30), 1, cv2.LINE_AA)
    return strip
