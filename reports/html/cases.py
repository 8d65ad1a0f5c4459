"""Which results are looked at side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tgbench.results import CaseKey, MeasuredCase, Variant, merge_cases, replaced_metrics
from tgbench.running.result import Result

from ..tables.entries import CaseNames
from ..tables.labels import method_labels


@dataclass(frozen=True)
class Entry:
    """A result as the page names it.

    Attributes:
        number: of the result on the page, from 0.
        label: of the method, different for each entry of a case.
        folder: where its videos and tables lie, as the page shows it.
        case: what was measured; merged with earlier measurements of its experiment, unless it is
            superseded.
        superseded: whether a later result of the same experiment is shown instead of it.
        replaced: metrics for which the value of a later one is shown.
    """

    number: int
    label: str
    folder: Path
    case: MeasuredCase
    superseded: bool = False
    replaced: frozenset[str] = frozenset()

    @property
    def result(self) -> Result:
        """What the folder holds."""
        return self.case.own_result

    @property
    def place(self) -> str:
        """The folder as a page tells it: what is above the working folder is nobody's business."""
        here = Path.cwd()
        return str(
            self.folder.relative_to(here) if self.folder.is_relative_to(here) else self.folder
        )


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
    entries: tuple[Entry, ...]


def page_entries(
    cases: Sequence[MeasuredCase], places: Sequence[Path] | None = None
) -> list[Entry]:
    """Return an entry for every measurement, in the given order.

    Args:
        cases: not merged.
        places: where a reader is told that each lies; None: in its folder.
    """
    merged = {id(case.own_result): case for case in merge_cases(cases)}
    folders = [case.folder for case in cases] if places is None else places
    labels, replaced = _labels([case.result for case in cases]), replaced_metrics(cases)
    return [
        Entry(
            number,
            label,
            folder,
            merged.get(id(case.result), case),
            superseded=id(case.result) not in merged,
            replaced=replaced[case],
        )
        for number, (label, folder, case) in enumerate(zip(labels, folders, cases, strict=True))
    ]


def case_groups(entries: Iterable[Entry]) -> list[CaseGroup]:
    """Group entries by protocol, identity and driver, to the byte."""
    groups: dict[CaseKey, list[Entry]] = defaultdict(list)
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


def superseded(entries: Sequence[Entry]) -> list[str]:
    """Say in words which results a later one of the same experiment replaces, and how far."""
    latest = {entry.case.experiment: entry for entry in entries if not entry.superseded}
    lines = []
    for entry in entries:
        if not entry.superseded:
            continue
        later = latest[entry.case.experiment]
        kept = next((names for case, names in later.case.lent().items() if case is entry.case), [])
        also = f" together with its {', '.join(kept)}" if kept else " instead"
        lines.append(
            f"{entry.place}: measured on {entry.result.created}; the same experiment was measured "
            f"again on {later.result.created}, which is shown{also}"
        )
    return lines


def _labels(results: Sequence[Result]) -> list[str]:
    """Label results as tables do, each protocol for itself, with the seed where there are more."""
    by_protocol: dict[tuple[str, str], list[Result]] = defaultdict(list)
    seeds: dict[tuple[object, ...], set[int]] = defaultdict(set)
    for result in results:
        by_protocol[result.protocol.name, result.protocol.version].append(result)
        seeds[CaseKey.of(result), Variant.of(result)].add(result.seed)
    labels = {protocol: method_labels(found) for protocol, found in by_protocol.items()}
    told = []
    for result in results:
        label = labels[result.protocol.name, result.protocol.version][Variant.of(result)]
        several = len(seeds[CaseKey.of(result), Variant.of(result)]) > 1
        told.append(f"{label}, seed {result.seed}" if several else label)
    return told
