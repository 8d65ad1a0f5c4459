"""Action units by programs that run OpenFace's models: OpenFace's table or program, pyfaceau."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import TgbenchError
from ...faces.head_track import HeadTrack
from ...files import sha256, temporary_folder
from ...identities.layout import ALL_ACTION_UNITS, FPS
from ...metrics.action_units.extraction import LosslessVideo, Measurer
from ...metrics.action_units.feature_extraction import FeatureExtraction
from ...metrics.action_units.pyfaceau import PyFaceAu
from ...metrics.action_units.table import OpenFaceTable, read_table
from ...progress import Progress
from ..clip import Clip
from .configs import OpenFaceConfig, PyFaceAuConfig

_MOST_SPARE = 2
"""Rows that a table may have beyond the clip: the sound may end a little before the picture."""

_LARGEST_OFFSET = 1.5 / FPS
"""Seconds between a frame's time and what the rate says: builds count from 0 or from 1."""

_REMEDY = "measure this clip, at 25 frames a second"

_log = logging.getLogger("tgbench")


class GivenUnits:
    """The intensities of a table of OpenFace."""

    def __init__(self, path: Path) -> None:
        """Read the table.

        Raises:
            TgbenchError: it is not OpenFace's, or not of 25 frames a second.
            Unavailable: it lacks a unit.
        """
        self._table = read_table(path)
        self._table.require(ALL_ACTION_UNITS)
        _require_rate(self._table)

    def require_rows(self, frames: int) -> None:
        """Refuse a table that cannot be of a clip of about `frames`.

        Raises:
            TgbenchError: it cannot.
        """
        _require_rows(self._table, frames, spare=_MOST_SPARE)

    def measure(
        self, clip: Clip, track: HeadTrack, progress: Progress
    ) -> Mapping[str, NDArray[np.float32]]:
        """Return all units; see `ActionUnitBackend`.

        Raises:
            TgbenchError: the table is of another clip.
        """
        return _units_of(self._table, len(clip))

    def describe(self) -> str:
        """Return the hash of the table; OpenFace does not tell its version."""
        return f"OpenFace's table as given (sha256 {sha256(self._table.path)[:12]})"


class ProgramUnits:
    """What a program measures on the prepared frames, which it gets without loss."""

    def __init__(self, program: Measurer) -> None:
        self._program = program

    def measure(
        self, clip: Clip, track: HeadTrack, progress: Progress
    ) -> Mapping[str, NDArray[np.float32]]:
        """Return all units; see `ActionUnitBackend`.

        Raises:
            TgbenchError: the program fails, or measures other frames.
        """
        with (
            temporary_folder("tgbench-action-units") as folder,
            progress.task(f"action units by {self._program.name}", None),
        ):
            video = LosslessVideo(Path(folder) / "frames.avi", FPS, (clip.size, clip.size))
            for frame in range(len(clip)):
                video.write(clip.image(frame))
            video.close()
            table = self._program.measure(video.path, len(clip))
        lost = int((~table.tracked).sum())
        if lost:
            _log.warning(
                "%s found no face in %d of %d frames; they have no action units",
                self._program.name,
                lost,
                len(clip),
            )
        return _units_of(table, len(clip))

    def describe(self) -> str:
        """Return program, version and models."""
        return self._program.describe()


def openface_units(config: OpenFaceConfig) -> GivenUnits | ProgramUnits:
    """Return what reads OpenFace's table, or runs its program.

    Raises:
        TgbenchError: the table is not OpenFace's.
        Unavailable: it lacks a unit, or no table is given and the program is not on the path.
    """
    if config.table is not None:
        return GivenUnits(Path(config.table).expanduser())
    return ProgramUnits(FeatureExtraction())


def pyfaceau_units(config: PyFaceAuConfig) -> ProgramUnits:
    """Return what runs pyfaceau.

    Raises:
        Unavailable: its Python does not run, or has no pyfaceau or no models.
    """
    return ProgramUnits(PyFaceAu(config.python))


def check_openface(config: OpenFaceConfig, frames: int) -> None:
    """Refuse a table of another clip; see `BackendSpec.check`.

    Raises:
        TgbenchError: the table is not OpenFace's, or not of a clip of about `frames`.
        Unavailable: it lacks a unit.
    """
    if config.table is not None:
        GivenUnits(Path(config.table).expanduser()).require_rows(frames)


def check_pyfaceau(config: PyFaceAuConfig, frames: int) -> None:
    """Refuse an environment that cannot run pyfaceau; see `BackendSpec.check`.

    Raises:
        Unavailable: its Python does not run, or has no pyfaceau or no models.
    """
    PyFaceAu(config.python)


def _units_of(table: OpenFaceTable, frames: int) -> dict[str, NDArray[np.float32]]:
    """Return the units of a table that is of a clip of `frames`, NaN where tracking failed."""
    _require_rows(table, frames)
    rows = table.rows_of(np.arange(1, frames + 1))
    values = table.stack(ALL_ACTION_UNITS)[rows]
    values[~table.tracked[rows]] = np.nan
    columns = zip(ALL_ACTION_UNITS, values.T.astype(np.float32), strict=True)
    return dict(columns)


def _require_rows(table: OpenFaceTable, frames: int, spare: int = 0) -> None:
    """Refuse a table of a clip of another length; `spare` frames of the clip may lack a row."""
    rows = table.rows_of(np.arange(1, frames + 1 - spare))
    if (rows < 0).any() or len(table) > frames + _MOST_SPARE:
        raise TgbenchError(
            f"{table.path}: is of another clip: it has {len(table)} rows, to frame "
            f"{table.frames.max()}, this clip {frames} frames; {_REMEDY}"
        )


def _require_rate(table: OpenFaceTable) -> None:
    expected = (table.frames - 1) / FPS
    off = np.abs(table.timestamps - expected)
    if (off > _LARGEST_OFFSET).any():
        row = int(np.nanargmax(off))
        raise TgbenchError(
            f"{table.path}: is of another clip: frame {table.frames[row]} is at "
            f"{table.timestamps[row]:.3f} s, not {expected[row]:.3f} s; {_REMEDY}"
        )
