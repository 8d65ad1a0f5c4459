"""All values in CSV, one line each, for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from tgbench.metrics.specs import in_table_order
from tgbench.running.result import Result

from .measured import metric_column
from .papers import Published

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
)


def render_csv(results: Iterable[Result], published: Iterable[Published] = ()) -> str:
    """Return one line a result and metric, with a head; values unrounded, empty where none.

    Args:
        results: all of them, whatever tables show.
        published: what follows, with the status `published`.
    """
    stream = io.StringIO()
    writer = csv.DictWriter(stream, FIELDS, lineterminator="\n")
    writer.writeheader()
    for result in results:
        for metric in in_table_order(result.metrics):
            record = result.metrics[metric]
            bounds = record.interval
            writer.writerow(
                {
                    "protocol": result.protocol.name,
                    "protocol_version": result.protocol.version,
                    "identity": result.identity.name,
                    "identity_sha256": result.identity.sha256,
                    "driver": result.driver.name,
                    "driver_sha256": result.driver.sha256,
                    "method": result.method.name,
                    "preset": result.method.preset,
                    "config_hash": result.method.config_hash,
                    "seed": result.seed,
                    "composite_mode": result.method.composite_mode,
                    "leaked_conditions": "; ".join(result.method.leaked_conditions),
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
                    "created": result.created,
                    "case_key": result.case_key,
                }
            )
    for paper in published:
        writer.writerows(_published(paper))
    return stream.getvalue()


def _published(paper: Published) -> Iterator[dict[str, object]]:
    """Yield a line for each number of a paper, without what it does not tell."""
    for entry in paper.entries:
        for metric in in_table_order(entry.cells):
            cell, column = entry.cells[metric], metric_column(metric, ())
            yield {
                **entry.place,
                "protocol": paper.protocol,
                "metric": metric,
                "value": repr(cell.value),
                "unit": column.unit,
                "direction": column.direction.value,
                "status": cell.status.value,
                "measured_by": cell.measured_by,
            }
