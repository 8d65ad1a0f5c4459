"""Writing all pages of a site."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tgbench.progress import SILENT, Progress

from ..html.escaping import text
from ..html.markup import counted
from ..tables.building import Extras, build_tables
from .board import Board
from .downloads import render_download
from .folder import INDEX, SiteFolder
from .index import index_page, summary_of
from .protocols import Protocol, protocols_of
from .record import result_page
from .repeated import render_repeated
from .skeleton import Page, Skeleton
from .submissions import Submissions


@dataclass(frozen=True)
class SiteSummary:
    """What was written.

    Attributes:
        index: the first page.
        pages: how many there are.
        size: of all files, in bytes.
        results: how many results have a page.
        left_out: how many could not be shown.
    """

    index: Path
    pages: int
    size: int
    results: int
    left_out: int


def write_site(
    submissions: Submissions,
    folder: Path,
    progress: Progress = SILENT,
    extras: Extras | None = None,
) -> SiteSummary:
    """Write a leaderboard that opens from disk and asks for nothing else.

    Pages of a site that was here before are replaced or removed; other files stay.

    Args:
        submissions: what it shows.
        folder: where it goes.
        progress: where to report.
        extras: what tables show beside the numbers.

    Raises:
        TgbenchError: it cannot be written there, or would replace a file that is no site's.
    """
    skeleton = Skeleton()
    protocols = protocols_of(submissions)
    every = submissions.every
    place = SiteFolder(folder)
    names = [f"results/{submission.page}.html" for submission in every]
    boards = [name for protocol in protocols for name in (protocol.page, protocol.download)]
    place.claim([*skeleton.assets, *names, *boards, INDEX])
    for name, content in skeleton.assets.items():
        place.write(name, content)
    with progress.task("writing pages", len(every) + len(protocols)) as task:
        for protocol in protocols:
            alike = {id(one): found for found in protocol.rivals() for one in found}
            for submission in protocol.submissions:
                found = alike.get(id(submission), ())
                page = result_page(submission, protocol.heading, protocol.page, found)
                place.write(f"results/{submission.page}.html", skeleton.render(page))
                task.advance()
        for protocol in protocols:
            place.write(protocol.download, render_download(protocol.submissions))
            page = _board_page(protocol, extras or Extras())
            place.write(protocol.page, skeleton.render(page))
            task.advance()
    place.write(INDEX, skeleton.render(index_page(submissions, protocols)))
    place.finish()
    pages = len(every) + len(protocols) + 1
    return SiteSummary(folder / INDEX, pages, place.size, len(every), len(submissions.problems))


def _board_page(protocol: Protocol, extras: Extras) -> Page:
    (table,) = build_tables(protocol.results, extras=extras)
    counts = counted(len(protocol.submissions), "result")
    header = (
        '<p class="crumbs"><a href="index.html">All protocols</a></p>'
        f"<h1>{text(protocol.heading)}</h1>"
        f'<p class="lead">{text(summary_of(protocol.name))}</p>'
        f'<p class="muted">Version {text(protocol.version)} · {counts} · '
        f'<a href="{protocol.download}" download>all numbers as CSV</a></p>'
    )
    board = Board(table, protocol.submissions)
    main = "".join((*board.render(), *render_repeated(protocol.rivals())))
    return Page(protocol.heading, header, main)
