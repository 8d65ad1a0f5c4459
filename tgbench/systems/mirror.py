"""A private copy of a checkout, so that runs share no file and the original stays as it is.

Systems of the field write beside their code (`temp/result.avi`), and look for weights there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Set
from contextlib import suppress
from pathlib import Path, PurePosixPath

from ..errors import TgbenchError
from ..files import remove, write_json
from ..inputs import read_json
from .checkout import tracked_files

_COPIED_BYTES = 16 << 20
"""Larger files are linked: weights, which nothing writes to."""

_MOST_FILES = 20_000
"""In an untracked folder; one with more, such as a data set, is linked as a whole."""

_MEDIA = frozenset(
    {".avi", ".mp4", ".mov", ".mkv", ".webm", ".wav", ".mp3", ".png", ".jpg", ".jpeg", ".gif"}
)
"""Suffixes of what earlier runs left in a checkout, which is left out."""

_LIST = ".tgbench-copied.json"
_SKIPPED = frozenset({".git", "__pycache__", _LIST})


def mirror(checkout: Path, target: Path) -> None:
    """Copy a checkout; into an earlier copy of it, what has changed in the checkout since.

    Small files are copied and large ones linked. Of what git does not track, media files are left
    out: they are results of earlier runs. What was changed in the copy alone stays.

    Args:
        checkout: an existing folder.
        target: the copy.

    Raises:
        TgbenchError: it is no git checkout, and holds more files than a system has.
    """
    copy = _Mirror(checkout.resolve(), target.resolve())
    copy.copy(Path())
    copy.remember()


def link(source: Path, target: Path) -> None:
    """Put a link in the place of whatever is at a path."""
    target.parent.mkdir(parents=True, exist_ok=True)
    remove(target)
    os.symlink(source.resolve(), target)


class _Mirror:
    def __init__(self, checkout: Path, target: Path) -> None:
        self._checkout, self._target = checkout, target
        tracked = tracked_files(checkout)
        self._tracked = tracked
        self._tracked_folders = {
            parent.as_posix() for name in tracked or () for parent in PurePosixPath(name).parents
        }
        self._list = target / _LIST
        self._copied: dict[str, list[int]] = {}
        with suppress(OSError, ValueError):
            self._copied = read_json(self._list)

    def remember(self) -> None:
        """Note which version of each file was copied."""
        write_json(self._list, self._copied)

    def copy(self, folder: Path) -> None:
        """Copy a folder, by its name in the checkout, with all that is in it."""
        (self._target / folder).mkdir(parents=True, exist_ok=True)
        if self._tracked is None and len(self._copied) > _MOST_FILES:
            raise TgbenchError(
                f"{self._checkout}: holds more than {_MOST_FILES} files; keep the system, and its "
                "declaration, in a folder of its own"
            )
        with os.scandir(self._checkout / folder) as entries:
            for entry in entries:
                if entry.name not in _SKIPPED:
                    self._copy_entry(entry, folder / entry.name)

    def _copy_entry(self, entry: os.DirEntry[str], name: Path) -> None:
        source, target = Path(entry.path), self._target / name
        if entry.is_dir(follow_symlinks=False):
            if self._target.is_relative_to(source):
                # Results may be kept in the checkout.
                return
            if self._is_code(name.as_posix(), self._tracked_folders) or _holds_few(source):
                self.copy(name)
            else:
                link(source, target)
        elif entry.is_symlink() or entry.stat().st_size > _COPIED_BYTES:
            link(source, target)
        elif self._is_code(name.as_posix(), self._tracked) or source.suffix.lower() not in _MEDIA:
            self._copy_file(source, name)

    def _copy_file(self, source: Path, name: Path) -> None:
        state, target = source.stat(), self._target / name
        version = [state.st_size, state.st_mtime_ns]
        if self._copied.get(name.as_posix()) != version or not target.exists():
            remove(target)
            shutil.copy2(source, target)
            self._copied[name.as_posix()] = version

    def _is_code(self, name: str, tracked: Set[str] | None) -> bool:
        return self._tracked is None or name in (tracked or ())


def _holds_few(folder: Path) -> bool:
    """Whether a folder holds no more files than are worth to be looked at one by one."""
    count = 0
    for _, folders, names in os.walk(folder):
        count += len(folders) + len(names)
        if count > _MOST_FILES:
            return False
    return True
