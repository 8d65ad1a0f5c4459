"""Static initialisation and motion learning of one branch."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .branch import Branch
from .conditions import Conditions, Jitter
from .config import TalkingGaussianConfig
from .density import DensityControl, DensityLimits, resembling
from .memory import keep_freed_memory
from .not_finite import LossWatch, located
from .objectives import TRAINING_BACKGROUND, Objective, deformation_terms
from .perceptual import Perceptual
from .rasterizer import Camera
from .sampling import FrameSampler

_WEAKENED_OPACITY = 0.1
_WEAKENED_SHRINK = 10.0


@dataclass
class BranchTrainer:
    """Trains one branch, one iteration at a time.

    Attributes:
        branch: what is trained.
        objective: the region that it learns.
        conditions: audio and expression of the training frames.
        sampler: which frame comes next.
        config: the method's settings.
        generator: of every random number.
        image_size: of whole frames, for thresholds in parts of an image.
        perceptual: LPIPS, where it is asked for and at hand.
        iteration: iterations done.
        seconds: wall time spent.
    """

    branch: Branch
    objective: Objective
    conditions: Conditions
    sampler: FrameSampler
    config: TalkingGaussianConfig
    generator: torch.Generator
    image_size: tuple[int, int]
    perceptual: Perceptual | None = None
    iteration: int = 0
    seconds: float = 0.0
    density: DensityControl = field(init=False)
    optimizer: torch.optim.AdamW = field(init=False)

    def __post_init__(self) -> None:
        """Set up what training adds to a branch."""
        keep_freed_memory()
        self.density = DensityControl(len(self.branch.field), self._device)
        self._watch = LossWatch(self._device)
        self.optimizer = motion_optimizer(self.branch, self.config)
        config = self.config
        self._jitter = Jitter(config.audio_noise, config.audio_jitter, self.generator)

    @property
    def name(self) -> str:
        """Of the branch."""
        return self.branch.name

    @property
    def _device(self) -> torch.device:
        return self.branch.field.device

    def step(self) -> Tensor:
        """Do one iteration and return its loss.

        Raises:
            TgbenchError: a term of the loss, or what is drawn, is not finite.
        """
        started = time.perf_counter()
        iteration, gaussians = self.iteration, self.branch.field
        learns_motion = iteration >= self.config.static_iterations
        position = self.sampler.draw(iteration)
        crop = self.objective.crop(position, iteration)
        stage = "motion learning" if learns_motion else "static initialisation"
        where = f"in iteration {iteration} of the {self.name}'s {stage}, frame {crop.frame}"
        deformation = None
        gaussians.decay_position_rate(iteration)
        offset = torch.zeros(len(gaussians), 2, device=self._device, requires_grad=True)
        with located(where):
            if learns_motion:
                deformation = self.branch.deform(
                    self._jitter(self.conditions.audio(position)),
                    self.conditions.expression(position),
                )
            drawn = self.branch.draw(
                crop.camera, deformation, offset, with_attention=self.config.charges_attention
            )
        terms = self.objective.terms(
            position, crop, drawn, self._background(), self._perceptual_at(iteration)
        )
        if deformation is not None:
            terms |= deformation_terms(deformation, self.config)
        loss = self._watch.total(terms, where)
        loss.backward()
        self.density.observe(self._in_half_images(offset.grad, crop.camera), drawn.radii)
        gaussians.step()
        if learns_motion:
            self._step_motion(iteration)
        self.iteration += 1
        self._control_density(self.iteration)
        if self.iteration % self.config.harmonics_every == 0:
            gaussians.raise_degree()
        self.seconds += time.perf_counter() - started
        return loss.detach()

    def state(self) -> dict[str, object]:
        """Return everything that makes a resumed training end like one never stopped.

        Raises:
            TgbenchError: a term of a loss since the last look is not finite.
        """
        self._watch.look()
        return {
            "branch": self.branch.state(),
            "gaussian_optimizer": self.branch.field.optimizer.state_dict(),
            "motion_optimizer": self.optimizer.state_dict(),
            "density": self.density.state(),
            "sampler": self.sampler.state(),
            "generator": self.generator.get_state(),
            "iteration": self.iteration,
            "seconds": self.seconds,
        }

    def restore(self, state: Mapping) -> None:
        """Continue where `state` was taken."""
        channels = self.conditions.channels
        self.branch = Branch.restore(
            self.branch.name, state["branch"], channels, self.config, self._device
        )
        self.optimizer = motion_optimizer(self.branch, self.config)
        self.optimizer.load_state_dict(state["motion_optimizer"])
        self.branch.field.optimizer.load_state_dict(state["gaussian_optimizer"])
        self.density.restore(state["density"])
        self.sampler.restore(state["sampler"])
        self.generator.set_state(state["generator"])
        self.iteration, self.seconds = state["iteration"], state["seconds"]

    def _perceptual_at(self, iteration: int) -> Perceptual | None:
        """Return LPIPS in the last iterations, those that the settings give it."""
        config = self.config
        count = {"face": config.face_lpips_iterations, "mouth": config.mouth_lpips_iterations}
        first = config.branch_iterations - count[self.branch.name]
        return self.perceptual if iteration >= first else None

    def _background(self) -> Tensor:
        if self.config.random_background:
            return torch.rand(3, generator=self.generator).to(self._device)
        return torch.tensor(TRAINING_BACKGROUND, device=self._device)

    def _step_motion(self, iteration: int) -> None:
        done = (iteration - self.config.static_iterations) / max(self.config.motion_iterations, 1)
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"] * self.config.motion_lr_final**done
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def _in_half_images(self, gradient: Tensor | None, camera: Camera) -> Tensor:
        """Scale pixel gradients of a crop's mean loss to those of a whole image, as 3DGS does."""
        assert gradient is not None
        width, height = self.image_size
        share = camera.width * camera.height / (width * height)
        return gradient * gradient.new_tensor([0.5 * width * share, 0.5 * height * share])

    def _control_density(self, done: int) -> None:
        config = self.config
        last = config.densify_until * config.branch_iterations
        if not config.densify_from <= done <= last or done % config.densify_every:
            return
        face = self.branch.name == "face"
        progress = done / last
        self.density.densify(
            self.branch.field,
            DensityLimits(
                config.face_densify_gradient if face else config.mouth_densify_gradient,
                config.dense_size,
                config.prune_opacity
                + (config.prune_opacity_final - config.prune_opacity) * progress,
                config.prune_size if done > config.static_iterations else float("inf"),
                config.count_limit(self.branch.name),
            ),
            self.generator,
        )
        self._remove_background()

    def _remove_background(self) -> None:
        """Prune (face) or weaken (mouth) what imitates the training background."""
        if self.config.random_background:
            return
        gaussians = self.branch.field
        green = resembling(
            gaussians.base_colors.detach(),
            torch.tensor(TRAINING_BACKGROUND, device=self._device),
            self.config.background_tolerance,
        )
        if not bool(green.any()) or bool(green.all()):
            return
        if self.branch.name == "face":
            keep = torch.nonzero(~green)[:, 0]
            gaussians.rebuild(keep)
            self.density = DensityControl(len(gaussians), self._device)
        else:
            gaussians.weaken(green, _WEAKENED_OPACITY, _WEAKENED_SHRINK)


def motion_optimizer(branch: Branch, config: TalkingGaussianConfig) -> torch.optim.AdamW:
    """Return AdamW with a rate for the grid, the networks and the attention over windows."""
    motion = branch.motion
    attention = list(motion.audio.attention.parameters())
    audio = list(motion.audio.net.parameters())
    chosen = {id(parameter) for parameter in [motion.grid.table, *attention, *audio]}
    others = [parameter for parameter in motion.parameters() if id(parameter) not in chosen]
    decay, rate = config.weight_decay, config.network_lr
    groups = [
        {"params": [motion.grid.table], "lr": config.grid_lr, "weight_decay": 0.0},
        {"params": others, "lr": rate, "weight_decay": 0.0},
        {"params": audio, "lr": rate, "weight_decay": decay},
        {
            "params": attention,
            "lr": rate * config.audio_attention_lr,
            "weight_decay": decay,
        },
    ]
    for group in groups:
        group["initial_lr"] = group["lr"]
    return torch.optim.AdamW(groups, betas=(0.9, 0.99), eps=1e-8, fused=True)
