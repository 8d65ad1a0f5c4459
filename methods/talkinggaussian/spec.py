"""What `tgbench list` shows of TalkingGaussian, and its presets."""

from __future__ import annotations

from tgbench.specs import CompositeMode, LeakedCondition, MethodSpec

_QUICK: dict[str, object] = {
    # A twentieth of the iterations, at higher rates.
    "schedule.static_iterations": 600,
    "schedule.motion_iterations": 2000,
    "schedule.finetune_iterations": 200,
    "gaussians.harmonics_every": 400,
    "densify.start": 100,
    "gaussians.position_lr": 5e-4,
    "gaussians.position_lr_final": 1e-5,
    "gaussians.position_lr_iterations": 2600,
    "gaussians.colors": "grey",
    "grid.lr": 2e-2,
    "motion_field.lr": 4e-3,
    "face.gaussians": 4000,
    "mouth.gaussians": 500,
    "face.gaussian_limit": 5000,
    "mouth.gaussian_limit": 1000,
    # What is added late has no time to learn.
    "face.densify_until": 0.75,
    "mouth.densify_until": 0.75,
    # The official code's: as good here as the supplement's, with a tenth of the table.
    "face.grid_finest": 38.4,
    "mouth.grid_finest": 57.6,
    "random_background": True,
    "sampling.open_share": 0.25,
    "face.open_every": 1,
    "loss.alpha_weight": 0.05,
    "loss.lips_attention_weight": 0.0,
    "loss.hair_attention_weight": 0.0,
    "finetune.lpips_weight": 0.0,
    # Without hair a short clip's motion is overfitted.
    "face.hair_every": 1,
    # From images alone the lips learn half of their motion; low rates keep what pretraining found.
    "schedule.audio_pretraining_iterations": 300,
    "audio.lr": 0.1,
    "audio.attention_lr": 0.1,
    "audio.weight_decay": 0.0,
}

_PAPER: dict[str, object] = {
    # Where the paper is silent, what the official code does when it is run, at commit 9bd34f7.
    "scene_extent": 0.0,
    "gaussians.cloud": "cube",
    "gaussians.colors": "grey",
    "finetune.moments": "kept",
    "motion_field.biases": False,
    "motion_field.start": "torch",
    "motion_field.expression_attention": "relu",
    "motion_field.moves_positions": True,
    "motion_field.lr_final": 0.1,
    "grid.weight_decay": 0.01,
    "audio.weight_decay": 0.0,
    "loss.mean": "image",
    "mouth.finish_iterations": 1_000,
    "face.hair_last_iterations": 4_000,
    "loss.alpha_in_static": False,
    "mouth.alpha": "filled",
    "sampling.static": "official",
}

_OFFICIAL: dict[str, object] = {
    **_PAPER,
    # Where the code differs from the paper or adds to it. README.md lists the differences that have
    # no setting.
    "audio.input": "raw",
    "audio.outside": "zeros",
    "frame_rounding": "down",
    "unused_opacity": True,
    "expression_units": "six",
    "face.gaussian_limit": 10_000_000,
    "mouth.gaussian_limit": 10_000_000,
    "finetune.opacity_lr": 0.05,
    "mouth.background": "enlarge",
    "grid.layout": "torch_ngp",
    "face.grid_finest": 38.4,
    "mouth.grid_finest": 57.6,
    "mouth.sideways": 0.2,
    "motion_field.lr_schedule": "steps",
    "finetune.lpips_patches": True,
    "face.lpips_iterations": 3_000,
    "mouth.lpips_iterations": 1_000,
    "mouth.pixels": "outside_lips",
    "face.teeth_alpha": "face",
    "face.sampling": "eyes",
    "mouth.sampling": "closing",
}

_GROUPS = {
    "face": (
        "gaussians gaussian_limit densify_until densify_gradient grid_coarsest grid_finest hidden "
        "lpips_iterations open_every incremental_every incremental_until sampling"
    ),
    "mouth": (
        "gaussians gaussian_limit densify_until densify_gradient grid_coarsest grid_finest hidden "
        "lpips_iterations open_every incremental_every incremental_until sampling extent "
        "finish_iterations pixels alpha background sideways"
    ),
    "densify": "every",
    "grid": "lr weight_decay layout levels log2_size bound",
    "audio": ("input outside dim lr attention_lr weight_decay attention_weight_decay noise jitter"),
    "loss": "mean",
    "finetune": "color_lr opacity_lr moments",
}
_MOVED = {
    "schedule": "static_iterations motion_iterations finetune_iterations",
    "face": "hair_every hair_last_iterations teeth_alpha",
    "gaussians": (
        "harmonics_degree harmonics_every position_lr position_lr_final position_lr_iterations "
        "color_lr opacity_lr scale_lr rotation_lr"
    ),
    "densify": "dense_size prune_opacity prune_opacity_final prune_size",
    "loss": (
        "ssim_weight alpha_weight alpha_in_static deformation_weight lips_attention_weight "
        "hair_attention_weight"
    ),
    "finetune": "lpips_weight lpips_patches",
    "motion_field": "expression_attention position_scale",
    "sampling": "open_share",
}
_RENAMED = {
    **{
        f"{group}_{key}": f"{group}.{key}"
        for group, keys in _GROUPS.items()
        for key in keys.split()
    },
    **{key: f"{group}.{key}" for group, keys in _MOVED.items() for key in keys.split()},
    "listening_iterations": "schedule.audio_pretraining_iterations",
    "initial_cloud": "gaussians.cloud",
    "initial_extent": "gaussians.extent",
    "initial_colors": "gaussians.colors",
    "densify_from": "densify.start",
    "network_lr": "motion_field.lr",
    "network_biases": "motion_field.biases",
    "network_start": "motion_field.start",
    "motion_lr_schedule": "motion_field.lr_schedule",
    "motion_lr_final": "motion_field.lr_final",
    "motion_moves_positions": "motion_field.moves_positions",
    "static_sampling": "sampling.static",
    "incremental_width": "sampling.width",
}
"""Names of settings in versions up to 0.1, which had no groups."""

SPEC = MethodSpec(
    name="talkinggaussian",
    title="TalkingGaussian",
    summary="persistent 3D Gaussians of face and inside mouth, deformed by audio and expression",
    implementation="tgbench.methods.talkinggaussian.method:TalkingGaussian",
    config="tgbench.methods.talkinggaussian.config:TalkingGaussianConfig",
    presets={"quick": _QUICK, "paper": _PAPER, "official": _OFFICIAL},
    renamed_settings=_RENAMED,
    image_sizes={"quick": 256},
    source="Li et al., TalkingGaussian, ECCV 2024",
    takes_camera=True,
    composite_mode=CompositeMode.HEAD_OVER_TORSO,
    leaked_conditions=(
        LeakedCondition.HEAD_POSE,
        LeakedCondition.UPPER_FACE_ACTION_UNITS,
        LeakedCondition.TORSO_AND_BACKGROUND,
    ),
)
