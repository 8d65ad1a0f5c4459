"""Running OpenFace's `FeatureExtraction`."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from ...errors import TgbenchError, Unavailable
from ...files import sha256
from ...processes.ended import run_to_end
from .table import OpenFaceTable, read_table

PROGRAM = "FeatureExtraction"

_STARTING_SECONDS = 300.0
_SECONDS_A_FRAME = 2.0
"""OpenFace needs a twentieth of it; past that it hangs."""


def find_program() -> Path | None:
    """Return `FeatureExtraction` on the path, None where it is not.

    Links are followed: OpenFace looks for its models beside the program.
    """
    found = shutil.which(PROGRAM)
    return None if found is None else Path(os.path.realpath(found))


class FeatureExtraction:
    """`FeatureExtraction` of OpenFace 2.2; see `Measurer`."""

    name = "OpenFace"

    def __init__(self, program: Path | None = None) -> None:
        """Take a program, or that on the path.

        Raises:
            Unavailable: none is on the path.
        """
        found = program or find_program()
        if found is None:
            raise Unavailable(f"{PROGRAM} is not on the path")
        self._program = found

    def describe(self) -> str:
        """Return the hash of the program; OpenFace does not tell its version."""
        return f"OpenFace {PROGRAM} (program's sha256 {sha256(self._program)[:12]})"

    def measure(self, video: Path, frames: int) -> OpenFaceTable:
        """Return the table of a video; see `Measurer`."""
        command = [str(self._program), "-f", str(video), "-out_dir", str(video.parent), "-aus"]
        limit = _STARTING_SECONDS + _SECONDS_A_FRAME * frames
        try:
            done = run_to_end(command, limit, cwd=video.parent)
        except subprocess.TimeoutExpired as error:
            raise TgbenchError(
                f"{PROGRAM} was stopped after {limit:.0f} s on {frames} frames; try it on a short "
                "video"
            ) from error
        except OSError as error:
            raise TgbenchError(f"{self._program} cannot be run ({error.strerror})") from error
        remedy = "does it run by itself on a video?"
        if done.code != 0:
            raise TgbenchError(
                f"{PROGRAM} failed with exit code {done.code}{done.last_words}; {remedy}"
            )
        table = video.with_suffix(".csv")
        if not table.is_file():
            # It exits with 0, too, when it could not find its models or open the video.
            raise TgbenchError(f"{PROGRAM} wrote no table{done.last_words}; {remedy}")
        return read_table(table)
