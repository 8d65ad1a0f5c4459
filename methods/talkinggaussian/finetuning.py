"""Colour fine-tuning of the fused head (equation 12); geometry and motion are fixed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from ..shared.conditions import Conditions
from ..shared.fusion import fuse
from ..shared.not_finite import LossWatch, located
from ..shared.perceptual import SMALL_TILES, Perceptual
from ..shared.training_clock import TrainingClock
from .branch import Branch
from .config import TalkingGaussianConfig
from .frames import TrainingFrames
from .gaussians import COLOR_PARAMETERS
from .losses import Terms, photometric, unit_image
from .motion import Places
from .sampling import FrameSampler


class FineTuning:
    """Trains the colours f of all branches together against whole frames."""

    name = "fused"

    def __init__(
        self,
        branches: Sequence[Branch],
        frames: TrainingFrames,
        conditions: Conditions,
        config: TalkingGaussianConfig,
        generator: torch.Generator,
        perceptual: Perceptual | None = None,
    ) -> None:
        """Take trained branches, the face first; `perceptual` is None if LPIPS is not used."""
        self.branches = list(branches)
        self.iteration = 0
        self.seconds = 0.0
        self._frames, self._conditions = frames, conditions
        self._config, self._perceptual = config, perceptual
        self._generator = generator
        self._sampler = FrameSampler(np.arange(len(frames)), (), generator)
        self._watch = LossWatch(branches[0].field.device)
        self._optimizer = self._new_optimizer()
        self._places: list[Places] = []
        if config.finetune.moments == "kept":
            self._take_moments()

    def step(self) -> Tensor:
        """Do one iteration and return its loss.

        Raises:
            TgbenchError: a term of the loss, or what is drawn, is not finite.
        """
        clock = TrainingClock()
        position = self._sampler.draw(self.iteration)
        crop = self._frames.head(position)
        where = f"in iteration {self.iteration} of colour fine-tuning, frame {crop.frame}"
        with torch.no_grad():
            windows = self._conditions.audio(position)
            units = self._conditions.expression(position)
            deformations = [
                branch.motion.deform(places, branch.motion.drivers(windows, units))
                for branch, places in zip(self.branches, self._where(), strict=True)
            ]
        with located(where):
            drawn = [
                branch.draw(crop.camera, deformation)
                for branch, deformation in zip(self.branches, deformations, strict=True)
            ]
        behind = unit_image(self._frames.behind(position))
        fused = fuse(drawn[0], drawn[1] if len(drawn) > 1 else None, behind)
        terms = self._terms(fused, unit_image(crop.image))
        loss = self._watch.descend(terms, where, self._optimizer)
        self.iteration += 1
        self.seconds += clock.seconds
        return loss

    def state(self) -> dict[str, object]:
        """Return everything that `restore` needs.

        Raises:
            TgbenchError: a term of a loss since the last look is not finite.
        """
        self._watch.look()
        return {
            "branches": {branch.name: branch.state() for branch in self.branches},
            "optimizer": self._optimizer.state_dict(),
            "sampler": self._sampler.state(),
            "generator": self._generator.get_state(),
            "iteration": self.iteration,
            "seconds": self.seconds,
        }

    def restore(self, state: Mapping) -> None:
        """Continue where `state` was taken."""
        channels = self._conditions.channels
        self.branches = [
            Branch.restore(
                branch.name,
                state["branches"][branch.name],
                channels,
                self._config,
                branch.field.device,
            )
            for branch in self.branches
        ]
        self._places = []
        self._optimizer = self._new_optimizer()
        self._optimizer.load_state_dict(state["optimizer"])
        self._sampler.restore(state["sampler"])
        self._generator.set_state(state["generator"])
        self.iteration, self.seconds = state["iteration"], state["seconds"]

    def _where(self) -> list[Places]:
        """Return where each branch's Gaussians, which stay, stand in its grid."""
        if not self._places:
            self._places = [
                branch.motion.places(branch.field.parameters["means"]) for branch in self.branches
            ]
        return self._places

    def _new_optimizer(self) -> torch.optim.Adam:
        rate = self._config.finetune.color_lr
        groups = []
        for branch in self.branches:
            for name, parameter in branch.field.parameters.items():
                parameter.requires_grad_(name in COLOR_PARAMETERS)
            parameters = branch.field.parameters
            groups.append({"params": [parameters["color"]], "lr": rate})
            groups.append({"params": [parameters["harmonics"]], "lr": rate / 20.0})
            if branch.name == "face" and self._config.finetune.opacity_lr > 0:
                opacities = parameters["opacities"].requires_grad_()
                groups.append({"params": [opacities], "lr": self._config.finetune.opacity_lr})
        return torch.optim.Adam(groups, eps=1e-15, fused=True)

    def _take_moments(self) -> None:
        """Continue with the moments of the branches' optimisers."""
        for branch in self.branches:
            before = branch.field.optimizer.state
            for parameter in branch.field.parameters.values():
                if parameter.requires_grad and before.get(parameter):
                    self._optimizer.state[parameter] = {
                        name: value.clone() for name, value in before[parameter].items()
                    }

    def _terms(self, fused: Tensor, target: Tensor) -> Terms:
        terms = {"photometric": photometric(fused, target, self._config.loss.ssim_weight)}
        lpips = self._lpips(fused, target)
        if lpips is not None:
            terms["lpips"] = self._config.finetune.lpips_weight * lpips
        return terms

    def _lpips(self, fused: Tensor, target: Tensor) -> Tensor | None:
        if self._perceptual is None:
            return None
        if not self._config.finetune.lpips_patches:
            return self._perceptual.of(fused, target)
        if 2 * self.iteration < self._config.schedule.finetune_iterations:
            return None
        return self._perceptual.of_tiles(fused, target, SMALL_TILES)
