"""All values in CSV, one line each, for other programs."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Collection, Iterator, Mapping

from tgbench.configs import flat
from tgbench.plugins import in_table_order
from tgbench.results import SCORE, as_cases, replaced_metrics
from tgbench.running.result import MetricRecord, Result
from tgbench.specs import RendererSpec
from tgbench.terminal.printing import printable

from ..tables.cell_from_result import metric_column
from ..tables.published import Published
from ..tables.settings import differing
from .report import TableReport

FIELDS = (
    "protocol",
    "protocol_version",
    "identity",
    "identity_sha256",
    "driver",
    "driver_sha256",
    "method",
    "preset",
    "config_hash",
    "seed",
    "composite_mode",
    "leaked_conditions",
    "metric",
    "value",
    "interval_low",
    "interval_high",
    "unit",
    "direction",
    "status",
    "reason",
    "scored",
    "total",
    "measured_by",
    "created",
    "case_key",
    "settings",
    "superseded",
)

_FORMULA = re.compile(r"(^|[;\t\n])(?=[=+\-@\t\n\uff1d\uff0b\uff0d\uff20])")
"""A spreadsheet takes what begins so for a formula, and runs it. Where commas part decimals, it
takes semicolons for the ends of cells, in quotes or not."""


CSV = RendererSpec(
    "csv",
    "every value of every result, one a line, unrounded",
    "tgbench.reports.renderers.values:render_csv",
    suffix="csv",
)


def render_csv(report: TableReport) -> str:
    """Return one line a result and metric, with a head; values unrounded, empty where none.

    `settings` are those in which results of one method differ, as JSON; `superseded` is whether
    tables show a later value of the same experiment and metric. Texts that a spreadsheet would run
    get an apostrophe before them, since anybody may have written them.

    All results are there, whatever the tables show; published numbers follow.
    """
    every = as_cases(report.results)
    stream = io.StringIO()
    writer = csv.DictWriter(stream, FIELDS, lineterminator="\n")
    writer.writeheader()
    settings = frozenset(differing(case.result for case in every))
    for case, replaced in replaced_metrics(every).items():
        for line in csv_lines(case.result, settings, replaced):
            _write(writer, line)
    for paper in report.published:
        for line in _published(paper):
            _write(writer, line)
    return stream.getvalue()


def csv_lines(
    result: Result, settings: Collection[str] = (), superseded: Collection[str] = ()
) -> Iterator[dict[str, object]]:
    """Yield what the line of each metric says, by field.

    Args:
        result: to tell.
        settings: of the configuration to tell.
        superseded: metrics for which a later result counts instead.
    """
    config = flat(result.method.config)
    chosen = {key: value for key, value in config.items() if key in settings}
    about = {
        "protocol": result.protocol.name,
        "protocol_version": result.protocol.version,
        "identity": result.identity.name,
        "identity_sha256": result.identity.sha256,
        "driver": result.driver.name,
        "driver_sha256": result.driver.sha256,
        "method": result.method.name,
        "preset": result.method.preset,
        "config_hash": result.method.config_hash,
        "seed": "" if result.protocol.name == SCORE else result.seed,
        "composite_mode": result.method.composite_mode,
        "leaked_conditions": "; ".join(result.method.leaked_conditions),
        "created": result.created,
        "case_key": result.case_key,
        "settings": json.dumps(chosen, ensure_ascii=False) if chosen else "",
    }
    for metric in in_table_order(result.metrics):
        counts = {"superseded": "yes" if metric in superseded else "no"}
        yield about | _measured(metric, result.metrics[metric]) | counts


def harmless(value: object) -> object:
    """Return a value that a spreadsheet does not run."""
    if not isinstance(value, str):
        return value
    # A carriage return is not quoted, and would begin a line, of which any part may be a formula.
    text = printable(value.replace("\r\n", "\n").replace("\r", "\n"), "\t\n")
    return text if _is_number(text) else _FORMULA.sub(r"\1'", text)


def _write(writer: csv.DictWriter[str], line: Mapping[str, object]) -> None:
    writer.writerow({name: harmless(value) for name, value in line.items()})


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _measured(metric: str, record: MetricRecord) -> dict[str, object]:
    """Return what a line says of a metric."""
    bounds = record.interval
    return {
        "metric": metric,
        "value": "" if record.value is None else repr(record.value),
        "interval_low": "" if bounds is None else repr(bounds.low),
        "interval_high": "" if bounds is None else repr(bounds.high),
        "unit": record.unit,
        "direction": record.direction,
        "status": record.status,
        "reason": record.reason,
        "scored": record.scored,
        "total": record.total,
        "measured_by": record.measured_by,
    }


def _published(paper: Published) -> Iterator[dict[str, object]]:
    """Yield a line for each number of a paper, without what it does not tell."""
    for entry in paper.entries:
        for metric in in_table_order(entry.cells):
            cell, column = entry.cells[metric], metric_column(metric, ())
            yield {
                **{key: name for key, name in entry.place.items() if key in FIELDS},
                "protocol": paper.protocol,
                "metric": metric,
                "value": repr(cell.value),
                "unit": column.unit,
                "direction": column.direction.value,
                "status": cell.status.value,
                "measured_by": cell.measured_by,
            }
