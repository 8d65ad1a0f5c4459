"""Folders of videos: which of two folders belong together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import TgbenchError
from ..files import hash_of, sha256_once
from ..video.image_folder import SUFFIXES as IMAGES

VIDEOS = (
    *(".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts"),
    *(".ogv", ".ts", ".vob", ".webm", ".wmv"),
)
"""Endings of videos."""


@dataclass(frozen=True)
class Clips:
    """Videos to be scored one after the other.

    Attributes:
        pairs: (prediction, target or None) by name, in the order of names.
        notes: which targets have no prediction, in words.
    """

    pairs: dict[str, tuple[Path, Path | None]]
    notes: tuple[str, ...]


def holds_videos(path: Path) -> bool:
    """Whether a path is a folder of videos, and not one of the frames of a clip."""
    if not path.is_dir():
        return False
    suffixes = {file.suffix.lower() for file in path.iterdir() if file.is_file()}
    return bool(suffixes & set(VIDEOS)) and not suffixes & set(IMAGES)


def videos_by_name(predictions: Path, targets: Path | None, allow_drop: bool) -> Clips:
    """Pair the videos of two folders whose names are the same but for the ending.

    Args:
        predictions: a folder of videos.
        targets: another, if there is any.
        allow_drop: leave out predictions without a target.

    Raises:
        TgbenchError: two files of a folder have one name, or a prediction has no target.
    """
    ours = _videos(predictions)
    if targets is None:
        return Clips({name: (path, None) for name, path in ours.items()}, ())
    theirs = _videos(targets) if targets.is_dir() else {}
    if not theirs:
        raise TgbenchError(
            f"{targets}: is not a folder of videos, but {predictions} is; give two folders"
        )
    alone = sorted(ours.keys() - theirs.keys())
    if alone and not (allow_drop and len(alone) < len(ours)):
        raise TgbenchError(
            f"{targets}: has no video of the name {_few(alone)} in {predictions}; give both the "
            "same names, or use --allow-drop to leave these out"
        )
    notes = [f"{predictions.name}: no target for {_few(alone)}; left out"] if alone else []
    if left := sorted(theirs.keys() - ours.keys()):
        notes.append(f"{targets.name}: no prediction for {_few(left)}")
    pairs = {name: (ours[name], theirs[name]) for name in sorted(ours.keys() & theirs.keys())}
    return Clips(dict(pairs), tuple(notes))


def clip_sha256(clip: Path) -> str:
    """Return the SHA-256 of a video, or of the names and hashes of a folder's images."""
    if clip.is_file():
        return sha256_once(clip)
    images = sorted(file for file in clip.iterdir() if file.suffix.lower() in IMAGES)
    return hash_of({file.name: sha256_once(file) for file in images})


def _videos(folder: Path) -> dict[str, Path]:
    """Return the clips of a folder by name without ending: videos and folders of images."""
    found: dict[str, Path] = {}
    for file in sorted(folder.iterdir()):
        # Copies made on a Mac bring "._" shadows of every file.
        if file.name.startswith("."):
            continue
        if file.is_dir() and any(each.suffix.lower() in IMAGES for each in file.iterdir()):
            name = file.name
        elif file.suffix.lower() in VIDEOS:
            name = file.stem
        else:
            continue
        if name in found:
            raise TgbenchError(f"{file}: has the same name as {found[name].name}; keep one")
        found[name] = file
    return found


def _few(names: list[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
