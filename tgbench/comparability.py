"""Whether two measured values may be compared, and if not why.

Tables, `tgbench compare`, plots and the gate ask here. What a metric depends on follows from its
spec, so a third party's metric is treated as ours.
"""

from __future__ import annotations

import enum
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Protocol

from . import plugins
from .metrics.speed.clock import LOST, SHARED
from .running.result import Result
from .specs import Needs, Region

__all__ = [
    "Condition",
    "Facts",
    "case_facts",
    "conditions",
    "differing",
    "is_shared_time",
    "is_unheard",
    "leak_note",
    "ranking_conditions",
    "ranking_key",
    "value_facts",
    "why_not_applicable",
    "why_not_comparable",
]


class Condition(enum.StrEnum):
    """What two values may have to agree in, in words for a reader."""

    PROTOCOL_VERSION = "protocol version"
    IDENTITY_FILES = "identity's files"
    SOUND = "driving sound"
    COMPOSITE_MODE = "composite mode"
    LEAKED_CONDITIONS = "leaked conditions"
    FRAMES = "frames"
    MACHINE = "machine"
    TRAINING_MACHINE = "machine of training"
    MEASURER = "measurer"
    UNIT = "unit"
    DIRECTION = "better direction"


Facts = Mapping[Condition, Hashable]
"""Under which conditions a value was measured, as far as they are known."""

_SHOWN = {
    Condition.MEASURER: "measured by different things",
    Condition.COMPOSITE_MODE: "the frames are composed in different ways",
}
_HIDDEN = {
    Condition.MACHINE: "timed on different machines",
    Condition.TRAINING_MACHINE: "trained on different machines",
    Condition.SOUND: "measured with different sounds",
    Condition.FRAMES: "measured on different frames",
}
"""Hashes, frame numbers and processors say nothing to a reader."""


class _Recorded(Protocol):
    """A metric's record in a result or in a baseline."""

    @property
    def measured_by(self) -> str: ...

    @property
    def unit(self) -> str: ...

    @property
    def direction(self) -> str: ...


def case_facts(result: Result, frames: Iterable[int] | None = None) -> dict[Condition, Hashable]:
    """Return what all values of a result have in common.

    Args:
        result: that holds the values.
        frames: which were measured, as the clip counts them; None leaves the condition out.
    """
    where = result.environment
    facts: dict[Condition, Hashable] = {
        Condition.PROTOCOL_VERSION: result.protocol.version,
        Condition.IDENTITY_FILES: result.identity.sha256,
        Condition.SOUND: result.driver.sha256,
        Condition.COMPOSITE_MODE: result.method.composite_mode,
        Condition.LEAKED_CONDITIONS: tuple(sorted(result.method.leaked_conditions)),
        Condition.MACHINE: (result.timing.timed_on or where).kind,
        # Older results do not say where the fit was made.
        Condition.TRAINING_MACHINE: (result.timing.trained_on or where).kind,
    }
    if frames is not None:
        facts[Condition.FRAMES] = tuple(frames)
    return facts


def value_facts(record: _Recorded) -> dict[Condition, Hashable]:
    """Return what belongs to one metric's value."""
    return {
        Condition.MEASURER: record.measured_by,
        Condition.UNIT: record.unit,
        Condition.DIRECTION: str(record.direction),
    }


def differing(first: Facts, second: Facts) -> list[Condition]:
    """Return in which conditions, known of both, two values differ.

    Values of one method at two times, as the gate compares them, must agree in all.
    """
    return [condition for condition, fact in first.items() if second.get(condition, fact) != fact]


def conditions(metric: str) -> tuple[Condition, ...]:
    """Return in what values of different methods on one case must agree to be compared.

    Leaked conditions are not among them: tables of papers rank across them. Each row states its
    own, and `leak_note` says where two sides differ.
    """
    spec = plugins.metric_spec(metric)
    found = [Condition.MEASURER]
    if spec.region.depends_on_composite:
        found.append(Condition.COMPOSITE_MODE)
    if Needs.TIMING in spec.needs:
        # A fit may be made on one node and rendered on another.
        trains = Needs.TRAINING in spec.needs
        return (*found, Condition.TRAINING_MACHINE if trains else Condition.MACHINE)
    if Needs.AUDIO in spec.needs:
        found.append(Condition.SOUND)
    return (*found, Condition.FRAMES)


def why_not_comparable(metric: str, values: Sequence[Facts]) -> str:
    """Return why values of one metric on one case may not be compared; empty if they may."""
    for condition in conditions(metric):
        found = {facts[condition] for facts in values if condition in facts}
        if len(found) > 1:
            if condition in _HIDDEN:
                return _HIDDEN[condition]
            return f"{_SHOWN[condition]}: {' / '.join(sorted(map(str, found)))}"
    if any(is_shared_time(str(facts.get(Condition.MEASURER, ""))) for facts in values):
        return f"{SHARED}; use --exclusive-timing"
    return ""


def ranking_conditions(metric: str) -> tuple[Condition, ...]:
    """Return in what values of one metric must agree to rank with each other in a table.

    A table's rows are of one case already, which fixes the sound of runs (of scored videos see
    `tgbench.results.ranking_sounds`); the number of scored frames is ranked by elsewhere.
    """
    fixed = {Condition.SOUND, Condition.FRAMES}
    return tuple(condition for condition in conditions(metric) if condition not in fixed)


def ranking_key(metric: str, facts: Facts) -> tuple[Hashable, ...]:
    """Return what is equal for values of one metric that rank with each other in a table."""
    return tuple(facts[condition] for condition in ranking_conditions(metric))


def is_shared_time(measured_by: str) -> bool:
    """Return whether a value was timed beside other jobs: it compares with no other, alike or not.

    How much of the machine the others took is not known.
    """
    return SHARED in measured_by


def leak_note(a: Sequence[str], b: Sequence[str]) -> str:
    """Return what of the truth two sides, A and B, are given; empty where it is the same."""
    if set(a) == set(b):
        return ""
    given = (", ".join(leaked) or "nothing of the truth" for leaked in (a, b))
    return "when rendering, A is given {}; B is given {}".format(*given)


def is_unheard(result: Result, metric: str) -> bool:
    """Return whether a value is chance because the method does not hear the sound.

    Where a result does not say whether it does, the installed method says it.
    """
    if Needs.AUDIO not in plugins.metric_spec(metric).needs:
        return False
    hears = result.method.hears_audio
    if hears is None:
        spec = plugins.methods().get(result.method.name)
        hears = spec is None or spec.hears_audio
    return not hears


def why_not_applicable(result: Result, metric: str) -> str:
    """Return why a metric says nothing about a result's method; empty if it does.

    Papers leave such cells empty: table 1 of TalkingGaussian has no PSNR, LPIPS and SSIM of Wav2Lip
    (SSIM is of the face there), and no AUE-U of methods that move the mouth alone.
    """
    method, spec = result.method, plugins.metric_spec(metric)
    # Around what the method makes, both see the truth: its pixels, and its landmarks.
    if spec.region in (Region.WHOLE_IMAGE, Region.FACE) and not method.whole_image_valid:
        return "the method does not make the whole image"
    if spec.region is Region.UPPER_FACE and not method.moves_upper_face:
        return "the method does not move the upper face"
    if Needs.TRAINING in spec.needs and result.timing.training_seconds is None:
        found = result.metrics.get(metric)
        return "" if found and found.reason == LOST else "the method is not trained"
    return ""
