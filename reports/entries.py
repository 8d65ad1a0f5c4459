"""From results to what a table arranges: one entry for each variant of a method and case."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tgbench.running.result import Result

from .averages import cell_over_seeds
from .cells import Cell, Column
from .labels import Variant, method_labels, variant
from .measured import FrameReader, measured_cell

_log = logging.getLogger("tgbench")

Case = tuple[str, str, str, str, str, str]
"""Protocol, version, identity, driver, hash of the identity's files, hash of the sound."""


@dataclass(frozen=True)
class Entry:
    """One method in one case, over all seeds, wherever a table puts it.

    Attributes:
        place: by field (method, identity, driver, protocol) what it is called.
        title: identity and driver in one.
        cells: by metric.
        caveats: what a reader must know about its frames, in words.
    """

    place: Mapping[str, str]
    title: str
    cells: Mapping[str, Cell]
    caveats: tuple[str, ...] = ()

    def at(self, fields: Sequence[str]) -> tuple[str, ...]:
        """Return what it is called in each field."""
        return tuple(self.place[field] for field in fields)


def measured_entries(
    results: Sequence[Result],
    columns: Sequence[Column],
    frames: FrameReader | None,
    intervals: bool,
) -> list[Entry]:
    """Return an entry for each variant and case, in the order of the cases and methods.

    Args:
        results: of one table.
        columns: metrics.
        frames: reads the values of single frames, where they are wanted.
        intervals: whether cells tell where their means may lie.
    """
    labels = method_labels(results)
    entries = []
    by_case = _by_case(results)
    names = _Names(by_case)
    for case, found in by_case.items():
        variants: dict[Variant, list[Result]] = defaultdict(list)
        for result in found:
            variants[variant(result)].append(result)
        for key, alike in variants.items():
            cells = {}
            for column in columns:
                measured = [measured_cell(result, column, frames, intervals) for result in alike]
                cells[column.name] = cell_over_seeds(measured, column)
            place = {"method": labels[key], **names.place(case)}
            entries.append(Entry(place, names.titles[case], cells, _caveats(alike)))
    return entries


def _caveats(results: Sequence[Result]) -> tuple[str, ...]:
    """Say what the frames of one method and case are made of, and over which seeds."""
    method = results[0].method
    made_of = f"frames: {method.composite_mode}"
    if method.leaked_conditions:
        made_of += f"; given when rendering: {', '.join(method.leaked_conditions)}"
    caveats = [made_of]
    if len(results) > 1:
        seeds = ", ".join(str(result.seed) for result in results)
        caveats.append(f"mean ± standard deviation over the seeds {seeds}")
    caveats += dict.fromkeys(note for result in results for note in result.method.notes)
    return tuple(caveats)


def _by_case(results: Sequence[Result]) -> dict[Case, list[Result]]:
    """Group results by what they measure; of equal experiments keep the last."""
    cases: dict[Case, dict[tuple[object, ...], Result]] = defaultdict(dict)
    for result in sorted(results, key=lambda result: result.created):
        case = (
            result.protocol.name,
            result.protocol.version,
            result.identity.name,
            result.driver.name,
            result.identity.sha256,
            result.driver.sha256,
        )
        experiment = (*variant(result), result.seed)
        if experiment in cases[case]:
            _log.warning(
                "%s on %s, %s: measured more than once; the latest is shown",
                result.method.name,
                result.identity.name,
                result.driver.name,
            )
        cases[case][experiment] = result
    return {
        case: sorted(found.values(), key=lambda result: (result.method.name, result.seed))
        for case, found in sorted(cases.items())
    }


class _Names:
    """What cases are called: by their names, and by hashes where those are not enough."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self._cases = list(cases)
        self.titles = {case: self._title(case) for case in self._cases}

    def place(self, case: Case) -> dict[str, str]:
        """Return the names of identity, driver and protocol."""
        name, version, identity, driver, files, sound = case
        several_files = len({other[4] for other in self._cases if other[2] == identity}) > 1
        sounds = {other[5] for other in self._cases if other[2:5] == case[2:5]}
        several_versions = len({other[1] for other in self._cases if other[0] == name}) > 1
        return {
            "identity": identity + (f" (files {files[:6]})" if several_files else ""),
            "driver": driver + (f" (sound {sound[:6]})" if len(sounds) > 1 else ""),
            "protocol": protocol_title(name, version if several_versions else ""),
        }

    def _title(self, case: Case) -> str:
        _, _, identity, driver, files, sound = case
        title = identity if driver == "self" else f"{identity} · {driver}"
        namesakes = sum(other[:4] == case[:4] for other in self._cases)
        return title + (f" (files {files[:6]}, sound {sound[:6]})" if namesakes > 1 else "")


def protocol_title(name: str, version: str = "") -> str:
    """Return how a protocol is called, with its version where that is given."""
    return name.replace("_", " ") + (f" (version {version})" if version else "")
