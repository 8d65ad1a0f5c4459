"""All of the training: personalisation, then navigation; it resumes where it was stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from tgbench.errors import TgbenchError
from tgbench.identities import Identity, Split
from tgbench.interfaces import FitContext, FitReport
from tgbench.plugins import audio_encoder_of
from tgbench.progress import Task
from tgbench.synthetic.names import seed_of

from ..shared.checkpoint import Origin, read_checkpoint, write_checkpoint
from ..shared.conditions import Conditions
from ..shared.malloc import keep_freed_memory
from ..shared.not_finite import REMEDY, first_not_finite
from ..shared.threads import one_thread
from ..shared.training_clock import TrainingClock
from .config import DGTalkerConfig
from .frames import HeadFrames
from .navigation import Navigation
from .person import Person
from .personalisation import Personalisation
from .prior.choice import load_prior
from .prior.interface import HeadPrior
from .prior.population import FIRST_PERSON, PEOPLE
from .training import NavigationTraining

BLINK = ("AU45",)
"""The scalar that the expression encoder gets besides the sound."""

_REPORT_EVERY = 25
"""Iterations between two updates of a progress bar."""


class _Training(Protocol):
    """Something that is trained step by step."""

    iteration: int

    @property
    def iterations(self) -> int: ...
    def step(self) -> Tensor: ...
    def state(self) -> dict[str, object]: ...
    def restore(self, state: Mapping[str, object]) -> None: ...


class Fit:
    """One fit to one identity."""

    def __init__(
        self, config: DGTalkerConfig, identity: Identity, split: Split, context: FitContext
    ) -> None:
        """Read what training needs of the training frames.

        Raises:
            TgbenchError: it is missing, or not finite, or the poses are not those of the face.
        """
        keep_freed_memory()
        self._config, self._context = config, context
        self._origin = Origin.of(config, identity, split, context.seed)
        self._device = torch.device(context.device)
        self._prior = load_prior(config, context.seed, self._device)
        self._seconds = 0.0
        self._notes: list[str] = []
        self._frames = HeadFrames(identity, split.train, config.cache_megabytes << 20, self._device)
        self._driving = Conditions.of_training(
            identity, split.train, audio_encoder_of(config), BLINK, device=self._device
        )
        if self._driving.silent:
            self._notes.append(
                "the sound of the training frames is constant, so no speech is learned"
            )
        if self._prior.name == "procedural" and trained_the_prior(identity):
            self._notes.append(
                f"the prior was trained on {identity.name}, so its numbers say nothing of people "
                "whom it has not seen"
            )
        self.channels = self._driving.channels

    def run(self) -> tuple[Person, Navigation, FitReport]:
        """Train, or go on where a stopped fit left off.

        Raises:
            TgbenchError: a loss is not finite, or a checkpoint belongs to another fit.
        """
        config, seed = self._config, self._context.seed
        with one_thread():
            personal = Personalisation(config, self._prior, self._frames, seed, self._device)
            self._train(personal, "person", "learning the person")
            navigating = NavigationTraining(
                config, personal.person, self._frames, self._driving, seed, self._device
            )
            self._train(navigating, "navigation", "learning lips and expression")
        iterations = {stage.name: stage.iterations for stage in personal.stages}
        iterations |= {
            "regression": config.navigation.regression_iterations,
            "navigation": config.navigation.iterations,
        }
        report = FitReport(self._seconds, iterations, tuple(self._notes))
        return personal.person, navigating.navigation, report

    def _train(self, training: _Training, name: str, saying: str) -> None:
        path = self._context.workdir / f"{name}.pt"
        if path.is_file():
            state = read_checkpoint(path, self._origin)
            check_prior(state, self._prior, path)
            training.restore(state["training"])
            self._seconds = state["seconds"]
        if training.iteration >= training.iterations:
            return
        progress = self._context.progress
        with progress.task(saying, training.iterations, training.iteration) as task:
            self._iterate(training, task, lambda: self._save(path, name, training))

    def _iterate(self, training: _Training, task: Task, save: Callable[[], None]) -> None:
        clock = TrainingClock()
        while training.iteration < training.iterations:
            loss = training.step()
            last = training.iteration == training.iterations
            if training.iteration % self._config.checkpoint_every == 0 or last:
                self._seconds += clock.seconds
                save()
                clock = TrainingClock()
            if training.iteration % _REPORT_EVERY == 0 or last:
                task.advance((training.iteration - 1) % _REPORT_EVERY + 1)
                task.note(f"loss {loss.item():.4f}")

    def _save(self, path: Path, name: str, training: _Training) -> None:
        state = training.state()
        broken = first_not_finite(state)
        if broken is not None:
            raise TgbenchError(
                f"{broken} is NaN or infinite after {training.iteration} iterations of {name}; "
                f"{REMEDY}"
            )
        content = {"training": state, "seconds": self._seconds, "prior": self._prior.fingerprint}
        write_checkpoint(path, self._origin, content)


def trained_the_prior(identity: Identity) -> bool:
    """Return whether a person is one of those whom the shipped prior learned from."""
    seed = seed_of(identity.name)
    return seed is not None and FIRST_PERSON <= seed < FIRST_PERSON + PEOPLE


def check_prior(state: Mapping[str, object], prior: HeadPrior, path: Path) -> None:
    """Refuse a state that was trained from another prior.

    Raises:
        TgbenchError: it was.
    """
    if state.get("prior") != prior.fingerprint:
        raise TgbenchError(
            f"{path}: was trained from another {prior.name} prior, of other weights or code; give "
            "the one that it was trained from, or start again with --fresh"
        )
