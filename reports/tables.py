"""From results to tables of cells: one table for each version of a protocol."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from tgbench import plugins
from tgbench.metrics.specs import (
    IMAGE_METRICS,
    TRAINING_TIME,
    UPPER_FACE_METRICS,
    WHOLE_IMAGE_METRICS,
    in_table_order,
)
from tgbench.running.result import MetricRecord, Result
from tgbench.specs import Direction, MetricSpec, Needs
from tgbench.statistics import Series

from .averages import average_block, cell_over_seeds, with_interval
from .cells import DASH, Block, Cell, Column, Note, Row, Status, Table
from .labels import Variant, method_labels, variant
from .notes import annotated
from .ranking import ranked

_log = logging.getLogger("tgbench")

INTERVALS = (
    "In brackets: where the mean may lie (95 %), from a bootstrap over stretches of frames; in the "
    "mean over cases also over the cases, as other people would be other cases"
)

Case = tuple[str, str, str, str]
FrameReader = Callable[[Result, str], Series | None]


def build_tables(results: Iterable[Result], frames: FrameReader | None = None) -> list[Table]:
    """Return one table for each protocol and version, in the order of their names.

    Rows of a block share identity and driver to the byte. Where there are several blocks, the
    mean over all of them follows.

    Args:
        results: what was measured.
        frames: reads the values of single frames, if means are to come with their intervals.
    """
    by_protocol: dict[tuple[str, str], list[Result]] = defaultdict(list)
    for result in results:
        by_protocol[result.protocol.name, result.protocol.version].append(result)
    return [
        _table(name, version, found, sum(key[0] == name for key in by_protocol) > 1, frames)
        for (name, version), found in sorted(by_protocol.items())
    ]


def _table(
    name: str, version: str, results: Sequence[Result], several: bool, frames: FrameReader | None
) -> Table:
    labels = method_labels(results)
    every = in_table_order(metric for result in results for metric in result.metrics)
    measured = [
        metric
        for metric in every
        if any(_cell(result, metric, 0, None).value is not None for result in results)
    ]
    columns = tuple(_column(metric, results) for metric in measured)
    blocks = [
        Block(title, ranked(_rows(found, labels, columns, frames), columns))
        for title, found in _by_case(results).items()
    ]
    if len(blocks) > 1:
        blocks.append(average_block(blocks, columns))
    marked, notes = annotated(blocks, columns)
    general = [*_training_notes(results, labels), *_table_notes(results, every, measured)]
    if frames is not None:
        general.append(Note("", INTERVALS))
    title = name.replace("_", " ") + (f" (version {version})" if several else "")
    return Table(name, title, columns, marked, (*notes, *general))


def _training_notes(results: Sequence[Result], labels: Mapping[Variant, str]) -> list[Note]:
    """Say how long each row was trained: with what preset, for how many iterations."""
    told: dict[str, str] = {}
    for result in results:
        iterations = result.timing.training_iterations
        if iterations:
            stages = ", ".join(f"{stage} {count:,}" for stage, count in iterations.items())
            told[labels[variant(result)]] = f"preset {result.method.preset} ({stages} iterations)"
    return [Note("", f"{label}: {text}") for label, text in told.items()]


def _by_case(results: Sequence[Result]) -> dict[str, list[Result]]:
    """Group results by what they measure, with a title each; of equal experiments keep the last."""
    cases: dict[Case, dict[tuple[object, ...], Result]] = defaultdict(dict)
    for result in sorted(results, key=lambda result: result.created):
        case = (
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
    titles = _case_titles(cases)
    return {
        titles[case]: sorted(found.values(), key=lambda result: (result.method.name, result.seed))
        for case, found in sorted(cases.items())
    }


def _case_titles(cases: Iterable[Case]) -> dict[Case, str]:
    """Name cases by identity and driver, and by their hashes where that is not enough."""
    titles: dict[Case, str] = {}
    short: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        identity, driver, *_ = case
        short[identity if driver == "self" else f"{identity} · {driver}"].append(case)
    for title, found in short.items():
        for case in found:
            clue = f" (files {case[2][:6]}, sound {case[3][:6]})" if len(found) > 1 else ""
            titles[case] = title + clue
    return titles


def _rows(
    results: Sequence[Result],
    labels: Mapping[Variant, str],
    columns: Sequence[Column],
    frames: FrameReader | None,
) -> tuple[Row, ...]:
    """Return a row for each variant of each method, over all its seeds."""
    variants: dict[Variant, list[Result]] = defaultdict(list)
    for result in results:
        variants[variant(result)].append(result)
    return tuple(_row(found, labels[key], columns, frames) for key, found in variants.items())


def _row(
    results: Sequence[Result], label: str, columns: Sequence[Column], frames: FrameReader | None
) -> Row:
    method = results[0].method
    made_of = f"frames: {method.composite_mode}"
    if method.leaked_conditions:
        made_of += f"; given when rendering: {', '.join(method.leaked_conditions)}"
    caveats = [made_of]
    if len(results) > 1:
        seeds = ", ".join(str(result.seed) for result in results)
        caveats.append(f"mean ± standard deviation over the seeds {seeds}")
    caveats += dict.fromkeys(note for result in results for note in result.method.notes)
    cells = {}
    for column in columns:
        measured = [_cell(result, column.name, column.decimals, frames) for result in results]
        cells[column.name] = cell_over_seeds(measured, column)
    return Row(label, cells, tuple(caveats))


def _cell(result: Result, metric: str, decimals: int, frames: FrameReader | None) -> Cell:
    """Return the cell of a metric, a dash where the method cannot have it."""
    record = result.metrics.get(metric)
    if _never(result, metric):
        return Cell(None, DASH, Status.NOT_APPLICABLE)
    if record is None:
        return Cell(None, DASH, Status.ABSENT)
    if record.value is None:
        return Cell(None, DASH, Status(record.status), record.reason, record.scored, record.total)
    averages = metric in plugins.metrics() and plugins.metrics()[metric].averages_frames
    values = frames(result, metric) if frames is not None and averages else None
    return Cell(
        record.value,
        with_interval(record.value, [values], decimals),
        Status.MEASURED,
        scored=record.scored,
        total=record.total,
        measured_by=record.measured_by,
        comparable=_comparable(result, metric, record),
        frames=values,
    )


def _never(result: Result, metric: str) -> bool:
    """Return whether a method cannot have a metric, whatever is installed."""
    method = result.method
    return (
        (metric in WHOLE_IMAGE_METRICS and not method.whole_image_valid)
        or (metric in UPPER_FACE_METRICS and not method.moves_upper_face)
        or (metric == TRAINING_TIME.name and result.timing.training_seconds is None)
    )


def _comparable(result: Result, metric: str, record: MetricRecord) -> tuple[object, ...]:
    """Return what must agree for two values of a block to be ranked."""
    key: tuple[object, ...] = (record.measured_by,)
    if metric in IMAGE_METRICS:
        key += (result.method.composite_mode,)
    spec = plugins.metrics().get(metric)
    if spec is not None and Needs.TIMING in spec.needs:
        where = result.environment
        key += (where.device, where.cpu, where.cores, where.gpu)
    return key


def _column(metric: str, results: Sequence[Result]) -> Column:
    """Describe a metric; of one whose plug-in is not installed here, the results tell."""
    spec = plugins.metrics().get(metric)
    if spec is None:
        record = next(r.metrics[metric] for r in results if metric in r.metrics)
        spec = MetricSpec(
            metric, "", "", title=metric, unit=record.unit, direction=Direction(record.direction)
        )
    return Column(metric, spec.title or metric, spec.unit, spec.direction, spec.decimals)


def _table_notes(
    results: Sequence[Result], every: Sequence[str], measured: Sequence[str]
) -> list[Note]:
    """Say which metrics no row has and why, and which columns rank only in part."""
    reasons: dict[str, list[str]] = defaultdict(list)
    for metric in every:
        if metric in measured:
            continue
        records = [result.metrics[metric] for result in results if metric in result.metrics]
        reason = next((record.reason for record in records if record.reason), "no value")
        reasons[reason].append(_column(metric, results).title)
    notes = [
        Note("", f"Not measured: {', '.join(titles)} ({reason})")
        for reason, titles in reasons.items()
    ]
    pictures = [_column(name, results).title for name in measured if name in IMAGE_METRICS]
    if pictures and len({result.method.composite_mode for result in results}) > 1:
        notes.append(
            Note(
                "",
                f"{', '.join(pictures)}: ranked only among methods whose frames are made of the "
                "same parts",
            )
        )
    return notes
