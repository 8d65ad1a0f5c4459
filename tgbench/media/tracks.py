"""Which of a file's tracks are meant: those that a player takes by default."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Tracks:
    """The tracks of a file that are read.

    Attributes:
        picture, sound: PyAV's streams; None where the file has none.
        picture_notes, sound_notes: which others there are of either kind, in words.
    """

    picture: Any | None
    sound: Any | None
    picture_notes: tuple[str, ...]
    sound_notes: tuple[str, ...]


def find_tracks(container: Any) -> Tracks:
    """Choose the default picture and sound track of an open file.

    A file may mark tracks as default; of several, or of none, the first is taken. Cover art and
    thumbnails are no moving pictures.
    """
    # Without a codec that FFmpeg knows, a track has no context.
    pictures = [s for s in container.streams.video if s.codec_context and not _is_still(s)]
    sounds = [s for s in container.streams.audio if s.codec_context]
    return Tracks(
        _default(pictures),
        _default(sounds),
        tuple(_others(pictures, "video")),
        tuple(_others(sounds, "audio")),
    )


def _is_still(stream: Any) -> bool:
    kinds = type(stream.disposition)
    return bool(
        stream.disposition & (kinds.attached_pic | kinds.timed_thumbnails | kinds.still_image)
    )


def _default(streams: Sequence[Any]) -> Any | None:
    marked = [stream for stream in streams if stream.disposition & stream.disposition.default]
    return next(iter(marked or streams), None)


def _others(streams: Sequence[Any], kind: str) -> list[str]:
    if len(streams) < 2:
        return []
    chosen: Any = _default(streams)
    place = next(i for i, stream in enumerate(streams, 1) if stream is chosen)
    why = "its default" if chosen.disposition & chosen.disposition.default else "the first"
    return [f"has {len(streams)} {kind} tracks; track {place} ({why}) is used"]
