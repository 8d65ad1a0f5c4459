"""Whether a face becomes another one over a clip."""

from __future__ import annotations

from typing import Self

import numpy as np

from ...interfaces import FrameView, Measurement, MetricContext
from .faces import DlibNetwork, Vector, face_vectors
from .specs import ID_DRIFT, SHORTEST_DRIFT

_START = 2.0
"""Seconds whose mean the face is compared with."""


class IdDrift:
    """By how much a minute the face goes away from the mean of its first two seconds."""

    spec = ID_DRIFT

    def __init__(self, context: MetricContext) -> None:
        self._fps = context.fps
        self._vectors = face_vectors(context, DlibNetwork)
        self._found: list[tuple[float, Vector]] = []
        self._seen = 0

    def update(self, frame: FrameView) -> float | None:
        """See a frame; what it counts is known only with all others."""
        if self._vectors.looks_at(frame):
            self._seen += 1
            vector = self._vectors.prediction(frame)
            if vector is not None:
                self._found.append((frame.index / self._fps, vector))
        return None

    def merge(self, later: Self) -> None:
        """Take in the frames that `later` has seen."""
        self._found += later._found
        self._seen += later._seen

    def compute(self) -> Measurement:
        """Return the slope of the distance from the start."""
        by = f"slope of the distance of face vectors; {self._vectors.network.describe()}"
        times = np.array([time for time, _ in self._found])
        start = [vector for time, vector in self._found if time < _START]
        if not start or times[-1] < SHORTEST_DRIFT:
            seconds = times[-1] if len(times) else 0.0
            return Measurement(
                None,
                f"a face is seen until {seconds:.1f} s; a drift takes {SHORTEST_DRIFT:g} s, and a "
                "face in the first two",
                total=self._seen,
                measured_by=by,
            )
        # Frames that the mean is of are nearer to it than others, whoever they show.
        later = times >= _START
        distances = [
            float(np.linalg.norm(vector - np.mean(start, axis=0)))
            for time, vector in self._found
            if time >= _START
        ]
        slope = float(np.polyfit(times[later] / 60.0, distances, 1)[0])
        details = {"mean_distance": float(np.mean(distances))}
        return Measurement(slope, "", len(times), self._seen, by, details)
