"""Checks of the files of single frames and of the background plate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..arrays import map_array
from ..errors import TgbenchError
from ..inputs import read_text
from . import layout
from .cameras import few
from .image_files import decode_image, look_at_image

_REMEDY = "prepare the identity again"
_COMPARED = 5
"""Frames whose background is compared with the plate."""

_FEWEST = 0.02
"""Share of an image that must be background to tell anything."""

_PLATE_TOLERANCE = 32.0
"""Grey levels between plate and background, median over pixels; JPEG makes 1 or 2, and a matte's
soft edge is left out. Plates of other scenes are 40 and more away."""


def frame_problems(folder: Path, image_ids: list[int], size: tuple[int, int]) -> Iterator[str]:
    """Yield what is wrong, one line a kind of file.

    Args:
        folder: of the identity.
        image_ids: of its frames.
        size: width and height, as the transforms say.
    """
    pictures = [layout.ORIGINAL, layout.PARSING]
    truths = [each for each in layout.TRUTHS[:2] if (folder / each).parent.is_dir()]
    # AD-NeRF's scripts write the whole frame, and no torso.
    own_torso = truths != [layout.COMPOSITE] or (folder / layout.TORSO_IMAGE).parent.is_dir()
    pictures += [*truths, *([layout.TORSO_IMAGE] if own_torso else [])]
    for pattern in pictures:
        yield from _pictures(folder, pattern, image_ids, size)
    yield from _landmarks(folder, image_ids, size)
    if (folder / layout.TEETH).parent.is_dir():
        yield from _teeth(folder, image_ids, size)


def plate_problems(folder: Path, image_ids: list[int], size: tuple[int, int]) -> Iterator[str]:
    """Yield what is wrong with the plate behind the person; arguments as above."""
    path = folder / layout.BACKGROUND
    if not path.is_file():
        yield f"{layout.BACKGROUND}: missing; it is the background without the person"
        return
    plate = _read(path)
    if plate is None:
        yield f"{layout.BACKGROUND}: not an image, or truncated; {_REMEDY}"
    elif not _has_size((plate.shape[1], plate.shape[0]), size):
        yield (
            f"{layout.BACKGROUND}: is {plate.shape[1]}x{plate.shape[0]}, not {size[0]}x{size[1]} "
            f"as the transforms say; {_REMEDY}"
        )
    else:
        chosen = np.linspace(0, len(image_ids) - 1, _COMPARED).round().astype(int)
        frames = [image_ids[place] for place in np.unique(chosen)] if image_ids else []
        gaps = [gap for i in frames if (gap := _gap(folder, i, plate, size)) is not None]
        if gaps and float(np.median(gaps)) > _PLATE_TOLERANCE:
            yield (
                f"{layout.BACKGROUND}: does not match the background of the frames: it differs by "
                f"{np.median(gaps):.0f} of 255 grey levels; {_REMEDY}"
            )


def _gap(
    folder: Path, image_id: int, plate: NDArray[np.uint8], size: tuple[int, int]
) -> float | None:
    """Return how far a frame's background is from the plate; None where there is none to see."""
    truths = [folder / pattern.format(image_id) for pattern in layout.TRUTHS]
    image = _read(next((path for path in truths if path.is_file()), truths[-1]))
    parsing = _read(folder / layout.PARSING.format(image_id))
    if image is None or parsing is None:
        return None
    rows, columns = slice(size[1]), slice(size[0])
    shown, behind, parts = (each[rows, columns] for each in (image, plate, parsing))
    if not shown.shape == behind.shape == parts.shape:
        return None
    white = (parts == 255).all(axis=2).astype(np.uint8)
    margin = max(3, size[0] // 32) | 1
    background = cv2.erode(white, np.ones((margin, margin), np.uint8)).astype(bool)
    if background.mean() < _FEWEST:
        return None
    return float(np.median(np.abs(shown[background].astype(int) - behind[background])))


def _pictures(
    folder: Path, pattern: str, image_ids: list[int], size: tuple[int, int]
) -> Iterator[str]:
    absent, unreadable, other_size, no_alpha = [], [], [], []
    for i in image_ids:
        path = folder / pattern.format(i)
        if not path.is_file():
            absent.append(i)
            continue
        try:
            found, mode, whole = look_at_image(path)
        except (OSError, ValueError):
            unreadable.append(i)
            continue
        if not whole:
            unreadable.append(i)
        if not _has_size(found, size):
            other_size.append(i)
        if pattern == layout.TORSO_IMAGE and mode != "RGBA":
            no_alpha.append(i)
    name = pattern.format("N")
    if absent:
        yield f"{name}: missing for frame(s) {few(absent)}"
    if unreadable:
        yield f"{name}: not an image, or truncated: frame(s) {few(unreadable)}; {_REMEDY}"
    if other_size:
        yield f"{name}: not {size[0]}x{size[1]} as the transforms say, frame(s) {few(other_size)}"
    if no_alpha:
        yield f"{name}: must be RGBA, frame(s) {few(no_alpha)}"


def _landmarks(folder: Path, image_ids: list[int], size: tuple[int, int]) -> Iterator[str]:
    absent, spoilt, outside = [], [], []
    bounds = np.array(size, np.float64)
    for i in image_ids:
        path = folder / layout.LANDMARKS.format(i)
        try:
            points = np.array(read_text(path).split(), np.float64)
        except FileNotFoundError:
            absent.append(i)
            continue
        except (OSError, ValueError):
            spoilt.append(i)
            continue
        if points.size != 2 * 68 or not np.isfinite(points).all():
            spoilt.append(i)
        elif not (np.abs(points.reshape(68, 2) - bounds / 2) <= 1.5 * bounds).all():
            outside.append(i)
    name = layout.LANDMARKS.format("N")
    if absent:
        yield f"{name}: missing for frame(s) {few(absent)}"
    if spoilt:
        yield f"{name}: not 68 x 2 finite numbers in frame(s) {few(spoilt)}; {_REMEDY}"
    if outside:
        yield f"{name}: far outside the image in frame(s) {few(outside)}; {_REMEDY}"


def _teeth(folder: Path, image_ids: list[int], size: tuple[int, int]) -> Iterator[str]:
    absent, spoilt = [], []
    for i in image_ids:
        path = folder / layout.TEETH.format(i)
        if not path.is_file():
            absent.append(i)
            continue
        try:
            mask = map_array(path)
        except (OSError, ValueError, EOFError):
            spoilt.append(i)
            continue
        shape = mask.shape if mask.ndim == 2 else (0, 0)
        is_mask = mask.dtype.kind in "biuf" and _has_size((shape[1], shape[0]), size)
        if not is_mask or not np.isfinite(mask).all():
            spoilt.append(i)
    name = layout.TEETH.format("N")
    if absent:
        yield f"{name}: missing for frame(s) {few(absent)}"
    if spoilt:
        yield (
            f"{name}: not a {size[0]}x{size[1]} mask, or truncated: frame(s) {few(spoilt)}; "
            f"{_REMEDY}"
        )


def _has_size(found: tuple[int, int], size: tuple[int, int]) -> bool:
    # An odd row or column is dropped by every loader of the field, ours included.
    return all(there - wanted in (0, 1) for there, wanted in zip(found, size, strict=True))


def _read(path: Path) -> NDArray[np.uint8] | None:
    """Return an image, uint8 RGB [H, W, 3]; None where it is none or was cut short."""
    try:
        return decode_image(path, cv2.IMREAD_COLOR)
    except TgbenchError:
        return None
