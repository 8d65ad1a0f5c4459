"""One writer per folder: two runs at once must not mix their files.

The locks are `filelock`'s: an flock(2), which the system releases however its process ends.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import TgbenchError
from ..files import make_folder
from ..terminal import NOTICE

_POLL_SECONDS = 0.2
_REMEDY = "wait for it, or choose another --out"
_log = logging.getLogger("tgbench")


@contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Lock a folder for this process.

    Raises:
        TgbenchError: another process holds the lock, or the folder cannot be written.
    """
    make_folder(folder)
    with _held(folder / ".lock", folder, wait=False):
        yield


@contextmanager
def sole_replacer(folder: Path, wait: bool = False, remedy: str = _REMEDY) -> Iterator[None]:
    """Lock a folder that may be replaced as a whole, whether it exists or not.

    The lock file lies beside the folder, so that it is not replaced with it.

    Args:
        folder: to lock.
        wait: whether to wait for another process, after a line that says so.
        remedy: what a user can do where another process holds the lock.

    Raises:
        TgbenchError: another process holds the lock and `wait` is false, or the parent folder
            cannot be written.
    """
    folder = folder.resolve()
    make_folder(folder.parent)
    with _held(folder.with_name(f".{folder.name}.lock"), folder, wait, remedy):
        yield


@contextmanager
def _held(path: Path, folder: Path, wait: bool, remedy: str = _REMEDY) -> Iterator[None]:
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        holder = f"another run (process {_owner(path)}) is writing to {folder}"
        if not wait:
            raise TgbenchError(f"{holder}; {remedy}") from error
        _log.info("waiting: %s", holder, extra=NOTICE)
        lock.acquire(poll_interval=_POLL_SECONDS)
    try:
        # Not in the lock file: on NFS, closing a second descriptor of it would release the lock.
        _owner_file(path).write_text(str(os.getpid()), encoding="utf-8")
        yield
    finally:
        with suppress(OSError):
            _owner_file(path).unlink(missing_ok=True)
        lock.release()


def _owner(path: Path) -> str:
    try:
        return _owner_file(path).read_text(encoding="utf-8").strip() or "unknown"
    except OSError:
        return "unknown"


def _owner_file(path: Path) -> Path:
    return path.with_suffix(".owner")
