"""The whole training of a head, and of its torso; it resumes where it was stopped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from tgbench.errors import TgbenchError
from tgbench.identities import Identity, Split
from tgbench.interfaces import FitContext, FitReport
from tgbench.plugins import audio_encoder_of
from tgbench.progress import Task

from ..shared.audio_pretraining import AudioPretraining, lip_shapes
from ..shared.checkpoint import Origin, read_checkpoint, write_checkpoint
from ..shared.conditions import Conditions
from ..shared.malloc import keep_freed_memory
from ..shared.not_finite import REMEDY, first_not_finite
from ..shared.perceptual import Perceptual, perceptual_distance
from .config import ErNerfConfig, ErNerfTorsoConfig
from .frames import Frames
from .network import expression_units
from .torso import TorsoField
from .torso_training import TorsoTraining
from .training import HeadTraining
from .volume import Head

_DESCRIPTIONS = {
    "audio pretraining": "learning lips from sound",
    "head": "training the head",
    "torso": "training the torso",
}
"""Of the stages, for progress bars."""

_REPORT_EVERY = 25
"""Iterations between two updates of a progress bar."""


class Stage(Protocol):
    """A part of a fit, with iterations of its own; `iterations` of them in all."""

    iteration: int
    seconds: float

    @property
    def iterations(self) -> int:
        """Of the whole stage."""

    def step(self) -> Tensor:
        """Do one iteration and return its loss."""

    def state(self) -> dict[str, object]:
        """Return everything that `restore` needs."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue where `state` was taken."""


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
        if len(frames) == 1:
            self._notes.append("there is one training frame, so no motion can be learned")
        elif bool((driving.expressions[:, -1] == driving.expressions[0, -1]).all()):
            self._notes.append(
                "nobody blinks in the training frames (AU45 is constant): no blink is learned"
            )
        self.channels = driving.channels
        self._training = HeadTraining(
            config, frames, driving, context.seed, device, self._perceptual(device)
        )
        # In this order, so that a head that goes on has the sound that it has learnt since.
        self._stages: dict[str, Stage] = {}
        if config.schedule.audio_pretraining_iterations:
            self._stages["audio pretraining"] = self._audio_pretraining(frames, driving)
        self._stages["head"] = self._training
        self._torso: TorsoTraining | None = None
        if isinstance(config, ErNerfTorsoConfig):
            self._torso = TorsoTraining(
                config.torso, config.optimiser, frames, context.seed, device
            )
            self._stages["torso"] = self._torso
        for name, stage in self._stages.items():
            if self._checkpoint(name).is_file():
                stage.restore(read_checkpoint(self._checkpoint(name), self._origin))

    def run(self) -> tuple[Head, TorsoField | None, FitReport]:
        """Train, or go on where a stopped fit left off.

        Returns:
            the head, its torso if that is a field too, and what it took.

        Raises:
            TgbenchError: a loss is not finite, or a checkpoint belongs to another fit.
        """
        for name, stage in self._stages.items():
            if stage.iteration < stage.iterations:
                task = self._context.progress.task(
                    _DESCRIPTIONS[name], stage.iterations, stage.iteration
                )
                with task as bar, _one_thread():
                    self._train(name, stage, bar)
        schedule, torso = self._config.schedule, self._torso
        iterations = {"head": schedule.iterations, "lips": schedule.lips_iterations}
        if torso is not None:
            iterations["torso"] = torso.iterations
        seconds = sum(stage.seconds for stage in self._stages.values())
        report = FitReport(seconds, iterations, tuple(self._notes))
        return self._training.result(), None if torso is None else torso.result(), report

    def _checkpoint(self, name: str) -> Path:
        return self._context.workdir / f"{name.replace(' ', '-')}.pt"

    def _train(self, name: str, stage: Stage, task: Task) -> None:
        every = self._config.schedule.checkpoint_every
        while stage.iteration < stage.iterations:
            loss = stage.step()
            last = stage.iteration == stage.iterations
            if stage.iteration % every == 0 or last:
                self._save(name, stage)
            if stage.iteration % _REPORT_EVERY == 0 or last:
                task.advance((stage.iteration - 1) % _REPORT_EVERY + 1)
                task.note(f"loss {loss.item():.4f}")

    def _save(self, name: str, stage: Stage) -> None:
        state = stage.state()
        broken = first_not_finite(state)
        if broken is not None:
            raise TgbenchError(
                f"{broken} is NaN or infinite after {stage.iteration} iterations; {REMEDY}"
            )
        write_checkpoint(self._checkpoint(name), self._origin, state)

    def _audio_pretraining(self, frames: Frames, driving: Conditions) -> AudioPretraining:
        generator = torch.Generator().manual_seed(self._context.seed)
        iterations = self._config.schedule.audio_pretraining_iterations
        audio = self._training.head.audio
        shapes = lip_shapes(frames.landmarks)
        return AudioPretraining("head", audio, driving, shapes, iterations, generator)

    def _perceptual(self, device: torch.device) -> Perceptual | None:
        """Load LPIPS if the lips need it; add a note if it is not installed."""
        weights = self._config.loss
        if not (weights.lpips or weights.patch_lpips) or not self._config.schedule.lips_iterations:
            return None
        distance, missing = perceptual_distance(device)
        if missing:
            self._notes.append(missing)
        generator = torch.Generator().manual_seed(self._context.seed)
        return None if distance is None else Perceptual(distance, generator)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let torch use one thread of the CPU inside.

    With more, they wait for each other at every small layer, on a busy machine ten times as long as
    one thread takes for all.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
