"""Finished videos as a method: it learns nothing and renders what is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...alignment import aligned_frames
from ...alignment.rules import AlignmentRules
from ...errors import TgbenchError
from ...files import write_json
from ...identities import Identity, Split
from ...inputs import read_json
from ...interfaces import Drive, FitContext, FitReport, Image
from .config import VideosConfig
from .folder import Found, VideoFolder

if TYPE_CHECKING:
    from .declaration import VideosDeclaration

_STATE = "videos.json"


class Videos:
    """A system of which there are only videos; see `tgbench.interfaces.Method`."""

    def __init__(self, declaration: VideosDeclaration, config: VideosConfig) -> None:
        """Remember what is declared; no video is looked at yet."""
        self._declaration, self._config = declaration, config
        self._identity = ""
        self._notes: Sequence[str] = ()

    def find(self, identity: str, driver: str) -> Found:
        """Return the video of an identity that something drives.

        Raises:
            TgbenchError: there is none, or there are two, or a row of their table is wrong.
        """
        declared, given = self._declaration, self._config.folder
        folder = VideoFolder(
            Path(given) if given else declared.path.parent, declared.videos.table or ""
        )
        try:
            return folder.find(identity, driver)
        except TgbenchError as error:
            if given:
                raise
            raise TgbenchError(
                f"{error}; where the videos lie elsewhere, give --set {declared.name}.folder=DIR"
            ) from error

    def fit(self, identity: Identity, split: Split, context: FitContext) -> FitReport:
        """Remember whose videos are wanted; nothing is trained here."""
        self._identity = identity.name
        return FitReport(seconds=None, notes=("videos made elsewhere; nothing was trained here",))

    def render(self, drive: Drive) -> Iterator[Image]:
        """Yield the frames of the video of a drive, uint8 RGB [H, W, 3], as the rules have it.

        Raises:
            TgbenchError: there is no such video, or it does not fit and no rule says how.
        """
        if not drive.driver:
            raise TgbenchError(
                f"{self._declaration.name}: the drive has no name, by which its video is found; "
                "use `tgbench run`"
            )
        found = self.find(self._identity, drive.driver)
        frames = aligned_frames(found.path, drive, self.rules(found))
        self._notes = frames.notes
        yield from frames

    def rules(self, found: Found) -> AlignmentRules:
        """Return the rules for a video: its own go over the settings, these over the declaration.

        Raises:
            TgbenchError: a rule that cannot be.
        """
        declared = self._declaration.videos.align
        return declared.over(self._config.align.given()).over(found.rules)

    def rendering_notes(self) -> Sequence[str]:
        """Return what aligning the last video left out, repeated or changed."""
        return tuple(self._notes)

    def save(self, folder: Path) -> None:
        """Write whose videos are wanted."""
        write_json(folder / _STATE, {"identity": self._identity})

    def load(self, folder: Path, identity: Identity, split: Split, device: str) -> None:
        """Restore what `save` wrote.

        Raises:
            TgbenchError: it was saved for another identity, or cannot be read.
        """
        path = folder / _STATE
        try:
            saved = read_json(path)
        except (OSError, ValueError) as error:
            raise TgbenchError(
                f"{path}: cannot be read ({error}); delete it and run again"
            ) from error
        if saved != {"identity": identity.name}:
            raise TgbenchError(
                f"{path}: was saved for another identity than {identity.name}; delete it and run "
                "again"
            )
        self._identity = identity.name
