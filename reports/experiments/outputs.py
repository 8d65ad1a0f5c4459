"""The table, the page and the plots of an experiment, in a folder of its own below OUT."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Collection, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tgbench import plugins
from tgbench.errors import TgbenchError
from tgbench.files import make_folder, write_json, write_text
from tgbench.inputs import read_json, reason
from tgbench.metrics.naming import metrics_named
from tgbench.results import MeasuredCase
from tgbench.running.locks import sole_replacer
from tgbench.terminal import Terminal
from tgbench.terminal.wrapping import line_width

from ..html import write_html
from ..plots import write_plots
from ..renderers.report import TableReport
from ..renderers.terminal import render_terminal
from ..tables.building import Extras, build_tables
from ..tables.cells import Note, Table
from ..tables.published import published_beside
from ..tables.shapes import PLAIN, Shape, fields_named, shape_named
from .declaration import Experiment
from .requests import Blocked

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = "experiments"
"""Below OUT."""

_ORIGIN = "experiment.json"
_COPY = "experiment.toml"


def folder_of(out: Path, experiment: Experiment) -> Path:
    """Return where the outputs of an experiment go."""
    return out / FOLDER / experiment.name


@contextmanager
def claimed(folder: Path, experiment: Experiment) -> Iterator[None]:
    """Lock the folder of an experiment for its outputs, and note whose it is.

    Raises:
        TgbenchError: it is that of another experiment of this name.
    """
    with sole_replacer(folder, wait=True):
        refuse_other(folder, experiment)
        make_folder(folder)
        write_json(folder / _ORIGIN, {"file": str(experiment.path)})
        write_text(folder / _COPY, experiment.path.read_text(encoding="utf-8"))
        yield


def refuse_other(folder: Path, experiment: Experiment) -> None:
    """Refuse a folder that holds the outputs of another experiment of this name.

    Raises:
        TgbenchError: it does.
    """
    note = folder / _ORIGIN
    if not note.exists():
        return
    try:
        said = read_json(note)
    except (OSError, ValueError) as error:
        raise TgbenchError(f"{note}: cannot be read ({reason(error)}); delete it") from error
    other = said.get("file") if isinstance(said, dict) else None
    if other != str(experiment.path):
        raise TgbenchError(
            f"{folder}: holds the tables of another experiment of this name, {other}; change "
            f"`name` in {experiment.path}, or choose another --out"
        )


def shape_of(experiment: Experiment, measured: Collection[str] = ()) -> Shape:
    """Return the shape of an experiment's table.

    Raises:
        TgbenchError: there is no such shape, metric or field.
    """
    layout = experiment.table
    # An experiment has its own cases alone, whatever protocol the paper's table is about.
    shape = dataclasses.replace(shape_named(layout.shape) if layout.shape else PLAIN, protocol="")
    return dataclasses.replace(
        shape,
        metrics=metrics_named(layout.metrics, measured) if layout.metrics else shape.metrics,
        rows=fields_named(layout.rows) if layout.rows else shape.rows,
        columns=fields_named(layout.columns) if layout.columns else shape.columns,
    )


def write_outputs(
    experiment: Experiment,
    cases: Sequence[MeasuredCase],
    missing: Sequence[Blocked],
    folder: Path,
    terminal: Terminal,
) -> None:
    """Print the table, and write it with the page, the plots and the time of each job.

    Args:
        experiment: whose.
        cases: that were measured.
        missing: what was not, and why.
        folder: of the outputs.
        terminal: where to print.
    """
    results = [case.result for case in cases]
    shape = shape_of(experiment, {name for result in results for name in result.metrics})
    published = experiment.table.published and bool(shape.published)
    tables = build_tables(cases, shape=shape, extras=Extras(published=published))
    tables = [_with_missing(table, missing) for table in tables]
    papers = published_beside(results, shape.published) if published else []
    report = TableReport(tables, cases, papers)
    for table in tables:
        terminal.out.print(render_terminal(table, line_width(terminal.out.file)))
        terminal.out.print()
    for form in plugins.renderers().values():
        write_text(folder / f"table.{form.suffix}", form.load()(report))
    write_text(folder / "times.csv", times_of(cases))
    write_html(
        cases,
        folder / "page.html",
        terminal.progress,
        tables=tables,
        metrics=shape.metrics,
        problems=[f"not run: {each}" for each in missing],
    )
    try:
        write_plots(cases, folder / "plots", terminal.progress, metrics=shape.metrics)
    except TgbenchError as error:
        terminal.out.print(f"no plots: {error}", markup=False)
    terminal.out.print(f"table, page, plots and times of jobs: {folder}", markup=False)


def times_of(cases: Sequence[MeasuredCase]) -> str:
    """Return as CSV how long the fit of each case and the case itself took."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ("protocol", "identity", "method", "settings", "seed", "driver", "fit_s", "case_s", "cpu")
    )
    for case in cases:
        result, timing = case.result, case.result.timing
        writer.writerow(
            (
                result.protocol.name,
                result.identity.name,
                result.method.name,
                case.folder.parent.name,
                result.seed,
                result.driver.name,
                "" if timing.training_seconds is None else f"{timing.training_seconds:.1f}",
                f"{timing.render_seconds:.1f}",
                result.environment.cpu,
            )
        )
    return text.getvalue()


def _with_missing(table: Table, missing: Sequence[Blocked]) -> Table:
    notes = tuple(Note("", f"Not run: {each}") for each in missing)
    return dataclasses.replace(table, notes=(*table.notes, *notes))
