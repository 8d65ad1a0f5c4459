"""What the tables of a result say about every frame, made ready for drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tgbench.errors import TgbenchError
from tgbench.results import MeasuredCase
from tgbench.running.face_track import SIDES, TARGET_OPENING
from tgbench.running.frame_table import read_table
from tgbench.running.result import FACES_FILE, FRAMES_FILE
from tgbench.specs import Direction

Curve = list[float | None]
Crop = dict[str, float | Curve]

_COUNTERS = frozenset({"frame", "source_frame"})
_MARGIN = 1.35
_SHAPES = {"mouth": 0.52, "eyes": 0.38}
"""Height by width of the crops, the same for all methods, so that they stand in rows."""

_SMOOTHED_FRAMES = 9
_DIGITS = 5


@dataclass(frozen=True)
class FrameData:
    """The numbers of one result, frame by frame.

    Attributes:
        series: by column of `frames.parquet`; None where a frame has no value. One of a table
            that was cut short ends there.
        target_opening: of the ground truth's mouth.
        crops: by "mouth" and "eyes", where to look; see `_crop`.
        problems: what is missing, damaged or contradicts the result, in words.
    """

    series: dict[str, Curve] = field(default_factory=dict)
    target_opening: Curve = field(default_factory=list)
    crops: dict[str, Crop] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def frame_data(case: MeasuredCase) -> FrameData:
    """Return the numbers of a case, frame by frame; what cannot be read is a problem, no error."""
    problems = [f"{FRAMES_FILE} {case.frame_problem}"] if case.frame_problem else []
    columns = _columns(case.readable_frames, case) | {
        metric: column
        for metric, origin in case.origins.items()
        if (column := _columns(origin.readable_frames, origin).get(metric)) is not None
    }
    faces: dict[str, NDArray[np.float64]] = {}
    # Folders of earlier versions have no such file, nor does a method without a face.
    path = case.folder / FACES_FILE
    if path.exists():
        try:
            faces = _columns(read_table(path), case)
        except TgbenchError as error:
            problems.append(f"{FACES_FILE} {str(error).removeprefix(f'{path}: ')}")
    target_opening = faces.get(TARGET_OPENING)
    return FrameData(
        series={
            name: plain(column)
            for name, column in columns.items()
            if name not in _COUNTERS and np.isfinite(column).any()
        },
        target_opening=[] if target_opening is None else plain(target_opening),
        crops={
            region: crop
            for region, shape in _SHAPES.items()
            if (crop := _crop(faces, region, shape)) is not None
        },
        problems=tuple(problems),
    )


def worst_frames(
    values: Sequence[float | None], direction: Direction, count: int = 6, apart: int = 5
) -> list[int]:
    """Return the frames with the worst values, the worst first.

    Args:
        values: one a frame.
        direction: which way is better; with neither there is no worst.
        count: how many at most.
        apart: least distance between two of them in frames, since neighbours look alike.
    """
    if direction is Direction.NONE:
        return []
    ranked = sorted(
        (-direction.cost(value), frame) for frame, value in enumerate(values) if value is not None
    )
    chosen: list[int] = []
    for _, frame in ranked:
        if len(chosen) == count:
            break
        if all(abs(frame - other) >= apart for other in chosen):
            chosen.append(frame)
    return chosen


def plain(column: NDArray[np.float64]) -> Curve:
    """Return numbers as JSON has them, with the digits that a curve shows."""
    return [float(f"{value:.{_DIGITS}g}") if np.isfinite(value) else None for value in column]


def _columns(table: pd.DataFrame, case: MeasuredCase) -> dict[str, NDArray[np.float64]]:
    """Return the columns of a table, no longer than the result says."""
    return {
        str(name): column.to_numpy(np.float64, na_value=np.nan)[: max(0, case.result.frames)]
        for name, column in table.items()
    }


def _crop(faces: dict[str, NDArray[np.float64]], region: str, shape: float) -> Crop | None:
    """Return a box of one size that follows a region: width, height, and its centre per frame.

    The size is the largest that the region usually has, and the path of the centre is smoothed,
    because a crop that trembles with its landmarks shows their noise and not the mouth's.
    """
    columns = [faces.get(f"{region}_{side}") for side in SIDES]
    if any(column is None or not np.isfinite(column).any() for column in columns):
        return None
    left, top, right, bottom = (np.asarray(column) for column in columns)
    wide, high = (float(np.nanpercentile(side, 90)) for side in (right - left, bottom - top))
    width = _MARGIN * max(wide, high / shape)
    return {
        "width": round(width, 1),
        "height": round(shape * width, 1),
        "x": plain(_smoothed((left + right) / 2)),
        "y": plain(_smoothed((top + bottom) / 2)),
    }


def _smoothed(path: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the moving average of a path whose gaps are filled from both sides."""
    known = np.flatnonzero(np.isfinite(path))
    filled = np.interp(np.arange(len(path)), known, path[known])
    reach = _SMOOTHED_FRAMES // 2
    padded = np.pad(filled, reach, mode="edge")
    return np.convolve(padded, np.full(_SMOOTHED_FRAMES, 1.0 / _SMOOTHED_FRAMES), mode="valid")
