"""Running a program that measures action units on the frames that are scored, and on no others.

OpenFace and pyfaceau calibrate their values to the whole clip, so a prediction and a target are
only comparable where both runs saw the same range of frames. The frames therefore go to the
program as they come: in files without loss (FFV1), so that it sees the very pixels that every other
metric scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np

from ...arrays import Image
from ...errors import TgbenchError, Unavailable
from ...files import temporary_folder
from ...identities.layout import ALL_ACTION_UNITS
from ...interfaces import FrameView
from .table import OpenFaceTable


class Measurer(Protocol):
    """A program that measures all action units of a video."""

    name: str
    """Of the program, for messages."""

    def measure(self, video: Path, frames: int) -> OpenFaceTable:
        """Return the table of a video of `frames`; files may appear beside the video.

        Raises:
            TgbenchError: the program fails, hangs, or writes no table that can be scored.
        """

    def describe(self) -> str:
        """Return program, version and models: values compare only where this is the same."""


class LosslessVideo:
    """A silent video of the very pixels it is given (FFV1)."""

    def __init__(self, path: Path, fps: float, size: tuple[int, int]) -> None:
        """Start a file of (width, height)."""
        import av

        self.path = path
        self._rate = Fraction(fps).limit_denominator(1001)
        self._size = size
        self._frames = 0
        self._container = av.open(str(path), "w")
        self._stream = self._container.add_stream("ffv1", rate=self._rate)
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = "bgr0"

    def write(self, image: Image) -> None:
        """Add a frame, uint8 RGB [H, W, 3].

        Raises:
            ValueError: it has another size than the first.
        """
        import av

        if image.shape[1::-1] != self._size:
            raise ValueError(f"frame {self._frames} is {image.shape[1::-1]}, not {self._size}")
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        frame = frame.reformat(format="bgr0")
        frame.pts, frame.time_base = self._frames, 1 / self._rate
        self._container.mux(self._stream.encode(frame))
        self._frames += 1

    def close(self) -> None:
        """Finish the file."""
        self._container.mux(self._stream.encode(None))
        self._container.close()


class ExtractedTables:
    """The tables of both videos, from one run of a program on each when all frames are there."""

    def __init__(self, program: Measurer, fps: float) -> None:
        self._program = program
        self._fps = fps
        self._folder = temporary_folder("tgbench-action-units")
        self._videos: list[LosslessVideo] = []
        self._last: int | None = None
        self._frames = 0
        self._broken: Exception | None = None
        self._found: tuple[OpenFaceTable, OpenFaceTable] | Unavailable | None = None

    @property
    def why_not_joined(self) -> str:
        """Why parts of a clip cannot be joined."""
        return (
            f"{self._program.name} calibrates its values to the whole clip, so parts cannot be "
            "joined"
        )

    def require(self, units: Sequence[str]) -> None:
        """Refuse nothing: the program measures every unit."""

    def describe(self) -> str:
        """Return what measures."""
        return f"{self._program.describe()} on the scored frames, passed to it without loss"

    def details(self) -> dict[str, str]:
        """Return nothing: these tables are not kept."""
        return {}

    def see(self, frame: FrameView) -> int:
        """Write a pair of frames, once, and return which frame of the files it is, from 1 on."""
        if self._broken is not None:
            raise self._broken
        if frame.index != self._last:
            self._last = frame.index
            self._frames += 1
            try:
                self._write((frame.prediction, frame.target))
            except Exception as error:
                self._broken = error
                raise
        return self._frames

    def tables(self) -> tuple[OpenFaceTable, OpenFaceTable]:
        """Return the tables of prediction and target.

        Raises:
            Unavailable: the program failed; each asker gets the same reason.
        """
        if self._found is None:
            self._found = self._extract()
        if isinstance(self._found, Unavailable):
            raise self._found
        return self._found

    def _write(self, images: Sequence[Image]) -> None:
        if self._found is not None:
            raise ValueError("frames came after the tables were asked for")
        if not self._videos:
            folder = Path(self._folder.name)
            self._videos = [
                LosslessVideo(folder / f"{name}.avi", self._fps, (image.shape[1], image.shape[0]))
                for name, image in zip(("prediction", "target"), images, strict=True)
            ]
        for video, image in zip(self._videos, images, strict=True):
            video.write(image)

    def _extract(self) -> tuple[OpenFaceTable, OpenFaceTable] | Unavailable:
        if not self._videos:
            return Unavailable("there were no frames to measure")
        with self._folder:
            for video in self._videos:
                video.close()
            try:
                prediction, target = (
                    self._program.measure(video.path, self._frames) for video in self._videos
                )
                for table in (prediction, target):
                    table.require(ALL_ACTION_UNITS)
            except TgbenchError as error:
                return Unavailable(str(error))
        return prediction, target
