"""`tgbench report`: tables of the results in a folder."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from tgbench.errors import TgbenchError
from tgbench.terminal import Terminal

if TYPE_CHECKING:
    from tgbench.running.result import Result

_log = logging.getLogger("tgbench")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("folder", type=Path, metavar="OUT", help="where `tgbench run` wrote")
    parser.add_argument(
        "--to", type=Path, metavar="FOLDER", help="where the tables go (into OUT itself)"
    )


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Print a table for each protocol; write table.tex, table.md and table.csv."""
    from tgbench.files import make_folder, write_text

    from .latex import render_latex
    from .markdown import render_markdown
    from .tables import build_tables
    from .terminal import render_terminal
    from .values import render_csv

    results = readable_results(args.folder)
    tables = build_tables(results)
    for table in tables:
        terminal.out.print(render_terminal(table))
        terminal.out.print()
    folder = make_folder(args.to or args.folder)
    contents = {
        "table.tex": render_latex(tables),
        "table.md": render_markdown(tables),
        "table.csv": render_csv(results),
    }
    for name, text in contents.items():
        write_text(folder / name, text)
    terminal.out.print(
        f"tables: {', '.join(str(folder / name) for name in contents)}", markup=False
    )
    return 0


def readable_results(folder: Path) -> list[Result]:
    """Return the results at or below a folder; warn about each that cannot be read.

    Raises:
        TgbenchError: there is none, or none that can be read.
    """
    from tgbench.running.result import read_result, result_paths

    if not folder.is_dir():
        raise TgbenchError(f"{folder}: no such folder; make results with `tgbench run --out`")
    results, problems = [], []
    for path in result_paths(folder):
        try:
            results.append(read_result(path))
        except TgbenchError as error:
            problems.append(str(error))
    if not results:
        if problems:
            raise TgbenchError("; ".join(problems[:3]) + ("; ..." if len(problems) > 3 else ""))
        raise TgbenchError(f"{folder}: holds no results; make some with `tgbench run`")
    for problem in problems:
        _log.warning("left out: %s", problem)
    return results
