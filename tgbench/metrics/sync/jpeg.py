"""The JPEG round trip that is part of the metric.

The original stores a crop as JPEG files with ffmpeg's default settings before it looks at them.
These settings mean a rate of 200 kb/s, which the encoder holds by coarser and coarser steps: the
first pictures take 10 kB, later ones 2.5 kB, and every picture depends on those before it. Without
the round trip a crop's distances change by 5 %.

Decoded, the pictures are the same, bit by bit, for the ffmpeg programs 4.2, 5.1, 7.0 and 9.0 and
for libavcodec 62 here, given the same planes of full range. What changed after 7.0, between
libswscale 8.1 and 9.5, is how video range is widened to full range; here a table has the older
programs' values, so that the metric does not depend on what is installed.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...arrays import Image
from . import FPS

SIZE = 224
"""Pixels of a crop's side: the network takes nothing else."""

_RATE = Fraction(FPS)
_BIT_RATE = 200_000


def _widening(highest: int, factor: int, offset: int, shift: int) -> NDArray[np.uint8]:
    """Return the table of libswscale up to 7: 15-bit integers, cut off, then rounded to 8 bits."""
    values = np.minimum(np.arange(256) << 7, highest)
    widened = (values * factor - offset) >> shift
    return np.clip((widened + 64) >> 7, 0, 255).astype(np.uint8)


_LUMA = _widening(30_189, 19_077, 39_057_361, 14)
_CHROMA = _widening(30_775, 4_663, 9_289_992, 12)


class JpegRoundTrip:
    """Encoder and decoder of one crop, to be fed its pictures in order.

    The encoder has a memory: a crop needs an object of its own.
    """

    def __init__(self) -> None:
        import av

        encoder = av.CodecContext.create("mjpeg", "w")
        encoder.width = encoder.height = SIZE
        encoder.pix_fmt = "yuvj420p"
        encoder.framerate, encoder.time_base = _RATE, 1 / _RATE
        encoder.bit_rate = _BIT_RATE
        # More threads split the picture, and each keeps a rate of its own.
        encoder.thread_count = 1
        self._encoder: Any = encoder
        self._seen = 0

    def image(self, image: Image) -> Image:
        """Pass uint8 RGB [224, 224, 3] through; return BGR of the same shape.

        It becomes 4:2:0 of video range first, as it would in a crop's file.
        """
        return self.planes(video_planes(image))

    def planes(self, planes: Image, full_range: bool = False) -> Image:
        """Pass the next picture through.

        Args:
            planes: uint8 [336, 224], Y over U over V at half the resolution, as decoders give
                yuv420p.
            full_range: whether black is 0 already, as in yuvj420p, and not 16.

        Returns:
            uint8 BGR [224, 224, 3] as the original reads it back.
        """
        import av
        import cv2

        frame = av.VideoFrame.from_ndarray(
            planes if full_range else widened(planes), format="yuvj420p"
        )
        frame.pts, frame.time_base = self._seen, 1 / _RATE
        self._seen += 1
        (packet,) = self._encoder.encode(frame)
        # FFmpeg's own decoder differs from libjpeg's, the original's, by up to 31 levels.
        decoded = cv2.imdecode(np.frombuffer(packet, np.uint8), cv2.IMREAD_COLOR)
        return np.asarray(decoded, np.uint8)


def video_planes(image: Image) -> Image:
    """Return yuv420p [336, 224] of RGB [224, 224, 3], equal in all versions of libswscale."""
    import av

    frame = av.VideoFrame.from_ndarray(image, format="rgb24")
    planes = frame.reformat(format="yuv420p", interpolation="BICUBIC").to_ndarray()
    return np.asarray(planes, np.uint8)


def widened(planes: Image) -> Image:
    """Return yuv420p [336, 224] of video range in full range."""
    return np.concatenate([_LUMA[planes[:SIZE]], _CHROMA[planes[SIZE:]]])


def codec_version() -> str:
    """Return what encodes, as results record it: "libavcodec 62.28.102"."""
    import av

    return "libavcodec " + ".".join(map(str, av.library_versions["libavcodec"]))
