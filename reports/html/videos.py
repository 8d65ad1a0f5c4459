"""Which videos go into the page, and how they are written into it."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tgbench.errors import TgbenchError
from tgbench.progress import SILENT, Progress, Task
from tgbench.running.result import ERROR_FILE, TARGET_FILE, VIDEO_FILE

from .cases import CaseGroup
from .previews import write_preview

BUDGET_MB = 80
"""Of the page, for videos: a browser opens it in a second, and code hosts take files of 100 MB."""

_CHUNK = 3 << 18
"""Bytes at a time; base64 of a multiple of three has no padding, so that pieces can be joined."""

_OVERHEAD = 4 / 3


@dataclass(frozen=True)
class Clip:
    """A video of a case, or why there is none.

    Attributes:
        path: of the file.
        size: bytes of the file; 0 where there is none.
        missing: why it is not in the page; empty where it is.
        left_out: whether it could have been.
    """

    path: Path
    size: int
    missing: str = ""
    left_out: bool = False


@dataclass(frozen=True)
class CaseClips:
    """The videos of a case.

    Attributes:
        truth: the ground truth, None where the case has none.
        methods: by entry.
        errors: by entry, None where the case has no ground truth.
    """

    truth: Clip | None
    methods: tuple[Clip, ...]
    errors: tuple[Clip | None, ...]

    @property
    def clips(self) -> list[Clip]:
        """All of them that there are, or could be."""
        return [clip for clip in (self.truth, *self.methods, *self.errors) if clip]

    def replaced(self, by: Callable[[Clip], Clip]) -> CaseClips:
        """Return them with each changed by a function."""
        return CaseClips(
            self.truth and by(self.truth),
            tuple(map(by, self.methods)),
            tuple(clip and by(clip) for clip in self.errors),
        )


@dataclass(frozen=True)
class Choice:
    """What goes into the page.

    Attributes:
        cases: the videos of each case, those that stay out with the reason.
        previews: whether those that go in are smaller copies.
        whole_mb: how much larger all videos as they are would make the page.
    """

    cases: tuple[CaseClips, ...]
    previews: bool
    whole_mb: float

    @property
    def left_out(self) -> int:
        """How many videos there are that the page does not hold."""
        return sum(clip.left_out for case in self.cases for clip in case.clips)


def choose_clips(
    cases: Sequence[CaseGroup],
    folder: Path,
    progress: Progress = SILENT,
    *,
    with_videos: bool = True,
    budget_mb: float = BUDGET_MB,
) -> Choice:
    """Choose the videos of the page: all as they are if the budget has room for them.

    Otherwise previews of them, which are smaller, case by case until the budget is spent, and
    after all cases their error maps in the same order. A case goes in whole: one of which only
    some methods could be watched would compare nothing.

    Args:
        cases: in the order of the page.
        folder: for previews; they are there as long as it is.
        progress: where to report.
        with_videos: False leaves all of them out.
        budget_mb: how much larger videos may make the page, in MB.
    """
    found = [_clips(case) for case in cases]
    whole = sum(clip.size for case in found for clip in case.clips) * _OVERHEAD
    if not with_videos:
        kept = [case.replaced(_left_out("the page was made without videos")) for case in found]
        return Choice(tuple(kept), False, whole / 1e6)
    if whole <= budget_mb * 1e6:
        return Choice(tuple(found), False, whole / 1e6)
    without = _left_out(f"the page holds {budget_mb:g} MB of videos at most")
    number = sum(clip.size > 0 for case in found for clip in case.clips)
    with progress.task("making previews", number) as task:
        room = _Room(budget_mb * 1e6 / _OVERHEAD, folder, task)
        for case in found:
            room.take([case.truth, *case.methods])
        for case in found:
            room.take(case.errors)
    kept = [
        case.replaced(lambda clip: room.taken.get(clip.path) or without(clip)) for case in found
    ]
    return Choice(tuple(kept), True, whole / 1e6)


class _Room:
    """What the budget has room for, by the videos that previews are of."""

    def __init__(self, size: float, folder: Path, task: Task) -> None:
        self.taken: dict[Path, Clip] = {}
        self._left = size
        self._folder = folder
        self._task = task
        self._made = 0

    def take(self, clips: Iterable[Clip | None]) -> None:
        """Take previews of some videos in, unless these, or any before, find no room."""
        if self._left < 0:
            return
        previews = {clip.path: self._preview(clip) for clip in clips if clip}
        self._left -= sum(preview.size for preview in previews.values())
        if self._left >= 0:
            self.taken |= previews

    def _preview(self, clip: Clip) -> Clip:
        if clip.missing:
            return clip
        self._made += 1
        path = self._folder / f"{self._made}.mp4"
        try:
            write_preview(clip.path, path)
        except TgbenchError as error:
            return Clip(clip.path, 0, str(error))
        finally:
            self._task.advance()
        return Clip(path, path.stat().st_size)


def about_videos(choice: Choice) -> str:
    """Say what a page does not show as it is, and how it would; empty where there is nothing."""
    parts = []
    if choice.previews:
        parts.append(
            "These videos are smaller copies, and lack the finest texture. The original files lie "
            f"beside each result; together they would take {choice.whole_mb:.0f} MB."
        )
    blind = sum(all(clip.left_out for clip in case.clips) for case in choice.cases if case.clips)
    if blind:
        parts.append(f"{blind} of {len(choice.cases)} cases have no videos.")
    elif choice.left_out:
        parts.append(f"{choice.left_out} error maps are left out.")
    if parts:
        parts.append("To see more, give `tgbench report` fewer results, or raise --video-budget.")
    return " ".join(parts)


def base64_pieces(path: Path) -> Iterator[str]:
    """Yield a file in base64, in pieces that can be joined."""
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield base64.b64encode(chunk).decode("ascii")


def _clips(case: CaseGroup) -> CaseClips:
    folders = [entry.folder for entry in case.entries]
    truths = [clip for folder in folders if not (clip := clip_at(folder / TARGET_FILE)).missing]
    # Folders of earlier versions have neither truth nor error.
    known = bool(truths) or any((folder / ERROR_FILE).exists() for folder in folders)
    return CaseClips(
        truths[0] if truths else None,
        tuple(clip_at(folder / VIDEO_FILE) for folder in folders),
        tuple(clip_at(folder / ERROR_FILE) if known else None for folder in folders),
    )


def clip_at(path: Path) -> Clip:
    """Return a video of a result folder, or why it cannot be shown."""
    if path.is_symlink() and path.resolve().parent != path.parent.resolve():
        # The page may be published, and a folder of somebody else's may lead to any file here.
        return Clip(path, 0, f"{path.name} is a link to another folder")
    try:
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
    except FileNotFoundError:
        return Clip(path, 0, f"{path.name} is missing")
    except OSError as error:
        return Clip(path, 0, f"{path.name} cannot be read ({error.strerror})")
    return Clip(path, size, "" if size else f"{path.name} is empty")


def _left_out(why: str) -> Callable[[Clip], Clip]:
    def without(clip: Clip) -> Clip:
        return clip if clip.missing else Clip(clip.path, 0, f"left out: {why}", left_out=True)

    return without
