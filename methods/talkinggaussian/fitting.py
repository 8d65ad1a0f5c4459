"""The whole training: both branches in parallel, then colour fine-tuning; resumable."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tgbench.errors import TgbenchError
from tgbench.identities import Identity, Split
from tgbench.interfaces import FitContext, FitReport
from tgbench.plugins import audio_encoder_of
from tgbench.progress import Task

from ..shared.audio_pretraining import AudioPretraining, lip_shapes
from ..shared.checkpoint import Origin, read_checkpoint, write_checkpoint
from ..shared.conditions import Conditions
from ..shared.not_finite import REMEDY, first_not_finite
from ..shared.perceptual import Distance, Perceptual, perceptual_distance
from ..shared.threads import with_halves
from ..shared.training_clock import TrainingClock
from .branch import Branch, new_motion
from .config import BranchName, TalkingGaussianConfig
from .finetuning import FineTuning
from .floaters import remove_floaters
from .frames import TrainingFrames
from .gaussians import GaussianField
from .losses import FaceLoss, MouthLoss
from .motion import expression_units
from .motion_scores import MotionScores
from .point_init import LEAST_EXTENT, camera_extent, initial_cloud
from .sampling import FrameSampler, sampling_rules
from .training import BranchTrainer

_BRANCHES: tuple[BranchName, ...] = ("face", "mouth")
_LEAST_MOUTH_SHARE = 20 / 512**2
_LEAST_MOUTH_PIXELS = 4
_LEAST_MOUTH_FRAMES = 4
_REPORT_EVERY = 50
"""Iterations between two updates of a progress bar."""


class Stage(Protocol):
    """A part of training that can stop after any iteration and resume."""

    iteration: int

    @property
    def name(self) -> str:
        """Of its checkpoint."""

    def step(self) -> Tensor:
        """Do one iteration and return its loss; to look at it is to wait for it."""

    def state(self) -> dict[str, object]:
        """Return everything that `restore` needs."""

    def restore(self, state: Mapping) -> None:
        """Continue where `state` was taken."""


class Fit:
    """One fit to one identity."""

    def __init__(
        self,
        config: TalkingGaussianConfig,
        identity: Identity,
        split: Split,
        context: FitContext,
    ) -> None:
        """Read what training needs of the training frames."""
        self._config = config
        self._context = context
        self._origin = Origin.of(config, identity, split, context.seed)
        self._notes: list[str] = []
        self._device = torch.device(context.device)
        room = config.cache_megabytes << 20
        self._frames = TrainingFrames(
            identity, split.train, room, self._device, config.sees_whole_lips
        )
        units = expression_units(config)
        self._conditions = Conditions.of_training(
            identity,
            split.train,
            audio_encoder_of(config),
            units,
            device=self._device,
            silent_outside=config.audio.outside == "zeros",
        )
        self._extent = config.scene_extent or self._measured_extent()
        self._scores = MotionScores.of(self._frames)
        self._notes.extend(self._scores.notes)
        if self._conditions.silent:
            self._notes.append(
                "the sound of the training frames is constant, so no speech is learned"
            )
        self._distance = self._perceptual_distance()

    @property
    def channels(self) -> int:
        """Channels of a step of the audio features."""
        return self._conditions.channels

    def run(self) -> tuple[list[Branch], FitReport]:
        """Train, or go on where a stopped fit left off.

        Returns:
            The branches, the face first, and what it took.

        Raises:
            TgbenchError: a loss is not finite, or a checkpoint belongs to another fit.
        """
        trainers = [self._trainer(name) for name in self._branch_names()]
        config = self._config
        first = config.schedule.static_iterations
        self._pretrain_audio(trainers)
        self._run_together(trainers, "static initialisation", 0, first)
        self._run_together(trainers, "motion learning", first, config.branch_iterations)
        spent = self._remove_floaters(trainers)
        tuning = self._fine_tuning([trainer.branch for trainer in trainers], spent)
        self._run_together([tuning], "colour fine-tuning", 0, config.schedule.finetune_iterations)
        iterations = {f"{trainer.branch.name} branch": trainer.iteration for trainer in trainers}
        iterations["colour fine-tuning"] = tuning.iteration
        seconds = max(trainer.seconds for trainer in trainers) + tuning.seconds
        return tuning.branches, FitReport(seconds, iterations, tuple(self._notes))

    def _measured_extent(self) -> float:
        extent = camera_extent(self._frames.identity.poses[np.array(self._frames.frames)])
        if extent < LEAST_EXTENT:
            self._notes.append(
                f"the head hardly moves in the training frames; its extent of {extent:.3f} m is "
                f"taken as {LEAST_EXTENT} m"
            )
        return max(extent, LEAST_EXTENT)

    def _branch_names(self) -> tuple[BranchName, ...]:
        if not self._config.face_mouth_decomposition:
            return _BRANCHES[:1]
        usable = self._with_mouth()
        if len(usable) >= _LEAST_MOUTH_FRAMES:
            return _BRANCHES
        self._notes.append(
            f"the inside of the mouth shows in {len(usable)} training frames only, so it has no "
            "branch"
        )
        return _BRANCHES[:1]

    def _with_mouth(self) -> NDArray[np.int64]:
        """Return the training frames that show enough of the inside of the mouth."""
        lens = self._frames.identity.intrinsics
        least = max(_LEAST_MOUTH_SHARE * lens.width * lens.height, _LEAST_MOUTH_PIXELS)
        return np.flatnonzero(self._frames.mouth_pixels >= least)

    def _trainer(self, name: BranchName) -> BranchTrainer:
        config, number = self._config, _BRANCHES.index(name)
        generator = torch.Generator().manual_seed(self._context.seed * 1000 + number)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self._context.seed * 1000 + number)
            motion = new_motion(name, self.channels, config).to(self._device)
        if config.audio.input == "normalised":
            motion.audio.normalise_by(self._conditions.heard)
        region_loss = (FaceLoss if name == "face" else MouthLoss)(self._frames, config)
        cloud = initial_cloud(name, self._frames, config, generator)
        gaussians = GaussianField.random(cloud, config, generator, self._device, self._extent)
        lens = self._frames.identity.intrinsics
        trainer = BranchTrainer(
            Branch(name, gaussians, motion, config.motion_field.moves_positions),
            region_loss,
            self._conditions,
            self._sampler(name, generator),
            config,
            generator,
            (lens.width, lens.height),
            self._perceptual(generator),
        )
        self._resume(trainer)
        return trainer

    def _pretrain_audio(self, trainers: Sequence[BranchTrainer]) -> None:
        """Train the audio networks of branches that have not started."""
        last = self._config.schedule.audio_pretraining_iterations
        trainers = [trainer for trainer in trainers if trainer.iteration == 0]
        if last == 0 or not trainers:
            return
        inside = self._frames.frames
        shapes = lip_shapes(self._frames.identity.landmarks[inside.start : inside.stop])
        stages = [self._audio_pretraining(trainer.branch, shapes) for trainer in trainers]
        self._run_together(stages, "learning lips from sound", 0, last)
        for trainer, stage in zip(trainers, stages, strict=True):
            trainer.seconds = stage.seconds

    def _audio_pretraining(self, branch: Branch, shapes: NDArray[np.float32]) -> AudioPretraining:
        number = len(_BRANCHES) + 1 + _BRANCHES.index(branch.name)
        generator = torch.Generator().manual_seed(self._context.seed * 1000 + number)
        last = self._config.schedule.audio_pretraining_iterations
        stage = AudioPretraining(
            branch.name, branch.motion.audio, self._conditions, shapes, last, generator
        )
        self._resume(stage)
        return stage

    def _sampler(self, name: BranchName, generator: torch.Generator) -> FrameSampler:
        rules = sampling_rules(name, self._scores, self._config)
        frames = np.arange(len(self._frames))
        if name == "mouth":
            frames = self._with_mouth()
        return FrameSampler(frames, rules, generator)

    def _run_together(
        self, stages: Sequence[Stage], description: str, first: int, last: int
    ) -> None:
        """Run each stage from its `first` to its `last` iteration, on a thread of its own.

        Torch and the compiled kernels release the GIL, so a thread uses a core. On a GPU both
        threads use one stream, which keeps shared work in order.
        """
        done = sum(min(stage.iteration, last) - first for stage in stages)
        total = (last - first) * len(stages)
        if done == total:
            return
        stop = threading.Event()
        with (
            self._context.progress.task(description, total, done) as task,
            ThreadPoolExecutor(len(stages)) as pool,
        ):
            running = [pool.submit(self._run, stage, last, task, stop) for stage in stages]
            try:
                for future in running:
                    future.result()
            finally:
                # After an error or Ctrl-C the other thread must stop too, and save its work.
                stop.set()

    def _run(self, stage: Stage, last: int, task: Task, stop: threading.Event) -> None:
        torch.set_num_threads(1)
        counted = stage.iteration
        try:
            with with_halves():
                while stage.iteration < last and not stop.is_set():
                    loss = stage.step()
                    if stage.iteration % _REPORT_EVERY == 0:
                        task.advance(stage.iteration - counted)
                        counted = stage.iteration
                        task.note(f"loss {loss.item():.4f}")
                    if stage.iteration % self._config.checkpoint_every == 0:
                        self._save(stage)
        except BaseException:
            stop.set()
            raise
        finally:
            task.advance(stage.iteration - counted)
        self._save(stage)

    def _remove_floaters(self, trainers: Sequence[BranchTrainer]) -> float:
        """Clean the branches, unless fine-tuning has begun with clean ones; return the seconds."""
        clock = TrainingClock()
        if self._checkpoint(FineTuning.name).is_file():
            return 0.0
        # On a busy machine torch takes ten times as long for small tensors with several threads.
        alone = ThreadPoolExecutor(len(trainers), initializer=torch.set_num_threads, initargs=(1,))
        with self._context.progress.task("removing floaters", len(trainers)) as task, alone as pool:
            running = [
                pool.submit(
                    remove_floaters, each.branch, self._frames, self._conditions, each.iteration
                )
                for each in trainers
            ]
            for future in running:
                future.result()
                task.advance()
        return clock.seconds

    def _fine_tuning(self, branches: list[Branch], spent: float = 0.0) -> FineTuning:
        """Return the stage, restored if it was saved; its time starts at the seconds `spent`."""
        generator = torch.Generator().manual_seed(self._context.seed * 1000 + len(_BRANCHES))
        tuning = FineTuning(
            branches,
            self._frames,
            self._conditions,
            self._config,
            generator,
            self._perceptual(generator) if self._config.finetune.lpips_weight > 0 else None,
        )
        tuning.seconds = spent
        self._resume(tuning)
        return tuning

    def _perceptual_distance(self) -> Distance | None:
        """Load LPIPS if a term needs it; add a note if it is not installed."""
        config = self._config
        tuned = config.finetune.lpips_weight > 0 and config.schedule.finetune_iterations > 0
        if not (tuned or config.face.lpips_iterations or config.mouth.lpips_iterations):
            return None
        distance, missing = perceptual_distance(self._device)
        if missing:
            self._notes.append(missing)
        return distance

    def _perceptual(self, generator: torch.Generator) -> Perceptual | None:
        return None if self._distance is None else Perceptual(self._distance, generator)

    def _resume(self, stage: Stage) -> None:
        path = self._checkpoint(stage.name)
        if path.is_file():
            stage.restore(read_checkpoint(path, self._origin))

    def _save(self, stage: Stage) -> None:
        state = stage.state()
        broken = first_not_finite(state)
        if broken is not None:
            raise TgbenchError(
                f"{broken} of the {stage.name} is NaN or infinite after {stage.iteration} "
                f"iterations; {REMEDY}"
            )
        write_checkpoint(self._checkpoint(stage.name), self._origin, state)

    def _checkpoint(self, stage: str) -> Path:
        return self._context.workdir / f"{stage}.pt"
