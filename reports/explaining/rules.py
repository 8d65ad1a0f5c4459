"""The signs of each planted defect: what the heat map of docs/metrics.md shows, as bounds.

`benchmarks/defects.py` plants the defects and measures them; its tables are in
`benchmarks/results`. A bound lies between what the defect and what all others measure there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from tgbench.running.result import MetricRecord


@dataclass(frozen=True)
class Sign:
    """A bound on what a metric measured.

    Attributes:
        metric: its name.
        words: what a number within the bounds means, with a place for it.
        least, most: the bounds, inclusive.
        detail: which of the metric's details is meant; empty: its value.
        per: another detail, or "value", to divide by; empty: nothing.
        size: whether the number counts without its sign.
        enough: a detail that counts, and what it must be at least for the number to tell anything.
    """

    metric: str
    words: str
    least: float = -math.inf
    most: float = math.inf
    detail: str = ""
    per: str = ""
    size: bool = False
    enough: tuple[str, int] | None = None

    def number(self, record: MetricRecord) -> float | None:
        """Return the number of a record; None where it has none, or one of too few."""
        # Details stay where the value says nothing about the method.
        if record.value is None or self._too_few(record):
            return None
        found = _number(record.details.get(self.detail) if self.detail else record.value)
        if self.per:
            part = _number(record.value if self.per == "value" else record.details.get(self.per))
            found = found / part if found is not None and part else None
        return found if found is None or not self.size else abs(found)

    def why_none(self, record: MetricRecord) -> str:
        """Return why a record has no number."""
        if self.enough is not None and self._too_few(record):
            what, fewest = self.enough
            return f"fewer than {fewest} {what}"
        return record.reason or "without the details that it takes"

    def _too_few(self, record: MetricRecord) -> bool:
        if self.enough is None or record.value is None:
            return False
        what, fewest = self.enough
        return (_number(record.details.get(what)) or 0.0) < fewest

    def holds(self, number: float) -> bool:
        """Return whether a number is within the bounds."""
        return self.least <= number <= self.most


@dataclass(frozen=True)
class Rule:
    """A defect and its signs, which must all be there.

    Attributes:
        defect: in words.
        planted: which planted defects of the heat map it finds.
        signs: in the order in which they are told.
        unless: defects that explain these signs better; where one of them is found, this is not.
    """

    defect: str
    planted: tuple[str, ...]
    signs: tuple[Sign, ...]
    unless: tuple[str, ...] = ()


_ONE_DELAY = 0.8
"""Of the mean distance of extremes, that the median has where all are late by as much."""

_EXTREMES = ("extremes", 8)
_PARTNERS = Sign(
    "mouth_mtm",
    "{:.0%} of the true extremes have a partner",
    least=0.3,
    detail="matched_share",
    enough=_EXTREMES,
)


def _late(words: str, least: float = -math.inf, most: float = math.inf) -> Sign:
    return Sign("mouth_mtm", words, least, most, "median_ms", enough=_EXTREMES)


def _one_delay(words: str, least: float = -math.inf, most: float = math.inf) -> Sign:
    return Sign("mouth_mtm", words, least, most, "median_ms", "value", size=True, enough=_EXTREMES)


RULES = (
    Rule(
        "late lips",
        ("late 200 ms",),
        (
            _late("lips are {:.0f} ms late", least=60.0),
            _one_delay("all by as much (the median is {:.0%} of the mean)", least=_ONE_DELAY),
            _PARTNERS,
        ),
    ),
    Rule(
        "early lips",
        ("early 200 ms",),
        (
            _late("lips are early: {:.0f} ms", most=-60.0),
            _one_delay("all by as much (the median is {:.0%} of the mean)", least=_ONE_DELAY),
            _PARTNERS,
        ),
    ),
    Rule(
        "mumbling",
        ("mumbling",),
        (
            Sign("mouth_gain", "the mouth moves {:.2f} times as much as the true one", most=0.65),
            Sign("mouth_ccc", "at the right moments (concordance {:.2f})", least=0.4),
        ),
    ),
    Rule(
        "a frozen mouth",
        ("frozen",),
        (
            Sign("mouth_gain", "the mouth moves {:.2f} times as much as the true one", most=0.37),
            Sign("mouth_ccc", "and not when that does (concordance {:.2f})", most=0.4),
        ),
    ),
    Rule(
        "a mouth that follows the loudness alone",
        ("loudness only",),
        (
            Sign("lip_agreement", "it opens with the sound's level (r = {:.2f})", least=0.8),
            Sign("mouth_ccc", "but not as the true one (concordance {:.2f})", most=0.8),
        ),
    ),
    Rule(
        "lips of other words, such as of swapped sounds or of another clip",
        ("swapped phonemes", "other clip"),
        (
            Sign("mouth_ccc", "the mouth opens at other moments (concordance {:.2f})", most=0.4),
            Sign("mouth_gain", "it moves {:.2f} times as much as the true one", least=0.37),
        ),
        unless=("late lips", "early lips", "a mouth that follows the loudness alone"),
    ),
    Rule(
        "dead eyes",
        ("dead eyes",),
        (
            Sign(
                "blink_f1",
                "{:.0%} as many blinks as in the truth",
                most=0.3,
                detail="blinks",
                per="true_blinks",
            ),
        ),
    ),
    Rule(
        "another person's face",
        ("wrong identity",),
        (Sign("id_distance_dlib", "{:.2f} from the true face; 0.6 parts people", least=0.6),),
    ),
    Rule(
        "a trembling head",
        ("jitter",),
        (
            Sign("tof", "pixels move otherwise, by {:.2f} px from frame to frame", least=0.8),
            Sign("jitter_ratio", "bone trembles {:.2f} times as much", least=1.1),
        ),
    ),
    Rule(
        "flicker",
        ("flicker",),
        (Sign("flicker", "what stands still changes by {:.1f} levels a frame", least=1.5),),
    ),
    Rule(
        "blur",
        ("blur",),
        (Sign("sharpness_mouth", "the mouth has {:.2f} of the true detail", most=0.15),),
    ),
)


def _number(found: Any) -> float | None:
    """Return a number of a result's details, which may hold anything."""
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
        return None
    return float(found)
