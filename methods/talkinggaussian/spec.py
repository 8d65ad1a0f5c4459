"""What `tgbench list` shows of TalkingGaussian, and its presets."""

from __future__ import annotations

from tgbench.specs import CompositeMode, LeakedCondition, MethodSpec

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
    # From pictures alone the lips learn half of their motion; what the encoders heard is kept.
    "listening_iterations": 300,
    "audio_lr": 0.1,
    "audio_attention_lr": 0.1,
}

_PAPER: dict[str, object] = {
    # Where the paper is silent, what the official code does when it is run, at commit 9bd34f7.
    "scene_extent": 0.0,
    "initial_cloud": "cube",
    "initial_colors": "grey",
    "finetune_moments": "kept",
    "network_biases": False,
    "network_start": "torch",
    "expression_attention": "relu",
    "motion_moves_positions": True,
    "motion_lr_final": 0.1,
    "grid_weight_decay": 0.01,
    "audio_weight_decay": 0.0,
    "loss_mean": "image",
    "mouth_finish_iterations": 1_000,
    "hair_last_iterations": 4_000,
    "alpha_in_static": False,
    "mouth_alpha": "filled",
    "static_sampling": "official",
}

_OFFICIAL: dict[str, object] = {
    **_PAPER,
    # Where the code does not do what the paper says, or keeps to itself. README.md lists what it
    # does that is no setting.
    "audio_input": "raw",
    "audio_outside": "zeros",
    "frame_rounding": "down",
    "unused_opacity": True,
    "expression_units": "six",
    "face_gaussian_limit": 10_000_000,
    "mouth_gaussian_limit": 10_000_000,
    "finetune_opacity_lr": 0.05,
    "mouth_background": "enlarge",
    "grid_layout": "torch_ngp",
    "face_grid_finest": 38.4,
    "mouth_grid_finest": 57.6,
    "mouth_sideways": 0.2,
    "motion_lr_schedule": "steps",
    "lpips_patches": True,
    "face_lpips_iterations": 3_000,
    "mouth_lpips_iterations": 1_000,
    "mouth_pixels": "outside_lips",
    "teeth_alpha": "face",
    "face_sampling": "eyes",
    "mouth_sampling": "closing",
}

SPEC = MethodSpec(
    name="talkinggaussian",
    title="TalkingGaussian",
    summary="persistent 3D Gaussians of face and inside mouth, deformed by audio and expression",
    implementation="tgbench.methods.talkinggaussian.method:TalkingGaussian",
    config="tgbench.methods.talkinggaussian.config:TalkingGaussianConfig",
    presets={"quick": _QUICK, "paper": _PAPER, "official": _OFFICIAL},
    image_sizes={"quick": 256},
    source="Li et al., TalkingGaussian, ECCV 2024",
    composite_mode=CompositeMode.HEAD_OVER_TORSO,
    leaked_conditions=(
        LeakedCondition.HEAD_POSE,
        LeakedCondition.UPPER_FACE_ACTION_UNITS,
        LeakedCondition.TORSO_AND_BACKGROUND,
    ),
)
