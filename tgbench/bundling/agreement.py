"""Whether a number in a bundle agrees with what its frames give here."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .. import plugins
from ..interfaces import Measurement
from ..running.result import IntervalRecord, MetricRecord
from ..specs import Needs

ARITHMETIC_TOLERANCE = 1e-6
"""Of what is computed from pixels alone: sums in another order, no more."""

NETWORK_TOLERANCE = 1e-3
"""Of what a network takes part in: float32 on other processors rounds otherwise."""

_LEARNED = frozenset({Needs.LANDMARKS, Needs.MESH, Needs.ACTION_UNITS, Needs.AUDIO})


class Verdict(enum.StrEnum):
    """What verifying a number came to."""

    AGREES = "agrees"
    DIFFERS = "differs"
    NOT_COMPARABLE = "not comparable"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Finding:
    """One metric of one case.

    Attributes:
        metric: its name.
        there: the value in the bundle.
        here: the value measured now, None where there is none.
        tolerance: how far apart the two may be, relative to values above 1, else absolute.
        verdict: what it came to.
        reason: in words, where they do not agree.
    """

    metric: str
    there: float
    here: float | None
    tolerance: float
    verdict: Verdict
    reason: str = ""


def judge(
    name: str,
    record: MetricRecord,
    found: Measurement | None,
    now: MetricRecord | None,
    there: NDArray[np.float64] | None,
    here: Sequence[float | None] | None,
) -> Finding:
    """Compare one number with what was measured now.

    Args:
        name: of the metric.
        record: what the bundle says; it has a value.
        found: what was measured now; None: it was not.
        now: the record that a run would make of it.
        there: values of single frames [T] in the bundle, NaN where there is none.
        here: those measured now.
    """
    assert record.value is not None
    tolerance = _tolerance(name, record)
    value = None if found is None else found.value

    def finding(verdict: Verdict, reason: str = "") -> Finding:
        return Finding(name, record.value or 0.0, value, tolerance, verdict, reason)

    if found is None:
        return finding(Verdict.NOT_MEASURED, _why_not(name))
    if found.value is None and found.total:
        return finding(Verdict.DIFFERS, found.reason or "no frame could be scored")
    if found.value is None:
        return finding(Verdict.NOT_MEASURED, found.reason)
    if found.measured_by != record.measured_by:
        return finding(
            Verdict.NOT_COMPARABLE,
            f"measured by '{record.measured_by}' there, by '{found.measured_by}' here",
        )
    if (found.scored, found.total) != (record.scored, record.total):
        return finding(
            Verdict.DIFFERS,
            f"{record.scored} of {record.total} frames scored there, {found.scored} of "
            f"{found.total} here",
        )
    if not _near(record.value, found.value, tolerance):
        return finding(Verdict.DIFFERS)
    if now is not None and (reason := _declared_otherwise(record, now, tolerance)):
        return finding(Verdict.DIFFERS, reason)
    if reason := _frames_differ(there, here, tolerance):
        return finding(Verdict.DIFFERS, reason)
    return finding(Verdict.AGREES)


def _tolerance(name: str, record: MetricRecord) -> float:
    spec = plugins.metrics().get(name)
    learned = "sha256" in record.measured_by or (spec is not None and spec.needs & _LEARNED)
    return NETWORK_TOLERANCE if learned else ARITHMETIC_TOLERANCE


def _why_not(name: str) -> str:
    if name in plugins.metrics():
        return "time cannot be told from frames"
    return "no such metric is installed here"


def _declared_otherwise(record: MetricRecord, now: MetricRecord, tolerance: float) -> str:
    """Return what else of a record differs; empty: nothing does."""
    for field in ("status", "unit", "direction"):
        there, here = getattr(record, field), getattr(now, field)
        if there != here:
            return f"{field}: {there!r} there, {here!r} here"
    return _intervals_differ(record.interval, now.interval, tolerance) or _details_differ(
        "details", record.details, now.details, tolerance
    )


def _intervals_differ(
    there: IntervalRecord | None, here: IntervalRecord | None, tolerance: float
) -> str:
    if there is None and here is None:
        return ""
    if there is None or here is None:
        return "an interval is only in one of the two"
    if (there.level, there.method) != (here.level, here.method):
        return "the interval was found in another way"
    if _near(there.low, here.low, tolerance) and _near(there.high, here.high, tolerance):
        return ""
    return f"interval: {there.low:g} to {there.high:g} there, {here.low:g} to {here.high:g} here"


def _details_differ(what: str, there: object, here: object, tolerance: float) -> str:
    """Return which number of two nested records differs; empty: none that both of them have.

    Other versions may tell more or less, and words of theirs may name the versions.
    """
    if isinstance(there, Mapping) and isinstance(here, Mapping):
        both = sorted(there.keys() & here.keys())
        reasons = (
            _details_differ(f"{what}: {key}", there[key], here[key], tolerance) for key in both
        )
        return next(filter(None, reasons), "")
    if isinstance(there, int | float) and isinstance(here, int | float):
        before, now = _finite(there), _finite(here)
        return "" if _near(before, now, tolerance) else f"{what}: {before:g} there, {now:g} here"
    if isinstance(there, list) and isinstance(here, list | tuple):
        if len(there) != len(here):
            return f"{what}: {len(there)} of them there, {len(here)} here"
        pairs = enumerate(zip(there, here, strict=True))
        reasons = (_details_differ(f"{what} {i}", *pair, tolerance) for i, pair in pairs)
        return next(filter(None, reasons), "")
    return ""


def _finite(number: float) -> float:
    """Return a number as a float; integers in JSON may be larger than any, and NaN is no number."""
    try:
        return float(number)
    except OverflowError:
        return math.inf


def _frames_differ(
    there: NDArray[np.float64] | None, here: Sequence[float | None] | None, tolerance: float
) -> str:
    """Return how values of single frames differ; empty: they do not."""
    if here is None and there is None:
        return ""
    if here is None or there is None:
        return "values of single frames are only in one of the two"
    for index, (before, now) in enumerate(zip(there, here, strict=True)):
        missing = math.isnan(before)
        if missing != (now is None) or not (
            missing or now is None or _near(before, now, tolerance)
        ):
            told = "none" if missing else f"{before:g}"
            return f"frame {index}: {told} there, {'none' if now is None else f'{now:g}'} here"
    return ""


def _near(there: float, here: float, tolerance: float) -> bool:
    if not (math.isfinite(there) and math.isfinite(here)):
        return there == here
    return abs(there - here) <= tolerance * max(1.0, abs(there))
