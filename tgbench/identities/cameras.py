"""The cameras of a clip: reading and checking the two transforms files."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import TgbenchError
from ..inputs import read_json

_REMEDY = "prepare the identity again"
_KEYS = ("focal_len", "cx", "cy", "frames")
_LONGEST = 10_000_000
"""Frames of a clip; four days of 25 a second."""

_LARGEST_SIDE = 16_384
_FOCAL_BY_SIDE = (0.1, 100.0)
"""Views wider than 150 and narrower than half a degree are of no camera that films a head."""

_ROTATION_TOLERANCE = 0.01
_AROUND = 0.5
"""Part of the image's sides by which the head's middle may lie outside the image."""


@dataclass(frozen=True)
class CameraTable:
    """What a transforms file says.

    Attributes:
        focal, cx, cy: of all frames, in pixels.
        image_ids: of the frames, in the order of the file.
        poses: float64 [N, 4, 4], camera to world (OpenGL).
    """

    focal: float
    cx: float
    cy: float
    image_ids: list[int]
    poses: NDArray[np.float64]

    @property
    def has_size(self) -> bool:
        """Whether its centre is that of an image."""
        return all(0 < side <= _LARGEST_SIDE for side in self.size)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the images: the field's loaders take them from the centre."""
        return int(self.cx) * 2, int(self.cy) * 2


def read_cameras(path: Path) -> CameraTable:
    """Read a transforms file.

    Raises:
        TgbenchError: it is missing or damaged, or holds something else than finite numbers where
            it should.
    """
    try:
        table = read_json(path)
    except (OSError, ValueError) as error:
        raise TgbenchError(
            f"{path}: cannot be read ({error}); an identity needs it, see `tgbench prepare`"
        ) from error
    if not isinstance(table, dict):
        raise TgbenchError(f"{path}: is not a camera table; {_REMEDY}")
    if missing := [key for key in _KEYS if key not in table]:
        raise TgbenchError(f"{path}: has no {', '.join(missing)}; {_REMEDY}")
    focal, cx, cy = (_number(table[key], path, key) for key in _KEYS[:3])
    frames = table["frames"]
    if not isinstance(frames, list) or not all(isinstance(frame, dict) for frame in frames):
        raise TgbenchError(f"{path}: 'frames' is not a list of objects; {_REMEDY}")
    ids = [_image_id(frame, path) for frame in frames]
    poses = [_pose(frame, path) for frame in frames]
    return CameraTable(focal, cx, cy, ids, np.array(poses, np.float64).reshape(-1, 4, 4))


def lens_problems(name: str, table: CameraTable) -> Iterator[str]:
    """Yield what is wrong with the camera of a transforms file and its poses.

    Args:
        name: of the file.
        table: as it was read.
    """
    if not table.image_ids:
        yield f"{name}: lists no frames"
    width, height = table.size
    if not table.has_size:
        yield f"{name}: cx, cy are {table.cx:g}, {table.cy:g}, not an image centre; {_REMEDY}"
        return
    least, most = (share * max(width, height) for share in _FOCAL_BY_SIDE)
    if not least <= table.focal <= most:
        yield (
            f"{name}: focal_len is {table.focal:g} pixels, expected {least:g} to {most:g} for "
            f"images of {width}x{height}; {_REMEDY}"
        )
        return
    yield from _pose_problems(name, table)


def numbering_problems(image_ids: Sequence[int]) -> Iterator[str]:
    """Yield what is wrong with the numbers of a clip's frames: 0 to N-1, once each."""
    if len(set(image_ids)) != len(image_ids):
        yield "transforms: an img_id occurs twice"
    if image_ids and min(image_ids) != 0:
        yield f"transforms: img_id starts at {min(image_ids)}, expected 0"
    known = sorted({-1, *image_ids})
    gaps = (range(before + 1, after) for before, after in itertools.pairwise(known))
    first = list(itertools.islice(itertools.chain.from_iterable(gaps), 6))
    if first:
        count = known[-1] + 2 - len(known)
        listed = ", ".join(map(str, first[:5])) + (f", ... ({count})" if count > 5 else "")
        yield f"transforms: img_id {listed} missing; frames and audio would drift apart"


def few(numbers: Iterable[int]) -> str:
    """List the first of some numbers, and how many there are."""
    listed = sorted(numbers)
    return ", ".join(map(str, listed[:5])) + (f", ... ({len(listed)})" if len(listed) > 5 else "")


def _pose_problems(name: str, table: CameraTable) -> Iterator[str]:
    rotations, places = table.poses[:, :3, :3], table.poses[:, :3, 3]
    ids = np.array(table.image_ids, np.int64)
    # Squares of what is no rotation may overflow, which says the same.
    with np.errstate(over="ignore", invalid="ignore"):
        error = np.abs(rotations @ rotations.transpose(0, 2, 1) - np.eye(3)).max(axis=(1, 2))
        mirrored = np.linalg.det(rotations) < 0
        rigid = (error <= _ROTATION_TOLERANCE) & ~mirrored
        last = np.abs(table.poses[:, 3] - [0, 0, 0, 1]).max(axis=1) <= _ROTATION_TOLERANCE
        x, y, z = -np.einsum("nji,nj->in", rotations, places)
        inside = z < 0
        depth = np.where(inside, -z, 1.0)
        for offset, centre in ((x, table.cx), (y, table.cy)):
            inside &= np.abs(table.focal * offset / depth) <= (1 + 2 * _AROUND) * centre
    if not (rigid & last).all():
        yield (
            f"{name}: transform_matrix of frame(s) {few(ids[~(rigid & last)].tolist())} is not "
            f"a rotation and translation; {_REMEDY}"
        )
    if (lost := rigid & last & ~inside).any():
        yield (
            f"{name}: transform_matrix of frame(s) {few(ids[lost].tolist())} puts the head (the "
            f"origin) outside the image; {_REMEDY}"
        )


def _number(value: Any, path: Path, key: str) -> float:
    """Return a finite positive number."""
    try:
        number = float(value) if _is_number(value) else math.nan
    except OverflowError:
        number = math.inf
    if not 0 < number < math.inf:
        raise TgbenchError(f"{path}: {key} is {_short(value)}, not a number above 0; {_REMEDY}")
    return number


def _image_id(frame: dict[str, Any], path: Path) -> int:
    value: Any = frame.get("img_id")
    if not _is_number(value) or value != value or value % 1 != 0 or not 0 <= value < _LONGEST:
        raise TgbenchError(
            f"{path}: an img_id is {_short(value)}, not a whole number from 0 to {_LONGEST - 1}; "
            f"{_REMEDY}"
        )
    return int(value)


def _pose(frame: dict[str, Any], path: Path) -> NDArray[np.float64]:
    try:
        pose = np.array(frame.get("transform_matrix"))
        sound = pose.shape == (4, 4) and pose.dtype.kind in "if" and np.isfinite(pose).all()
    except ValueError:
        sound = False
    if not sound:
        raise TgbenchError(f"{path}: a transform_matrix is not 4 x 4 finite numbers; {_REMEDY}")
    return pose.astype(np.float64)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _short(value: object) -> str:
    try:
        text = str(value)
    except (ValueError, RecursionError):
        return "a number too large to print"
    return text if len(text) <= 30 else f"{text[:27]}..."
