"""Which results are looked at side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tgbench.running.result import Result

from ..tables.entries import Case, CaseNames, case_of, experiment, latest_of
from ..tables.labels import method_labels, variant


@dataclass(frozen=True)
class Entry:
    """A result as the page names it.

    Attributes:
        number: of the result on the page, from 0.
        label: of the method, different for each entry of a case.
        folder: where its videos and tables lie.
        result: what was measured.
        superseded: whether a later result of the same experiment is shown instead of it.
    """

    number: int
    label: str
    folder: Path
    result: Result
    superseded: bool = False

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


def page_entries(results: Sequence[tuple[Path, Result]]) -> list[Entry]:
    """Return an entry for every result, in the given order.

    Args:
        results: each with its folder.
    """
    labels = _labels([result for _, result in results])
    latest = latest_of(result for _, result in results)
    return [
        Entry(number, label, folder, result, latest[experiment(result)] is not result)
        for number, (label, (folder, result)) in enumerate(zip(labels, results, strict=True))
    ]


def case_groups(entries: Iterable[Entry]) -> list[CaseGroup]:
    """Group entries by protocol, identity and driver, to the byte."""
    groups: dict[Case, list[Entry]] = defaultdict(list)
    for entry in entries:
        if not entry.superseded:
            groups[case_of(entry.result)].append(entry)
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
    """Say in words which results are not shown because a later one of the same experiment is."""
    latest = {experiment(e.result): e.result.created for e in entries if not e.superseded}
    return [
        f"{entry.place}: measured on {entry.result.created}; the same experiment was measured "
        f"again on {latest[experiment(entry.result)]}, which is shown instead"
        for entry in entries
        if entry.superseded
    ]


def _labels(results: Sequence[Result]) -> list[str]:
    """Label results as tables do, each protocol for itself, with the seed where there are more."""
    by_protocol: dict[tuple[str, str], list[Result]] = defaultdict(list)
    seeds: dict[tuple[object, ...], set[int]] = defaultdict(set)
    for result in results:
        by_protocol[result.protocol.name, result.protocol.version].append(result)
        seeds[*case_of(result), *variant(result)].add(result.seed)
    labels = {protocol: method_labels(found) for protocol, found in by_protocol.items()}
    told = []
    for result in results:
        label = labels[result.protocol.name, result.protocol.version][variant(result)]
        several = len(seeds[*case_of(result), *variant(result)]) > 1
        told.append(f"{label}, seed {result.seed}" if several else label)
    return told
