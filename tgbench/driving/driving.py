"""What a user says of how sounds drive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .tags import TrackTags


@dataclass(frozen=True)
class Driving:
    """How sounds drive, and what is declared of them.

    Attributes:
        rules: those of the protocols that the user changes, as texts by name.
        tags: of sounds, by the path or name that was given; of others, what lies beside them.
    """

    rules: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, TrackTags] = field(default_factory=dict)

    def tags_of(self, sound: Path) -> TrackTags:
        """Return what is declared of a sound.

        Raises:
            TgbenchError: the file of tags beside it is wrong.
        """
        from .tags import NO_TAGS, tags_of

        known = (self.tags.get(name) for name in (str(sound), sound.stem))
        found = next((tags for tags in known if tags is not None and tags != NO_TAGS), None)
        return tags_of(sound) if found is None else found


USUAL = Driving()
