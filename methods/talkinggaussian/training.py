"""Static initialisation and motion learning of one branch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..shared.conditions import Conditions, Jitter
from ..shared.malloc import keep_freed_memory
from ..shared.not_finite import LossWatch, located
from ..shared.perceptual import Perceptual
from ..shared.rasterizer import Camera
from ..shared.training_clock import TrainingClock
from .branch import Branch
from .config import BranchName, TalkingGaussianConfig
from .densification import DensityControl, density_limits, resembling
from .gaussians import COLOR_PARAMETERS
from .losses import (
    FINISH_BACKGROUND,
    TRAINING_BACKGROUND,
    BranchLoss,
    Terms,
    deformation_terms,
    over_image,
)
from .motion import Deformation
from .sampling import FrameSampler

_WEAKENED_OPACITY = 0.1
_WEAKENED_DIVISOR = 10.0


@dataclass
class BranchTrainer:
    """Trains one branch, one iteration at a time.

    Attributes:
        branch: the branch to train.
        region_loss: the loss of the region that it learns.
        conditions: audio and expression of the training frames.
        sampler: which frame comes next.
        config: the method's settings.
        generator: source of every random number.
        image_size: width and height of whole frames, for thresholds in parts of an image.
        perceptual: LPIPS, where a term needs it and its weights are installed.
        iteration: iterations done.
        seconds: wall time spent.
    """

    branch: Branch
    region_loss: BranchLoss
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
        """Set up optimiser, density control and the check of losses."""
        keep_freed_memory()
        self.density = DensityControl(len(self.branch.field), self._device)
        self._watch = LossWatch(self._device)
        self.optimizer = motion_optimizer(self.branch, self.config)
        audio = self.config.audio
        self._jitter = Jitter(audio.noise, audio.jitter, self.generator)

    @property
    def name(self) -> BranchName:
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
        clock = TrainingClock()
        iteration, gaussians = self.iteration, self.branch.field
        learns_motion = iteration >= self.config.schedule.static_iterations
        finishing = self.config.finishes_mouth(self.name, iteration)
        position = self.sampler.draw(iteration)
        crop = self.region_loss.crop(position, iteration)
        stage = "motion learning" if learns_motion else "static initialisation"
        where = f"in iteration {iteration} of the {self.name}'s {stage}, frame {crop.frame}"
        deformation = None
        gaussians.decay_position_rate(iteration)
        offset = torch.zeros(len(gaussians), 2, device=self._device, requires_grad=True)
        with located(where):
            if learns_motion:
                with torch.set_grad_enabled(not finishing):
                    deformation = self.branch.deform(
                        self._jitter(self.conditions.audio(position)),
                        self.conditions.expression(position),
                    )
            drawn = self.branch.draw(
                crop.camera, deformation, offset, with_attention=self.config.charges_attention
            )
        terms = self.region_loss.terms(
            position,
            crop,
            drawn,
            self._background(finishing),
            self._perceptual_at(iteration),
        )
        loss = self._watch.total(self._charged(terms, crop.camera, deformation), where)
        loss.backward()
        self._step(iteration, finishing)
        self.iteration += 1
        if not finishing:
            self.density.observe(self._in_half_images(offset.grad, crop.camera), drawn.radii)
            self._control_density(self.iteration, crop.camera)
        if self.iteration % self.config.gaussians.harmonics_every == 0:
            gaussians.raise_degree()
        self.seconds += clock.seconds
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
        last = self.config.branch(self.name).lpips_iterations
        first = self.config.branch_iterations - last
        return self.perceptual if iteration >= first else None

    def _background(self, finishing: bool) -> Tensor:
        if self.config.random_background:
            return torch.rand(3, generator=self.generator).to(self._device)
        colour = FINISH_BACKGROUND if finishing else TRAINING_BACKGROUND
        return torch.tensor(colour, device=self._device)

    def _charged(self, terms: Terms, camera: Camera, deformation: Deformation | None) -> Terms:
        """Return the terms that count, with the mean that the settings ask for."""
        if deformation is None and not self.config.loss.alpha_in_static:
            terms = {name: term for name, term in terms.items() if name != "alpha"}
        if self.config.loss.mean == "image":
            terms = over_image(terms, self._share(camera))
        if deformation is not None and self.name == "face":
            terms |= deformation_terms(deformation, self.config)
        return terms

    def _step(self, iteration: int, finishing: bool) -> None:
        """Apply the gradients: to all, or to colours alone."""
        if finishing:
            self.branch.field.step(COLOR_PARAMETERS)
            return
        if iteration < self.config.schedule.static_iterations:
            self.branch.field.step()
            return
        share = motion_rate(self.config, self.name, iteration)
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"] * share
        self.branch.field.step()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def _share(self, camera: Camera) -> float:
        """Return the share of a whole image that a camera sees."""
        width, height = self.image_size
        return camera.width * camera.height / (width * height)

    def _in_half_images(self, gradient: Tensor | None, camera: Camera) -> Tensor:
        """Scale pixel gradients to half images and a whole image's mean loss, as 3DGS does."""
        assert gradient is not None
        width, height = self.image_size
        share = 1.0 if self.config.loss.mean == "image" else self._share(camera)
        return gradient * gradient.new_tensor([0.5 * width * share, 0.5 * height * share])

    def _control_density(self, done: int, camera: Camera) -> None:
        config = self.config
        if done < config.densify.start or done % config.densify.every:
            return
        gaussians = self.branch.field
        if done <= config.densify_last(self.name):
            limits = density_limits(config, self.name, gaussians.extent, done)
            self.density.densify(gaussians, limits, self.generator)
        elif self.name == "mouth":
            return
        self._remove_background(camera)

    def _remove_background(self, camera: Camera) -> None:
        """Prune (face) or weaken (mouth) what imitates the training background."""
        if self.config.random_background:
            return
        gaussians = self.branch.field
        with torch.no_grad():
            seen = gaussians.primitives(camera).colors
        green = resembling(
            seen,
            torch.tensor(TRAINING_BACKGROUND, device=self._device),
            self.config.background_tolerance,
        )
        if not bool(green.any()) or bool(green.all()):
            return
        if self.branch.name == "face":
            keep = torch.nonzero(~green)[:, 0]
            gaussians.rebuild(keep)
            self.density = DensityControl(len(gaussians), self._device)
        elif self.config.mouth.background == "enlarge":
            gaussians.blow_up(green, _WEAKENED_OPACITY, _WEAKENED_DIVISOR)
        else:
            gaussians.weaken(green, _WEAKENED_OPACITY, _WEAKENED_DIVISOR)


def motion_optimizer(branch: Branch, config: TalkingGaussianConfig) -> torch.optim.AdamW:
    """Return AdamW with rates and weight decays for the parts of a motion field."""
    motion = branch.motion
    attention = list(motion.audio.attention.parameters())
    audio = list(motion.audio.net.parameters())
    chosen = {id(parameter) for parameter in [motion.grid.table, *attention, *audio]}
    others = [parameter for parameter in motion.parameters() if id(parameter) not in chosen]
    rate = config.motion_field.lr
    parts = (
        ([motion.grid.table], config.grid.lr, config.grid.weight_decay),
        (others, rate, 0.0),
        (audio, rate * config.audio.lr, config.audio.weight_decay),
        (attention, rate * config.audio.attention_lr, config.audio.attention_weight_decay),
    )
    groups = [
        {"params": parameters, "lr": lr, "initial_lr": lr, "weight_decay": decay}
        for parameters, lr, decay in parts
    ]
    return torch.optim.AdamW(groups, betas=(0.9, 0.99), eps=1e-8, fused=True)


def motion_rate(config: TalkingGaussianConfig, branch: BranchName, iteration: int) -> float:
    """Return the share of the motion field's initial rates that an iteration learns at.

    The exponential falls over motion learning. The steps count from the branch's first iteration:
    halved until the windows of equation 6 arrive, from there on as if a tenth were reached over
    all iterations, which drops at the turn.
    """
    if config.motion_field.lr_schedule == "exponential":
        learned = iteration - config.schedule.static_iterations
        return config.motion_field.lr_final ** (learned / max(config.schedule.motion_iterations, 1))
    turn = config.window_end(branch)
    if iteration < turn:
        return 0.5 ** (iteration / turn)
    return 0.1 ** (iteration / config.branch_iterations)
