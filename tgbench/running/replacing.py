"""Folders that are replaced as a whole: at any moment there is the old one or the new one.

The new folder grows beside the old one, as `.NAME.part`, and changes places with it in one step of
the file system. Whoever calls holds the folder by `sole_replacer`.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
from collections.abc import Iterator, Set
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import TgbenchError
from ..files import remove
from .locks import sole_replacer

_PART = re.compile(r"\.(.+)\.part", re.DOTALL)
_OLD = re.compile(r"\.(.+)\.old", re.DOTALL)
_AT_CWD = -100
_EXCHANGE = 2
_NO_EXCHANGE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM)


@contextmanager
def replacement(folder: Path, ours: Set[str]) -> Iterator[Path]:
    """Yield an empty folder that takes the place of `folder` when the block ends well.

    After an error or a kill the old folder stays as it was.

    Args:
        folder: need not be there yet.
        ours: names of what may be replaced; anything else in the old folder is kept in the new.

    Raises:
        TgbenchError: it cannot be replaced; the old folder stays.
    """
    folder = folder.resolve()
    recover(folder, ours)
    new = _beside(folder, "part")
    try:
        new.mkdir(parents=True, exist_ok=True)
        yield new
        _flush(new)
        _swap(new, folder)
    finally:
        recover(folder, ours)


def recover(folder: Path, ours: Set[str]) -> None:
    """Tidy up after a process that was killed while it replaced a folder.

    Args:
        folder: that was to be replaced.
        ours: names of what a replaced folder held of ours.
    """
    folder = folder.resolve()
    old, new = _beside(folder, "old"), _beside(folder, "part")
    if old.is_dir() and not folder.exists():
        os.rename(old, folder)
    for left in (old, new):
        if left.is_dir() and not left.is_symlink():
            _retire(left, folder, ours)


def recover_all(folder: Path, ours: Set[str]) -> None:
    """Tidy up after killed processes at and below a folder; what a living one holds stays."""
    for place, names, _ in os.walk(folder):
        for name in [name for name in names if is_passing(name)]:
            names.remove(name)
            found = _PART.fullmatch(name) or _OLD.fullmatch(name)
            target = Path(place) / found[1] if found else None
            if target is None or not target.with_name(f".{target.name}.lock").is_file():
                continue
            with suppress(TgbenchError), sole_replacer(target):
                recover(target, ours)


def is_passing(name: str) -> bool:
    """Whether a folder of this name is on its way in or out, so that no reader may look inside."""
    return _PART.fullmatch(name) is not None or _OLD.fullmatch(name) is not None


def _beside(folder: Path, suffix: str) -> Path:
    return folder.with_name(f".{folder.name}.{suffix}")


def _swap(new: Path, folder: Path) -> None:
    try:
        if not folder.exists():
            os.rename(new, folder)
        elif not _exchange(new, folder):
            # Between the two steps `recover` finds the old folder, and puts it back.
            os.rename(folder, _beside(folder, "old"))
            os.rename(new, folder)
    except OSError as error:
        raise TgbenchError(
            f"{folder}: cannot be replaced ({error.strerror or error}); what was there is kept"
        ) from error


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change places in one step; False where that cannot be done here."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    if rename(_AT_CWD, os.fsencode(one), _AT_CWD, os.fsencode(other), _EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _NO_EXCHANGE:
        return False
    raise OSError(code, os.strerror(code))


def _retire(left: Path, folder: Path, ours: Set[str]) -> None:
    """Remove what is ours of a folder, and move the rest to where it belongs."""
    for entry in list(left.iterdir()):
        if entry.name in ours or _is_temporary(entry.name):
            remove(entry)
        elif folder.is_dir() and not os.path.lexists(folder / entry.name):
            with suppress(OSError):
                os.rename(entry, folder / entry.name)
    with suppress(OSError):
        left.rmdir()


def _is_temporary(name: str) -> bool:
    return name == ".lock" or (name.startswith(".") and ".part" in name)


def _flush(folder: Path) -> None:
    """Bring files to the disk: a power cut after the renaming must not leave them empty."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as stream, suppress(OSError):
                os.fsync(stream.fileno())
