"""Action unit error as the field measures it: with the intensities of OpenFace 2.2.

The tables come from the user, or from `FeatureExtraction` where it is on the path. `aue_l` and
`aue_u` pair rows by their frame and leave out frames that OpenFace lost; `aue_l_unmasked` and
`aue_u_unmasked` are the official script's numbers, in which a lost frame counts with zeros.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ...errors import Unavailable
from ...interfaces import FrameView, Measurement, MetricContext
from ...specs import MetricSpec
from .error import (
    LOWER_FACE,
    UPPER_FACE,
    frame_values,
    measurement,
    official_error,
    squared_differences,
)
from .sources import Tables, action_unit_tables
from .specs import AUE_L, AUE_L_UNMASKED, AUE_U, AUE_U_UNMASKED
from .table import OpenFaceTable

Array = NDArray[np.float64]
Frames = NDArray[np.int64]

LEAST_CONFIDENCE = 0.8
"""Of OpenFace's landmarks; below it a frame counts as lost."""

_log = logging.getLogger("tgbench")


def masked_differences(
    prediction: OpenFaceTable, target: OpenFaceTable, frames: Sequence[int], units: Sequence[str]
) -> tuple[Array, dict[str, int]]:
    """Return squared differences of frames that OpenFace followed in both videos.

    Args:
        prediction: the table of the prediction.
        target: the table of the target.
        frames: the frames to compare, counted from 1.
        units: names of the columns.

    Returns:
        [len(frames), len(units)], NaN for a frame that is left out; and how many were, by cause.
        A frame with several causes counts under the first.
    """
    wanted = np.array(frames, np.int64)
    videos, left_out = [], {}
    kept = np.ones(len(wanted), np.bool_)
    for name, table in (("prediction", prediction), ("target", target)):
        rows = table.rows_of(wanted)
        values = table.stack(units)[rows]
        causes = {
            f"no row in the {name}'s table": rows < 0,
            f"{name} not tracked": ~table.tracked[rows],
            f"{name} below confidence {LEAST_CONFIDENCE}": ~(
                table.confidence[rows] >= LEAST_CONFIDENCE
            ),
            f"{name} without a value": np.isnan(values).any(axis=1),
        }
        for cause, holds in causes.items():
            left_out[cause] = int((kept & holds).sum())
            kept &= ~holds
        videos.append(values)
    videos[0][~kept] = np.nan
    return squared_differences(*videos), {cause: n for cause, n in left_out.items() if n}


class _FromTables:
    """Sees which rows of the tables a clip's frames are; the tables are read at the end."""

    spec: ClassVar[MetricSpec]
    units: ClassVar[tuple[str, ...]]
    measurer: ClassVar[str] = "OpenFace"

    def __init__(self, context: MetricContext) -> None:
        self._source = self._tables(context)
        self._source.require(self.units)
        self._frames: list[int] = []

    def update(self, frame: FrameView) -> float | None:
        """See a frame; what it is worth, if it has a value of its own, is known at the end."""
        self._frames.append(self._source.see(frame))
        return None

    def merge(self, later: Self) -> None:
        """Go on with the frames that `later` has seen.

        Raises:
            Unavailable: the program runs here, and must see the whole clip.
        """
        if self._source.why_not_joined:
            raise Unavailable(self._source.why_not_joined)
        self._frames += later._frames

    def _tables(self, context: MetricContext) -> Tables:
        return action_unit_tables(context)


class LowerFaceError(_FromTables):
    """AUE-L: AU 10, 12, 14, 15, 17, 20, 23, 25, 26, over the frames that OpenFace followed."""

    spec = AUE_L
    units: ClassVar[tuple[str, ...]] = LOWER_FACE
    kept: ClassVar[str] = f"success 1, confidence at least {LEAST_CONFIDENCE}"

    def compute(self) -> Measurement:
        """Return the error, with how many frames were left out and why."""
        try:
            squared, left_out = self._differences()
        except Unavailable as error:
            return Measurement(None, reason=str(error), total=len(self._frames))
        return measurement(
            squared,
            self.units,
            f"{self._source.describe()}; rows by frame, {self.kept}; sum over units of the mean "
            "squared difference",
            reason=f"{self.measurer} measured no frame in both videos ({_described(left_out)})",
            details={"left_out": left_out, **self._beyond(), **self._source.details()},
        )

    def series(self) -> dict[str, list[float | None]]:
        """Return the sum over units of every frame, under the metric's own name."""
        try:
            return {self.spec.name: frame_values(self._differences()[0])}
        except Unavailable:
            return {}

    def _differences(self) -> tuple[Array, dict[str, int]]:
        return masked_differences(*self._source.tables(), self._frames, self.units)

    def _beyond(self) -> dict[str, int]:
        """Return how many rows belong to no frame: signs of a table of another cut."""
        last = max(self._frames, default=0)
        rows = [int((table.frames > last).sum()) for table in self._source.tables()]
        if any(rows):
            _log.warning(
                "%s: the tables have rows for %d and %d frames after the last one scored; %s "
                "calibrates to the whole clip, so measure the same range as is scored",
                self.spec.name,
                *rows,
                self.measurer,
            )
        names = ("prediction_rows_beyond", "target_rows_beyond")
        return dict(zip(names, rows, strict=True)) if any(rows) else {}


def _described(left_out: dict[str, int]) -> str:
    return ", ".join(f"{cause}: {count}" for cause, count in left_out.items()) or "no frames"


class UpperFaceError(LowerFaceError):
    """AUE-U: AU 1, 2, 4, 5, 6, 7, 9, 45, over the frames that OpenFace followed."""

    spec = AUE_U
    units = UPPER_FACE


class LowerFaceErrorUnmasked(_FromTables):
    """AUE-L of the whole tables, as TalkingGaussian's script sums it; see `official_error`."""

    spec = AUE_L_UNMASKED
    units: ClassVar[tuple[str, ...]] = LOWER_FACE

    def compute(self) -> Measurement:
        """Return the number, with how many rows of either table were lost frames."""
        try:
            tables = self._source.tables()
        except Unavailable as error:
            return Measurement(None, reason=str(error), total=len(self._frames))
        rows = min(len(table) for table in tables)
        prediction, target = (table.stack(self.units)[:rows] for table in tables)
        value = official_error(prediction, target)
        known = not np.isnan(value)
        in_both = ~np.isnan(prediction - target).all(axis=1)
        return Measurement(
            value if known else None,
            reason="" if known else "the tables have no value in common",
            scored=int(in_both.sum()),
            total=len(self._frames),
            measured_by=f"{self._source.describe()}; rows by position, lost frames as zeros; sum "
            "over units of the mean squared difference",
            details={
                f"{name}_{what}": int(count)
                for name, table in zip(("prediction", "target"), tables, strict=True)
                for what, count in (("rows", len(table)), ("lost", (~table.tracked).sum()))
            }
            | self._unlike(*(table.frames[:rows] for table in tables))
            | self._source.details(),
        )

    def _unlike(self, prediction: Frames, target: Frames) -> dict[str, int]:
        """Return how many rows are paired with that of another frame, as the script pairs them."""
        unlike = int((prediction != target).sum())
        if unlike:
            _log.warning(
                "%s: %d of %d rows are paired with the row of another frame, because the tables "
                "lack rows and the official script goes by position; %s pairs by frame",
                self.spec.name,
                unlike,
                len(prediction),
                self.spec.name.removesuffix("_unmasked"),
            )
        return {"pairs_of_unlike_frames": unlike} if unlike else {}


class UpperFaceErrorUnmasked(LowerFaceErrorUnmasked):
    """AUE-U of the whole tables, as TalkingGaussian's script sums it; see `official_error`."""

    spec = AUE_U_UNMASKED
    units = UPPER_FACE
