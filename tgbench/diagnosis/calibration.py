"""Every metric on a small clip that the suite films itself, beside the values it should give."""

from __future__ import annotations

import enum
import json
import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from .. import plugins
from ..identities.layout import FPS
from ..interfaces import Image, Measurement, MetricContext
from ..metrics.suite import measure_frames
from ..plugins import in_table_order
from ..progress import SILENT, Progress
from ..specs import Needs
from ..synthetic import film
from ..synthetic.dataset import rehearse
from ..synthetic.person import PEOPLE

PERSON = "synth-a"
SIZE = 256
FRAMES = 112
LATE = 2
"""Frames by which the prediction is behind the target and the sound."""

_BLUR = 0.8
EXPECTED = Path(__file__).with_name("expected.json")


class State(enum.StrEnum):
    """What a metric turned out to be."""

    WORKS = "works"
    MISSING = "missing"
    DIFFERS = "differs"


@dataclass(frozen=True)
class Expectation:
    """What a metric should give on the clip.

    Attributes:
        value: the number.
        tolerance: how far off is still right, on another processor or build.
        measured_by: with what it was measured; another measurer has other values.
    """

    value: float
    tolerance: float
    measured_by: str


@dataclass(frozen=True)
class MetricCheck:
    """What became of one metric.

    Attributes:
        metric: its name.
        state: whether it can be had and gives what it should.
        text: the value beside the expected one, or what to do.
    """

    metric: str
    state: State
    text: str


def calibration_pairs() -> Iterator[tuple[Image, Image]]:
    """Yield prediction and target, uint8 RGB [256, 256, 3], for each frame of the clip.

    The target is a synthetic person who speaks; the prediction is the same, blurred a little and
    two frames late, so that its lips are 80 ms behind the sound.
    """
    studio = film(PERSON, SIZE)
    recent: deque[Image] = deque(maxlen=LATE + 1)
    for index in range(FRAMES + LATE):
        recent.append(studio.shoot(index).image)
        if index >= LATE:
            yield np.asarray(cv2.GaussianBlur(recent[0], (0, 0), _BLUR)), recent[-1]


def calibration_context() -> MetricContext:
    """Return what the frames share: the sound of the target."""
    start, end = LATE / FPS, (LATE + FRAMES) / FPS
    return MetricContext(audio=rehearse(PEOPLE[PERSON]).audio.cut(start, end), fps=FPS)


def calibrated_metrics() -> tuple[str, ...]:
    """Return all metrics that frames and sound are enough for, variants included."""
    specs = plugins.metrics().values()
    return in_table_order(spec.name for spec in specs if Needs.TIMING not in spec.needs)


def measure_clip(names: Sequence[str], progress: Progress = SILENT) -> dict[str, Measurement]:
    """Return what metrics give on the clip."""
    context = calibration_context()
    with progress.task("measuring a clip with known values", FRAMES) as task:
        suite = measure_frames(calibration_pairs(), names, context, lambda _: task.advance())
    return suite.results()


def read_expected(path: Path = EXPECTED) -> dict[str, Expectation]:
    """Return the stored values by metric."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    return {name: Expectation(**entry) for name, entry in stored.items()}


def verdicts(
    found: Mapping[str, Measurement], expected: Mapping[str, Expectation]
) -> list[MetricCheck]:
    """Return what became of each metric."""
    return [_verdict(name, measured, expected.get(name)) for name, measured in found.items()]


def _verdict(name: str, found: Measurement, expected: Expectation | None) -> MetricCheck:
    if found.value is None:
        return MetricCheck(name, State.MISSING, found.reason)
    spec = plugins.metrics()[name]
    unit = f" {spec.unit}" if spec.unit else ""
    got = f"{found.value:.4g}{unit}"
    if expected is None:
        return MetricCheck(name, State.WORKS, f"{got}; no expected value is stored")
    if expected.measured_by != found.measured_by:
        text = f"{got}; the stored value was measured otherwise ({expected.measured_by})"
        return MetricCheck(name, State.WORKS, text)
    known = f"{expected.value:.4g}{unit} ± {expected.tolerance:g}"
    if math.isclose(found.value, expected.value, rel_tol=0.0, abs_tol=expected.tolerance):
        return MetricCheck(name, State.WORKS, f"{got}, expected {known}")
    return MetricCheck(name, State.DIFFERS, f"expected {known}, got {got}")
