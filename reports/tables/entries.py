"""From results to what a table arranges: one entry for each variant of a method and case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tgbench import plugins
from tgbench.running.result import Result

from .averages import cell_over_seeds
from .cell_from_result import FrameReader, measured_cell
from .cells import DASH, Cell, Column
from .labels import method_labels, variant
from .settings import in_natural_order, setting

Case = tuple[str, str, str, str, str, str]
"""Protocol, version, identity, driver, hash of the identity's files, hash of the sound."""


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
    results: Sequence[Result],
    columns: Sequence[Column],
    frames: FrameReader | None = None,
    intervals: bool = False,
    settings: Sequence[str] = (),
) -> list[Entry]:
    """Return an entry for each variant and case, in the order of the cases and methods.

    Args:
        results: of one table.
        columns: metrics.
        frames: reads the values of single frames, where they are wanted.
        intervals: whether cells tell where their means may lie.
        settings: fields of the table that are settings; entries do not cross them.
    """
    labels = method_labels(results, settings)
    by_case = _by_case(results)
    names = CaseNames({case: rivals[0][-1] for case, rivals in by_case.items()})
    entries = []
    for case, rivals in by_case.items():
        variants: dict[tuple[str, ...], list[list[Result]]] = defaultdict(list)
        for repeats in rivals:
            latest = repeats[-1]
            chosen = (setting(latest, field) for field in settings)
            variants[labels[variant(latest)], *chosen].append(repeats)
        for key in sorted(variants, key=lambda texts: list(map(in_natural_order, texts))):
            repeated = variants[key]
            alike = [repeats[-1] for repeats in repeated]
            # Over seeds a cell tells how they spread, which is more than how frames do.
            bounds = intervals and len(alike) == 1
            cells = {}
            for column in columns:
                measured = [measured_cell(result, column, frames, bounds) for result in alike]
                cells[column.name] = cell_over_seeds(measured, column)
            place = dict(zip(("method", *settings), key, strict=True)) | names.place(case)
            caveats = (*_caveats(alike), *_repeats(repeated))
            entries.append(Entry(place, names.titles[case], cells, caveats, tuple(alike)))
    return entries


def case_of(result: Result) -> Case:
    """Return what it measures; results of equal cases may be compared."""
    return (
        result.protocol.name,
        result.protocol.version,
        result.identity.name,
        result.driver.name,
        result.identity.sha256,
        result.driver.sha256,
    )


def experiment(result: Result) -> tuple[object, ...]:
    """Return what was done; of results that agree in it, the latest is the one that counts."""
    return (*case_of(result), *variant(result), result.seed)


def latest_of(results: Iterable[Result]) -> dict[tuple[object, ...], Result]:
    """Return by experiment the result that counts: the latest, of equal times the last."""
    return {experiment(result): result for result in sorted(results, key=_created)}


def _created(result: Result) -> str:
    return result.created


def _caveats(results: Sequence[Result]) -> tuple[str, ...]:
    """Say what the frames of one method and case are made of, and over which seeds."""
    method = results[0].method
    made_of = f"frames: {method.composite_mode}"
    if method.leaked_conditions:
        made_of += f"; given when rendering: {', '.join(method.leaked_conditions)}"
    caveats = [made_of]
    if len(results) > 1:
        seeds = ", ".join(str(result.seed) for result in results)
        told = f"mean ± standard deviation over the seeds {seeds}{_unlike(results)}"
        caveats.append(told)
    caveats += dict.fromkeys(note for result in results for note in result.method.notes)
    return tuple(caveats)


def _repeats(repeated: Sequence[Sequence[Result]]) -> list[str]:
    """Say of which experiments there are several results, and which one counts."""
    told = []
    for results in repeated:
        if len(results) > 1:
            latest = results[-1]
            seed = f" with seed {latest.seed}" if len(repeated) > 1 else ""
            times = f"measured {len(results)} times{seed}{_unlike(results)}"
            told.append(f"{times}; the latest, that of {latest.created}, is shown")
    return told


def _unlike(results: Sequence[Result]) -> str:
    unlike = unlike_in(results)
    return f" (unlike in {', '.join(unlike)})" if unlike else ""


_UNLIKE: Mapping[str, Callable[[Result], object]] = {
    "the method's code": lambda result: result.method.code_sha256,
    "the version of tgbench": lambda result: result.tgbench_version,
    "the machine": lambda result: (result.environment.cpu, result.environment.gpu),
    "frames": lambda result: (result.split, result.frames),
}
"""What results of one experiment, or of its seeds, may differ in."""


def unlike_in(results: Sequence[Result]) -> list[str]:
    """Return in words what results differ in that should be alike, beside their numbers."""
    return [name for name, of in _UNLIKE.items() if len({of(result) for result in results}) > 1]


def _by_case(results: Sequence[Result]) -> dict[Case, list[list[Result]]]:
    """Group results by what they measure, in lists of those of one experiment, the latest last."""
    cases: dict[Case, dict[tuple[object, ...], list[Result]]] = defaultdict(dict)
    for result in sorted(results, key=_created):
        cases[case_of(result)].setdefault(experiment(result), []).append(result)
    return {
        case: sorted(found.values(), key=lambda same: (same[-1].method.name, same[-1].seed))
        for case, found in sorted(cases.items())
    }


class CaseNames:
    """What cases are called: by their names, and by sizes or hashes where those are not enough.

    Attributes:
        titles: of each case, identity and driver in one.
    """

    def __init__(self, cases: Mapping[Case, Result]) -> None:
        """Name cases so that they are told apart.

        Args:
            cases: each with one of its results.
        """
        self._cases = cases
        self.titles = {case: self._title(case) for case in cases}

    def place(self, case: Case) -> dict[str, str]:
        """Return the names of identity, driver and protocol."""
        name, version, identity, driver, files, sound = case
        namesakes = {
            other[4]: frame_size(result)
            for other, result in self._cases.items()
            if other[2] == identity
        }
        sounds = {other[5] for other in self._cases if other[2:5] == case[2:5]}
        several_versions = len({other[1] for other in self._cases if other[0] == name}) > 1
        return {
            "identity": identity + _apart(files, namesakes),
            "driver": driver + (f" (sound {sound[:6]})" if len(sounds) > 1 else ""),
            "protocol": protocol_title(name, version if several_versions else ""),
        }

    def _title(self, case: Case) -> str:
        place = self.place(case)
        identity, driver = place["identity"], place["driver"]
        return identity if plugins.protocol_spec(case[0]).self_driven else f"{identity} · {driver}"


def frame_size(result: Result) -> str:
    """Return how large frames are, as WIDTHxHEIGHT in pixels."""
    return f"{result.identity.width}x{result.identity.height}"


def _apart(files: str, namesakes: Mapping[str, str]) -> str:
    """Return in brackets what tells files from others of one name: their size, or their hash."""
    if len(namesakes) == 1:
        return ""
    if len(set(namesakes.values())) == len(namesakes):
        return f" ({namesakes[files]})"
    return f" (files {files[:6]})"


def protocol_title(name: str, version: str = "") -> str:
    """Return how a protocol is called, with its version where that is given."""
    return name.replace("_", " ") + (f" (version {version})" if version else "")
