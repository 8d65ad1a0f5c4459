"""The ground truth and the error of a rendered case as videos, made in the pass that scores it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np

from ..identities import Identity
from ..interfaces import Case, Image
from ..synthetic.names import MADE_BY
from ..version import __version__
from ..video.writer import Origin, VideoWriter
from .result import ERROR_FILE, TARGET_FILE

ERROR_FULL_SCALE = 64
"""Mean absolute difference of the three channels, of 255, that the last colour stands for.

An error video says this nowhere in its pictures: with another scale it needs another file name.
"""

_MEAN_TO_SCALE = np.full((1, 3), 255.0 / ERROR_FULL_SCALE / 3.0)
"""Weights of the channels; what is above 255 saturates."""

_ERROR_RATE_FACTOR = 20
"""Colours of an error are for the eye, and noise is costly to keep."""

_PRESET = "veryfast"
"""Half the time for files of the same size, a little less like the original."""

_DATA = "http://cv.iptc.org/newscodes/digitalsourcetype/dataDrivenMedia"
_PROCEDURAL = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"

_SYNTHETIC_TRUTH = Origin(
    f"synthetic media: a head modelled by tgbench {__version__}, not a recording", _PROCEDURAL
)
_RECORDED_TRUTH = Origin(f"ground truth: a recording, encoded again by tgbench {__version__}")
_ERROR = Origin(
    f"error map by tgbench {__version__}: mean absolute difference of red, green and blue between "
    f"synthetic media and ground truth, colours from 0 to {ERROR_FULL_SCALE} of 255",
    _DATA,
)


def error_map(frame: Image, target: Image) -> Image:
    """Return how far two frames differ at each pixel, in the colours of matplotlib's "inferno".

    Equal steps of the difference look equally large, in print without colours too.

    Args:
        frame: uint8 RGB [H, W, 3].
        target: of the same size.
    """
    scaled = cv2.transform(cv2.absdiff(frame, target), _MEAN_TO_SCALE)
    coloured = cv2.applyColorMap(scaled, cv2.COLORMAP_INFERNO)
    return cv2.cvtColor(coloured, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


class ComparisonVideos:
    """Writes `target.mp4`, with the driving sound, and `error.mp4` beside the rendered video.

    Neither carries the label: both are for looking at pixels. A case without ground truth has
    neither.
    """

    def __init__(self, case: Case, who: str, folder: Path) -> None:
        """Describe them; nothing is written yet.

        Args:
            case: what is rendered.
            who: names method and case in a few words.
            folder: for the files of the case.
        """
        self._case = case
        self._who = who
        self._folder = folder
        self._stack = ExitStack()

    def __enter__(self) -> ComparisonVideos:
        """Open both."""
        if not self._case.has_truth:
            return self
        recorded = not is_synthetic(self._case.identity)
        self._target = self._stack.enter_context(
            VideoWriter(
                self._folder / TARGET_FILE,
                *self._size,
                fps=self._case.drive.fps,
                audio=self._case.drive.audio,
                title=f"ground truth: {self._case.identity.name}, {self._case.driver}",
                origin=_RECORDED_TRUTH if recorded else _SYNTHETIC_TRUTH,
                preset=_PRESET,
            )
        )
        self._error = self._stack.enter_context(
            VideoWriter(
                self._folder / ERROR_FILE,
                *self._size,
                fps=self._case.drive.fps,
                title=f"error: {self._who}",
                origin=_ERROR,
                rate_factor=_ERROR_RATE_FACTOR,
                preset=_PRESET,
            )
        )
        return self

    def write(self, frame: Image, target: Image | None) -> None:
        """Add a frame without a label and its ground truth, both uint8 RGB [H, W, 3]."""
        if target is None:
            return
        self._target.write(target)
        self._error.write(error_map(frame, target))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish both, or drop them after an error."""
        self._stack.__exit__(kind, error, trace)

    @property
    def _size(self) -> tuple[int, int]:
        size = self._case.drive.intrinsics
        return size.width, size.height


def is_synthetic(identity: Identity) -> bool:
    """Whether an identity is a head that the suite modelled itself, as its provenance says."""
    return identity.provenance.get("made_by") == MADE_BY
