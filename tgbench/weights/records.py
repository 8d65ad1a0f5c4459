"""The record of a file in the store: its hash, and its size and time when it was hashed."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from pathlib import Path

from ..errors import Unavailable
from ..files import write_json
from ..inputs import read_json

_log = logging.getLogger("tgbench")


@dataclass(frozen=True)
class Record:
    """The hash of a file, recorded when it first came into the store.

    Attributes:
        sha256: in hex.
        path: of the file that was hashed last.
        size: of it, in bytes.
        modified: of it, in nanoseconds since 1970.
        source: where it comes from.
        since: the date on which the hash was recorded.
    """

    sha256: str
    path: str
    size: int
    modified: int
    source: str
    since: str

    def is_of(self, path: Path) -> bool:
        """Whether the file is, by size and time, the one whose hash this is."""
        found = path.stat()
        return (self.path, self.size, self.modified) == (
            str(path),
            found.st_size,
            found.st_mtime_ns,
        )


def record_path(folder: Path, file: str) -> Path:
    """Return where the record of a file of the store lies."""
    return folder / f"{file}.json"


def read_record(path: Path) -> Record | None:
    """Return a record; None if there is none.

    Raises:
        Unavailable: the record is damaged.
    """
    try:
        return Record(**read_json(path))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise Unavailable(
            f"{path}: this record of a weight file is damaged; delete it to record the file again"
        ) from error


def write_record(path: Path, record: Record) -> None:
    """Write a record; if that fails, the file is hashed again the next time."""
    try:
        write_json(path, asdict(record))
    except OSError as error:
        _log.info("%s: not recorded (%s)", path, error.strerror)
