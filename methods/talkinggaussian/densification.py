"""Adaptive density control: adds Gaussians where detail is missing, removes useless ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus

from ..shared.rasterizer.reference import rotation_matrices
from .config import BranchName, TalkingGaussianConfig
from .gaussians import GaussianField, Parameters, inverse_softplus

_SPLIT_PARTS = 2
_SPLIT_SHRINK = 1.6
"""A split Gaussian becomes two that are this much smaller, as in 3DGS."""


@dataclass(frozen=True)
class DensityLimits:
    """Limits beyond which a Gaussian is split, cloned or removed, at one moment of training.

    Attributes:
        gradient: mean screen gradient, in half images, above which one is cloned or split.
        dense_size: metres; larger ones are split, smaller ones cloned.
        opacity: fainter ones are removed.
        size: metres; larger ones are removed, infinite for never.
        count: most Gaussians that densification may reach.
    """

    gradient: float
    dense_size: float
    opacity: float
    size: float
    count: int


def density_limits(
    config: TalkingGaussianConfig, branch: BranchName, extent: float, iteration: int
) -> DensityLimits:
    """Return the limits after so many iterations in a scene of an extent in metres."""
    settings, progress = config.densify, iteration / config.densify_last(branch)
    large = settings.prune_size * extent
    return DensityLimits(
        config.branch(branch).densify_gradient,
        settings.dense_size * extent,
        settings.prune_opacity + (settings.prune_opacity_final - settings.prune_opacity) * progress,
        large if iteration > config.schedule.static_iterations else float("inf"),
        config.count_limit(branch),
    )


class DensityControl:
    """Sums gradients of image positions between two densifications."""

    def __init__(self, count: int, device: torch.device | str = "cpu") -> None:
        self._device = device
        self._reset(count)

    def observe(self, gradient: Tensor, radii: Tensor) -> None:
        """Count a rendered frame.

        Args:
            gradient: [N, 2] of the loss with respect to the projected means, in half images.
            radii: int [N] in pixels, 0 where not drawn.
        """
        drawn = radii > 0
        self._gradient += torch.hypot(*gradient.unbind(1))
        self._count += drawn

    def densify(
        self, field: GaussianField, limits: DensityLimits, generator: torch.Generator
    ) -> None:
        """Clone, split and prune once, then start summing again."""
        with torch.no_grad():
            parameters = field.parameters
            sizes = softplus(parameters["scales"]).amax(dim=1)
            faint = torch.sigmoid(parameters["opacities"]) < limits.opacity
            # A branch trains in its own window only: a Gaussian that left it would show elsewhere.
            useless = faint | (sizes > limits.size) | (self._count == 0)
            if bool(useless.all()):
                useless = torch.zeros_like(useless)
            grow = self._to_grow(limits, useless, room=limits.count - int((~useless).sum()))
            split = grow & (sizes > limits.dense_size)
            clone = grow & ~split
            added = _joined(
                {name: value[clone] for name, value in parameters.items()},
                _split(parameters, split, generator),
            )
            field.rebuild(torch.nonzero(~useless & ~split)[:, 0], added)
        self._reset(len(field))

    def state(self) -> dict[str, Tensor]:
        """Return what was gathered since the last densification."""
        return {"gradient": self._gradient, "count": self._count}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Continue from a `state`."""
        self._gradient = state["gradient"].to(self._device)
        self._count = state["count"].to(self._device)

    def _to_grow(self, limits: DensityLimits, useless: Tensor, room: int) -> Tensor:
        mean = self._gradient / self._count.clamp_min(1.0)
        mean[useless] = 0.0
        grow = mean > limits.gradient
        if int(grow.sum()) > max(room, 0):
            chosen = torch.argsort(mean, descending=True, stable=True)[: max(room, 0)]
            grow = torch.zeros_like(grow)
            grow[chosen] = True
        return grow

    def _reset(self, count: int) -> None:
        self._gradient = torch.zeros(count, device=self._device)
        self._count = torch.zeros(count, device=self._device)


def resembling(colors: Tensor, background: Tensor, tolerance: float) -> Tensor:
    """Return which Gaussians are painted in the training background's colour, bool [N].

    Such a Gaussian hides what lies behind it and looks like a hole, so it cannot be part of a head.

    Args:
        colors: [N, 3].
        background: [3].
        tolerance: largest difference of any channel.
    """
    return (colors - background).abs().amax(dim=1) <= tolerance


def _split(parameters: Parameters, chosen: Tensor, generator: torch.Generator) -> Parameters:
    """Draw the parts of split Gaussians from the Gaussians themselves."""
    parts = {
        name: value[chosen].repeat(_SPLIT_PARTS, *(1,) * (value.ndim - 1))
        for name, value in parameters.items()
    }
    scales = softplus(parts["scales"])
    noise = torch.randn(scales.shape, generator=generator).to(scales.device) * scales
    rotations = rotation_matrices(parts["quats"])
    parts["means"] = parts["means"] + (rotations @ noise[..., None])[..., 0]
    parts["scales"] = inverse_softplus(scales / _SPLIT_SHRINK)
    return parts


def _joined(first: Parameters, second: Parameters) -> Parameters:
    return {name: torch.cat([value, second[name]]) for name, value in first.items()}
