"""`tgbench report`: tables of results."""

from __future__ import annotations

import argparse
from pathlib import Path

from tgbench.terminal import Terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "folders", type=Path, nargs="+", metavar="OUT", help="where `tgbench run` wrote"
    )
    parser.add_argument(
        "--to", type=Path, metavar="FOLDER", help="where the tables go (into the first OUT)"
    )
    parser.add_argument(
        "--intervals",
        action="store_true",
        help="show where each mean over frames may lie (95 %%, bootstrap over stretches of frames; "
        "over clips, too, in the mean of several cases)",
    )


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Print a table for each protocol; write table.tex, table.md and table.csv."""
    from tgbench.files import make_folder, write_text

    from .latex import render_latex
    from .loading import FrameValues, readable_results
    from .markdown import render_markdown
    from .tables import build_tables
    from .terminal import render_terminal
    from .values import render_csv

    found = readable_results(args.folders)
    results = [result for _, result in found]
    tables = build_tables(results, FrameValues(found) if args.intervals else None)
    for table in tables:
        terminal.out.print(render_terminal(table))
        terminal.out.print()
    folder = make_folder(args.to or args.folders[0])
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
