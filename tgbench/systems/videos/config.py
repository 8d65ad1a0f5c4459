"""The settings of systems of which there are only videos."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class VideosConfig:
    """Settings of a system of which there are only videos."""

    folder: str | None = field(default=None, metadata={"place": True})
    """Folder of the videos, `<identity>/<driver>.mp4`; by default that of their declaration."""

    align: str = ""
    """Rules by which all videos are brought to the frames of a case, over those of the
    declaration: `rate=clock,length=truncated`."""

    def __post_init__(self) -> None:
        if self.align:
            from ...alignment.rules import AlignmentRules

            AlignmentRules.parse(self.align)
        if self.folder is not None:
            # A job may be done by a process that was started elsewhere.
            object.__setattr__(self, "folder", str(Path(self.folder).absolute()))
