"""Taking exactly the frames of a case out of a video or a folder of images."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Self

import cv2
import numpy as np

from ..arrays import Image
from ..configs import setting_text
from ..drive import Drive
from ..errors import TgbenchError
from ..metrics.clip_source import (
    Source,
    open_source,
    shortfall,
    size_of,
    unevenness,
    unusual_pixels,
)
from ..video.image_folder import ImageFolder
from ..video.label import NOTE
from ..video.reader import VideoReader
from ..video.resampling import resampled
from .rules import MOST_MIRRORED, AlignmentRules, Box

_SAME_SHAPE = 0.01
"""Share by which width to height may differ for a picture to be resized, not distorted."""


@dataclass(frozen=True)
class Wanted:
    """The frames that a case wants.

    Attributes:
        frames: how many.
        width, height: of each, in pixels.
        fps: frames a second.
    """

    frames: int
    width: int
    height: int
    fps: float

    @classmethod
    def by(cls, drive: Drive) -> Self:
        """Return the frames that a drive asks for."""
        camera = drive.intrinsics
        return cls(len(drive), camera.width, camera.height, drive.fps)


def aligned_frames(source: Path, drive: Drive, rules: AlignmentRules) -> AlignedFrames:
    """Return exactly the frames that a drive asks for, from a video or a folder of images.

    Raises:
        TgbenchError: see `AlignedFrames`.
    """
    return AlignedFrames(source, Wanted.by(drive), rules)


class AlignedFrames:
    """The frames of a case from somebody's video or folder of images, decoded once as they come.

    Attributes:
        notes: what was left out, repeated, resampled, cropped or resized, in words; complete when
            the last frame is there.
    """

    def __init__(self, source: Path, wanted: Wanted, rules: AlignmentRules) -> None:
        """Open the source and check what can be known before any frame is decoded.

        Raises:
            TgbenchError: it cannot be read, or does not fit; the message names the rule that
                would make it fit, if there is one.
        """
        self._path, self._wanted, self._rules = source, wanted, rules
        self.notes: list[str] = []
        found = open_source(source)
        if isinstance(found, VideoReader):
            if rules.colour_range != "stored":
                found = VideoReader(source, None, full_range=rules.colour_range == "full")
            self._check_steadiness(found)
            if rules.rate == "clock":
                found = found.read_at(wanted.fps)
            if found.info.stretched and _size(wanted) == (
                found.info.stored_width,
                found.info.stored_height,
            ):
                found = found.read_at(found.fps, square=False)
        else:
            self._check_numbering(found)
        self._source: Source = found
        self._box = self._checked_box()
        self._check_size()
        self._check_announced_length()

    def __iter__(self) -> Iterator[Image]:
        """Yield the frames, uint8 RGB [height, width, 3].

        Raises:
            TgbenchError: a frame cannot be read, or there are not as many as the headers of the
                file had it.
        """
        self.notes.clear()
        images = self._at_the_rate()
        skipped = sum(1 for _ in zip(range(self._rules.offset), images, strict=False))
        # A source is refused before the last frame is out, never after it.
        last: Image | None = None
        held: deque[Image] = deque(maxlen=MOST_MIRRORED)
        count = 0
        for image in images:
            if last is not None:
                yield last
            last = self._shaped(image)
            held.append(last)
            count += 1
            if count == self._wanted.frames:
                break
        surplus = sum(1 for _ in images)
        missing = self._wanted.frames - count
        self._settle(skipped, count, surplus)
        if last is not None:
            yield last
        yield from list(held)[::-1][:missing]

    @property
    def _name(self) -> str:
        return self._path.name

    def _check_steadiness(self, video: VideoReader) -> None:
        """Refuse a video of another rate, or of uneven steps, unless a rule says what to do."""
        if self._rules.rate != "same":
            return
        wanted = self._wanted
        if uneven := unevenness(video):
            self._refuse_cut(video)
            raise TgbenchError(
                f"{self._path}: its frames are unevenly spaced ({uneven}); state rate=clock to "
                "take what it shows at the time of each frame, or rate=frames to take frame by "
                "frame"
            )
        # By how many frames the two are apart at the end of the case.
        if abs(video.info.fps - wanted.fps) / wanted.fps * wanted.frames >= 0.5:
            raise TgbenchError(
                f"{self._path}: has {video.info.fps:.6g} frames a second, the case has "
                f"{wanted.fps:g}; state rate=clock to take what it shows at the time of each "
                "frame, or rate=frames if the file names a wrong rate"
            )

    def _refuse_cut(self, video: VideoReader) -> None:
        """Refuse a file that has less than it says, before a rule is asked for.

        Raises:
            TgbenchError: it is cut short.
        """
        stored = video.read_at(None)
        count = stored.survey().frames
        if lacks := shortfall(stored, count):
            raise TgbenchError(
                f"{self._path}: has {count} frames{lacks}; copy or download it again"
            )

    def _check_numbering(self, folder: ImageFolder) -> None:
        """Refuse images that lack numbers, or rules for what images do not have."""
        if self._rules.rate == "clock":
            raise TgbenchError(
                f"{self._path}: images have no clock; state how many they are a second, such as "
                "rate=60, instead of rate=clock"
            )
        if folder.missing and self._rules.rate != "frames":
            lacking = ", ".join(map(str, folder.missing[:5]))
            more = ", ..." if len(folder.missing) > 5 else ""
            raise TgbenchError(
                f"{self._path}: lacks the images {lacking}{more}; add them, or state rate=frames "
                "to take those that are there one by one"
            )

    def _checked_box(self) -> Box | None:
        """Return what is cut out of every frame in pixels, None for everything."""
        if not self._rules.crop:
            return None
        width, height = size_of(self._source)
        if isinstance(self._rules.crop, str):
            return _half(self._rules.crop, width, height)
        left, top, right, bottom = self._rules.crop
        if right > width or bottom > height:
            raise TgbenchError(
                f"{self._path}: is {width}x{height}, which crop={setting_text(self._rules.crop)} "
                "leaves; state a crop inside it"
            )
        return left, top, right, bottom

    def _check_size(self) -> None:
        width, height = size_of(self._source)
        cropped = ""
        if self._box is not None:
            left, top, right, bottom = self._box
            width, height = right - left, bottom - top
            cropped = f" after crop={setting_text(self._rules.crop)}"
        wanted = self._wanted
        if (width, height) == _size(wanted) or self._is_resized(width, height):
            return
        differ = f"{self._path}: is {width}x{height}{cropped}, the case is " + "x".join(
            map(str, _size(wanted))
        )
        if _same_shape(width, height, wanted):
            raise TgbenchError(f"{differ}; state size=resized if it shows the same, only scaled")
        raise TgbenchError(
            f"{differ}; state crop=LEFT:TOP:RIGHT:BOTTOM to say which part of it is the frame"
        )

    def _is_resized(self, width: int, height: int) -> bool:
        return self._rules.size == "resized" and _same_shape(width, height, self._wanted)

    def _check_announced_length(self) -> None:
        """Refuse early what differs in length by the headers, beyond what these leave open."""
        if isinstance(self._source, ImageFolder):
            have, slack = len(self._source), 0
        else:
            # A few codecs have packets that are never shown.
            have = self._source.survey().frames
            slack = 2 + have // 50
        if not isinstance(self._rules.rate, str):
            have = max(1, math.floor(have * self._wanted.fps / self._rules.rate + 0.5))
        count = min(max(have - self._rules.offset, 0), self._wanted.frames)
        self._refuse_length(count, have - self._rules.offset - count, slack)

    def _refuse_length(self, count: int, surplus: int, slack: int = 0) -> None:
        wanted, rules = self._wanted.frames, self._rules
        missing = wanted - count
        have = f"{self._path}: has {max(count + surplus, 0)} frames"
        have += f" after offset={rules.offset}" if rules.offset else ""
        have += f" at {self._wanted.fps:g} a second, the case has {wanted}"
        if surplus > slack and rules.length == "exact":
            raise TgbenchError(
                f"{have}; state length=truncated to leave out the last {surplus}, or offset=N if "
                "its first frames are not of the case" + self._rate_hint()
            )
        if missing <= slack or (rules.length == "mirrored" and missing <= MOST_MIRRORED):
            return
        if isinstance(self._source, VideoReader):
            self._refuse_cut(self._source)
        if missing > MOST_MIRRORED:
            raise TgbenchError(
                f"{have}; it cannot be scored on this case: more than {MOST_MIRRORED} frames "
                "are missing, and they are not made up" + self._rate_hint()
            )
        raise TgbenchError(
            f"{have}; state length=mirrored to make up the last {missing} by running backwards"
            + self._rate_hint()
        )

    def _rate_hint(self) -> str:
        images = isinstance(self._source, ImageFolder) and self._rules.rate == "same"
        return "; or rate=N if the images are N a second" if images else ""

    def _at_the_rate(self) -> Iterator[Image]:
        """Yield all frames at the rate of the case, and count what that leaves out or repeats."""
        rate, source = self._rules.rate, self._source
        if isinstance(rate, str):
            yield from source
            if isinstance(source, VideoReader) and rate == "clock":
                self._note_rate(f"{source.info.fps:.6g}", source.dropped, source.repeated)
            return
        step = 1 / Fraction(rate).limit_denominator(1001)
        timed = ((place * step, step, image) for place, image in enumerate(source))
        dropped = repeated = 0
        for image, times in resampled(timed, self._wanted.fps):
            dropped += times == 0
            repeated += max(times - 1, 0)
            for _ in range(times):
                yield image
        self._note_rate(f"{rate:g}", dropped, repeated)

    def _note_rate(self, rate: str, dropped: int, repeated: int) -> None:
        self._note(
            f"{rate} frames a second became {self._wanted.fps:g}: {dropped} frames were left out, "
            f"{repeated} repeated"
        )

    def _shaped(self, image: Image) -> Image:
        """Return the part of a frame that counts, in the size and the range of the case."""
        if self._box is not None:
            left, top, right, bottom = self._box
            image = image[top:bottom, left:right]
        if self._rules.colour_range == "limited" and isinstance(self._source, ImageFolder):
            image = _expanded(image)
        if image.shape[1::-1] != _size(self._wanted):
            smaller = image.shape[0] > self._wanted.height
            scaling = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
            image = np.asarray(cv2.resize(image, _size(self._wanted), interpolation=scaling))
        return np.ascontiguousarray(image)

    def _settle(self, skipped: int, count: int, surplus: int) -> None:
        """Refuse, or note, what does not fit; every frame of the source was seen.

        Raises:
            TgbenchError: the length differs and no rule allows it, or the file is damaged.
        """
        source, rules = self._source, self._rules
        if isinstance(source, VideoReader):
            if source.damage:
                raise TgbenchError(f"{self._path}: {source.damage}; copy or download it again")
            if rules.rate == "same" and source.info.start * self._wanted.fps >= 0.5:
                self._note(
                    f"its picture starts {source.info.start:.2f} s after its sound; its first "
                    "frame was taken as that of the case"
                )
            if rules.rate == "frames" and source.gaps:
                self._note(f"{source.gaps} frames are missing by its clock, which does not count")
            if source.info.labelled:
                self._note(f"{NOTE}, which image metrics count as an error")
            peculiar = unusual_pixels(source.info.pixel_format)
            for note in source.notes:
                self._note(note)
        else:
            peculiar = sorted(source.converted)
            if source.missing:
                self._note(f"{len(source.missing)} numbers are missing, which does not count")
        self._refuse_length(count, surplus)
        if peculiar:
            self._note(f"{', '.join(peculiar)}; read as RGB of 8 bits")
        if skipped:
            self._note(f"the first {skipped} frames were left out")
        if surplus:
            whole = skipped + count + surplus
            self._note(f"the last {surplus} of its {whole} frames were left out")
        if missing := self._wanted.frames - count:
            self._note(f"the last {missing} frames were made up by running backwards")
        if rules.colour_range != "stored":
            self._note(f"its pixels were taken to have {rules.colour_range} range")
        if self._box is not None:
            self._note(f"cropped to {setting_text(rules.crop)}")
        if rules.size == "resized" and (before := self._cropped_size()) != _size(self._wanted):
            after = "x".join(map(str, _size(self._wanted)))
            self._note(f"resized from {before[0]}x{before[1]} to {after}")

    def _cropped_size(self) -> tuple[int, int]:
        if self._box is None:
            return size_of(self._source)
        left, top, right, bottom = self._box
        return right - left, bottom - top

    def _note(self, text: str) -> None:
        self.notes.append(f"{self._name}: {text}")


def _size(wanted: Wanted) -> tuple[int, int]:
    return wanted.width, wanted.height


def _same_shape(width: int, height: int, wanted: Wanted) -> bool:
    return math.isclose(width / height, wanted.width / wanted.height, rel_tol=_SAME_SHAPE)


def _half(which: str, width: int, height: int) -> Box:
    """Return a half of a frame; of an odd number of pixels, the first half has one less."""
    middle, centre = width // 2, height // 2
    return {
        "left-half": (0, 0, middle, height),
        "right-half": (middle, 0, width, height),
        "top-half": (0, 0, width, centre),
        "bottom-half": (0, centre, width, height),
    }[which]


def _expanded(image: Image) -> Image:
    """Return an image of the range 16 to 235 in that of 0 to 255."""
    return np.clip(np.rint((image.astype(np.float32) - 16) * (255 / 219)), 0, 255).astype(np.uint8)
