"""What `tgbench list` shows of TalkingGaussian, and its presets."""

from __future__ import annotations

from tgbench.specs import CompositeMode, MethodSpec

_QUICK: dict[str, object] = {
    "static_iterations": 600,
    "motion_iterations": 3000,
    "finetune_iterations": 400,
}

SPEC = MethodSpec(
    name="talkinggaussian",
    summary="persistent 3D Gaussians of face and inside mouth, deformed by audio and expression",
    implementation="tgbench.methods.talkinggaussian.method:TalkingGaussian",
    config="tgbench.methods.talkinggaussian.config:TalkingGaussianConfig",
    presets={"quick": _QUICK, "paper": {}},
    source="Li et al., TalkingGaussian, ECCV 2024",
    composite_mode=CompositeMode.HEAD_OVER_TORSO,
    leaked_conditions=(
        "true head pose",
        "true upper-face action units",
        "true torso and background",
    ),
)
