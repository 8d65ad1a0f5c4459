"""Where a face is in every frame of a case, for those who look at it closely."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Points
from ..metrics.landmark_geometry import mouth_opening

REGIONS: Mapping[str, slice] = {"face": slice(0, 68), "mouth": slice(48, 68), "eyes": slice(36, 48)}
"""Parts of a face by their rows among the 68 iBUG landmarks."""

SIDES = ("left", "top", "right", "bottom")

TARGET_OPENING = "target_mouth_opening"


class FaceTrack:
    """Collects the boxes of face, mouth and eyes from landmarks that metrics asked for.

    The boxes are the ground truth's where there is one, so that crops of all methods show the same
    place; else the rendered frame's own.
    """

    def __init__(self) -> None:
        self._boxes: list[NDArray[np.float64] | None] = []
        self._openings: list[float | None] = []

    def add(self, prediction: Points | None, target: Points | None) -> None:
        """See the landmarks [68, 2] of the next frame, None where none were found or asked for."""
        landmarks = prediction if target is None else target
        self._boxes.append(None if landmarks is None else _boxes(landmarks))
        self._openings.append(None if target is None else mouth_opening(target))

    def columns(self) -> dict[str, list[float | None]]:
        """Return one number a frame by name, such as `mouth_left` in pixels; nothing if no face.

        `target_mouth_opening` is the opening of the ground truth's mouth, as `mouth_opening` is
        that of the rendered one.
        """
        if all(box is None for box in self._boxes):
            return {}
        names = [f"{region}_{side}" for region in REGIONS for side in SIDES]
        table: dict[str, list[float | None]] = {
            name: [None if box is None else float(box[column]) for box in self._boxes]
            for column, name in enumerate(names)
        }
        if any(opening is not None for opening in self._openings):
            table[TARGET_OPENING] = self._openings
        return table


def _boxes(landmarks: Points) -> NDArray[np.float64]:
    """Return left, top, right, bottom of every region, one after another."""
    parts = [landmarks[rows] for rows in REGIONS.values()]
    return np.concatenate([[*part.min(axis=0), *part.max(axis=0)] for part in parts]).round(2)
