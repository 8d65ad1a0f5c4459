"""Running a program to its end, with all that it says."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from .guarded import Guarded

_LARGEST = 16 << 20
"""Bytes that are kept of what a program says, from the end."""

_SHOWN_LINES = 3
_SHOWN_CHARACTERS = 300


@dataclass(frozen=True)
class Ended:
    """How a program ended.

    Attributes:
        code: its exit code; negative for a signal.
        said: what it said on both outputs.
    """

    code: int
    said: str

    @property
    def last_words(self) -> str:
        """Its last lines in brackets after a space, printable; empty if it said nothing."""
        lines = [line.strip() for line in self.said.splitlines() if line.strip()]
        words = " | ".join(lines[-_SHOWN_LINES:])
        shown = "".join(each if each.isprintable() else "?" for each in words)
        return f" ({shown[-_SHOWN_CHARACTERS:]})" if shown else ""


def run_to_end(
    argv: Sequence[str],
    seconds: float,
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    stop: Sequence[str] = (),
) -> Ended:
    """Run a program without a shell; nothing that it started is left.

    Args:
        argv: the program and its arguments.
        seconds: that it may take.
        cwd: an existing folder to run in.
        env: all of its environment; None: that of this process.
        stop: a command that ends it from outside, such as a container.

    Raises:
        OSError: it cannot be started.
        subprocess.TimeoutExpired: it takes longer.
    """
    with TemporaryFile() as said:
        program = Guarded(argv, said.fileno(), cwd=cwd, env=env, stop=stop, report=True)
        in_time = False
        try:
            in_time = program.wait(seconds)
        finally:
            code = program.end()
        assert program.process.stderr is not None
        with program.process.stderr as stream:
            _raise_if_not_started(stream, argv[0])
        if not in_time:
            raise subprocess.TimeoutExpired(list(argv), seconds)
        said.seek(max(0, said.seek(0, os.SEEK_END) - _LARGEST))
        return Ended(code, said.read().decode("utf-8", "replace"))


def _raise_if_not_started(stream: IO[bytes], program: str) -> None:
    try:
        how = json.loads(stream.read().splitlines()[-1])
    except (IndexError, ValueError):
        # The guardian itself was killed; the exit code says so.
        return
    if number := how.get("error"):
        raise OSError(number, os.strerror(number), how.get("file") or program)
