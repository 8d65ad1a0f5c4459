"""`tgbench report --site`: a leaderboard of many folders' results."""

from __future__ import annotations

import argparse

from tgbench.errors import TgbenchError
from tgbench.terminal import Terminal

from ..html.templating import counted
from ..tables.building import Extras
from .submissions import gather
from .writing import write_site

_HTML = ("html", "no_videos", "video_budget")
_OTHERS = ("to", *_HTML, "plots", "shape", "metrics", "rows", "columns")
"""Options of other outputs, which do not work with a site."""


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Write the site, and say where it is and what is not in it.

    Raises:
        TgbenchError: another output is requested at the same time, there is nothing to show, or
            the site cannot be written.
    """
    for name in _OTHERS:
        if getattr(args, name) not in (None, False):
            option = f"--{name.replace('_', '-')}"
            raise TgbenchError(f"{option} does not work with --site; leave out one of them")
    submissions = gather(args.folders)
    extras = Extras(args.intervals, args.significance, args.published)
    summary = write_site(submissions, args.site, terminal.progress, extras)
    without = f", {summary.left_out} left out" if summary.left_out else ""
    terminal.out.print(
        f"site: {summary.index} ({counted(summary.results, 'result')}, {summary.pages} pages, "
        f"{summary.size / 1e6:.1f} MB{without})",
        markup=False,
    )
    return 0
