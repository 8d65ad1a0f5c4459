"""Faces of 68 landmarks whose mouth and eyes do what a test wants, and views of frames."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tgbench.interfaces import Measurement, MetricContext

EYES = 100.0
"""Pixels between the outer corners of the eyes."""


def face(opening: float = 0.1, eyes: float = 0.3) -> NDArray[np.float64]:
    """Return landmarks [68, 2].

    Args:
        opening: gap of the inner lips by the distance of the outer corners of the eyes.
        eyes: height of the eyes by their width.
    """
    points = np.zeros((68, 2))
    points[:36] = np.random.default_rng(0).uniform(0, 200, (36, 2))
    for start, left in ((36, 50.0), (42, 120.0)):
        half = 15.0 * eyes
        middle = [(left + 9, -half), (left + 21, -half), (left + 30, 0.0)]
        points[start : start + 6] = [
            (left, 0.0),
            *middle,
            (left + 21, half),
            (left + 9, half),
        ]
    gap = opening * EYES / 2
    angles = np.linspace(np.pi, -np.pi, 12, endpoint=False)
    points[48:60] = np.column_stack([100 + 25 * np.cos(angles), 80 - (8 + gap) * np.sin(angles)])
    across = [80.0, 92.0, 100.0, 108.0]
    points[60:65] = [(x, 80 - gap) for x in across] + [(120.0, 80.0)]
    points[60, 1] = 80.0
    points[65:68] = [(x, 80 + gap) for x in across[:0:-1]]
    return points


def speech(frames: int = 300, seed: int = 0) -> NDArray[np.float64]:
    """Return openings of a mouth that speaks, [T], with the pace of syllables and pauses."""
    rng = np.random.default_rng(seed)
    knots = rng.uniform(0.0, 0.3, frames // 5 + 2)
    return np.interp(np.arange(frames) / 5.0, np.arange(len(knots)), knots)


def measured(
    kind: Any,
    prediction: Iterable[Any],
    target: Iterable[Any] | None = None,
    *,
    points: str = "landmarks",
    parts: Sequence[int] = (),
    fps: float = 25.0,
) -> Measurement:
    """Return what a metric makes of two series of landmarks, meshes or images.

    Args:
        kind: the class of the metric.
        prediction: of every frame, None without a face.
        target: the same; None: there is none.
        points: "landmarks", "mesh" or "image".
        parts: frames at which another instance goes on, to be merged.
    """
    one = list(prediction)
    other = [None] * len(one) if target is None else list(target)
    names = {
        "landmarks": ("prediction_landmarks", "target_landmarks"),
        "mesh": ("prediction_mesh", "target_mesh"),
        "image": ("prediction", "target"),
    }[points]
    bounds = [0, *parts, len(one)]
    metrics = []
    for first, last in itertools.pairwise(bounds):
        metric = kind(MetricContext(fps=fps))
        for frame in range(first, last):
            pair = dict(zip(names, (one[frame], other[frame]), strict=True))
            metric.update(SimpleNamespace(index=frame, **pair))
        metrics.append(metric)
    for later in metrics[1:]:
        metrics[0].merge(later)
    found: Measurement = metrics[0].compute()
    return found
