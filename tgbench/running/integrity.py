"""Whether the files of a finished case are as they were written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2

from ..errors import TgbenchError
from ..files import hash_of, sha256
from ..identities.image_files import decode_image
from ..interfaces import Case
from ..media import open_media
from .frame_table import contradiction, read_table
from .result import (
    ERROR_FILE,
    FACES_FILE,
    FRAMES_FILE,
    FRAMES_FOLDER,
    TARGET_FILE,
    VIDEO_FILE,
    Result,
)

TABLES = (FRAMES_FILE, FACES_FILE)
COMPARISONS = (TARGET_FILE, ERROR_FILE)


@dataclass(frozen=True)
class Damage:
    """A file of a finished case that is not what was written.

    Attributes:
        name: of the file.
        what: is wrong with it.
    """

    name: str
    what: str


def describe_files(folder: Path, frames: int) -> dict[str, str]:
    """Return the hashes by which the files of a case are known later.

    Args:
        folder: of the case, whole but for its result.
        frames: rendered.
    """
    names = [name for name in (*TABLES, VIDEO_FILE, *COMPARISONS) if (folder / name).is_file()]
    found = {name: sha256(folder / name) for name in names}
    if (folder / FRAMES_FOLDER).is_dir():
        found[FRAMES_FOLDER] = _hash_of_images(folder, frames)
    return found


def damages(folder: Path, result: Result, case: Case | None = None) -> list[Damage]:
    """Return which files of a finished case are missing or not as they were written.

    A result of a version that kept no hashes is held against what its files say when they are
    opened. Images of frames are not looked at; see `has_images`.

    Args:
        folder: of the case.
        result: of the case.
        case: needed only for a result without hashes.

    Raises:
        TgbenchError: one cannot be read for another reason than damage.
    """
    found = []
    for name in _expected(result, case):
        path = folder / name
        try:
            what = _damage(path, result)
        except OSError as error:
            raise TgbenchError(f"{path}: cannot be read ({error.strerror or error})") from error
        if what:
            found.append(Damage(name, what))
    return found


def has_images(folder: Path, result: Result) -> bool:
    """Whether a finished case has every frame as a whole image."""
    images = [folder / FRAMES_FOLDER / f"{index}.png" for index in range(result.frames)]
    if not all(image.is_file() for image in images):
        return False
    if recorded := result.files.get(FRAMES_FOLDER):
        return recorded == _hash_of_images(folder, result.frames)
    return all(_is_whole_image(image) for image in images)


def _expected(result: Result, case: Case | None) -> Iterable[str]:
    if result.files:
        return [name for name in result.files if name != FRAMES_FOLDER]
    compared = case is not None and case.has_truth
    return [FRAMES_FILE, FACES_FILE, VIDEO_FILE, *(COMPARISONS if compared else ())]


def _damage(path: Path, result: Result) -> str:
    """Return what is wrong with a file; empty: nothing."""
    if not path.is_file():
        # Where no face was found there is no such table, and older results do not say.
        return "" if path.name == FACES_FILE and not result.files else "is missing"
    if recorded := result.files.get(path.name):
        return "" if sha256(path) == recorded else "is damaged, it is not what was written"
    if path.name not in TABLES:
        return _damage_of_video(path, result.frames)
    try:
        table = read_table(path)
    except TgbenchError as error:
        return str(error).removeprefix(f"{path}: ")
    if path.name == FRAMES_FILE:
        return contradiction(table, result)
    rows = len(table)
    return "" if rows == result.frames else f"has {rows} rows for {result.frames} frames"


def _damage_of_video(path: Path, frames: int) -> str:
    import av

    count = 0
    try:
        with open_media(path, "cannot be decoded", "render it again") as container:
            for _ in container.decode(video=0):
                count += 1
    except TgbenchError as error:
        return str(error).removeprefix(f"{path}: ")
    except (av.error.FFmpegError, IndexError) as error:
        return f"cannot be decoded after {count} frames ({error})"
    return "" if count == frames else f"has {count} of {frames} frames"


def _hash_of_images(folder: Path, frames: int) -> str:
    names = (folder / FRAMES_FOLDER / f"{index}.png" for index in range(frames))
    return hash_of([sha256(path) if path.is_file() else "" for path in names])


def _is_whole_image(path: Path) -> bool:
    try:
        decode_image(path, cv2.IMREAD_COLOR)
    except TgbenchError:
        return False
    return True
