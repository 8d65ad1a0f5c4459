"""Which videos of which results a study shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tgbench.errors import TgbenchError, suggest
from tgbench.plugins import metric_spec
from tgbench.results import SCORE, MeasuredCase
from tgbench.running.result import TARGET_FILE, VIDEO_FILE

from ..html.videos import clip_at
from .records import MetricValue

TRUTH = "ground truth"


@dataclass(frozen=True)
class Source:
    """A video to show.

    Attributes:
        condition: the method, or `TRUTH`.
        item: what all conditions show.
        path: of the video.
        metrics: what was measured of it.
    """

    condition: str
    item: str
    path: Path
    metrics: dict[str, MetricValue]

    @property
    def truth(self) -> bool:
        """Whether it is the ground truth."""
        return self.condition == TRUTH


@dataclass(frozen=True)
class Selection:
    """The videos of a study: every condition with every item.

    Attributes:
        conditions: methods, and the ground truth where all items have one.
        items: protocol, identity and driver.
        sources: by condition and item.
        notes: what was left out, in words.
    """

    conditions: tuple[str, ...]
    items: tuple[str, ...]
    sources: dict[tuple[str, str], Source]
    notes: tuple[str, ...]


def select(cases: Sequence[MeasuredCase], methods: Sequence[str]) -> Selection:
    """Return the videos that every method has.

    Args:
        cases: merged results.
        methods: their names; empty for all.

    Raises:
        TgbenchError: a method has no results, they have no item in common, or there are several
            videos of one method and item.
    """
    runs = [case for case in cases if case.result.protocol.name != SCORE]
    known = sorted({case.result.method.name for case in runs})
    for name in methods:
        if name not in known:
            raise suggest(name, known, "method among these results")
    chosen = tuple(dict.fromkeys(methods)) or tuple(known)
    if not chosen:
        raise TgbenchError("no videos of `tgbench run` here; name its folder with --results")
    if TRUTH in chosen:
        raise TgbenchError(f"{TRUTH}: is the anchor of a study, not a method; leave it out")
    by_place: dict[tuple[str, str], list[MeasuredCase]] = defaultdict(list)
    for case in runs:
        if case.result.method.name in chosen:
            by_place[case.result.method.name, _item(case)].append(case)
    found = {place: _the_one(several) for place, several in by_place.items()}
    every = sorted({item for _, item in found})
    lacking = {item: _lacking(found, chosen, item) for item in every}
    items = tuple(item for item in every if not lacking[item])
    notes = [f"left out: {item} ({why})" for item, why in lacking.items() if why]
    if not items:
        raise TgbenchError(
            f"no case has a video of every method ({'; '.join(notes[:3])}); run the missing ones, "
            "or name fewer --methods"
        )
    return _with_truth(found, chosen, items, notes)


def _with_truth(
    found: dict[tuple[str, str], MeasuredCase],
    methods: tuple[str, ...],
    items: tuple[str, ...],
    notes: list[str],
) -> Selection:
    sources = {
        (method, item): Source(
            method, item, found[method, item].folder / VIDEO_FILE, _metrics(found[method, item])
        )
        for method in methods
        for item in items
    }
    anchors = {item: clip_at(found[methods[0], item].folder / TARGET_FILE) for item in items}
    without = [item for item, clip in anchors.items() if clip.missing]
    if without:
        notes.append(f"no anchor: {without[0]} has no ground truth ({anchors[without[0]].missing})")
        return Selection(methods, items, sources, tuple(notes))
    sources |= {(TRUTH, item): Source(TRUTH, item, anchors[item].path, {}) for item in items}
    return Selection((*methods, TRUTH), items, sources, tuple(notes))


def _item(case: MeasuredCase) -> str:
    result = case.result
    return f"{result.protocol.name}, {result.identity.name}, {result.driver.name}"


def _the_one(cases: Sequence[MeasuredCase]) -> MeasuredCase:
    """Return the case with the lowest seed.

    Raises:
        TgbenchError: two have it, so that nothing says which is meant.
    """
    lowest = min(case.result.seed for case in cases)
    left = [case for case in cases if case.result.seed == lowest]
    if len(left) > 1:
        raise TgbenchError(
            f"{left[0].folder} and {left[1].folder}: are both {left[0].result.method.name} on "
            f"{_item(left[0])}; give --results folders with one of them"
        )
    return left[0]


def _lacking(found: dict[tuple[str, str], MeasuredCase], methods: Sequence[str], item: str) -> str:
    """Return in words which methods have no video of an item; empty where all have."""
    for method in methods:
        case = found.get((method, item))
        if case is None:
            return f"no result of {method}"
        if missing := clip_at(case.folder / VIDEO_FILE).missing:
            return f"{method}: {missing}"
    return ""


def _metrics(case: MeasuredCase) -> dict[str, MetricValue]:
    records = {name: case.applicable(name) for name in case.metrics}
    return {
        name: MetricValue(
            value=record.value,
            title=metric_spec(name).title or name,
            direction=record.direction,
            measured_by=record.measured_by,
        )
        for name, record in records.items()
        if record is not None and record.value is not None
    }
