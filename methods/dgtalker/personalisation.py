"""Inversion of the prior over the training frames, then tuning of the generator around the code.

Pivotal tuning as HFA-GP does it (A4 of the facts): first the code, the expressions and the place of
the head, with the prior frozen; then the generator, which learns what no code has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tgbench.identities import Identity

from ..shared.fusion import over
from ..shared.not_finite import LossWatch
from ..shared.ssim import l1_ssim_loss
from .config import DGTalkerConfig
from .frames import Crop, HeadFrames
from .person import Person
from .placement import INNER, fit_placement
from .prior.interface import HeadPrior, Heads

_LIPS = slice(48, 68)
_CODE = "code", "expressions", "reading", "directions", "placement.values"
"""Parameters of inversion: all but the generator's."""

_FEATURES = 10
"""Most principal components of the lips' landmarks that expressions are read from."""


@dataclass(frozen=True)
class _Stage:
    name: str
    iterations: int
    parameters: tuple[str, ...]
    pictures: bool


class Personalisation:
    """The state of personalising the prior to the training frames."""

    def __init__(
        self,
        config: DGTalkerConfig,
        prior: HeadPrior,
        frames: HeadFrames,
        seed: int,
        device: torch.device,
    ) -> None:
        """Place the prior's mean head in the clip.

        Raises:
            TgbenchError: the poses of the clip are not those of its face.
        """
        self._config, self._frames, self._device = config.person, frames, device
        self._batch = config.batch
        self._marks = prior.landmarks().to(device)
        with torch.inference_mode():
            mean = prior.heads(prior.mean_code()[None]).means[0, self._marks].cpu().numpy()
        cameras = [frames.camera(position) for position in range(len(frames))]
        placement = fit_placement(mean, frames.landmarks, cameras)
        shapes = config.navigation.expression_shapes, config.navigation.lip_shapes
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.person = Person(prior, placement, frame_features(frames), shapes).to(device)
        self._start = self.person.code.detach().clone()
        self._random = np.random.default_rng([seed, 1])
        self._watch = LossWatch(device)
        person, code = config.person, _CODE
        self.stages = (
            _Stage("alignment", person.alignment_iterations, code, False),
            _Stage("inversion", person.inversion_iterations, code, True),
            _Stage("tuning", person.tuning_iterations, (*code, "generator."), True),
        )
        self.iteration = 0
        self._optimiser: torch.optim.Optimizer | None = None

    @property
    def iterations(self) -> int:
        """Of all stages."""
        return sum(stage.iterations for stage in self.stages)

    def step(self) -> Tensor:
        """Take one step and return the loss.

        Raises:
            TgbenchError: a loss is NaN or infinite.
        """
        stage, done = self._stage()
        if done == 0 or self._optimiser is None:
            self._optimiser = self._optimiser_of(stage)
        share = done / max(stage.iterations, 1)
        for group in self._optimiser.param_groups:
            group["lr"] = group["start"] * (0.05 + 0.95 * (1.0 - share))
        chosen = self._random.integers(len(self._frames), size=self._batch)
        crops = [self._frames[int(position)] for position in chosen]
        heads = self.person.heads(self.person.frame_codes(torch.from_numpy(chosen)))
        loss = self._watch.total(
            self._terms(stage, heads, crops), f"{stage.name}, iteration {self.iteration}"
        )
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self._optimiser.step()
        self.iteration += 1
        return loss.detach()

    def state(self) -> dict[str, object]:
        """Return all that `restore` needs."""
        return {
            "iteration": self.iteration,
            "person": dict(self.person.state_dict()),
            "optimiser": self._optimiser.state_dict() if self._optimiser else None,
            "random": self._random.bit_generator.state,
        }

    def restore(self, state: Mapping[str, object]) -> None:
        """Go on from a state."""
        self.iteration = int(state["iteration"])  # type: ignore[call-overload]
        self.person.load_state_dict(state["person"])  # type: ignore[arg-type]
        stage, done = self._stage()
        if state["optimiser"] is not None and done:
            self._optimiser = self._optimiser_of(stage)
            self._optimiser.load_state_dict(state["optimiser"])  # type: ignore[arg-type]
        self._random.bit_generator.state = state["random"]  # type: ignore[assignment]

    def _stage(self) -> tuple[_Stage, int]:
        """Return the stage of the next iteration, and how many of its iterations are done."""
        left = self.iteration
        for stage in self.stages:
            if left < stage.iterations:
                return stage, left
            left -= stage.iterations
        return self.stages[-1], self.stages[-1].iterations

    def _optimiser_of(self, stage: _Stage) -> torch.optim.Optimizer:
        settings, groups = self._config, []
        rates = {"placement.": settings.place_lr, "generator.": settings.generator_lr}
        for name, parameter in self.person.named_parameters():
            trained = name.startswith(stage.parameters)
            parameter.requires_grad_(trained)
            if trained:
                rate = next(
                    (rate for start, rate in rates.items() if name.startswith(start)),
                    settings.code_lr if stage.name != "tuning" else 0.1 * settings.code_lr,
                )
                groups.append({"params": [parameter], "lr": rate, "start": rate})
        return torch.optim.Adam(groups, betas=(0.9, 0.99))

    def _terms(self, stage: _Stage, heads: Heads, crops: list[Crop]) -> dict[str, Tensor]:
        settings = self._config
        cameras = [crop.camera for crop in crops]
        away = self.person.code - self._start
        terms = {
            "landmarks": settings.landmark_weight * self._landmark_distance(heads, crops),
            "code": settings.prior_weight * away.square().mean()
            + settings.prior_weight * self.person.expressions.square().mean(),
        }
        if not stage.pictures:
            return terms
        drawn = heads.draw(cameras)
        behind = torch.from_numpy(self._random.random((len(crops), 3), np.float32))
        pictures, masks = [], []
        for number, crop in enumerate(crops):
            mask = crop.head.float()
            colour = behind[number].to(self._device)
            truth = laid_over(crop.image, mask, colour)
            drawing = over(drawn.frame(number), colour)
            pictures.append(l1_ssim_loss(drawing, truth, settings.ssim_weight))
            masks.append((drawn.alpha[number] - mask).abs().mean())
        terms["picture"] = torch.stack(pictures).mean()
        terms["mask"] = settings.mask_weight * torch.stack(masks).mean()
        return terms

    def _landmark_distance(self, heads: Heads, crops: list[Crop]) -> Tensor:
        """Return how far the landmarks of heads are from those of frames, in face widths."""
        apart = []
        for number, crop in enumerate(crops):
            seen = crop.landmarks[INNER]
            found = projected(heads.means[number, self._marks[INNER]], crop)
            width = seen[:, 0].max() - seen[:, 0].min()
            apart.append((found - seen).norm(dim=1).mean() / width)
        return torch.stack(apart).mean()


def frame_features(frames: HeadFrames) -> Tensor:
    """Return what the expression of each training frame is read from, [N, F], standardised.

    Action units where the clip has them, and the lips' landmarks in the frame of the face.
    """
    identity: Identity = frames.identity
    inside = slice(frames.frames.start, frames.frames.stop)
    units = [values[inside] for _, values in sorted(identity.action_units.values.items())]
    units = [values for values in units if np.isfinite(values).all()]
    columns = [*units, *_lip_shapes(frames.landmarks).T]
    stacked = np.stack(columns, axis=1)
    spread = stacked.std(axis=0)
    kept = spread > 1e-6
    scaled = (stacked[:, kept] - stacked[:, kept].mean(axis=0)) / spread[kept]
    return torch.from_numpy(scaled.astype(np.float32))


def laid_over(image: Tensor, mask: Tensor, colour: Tensor) -> Tensor:
    """Return the part of an image uint8 [h, w, 3] in a mask [h, w] over a colour [3], 0 to 1."""
    alpha = mask[..., None]
    return image * (alpha / 255.0) + (1.0 - alpha) * colour


def projected(points: Tensor, crop: Crop) -> Tensor:
    """Return where points [N, 3] are in a crop, pixels [N, 2]."""
    camera = crop.camera
    pose = torch.from_numpy(camera.world_to_camera).to(points)
    inside = points @ pose[:3, :3].T + pose[:3, 3]
    focal = points.new_tensor((camera.fx, camera.fy))
    return inside[:, :2] / inside[:, 2:] * focal + points.new_tensor((camera.cx, camera.cy))


def _lip_shapes(landmarks: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the principal components of the lips, in the frame of eyes and nose, [N, F]."""
    upper = landmarks[:, 27:48].astype(np.float64)
    centre = upper.mean(axis=1, keepdims=True)
    axis = upper[:, 42 - 27 : 48 - 27].mean(axis=1) - upper[:, 36 - 27 : 42 - 27].mean(axis=1)
    length = np.linalg.norm(axis, axis=1)[:, None, None]
    c, s = (axis / length[:, 0]).T
    turn = np.stack([np.stack([c, s], -1), np.stack([-s, c], -1)], axis=1)
    lips = np.einsum("nij,nkj->nki", turn, landmarks[:, _LIPS] - centre) / length
    flat = lips.reshape(len(lips), -1)
    flat = flat - flat.mean(axis=0)
    values, vectors = np.linalg.eigh(flat.T @ flat)
    strongest = np.argsort(values)[::-1][: min(_FEATURES, len(flat) - 1)]
    shapes: NDArray[np.float64] = flat @ vectors[:, strongest]
    return shapes
