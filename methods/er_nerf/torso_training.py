"""The torso's training: pixels of the true torso over the plate, after the head's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ..shared.not_finite import LossWatch
from ..shared.training_clock import TrainingClock
from .config import OptimiserConfig, TorsoConfig
from .frames import Frames
from .torso import TorsoField

_BETAS, _EPSILON = (0.0, 0.99), 1e-8


class TorsoTraining:
    """Trains a torso; it can stop after any iteration and go on."""

    def __init__(
        self,
        config: TorsoConfig,
        rates: OptimiserConfig,
        frames: Frames,
        seed: int,
        device: torch.device,
    ) -> None:
        """Begin with an untrained field; `rates` are those of the head."""
        self._config, self._rates, self._frames, self._device = config, rates, frames, device
        self._generator = torch.Generator().manual_seed(seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.torso = TorsoField().to(device)
        self._plate = frames.plate()
        grid = list(self.torso.grid.parameters())
        rest = [part for name, part in self.torso.named_parameters() if "grid" not in name]
        groups = [
            {"params": grid, "lr": rates.grid_lr, "first": rates.grid_lr},
            {"params": rest, "lr": rates.lr, "first": rates.lr},
        ]
        self._optimiser = torch.optim.AdamW(
            groups, betas=_BETAS, eps=_EPSILON, weight_decay=0.0, fused=True
        )
        self._watch = LossWatch(device)
        self.iteration = 0
        self.seconds = 0.0

    @property
    def iterations(self) -> int:
        """Of the whole training."""
        return self._config.iterations

    def step(self) -> Tensor:
        """Do one iteration and return its loss; to look at it is to wait for it.

        Raises:
            TgbenchError: the loss is not finite.
        """
        clock = TrainingClock()
        position = int(torch.randint(len(self._frames), (1,), generator=self._generator))
        frame, number = self._frames[position], self._frames.numbers[position]
        height, width = frame.behind.shape[:2]
        columns, rows = (
            torch.randint(side, (self._config.pixels,), generator=self._generator).to(self._device)
            for side in (width, height)
        )
        seen = self.torso.over(
            self._plate[rows, columns] / 255.0,
            columns,
            rows,
            frame.camera,
            number % len(self.torso.codes),
        )
        terms = {
            "torso": (seen - frame.behind[rows, columns] / 255.0).square().mean(),
            "anchors": self.torso.out_of_scale(),
        }
        share = self._rates.lr_final ** (self.iteration / self.iterations)
        for group in self._optimiser.param_groups:
            group["lr"] = group["first"] * share
        where = f"in iteration {self.iteration}, training of the torso, frame {number}"
        lowered = self._watch.descend(terms, where, self._optimiser)
        self.iteration += 1
        self.seconds += clock.seconds
        return lowered

    def result(self) -> TorsoField:
        """Return the torso to render."""
        return self.torso.requires_grad_(False)

    def state(self) -> dict[str, object]:
        """Return everything that `restore` needs.

        Raises:
            TgbenchError: a loss since the last look is not finite.
        """
        self._watch.look()
        return {
            "iteration": self.iteration,
            "seconds": self.seconds,
            "torso": self.torso.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "generator": self._generator.get_state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue where `state` was taken."""
        self.iteration, self.seconds = state["iteration"], state["seconds"]
        self.torso.load_state_dict(state["torso"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._generator.set_state(state["generator"])
