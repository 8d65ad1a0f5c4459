"""What the still method declares, and its settings."""

from __future__ import annotations

from dataclasses import dataclass

from tgbench.specs import CompositeMode, LeakedCondition, MethodSpec


@dataclass(frozen=True)
class StillConfig:
    """Settings of the still method.

    Attributes:
        head_radius: of the sphere that stands for the head when poses are compared, as a share
            of its distance from the camera.
    """

    head_radius: float = 0.12

    def __post_init__(self) -> None:
        if not 0.0 < self.head_radius < 0.5:
            raise ValueError(f"head_radius is {self.head_radius}; it must lie between 0 and 0.5")


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
