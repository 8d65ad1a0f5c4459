"""Starting a program under a guardian."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from . import guardian

_ENDING = 60.0
"""Seconds that a guardian has to end everything, a container included."""


class Guarded:
    """A program with all that it starts. Nothing of it is left when it ends, or this process does.

    A small process stands between the two; see `guardian`. It has a session of its own, so Ctrl-C
    does not reach the program unless this process passes it on.

    Attributes:
        process: the guardian, which ends as the program does.
    """

    def __init__(
        self,
        argv: Sequence[str],
        output: int | IO[bytes],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        fed: bool = False,
        report: bool = False,
        patience: float = 0.0,
        stop: Sequence[str] = (),
        held: Sequence[int] = (),
    ) -> None:
        """Start it.

        Args:
            argv: the program and its arguments.
            output: what gets all that it says, as `subprocess` takes it.
            cwd: the folder that it runs in; None: that of this process.
            env: all of its environment; None: that of this process.
            fed: whether the program's standard input is what `send` writes; it has none otherwise.
            report: whether the guardian says how it ended, as a line of JSON on its own standard
                error: {"code": exit code or null} or {"error": errno, "file": name}.
            patience: seconds that it has to stop by itself when it is ended.
            stop: a command that ends it from outside, such as a container; run when it is ended.
            held: descriptors that stay open until all of it has ended, such as of locks.
        """
        self.process: subprocess.Popen[bytes] = subprocess.Popen(
            [sys.executable, "-I", "-S", guardian.__file__],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.PIPE if report else subprocess.STDOUT,
            start_new_session=True,
            pass_fds=tuple(held),
        )
        task: dict[str, Any] = {
            "argv": list(argv),
            "cwd": None if cwd is None else str(cwd),
            "env": dict(os.environ if env is None else env),
            "fed": fed,
            "report": report,
            "patience": patience,
            "stop": list(stop),
        }
        self._fed = fed
        self._write(task)

    def send(self, message: object) -> None:
        """Write a line of JSON to the input of a program that is fed; one that ended misses it."""
        assert self._fed
        self._write(message)

    def _write(self, message: object) -> None:
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.stdin.flush()

    def wait(self, seconds: float) -> bool:
        """Wait for its end, so long at most; return whether it has ended."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.0, seconds))
        return self.process.poll() is not None

    def ask_to_stop(self) -> None:
        """Ask the program to stop by itself."""
        # Not SIGINT: where a script starts tgbench in the background, its children ignore that.
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def end(self) -> int:
        """End it if it still runs, and all that it started; return the exit code."""
        assert self.process.stdin is not None
        # Upon which the guardian ends what is left.
        with suppress(OSError):
            self.process.stdin.close()
        try:
            self.wait(_ENDING)
        finally:
            if self.process.poll() is None:
                for process in (self.process.pid, *guardian.descendants(self.process.pid)):
                    with suppress(ProcessLookupError, PermissionError):
                        os.kill(process, signal.SIGKILL)
            self.process.wait()
        return self.process.returncode
