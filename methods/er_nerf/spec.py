"""What `tgbench list` shows of ER-NeRF and ER-NeRF+e, and their presets."""

from __future__ import annotations

from tgbench.specs import CompositeMode, LeakedCondition, MethodSpec

_QUICK: dict[str, object] = {
    "head.hidden": 32,
    "head.finest": 256,
    "head.cells": 64,
    "schedule.iterations": 1500,
    "schedule.lips_iterations": 0,
    "schedule.rays": 1024,
    # Of few rays hardly one goes through an eye, and few frames show it closed.
    "schedule.head_share": 0.4,
    "schedule.eyes_share": 0.25,
    "schedule.lips_share": 0.2,
    "schedule.closed_every": 3,
    # The true torso lies right where the head's pixels need it, so that a haze costs nothing.
    "schedule.recoloured_share": 0.1,
    # Where all action units are 0 this term alone teaches the attention to them, and Adam's steps
    # are as long for a small slope as for a large one: no blink would be left.
    "loss.crossed_attention": 0.0,
    # From images alone the lips learn half of their motion; low rates keep what pretraining found.
    "schedule.audio_pretraining_iterations": 300,
    "optimiser.window_lr": 0.1,
    "optimiser.audio_lr": 0.1,
    "optimiser.expression_lr": 3.0,
    "schedule.occupancy_share": 0.25,
    "schedule.checkpoint_every": 250,
    "optimiser.lr": 3e-3,
    "optimiser.lr_final": 0.1,
    "optimiser.average_every": 20,
}


def _spec(
    name: str, title: str, summary: str, config: str, quick: dict[str, object] | None = None
) -> MethodSpec:
    """Return a method; with settings of its own for `quick`, its torso is a field too."""
    return MethodSpec(
        name=name,
        title=title,
        summary=summary,
        implementation="tgbench.methods.er_nerf.method:ErNerf",
        config=f"tgbench.methods.er_nerf.config:{config}",
        presets={"quick": _QUICK | (quick or {}), "paper": {}},
        image_sizes={"quick": 256},
        source="Li et al., Efficient Region-Aware Neural Radiance Fields, ICCV 2023",
        takes_camera=not quick,
        composite_mode=CompositeMode.FULL_FRAME if quick else CompositeMode.HEAD_OVER_TORSO,
        leaked_conditions=(
            LeakedCondition.HEAD_POSE,
            LeakedCondition.UPPER_FACE_ACTION_UNITS,
            *(() if quick else (LeakedCondition.TORSO_AND_BACKGROUND,)),
        ),
    )


METHODS = (
    _spec(
        "er_nerf_native",
        "ER-NeRF (reimplemented)",
        "radiance field on tri-plane hash grids with region attention; reimplemented here",
        "ErNerfConfig",
    ),
    _spec(
        "er_nerf_e_native",
        "ER-NeRF+e (reimplemented)",
        "ER-NeRF driven by the upper-face action units of TalkingGaussian; reimplemented here",
        "ErNerfExpressionConfig",
    ),
    _spec(
        "er_nerf_torso_native",
        "ER-NeRF, its own torso (reimplemented)",
        "ER-NeRF whose torso is a field too, over the plate; reimplemented here",
        "ErNerfTorsoConfig",
        {"torso.iterations": 1000, "torso.pixels": 2048},
    ),
)
