"""Running OpenFace's `FeatureExtraction` on the frames that are scored, and on no others.

OpenFace calibrates its values to the whole clip, so a prediction and a target are only comparable
where both programs saw the same range of frames. The frames therefore go to it as they come: in
files without loss (FFV1), so that OpenFace sees the very pixels that every other metric scores.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from ...arrays import Image
from ...errors import TgbenchError, Unavailable
from ...files import sha256, temporary_folder
from ...identities.layout import ALL_ACTION_UNITS
from ...interfaces import FrameView
from .table import OpenFaceTable, read_table

PROGRAM = "FeatureExtraction"

_STARTING_SECONDS = 300.0
_SECONDS_A_FRAME = 2.0
"""OpenFace needs a twentieth of it; past that it hangs."""

_SHOWN_LINES = 3


def find_program() -> Path | None:
    """Return `FeatureExtraction` on the path, None where it is not.

    Links are followed: OpenFace looks for its models beside the program.
    """
    found = shutil.which(PROGRAM)
    return None if found is None else Path(os.path.realpath(found))


def run_feature_extraction(program: Path, video: Path, frames: int) -> OpenFaceTable:
    """Measure the action units of a video.

    Args:
        program: `FeatureExtraction` of OpenFace 2.2.
        video: the file; the table appears beside it.
        frames: how many it has, for how long to wait.

    Raises:
        TgbenchError: the program fails, hangs, or writes no table that can be scored.
    """
    command = [str(program), "-f", str(video), "-out_dir", str(video.parent), "-aus"]
    limit = _STARTING_SECONDS + _SECONDS_A_FRAME * frames
    try:
        done = subprocess.run(
            command, capture_output=True, stdin=subprocess.DEVNULL, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise TgbenchError(
            f"{PROGRAM} was stopped after {limit:.0f} s on {frames} frames; try it on a short video"
        ) from error
    except OSError as error:
        raise TgbenchError(f"{program} cannot be run ({error.strerror})") from error
    if done.returncode != 0:
        raise TgbenchError(
            f"{PROGRAM} failed with exit code {done.returncode}{_last_words(done)}; does it run "
            "by itself on a video?"
        )
    table = video.with_suffix(".csv")
    if not table.is_file():
        # It exits with 0, too, when it could not find its models or open the video.
        raise TgbenchError(
            f"{PROGRAM} wrote no table{_last_words(done)}; does it run by itself on a video?"
        )
    return read_table(table)


def _last_words(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = (done.stdout + b"\n" + done.stderr).decode(errors="replace").split("\n")
    told = [line.strip() for line in lines if line.strip()][-_SHOWN_LINES:]
    return f" ({' | '.join(told)})" if told else ""


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
    """The tables of both videos, from one run of OpenFace on each when all frames are there."""

    why_not_joined = "OpenFace calibrates its values to the whole clip, so parts cannot be joined"

    def __init__(self, program: Path, fps: float) -> None:
        self._program = program
        self._fps = fps
        self._folder = temporary_folder("tgbench-openface")
        self._videos: list[LosslessVideo] = []
        self._last: int | None = None
        self._frames = 0
        self._broken: Exception | None = None
        self._found: tuple[OpenFaceTable, OpenFaceTable] | Unavailable | None = None

    def require(self, units: Sequence[str]) -> None:
        """Refuse nothing: OpenFace measures every unit."""

    def describe(self) -> str:
        """Return what measures; OpenFace does not tell its version."""
        return (
            f"OpenFace {PROGRAM} (program's sha256 {sha256(self._program)[:12]}) on the scored "
            "frames, passed to it without loss"
        )

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
            Unavailable: OpenFace failed; each asker hears the same reason.
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
                    run_feature_extraction(self._program, video.path, self._frames)
                    for video in self._videos
                )
                for table in (prediction, target):
                    table.require(ALL_ACTION_UNITS)
            except TgbenchError as error:
                return Unavailable(str(error))
        return prediction, target
