"""`tgbench report`: tables of results."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tgbench import plugins
from tgbench.commands.lists import add_list, names, phrases, stand_alone
from tgbench.errors import TgbenchError
from tgbench.terminal import Terminal

if TYPE_CHECKING:
    from tgbench.results import Reading
    from tgbench.specs import RendererSpec

    from .renderers.report import TableReport
    from .tables.cells import Table
    from .tables.shapes import Shape

SELECTION = "table-selection"
"""Name of files of tables that do not show all columns."""

_MOST_DIGITS = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("folders", nargs="*", metavar="OUT", help="where `tgbench run` wrote")
    parser.add_argument(
        "--intervals",
        action="store_true",
        help="show the 95 %% interval of each mean over frames (bootstrap over blocks of frames, "
        "and over clips in the mean of several cases)",
    )
    parser.add_argument(
        "--significance",
        action="store_true",
        help="mark what differs from the best of its column on the same frames (paired bootstrap)",
    )
    parser.add_argument(
        "--published",
        action="store_true",
        help="show the TalkingGaussian paper's numbers below the measured ones, marked as such",
    )
    parser.add_argument(
        "--explain",
        action="store_true",
        help="say which defect the metrics of each method's worst case point to, and what was not "
        "measured for it; pages always do",
    )
    parser.add_argument(
        "--no-notes", action="store_true", help="leave footnotes and their letters out of tables"
    )
    add_list(
        parser,
        "--digits",
        names,
        "digits after the point: N for all columns, METRIC=N for one; published numbers keep "
        "their own",
        metavar="N",
    )
    files = parser.add_argument_group("files of tables")
    files.add_argument(
        "--to", type=Path, metavar="FOLDER", help="where they go (default: the first OUT)"
    )
    files.add_argument(
        "--name",
        metavar="STEM",
        help="their name before the point (default: table; the name of the shape with --shape; "
        f"{SELECTION} with --metrics, --rows or --columns, so that full tables stay)",
    )
    add_list(
        files,
        "--formats",
        names,
        "which to write (default: all): latex, markdown, csv, or the name of a plug-in",
        metavar="NAME",
    )
    files.add_argument(
        "--latex-width",
        choices=("auto", "column", "page"),
        default="auto",
        help="of tables in LaTeX: 'column' makes `table`, 'page' makes `table*`; 'auto' takes the "
        "page where a column is too narrow (default)",
    )
    layout = parser.add_argument_group("shape of the tables")
    layout.add_argument(
        "--shape",
        metavar="NAME",
        help="of a table of the paper: table1, table2, table4, table5, table6, table7; the next "
        "three options change it",
    )
    add_list(
        layout,
        "--metrics",
        phrases,
        "columns to show, by name or title, in this order; all that are there if none is given",
        metavar="NAME",
    )
    add_list(
        layout,
        "--rows",
        names,
        "what stands at the side: method, identity, driver (or audio), protocol, or settings: "
        "seed, preset, device, audio_features, config.NAME for any of a method's configuration; "
        "the method if nothing is given",
        metavar="FIELD",
    )
    add_list(
        layout,
        "--columns",
        names,
        "what stands above the metrics, of the same; a method, identity or driver that is neither "
        "at the side nor above makes blocks of rows, protocols make tables",
        metavar="FIELD",
    )
    parser.add_argument(
        "--plots", type=Path, metavar="FOLDER", help="write plots for a paper there, PDF and SVG"
    )
    page = parser.add_argument_group("HTML report")
    page.add_argument(
        "--html",
        type=Path,
        metavar="FILE",
        help="write one self-contained page, with players, curves and worst frames, to FILE",
    )
    page.add_argument(
        "--no-videos", action="store_true", help="keep the page small: no videos in it"
    )
    page.add_argument(
        "--video-budget",
        type=float,
        metavar="MB",
        help="of the page, for videos (80); where they are more, the page holds smaller copies, of "
        "as many cases as there is room for",
    )
    parser.add_argument(
        "--site",
        type=Path,
        metavar="DIR",
        help="write a leaderboard of all OUT folders, other people's included, to DIR: a page for "
        "each protocol and each result, without videos; no tables are printed or written then",
    )


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Print a table for each protocol, and write them to files."""
    args.folders = [Path(word) for word in stand_alone(args, "folders")]
    if not args.folders:
        raise TgbenchError("no folder given; name one or more folders of results (OUT)")
    if args.site is not None:
        from .site.command import execute as write_site

        return write_site(args, terminal)
    from tgbench.results import read_folders
    from tgbench.terminal.wrapping import line_width

    from .renderers.report import TableReport
    from .renderers.terminal import render_terminal
    from .tables.building import Extras, build_tables
    from .tables.footnotes import without_notes
    from .tables.published import published_beside

    stem, forms = _stem(args), _forms(args.formats)

    found = read_folders(args.folders)
    results = [case.result for case in found.cases]
    if args.no_videos and args.html is None:
        raise TgbenchError("--no-videos is about the HTML report; name its file with --html FILE")
    if args.video_budget is not None and (args.html is None or not args.video_budget > 0):
        raise TgbenchError("--video-budget is MB of the HTML report, above 0, beside --html FILE")
    measured = {metric for result in results for metric in result.metrics}
    extras = Extras(
        args.intervals,
        args.significance,
        args.published,
        _digits(args.digits or (), measured),
    )
    shape = _shape(args, measured)
    tables = build_tables(found.cases, shape=shape, extras=extras)
    shown = list(map(without_notes, tables)) if args.no_notes else tables
    papers = published_beside(results, shape.published) if args.published else []
    for table in shown:
        terminal.out.print(render_terminal(table, line_width(terminal.out.file)))
        terminal.out.print()
    if args.explain:
        _explain(found, terminal)
    if missing := found.without_result():
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        terminal.out.print(f"not in the tables: {missing[0]}{more}", markup=False)
    report = TableReport(shown, found.cases, papers, args.latex_width)
    written = _write(report, args.to or args.folders[0], stem, forms)
    terminal.out.print(f"tables: {', '.join(map(str, written))}", markup=False)
    if args.plots is not None:
        from .plots import write_plots

        drawn = write_plots(
            found.cases,
            args.plots,
            terminal.progress,
            metrics=shape.metrics,
            protocol=shape.protocol,
        )
        terminal.out.print(f"plots: {len(drawn)} files in {args.plots}", markup=False)
    if args.html is not None:
        _write_page(args, found, tables, shape, terminal)
    return 0


def _explain(found: Reading, terminal: Terminal) -> None:
    """Print what the worst case of each method suffers from."""
    from tgbench.results import merge_cases
    from tgbench.terminal.printing import printable
    from tgbench.terminal.wrapping import hanging, line_width, wrapped

    from .explaining.text import HEADING, told
    from .tables.labels import method_labels

    cases = merge_cases(found.cases)
    labels = method_labels([case.result for case in cases])
    width = line_width(terminal.out.file)
    lines, missing = [HEADING], set()
    for each in told(cases, lambda case: labels[case.variant]):
        lines += wrapped(each.heading, width)
        for point in each.points:
            lines += hanging("  - ", point, width)
        if each.unknown:
            lines += hanging("  cannot be told: ", each.unknown, width)
        missing |= set(each.missing)
    if missing:
        names = " ".join(plugins.in_table_order(missing))
        lines += wrapped(f"to tell more, measure again with --metrics {names}", width)
    if len(lines) == 1:
        lines.append("no case has a ground truth to compare with")
    for line in lines:
        terminal.out.print(printable(line), markup=False, highlight=False)
    terminal.out.print()


def _stem(args: argparse.Namespace) -> str:
    """Return the name of the files without their suffix.

    Tables with fewer columns never replace the full ones unless that name is asked for.
    """
    if args.name is not None:
        if not args.name or Path(args.name).name != args.name:
            raise TgbenchError(
                f"--name {args.name}: not the name of a file; name the folder with --to FOLDER"
            )
        return str(args.name)
    if (args.metrics, args.rows, args.columns) != (None, None, None):
        return SELECTION
    if args.shape is not None:
        from .tables.shapes import shape_key

        return shape_key(args.shape)
    return "table"


def _forms(chosen: Sequence[str] | None) -> list[RendererSpec]:
    known = plugins.renderers()
    if chosen is None:
        return list(known.values())
    return [plugins.find(known, name, "format of tables") for name in dict.fromkeys(chosen)]


def _digits(words: Sequence[str], measured: Collection[str]) -> dict[str, int]:
    """Return digits after the point by metric; of all others by an empty name."""
    from tgbench.metrics.naming import metric_named

    found = {}
    for word in words:
        name, _, number = word.rpartition("=")
        if not (number.isascii() and number.isdecimal() and int(number) <= _MOST_DIGITS):
            raise TgbenchError(
                f"--digits {word}: give N or METRIC=N, N from 0 to {_MOST_DIGITS} digits"
            )
        found[metric_named(name, measured) if name else ""] = int(number)
    return found


def _write(
    report: TableReport, folder: Path, stem: str, forms: Sequence[RendererSpec]
) -> list[Path]:
    from tgbench.files import make_folder, write_text

    make_folder(folder)
    paths = []
    for form in forms:
        paths.append(folder / f"{stem}.{form.suffix}")
        write_text(paths[-1], form.load()(report))
    return paths


def _shape(args: argparse.Namespace, measured: Collection[str]) -> Shape:
    """Return the named shape, or the usual one, with what is asked for instead.

    Args:
        args: of the command.
        measured: metrics that the results have.

    Raises:
        TgbenchError: a name is unknown, or the rest makes no table.
    """
    from tgbench.metrics.naming import metrics_named

    from .tables.shapes import PLAIN, fields_named, shape_named

    shape = shape_named(args.shape) if args.shape is not None else PLAIN
    if args.metrics is not None:
        shape = dataclasses.replace(shape, metrics=metrics_named(args.metrics, measured))
    return dataclasses.replace(
        shape,
        rows=shape.rows if args.rows is None else fields_named(args.rows),
        columns=shape.columns if args.columns is None else fields_named(args.columns),
    )


def _write_page(
    args: argparse.Namespace,
    found: Reading,
    tables: Sequence[Table],
    shape: Shape,
    terminal: Terminal,
) -> None:
    from .html import BUDGET_MB, write_html

    shown = [case for case in found.cases if shape.protocol in ("", case.key.protocol)]
    problems = found.left_out()
    if len(shown) < len(found.cases):
        number = len(found.cases) - len(shown)
        counted = f"{number} result{'s' * (number > 1)}"
        problems.append(f"{counted} of other protocols than {shape.protocol}, as asked for")
    summary = write_html(
        shown,
        args.html,
        terminal.progress,
        tables=tables,
        with_videos=not args.no_videos,
        budget_mb=BUDGET_MB if args.video_budget is None else args.video_budget,
        metrics=shape.metrics,
        problems=problems,
    )
    kind = "previews" if summary.previews else "videos"
    without = f", {summary.left_out} left out" if summary.left_out else ""
    terminal.out.print(
        f"page: {summary.path} ({summary.size / 1e6:.1f} MB, {summary.videos} {kind}{without})",
        markup=False,
    )
