"""The settings of systems of which there are only videos."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class AlignSettings:
    """Rules by which all videos are brought to the frames of a case; unset: as declared.

    See `tgbench.alignment.AlignmentRules`.
    """

    rate: str | None = None
    """`same`, `clock` to resample by the video's clock, `frames` to take frame by frame, or how
    many frames a second the video really has."""

    offset: int | None = None
    """Frames, at the rate of the case, before the one that is its first."""

    length: str | None = None
    """`exact`, `truncated` to leave out what is too much at the end, or `mirrored` to make up a few
    frames there, too."""

    crop: str | None = None
    """`LEFT:TOP:RIGHT:BOTTOM` in pixels, or `right-half` and the like."""

    size: str | None = None
    """`exact`, or `resized`."""

    colour_range: str | None = None
    """`stored`, `full` or `limited`."""

    def __post_init__(self) -> None:
        if any(value is not None for value in dataclasses.asdict(self).values()):
            self.given()

    def given(self) -> dict[str, Any]:
        """Return the rules that are set, by name.

        Raises:
            TgbenchError: one cannot be.
        """
        # Listing the settings of all methods should load no numerical library.
        from ...alignment.rules import AlignmentRules

        stated = dataclasses.asdict(self).items()
        return AlignmentRules.parse(
            ",".join(f"{name}={value}" for name, value in stated if value is not None)
        )


@dataclass(frozen=True)
class VideosConfig:
    """Settings of a system of which there are only videos."""

    folder: str | None = field(default=None, metadata={"place": True})
    """Folder of the videos, `<identity>/<driver>.mp4`; by default that of their declaration."""

    align: AlignSettings = AlignSettings()

    def __post_init__(self) -> None:
        if self.folder is not None:
            # A job may be done by a process that was started elsewhere.
            object.__setattr__(self, "folder", str(Path(self.folder).expanduser().absolute()))
