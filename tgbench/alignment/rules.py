"""The declared rules by which somebody's frames become those of a case."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from ..configs import setting_text
from ..errors import TgbenchError

MOST_MIRRORED = 25
"""Frames that `length=mirrored` may make up: of more, a score would say little of the system."""

HALVES = ("left-half", "right-half", "top-half", "bottom-half")
_LENGTHS = ("exact", "truncated", "mirrored")
_SIZES = ("exact", "resized")
_RANGES = ("stored", "full", "limited")
_RATES = ("same", "clock", "frames")

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class AlignmentRules:
    """How frames become those of a case. The defaults allow nothing: everything must match.

    Attributes:
        rate: "same": the source has the rate of the case, in even steps. "clock": take what the
            video shows at the time of each frame. "frames": take frame by frame, whatever rate
            the file names. A number: the source has so many frames a second, whatever the file
            names, and is resampled.
        offset: frames, at the rate of the case, before the one that is its first.
        length: "exact": as many as the case has. "truncated": what is more is left out at the end.
            "mirrored": likewise, and up to `MOST_MIRRORED` that lack at the end are made up by
            running backwards from the last one, which comes twice.
        crop: left, top, right, bottom in pixels of the source, the last two exclusive; or
            "left-half", "right-half", "top-half", "bottom-half"; empty: everything.
        size: "exact": what is left has the size of the case. "resized": it is scaled, by area
            downwards and bicubically upwards; only its shape has to fit.
        colour_range: "stored": the pixels have the range that the file names. "full", "limited":
            0 to 255, or 16 to 235, whatever it names.

    Raises:
        TgbenchError: a value that cannot be.
    """

    rate: str | float = "same"
    offset: int = 0
    length: str = "exact"
    crop: str | Box = ""
    size: str = "exact"
    colour_range: str = "stored"

    def __post_init__(self) -> None:
        if self.length == "padded":
            raise TgbenchError(
                "length=padded: frames that a system did not make are not scored; score the part "
                "that it made, or use mirrored for a few that lack at the end"
            )
        _check_choice("length", self.length, _LENGTHS)
        _check_choice("size", self.size, _SIZES)
        _check_choice("colour_range", self.colour_range, _RANGES)
        if isinstance(self.rate, str):
            _check_choice("rate", self.rate, _RATES, "or a number of frames a second")
        elif isinstance(self.rate, bool) or not 1 <= self.rate <= 1000:
            raise TgbenchError(f"rate={self.rate}: give frames a second, such as 60")
        if isinstance(self.offset, bool) or not isinstance(self.offset, int) or self.offset < 0:
            raise TgbenchError(f"offset={self.offset}: give a number of frames, 0 or more")
        if isinstance(self.crop, str):
            if self.crop:
                _check_choice("crop", self.crop, HALVES, "or left:top:right:bottom")
            return
        box = tuple(self.crop)
        if len(box) != 4 or not all(type(edge) is int for edge in box):
            raise TgbenchError(f"crop={self.crop}: give left, top, right and bottom in pixels")
        left, top, right, bottom = box
        if not (0 <= left < right and 0 <= top < bottom):
            raise TgbenchError(
                f"crop={setting_text(box)}: holds no pixel; give left, top, right and bottom in "
                "pixels, the last two exclusive"
            )
        object.__setattr__(self, "crop", box)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Return the rules of a table, such as one of a TOML file.

        Raises:
            TgbenchError: an unknown rule, or a value that cannot be.
        """
        return cls().over(values)

    @classmethod
    def parse(cls, text: str) -> dict[str, Any]:
        """Return the rules that a text such as "rate=clock,length=truncated" names, by name.

        A semicolon separates as a comma does, for cells of a CSV.

        Raises:
            TgbenchError: it is no such text, or names an unknown rule.
        """
        found: dict[str, Any] = {}
        for part in filter(None, (part.strip() for part in re.split("[,;]", text))):
            name, equals, value = (piece.strip() for piece in part.partition("="))
            if not equals:
                raise TgbenchError(
                    f"'{part}': is no rule; write NAME=VALUE, such as length=truncated"
                )
            if name in found:
                raise TgbenchError(f"'{name}' is given twice; keep one")
            found[name] = _value(name, value)
        cls.of(found)
        return found

    def over(self, values: Mapping[str, Any]) -> Self:
        """Return the rules with some changed.

        Raises:
            TgbenchError: an unknown rule, or a value that cannot be.
        """
        known = [field.name for field in dataclasses.fields(self)]
        for name in values:
            if name not in known:
                raise TgbenchError(f"'{name}' is no rule; there are {', '.join(known)}")
        return dataclasses.replace(self, **values)

    def __str__(self) -> str:
        """Name the rules that differ from the defaults, as `parse` reads them."""
        changed = (
            (field.name, getattr(self, field.name))
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default
        )
        return ",".join(f"{name}={setting_text(value)}" for name, value in changed)


def _check_choice(name: str, value: str, choices: tuple[str, ...], more: str = "") -> None:
    if value not in choices:
        raise TgbenchError(f"{name}={value}: give {', '.join(choices)}{' ' if more else ''}{more}")


def _value(name: str, text: str) -> Any:
    """Return the value that a text stands for; what it cannot be, the rules refuse."""
    try:
        if name == "offset":
            return int(text)
        if name == "rate" and text not in _RATES:
            return float(text)
        if name == "crop" and ":" in text:
            return tuple(int(edge) for edge in text.split(":"))
    except ValueError:
        raise TgbenchError(f"{name}={text}: is not a number where there must be one") from None
    return text
