"""The words in which plug-ins declare what they are; results store them as text."""

from __future__ import annotations

import enum
import math


class CompositeMode(enum.StrEnum):
    """What a rendered frame is made of. Image metrics never rank across modes."""

    HEAD_OVER_TORSO = "head over true torso and plate"
    FULL_FRAME = "full frame"
    FACE_PASTED = "face pasted on the true video"
    HEAD_ALONE = "head alone on a plain background"


class LeakedCondition(enum.StrEnum):
    """What of the truth a method is given when it renders."""

    HEAD_POSE = "true head pose"
    ACTION_UNITS = "true action units"
    UPPER_FACE_ACTION_UNITS = "true upper-face action units"
    UPPER_FACE = "true upper face"
    TORSO_AND_BACKGROUND = "true torso and background"

    @classmethod
    def _missing_(cls, value: object) -> LeakedCondition | None:
        """Return the condition that an older result calls by another text."""
        return _FORMER_CONDITIONS.get(value) if isinstance(value, str) else None


_FORMER_CONDITIONS = {"true pose": LeakedCondition.HEAD_POSE}


def condition_text(stored: str) -> str:
    """Return a leaked condition of a stored result in the words of today.

    A condition that this version does not know, as of a newer one, stays as it is.
    """
    try:
        return LeakedCondition(stored).value
    except ValueError:
        return stored


class Timed(enum.StrEnum):
    """Where the speed of a method comes from."""

    IN_PROCESS = "in process"
    """The harness calls `render` against the clock."""
    SELF_REPORTED = "self-reported"
    """The method reports its own times; the harness never renders to time it."""
    UNTIMED = "untimed"
    """Nobody knows, as of finished videos: speed is a dash in a table."""


class Region(enum.StrEnum):
    """What part of an image a metric looks at.

    The region decides for which methods a value has a meaning, and whether it depends on what the
    frames are made of (`CompositeMode`).
    """

    WHOLE_IMAGE = "whole image"
    """All pixels. A dash where a method does not make the whole image itself."""
    FACE = "face"
    """All of the face, its outline included. A dash where a method does not make the whole image:
    most of the face's pixels and landmarks are then those of the truth."""
    UPPER_FACE = "upper face"
    """Brows and eyes. A dash where a method does not move them."""
    MOUTH = "mouth"
    """Mouth and lower face, which every method makes itself."""
    NONE = "none"
    """No image at all, as for speed."""

    @property
    def depends_on_composite(self) -> bool:
        """Whether values rank only among methods whose frames are made of the same parts."""
        return self in (Region.WHOLE_IMAGE, Region.FACE)


class Direction(enum.StrEnum):
    """Which way a metric gets better."""

    HIGHER = "higher"
    LOWER = "lower"
    ONE = "one"
    """A ratio to the truth: 1 is best, and half is as bad as double."""
    NONE = "none"

    @property
    def arrow(self) -> str:
        """Return it as a sign; empty where neither way is better."""
        return {"higher": "↑", "lower": "↓", "one": "→1"}.get(self.value, "")

    @property
    def averages(self) -> bool:
        """Whether a mean over clips says something: of others, errors of either sign cancel."""
        return self in (Direction.HIGHER, Direction.LOWER)

    def why_no_mean(self, least: float) -> str:
        """Return why a mean over clips says nothing; empty: it says something.

        Args:
            least: the smallest possible value.
        """
        if self.averages:
            return ""
        if self is Direction.NONE and least >= 0.0:
            return "neither more nor less is better, so there is no mean"
        return "errors of either sign would cancel in a mean"

    def cost(self, value: float) -> float:
        """Return a number that is the smaller, the better a value is.

        Of ratios the octaves from 1, infinite for a ratio that is not positive.

        Raises:
            ValueError: neither way is better.
        """
        if self is Direction.NONE:
            raise ValueError("neither way is better")
        if self is Direction.ONE:
            return abs(math.log2(value)) if value > 0.0 else math.inf
        return value if self is Direction.LOWER else -value


class Needs(enum.StrEnum):
    """What a metric must be given."""

    TARGET = "ground-truth frames"
    LANDMARKS = "face landmarks"
    MESH = "face mesh"
    AUDIO = "driving audio"
    PHONEMES = "times of phonemes"
    ACTION_UNITS = "action units"
    CAMERAS = "cameras that moved"
    TIMING = "timed rendering and training"
    TRAINING = "a method that is trained"


class BackendKind(enum.StrEnum):
    """Which part of an identity a preparation backend makes, in the order of the stages."""

    LANDMARKS = "landmarks"
    POSE = "pose"
    PARSING = "parsing"
    ACTION_UNITS = "action_units"
