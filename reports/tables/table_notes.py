"""Notes that concern a whole table: what its signs mean, and what nobody measured."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from tgbench import plugins
from tgbench.comparability import (
    Condition,
    is_shared_time,
    ranking_conditions,
    why_not_applicable,
)
from tgbench.results import Variant, ranking_sounds
from tgbench.running.result import Result

from .cell_from_result import metric_column
from .cells import DASH, Block, Cell, Column, Note, Row, Status
from .entries import Entry, frame_size
from .footnotes import DIFFERS, first_clause

INTERVALS = (
    "In brackets: the 95 % interval of the mean (bootstrap over blocks of frames; in means of "
    "three or more cases also over the cases)"
)
NO_INTERVALS = (
    "No intervals: only a mean over 20 or more scored frames has one, and over several seeds the "
    "standard deviation is shown instead"
)
SPREAD = "After ±: the standard deviation over seeds"
SIGNIFICANCE = (
    "differs from the best of its column: the 95 % interval of the mean paired difference on the "
    "same frames (bootstrap over blocks of frames) excludes zero, for each pair by itself{fits}. "
    "A value without this mark cannot be distinguished from the best, or has no values of single "
    "frames, as speed and SyncNet"
)
OVER_SEEDS = "; with several seeds Welch's t-test over them must agree at the 5 % level"
THESE_FITS = "; with one seed this is about this fit alone, and another seed may differ"
ALIKE = (
    "No value differs significantly from the best of its column (paired bootstrap on the same "
    "frames, with several seeds also Welch's t-test), or there are no values of single frames, as "
    "for speed and SyncNet"
)
UNTESTED = (
    "Nothing could be tested against the best of its column: no two comparable results have "
    "values of the same 20 frames or more"
)
REMEDY = (
    "Reasons are shortened: `tgbench doctor` says how to get what is missing; result.json and the "
    "CSV file have each reason in full"
)
_MOST_NAMED = 3


def training_notes(results: Sequence[Result], labels: Mapping[Variant, str]) -> Iterator[Note]:
    """Say how long each method was trained: with what preset, for how many iterations."""
    said: dict[str, dict[str, None]] = defaultdict(dict)
    for result in results:
        iterations = result.timing.training_iterations
        if iterations:
            stages = ", ".join(f"{stage} {count:,}" for stage, count in iterations.items())
            text = f"preset {result.method.preset} ({stages} iterations)"
            said[text][labels[Variant.of(result)]] = None
    for text, names in said.items():
        yield Note("", f"{_named(list(names))}: {text}")


def missing_notes(results: Sequence[Result], missing: Sequence[str]) -> Iterator[Note]:
    """Say which metrics no row has, and why."""
    reasons: dict[str, list[str]] = defaultdict(list)
    for metric in missing:
        records = [result.metrics[metric] for result in results if metric in result.metrics]
        said = [record.reason for record in records]
        said += [why_not_applicable(result, metric) for result in results]
        default = "no value" if records else _not_asked(metric, results)
        reason = next(filter(None, said), default)
        reasons[first_clause(reason)].append(metric_column(metric, results).title)
    for reason, titles in reasons.items():
        yield Note("", f"Not measured: {', '.join(titles)} ({reason})")


def sizes_note(entries: Sequence[Entry]) -> Iterator[Note]:
    """Say how large the frames of each case are, and how many were measured."""
    said: dict[str, dict[str, None]] = defaultdict(dict)
    for entry in entries:
        for result in entry.results:
            said[f"{frame_size(result)}, {result.frames:,} frames"][entry.title] = None
    yield Note("", "; ".join(f"{_named(list(names))}: {text}" for text, names in said.items()))


def _not_asked(metric: str, results: Sequence[Result]) -> str:
    """Return why results know nothing of a metric."""
    spec = plugins.metric_spec(metric)
    protocols = {plugins.protocol_spec(result.protocol.name) for result in results}
    lacks = {protocol.why_not_measured(spec) for protocol in protocols}
    if lacks and all(lacks):
        return f"the protocol has no {', '.join(sorted(lacks))}"
    return "not requested"


def ranking_notes(blocks: Sequence[Block], columns: Sequence[Column]) -> Iterator[Note]:
    """Say which columns rank some of their rows separately, and by what."""
    titles: dict[Condition, dict[str, None]] = defaultdict(dict)
    modes: dict[object, dict[str, None]] = defaultdict(dict)
    for block, column in itertools.product(blocks, columns):
        found = [(row.label, row.cells[column.name]) for row in block.rows]
        cells = {label: cell for label, cell in found if cell.status is Status.MEASURED}
        metric = next((cell.metric for cell in cells.values()), "")
        if _several_sounds(block, column, metric):
            titles[Condition.SOUND][column.title] = None
        for place, condition in enumerate(ranking_conditions(metric)):
            by_label = {label: cell.comparable[place] for label, cell in cells.items()}
            if len(set(by_label.values())) > 1:
                titles[condition][column.title] = None
                if condition is Condition.COMPOSITE_MODE:
                    for label, mode in by_label.items():
                        modes[mode][label] = None
    for condition, names in titles.items():
        within = f"{', '.join(names)}: ranked within each {condition}"
        if condition is Condition.COMPOSITE_MODE:
            said = (f"{mode}: {_named(list(rows))}" for mode, rows in modes.items())
            within += f" ({'; '.join(said)})"
        yield Note("", within, in_caption=True)
    timed = (column.title for *_, column, cell in _cells(blocks, columns) if _is_shared(cell))
    if shared := list(dict.fromkeys(timed)):
        unranked = "not ranked where other jobs ran on the machine at the same time"
        yield Note("", f"{', '.join(shared)}: {unranked} (--exclusive-timing)", in_caption=True)


def _is_shared(cell: Cell) -> bool:
    return cell.status is Status.MEASURED and is_shared_time(cell.measured_by)


def _several_sounds(block: Block, column: Column, metric: str) -> bool:
    measured = (row for row in block.rows if row.cells[column.name].status is Status.MEASURED)
    return len({ranking_sounds(row.results, metric) for row in measured}) > 1


def spread_note(blocks: Sequence[Block], columns: Sequence[Column]) -> Iterator[Note]:
    """Say what follows the sign ±, where there is any."""
    if any(cell.spread is not None for *_, cell in _cells(blocks, columns)):
        yield Note("", SPREAD, in_caption=True)


def dash_note(blocks: Sequence[Block], columns: Sequence[Column]) -> Iterator[Note]:
    """Say what dashes without a letter stand for."""
    never: dict[str, dict[tuple[str, str], None]] = defaultdict(dict)
    absent = unpublished = False
    for block, row, column, cell in _cells(blocks, columns):
        if cell.status is Status.NOT_APPLICABLE:
            label = ", ".join(part for part in row.side if part != DASH)
            never[cell.reason][column.title, label] = None
        elif cell.status is Status.ABSENT:
            absent, unpublished = absent or not block.published, unpublished or block.published
    said = [
        f"{reason} ({_named([f'{title} of {label}' for title, label in whose])})"
        for reason, whose in never.items()
    ]
    said += ["not requested, or not run"] * absent + ["not published"] * unpublished
    if said:
        yield Note("", f"A dash without a letter: {'; '.join(said)}")


def no_mean_notes(blocks: Sequence[Block], columns: Sequence[Column]) -> Iterator[Note]:
    """Say why there are no means of cases, for blocks without a value that are left out."""
    for block in blocks:
        titles: dict[str, dict[str, None]] = defaultdict(dict)
        for _, _, column, cell in _cells([block], columns):
            if cell.status is Status.UNAVAILABLE:
                titles[cell.reason][column.title] = None
        said = (f"{reason} ({_named(list(names))})" for reason, names in titles.items())
        yield Note("", f"No {block.title}: {'; '.join(said) or 'nothing was measured in all'}")


def interval_note(blocks: Sequence[Block], columns: Sequence[Column]) -> Note:
    """Say what brackets mean, or why there are none."""
    shown = any(cell.interval for *_, cell in _cells(blocks, columns))
    return Note("", INTERVALS if shown else NO_INTERVALS, in_caption=shown)


def significance_note(blocks: Sequence[Block], columns: Sequence[Column]) -> Note:
    """Say what the mark of a difference means, or why there is none."""
    found = {cell.differs for *_, cell in _cells(blocks, columns)}
    if True in found:
        fits = {len(cell.fits) for *_, cell in _cells(blocks, columns) if cell.fits}
        said = OVER_SEEDS * (max(fits) > 1) + THESE_FITS * (min(fits) == 1)
        return Note(DIFFERS, SIGNIFICANCE.format(fits=said), in_caption=True)
    return Note("", ALIKE if False in found else UNTESTED)


def remedy_note(results: Sequence[Result], metrics: Sequence[str]) -> Iterator[Note]:
    """Say where reasons stand in full, where one in the table is shortened."""
    reasons = (
        record.reason
        for result in results
        for metric, record in result.metrics.items()
        if metric in metrics
    )
    if any(first_clause(reason) != reason for reason in reasons):
        yield Note("", REMEDY)


def _cells(
    blocks: Sequence[Block], columns: Sequence[Column]
) -> Iterator[tuple[Block, Row, Column, Cell]]:
    for block in blocks:
        for row in block.rows:
            for column in columns:
                yield block, row, column, row.cells[column.name]


def _named(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
