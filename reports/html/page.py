"""Writing the page, piece by piece, so that memory does not grow with its videos."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tgbench.errors import TgbenchError
from tgbench.files import atomic_path, make_folder, remove_leftovers, temporary_folder
from tgbench.progress import SILENT, Progress
from tgbench.running.result import Result
from tgbench.version import __version__

from ..tables.building import build_tables
from ..tables.cells import Table
from . import assets
from .cases import CaseGroup, Entry, case_groups, page_entries, superseded
from .content import VideoStore, case_content, field_descriptions, result_content
from .escaping import json_block, shortened, text
from .frames import read_frame_values
from .markup import made_of
from .summary import render_table
from .videos import BUDGET_MB, Choice, base64_pieces, choose_clips, videos_told

_FEW = 6
"""Things left out that are told without being asked for."""

_PLACE = re.compile(r"\{\{(\w+)\}\}")


@dataclass(frozen=True)
class HtmlSummary:
    """What was written.

    Attributes:
        path: the page.
        size: of it, in bytes.
        results, cases: how many it shows.
        videos: how many it holds.
        left_out: how many videos exist that it does not hold.
        previews: whether those that it holds are smaller copies.
    """

    path: Path
    size: int
    results: int
    cases: int
    videos: int
    left_out: int
    previews: bool


def write_html(
    results: Sequence[tuple[Path, Result]],
    path: Path,
    progress: Progress = SILENT,
    *,
    tables: Sequence[Table] | None = None,
    with_videos: bool = True,
    budget_mb: float = BUDGET_MB,
    metrics: Sequence[str] = (),
    problems: Sequence[str] = (),
) -> HtmlSummary:
    """Write one self-contained page that opens from disk and asks for nothing else.

    Args:
        results: each with its folder, where videos and tables of frames are looked for; what is
            missing is said on the page.
        path: the file to write, atomically.
        progress: where to report.
        tables: of these results, in any shape; None: in the usual one.
        with_videos: whether videos go into the page.
        budget_mb: how much of the page they may be; see `choose_clips`.
        metrics: whose curves and worst frames are shown, in this order; empty for all.
        problems: results that could not be read, in words, for the page to name.

    Raises:
        TgbenchError: the file cannot be written there.
    """
    remove_leftovers(make_folder(path.parent))
    if path.is_dir():
        raise TgbenchError(f"{path}: is a folder; name a file to write, such as report.html")
    entries = page_entries(results)
    cases = case_groups(entries)
    if tables is None:
        tables = build_tables(result for _, result in results)
    with temporary_folder("tgbench-page") as workshop:
        clips = choose_clips(
            cases, Path(workshop), progress, with_videos=with_videos, budget_mb=budget_mb
        )
        page = _Page(entries, cases, clips, tables, metrics, problems, progress)
        with atomic_path(path) as temporary:
            # A name may hold what no encoding has, such as half of a surrogate pair.
            with temporary.open("w", encoding="utf-8", errors="replace", newline="\n") as stream:
                for piece in page.pieces():
                    stream.write(piece)
            size = temporary.stat().st_size
    videos = len(page.store.paths)
    return HtmlSummary(path, size, len(entries), len(cases), videos, clips.left_out, clips.previews)


class _Page:
    """Yields a page from first to last character."""

    def __init__(
        self,
        entries: Sequence[Entry],
        cases: Sequence[CaseGroup],
        clips: Choice,
        tables: Sequence[Table],
        metrics: Sequence[str],
        problems: Sequence[str],
        progress: Progress,
    ) -> None:
        self.store = VideoStore()
        self._entries = entries
        self._cases = cases
        self._clips = clips
        self._tables = tables
        self._metrics = metrics
        self._problems = problems
        self._progress = progress
        self._style, self._script = assets.style(), assets.script()
        self._parts: dict[str, Callable[[], Iterator[str]]] = {
            "policy": self._policy,
            "style": lambda: iter([self._style]),
            "version": lambda: iter([text(__version__)]),
            "counts": self._counts,
            "problems": self._left_out,
            "tables": self._summary,
            "told": self._about_videos,
            "cases": self._case_list,
            "results": self._result_list,
            "blocks": self._blocks,
            "script": lambda: iter([self._script]),
            "videos": self._videos,
        }

    def pieces(self) -> Iterator[str]:
        """Yield the page."""
        parts = _PLACE.split(assets.asset("page.html"))
        for position, part in enumerate(parts):
            if position % 2:
                yield from self._parts[part]()
            else:
                yield part

    def _policy(self) -> Iterator[str]:
        yield text(assets.policy(self._style, self._script))

    def _counts(self) -> Iterator[str]:
        yield text(made_of([entry.result for entry in self._entries]))

    def _left_out(self) -> Iterator[str]:
        problems = [*self._problems, *superseded(self._entries)]
        if not problems:
            return
        unfold = " open" if len(problems) <= _FEW else ""
        yield f'<details class="problems"{unfold}><summary>Left out: {len(problems)}</summary><ul>'
        for problem in problems:
            yield f"<li>{text(problem)}</li>\n"
        yield "</ul></details>"

    def _summary(self) -> Iterator[str]:
        anchors: dict[str, dict[str, str]] = {}
        for number, case in enumerate(self._cases):
            anchors.setdefault(case.protocol, {})[case.title] = f"case-{number}"
        numbers = {id(entry.result): entry.number for entry in self._entries}
        for number, table in enumerate(self._tables):
            yield from render_table(
                table,
                number,
                anchors.get(table.title, {}),
                lambda result: f"result-{numbers[id(result)]}" if id(result) in numbers else "",
            )

    def _about_videos(self) -> Iterator[str]:
        told = videos_told(self._clips)
        if told:
            yield f'<p class="videos-told" role="note">{text(told)}</p>'

    def _case_list(self) -> Iterator[str]:
        for number, case in enumerate(self._cases):
            labels = ", ".join(shortened(entry.label) for entry in case.entries)
            title = shortened(case.title)
            clips = self._clips.cases[number]
            seen = any(not clip.missing for clip in clips.clips)
            kind = f"case{' watchable' if seen else ''}{' with-truth' if clips.truth else ''}"
            blind = "" if seen else ' <span class="tag">no videos</span>'
            yield (
                f'<details class="{kind}" name="case" id="case-{number}" data-case="{number}">'
                f'<summary><b>{text(title)}</b> <span class="tag">{text(case.protocol)}</span>'
                f'{blind} <span class="muted">{text(labels)}</span></summary></details>\n'
            )

    def _result_list(self) -> Iterator[str]:
        for entry in self._entries:
            result = entry.result
            parts = result.protocol.name, result.identity.name, result.driver.name
            told = " · ".join(map(shortened, parts))
            old = ' <span class="tag">superseded</span>' if entry.superseded else ""
            yield (
                f'<details class="result" id="result-{entry.number}" data-result="{entry.number}">'
                f"<summary><b>{text(shortened(entry.label))}</b> {text(told)}"
                f' <span class="muted">{text(result.created)}</span>{old}</summary></details>\n'
            )

    def _blocks(self) -> Iterator[str]:
        yield _block("fields", json_block(field_descriptions()))
        for entry in self._entries:
            yield _block(f"data-result-{entry.number}", json_block(result_content(entry)))
        with self._progress.task("reading frames", len(self._cases)) as task:
            for number, (case, clips) in enumerate(
                zip(self._cases, self._clips.cases, strict=True)
            ):
                values = [
                    read_frame_values(entry.folder, entry.result.frames) for entry in case.entries
                ]
                content = case_content(case, clips, values, self.store, self._metrics)
                yield _block(f"data-case-{number}", json_block(content))
                task.advance()

    def _videos(self) -> Iterator[str]:
        with self._progress.task("adding videos", len(self.store.paths)) as task:
            for number, path in enumerate(self.store.paths):
                yield f'<script type="text/plain" id="video-{number}">'
                yield from base64_pieces(path)
                yield "</script>\n"
                task.advance()


def _block(name: str, content: str) -> str:
    return f'<script type="application/json" id="{name}">{content}</script>\n'
