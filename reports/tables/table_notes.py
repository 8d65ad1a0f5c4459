"""Notes that concern a whole table: what its signs mean, and what nobody measured."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from tgbench import plugins
from tgbench.running.result import Result

from .cell_from_result import metric_column
from .cells import DASH, Block, Cell, Column, Note, Row, Status
from .entries import Entry, frame_size
from .footnotes import DIFFERS, first_clause
from .labels import Variant, variant

INTERVALS = (
    "In brackets: where the mean may lie (95 %), from a bootstrap over stretches of frames; in the "
    "mean over three cases or more also over the cases, as other people would be other cases"
)
NO_INTERVALS = (
    "No intervals: they take the values of 20 scored frames or more, which frames.parquet has "
    "beside a result; over several seeds the standard deviation is shown instead"
)
SIGNIFICANCE = (
    "differs from the best of its column on the same frames (the 95 % interval of the "
    "mean of the paired differences, from a bootstrap over stretches of frames, excludes zero; "
    "each pair is judged by itself{fits}). Without it the two cannot be told apart, or no values "
    "of single frames are known, as for speed and SyncNet"
)
OVER_SEEDS = "; of several seeds each, Welch's t-test over them must say so, too, at 5 %"
THESE_FITS = "; of a single fit it is told of this one, and another seed may give another"
ALIKE = (
    "Nothing is marked as different from the best of its column: on the same frames the 95 % "
    "interval of the mean of the paired differences includes zero, or over several seeds Welch's "
    "t-test finds none at 5 %, or no values of single frames are known, as for speed and SyncNet"
)
UNTOLD = (
    "Nothing could be told to differ from the best of its column: no two results that compare "
    "have values of the same 20 frames or more"
)
REMEDY = (
    "Reasons are cut short: `tgbench doctor` says how to get what is missing; result.json and "
    "table.csv have each in full"
)
_MOST_NAMED = 3


def training_notes(results: Sequence[Result], labels: Mapping[Variant, str]) -> Iterator[Note]:
    """Say how long each method was trained: with what preset, for how many iterations."""
    told: dict[str, dict[str, None]] = defaultdict(dict)
    for result in results:
        iterations = result.timing.training_iterations
        if iterations:
            stages = ", ".join(f"{stage} {count:,}" for stage, count in iterations.items())
            text = f"preset {result.method.preset} ({stages} iterations)"
            told[text][labels[variant(result)]] = None
    for text, names in told.items():
        yield Note("", f"{_named(list(names))}: {text}")


def missing_notes(results: Sequence[Result], missing: Sequence[str]) -> Iterator[Note]:
    """Say which metrics no row has, and why."""
    reasons: dict[str, list[str]] = defaultdict(list)
    for metric in missing:
        records = [result.metrics[metric] for result in results if metric in result.metrics]
        default = "no value" if records else _not_asked(metric, results)
        reason = next((record.reason for record in records if record.reason), default)
        reasons[first_clause(reason)].append(metric_column(metric, results).title)
    for reason, titles in reasons.items():
        yield Note("", f"Not measured: {', '.join(titles)} ({reason})")


def sizes_note(entries: Sequence[Entry]) -> Iterator[Note]:
    """Say how large the frames of each case are, and how many were measured."""
    told: dict[str, dict[str, None]] = defaultdict(dict)
    for entry in entries:
        for result in entry.results:
            told[f"{frame_size(result)}, {result.frames:,} frames"][entry.title] = None
    yield Note("", "; ".join(f"{_named(list(names))}: {text}" for text, names in told.items()))


def _not_asked(metric: str, results: Sequence[Result]) -> str:
    """Return why results know nothing of a metric."""
    spec = plugins.metric_spec(metric)
    protocols = {plugins.protocol_spec(result.protocol.name) for result in results}
    lacks = {protocol.why_not_measured(spec) for protocol in protocols}
    if lacks and all(lacks):
        return f"the protocol has no {', '.join(sorted(lacks))}"
    return "was not asked for"


def parts_note(results: Sequence[Result], measured: Sequence[str]) -> Iterator[Note]:
    """Say which columns rank only in part."""
    pictures = [
        metric_column(name, results).title
        for name in measured
        if plugins.metric_spec(name).region.depends_on_composite
    ]
    if pictures and len({result.method.composite_mode for result in results}) > 1:
        told = "ranked only among methods whose frames are made of the same parts"
        yield Note("", f"{', '.join(pictures)}: {told}")


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
    told = [
        f"{reason} ({_named([f'{title} of {label}' for title, label in whose])})"
        for reason, whose in never.items()
    ]
    told += ["not asked for, or not run"] * absent + ["not published"] * unpublished
    if told:
        yield Note("", f"A dash without a letter: {'; '.join(told)}")


def interval_note(blocks: Sequence[Block], columns: Sequence[Column]) -> Note:
    """Say what brackets mean, or why there are none."""
    shown = any(cell.interval for *_, cell in _cells(blocks, columns))
    return Note("", INTERVALS if shown else NO_INTERVALS)


def significance_note(blocks: Sequence[Block], columns: Sequence[Column]) -> Note:
    """Say what the mark of a difference means, or why there is none."""
    found = {cell.differs for *_, cell in _cells(blocks, columns)}
    if True in found:
        fits = {len(cell.fits) for *_, cell in _cells(blocks, columns) if cell.fits}
        told = OVER_SEEDS * (max(fits) > 1) + THESE_FITS * (min(fits) == 1)
        return Note(DIFFERS, SIGNIFICANCE.format(fits=told))
    return Note("", ALIKE if False in found else UNTOLD)


def remedy_note(results: Sequence[Result], metrics: Sequence[str]) -> Iterator[Note]:
    """Say where reasons stand in full, where one that a table tells is cut short."""
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
