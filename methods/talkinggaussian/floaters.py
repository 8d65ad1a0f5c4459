"""Removal of floaters: Gaussians that training hardly sees and that would show as specks.

A branch trains in windows around its region. A Gaussian that left them is compared with nothing,
and after the last densification nothing removes it; the same holds for one that is always hidden.
Both are removed at the end of motion learning.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..shared.conditions import Conditions
from ..shared.rasterizer import rasterize
from .branch import Branch
from .frames import TrainingFrames

_LEAST_VIEWS, _MOST_VIEWS = 100, 500
_ITERATIONS_A_VIEW = 36
"""A view costs as much as one or two iterations, so this takes a few per cent of training."""

_NIL = 0.5 / 255.0
"""All of its weight in one pixel would change that pixel by less than half a grey level."""

_INSIDE_SHARE = 0.5


def remove_floaters(
    branch: Branch, frames: TrainingFrames, conditions: Conditions, iterations: int
) -> int:
    """Remove the Gaussians of a trained branch that training hardly saw; return how many.

    A Gaussian is removed if no training frame shows it, or if it shows more outside the windows of
    training than inside. Of long clips 100 to 500 evenly spread frames are checked; the number
    grows with the `iterations` of the branch.
    """
    views = min(len(frames), max(_LEAST_VIEWS, min(iterations // _ITERATIONS_A_VIEW, _MOST_VIEWS)))
    spread = np.linspace(0, len(frames) - 1, views).round().astype(int)
    count, device = len(branch.field), branch.field.device
    most = torch.zeros(count, device=device)
    total, inside = torch.zeros_like(most), torch.zeros_like(most)
    for position in np.unique(spread):
        everywhere, in_window = contributions(branch, frames, conditions, int(position))
        most = torch.maximum(most, in_window)
        total += everywhere
        inside += in_window
    floating = (most < _NIL) | (inside < _INSIDE_SHARE * total)
    if not bool(floating.any()) or bool(floating.all()):
        return 0
    branch.field.rebuild(torch.nonzero(~floating)[:, 0])
    return int(floating.sum())


def contributions(
    branch: Branch, frames: TrainingFrames, conditions: Conditions, position: int
) -> tuple[Tensor, Tensor]:
    """Return how much of a training frame each Gaussian paints, in pixels.

    Returns:
        The sums [N] of its weights in equation 2 over the whole frame and over the window that
        the branch is trained in.
    """
    field = branch.field
    camera, window = frames.view(position, branch.name)
    with torch.no_grad():
        deformation = branch.deform(conditions.audio(position), conditions.expression(position))
        drawn = field.primitives(camera, deformation)
    # A pixel is linear in the colours, so their gradients are the weights, whatever the colours.
    colors = torch.zeros(len(field), 3, device=field.device, requires_grad=True)
    image = rasterize(
        drawn.means, drawn.quats, drawn.scales, drawn.opacities, colors, camera
    ).colors
    (image[..., 0].sum() + image[..., 1][window.rows_columns].sum()).backward()
    assert colors.grad is not None
    return colors.grad[:, 0], colors.grad[:, 1]
