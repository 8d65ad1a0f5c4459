"""The numbers that `tgbench explore` writes to explore.json and shows on its page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """A measure at -3, 0 and +3 standard deviations; None where no face was found."""

    least: float | None
    middle: float | None
    most: float | None

    @property
    def total(self) -> float | None:
        """How much it grows from -3 to +3."""
        return None if self.least is None or self.most is None else self.most - self.least


@dataclass(frozen=True)
class ShapeRecord:
    """What one blendshape moves, by itself and from its mean.

    Attributes:
        file: name of strip and video, without a suffix.
        deviation: the standard deviation of its coefficient over the training frames, in the
            method's own unit.
        mean: of its coefficient there.
        mouth_opening, eye_opening, brow_height: by the distance of the outer eye corners.
        action_units: change of intensity from -3 to +3, 0 to 5 scale by geometry, the largest.
        own_half: share of the picture's change that is in the half of the face that the set is
            meant to move, 0 to 1; None for a set of the whole face, or without a face.
        picture_change: mean absolute difference of the pictures at -3 and +3, levels of 255.
        faces: frames of the sweep in which a face was found, of `frames`.
    """

    file: str
    deviation: float
    mean: float
    mouth_opening: Change
    eye_opening: Change
    brow_height: Change
    action_units: dict[str, float]
    own_half: float | None
    picture_change: float
    faces: int
    frames: int


@dataclass(frozen=True)
class SetRecord:
    """A set of blendshapes.

    Attributes:
        name: of the set.
        half: of the face, which it is meant to move; None: all of it.
        shapes: in the method's order.
    """

    name: str
    half: str | None
    shapes: tuple[ShapeRecord, ...]


@dataclass(frozen=True)
class ExpressionRecord:
    """The head with sampled coefficients of the upper face, beside the head without.

    Attributes:
        name: "as driven", or "sample N".
        metrics: value by metric, None where it could not be measured.
    """

    name: str
    metrics: dict[str, float | None]


@dataclass(frozen=True)
class ExploreRecord:
    """All of it.

    Attributes:
        method, identity, preset, seed: of the fit.
        settings: that were changed.
        size: of the frames, width and height in pixels.
        inter_ocular: distance of the outer eye corners in pixels, at the means; None: no face.
        sets: of blendshapes.
        expressions: under one sound; empty where the method has no set for the upper face alone.
        sound: its name.
        seconds: of it.
        labelled: whether pictures and videos carry the visible label.
        composite: what the frames are made of, in words.
    """

    method: str
    identity: str
    preset: str
    seed: int
    settings: dict[str, str]
    size: tuple[int, int]
    inter_ocular: float | None
    sets: tuple[SetRecord, ...]
    expressions: tuple[ExpressionRecord, ...]
    sound: str
    seconds: float
    labelled: bool
    composite: str
