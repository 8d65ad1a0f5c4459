"""Frames of a prediction beside those of its target: read once, in step, nothing lost in silence.

Both start with their first frame. What has no partner at the end is left out with a note where it
is a few frames, as encoders and audio windows lose them; more of it means that the two are not of
the same clip, or run at other rates, and is refused unless it is allowed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import TgbenchError
from ..interfaces import Image
from ..video.image_folder import ImageFolder
from ..video.label import NOTE
from ..video.reader import VideoReader
from .clip_source import (
    Source,
    as_compared,
    gaps,
    named,
    open_source,
    shortfall,
    size_of,
    unevenness,
    unusual_pixels,
)

COMMON_RATE = 25.0
"""Frames a second at which videos of different or uneven rates meet, and of folders alone."""

TOLERANCE = 5
"""Frames by which one may be longer than the other."""

_ALIKE = 1e-3
"""Share by which rates may differ and be one, as 29.97 and 30 are, while frames stay in step."""

_EQUAL = 1e-6
"""Share by which rates may differ that are written differently only."""

Pair = tuple[int, Image, Image | None]


@dataclass
class _Side:
    """One of the two, and what was seen of it.

    Attributes:
        source: where its frames come from.
        count: frames read.
        inside, at_end: places on the clip's count of frames without a partner, before the last
            frame that has one and after it.
    """

    source: Source
    count: int = 0
    inside: list[int] = field(default_factory=list)
    at_end: list[int] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.source.path.name

    def places(self) -> Sequence[int]:
        """Return the places of all frames; of a video what it has if all can be decoded."""
        source = self.source
        return (
            source.positions if isinstance(source, ImageFolder) else range(source.survey().frames)
        )

    def __iter__(self) -> Iterator[tuple[int, Image]]:
        source = self.source
        if isinstance(source, ImageFolder):
            yield from zip(source.positions, source, strict=True)
        else:
            yield from enumerate(source)


class Pairs:
    """Frames of a prediction, and of its target if there is one, in one pass.

    Attributes:
        fps: frames a second.
        size: (width, height) of all frames, in pixels.
        resampled: whether frames are those nearest to instants k / fps on a video's own clock,
            not those stored.
        notes: what was resampled, converted or left out; complete after iterating.
    """

    def __init__(
        self,
        prediction: Path,
        target: Path | None = None,
        *,
        fps: float | None = None,
        allow_drop: bool = False,
        deinterlace: bool = False,
    ) -> None:
        """Open both and check that they can be compared.

        Args:
            prediction: a video, or a folder of images.
            target: another, if there is any.
            fps: frames a second to read videos at, by their clock, and of folders; None: videos
                of one steady rate as they are stored, others at 25 by their clock.
            allow_drop: compare what has a partner, however much has none.
            deinterlace: make whole pictures of interlaced ones.

        Raises:
            TgbenchError: one cannot be read, or the two differ in size or length.
        """
        self._allow_drop = allow_drop
        self.notes: list[str] = []
        sources = as_compared(
            [
                open_source(path, deinterlace=deinterlace)
                for path in (prediction, target)
                if path is not None
            ]
        )
        self.size = size_of(sources[0])
        self.fps, self.resampled = self._choose_rate(sources, fps)
        if self.resampled:
            sources = [
                source.read_at(self.fps, square=source.square)
                if isinstance(source, VideoReader)
                else source
                for source in sources
            ]
        self._sides = [_Side(source) for source in sources]
        self.expected = self._check_lengths()

    def __iter__(self) -> Iterator[Pair]:
        """Yield (place on the clip's count, prediction, target or None) in order.

        Raises:
            TgbenchError: at the end, where more has no partner than may be left out.
        """
        first = self._sides[0]
        if len(self._sides) == 1:
            for place, image in first:
                first.count += 1
                yield place, image, None
        else:
            yield from self._joined(*self._sides)
            self._settle()
        for side in self._sides:
            self._describe(side)

    def _joined(self, first: _Side, second: _Side) -> Iterator[Pair]:
        one, two = iter(first), iter(second)
        mine, other = next(one, None), next(two, None)
        while mine is not None and other is not None:
            place, partner = mine[0], other[0]
            if place == partner:
                yield place, mine[1], other[1]
            if place <= partner:
                first.count, mine = first.count + 1, next(one, None)
            if partner <= place:
                second.count, other = second.count + 1, next(two, None)
            if place < partner:
                first.inside.append(place)
            elif partner < place:
                second.inside.append(partner)
        for side, rest, left in ((first, one, mine), (second, two, other)):
            ends = [] if left is None else [left[0], *(place for place, _ in rest)]
            side.count, side.at_end = side.count + len(ends), ends

    def _check_lengths(self) -> int:
        """Refuse before any frame is decoded what would be refused at the end.

        Returns:
            About how many frames will be compared.
        """
        places = [set(side.places()) for side in self._sides]
        common = set.intersection(*places)
        last = max(common, default=-1)
        for side, own in zip(self._sides, places, strict=True):
            alone = sorted(own - common)
            side.inside = [place for place in alone if place < last]
            side.at_end = [place for place in alone if place > last]
        certain = all(isinstance(side.source, ImageFolder) for side in self._sides)
        # What a video holds is only an estimate of what comes out of the decoder.
        slack = 0 if certain else TOLERANCE + max(len(own) for own in places) // 20
        self._refuse([len(own) for own in places], slack)
        for side in self._sides:
            side.inside, side.at_end = [], []
        return len(common)

    def _settle(self) -> None:
        """Tell, or refuse, what was left out."""
        counts = [side.count for side in self._sides]
        self._refuse(counts)
        for side in self._sides:
            source = side.source
            if isinstance(source, VideoReader) and source.gaps and not self.resampled:
                self._drop(
                    f"{source.path}: by its clock {source.gaps} frames are missing, "
                    "so those after them are out of step with their partners; give --fps "
                    f"{self.fps:g} to go by the clock"
                )
        for side, other in (self._sides, self._sides[::-1]):
            if side.at_end:
                self.notes.append(
                    f"{side.name}: the last {len(side.at_end)} of its {side.count} frames have no "
                    "partner and were not compared"
                )
            if side.inside:
                self.notes.append(
                    f"{side.name}: {len(side.inside)} of its {side.count} frames were not "
                    f"compared, because {other.name} lacks their numbers"
                )

    def _refuse(self, counts: Sequence[int], slack: int = 0) -> None:
        """Refuse frames without a partner: in the midst any, at the end more than a few."""
        if len(self._sides) < 2:
            return
        first, second = self._sides
        for side, other in ((first, second), (second, first)):
            if side.inside:
                lacks = ", ".join(named(other.source, side.inside))
                self._drop(
                    f"{other.source.path}: lacks frames that {side.name} has ({lacks}); add them, "
                    "or leave out their partners"
                )
            if len(side.at_end) > TOLERANCE + slack:
                lengths = " and ".join(
                    f"{end.source.path} has {count} frames{shortfall(end.source, count)}"
                    for end, count in zip(self._sides, counts, strict=True)
                )
                broken = " and ".join(
                    str(end.source.path)
                    for end, count in zip(self._sides, counts, strict=True)
                    if shortfall(end.source, count)
                )
                remedy = (
                    f"copy or record {broken} again"
                    if broken
                    else "cut the longer one, or give the right rate with --fps"
                )
                self._drop(
                    f"the two differ in length: {lengths} at {self.fps:g} a second; {remedy}"
                )

    def _drop(self, why: str) -> None:
        if not self._allow_drop:
            raise TgbenchError(f"{why}; or compare what has a partner with --allow-drop")

    def _describe(self, side: _Side) -> None:
        """Note what is peculiar about a source once it has been read."""
        source = side.source
        if isinstance(source, VideoReader):
            if source.damage:
                self.notes.append(f"{side.name}: {source.damage}; {side.count} frames were read")
            if source.gaps and not self.resampled:
                self.notes.append(
                    f"{side.name}: by its clock {source.gaps} frames are missing, so later "
                    f"frames come too early; give --fps {self.fps:g} to follow the clock"
                )
            if source.info.labelled:
                self.notes.append(
                    f"{side.name}: {NOTE}, which image metrics count as an error; "
                    "`tgbench run --no-label` makes a video without"
                )
            self.notes += [f"{side.name}: {note}" for note in source.notes]
            peculiar = unusual_pixels(source.info.pixel_format)
        else:
            peculiar = sorted(source.converted)
            if source.missing:
                few = ", ".join(named(source, gaps(source)))
                self.notes.append(
                    f"{side.name}: {len(source.missing)} numbers are missing ({few}), so later "
                    "frames come too early for the sound"
                )
        if peculiar:
            self.notes.append(f"{side.name}: {', '.join(peculiar)}; read as RGB of 8 bits")

    def _choose_rate(self, sources: Sequence[Source], fps: float | None) -> tuple[float, bool]:
        """Return the rate of all frames, and whether videos are brought to it."""
        videos = [source for source in sources if isinstance(source, VideoReader)]
        folders = [source for source in sources if isinstance(source, ImageFolder)]
        numbers = {folder.first_number for folder in folders}
        if len(folders) == 2 and len(numbers) == 2 and None not in numbers:
            told = ", ".join(f"{folder.path.name} at {folder.first_number}" for folder in folders)
            self.notes.append(f"the first numbers differ ({told}); the first frames are paired")
        if not videos:
            return fps or COMMON_RATE, False
        rates = [video.info.fps for video in videos]
        apart = max(rates) - min(rates)
        # Where frames as stored would drift apart by half a frame, only the clock is right.
        alike = apart <= _ALIKE * max(rates) and (
            apart <= _EQUAL * max(rates)
            or apart * min(video.survey().seconds for video in videos) < 0.5
        )
        uneven = {video: why for video in videos if (why := unevenness(video))}
        if alike and not uneven and fps is None:
            if folders and abs(rates[0] - COMMON_RATE) > _ALIKE * COMMON_RATE:
                self.notes.append(
                    f"{folders[0].path.name}: taken as {rates[0]:g} frames a second, as "
                    f"{videos[0].path.name}"
                )
            if apart > _EQUAL * max(rates):
                told = " and ".join(f"{rate:.3f}" for rate in rates)
                self.notes.append(
                    f"{told} frames a second were taken as one rate: to the end of the clip they "
                    "differ by less than half a frame"
                )
            return rates[0], False
        steady = alike and not any(video.info.variable_rate for video in videos)
        rate = fps or (rates[0] if steady else COMMON_RATE)
        for video in videos:
            if video in uneven or abs(video.info.fps - rate) > _ALIKE * rate:
                kind = uneven.get(video, f"{video.info.fps:.3f} frames a second")
                self.notes.append(f"{video.path.name}: {kind}, resampled to {rate:g}")
        return rate, True
