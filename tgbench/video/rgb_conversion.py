"""Convert decoded frames to upright 8-bit RGB, and deinterlace them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np

from ..arrays import Image
from .orientation import Orientation

_FLAGS = "bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"
"""Of libswscale: without them pictures come out a grey level or two too dark.

With them the way to planes is three times as fast as that to packed RGB, and gives the same.
"""

_LIMITED, _FULL = 1, 2
"""FFmpeg's numbers of the ranges 16 to 235 and 0 to 255."""

_ALWAYS_FULL = "yuvj"
"""How names of formats begin that have the range 0 to 255, whatever else a frame says."""


class RgbConverter:
    """Converts decoded frames, by the colours that each says it has."""

    def __init__(self, orientation: Orientation, full_range: bool | None = None) -> None:
        """Prepare for the frames of one video.

        Args:
            orientation: of the pictures as they are stored.
            full_range: overrides what the frames say of the range of their pixels; None: nothing.
        """
        self._orientation = orientation
        self._range = None if full_range is None else (_FULL if full_range else _LIMITED)
        self._key: tuple[Any, ...] = ()
        self._graph: Any = None

    def __call__(self, frame: Any, size: tuple[int, int]) -> Image:
        """Return uint8 RGB [H, W, 3], contiguous.

        Args:
            frame: from a decoder.
            size: (width, height) of the result.
        """
        width, height = size[::-1] if self._orientation.transposed else size
        if self._range is not None:
            frame = _with_range(frame, self._range)
        key = (
            frame.width,
            frame.height,
            frame.format.name,
            frame.colorspace,
            frame.color_range,
            width,
            height,
        )
        if key != self._key:
            self._key, self._graph = key, _graph(*key)
        self._graph.vpush(frame)
        green, blue, red = (_pixels(plane) for plane in self._graph.vpull().planes)
        return self._orientation.upright(np.asarray(cv2.merge((red, green, blue)), np.uint8))


class Deinterlacer:
    """Makes whole pictures of those that consist of two half ones, a frame of every frame."""

    def __init__(self, frame: Any) -> None:
        """Prepare for frames like this one."""
        self._graph = _built(_source(frame), ("bwdif", "mode=send_frame:deint=interlaced"))

    def __call__(self, frame: Any | None) -> Iterator[Any]:
        """Take a frame, or None at the end; yield those that are finished, in order."""
        import av

        self._graph.vpush(frame)
        while True:
            try:
                yield self._graph.vpull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return


def _pixels(plane: Any) -> Image:
    """Return a plane, uint8 [H, W]."""
    return np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]


def _with_range(frame: Any, which: int) -> Any:
    """Return a frame that says that its pixels have another range, 1 limited and 2 full."""
    import av

    if frame.format.name.startswith(_ALWAYS_FULL) and which == _LIMITED:
        # The name of the format says it, which only a copy can have otherwise.
        plain = av.VideoFrame(
            frame.width, frame.height, frame.format.name.replace(_ALWAYS_FULL, "yuv")
        )
        for old, new in zip(frame.planes, plain.planes, strict=True):
            _pixels(new)[:] = _pixels(old)
        plain.colorspace = frame.colorspace
        frame = plain
    frame.color_range = which
    return frame


def _graph(
    width: int, height: int, pixels: str, matrix: int, full: int, to_width: int, to_height: int
) -> Any:
    source = _arguments(width, height, pixels, matrix, full)
    scaling = f"w={to_width}:h={to_height}:flags={_FLAGS}"
    return _built(source, ("scale", scaling), ("format", "gbrp"))


def _source(frame: Any) -> str:
    return _arguments(
        frame.width, frame.height, frame.format.name, frame.colorspace, frame.color_range
    )


def _arguments(width: int, height: int, pixels: str, matrix: int, full: int) -> str:
    return (
        f"video_size={width}x{height}:pix_fmt={pixels}:colorspace={matrix}:range={full}:"
        "time_base=1/25:pixel_aspect=1/1"
    )


def _built(source: str, *filters: tuple[str, str]) -> Any:
    import av

    graph = av.filter.Graph()
    # Handing slices of small pictures to threads costs more than it saves; decoding has threads.
    graph.threads = 1
    chain = [graph.add("buffer", source), *(graph.add(*one) for one in filters)]
    graph.link_nodes(*chain, graph.add("buffersink")).configure()
    return graph
