"""The published numbers that declarations of systems hold, for tables that show them.

The rows of the TalkingGaussian paper's own tables come from `published`; a declaration may hold
what another paper, or a repository's README, says of a system.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tgbench import plugins
from tgbench.plugins import in_table_order, metric_spec
from tgbench.running.result import Result
from tgbench.specs import OWN_SOUND
from tgbench.systems.spec import SystemSpec

from .cells import Cell, Status
from .entries import Entry, protocol_title
from .published import NOTE, SOURCE, Published

if TYPE_CHECKING:
    from tgbench.systems.fields import PublishedNumbers


def declared_beside(results: Iterable[Result]) -> list[Published]:
    """Return what declarations hold of the measured systems, by protocol and where it is printed.

    Rows of the paper whose tables are shown anyway are left out.
    """
    rows: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    measured = [(result.protocol.name, result.method.name) for result in results]
    known = plugins.methods()
    for protocol, name in dict.fromkeys(measured):
        spec = known.get(name)
        if not isinstance(spec, SystemSpec):
            continue
        for row in spec.facts().published:
            if row.protocol == protocol and not row.source.startswith(SOURCE):
                rows[protocol, _printed_in(row)] += _entries(spec, row)
    return [
        Published(
            protocol,
            f"published: {source}",
            in_table_order(metric for entry in entries for metric in entry.cells),
            tuple(entries),
            (NOTE,),
        )
        for (protocol, source), entries in rows.items()
    ]


def _printed_in(row: PublishedNumbers) -> str:
    return f"{row.source}, table {row.table}" if row.table else row.source


def _entries(spec: SystemSpec, row: PublishedNumbers) -> Iterator[Entry]:
    printed = _printed_in(row)
    place = {
        "method": spec.display_title,
        "identity": row.identity,
        "driver": row.driver or OWN_SOUND,
        "protocol": protocol_title(row.protocol),
    }
    cells = {
        metric: Cell(
            value,
            Status.PUBLISHED,
            decimals=len(repr(value).partition(".")[2]),
            measured_by=f"published: {printed}",
            comparable=("published", printed, _composite(spec, metric)),
            metric=metric,
        )
        for metric, value in row.metrics.items()
    }
    title = f"{row.identity} · {row.driver}" if row.driver else row.identity
    yield Entry(place, title, cells, (f"published in {printed}; not measured here",))


def _composite(spec: SystemSpec, metric: str) -> str:
    by_pixels = metric_spec(metric).region.depends_on_composite
    return spec.composite_mode.value if by_pixels else ""
