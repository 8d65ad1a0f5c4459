"""What a program says, kept in a file of bounded size."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from ..terminal.printing import one_line

KEPT_BYTES = 4 << 20
"""Kept of the beginning of what a program says, and at least as much of its end."""

_LINE_END = re.compile(rb"[\r\n]+")
TAIL = 1 << 16
"""Bytes of the end of what a program says, which tell why it failed."""

_LONGEST_LINE = 300


class ProgramLog:
    """Takes what one run of a program says; earlier runs stay above it in the same file.

    A program may say gigabytes: the middle is left out. A disk that is full does not stop it.

    Attributes:
        trouble: why something could not be written; None: all was.
    """

    def __init__(self, path: Path, heading: str) -> None:
        """Begin a run.

        Args:
            path: of the file.
            heading: what is run, one line.

        Raises:
            OSError: the file cannot be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.trouble: OSError | None = None
        self._stream: BinaryIO = path.open("r+b" if path.exists() else "x+b")
        self._start = self._stream.seek(0, 2)
        now = datetime.now(UTC).isoformat(sep=" ", timespec="seconds")
        self._head = self._stream.write(f"{now} {heading}\n".encode())
        self._stream.flush()
        self._written = self._head
        self._left_out = 0
        self._tail = b""
        self._lock = threading.Lock()

    def write(self, said: bytes) -> None:
        """Add what the program says."""
        with self._lock:
            self._tail = (self._tail + said)[-TAIL:]
            if self.trouble is not None:
                return
            try:
                self._stream.write(said)
                self._stream.flush()
                self._written += len(said)
                if self._written - self._head > 3 * KEPT_BYTES:
                    self._leave_out()
            except OSError as error:
                self.trouble = error

    def tail(self) -> str:
        """Return the last of what this run said, at most 64 kB."""
        with self._lock:
            return self._tail.decode("utf-8", "replace")

    def last_line(self) -> str:
        """Return the last line that is not empty, safe to print; empty: there is none.

        A bar that is drawn over and over counts as a line each time.
        """
        with self._lock:
            lines = [line for line in _LINE_END.split(self._tail[-4096:]) if line.strip()]
        return one_line(lines[-1].decode("utf-8", "replace"))[:_LONGEST_LINE] if lines else ""

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            try:
                self._stream.close()
            except OSError as error:
                self.trouble = self.trouble or error

    def _leave_out(self) -> None:
        """Keep the beginning and the end of the run, and say how much is missing between."""
        cut = self._start + self._head + KEPT_BYTES
        self._stream.seek(-KEPT_BYTES, 2)
        end = self._stream.read()
        self._left_out += self._written - self._head - 2 * KEPT_BYTES
        self._stream.seek(cut)
        note = f"\n... {self._left_out} bytes are left out ...\n".encode()
        self._stream.write(note + end)
        self._stream.truncate()
        self._written = self._head + 2 * KEPT_BYTES


def said_since(path: Path, start: int, most: int | None = None) -> str:
    """Return what a log says from a byte on, or the last of it.

    Args:
        path: of the log.
        start: its size before the run that is asked for, whose words are the last in it.
        most: bytes; None: all.
    """
    with path.open("rb") as stream:
        end = stream.seek(0, 2)
        stream.seek(start if most is None else max(start, end - most))
        return stream.read().decode("utf-8", "replace")
