"""The whole training of a head; it resumes where it was stopped."""

from __future__ import annotations

from pathlib import Path

import torch

from tgbench.errors import TgbenchError
from tgbench.identities import Identity, Split
from tgbench.interfaces import FitContext, FitReport
from tgbench.plugins import audio_encoder_of
from tgbench.progress import Task

from ..shared.checkpoint import Origin, read_checkpoint, write_checkpoint
from ..shared.conditions import Conditions
from ..shared.malloc import keep_freed_memory
from ..shared.not_finite import REMEDY, first_not_finite
from ..shared.perceptual import Perceptual, perceptual_distance
from ..shared.threads import one_thread
from .config import ErNerfConfig
from .frames import Frames
from .network import expression_units
from .training import HeadTraining
from .volume import Head

_REPORT_EVERY = 25
"""Iterations between two updates of a progress bar."""


class Fit:
    """One fit to one identity."""

    def __init__(
        self, config: ErNerfConfig, identity: Identity, split: Split, context: FitContext
    ) -> None:
        """Read what training needs of the training frames.

        Raises:
            TgbenchError: it is missing, or not finite.
        """
        keep_freed_memory()
        self._config, self._context = config, context
        self._origin = Origin.of(config, identity, split, context.seed)
        self._notes: list[str] = []
        device = torch.device(context.device)
        frames = Frames(
            identity, split.train, config.head.scale, config.cache_megabytes << 20, device
        )
        driving = Conditions.of_training(
            identity,
            split.train,
            audio_encoder_of(config),
            expression_units(config.head),
            device=device,
        )
        if driving.silent:
            self._notes.append(
                "the sound of the training frames is constant, so no speech is learned"
            )
        self.channels = driving.channels
        self._training = HeadTraining(
            config, frames, driving, context.seed, device, self._perceptual(device)
        )
        if self._checkpoint.is_file():
            self._training.restore(read_checkpoint(self._checkpoint, self._origin))

    def run(self) -> tuple[Head, FitReport]:
        """Train, or go on where a stopped fit left off, and return the head and what it took.

        Raises:
            TgbenchError: a loss is not finite, or a checkpoint belongs to another fit.
        """
        training, schedule = self._training, self._config.schedule
        if training.iteration < training.iterations:
            progress = self._context.progress
            name, total, done = "training the head", training.iterations, training.iteration
            with progress.task(name, total, done) as task, one_thread():
                self._train(task)
        iterations = {"head": schedule.iterations, "lips": schedule.lips_iterations}
        return training.result(), FitReport(training.seconds, iterations, tuple(self._notes))

    @property
    def _checkpoint(self) -> Path:
        return self._context.workdir / "head.pt"

    def _train(self, task: Task) -> None:
        training, every = self._training, self._config.schedule.checkpoint_every
        while training.iteration < training.iterations:
            loss = training.step()
            last = training.iteration == training.iterations
            if training.iteration % every == 0 or last:
                self._save()
            if training.iteration % _REPORT_EVERY == 0 or last:
                task.advance((training.iteration - 1) % _REPORT_EVERY + 1)
                task.note(f"loss {loss.item():.4f}")

    def _save(self) -> None:
        state = self._training.state()
        broken = first_not_finite(state)
        if broken is not None:
            raise TgbenchError(
                f"{broken} is NaN or infinite after {self._training.iteration} iterations; {REMEDY}"
            )
        write_checkpoint(self._checkpoint, self._origin, state)

    def _perceptual(self, device: torch.device) -> Perceptual | None:
        """Load LPIPS if the lips need it; add a note if it is not installed."""
        if not (self._config.loss.lpips and self._config.schedule.lips_iterations):
            return None
        distance, missing = perceptual_distance(device)
        if missing:
            self._notes.append(missing)
        generator = torch.Generator().manual_seed(self._context.seed)
        return None if distance is None else Perceptual(distance, generator)
