"""One writer a folder: two runs at once must not mix their files."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import TgbenchError
from ..files import make_folder

_BUSY = "another run (process {owner}) is writing here; wait for it, or choose another --out"


@contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Hold a folder for this process; the lock goes with the process, however it ends.

    Raises:
        TgbenchError: another process holds it, or the folder cannot be written.
    """
    make_folder(folder)
    with _held(folder / ".lock", folder):
        yield


@contextmanager
def sole_replacer(folder: Path) -> Iterator[None]:
    """Hold a folder that may be replaced as a whole, whether it is there or not.

    The lock lies beside the folder, so that it does not go with an old one.

    Raises:
        TgbenchError: another process holds it, or its parent cannot be written.
    """
    folder = folder.resolve()
    make_folder(folder.parent)
    with _held(folder.with_name(f".{folder.name}.lock"), folder):
        yield


@contextmanager
def _held(path: Path, folder: Path) -> Iterator[None]:
    with path.open("a+") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            stream.seek(0)
            owner = stream.read().strip() or "unknown"
            raise TgbenchError(f"{folder}: {_BUSY.format(owner=owner)}") from error
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        yield
