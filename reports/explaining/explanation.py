"""What the worst case of each method suffers from, as far as it was measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tgbench import plugins
from tgbench.results import MeasuredCase
from tgbench.running.result import MetricRecord
from tgbench.specs import Direction

from .rules import RULES, Rule

WORST_BY = ("mouth_ccc", "lmd", "ssim_face", "psnr")
"""Metrics by which cases of a method are compared, the first that any of them has."""

NOT_MEASURED = "not measured"


class Pointed(NamedTuple):
    """A defect that the metrics point to, and what was measured."""

    defect: str
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Explanation:
    """What is wrong with a case.

    Attributes:
        pointed: the defects that all of whose signs were measured and are there.
        ruled_out: those of which a sign was measured and is not there.
        open: those that cannot be told, each with the metrics that are missing, and why.
    """

    pointed: tuple[Pointed, ...]
    ruled_out: tuple[str, ...]
    open: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class WorstCase:
    """The worst case of a method.

    Attributes:
        case: which.
        chosen_by: how it was chosen, in words.
        explanation: of it.
    """

    case: MeasuredCase
    chosen_by: str
    explanation: Explanation


def explain(record_of: Callable[[str], MetricRecord | None]) -> Explanation:
    """Return which defects the metrics of a case point to.

    Nothing is concluded from what was not measured.

    Args:
        record_of: returns a metric's record; None: the case has none.
    """
    pointed: dict[str, tuple[str, ...]] = {}
    ruled_out: list[str] = []
    unknown: dict[str, Mapping[str, str]] = {}
    for rule in RULES:
        numbers, missing = _numbers(rule, record_of)
        measured = [
            (sign, number)
            for sign, number in zip(rule.signs, numbers, strict=True)
            if number is not None
        ]
        found = [sign.words.format(number) for sign, number in measured if sign.holds(number)]
        for better in rule.unless:
            missing = {**missing, **unknown.get(better, {})}
        if len(found) < len(measured) or any(better in pointed for better in rule.unless):
            ruled_out.append(rule.defect)
        elif missing:
            unknown[rule.defect] = missing
        else:
            pointed[rule.defect] = tuple(found)
    return Explanation(tuple(Pointed(*each) for each in pointed.items()), tuple(ruled_out), unknown)


def worst_cases(cases: Sequence[MeasuredCase]) -> list[WorstCase]:
    """Return the worst case of each method and protocol, explained, in the order given.

    Cases without ground truth are left out: no sign can be measured on them.
    """
    groups: dict[tuple[object, ...], list[MeasuredCase]] = {}
    for case in cases:
        if plugins.protocol_spec(case.key.protocol).compares_with_truth:
            groups.setdefault((case.key.protocol, case.key.version, case.variant), []).append(case)
    return [_worst(alike) for alike in groups.values()]


def _worst(cases: Sequence[MeasuredCase]) -> WorstCase:
    for metric in WORST_BY:
        spec = plugins.metrics()[metric]
        values = {
            number: record.value
            for number, case in enumerate(cases)
            if (record := case.applicable(metric)) is not None and record.value is not None
        }
        if not values:
            continue
        number = max(values, key=lambda number: spec.direction.cost(values[number]))
        end = "lowest" if spec.direction is Direction.HIGHER else "highest"
        chosen_by = f"{spec.title} {values[number]:.{spec.decimals}f}"
        chosen_by += f", {end} of {len(values)} cases" if len(cases) > 1 else ""
        return WorstCase(cases[number], chosen_by, explain(cases[number].applicable))
    return WorstCase(cases[0], "", explain(cases[0].applicable))


def _numbers(
    rule: Rule, record_of: Callable[[str], MetricRecord | None]
) -> tuple[list[float | None], dict[str, str]]:
    """Return the number of each sign, and why metrics have none."""
    numbers: list[float | None] = []
    missing = {}
    for sign in rule.signs:
        record = record_of(sign.metric)
        numbers.append(None if record is None else sign.number(record))
        if numbers[-1] is None:
            missing[sign.metric] = NOT_MEASURED if record is None else sign.why_none(record)
    return numbers, missing
