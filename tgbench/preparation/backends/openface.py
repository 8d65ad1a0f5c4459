"""Action units by OpenFace 2.2: from its table, or by its program on the prepared frames."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import TgbenchError, Unavailable
from ...faces.pose import HeadTrack
from ...files import sha256, temporary_folder
from ...identities.layout import ALL_ACTION_UNITS, FPS
from ...metrics.action_units.feature_extraction import (
    PROGRAM,
    LosslessVideo,
    find_program,
    run_feature_extraction,
)
from ...metrics.action_units.table import OpenFaceTable, read_table
from ...progress import Progress
from ..clip import Clip
from .configs import OpenFaceConfig

_MOST_SPARE = 2
"""Rows that a table may have beyond the clip: the sound may end a little before the picture."""

_LARGEST_OFFSET = 1.5 / FPS
"""Seconds between a frame's time and what the rate says: builds count from 0 or from 1."""


class OpenFaceUnits:
    """The intensities of `FeatureExtraction`; frames that it lost have none."""

    def __init__(self, config: OpenFaceConfig) -> None:
        """Find the table or the program.

        Raises:
            TgbenchError: the table is not OpenFace's, or lacks a unit.
            Unavailable: the program is not on the path.
        """
        self._table = None if config.table is None else read_table(Path(config.table))
        if self._table is not None:
            self._table.require(ALL_ACTION_UNITS)
        self._program = find_program()
        if self._table is None and self._program is None:
            raise Unavailable(f"{PROGRAM} is not on the path; or give its table")

    def measure(
        self, clip: Clip, track: HeadTrack, progress: Progress
    ) -> Mapping[str, NDArray[np.float32]]:
        """Return all units; see `ActionUnitBackend`.

        Raises:
            TgbenchError: the table is of another clip, or the program fails.
        """
        return units_of(self._table or self._measured(clip, progress), len(clip))

    def describe(self) -> str:
        """Return the hash of the table or of the program; OpenFace does not tell its version."""
        if self._table is not None:
            return f"OpenFace's table as given (sha256 {sha256(self._table.path)[:12]})"
        assert self._program is not None
        return f"OpenFace {PROGRAM} (program's sha256 {sha256(self._program)[:12]})"

    def _measured(self, clip: Clip, progress: Progress) -> OpenFaceTable:
        assert self._program is not None
        with (
            temporary_folder("tgbench-openface") as folder,
            progress.task("action units by OpenFace", None),
        ):
            video = write_frames(Path(folder) / "frames.avi", clip)
            return run_feature_extraction(self._program, video, len(clip))


def write_frames(path: Path, clip: Clip) -> Path:
    """Write the frames of a clip into a video without loss, and return its path."""
    video = LosslessVideo(path, FPS, (clip.size, clip.size))
    for frame in range(len(clip)):
        video.write(clip.image(frame))
    video.close()
    return path


def units_of(table: OpenFaceTable, frames: int) -> dict[str, NDArray[np.float32]]:
    """Return the units of a table that is of a clip of `frames`, NaN where tracking failed.

    Raises:
        TgbenchError: it is of another clip: other frames, or another rate.
    """
    remedy = "measure this clip, at 25 frames a second"
    rows = table.rows_of(np.arange(1, frames + 1))
    if (rows < 0).any() or len(table) > frames + _MOST_SPARE:
        raise TgbenchError(
            f"{table.path}: is of another clip: it has {len(table)} rows, to frame "
            f"{table.frames.max()}, this clip {frames} frames; {remedy}"
        )
    expected = (table.frames - 1) / FPS
    off = np.abs(table.timestamps - expected)
    if (off > _LARGEST_OFFSET).any():
        row = int(np.nanargmax(off))
        raise TgbenchError(
            f"{table.path}: is of another clip: frame {table.frames[row]} is at "
            f"{table.timestamps[row]:.3f} s, not {expected[row]:.3f} s; {remedy}"
        )
    values = table.stack(ALL_ACTION_UNITS)[rows]
    values[~table.tracked[rows]] = np.nan
    columns = zip(ALL_ACTION_UNITS, values.T.astype(np.float32), strict=True)
    return dict(columns)
