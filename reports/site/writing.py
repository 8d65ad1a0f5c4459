"""Writing all pages of a site."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tgbench.progress import SILENT, Progress
from tgbench.results import MeasuredCase, replaced_metrics

from ..renderers.values import FIELDS, csv_lines, harmless
from ..tables.building import Extras
from ..tables.settings import differing
from .folder import INDEX, SiteFolder
from .pages import SitePages
from .submissions import Submission, Submissions


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
    pages = SitePages()
    protocols = submissions.protocols()
    every = submissions.every
    place = SiteFolder(folder)
    names = [f"results/{submission.page}.html" for submission in every]
    boards = [name for protocol in protocols for name in (protocol.page, protocol.download)]
    place.claim([*pages.assets, *names, *boards, INDEX])
    for name, content in pages.assets.items():
        place.write(name, content)
    with progress.task("writing pages", len(every) + len(protocols)) as task:
        for protocol in protocols:
            alike = {id(one): found for found in protocol.rivals() for one in found}
            for submission in protocol.submissions:
                page = pages.result(submission, protocol, alike.get(id(submission), ()))
                place.write(f"results/{submission.page}.html", page)
                task.advance()
        for protocol in protocols:
            place.write(protocol.download, _download(protocol.submissions))
            place.write(protocol.page, pages.board(protocol, extras))
            task.advance()
    place.write(INDEX, pages.index(submissions, protocols))
    place.finish()
    number = len(every) + len(protocols) + 1
    return SiteSummary(folder / INDEX, number, place.size, len(every), len(submissions.problems))


def _download(submissions: Sequence[Submission]) -> str:
    """Return as CSV a line for each result and metric, with where it comes from."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, (*FIELDS, "source"), lineterminator="\n")
    writer.writeheader()
    settings = frozenset(differing([submission.result for submission in submissions]))
    own = [MeasuredCase.in_memory(one.entry.case.own_result) for one in submissions]
    for submission, (case, replaced) in zip(
        submissions, replaced_metrics(own).items(), strict=True
    ):
        source = {"source": submission.entry.place}
        for line in csv_lines(case.result, settings, replaced):
            writer.writerow({name: harmless(value) for name, value in (line | source).items()})
    return stream.getvalue()
