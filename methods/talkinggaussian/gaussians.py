"""Persistent Gaussian fields: the canonical primitives of a branch and their optimiser."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor
from torch.nn.functional import softplus

from ..shared.rasterizer import Camera
from ..shared.spherical_harmonics import sh_to_rgb
from .config import TalkingGaussianConfig
from .motion import Deformation

Parameters = dict[str, Tensor]

_INITIAL_OPACITY = 0.1
_GREY = 0.498
_LEAST_SIZE, _LONE_SIZE, _VANISHING_SIZE = 1e-4, 1e-2, 1e-6
COLOR_PARAMETERS = ("color", "harmonics")
DC = 0.28209479177387814
"""The constant harmonic; a colour c is stored as (c - 1/2) / DC."""


@dataclass(frozen=True)
class Primitives:
    """Gaussians as the rasterizer takes them, deformed or canonical.

    Attributes:
        means: [N, 3] metres.
        quats: [N, 4] wxyz, not normalised.
        scales: [N, 3] standard deviations.
        opacities: [N] in [0, 1].
        colors: [N, 3] seen from one camera.
    """

    means: Tensor
    quats: Tensor
    scales: Tensor
    opacities: Tensor
    colors: Tensor


class GaussianField:
    """Canonical parameters theta_C = {mu, s, q, alpha, f} and the Adam that moves them.

    Scales are stored before a softplus and opacities before a sigmoid, so that a deformation can
    be added to either without leaving its range.
    """

    def __init__(
        self,
        parameters: Mapping[str, Tensor],
        config: TalkingGaussianConfig,
        extent: float = 1.0,
    ) -> None:
        """Take the Gaussians, the settings, and the extent of the scene in metres."""
        self._config = config
        self.extent = extent
        self.parameters: Parameters = {
            name: tensor.detach().clone().requires_grad_() for name, tensor in parameters.items()
        }
        settings = config.gaussians
        rates = {
            "means": settings.position_lr * extent,
            "quats": settings.rotation_lr,
            "scales": settings.scale_lr,
            "opacities": settings.opacity_lr,
            "color": settings.color_lr,
            "harmonics": settings.color_lr / 20.0,
        }
        self.optimizer = torch.optim.Adam(
            [
                {"params": [tensor], "lr": rates[name], "name": name}
                for name, tensor in self.parameters.items()
            ],
            eps=1e-15,
            fused=True,
        )
        self.degree = 0

    @classmethod
    def random(
        cls,
        positions: Tensor,
        config: TalkingGaussianConfig,
        generator: torch.Generator,
        device: torch.device | str = "cpu",
        extent: float = 1.0,
    ) -> GaussianField:
        """Start from a cloud of random positions [N, 3]: faint, as large as the gaps."""
        count = len(positions)
        gaps = _nearest_neighbour_distances(positions)
        quats = torch.zeros(count, 4)
        quats[:, 0] = 1.0
        higher = (config.gaussians.harmonics_degree + 1) ** 2 - 1
        grey = config.gaussians.colors == "grey"
        colours = (
            torch.full((count, 3), _GREY) if grey else torch.rand(count, 3, generator=generator)
        )
        parameters = {
            "means": positions,
            "quats": quats,
            "scales": inverse_softplus(gaps)[:, None].repeat(1, 3),
            "opacities": torch.full((count,), math.log(1.0 / (1.0 / _INITIAL_OPACITY - 1.0))),
            "color": (colours - 0.5) / DC,
            "harmonics": torch.zeros(count, higher, 3),
        }
        placed = {name: value.to(device) for name, value in parameters.items()}
        return cls(placed, config, extent)

    def __len__(self) -> int:
        return len(self.parameters["means"])

    @property
    def device(self) -> torch.device:
        """Where the Gaussians are."""
        return self.parameters["means"].device

    @property
    def base_colors(self) -> Tensor:
        """Colours without view dependence [N, 3]."""
        return self.parameters["color"] * DC + 0.5

    def primitives(self, camera: Camera, deformation: Deformation | None = None) -> Primitives:
        """Return the activated Gaussians, deformed by equation 5 if a deformation is given."""
        changes = deformation or Deformation()
        means = changed(self.parameters["means"], changes.means)
        opacities = self.parameters["opacities"]
        if changes.opacities is not None:
            opacities = opacities + changes.opacities[:, 0]
        if changes.colors is None:
            colors = self._colors(means, camera)
        else:
            colors = (self.base_colors + changes.colors).clamp_min(0.0)
        return Primitives(
            means,
            changed(self.parameters["quats"], changes.quats),
            softplus(changed(self.parameters["scales"], changes.scales)),
            torch.sigmoid(opacities),
            colors,
        )

    def raise_degree(self) -> None:
        """Let one more degree of spherical harmonics learn."""
        self.degree = min(self.degree + 1, self._config.gaussians.harmonics_degree)

    def decay_position_rate(self, iteration: int) -> None:
        """Set the learning rate of the positions for an iteration."""
        settings = self._config.gaussians
        share = min(iteration / settings.position_lr_iterations, 1.0)
        rate = settings.position_lr ** (1.0 - share) * settings.position_lr_final**share
        for group in self.optimizer.param_groups:
            if group["name"] == "means":
                group["lr"] = rate * self.extent

    def step(self, only: Collection[str] | None = None) -> None:
        """Apply the gradients, or those of some parameters, and clear all."""
        if only is not None:
            for name, parameter in self.parameters.items():
                if name not in only:
                    parameter.grad = None
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def rebuild(self, keep: Tensor, added: Mapping[str, Tensor] | None = None) -> None:
        """Keep some Gaussians and append new ones.

        Moments of the optimiser stay with the Gaussians they belong to; new ones start at zero.

        Args:
            keep: int64 [K], indices in the new order.
            added: parameters of the new Gaussians, or none.
        """
        for group in self.optimizer.param_groups:
            name = group["name"]
            old = self.parameters[name]
            extra = added[name] if added is not None else old[:0]
            new = torch.cat([old.detach()[keep], extra.detach()]).requires_grad_()
            state = self.optimizer.state.pop(old, None)
            if state:
                self.optimizer.state[new] = {
                    "step": state["step"],
                    **{
                        moment: torch.cat([state[moment][keep], torch.zeros_like(extra)])
                        for moment in ("exp_avg", "exp_avg_sq")
                    },
                }
            group["params"] = [new]
            self.parameters[name] = new

    def weaken(self, chosen: Tensor, opacity: float, shrink: float) -> None:
        """Set the opacity of chosen Gaussians, bool [N], and divide their size."""
        with torch.no_grad():
            self.parameters["opacities"][chosen] = math.log(opacity / (1.0 - opacity))
            scales = self.parameters["scales"]
            # Without a least size a Gaussian that is chosen again and again would end at log(0).
            sizes = (softplus(scales[chosen]) / shrink).clamp_min(_VANISHING_SIZE)
            scales[chosen] = inverse_softplus(sizes)

    def blow_up(self, chosen: Tensor, opacity: float, divisor: float) -> None:
        """Set the opacity of chosen Gaussians, bool [N], and divide their sizes' logits.

        That of a small size is far below zero: a tenth of it is that of a huge one.
        """
        with torch.no_grad():
            self.parameters["opacities"][chosen] = math.log(opacity / (1.0 - opacity))
            self.parameters["scales"][chosen] /= divisor

    def state(self) -> dict[str, object]:
        """Return the Gaussians themselves; the optimiser is the trainer's to keep."""
        return {
            "parameters": {name: value.detach() for name, value in self.parameters.items()},
            "degree": self.degree,
            "extent": self.extent,
        }

    @classmethod
    def restore(
        cls, state: Mapping, config: TalkingGaussianConfig, device: torch.device
    ) -> GaussianField:
        """Return the field whose `state` was taken."""
        parameters = {name: value.to(device) for name, value in state["parameters"].items()}
        field = cls(parameters, config, state["extent"])
        field.degree = state["degree"]
        return field

    def _colors(self, means: Tensor, camera: Camera) -> Tensor:
        if self.degree == 0:
            return self.base_colors.clamp_min(0.0)
        base, higher = self.parameters["color"], self.parameters["harmonics"]
        eye = torch.from_numpy(camera.position.astype(np.float32)).to(means.device)
        return sh_to_rgb(base, higher, means.detach() - eye, self.degree)


def changed(canonical: Tensor, change: Tensor | None) -> Tensor:
    """Add a change, if there is one, to a canonical parameter."""
    return canonical if change is None else canonical + change


def inverse_softplus(values: Tensor) -> Tensor:
    """Return x with softplus(x) = values > 0, exact also for small values."""
    return values + torch.log(-torch.expm1(-values))


def _nearest_neighbour_distances(positions: Tensor) -> Tensor:
    """Root mean square distance to the three nearest neighbours [N], as 3DGS starts scales."""
    points = positions.numpy()
    if len(points) < 4:
        return torch.full((len(points),), _LONE_SIZE)
    distances = np.asarray(cKDTree(points).query(points, 4)[0])[:, 1:]
    spread = np.sqrt(np.mean(np.square(distances), axis=1))
    return torch.from_numpy(np.maximum(spread, _LEAST_SIZE).astype(np.float32))
