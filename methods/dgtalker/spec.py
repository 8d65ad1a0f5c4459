"""What `tgbench list` shows of DGTalker, and its presets."""

from __future__ import annotations

from tgbench.specs import CompositeMode, LeakedCondition, MethodSpec

_QUICK: dict[str, object] = {}

_FULL: dict[str, object] = {
    "person.inversion_iterations": 4_000,
    "person.tuning_iterations": 30_000,
    "navigation.regression_iterations": 2_000,
    "navigation.iterations": 30_000,
}

SPEC = MethodSpec(
    name="dgtalker",
    title="DGTalker (reimplemented)",
    summary="a Gaussian head prior, personalised, with blendshapes of lips and of expression",
    implementation="tgbench.methods.dgtalker.method:DGTalker",
    config="tgbench.methods.dgtalker.config:DGTalkerConfig",
    presets={"quick": _QUICK, "full": _FULL},
    image_sizes={"quick": 256},
    source="Liang et al., DGTalker, ICCV 2025",
    takes_camera=True,
    composite_mode=CompositeMode.HEAD_OVER_TORSO,
    leaked_conditions=(
        LeakedCondition.HEAD_POSE,
        LeakedCondition.UPPER_FACE_ACTION_UNITS,
        LeakedCondition.TORSO_AND_BACKGROUND,
    ),
)
