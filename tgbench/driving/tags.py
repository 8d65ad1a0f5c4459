"""What is declared of a driving sound: language, the speaker's gender, speech or song."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from ..files import cache_root
from ..synthetic.names import TRACK_TAGS
from ..toml_files import Table, checked, read_toml


class TrackTags(Table):
    """Tags of a sound, as whoever has it declares them; empty where nothing is declared."""

    language: str = Field(default="", description="That is spoken or sung, such as `German`.")
    gender: str = Field(default="", description="Of the speaker, such as `female`.")
    kind: Literal["", "speech", "singing"] = Field(default="", description="What it is.")

    @property
    def voice(self) -> str:
        """The tags as the paper's table 7 heads its columns, such as `Male, German`."""
        kind = "singing" if self.kind == "singing" else ""
        words = ", ".join(filter(None, (self.gender, self.language, kind)))
        return words[:1].upper() + words[1:]


NO_TAGS = TrackTags()


def tags_of(sound: Path) -> TrackTags:
    """Return what is declared of a sound: in `SOUND.toml` beside it, or of a built-in track.

    Raises:
        TgbenchError: the file beside it cannot be read, or something in it is wrong.
    """
    path = sound.with_name(f"{sound.name}.toml")
    if path.is_file():
        return checked(path, read_toml(path), TrackTags)
    return (
        TrackTags.model_validate(TRACK_TAGS.get(sound.stem, {})) if _is_built_in(sound) else NO_TAGS
    )


def _is_built_in(sound: Path) -> bool:
    """Whether a sound is a built-in track, in the cache."""
    return sound.resolve().is_relative_to((cache_root() / "synthetic").resolve())
