"""Copies of an identity in which one thing is changed, and the files that are changed in them."""

from __future__ import annotations

import csv
import io
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..arrays import Image, Mask
from ..errors import TgbenchError
from ..files import write_json, write_text
from ..identities import Identity, layout
from ..identities.image_files import decode_image
from ..inputs import read_json, read_text

IMAGES = (layout.ORIGINAL, layout.GROUND_TRUTH)
"""Both pictures of a frame: as filmed, and over the plate."""

_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 98]


def copied(identity: Identity, folder: Path) -> Identity:
    """Return a copy of an identity of the same name, in an own folder inside `folder`.

    Files of single frames are links to the original ones as far as the disk has links, so never
    write into one: replace it. The others are copies: a method that breaks the rules is likeliest
    to write to them.
    """
    source, target = identity.folder, folder / identity.name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for path in source.iterdir():
        if path.is_dir():
            shutil.copytree(path, target / path.name, copy_function=_link)
        else:
            shutil.copy2(path, target / path.name)
    return Identity(target)


def without(identity: Identity, patterns: Iterable[str], frames: Sequence[int]) -> None:
    """Remove files of a copy.

    Args:
        identity: the copy.
        patterns: names of files, or patterns of `layout`.
        frames: whose files of a pattern are removed.
    """
    for pattern in patterns:
        if "{}" not in pattern:
            (identity.folder / pattern).unlink(missing_ok=True)
            continue
        for frame in frames:
            identity.path(pattern, frame).unlink(missing_ok=True)


def recoloured(image: Image) -> Image:
    """Return an image in other and brighter colours; what it shows stays recognisable.

    Args:
        image: uint8 RGB [H, W, 3].
    """
    swapped = np.roll(image, 1, axis=-1).astype(np.float32)
    return np.round(255.0 * (swapped / 255.0) ** 0.6).astype(np.uint8)


def repaint(identity: Identity, frame: int, mask: Mask) -> None:
    """Recolour a part of the pictures of a frame of a copy.

    Args:
        identity: the copy.
        frame: which.
        mask: bool [H, W], the part.
    """
    for path in {identity.path(pattern, frame) for pattern in IMAGES}:
        if path.is_file():
            image = decode_image(path, cv2.IMREAD_COLOR)
            part = mask[..., None]
            whole = np.pad(part, [(0, n - m) for n, m in zip(image.shape, part.shape, strict=True)])
            write_image(path, np.where(whole[..., :1], recoloured(image), image))


def write_image(path: Path, image: NDArray[np.uint8]) -> None:
    """Replace an image file of a copy, uint8 RGB or RGBA [H, W, C]."""
    code = cv2.COLOR_RGBA2BGRA if image.shape[2] == 4 else cv2.COLOR_RGB2BGR
    done, content = cv2.imencode(path.suffix, cv2.cvtColor(image, code), _JPEG)
    if not done:
        raise TgbenchError(f"{path}: could not be encoded")
    _replace(path, lambda new: new.write_bytes(content.tobytes()))


def write_array(path: Path, array: NDArray) -> None:
    """Replace a `.npy` file of a copy."""
    _replace(path, lambda new: np.save(new, array))


def write_points(path: Path, points: NDArray) -> None:
    """Replace a file of landmarks of a copy."""
    _replace(path, lambda new: np.savetxt(new, points, fmt="%.4f"))


def change_poses(identity: Identity, poses: NDArray[np.floating], frames: Sequence[int]) -> None:
    """Give frames of a copy other poses.

    Args:
        identity: the copy.
        poses: [len(frames), 4, 4] camera to world.
        frames: which.
    """
    chosen = {identity.image_ids[f]: pose for f, pose in zip(frames, poses, strict=True)}
    for name in (layout.TRANSFORMS_TRAIN, layout.TRANSFORMS_VAL):
        table = read_json(identity.folder / name)
        for entry in table["frames"]:
            if entry["img_id"] in chosen:
                entry["transform_matrix"] = np.asarray(chosen[entry["img_id"]], float).tolist()
        write_json(identity.folder / name, table)


def change_units(
    identity: Identity,
    names: Iterable[str],
    frames: Sequence[int],
    change: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> None:
    """Change action units in frames of a copy.

    Args:
        identity: the copy.
        names: of the units, such as "AU45"; those that were not measured are left out.
        frames: which.
        change: maps values [len(frames)] of a unit to new ones.
    """
    path = identity.folder / layout.ACTION_UNITS
    head, *rows = csv.reader(io.StringIO(read_text(path), newline=""))
    columns = {name.strip(): place for place, name in enumerate(head)}
    ids = [identity.image_ids[frame] for frame in frames]
    for name in names:
        place = columns.get(f"{name}_r")
        if place is None:
            continue
        values = change(np.array([float(rows[i][place]) for i in ids]))
        for i, value in zip(ids, values, strict=True):
            rows[i][place] = f"{value:.4f}"
    text = io.StringIO(newline="")
    csv.writer(text).writerows([head, *rows])
    write_text(path, text.getvalue())


def relink(source: Path, target: Path) -> None:
    """Put a file of a copy in the place of another one."""
    _replace(target, lambda new: _link(str(source), str(new)))


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file anew, so that what it was linked to stays as it is."""
    path.unlink(missing_ok=True)
    write(path)
