"""Which videos go into the page, and how they are written into it."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tgbench.running.result import ERROR_FILE, TARGET_FILE, VIDEO_FILE

from .cases import CaseGroup

BUDGET_MB = 300
"""Of the page, for videos: what a browser still opens in a few seconds."""

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


def choose_clips(
    cases: Sequence[CaseGroup], with_videos: bool, budget_mb: float
) -> list[CaseClips]:
    """Return the videos of each case, those that are not to go into the page with the reason.

    Where they are more than the budget, whole cases go in from the first on; then error maps in
    the same order. A case of which only some methods could be watched would compare nothing.

    Args:
        cases: in the order of the page.
        with_videos: False leaves all of them out.
        budget_mb: how much larger videos may make the page, in MB.
    """
    left = budget_mb * 1e6 / _OVERHEAD if with_videos else 0.0
    reason = (
        f"left out: the page holds {budget_mb:g} MB of videos at most"
        if with_videos
        else ("left out: the page was made without videos")
    )
    found = [_clips(case) for case in cases]
    pictures = []
    for clips in found:
        size = sum(clip.size for clip in (clips.truth, *clips.methods) if clip)
        taken = 0 < size <= left
        left -= size if taken else 0
        pictures.append(taken)
    chosen = []
    for clips, taken in zip(found, pictures, strict=True):
        size = sum(clip.size for clip in clips.errors if clip)
        errors_taken = taken and 0 < size <= left
        left -= size if errors_taken else 0
        chosen.append(
            CaseClips(
                clips.truth and _kept(clips.truth, taken, reason),
                tuple(_kept(clip, taken, reason) for clip in clips.methods),
                tuple(clip and _kept(clip, errors_taken, reason) for clip in clips.errors),
            )
        )
    return chosen


def base64_pieces(path: Path) -> Iterator[str]:
    """Yield a file in base64, in pieces that can be joined."""
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield base64.b64encode(chunk).decode("ascii")


def _clips(case: CaseGroup) -> CaseClips:
    folders = [entry.folder for entry in case.entries]
    truths = [clip for folder in folders if not (clip := _clip(folder / TARGET_FILE)).missing]
    # Folders of earlier versions have neither truth nor error.
    known = bool(truths) or any((folder / ERROR_FILE).exists() for folder in folders)
    return CaseClips(
        truths[0] if truths else None,
        tuple(_clip(folder / VIDEO_FILE) for folder in folders),
        tuple(_clip(folder / ERROR_FILE) if known else None for folder in folders),
    )


def _clip(path: Path) -> Clip:
    try:
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
    except FileNotFoundError:
        return Clip(path, 0, f"{path.name} is missing")
    except OSError as error:
        return Clip(path, 0, f"{path.name} cannot be read ({error.strerror})")
    return Clip(path, size, "" if size else f"{path.name} is empty")


def _kept(clip: Clip, taken: bool, reason: str) -> Clip:
    return clip if taken or clip.missing else Clip(clip.path, 0, reason, left_out=True)
