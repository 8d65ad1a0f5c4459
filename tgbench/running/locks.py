"""One writer a folder: two runs at once must not mix their files."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import TgbenchError
from ..files import make_folder


@contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Hold a folder for this process; the lock goes with the process, however it ends.

    Raises:
        TgbenchError: another process holds it, or the folder cannot be written.
    """
    make_folder(folder)
    path = folder / ".lock"
    with path.open("a+") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            stream.seek(0)
            owner = stream.read().strip() or "unknown"
            raise TgbenchError(
                f"{folder}: another run (process {owner}) is writing here; wait for it, or choose "
                "another --out"
            ) from error
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        yield
