"""From what a system leaves to the frames of a case."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from ..alignment import AlignmentRules, aligned_frames
from ..arrays import Image
from ..drive import Drive
from ..errors import TgbenchError
from ..files import remove
from ..metrics.clip_source import open_source, size_of
from .converters import load_beside
from .declaration import Declaration
from .fields import Output
from .work import WorkFolder

_CHOSEN = ".frames"


class OutputConverter(Protocol):
    """What `converter` of `[output]` names: a class without arguments."""

    def frames(self, source: Path, drive: Drive) -> Iterator[Image]:
        """Yield the frames of a drive, uint8 RGB [H, W, 3].

        Args:
            source: the video, or a folder of the images and nothing else.
            drive: what was rendered.
        """


class SystemOutput:
    """The frames that a system rendered.

    Attributes:
        notes: what was left out, repeated, cropped or resized; complete after the last frame.
    """

    def __init__(self, declaration: Declaration, work: WorkFolder, drive: Drive) -> None:
        """Find what was left; nothing is decoded yet.

        Raises:
            TgbenchError: there is nothing, or more than one video.
        """
        self._declaration, self._drive = declaration, drive
        self._source = _source(declaration, work)
        self.notes: list[str] = []

    def __iter__(self) -> Iterator[Image]:
        """Yield the frames of the drive, uint8 RGB [H, W, 3].

        Raises:
            TgbenchError: they do not fit the drive by the rules of the declaration.
        """
        output = self._declaration.output
        if output.converter:
            converter: OutputConverter = load_beside(self._declaration.path, output.converter)()
            yield from converter.frames(self._source, self._drive)
            return
        try:
            frames = aligned_frames(self._source, self._drive, self._rules(output))
            yield from frames
        except TgbenchError as error:
            raise TgbenchError(
                f"{self._declaration.name}: what it rendered does not fit its declaration "
                f"({error}); [output] in {self._declaration.path}"
            ) from error
        self.notes = list(frames.notes)

    def _rules(self, output: Output) -> AlignmentRules:
        crop: tuple[int, int, int, int] | str = ""
        if output.crop is not None:
            crop = _box(output.crop, *size_of(open_source(self._source)))
        surplus = any(each.silence for each in self._declaration.inputs_of("render"))
        length = "truncated" if surplus and output.length == "exact" else output.length
        return AlignmentRules(
            rate="same" if output.fps == self._drive.fps else output.fps,
            offset=output.first_frame,
            length=length,
            crop=crop,
            size="exact" if output.size == "same" else output.size,
            colour_range="stored" if output.colour_range == "as tagged" else output.colour_range,
        )


def _box(
    shares: tuple[float, float, float, float], width: int, height: int
) -> tuple[int, int, int, int]:
    left, top, right, bottom = shares
    return int(left * width), int(top * height), int(right * width), int(bottom * height)


def _source(declaration: Declaration, work: WorkFolder) -> Path:
    """Return the video, or a folder that holds the images and nothing else.

    Raises:
        TgbenchError: there is none, or more than one.
    """
    pattern = work.output_pattern()
    found = [path for path in work.matches(pattern) if path.is_file()]
    if not found:
        raise TgbenchError(
            f"{declaration.name}: rendered nothing that matches {pattern} of "
            f"{declaration.path}; see the logs of its stages"
        )
    if declaration.output.kind == "images":
        return _folder_of(found, work.root / _CHOSEN)
    if len(found) > 1:
        names = ", ".join(path.name for path in found[:3])
        raise TgbenchError(
            f"{declaration.name}: {len(found)} videos match {pattern} ({names}); say in "
            f"{declaration.path} which of them it is"
        )
    if found[0].stat().st_size == 0:
        raise TgbenchError(
            f"{declaration.name}: rendered an empty file, {found[0].name}; see the logs of its "
            "stages"
        )
    return found[0]


def _folder_of(images: list[Path], folder: Path) -> Path:
    """Return a folder of links to images: beside them may lie others, such as depth maps.

    Raises:
        TgbenchError: two have the same name.
    """
    remove(folder)
    folder.mkdir(parents=True)
    for image in images:
        link = folder / image.name
        if os.path.lexists(link):
            raise TgbenchError(
                f"{image}: another image of the output has the same name ({link.resolve()}); let "
                "output.path match one folder of images"
            )
        os.symlink(image.resolve(), link)
    return folder
