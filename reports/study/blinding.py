"""Videos written again so that nothing but their pictures and sound tells them apart."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from tgbench.arrays import Image
from tgbench.audio import read_waveform
from tgbench.errors import TgbenchError
from tgbench.files import sha256
from tgbench.video.label import draw_label
from tgbench.video.reader import VideoReader
from tgbench.video.writer import Origin, VideoWriter

RATE_FACTOR = 16
"""Of x264: a participant sees no difference to what a run writes, at half its size."""

ORIGIN = Origin("synthetic media, or a recording shown among it: blinded for a user study")
"""The same for all, so that metadata tell nothing."""

CHECK_FROM = 0.3
"""Share of a check's video before its text shows, so that a glance at the start is not enough."""

_ID_LENGTH = 16
_OPAQUE = 1.0
_BANNER = (20, 20, 20)
_TEXT = (255, 255, 255)


def write_blinded(source: Path, folder: Path, seconds: float) -> Path:
    """Write a video again, named by its content.

    Every video of a study gets the visible label of synthetic media, the ground truth as well:
    a label on some of them would tell which are synthetic. It covers the label that a video has,
    which was encoded once before and would tell it from a new one.

    Args:
        source: a video of a run.
        folder: where the copy goes.
        seconds: of which it keeps the first.

    Raises:
        TgbenchError: the video cannot be read.
    """
    reader = VideoReader(source)
    return _write(reader, folder, seconds, lambda image, _: draw_label(image, _OPAQUE))


def write_check(source: Path, folder: Path, seconds: float, text: str) -> Path:
    """Write an attention check: a video in the course of which a text says what to answer."""
    reader = VideoReader(source)
    frames = min(reader.expected_frames or 0, round(seconds * reader.info.fps))
    begin = round(CHECK_FROM * frames)

    def draw(image: Image, number: int) -> Image:
        labelled = draw_label(image, _OPAQUE)
        return labelled if number < begin else _with_banner(labelled, text)

    return _write(reader, folder, seconds, draw)


def _write(
    reader: VideoReader, folder: Path, seconds: float, draw: Callable[[Image, int], Image]
) -> Path:
    info = reader.info
    if not info.has_audio:
        raise TgbenchError(
            f"{reader.path}: has no sound, without which nobody can judge lips; run it again"
        )
    sound = read_waveform(reader.path).cut(0.0, seconds)
    width, height = reader.size
    path = folder / "blinded.mp4"
    frames = max(1, round(seconds * info.fps))
    with VideoWriter(
        path,
        width,
        height,
        fps=info.fps,
        audio=sound,
        origin=ORIGIN,
        rate_factor=RATE_FACTOR,
        preset="fast",
    ) as video:
        for number, image in enumerate(itertools.islice(reader, frames)):
            video.write(draw(image, number))
    return path.rename(folder / f"{sha256(path)[:_ID_LENGTH]}.mp4")


def _with_banner(image: Image, text: str) -> Image:
    height, width = image.shape[:2]
    banner = np.ascontiguousarray(image)
    top, bottom = round(0.4 * height), round(0.6 * height)
    cv2.rectangle(banner, (0, top), (width, bottom), _BANNER, -1)
    font = cv2.FONT_HERSHEY_SIMPLEX
    (unit, _), _ = cv2.getTextSize(text, font, 1.0, 2)
    scale = 0.9 * width / unit
    (_, tall), _ = cv2.getTextSize(text, font, scale, 2)
    place = (round(0.05 * width), (top + bottom + tall) // 2)
    cv2.putText(banner, text, place, font, scale, _TEXT, 2, cv2.LINE_AA)
    return banner
