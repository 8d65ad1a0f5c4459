"""Action unit error with pyfaceau, a Python program that runs OpenFace 2.2's own models.

It runs in an environment of its own, because it wants another build of OpenCV. Its landmarks and
its calibration are not those of the C++ program, so its values are in columns of their own.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ...errors import TgbenchError, Unavailable
from ...identities.layout import ALL_ACTION_UNITS
from ...inputs import read_text, reason
from ...interfaces import MetricContext
from ...processes.ended import run_to_end
from . import pyfaceau_probe
from .error import LOWER_FACE, UPPER_FACE
from .extraction import ExtractedTables
from .openface import LowerFaceError
from .sources import Tables
from .specs import AUE_L_PYFACEAU, AUE_U_PYFACEAU, PYFACEAU_PLACE
from .table import OpenFaceTable

REMEDY = (
    "make an environment with `python -m venv ENV`, run `ENV/bin/pip install pyfaceau`, and set "
    f"{PYFACEAU_PLACE}=ENV/bin/python"
)

_ANSWER = "\ntgbench: "
_PROBE_SECONDS = 300.0
_STARTING_SECONDS = 600.0
_SECONDS_A_FRAME = 20.0
"""On a slow processor it needs a tenth of it; past that it hangs."""

_STRONGEST = 5.0
_TRUE = {"True": True, "False": False}

# The user alone accepts a licence; other Pythons' paths hold other packages.
_DROPPED = frozenset({"OPENFACE_MODELS_ACCEPT_LICENSE", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"})


def find_python(given: str | None = None) -> Path | None:
    """Return the Python that has pyfaceau: as given, as the environment names it, or this one."""
    named = given or os.environ.get(PYFACEAU_PLACE)
    if named:
        # Not resolved: a link tells Python which environment it is of.
        return Path(os.path.abspath(Path(named).expanduser()))
    return Path(sys.executable) if importlib.util.find_spec("pyfaceau") else None


class PyFaceAu:
    """`python -m pyfaceau` of some environment; see `Measurer`."""

    name = "pyfaceau"

    def __init__(self, python: str | None = None) -> None:
        """Look into the environment.

        Args:
            python: its Python; None: that of the environment variable, or this one.

        Raises:
            Unavailable: it does not run, or has no pyfaceau or no models.
        """
        found = find_python(python)
        if found is None:
            raise Unavailable(f"pyfaceau is not installed; {REMEDY}")
        self._python = found
        self._found = self._probe()

    def describe(self) -> str:
        """Return versions, and the digest of the models' list, whose hashes pyfaceau checks."""
        versions: Mapping[str, str] = self._found["versions"]
        own, *others = (f"{name} {version}" for name, version in versions.items())
        return f"{own} ({', '.join([*others, 'models ' + self._found['models'][:12]])})"

    def measure(self, video: Path, frames: int) -> OpenFaceTable:
        """Return the table of a video; see `Measurer`."""
        table = video.with_suffix(".csv")
        limit = _STARTING_SECONDS + _SECONDS_A_FRAME * frames
        command = [str(self._python), "-m", "pyfaceau", str(video), "-o", str(table)]
        try:
            done = run_to_end(command, limit, cwd=video.parent, env=_environment())
        except subprocess.TimeoutExpired as error:
            raise TgbenchError(
                f"pyfaceau was stopped after {limit:.0f} s on {frames} frames; try it on a short "
                "video"
            ) from error
        except OSError as error:
            raise TgbenchError(f"{self._python} cannot be run ({error.strerror})") from error
        if done.code != 0 or not table.is_file():
            raise TgbenchError(
                f"pyfaceau failed with exit code {done.code}{done.last_words}; does "
                f"`{self._python} -m pyfaceau VIDEO` run by itself?"
            )
        return read_pyfaceau(table, frames)

    def _probe(self) -> dict[str, Any]:
        script = Path(pyfaceau_probe.__file__)
        try:
            done = run_to_end(
                [str(self._python), str(script)],
                _PROBE_SECONDS,
                cwd=script.parent,
                env=_environment(),
            )
        except subprocess.TimeoutExpired as error:
            raise Unavailable(
                f"{self._python} does not answer within {_PROBE_SECONDS:.0f} s; is it a Python?"
            ) from error
        except OSError as error:
            raise Unavailable(
                f"{self._python}: cannot be run ({error.strerror}); name the Python that has "
                f"pyfaceau, or {REMEDY}"
            ) from error
        try:
            found: dict[str, Any] = json.loads(done.said.rpartition(_ANSWER)[2].partition("\n")[0])
            why = found.get("error")
            whole = {str(k): str(v) for k, v in found.get("versions", {}).items()}
            missing = [str(package) for package in found.get("missing", ())]
        except (ValueError, AttributeError, TypeError) as error:
            raise Unavailable(
                f"{self._python}: is no Python that has pyfaceau{done.last_words}; {REMEDY}"
            ) from error
        if why or not whole:
            raise Unavailable(
                f"{self._python}: pyfaceau cannot be imported ({why or 'no version'}); {REMEDY}"
            )
        if missing:
            raise Unavailable(
                f"{self._python}: the model files of {', '.join(missing)} are missing; read "
                "OpenFace's licence (academic or non-profit research) and get them, about 440 MB, "
                f"with `{self._python} -m pyfaceau.download_models`"
            )
        return {"versions": whole, "models": str(found.get("models", ""))}


def read_pyfaceau(path: Path, frames: int) -> OpenFaceTable:
    """Read the table that pyfaceau wrote of a video of `frames`.

    Its rows count from 0 and have no confidence.

    Raises:
        TgbenchError: not such a table: a column, a frame or a number is missing.
    """
    names = [f"{unit}_r" for unit in ALL_ACTION_UNITS]
    try:
        reader = csv.DictReader(io.StringIO(read_text(path), newline=""))
        header = reader.fieldnames or ()
        rows = list(reader)
    except (OSError, ValueError, csv.Error) as error:
        raise TgbenchError(f"{path.name}: pyfaceau wrote no table ({reason(error)})") from error
    if absent := [name for name in ("frame", "success", *names) if name not in header]:
        raise TgbenchError(
            f"{path.name}: pyfaceau wrote no column {', '.join(absent)}; install another version, "
            "or its models again"
        )
    numbered = [row["frame"] for row in rows]
    if numbered != [str(frame) for frame in range(frames)]:
        raise TgbenchError(
            f"{path.name}: pyfaceau measured {len(rows)} frames, not the {frames} of the video in "
            "their order; is its OpenCV another one than it wants?"
        )
    tracked = np.array([_TRUE.get(row["success"], False) for row in rows], np.bool_)
    values = np.full((frames, len(names)), np.nan)
    for frame in np.flatnonzero(tracked):
        values[frame] = [_intensity(path, frame, name, rows[frame][name]) for name in names]
    return OpenFaceTable(
        path,
        frames=np.arange(1, frames + 1),
        timestamps=np.full(frames, np.nan),
        tracked=tracked,
        confidence=np.ones(frames),
        intensities=dict(zip(ALL_ACTION_UNITS, values.T, strict=True)),
    )


class LowerFaceErrorPyFaceAu(LowerFaceError):
    """AUE-L by pyfaceau, over the frames in which it found a face."""

    spec = AUE_L_PYFACEAU
    units: ClassVar[tuple[str, ...]] = LOWER_FACE
    measurer: ClassVar[str] = "pyfaceau"
    kept: ClassVar[str] = "success True"

    def _tables(self, context: MetricContext) -> Tables:
        return context.shared.once(
            "pyfaceau action units", lambda: ExtractedTables(PyFaceAu(), context.fps)
        )


class UpperFaceErrorPyFaceAu(LowerFaceErrorPyFaceAu):
    """AUE-U by pyfaceau, over the frames in which it found a face."""

    spec = AUE_U_PYFACEAU
    units = UPPER_FACE


def _intensity(path: Path, frame: int, name: str, cell: str | None) -> float:
    try:
        value = float(cell or "nan")
    except ValueError:
        value = float("nan")
    if not 0.0 <= value <= _STRONGEST:
        raise TgbenchError(
            f"{path.name}: pyfaceau gives {name} of frame {frame} as '{cell}', not 0 to 5, though "
            "it found a face; install another version, or its models again"
        )
    return value


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _DROPPED}
