"""Frames as they come out of an H.264 file, for numbers measured as the field's scripts do.

TalkingGaussian's official script compares two videos that imageio wrote, its own and that of the
truth: libx264 at a constant rate factor of 10 (`quality=8`), chroma halved. The truth loses too, so
such numbers are not those of the frames themselves.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from ..interfaces import Image

if TYPE_CHECKING:
    from av import VideoFrame
    from av.video.codeccontext import VideoCodecContext

Pair = tuple[Image, Image | None]
"""A prediction and its ground truth."""

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


def through_codec(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """Yield pairs of frames as they come out of two H.264 streams.

    An encoder looks ahead, so pairs come out late, about 50 of them held at a time.

    Args:
        pairs: predictions uint8 RGB [H, W, 3], each of the same size, and targets likewise, None
            for every frame or for none.
    """
    predictions: deque[Image] = deque()
    targets: deque[Image] = deque()
    codecs: tuple[Codec, Codec] | None = None
    has_target = False
    for prediction, target in pairs:
        if codecs is None:
            codecs, has_target = (Codec(prediction), Codec(prediction)), target is not None
        predictions.extend(codecs[0].push(prediction))
        if target is not None:
            targets.extend(codecs[1].push(target))
        yield from _ready(predictions, targets, has_target)
    if codecs is not None:
        predictions.extend(codecs[0].finish())
        if has_target:
            targets.extend(codecs[1].finish())
        yield from _ready(predictions, targets, has_target)


def _ready(predictions: deque[Image], targets: deque[Image], has_target: bool) -> Iterator[Pair]:
    while predictions and (targets or not has_target):
        yield predictions.popleft(), targets.popleft() if has_target else None


class Codec:
    """An H.264 encoder and a decoder of one stream."""

    def __init__(self, frame: Image, rate_factor: int = RATE_FACTOR) -> None:
        """Set up for frames of a size.

        Args:
            frame: one of them, uint8 RGB [H, W, 3].
            rate_factor: libx264's, 0 (no loss) to 51.
        """
        from av import CodecContext

        self._height, self._width = frame.shape[:2]
        encoder = CodecContext.create("libx264", "w")
        encoder.width, encoder.height = (side + side % 2 for side in (self._width, self._height))
        encoder.pix_fmt = "yuv420p"
        encoder.time_base = Fraction(1, 25)
        encoder.framerate = Fraction(25)
        encoder.options = {"crf": str(rate_factor), "preset": "medium", **_repeatable()}
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
