"""What sounds ask of the lips: shut for p, b and m, apart for open vowels (BCS, 2606.13630)."""

from __future__ import annotations

import unicodedata
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ...audio.phones import Spoken
from ...errors import Unavailable
from ...interfaces import FrameView, MetricContext, Points
from ...specs import MetricSpec
from ..landmark_geometry import mouth_opening
from ..tracks import Array, Found, TrackMetric, both
from .specs import BILABIAL_CLOSURE, VOWEL_OPENING

_SHARE = 0.7
"""Of the true frames that count as shut, or as open: those beyond are at the sound's edges."""

_FEWEST = 5
"""Frames of such sounds; of fewer, a quantile says nothing."""

_OPEN = frozenset("aɑɐæɒɶ")
_NOT_OPEN = frozenset({"AH", "AO", "AX", "AXH", "AXR"})
"""Of ARPAbet: the vowels that begin with an A and yet are not open."""

_BILABIAL = frozenset("pbm")


def closes_lips(symbol: str) -> bool:
    """Return whether a sound of IPA or ARPAbet is made with both lips pressed: p, b or m."""
    return _first_letter(symbol.lower()) in _BILABIAL


def is_open_vowel(symbol: str) -> bool:
    """Return whether a sound of IPA or ARPAbet is an open vowel, or a diphthong that starts so."""
    arpabet = symbol.upper().rstrip("012").replace("-", "")
    return _first_letter(symbol.lower()) in _OPEN and arpabet not in _NOT_OPEN


def _first_letter(symbol: str) -> str:
    """Return the first letter of a sound without stress marks and diacritics."""
    letters = unicodedata.normalize("NFD", symbol)
    return next((letter for letter in letters if unicodedata.category(letter) == "Ll"), "")


class BilabialClosure(TrackMetric):
    """The share of frames of p, b and m whose mouth is as shut as 70 % of the true ones.

    The truth has 0.7 by construction: `of_truth` in the details is the ratio. A mouth that never
    opens has 1, so read it with `vowel_opening`. `of_phones` in the details is the share of sounds
    in which a frame is shut, from the frame before to that after.
    """

    spec: ClassVar[MetricSpec] = BILABIAL_CLOSURE
    definition = (
        "frames of /p b m/ whose inner-lip gap by inter-ocular distance is at most the 0.7 "
        "quantile of the target's"
    )
    _sign = 1.0

    def __init__(self, context: MetricContext) -> None:
        """Know what is said.

        Raises:
            Unavailable: that is not known.
        """
        super().__init__(context)
        if context.spoken is None:
            raise Unavailable(
                "nothing says when which sound is spoken; put a TextGrid beside the sound, under "
                "the sound's name, or give `tgbench score --phonemes` a file"
            )
        self._spoken: Spoken = context.spoken
        self._places: list[int | None] = []

    @staticmethod
    def counts(symbol: str) -> bool:
        """Return whether the frames of a sound count."""
        return closes_lips(symbol)

    @staticmethod
    def take(points: Points) -> Array:
        """Return the opening of the mouth."""
        return np.asarray(mouth_opening(points))

    def update(self, frame: FrameView) -> float | None:
        """See a frame; what it counts is known only with all others."""
        self._places.append(self._spoken.place_at(frame.index))
        return super().update(frame)

    def merge(self, later: Self) -> None:
        """Go on with the frames that `later` has seen."""
        super().merge(later)
        self._places += later._places

    def measure(self, prediction: Array, target: Array) -> Found:
        """Return the share."""
        own, true = self._sign * prediction, self._sign * target
        phones = self._phones(own, true)
        if (found := sum(map(len, phones))) < _FEWEST:
            return Found(None, f"{found} frames of such sounds show both faces; it takes {_FEWEST}")
        frames = np.concatenate(phones)
        bound = float(np.quantile(true[frames], _SHARE))
        share, truth = (float((track[frames] <= bound).mean()) for track in (own, true))
        return Found(
            share,
            details={
                "truth": truth,
                "of_truth": share / truth,
                "of_phones": float(np.mean([_reaches(own, phone, bound) for phone in phones])),
                "phones": len(phones),
            },
            scored=len(frames),
        )

    def series(self) -> dict[str, list[float | None]]:
        """Return 1 for every such frame that is within the bound, 0 for those that are not."""
        tracks = self.tracks()
        if tracks is None:
            return {}
        own, true = (self._sign * track for track in tracks)
        phones = self._phones(own, true)
        if sum(map(len, phones)) < _FEWEST:
            return {}
        frames = np.concatenate(phones)
        bound = float(np.quantile(true[frames], _SHARE))
        values: list[float | None] = [None] * len(own)
        for frame in frames:
            values[frame] = float(own[frame] <= bound)
        return {self.spec.name: values}

    def _phones(self, prediction: Array, target: Array) -> list[NDArray[np.intp]]:
        """Return the frames of each sound that counts, of those that show both faces."""
        found: dict[int, list[int]] = {}
        for frame in both(prediction, target).tolist():
            place = self._places[frame]
            if place is not None and self.counts(self._spoken.phones[place].symbol):
                found.setdefault(place, []).append(frame)
        return [np.array(frames, np.intp) for frames in found.values()]


class VowelOpening(BilabialClosure):
    """The share of frames of open vowels whose mouth is as open as 70 % of the true ones."""

    spec = VOWEL_OPENING
    definition = (
        "frames of open vowels whose inner-lip gap by inter-ocular distance is at least the 0.3 "
        "quantile of the target's"
    )
    _sign = -1.0

    @staticmethod
    def counts(symbol: str) -> bool:
        """Return whether the frames of a sound count."""
        return is_open_vowel(symbol)


def _reaches(openings: Array, frames: NDArray[np.intp], bound: float) -> bool:
    """Return whether a mouth reaches a bound in frames, or in the one before or after."""
    near = openings[max(0, frames[0] - 1) : frames[-1] + 2]
    return bool(np.nanmin(near) <= bound)
