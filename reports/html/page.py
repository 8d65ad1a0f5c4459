"""Writing the page, piece by piece, so that memory does not grow with its videos."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tgbench.errors import TgbenchError
from tgbench.files import atomic_path, make_folder, remove_leftovers, temporary_folder
from tgbench.progress import SILENT, Progress
from tgbench.results import Experiment, MeasuredCase

from ..explaining.text import HEADING, Told, told
from ..tables.building import build_tables
from ..tables.cells import Row, Table
from ..tables.shapes import Shape
from .angles import AngleGroup, angle_groups
from .cases import CaseGroup, PageEntry, case_groups, page_entries, superseded
from .content import VideoStore, case_content, field_descriptions, result_content
from .frame_data import frame_data
from .templating import asset, environment, made_of, policy, scripts
from .videos import BUDGET_MB, Choice, about_videos, base64_pieces, choose_clips


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
    measured: Sequence[MeasuredCase],
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
        measured: all results. What is missing in their folders is said on the page; repeats of
            one experiment are merged.
        path: the file to write, atomically.
        progress: where to report.
        tables: of these results, in any shape; None: in the default shape.
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
    entries = page_entries(measured)
    cases = case_groups(entries)
    if tables is None:
        tables = build_tables(entry.case for entry in entries if not entry.superseded)
    store = VideoStore()
    with temporary_folder("tgbench-page") as workshop:
        clips = choose_clips(
            cases, Path(workshop), progress, with_videos=with_videos, budget_mb=budget_mb
        )
        style, script = asset("page.css"), scripts()
        pieces = (
            environment()
            .get_template("report.html.j2")
            .generate(
                policy=policy(style, script),
                style=style,
                script=script,
                made_of=made_of([entry.result for entry in entries]),
                problems=[*problems, *superseded(entries)],
                tables=tables,
                anchors=_anchors(cases),
                angles=_angles(entries, metrics),
                source_of=_sources(entries),
                about_videos=about_videos(clips),
                cases=list(zip(cases, clips.cases, strict=True)),
                explained=list(_explained(entries)),
                explained_heading=HEADING,
                entries=entries,
                fields=field_descriptions(),
                result_content=result_content,
                case_contents=_case_contents(cases, clips, store, metrics, progress),
                videos=_videos(store, progress),
            )
        )
        with atomic_path(path) as temporary:
            # A name may hold what no encoding has, such as half of a surrogate pair.
            with temporary.open("w", encoding="utf-8", errors="replace", newline="\n") as stream:
                stream.writelines(pieces)
            size = temporary.stat().st_size
    videos = len(store.paths)
    return HtmlSummary(path, size, len(entries), len(cases), videos, clips.left_out, clips.previews)


def _explained(entries: Sequence[PageEntry]) -> Iterator[Told]:
    """Yield what is said of each method's worst case."""
    shown = {entry.case: entry.label for entry in entries if not entry.superseded}
    return told(list(shown), shown.__getitem__)


def _angles(entries: Sequence[PageEntry], metrics: Sequence[str]) -> list[AngleGroup]:
    """Return curves over angles; they take tables in the default shape."""
    seen = [entry.case for entry in entries if not entry.superseded and entry.result.view]
    return angle_groups(build_tables(seen, shape=Shape(tuple(metrics)))) if seen else []


def _anchors(cases: Sequence[CaseGroup]) -> dict[tuple[str, str], str]:
    """Return the element of each case, by the titles of the table and block that show it."""
    return {(case.protocol, case.title): f"case-{number}" for number, case in enumerate(cases)}


def _sources(entries: Sequence[PageEntry]) -> Callable[[Row], str]:
    """Return a function that names the element of the one result that a row shows, if it is one."""
    numbers = {entry.case.experiment: entry.number for entry in entries if not entry.superseded}

    def source_of(row: Row) -> str:
        if len(row.results) != 1:
            return ""
        number = numbers.get(Experiment.of(row.results[0]))
        return "" if number is None else f"result-{number}"

    return source_of


def _case_contents(
    cases: Sequence[CaseGroup],
    clips: Choice,
    store: VideoStore,
    metrics: Sequence[str],
    progress: Progress,
) -> Iterator[dict[str, Any]]:
    """Yield what the page shows of each case, reading its frames when it is asked for."""
    with progress.task("reading frames", len(cases)) as task:
        for case, chosen in zip(cases, clips.cases, strict=True):
            values = [frame_data(entry.case) for entry in case.entries]
            yield case_content(case, chosen, values, store, metrics)
            task.advance()


def _videos(store: VideoStore, progress: Progress) -> Iterator[Iterator[str]]:
    """Yield the pieces of each video that cases, which come before, refer to."""
    with progress.task("adding videos", len(store.paths)) as task:
        for path in store.paths:
            yield base64_pieces(path)
            task.advance()
