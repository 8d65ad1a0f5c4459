"""What the still method declares, and its settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tgbench.configs import Range
from tgbench.specs import CompositeMode, LeakedCondition, MethodSpec


@dataclass(frozen=True)
class StillConfig:
    """Settings of the still method."""

    head_radius: Annotated[float, Range(above=0, most=0.5)] = 0.12
    """Radius of the sphere that stands for the head when poses are compared, as a share of its
    distance from the camera."""


SPEC = MethodSpec(
    "still",
    "repeats the training frame with the nearest head pose; the floor of every table",
    "tgbench.methods.still.method:Still",
    title="Still",
    config="tgbench.methods.still.spec:StillConfig",
    presets={"quick": {}, "paper": {}},
    image_sizes={"quick": 256},
    trains=False,
    hears_audio=False,
    moves_upper_face=False,
    composite_mode=CompositeMode.FULL_FRAME,
    leaked_conditions=(LeakedCondition.HEAD_POSE,),
)
