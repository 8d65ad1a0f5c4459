"""Which results are looked at side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tgbench.results import CaseKey, MeasuredCase, Variant, merge_cases
from tgbench.running.result import Result

from ..tables.entries import CaseNames
from ..tables.labels import method_labels


@dataclass(frozen=True)
class PageEntry:
    """A result as the page names it.

    Attributes:
        number: of the result on the page, from 0.
        label: of the method, different for each entry of a case.
        case: what was measured; with metrics of earlier measurements that it lacks.
        place: where it lies, as the page calls it.
        superseded: whether a later result of the same experiment is shown instead of it.
        origins: by metric, the place and time of an earlier measurement that it is from.
    """

    number: int
    label: str
    case: MeasuredCase
    place: str
    superseded: bool = False
    origins: Mapping[str, str] = field(default_factory=dict)

    @property
    def result(self) -> Result:
        """What was measured."""
        return self.case.result

    @property
    def folder(self) -> Path:
        """Where its videos are."""
        return self.case.folder


@dataclass(frozen=True)
class CaseGroup:
    """Entries that render the same thing, to be watched in step.

    Attributes:
        title: identity and driver.
        protocol: name and version.
        entries: in order of their labels, superseded ones left out.
    """

    title: str
    protocol: str
    entries: tuple[PageEntry, ...]


def place_of(case: MeasuredCase) -> str:
    """Return where a case lies; nobody needs to know what is above the working folder."""
    here = Path.cwd()
    inside = case.folder.is_relative_to(here)
    return str(case.folder.relative_to(here) if inside else case.folder)


def page_entries(
    cases: Sequence[MeasuredCase], place_of: Callable[[MeasuredCase], str] = place_of
) -> list[PageEntry]:
    """Return an entry for every case, in the given order.

    Of several measurements of one experiment, the latest counts, with the metrics of earlier ones
    that it lacks.

    Args:
        cases: all of them, repeats included.
        place_of: names the place of a case.
    """
    merged = {case.experiment: case for case in merge_cases(cases)}
    labels = _labels([case.result for case in cases])
    entries = []
    for number, (label, case) in enumerate(zip(labels, cases, strict=True)):
        latest = merged[case.experiment]
        superseded = any(case is earlier for earlier in latest.earlier)
        shown = case if superseded else latest
        origins = {
            metric: f"{place_of(origin)}, {origin.result.created}"
            for metric, origin in shown.origins.items()
        }
        entries.append(PageEntry(number, label, shown, place_of(case), superseded, origins))
    return entries


def case_groups(entries: Iterable[PageEntry]) -> list[CaseGroup]:
    """Group entries by protocol, identity and driver, to the byte."""
    groups: dict[CaseKey, list[PageEntry]] = defaultdict(list)
    for entry in entries:
        if not entry.superseded:
            groups[entry.case.key].append(entry)
    samples = {case: found[0].result for case, found in groups.items()}
    names = CaseNames(samples)
    # As in tables, of which there is one for each version of a protocol.
    by_table = {
        table: CaseNames({case: result for case, result in samples.items() if case[:2] == table})
        for table in {case[:2] for case in samples}
    }
    return [
        CaseGroup(
            by_table[case[:2]].titles[case],
            names.place(case)["protocol"],
            tuple(sorted(found, key=lambda entry: entry.label)),
        )
        for case, found in sorted(groups.items())
    ]


def superseded(entries: Sequence[PageEntry]) -> list[str]:
    """Say which results a later one of the same experiment replaces, and in which metrics not."""
    kept = {
        id(origin): ", ".join(metrics)
        for entry in entries
        for origin, metrics in entry.case.lent().items()
    }
    latest = {e.case.experiment: e.result.created for e in entries if not e.superseded}
    return [
        f"{entry.place}: measured on {entry.result.created}; the same experiment was measured "
        f"again on {latest[entry.case.experiment]}, which is shown instead"
        + (f", but for {kept[id(entry.case)]}" if id(entry.case) in kept else "")
        for entry in entries
        if entry.superseded
    ]


def _labels(results: Sequence[Result]) -> list[str]:
    """Label results as tables do, each protocol for itself, with the seed where there are more."""
    by_protocol: dict[tuple[str, str], list[Result]] = defaultdict(list)
    seeds: dict[tuple[object, ...], set[int]] = defaultdict(set)
    for result in results:
        by_protocol[result.protocol.name, result.protocol.version].append(result)
        seeds[CaseKey.of(result), Variant.of(result)].add(result.seed)
    labels = {protocol: method_labels(found) for protocol, found in by_protocol.items()}
    distinct = []
    for result in results:
        label = labels[result.protocol.name, result.protocol.version][Variant.of(result)]
        several = len(seeds[CaseKey.of(result), Variant.of(result)]) > 1
        distinct.append(f"{label}, seed {result.seed}" if several else label)
    return distinct
