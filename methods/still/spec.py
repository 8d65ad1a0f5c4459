"""What the still method declares."""

from __future__ import annotations

from tgbench.specs import CompositeMode, LeakedCondition, MethodSpec

SPEC = MethodSpec(
    "still",
    "repeats the training frame with the nearest head pose; the floor of every table",
    "tgbench.methods.still.method:Still",
    title="Still",
    config="tgbench.methods.still.config:StillConfig",
    presets={"quick": {}, "paper": {}},
    image_sizes={"quick": 256},
    trains=False,
    hears_audio=False,
    moves_upper_face=False,
    composite_mode=CompositeMode.FULL_FRAME,
    leaked_conditions=(LeakedCondition.HEAD_POSE,),
)
