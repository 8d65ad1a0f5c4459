"""The ffmpeg program, which only the original's way needs: everything else goes by PyAV."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import IO

from ...errors import TgbenchError, Unavailable


class Ffmpeg:
    """The ffmpeg program."""

    def __init__(self) -> None:
        """Find it.

        Raises:
            Unavailable: it is not on the path.
        """
        program = shutil.which("ffmpeg")
        if program is None:
            raise Unavailable(
                "the original's way needs the ffmpeg program on the path; install it "
                "(apt install ffmpeg, or conda install ffmpeg), or measure sync_c and sync_e, "
                "which need none"
            )
        self._program = program

    def version(self) -> str:
        """Return its name and version."""
        told = subprocess.run([self._program, "-version"], capture_output=True, text=True)
        return " ".join(told.stdout.split()[:3:2]) or "ffmpeg"

    def run(self, *arguments: str | Path) -> None:
        """Run it to its end.

        Raises:
            TgbenchError: it failed.
        """
        done = subprocess.run(
            self._command(arguments), stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        require_success(done.returncode, done.stderr)

    def start(self, *arguments: str | Path, errors: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start it to be fed through a pipe."""
        return subprocess.Popen(
            self._command(arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )

    def _command(self, arguments: tuple[str | Path, ...]) -> list[str]:
        return [self._program, "-y", "-v", "error", *map(str, arguments)]


def require_success(status: int, told: str) -> None:
    """Raise what the program said if its exit status is one of failure.

    Raises:
        TgbenchError: it is.
    """
    if status != 0:
        last = (told.strip().splitlines() or [f"status {status}"])[-1]
        raise TgbenchError(f"ffmpeg failed: {last}")
