"""Tables of action units by OpenFace's models, one row a frame, read without trusting them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import TgbenchError, Unavailable
from ...identities.layout import ALL_ACTION_UNITS
from ...inputs import read_text, reason

Array = NDArray[np.float64]

_FRAME, _FACE, _SUCCESS, _CONFIDENCE = "frame", "face_id", "success", "confidence"
_TIME = "timestamp"
_MEASURER = "measured_by"
_MEASURE_AGAIN = "measure the whole video again with `FeatureExtraction -f VIDEO -aus`"
_STRONGEST = 5.0
_MOST_FRAMES = 2**31
"""Of a clip: a larger number in a table is a fault of it."""


@dataclass(frozen=True)
class OpenFaceTable:
    """Intensities of one person over a clip, in the order of the file.

    Attributes:
        path: the file.
        frames: int [R], the frame of each row, counted from 1.
        timestamps: [R], seconds; NaN where the file does not say.
        tracked: bool [R], OpenFace's `success`.
        confidence: [R], of the landmarks, 0 to 1; 1 where the program gives none (pyfaceau).
        intensities: the units of the layout that the file has, such as "AU12", to [R], 0 to 5;
            NaN for an empty cell.
    """

    path: Path
    frames: NDArray[np.int64]
    timestamps: Array
    tracked: NDArray[np.bool_]
    confidence: Array
    intensities: Mapping[str, Array]

    def __len__(self) -> int:
        return len(self.frames)

    def require(self, units: Sequence[str]) -> None:
        """Refuse a table that lacks a unit which is to be scored.

        Raises:
            Unavailable: it does.
        """
        missing = [f"{unit}_r" for unit in units if unit not in self.intensities]
        if missing:
            raise Unavailable(f"{self.path}: has no column {', '.join(missing)}; {_MEASURE_AGAIN}")

    def stack(self, units: Sequence[str]) -> Array:
        """Return intensities [R, len(units)]."""
        return np.stack([self.intensities[unit] for unit in units], axis=1)

    def rows_of(self, frames: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the row of each frame, -1 where it has none."""
        rows = {int(frame): row for row, frame in enumerate(self.frames)}
        return np.array([rows.get(int(frame), -1) for frame in frames], np.int64)


def read_table(path: Path) -> OpenFaceTable:
    """Read the table of OpenFace 2.2's `FeatureExtraction`, of its Windows or its Linux build.

    Raises:
        TgbenchError: not such a table, or one that must not be scored: of several faces, of a run
            that was stopped, or by another measurer. One that lacks some units is read.
    """
    try:
        text = read_text(path)
    except OSError as error:
        raise TgbenchError(f"{path}: cannot be read ({reason(error)})") from error
    except ValueError as error:
        raise TgbenchError(f"{path}: is not a table ({error}); {_MEASURE_AGAIN}") from error
    try:
        return _table(path, csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise TgbenchError(f"{path}: is not a table ({error}); {_MEASURE_AGAIN}") from error


def _table(path: Path, lines: Iterator[list[str]]) -> OpenFaceTable:
    # The Windows build writes a space before every name but the first, the Linux build none.
    header = [name.strip() for name in next(lines, [])]
    units = [f"{unit}_r" for unit in ALL_ACTION_UNITS if f"{unit}_r" in header]
    missing = [name for name in (_FRAME, _SUCCESS, _CONFIDENCE) if name not in header]
    if missing or not units:
        missing += [] if units else [f"{unit}_r" for unit in ALL_ACTION_UNITS]
        raise TgbenchError(f"{path}: has no column {', '.join(missing)}; {_MEASURE_AGAIN}")
    optional = [name for name in (_FACE, _TIME) if name in header]
    names = [_FRAME, *optional, _SUCCESS, _CONFIDENCE, *units]
    columns = [header.index(name) for name in names]
    numbers = []
    for line, cells in enumerate(lines, start=2):
        if not cells:
            continue
        if len(cells) != len(header):
            raise TgbenchError(
                f"{path}: line {line} has {len(cells)} of {len(header)} cells; {_MEASURE_AGAIN}"
            )
        _require_openface(path, header, cells)
        numbers.append([_number(path, line, header[i], cells[i]) for i in columns])
    if not numbers:
        raise TgbenchError(f"{path}: has no rows; {_MEASURE_AGAIN}")
    values = dict(zip(names, np.array(numbers, np.float64).T, strict=True))
    intensities = {name.removesuffix("_r"): values[name] for name in units}
    _require_one_face(path, values)
    _require_finished(path, intensities)
    return OpenFaceTable(
        path,
        frames=values[_FRAME].astype(np.int64),
        timestamps=values.get(_TIME, np.full(len(numbers), np.nan)),
        tracked=values[_SUCCESS] == 1.0,
        confidence=values[_CONFIDENCE],
        intensities=intensities,
    )


def _number(path: Path, line: int, name: str, cell: str) -> float:
    """Return a cell's number; an empty one is NaN."""
    try:
        # Windows builds write "-nan(ind)".
        return float(cell.strip().split("(")[0] or "nan")
    except ValueError as error:
        raise TgbenchError(
            f"{path}: line {line}, {name}: '{cell.strip()}' is not a number; {_MEASURE_AGAIN}"
        ) from error


def _require_openface(path: Path, header: Sequence[str], cells: Sequence[str]) -> None:
    """Refuse the suite's own tables, which name another measurer."""
    if _MEASURER in header and (measurer := cells[header.index(_MEASURER)].strip()) != "openface":
        raise TgbenchError(
            f"{path}: was measured by '{measurer}', not by OpenFace; they cannot be compared; "
            f"{_MEASURE_AGAIN}"
        )


def _require_one_face(path: Path, values: Mapping[str, Array]) -> None:
    faces = sorted(set(values.get(_FACE, ())))
    if len(faces) > 1:
        raise TgbenchError(
            f"{path}: holds {len(faces)} faces (face_id {', '.join(f'{face:g}' for face in faces)})"
            "; FaceLandmarkVidMulti writes such tables, whose values are not calibrated to a "
            f"person; {_MEASURE_AGAIN}"
        )
    frames = values[_FRAME]
    if not ((frames >= 1) & (frames < _MOST_FRAMES) & (frames == np.floor(frames))).all():
        raise TgbenchError(f"{path}: frames are not all counted from 1; {_MEASURE_AGAIN}")
    found, counts = np.unique(frames, return_counts=True)
    if (counts > 1).any():
        raise TgbenchError(
            f"{path}: frame {found[counts > 1][0]:g} has several rows; {_MEASURE_AGAIN}"
        )


def _require_finished(path: Path, intensities: Mapping[str, Array]) -> None:
    """Refuse values off the scale: OpenFace brings them onto it when a video has ended."""
    for name, values in intensities.items():
        off = (values < 0.0) | (values > _STRONGEST)
        if off.any():
            raise TgbenchError(
                f"{path}: {name}_r is {values[off][0]:g}, not between 0 and 5: OpenFace was "
                f"stopped before it had calibrated the values; {_MEASURE_AGAIN}"
            )
