"""Writing frames and their sound as one video, marked as synthetic."""

from __future__ import annotations

import math
from contextlib import ExitStack, suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..audio import Waveform
from ..errors import TgbenchError
from ..files import atomic_path
from ..version import __version__
from .label import draw_label

Image = NDArray[np.uint8]

DIGITAL_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's term for media made by a trained model."""

CONSTANT_RATE_FACTOR = 10
"""x264 quality; what the field's scripts get from imageio's `quality=8`."""


class VideoWriter:
    """An H.264 video (yuv420p, BT.601) with AAC sound of exactly its frames.

    The file appears when the block ends well, and not before. Sound longer than the frames is
    cut, shorter sound is followed by silence. H.264 with halved chroma needs even sides: an odd
    one is padded by repeating the last column or row.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        *,
        fps: float = 25.0,
        audio: Waveform | None = None,
        label: bool = False,
        title: str = "",
    ) -> None:
        """Describe a video; nothing is written yet.

        Args:
            path: the file to make, `.mp4`.
            width: of the frames, in pixels.
            height: of the frames, in pixels.
            fps: frames a second.
            audio: sound that starts with the first frame; None for a silent video.
            label: whether to draw a small visible note that the video is synthetic.
            title: what players show as the title.
        """
        self._path = path
        self._size = (width, height)
        self._rate = Fraction(fps).limit_denominator(1001)
        self._audio = audio
        self._label = label
        self._title = title
        self._frames = 0
        self._samples = 0
        self._stack = ExitStack()

    def __enter__(self) -> VideoWriter:
        """Open a temporary file beside the path."""
        import av

        temporary = self._stack.enter_context(atomic_path(self._path))
        options = {"movflags": "use_metadata_tags+faststart"}
        self._container = av.open(str(temporary), "w", options=options)
        self._container.metadata.update(self._metadata())
        self._video = self._add_video()
        self._sound = None
        if self._audio is not None:
            self._sound = self._container.add_stream("aac", rate=self._audio.rate, layout="mono")
        return self

    def write(self, frame: Image) -> None:
        """Add a frame, uint8 RGB [H, W, 3]. The array is left as it is.

        Raises:
            ValueError: another size or type than announced.
        """
        import av

        width, height = self._size
        if frame.shape != (height, width, 3) or frame.dtype != np.uint8:
            raise ValueError(
                f"frame {self._frames} is {frame.dtype} {frame.shape}, "
                f"expected uint8 ({height}, {width}, 3)"
            )
        picture = draw_label(frame) if self._label else frame
        picture = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        coded = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24").reformat(
            format="yuv420p", dst_colorspace="ITU601", dst_color_range="MPEG"
        )
        coded.pts = self._frames
        coded.time_base = 1 / self._rate
        self._container.mux(self._video.encode(coded))
        self._frames += 1
        self._write_sound()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish the file, or drop it after an error.

        Raises:
            TgbenchError: no frame was written.
        """
        if error is None:
            with self._stack:
                self._finish()
            return
        # The file is dropped, so whether its end could be written does not matter.
        with suppress(OSError, ValueError):
            self._container.close()
        self._stack.__exit__(kind, error, trace)

    def _finish(self) -> None:
        try:
            if self._frames == 0:
                raise TgbenchError(f"{self._path}: no frame was rendered, so there is no video")
            self._container.mux(self._video.encode(None))
            if self._sound is not None:
                self._container.mux(self._sound.encode(None))
        finally:
            self._container.close()

    def _add_video(self) -> Any:
        width, height = (side + side % 2 for side in self._size)
        stream: Any = self._container.add_stream(
            "libx264", rate=self._rate, options={"crf": str(CONSTANT_RATE_FACTOR)}
        )
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context = stream.codec_context
        # Untagged, players guess the matrix from the size of the picture.
        context.colorspace, context.color_range = 6, 1
        context.time_base = 1 / self._rate
        return stream

    def _write_sound(self) -> None:
        """Write the sound up to the end of the last frame, so that both tracks stay interleaved."""
        import av

        if self._sound is None or self._audio is None:
            return
        end = math.floor(self._frames / self._rate * self._audio.rate)
        samples = self._audio.samples[self._samples : end]
        samples = np.pad(samples, (0, end - self._samples - len(samples)))
        sound = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples[None], np.float32), format="fltp", layout="mono"
        )
        sound.sample_rate = self._audio.rate
        sound.time_base = Fraction(1, self._audio.rate)
        sound.pts = self._samples
        self._container.mux(self._sound.encode(sound))
        self._samples = end

    def _metadata(self) -> dict[str, str]:
        note = f"synthetic media: generated by tgbench {__version__}, not a recording"
        return {
            "title": self._title or self._path.stem,
            "comment": note,
            "description": note,
            "digital_source_type": DIGITAL_SOURCE_TYPE,
        }
