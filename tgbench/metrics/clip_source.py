"""Videos and folders of images as what they are to a comparison: frames of a size and a rate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import TgbenchError
from ..video.image_folder import ImageFolder
from ..video.reader import VideoReader

Source = VideoReader | ImageFolder


def unevenness(video: VideoReader) -> str:
    """Return in what way frames are unevenly spaced in time; empty where they are even."""
    if video.info.variable_rate:
        return "varying frames a second"
    missing = video.survey().gaps
    return f"{missing} frames are missing by its clock" if missing else ""


def open_source(path: Path, *, deinterlace: bool = False) -> Source:
    """Open a video file as its frames are stored, or a folder of images.

    Raises:
        TgbenchError: it cannot be read.
    """
    if path.is_dir():
        return ImageFolder(path)
    return VideoReader(path, fps=None, deinterlace=deinterlace)


def as_compared(sources: Sequence[Source]) -> list[Source]:
    """Return the sources such that their frames have one size.

    Two that store as many pixels are compared by those pixels, whatever shape a player gives
    them; else videos are compared as they are shown.

    Raises:
        TgbenchError: they differ.
    """
    by_pixels = len(sources) > 1 and len({_stored_size(source) for source in sources}) == 1
    compared = [
        source.read_at(source.fps, square=not by_pixels)
        if isinstance(source, VideoReader)
        else source
        for source in sources
    ]
    if len({size_of(source) for source in compared}) > 1:
        sizes = ", ".join(_size_text(source) for source in compared)
        raise TgbenchError(f"the two differ in size: {sizes}; resize one of them first")
    return compared


def size_of(source: Source) -> tuple[int, int]:
    """Return (width, height) of the frames as delivered, in pixels."""
    if isinstance(source, VideoReader):
        return source.size
    return source.width, source.height


def _stored_size(source: Source) -> tuple[int, int]:
    if isinstance(source, VideoReader):
        return source.info.stored_width, source.info.stored_height
    return source.width, source.height


def _size_text(source: Source) -> str:
    width, height = size_of(source)
    sizes = f"{source.path} is {width}x{height}"
    if isinstance(source, VideoReader) and source.info.stretched:
        sizes += f", stored as {source.info.stored_width}x{source.info.stored_height}"
    return sizes


def named(source: Source, places: Sequence[int], most: int = 5) -> list[str]:
    """Return the first few places as the file names of a folder number them."""
    start = (source.first_number or 0) if isinstance(source, ImageFolder) else 0
    return [str(start + place) for place in places[:most]] + ["..."] * (len(places) > most)


def gaps(folder: ImageFolder) -> list[int]:
    """Return the places on the clip's count that a folder has no file of."""
    start = folder.first_number or 0
    return [number - start for number in folder.missing]


def shortfall(source: Source, count: int) -> str:
    """Return in brackets that a file is damaged, or has less than it says."""
    if isinstance(source, ImageFolder):
        return ""
    announced = source.expected_frames
    if not source.damage and announced and count < 0.9 * announced - 2:
        return f" (of {announced} that it announces: it is cut short)"
    return f" ({source.damage})" if source.damage else ""


def unusual_pixels(name: str) -> list[str]:
    """Return what is unusual about a pixel format: grey, transparent, more than 8 bits."""
    import av

    components = av.VideoFormat(name).components
    peculiar = []
    if any(part.is_alpha for part in components):
        peculiar.append("alpha left out")
    if name.startswith("gray") or name.startswith("ya"):
        peculiar.append("grey")
    bits = max(part.bits for part in components)
    if bits > 8:
        peculiar.append(f"{bits} bits a channel")
    return peculiar
