"""What `tgbench list` shows of TalkingGaussian, and its presets."""

from __future__ import annotations

from tgbench.specs import CompositeMode, MethodSpec

_QUICK: dict[str, object] = {
    # A fourteenth of the iterations, at rates that make up for it.
    "static_iterations": 600,
    "motion_iterations": 3000,
    "finetune_iterations": 200,
    "harmonics_every": 400,
    "densify_from": 100,
    "position_lr": 5e-4,
    "position_lr_final": 1e-5,
    "position_lr_iterations": 3600,
    "grid_lr": 2e-2,
    "network_lr": 4e-3,
    "face_gaussians": 4000,
    "mouth_gaussians": 500,
    "face_gaussian_limit": 5000,
    "mouth_gaussian_limit": 1000,
    "random_background": True,
    "open_share": 0.25,
    "face_open_every": 1,
    "alpha_weight": 0.05,
    "lips_attention_weight": 0.0,
    "hair_attention_weight": 0.0,
    "lpips_weight": 0.0,
    # All of a short clip's motion seen without hair is learned by heart.
    "hair_every": 1,
}

_OFFICIAL: dict[str, object] = {
    # Where the released code does not do what the paper says.
    "expression_units": "six",
    "face_grid_finest": 38,
    "mouth_grid_finest": 58,
    "mouth_sideways": 0.2,
    "finetune_opacity_lr": 1e-3,
    "lpips_patches": True,
    "face_lpips_iterations": 3000,
    "mouth_lpips_iterations": 1000,
}

SPEC = MethodSpec(
    name="talkinggaussian",
    summary="persistent 3D Gaussians of face and inside mouth, deformed by audio and expression",
    implementation="tgbench.methods.talkinggaussian.method:TalkingGaussian",
    config="tgbench.methods.talkinggaussian.config:TalkingGaussianConfig",
    presets={"quick": _QUICK, "paper": {}, "official": _OFFICIAL},
    source="Li et al., TalkingGaussian, ECCV 2024",
    composite_mode=CompositeMode.HEAD_OVER_TORSO,
    leaked_conditions=(
        "true head pose",
        "true upper-face action units",
        "true torso and background",
    ),
)
