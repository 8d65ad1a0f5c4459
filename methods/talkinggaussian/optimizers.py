"""Optimisers of the motion fields, and how their rates fall."""

from __future__ import annotations

import torch

from .branch import Branch
from .config import BranchName, TalkingGaussianConfig


def motion_optimizer(branch: Branch, config: TalkingGaussianConfig) -> torch.optim.AdamW:
    """Return AdamW with rates and weight decays for the parts of a motion field."""
    motion = branch.motion
    attention = list(motion.audio.attention.parameters())
    audio = list(motion.audio.net.parameters())
    chosen = {id(parameter) for parameter in [motion.grid.table, *attention, *audio]}
    others = [parameter for parameter in motion.parameters() if id(parameter) not in chosen]
    rate = config.network_lr
    parts = (
        ([motion.grid.table], config.grid_lr, config.grid_weight_decay),
        (others, rate, 0.0),
        (audio, rate * config.audio_lr, config.audio_weight_decay),
        (attention, rate * config.audio_attention_lr, config.audio_attention_weight_decay),
    )
    groups = [
        {"params": parameters, "lr": lr, "initial_lr": lr, "weight_decay": decay}
        for parameters, lr, decay in parts
    ]
    return torch.optim.AdamW(groups, betas=(0.9, 0.99), eps=1e-8, fused=True)


def motion_rate(config: TalkingGaussianConfig, branch: BranchName, iteration: int) -> float:
    """Return the share of the motion field's initial rates that an iteration learns at.

    The exponential falls over motion learning. The steps count from the branch's first iteration:
    halved until the windows of equation 6 arrive, from there on as if a tenth were reached over
    all iterations, which drops at the turn.
    """
    if config.motion_lr_schedule == "exponential":
        learned = iteration - config.static_iterations
        return config.motion_lr_final ** (learned / max(config.motion_iterations, 1))
    turn = config.window_end(branch)
    if iteration < turn:
        return 0.5 ** (iteration / turn)
    return 0.1 ** (iteration / config.branch_iterations)
