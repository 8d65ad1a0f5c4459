"""From results to what a table arranges: one entry for each variant of a method and case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tgbench import plugins
from tgbench.results import CaseKey, MeasuredCase, differences_among
from tgbench.running.result import Result

from .averages import cell_over_seeds
from .cell_from_result import measured_cell, metric_column
from .cells import DASH, Cell, Column
from .labels import method_labels
from .settings import in_natural_order, setting
from .systems import system_caveats


@dataclass(frozen=True)
class Entry:
    """One method in one case, over all seeds, wherever a table puts it.

    Attributes:
        place: by field (method, identity, driver, protocol, settings) what it is called.
        title: identity and driver in one.
        cells: by metric.
        caveats: what a reader must know about its frames, in words.
        results: of each seed; none where a paper has the numbers.
    """

    place: Mapping[str, str]
    title: str
    cells: Mapping[str, Cell]
    caveats: tuple[str, ...] = ()
    results: tuple[Result, ...] = ()

    def at(self, fields: Sequence[str]) -> tuple[str, ...]:
        """Return what it is called in each field; a dash for a setting that it has not."""
        return tuple(self.place.get(field, DASH) for field in fields)


def measured_entries(
    cases: Sequence[MeasuredCase],
    columns: Sequence[Column],
    frames: bool = False,
    intervals: bool = False,
    settings: Sequence[str] = (),
) -> list[Entry]:
    """Return an entry for each variant and case, in the order of the cases and methods.

    Args:
        cases: of one table, one for each experiment.
        columns: metrics.
        frames: whether cells come with the values of single frames.
        intervals: whether cells come with the intervals of their means.
        settings: fields of the table that are settings; entries do not cross them.
    """
    labels = method_labels([case.result for case in cases], settings)
    by_key = _by_key(cases)
    names = CaseNames({key: rivals[0].result for key, rivals in by_key.items()})
    entries = []
    for key, rivals in by_key.items():
        variants: dict[tuple[str, ...], list[MeasuredCase]] = defaultdict(list)
        for case in rivals:
            chosen = (setting(case.result, field) for field in settings)
            variants[labels[case.variant], *chosen].append(case)
        for side in sorted(variants, key=lambda texts: list(map(in_natural_order, texts))):
            alike = variants[side]
            # Over seeds a cell has their spread, which says more than an interval over frames.
            bounds = intervals and len(alike) == 1
            cells = {}
            for column in columns:
                measured = [measured_cell(case, column, frames, bounds) for case in alike]
                cells[column.name] = cell_over_seeds(measured, column)
            place = dict(zip(("method", *settings), side, strict=True)) | names.place(key)
            results = tuple(case.result for case in alike)
            caveats = (*_caveats(results), *_repeats(alike))
            entries.append(Entry(place, names.titles[key], cells, caveats, results))
    return entries


def _caveats(results: Sequence[Result]) -> tuple[str, ...]:
    """Say what the frames of one method and case are made of, and over which seeds."""
    method = results[0].method
    facts = [
        # Nothing is known of how a scored video was made.
        f"frames: {method.composite_mode}" if method.composite_mode else "",
        f"given when rendering: {', '.join(method.leaked_conditions)}"
        if method.leaked_conditions
        else "",
    ]
    caveats = ["; ".join(filter(None, facts))] if any(facts) else []
    if len(results) > 1:
        seeds = ", ".join(str(result.seed) for result in results)
        spread = f"mean ± standard deviation over the seeds {seeds}{_differing(results)}"
        caveats.append(spread)
    systems = (result.method.system for result in results)
    caveats += dict.fromkeys(
        text for system in systems if system is not None for text in system_caveats(system)
    )
    caveats += dict.fromkeys(note for result in results for note in result.method.notes)
    return tuple(caveats)


def _repeats(cases: Sequence[MeasuredCase]) -> Iterator[str]:
    """Say which experiments were measured several times, and which values are shown."""
    for case in cases:
        if not case.earlier:
            continue
        latest = case.own_result
        seed = f" with seed {latest.seed}" if len(cases) > 1 else ""
        every = [latest, *(earlier.own_result for earlier in case.earlier)]
        yield (
            f"measured {len(every)} times{seed}{_differing(every)}; the latest, of "
            f"{latest.created}, is shown"
        )
        for earlier, metrics in case.lent().items():
            titles = ", ".join(metric_column(name, [case.result]).title for name in metrics)
            differing = _differing([latest, earlier.own_result])
            yield f"{titles}: from the measurement of {earlier.result.created}{differing}"


def _differing(results: Sequence[Result]) -> str:
    found = differences_among(results)
    return f" (different: {', '.join(found)})" if found else ""


def _by_key(cases: Sequence[MeasuredCase]) -> dict[CaseKey, list[MeasuredCase]]:
    found: dict[CaseKey, list[MeasuredCase]] = defaultdict(list)
    for case in cases:
        found[case.key].append(case)
    return {
        key: sorted(rivals, key=lambda case: (case.variant.method, case.result.seed))
        for key, rivals in sorted(found.items())
    }


class CaseNames:
    """What cases are called: by their names, and by sizes or hashes where those are not enough.

    Attributes:
        titles: of each case, identity and driver in one.
    """

    def __init__(self, cases: Mapping[CaseKey, Result]) -> None:
        """Give different cases different names.

        Args:
            cases: each with one of its results.
        """
        self._cases = cases
        self.titles = {case: self._title(case) for case in cases}

    def place(self, case: CaseKey) -> dict[str, str]:
        """Return the names of identity, driver and protocol."""
        name, version, identity, driver, files, sound = case
        namesakes = {
            other[4]: frame_size(result)
            for other, result in self._cases.items()
            if other[2] == identity
        }
        sounds = {other[5] for other in self._cases if other[2:5] == case[2:5]}
        several_versions = len({other[1] for other in self._cases if other[0] == name}) > 1
        sound_hash = f" (sound {sound[:6]})" if len(sounds) > 1 else ""
        return {
            "identity": identity + _gender(self._cases[case]) + _size_or_hash(files, namesakes),
            "driver": driver + _voice(self._cases[case]) + sound_hash,
            "protocol": protocol_title(name, version if several_versions else ""),
        }

    def _title(self, case: CaseKey) -> str:
        place = self.place(case)
        identity, driver = place["identity"], place["driver"]
        named = driver and plugins.protocol_spec(case.protocol).names_driver
        return f"{identity} · {driver}" if named else identity


def _voice(result: Result) -> str:
    """Return in brackets what is declared of a driving sound."""
    voice = result.driver.tags.voice
    return f" ({voice})" if voice else ""


def _gender(result: Result) -> str:
    """Return in brackets the gender that a card declares, beside sounds of others."""
    card = result.identity.card
    declared = card.gender if card is not None and not _is_own(result) else ""
    return f" ({declared})" if declared else ""


def _is_own(result: Result) -> bool:
    return plugins.protocol_spec(result.protocol.name).self_driven


def frame_size(result: Result) -> str:
    """Return how large frames are, as WIDTHxHEIGHT in pixels."""
    return f"{result.identity.width}x{result.identity.height}"


def _size_or_hash(files: str, namesakes: Mapping[str, str]) -> str:
    """Return in brackets what distinguishes files of one name: their size, or their hash."""
    if len(namesakes) == 1:
        return ""
    if len(set(namesakes.values())) == len(namesakes):
        return f" ({namesakes[files]})"
    return f" (files {files[:6]})"


def protocol_title(name: str, version: str = "") -> str:
    """Return how a protocol is called, with its version where that is given."""
    return name.replace("_", " ") + (f" (version {version})" if version else "")
