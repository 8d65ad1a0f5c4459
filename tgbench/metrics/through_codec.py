"""Frames as they come out of an H.264 file, for numbers measured as the field's scripts do.

TalkingGaussian's official script compares two videos that imageio wrote, its own and that of the
truth: libx264 at a constant rate factor of 10 (`quality=8`), chroma halved. The truth loses too, so
such numbers are not those of the frames themselves.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from ..interfaces import Image

if TYPE_CHECKING:
    from av import VideoFrame
    from av.video.codeccontext import VideoCodecContext

RATE_FACTOR = 10
"""imageio-ffmpeg's for `quality=8`: int((1 - 8 / 10) * 51)."""

THROUGH_CODEC = "through H.264"
"""How results name it."""

DESCRIPTION = (
    f"prediction and target each {THROUGH_CODEC} (libx264, crf {RATE_FACTOR}, medium, yuv420p)"
)


def _repeatable() -> dict[str, str]:
    """With AVX-512 x264 gives other bits from run to run, for some sizes such as 128x96."""
    from llvmlite.binding import get_host_cpu_features

    return {"x264-params": "asm=avx2"} if get_host_cpu_features().get("avx512f") else {}


class Passage:
    """Pairs of frames on their way to the metrics, as they are or through a codec."""

    def __init__(self, through_codec: bool) -> None:
        """Choose whether frames pass a codec."""
        self._coded = through_codec
        self._codecs: tuple[_Codec, _Codec] | None = None
        self._waiting: tuple[deque[Image], deque[Image]] = (deque(), deque())
        self._truth = False
        self._passed = 0

    def push(
        self, prediction: Image, target: Image | None
    ) -> Iterator[tuple[int, Image, Image | None]]:
        """Put in the next pair and yield those that come out, each with its number.

        An encoder looks ahead, so pairs come out late, about 50 of them held at a time.

        Args:
            prediction: uint8 RGB [H, W, 3], each of the same size.
            target: likewise, None for every frame or for none.
        """
        if not self._coded:
            yield self._passed, prediction, target
            self._passed += 1
            return
        if self._codecs is None:
            self._codecs = (_Codec(prediction), _Codec(prediction))
            self._truth = target is not None
        self._waiting[0].extend(self._codecs[0].push(prediction))
        if target is not None:
            self._waiting[1].extend(self._codecs[1].push(target))
        yield from self._ready()

    def finish(self) -> Iterator[tuple[int, Image, Image | None]]:
        """Yield the pairs that are still inside."""
        if self._codecs is None:
            return
        self._waiting[0].extend(self._codecs[0].finish())
        if self._truth:
            self._waiting[1].extend(self._codecs[1].finish())
        yield from self._ready()

    def _ready(self) -> Iterator[tuple[int, Image, Image | None]]:
        predictions, targets = self._waiting
        while predictions and (targets or not self._truth):
            yield self._passed, predictions.popleft(), targets.popleft() if self._truth else None
            self._passed += 1


class _Codec:
    """An encoder and a decoder of one stream."""

    def __init__(self, frame: Image) -> None:
        from av import CodecContext

        self._height, self._width = frame.shape[:2]
        encoder = CodecContext.create("libx264", "w")
        encoder.width, encoder.height = (side + side % 2 for side in (self._width, self._height))
        encoder.pix_fmt = "yuv420p"
        encoder.time_base = Fraction(1, 25)
        encoder.framerate = Fraction(25)
        encoder.options = {"crf": str(RATE_FACTOR), "preset": "medium", **_repeatable()}
        # What x264 makes depends on how many threads make it.
        encoder.thread_count = 1
        self._encoder: VideoCodecContext = encoder
        self._decoder: VideoCodecContext = CodecContext.create("h264", "r")
        self._frames = 0

    def push(self, frame: Image) -> Iterator[Image]:
        """Put in a frame, uint8 RGB [H, W, 3], and yield those that come out."""
        from av import VideoFrame

        sides = ((0, self._height % 2), (0, self._width % 2), (0, 0))
        padded = np.ascontiguousarray(np.pad(frame, sides, mode="edge"))
        # ffmpeg's program and OpenCV convert colours so, and not as PyAV does by default.
        coded = VideoFrame.from_ndarray(padded, format="rgb24").reformat(
            format="yuv420p", interpolation="BICUBIC"
        )
        coded.pts, coded.time_base = self._frames, Fraction(1, 25)
        self._frames += 1
        yield from self._decoded(coded)

    def finish(self) -> Iterator[Image]:
        """Yield the frames that are still inside."""
        yield from self._decoded(None)
        for frame in self._decoder.decode(None):
            yield self._picture(frame)

    def _decoded(self, coded: VideoFrame | None) -> Iterator[Image]:
        for packet in self._encoder.encode(coded):
            for frame in self._decoder.decode(packet):
                yield self._picture(frame)

    def _picture(self, frame: VideoFrame) -> Image:
        picture = frame.reformat(format="rgb24", interpolation="BICUBIC").to_ndarray()
        return np.ascontiguousarray(picture[: self._height, : self._width])
