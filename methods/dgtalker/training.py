"""Training of the navigation: codes first, then pictures with masked cross-view supervision."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..shared.conditions import Conditions
from ..shared.fusion import over
from ..shared.not_finite import LossWatch
from ..shared.rasterizer import Rasterization
from .config import DGTalkerConfig
from .frames import Crop, HeadFrames
from .navigation import Navigation, start_shapes
from .person import Person
from .personalisation import laid_over


class NavigationTraining:
    """The state of training blendshapes and encoders around a frozen person."""

    def __init__(
        self,
        config: DGTalkerConfig,
        person: Person,
        frames: HeadFrames,
        driving: Conditions,
        seed: int,
        device: torch.device,
    ) -> None:
        """Freeze the person and make untrained encoders."""
        self._config, self._person, self._frames = config.navigation, person, frames
        self._driving, self._device = driving, device
        self._torch_random = torch.Generator().manual_seed(seed)
        self._random = np.random.default_rng([seed, 2])
        person.requires_grad_(False)
        with torch.no_grad():
            self._found = person.frame_displacements()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            start = start_shapes(
                person.directions.detach(),
                person.lip_directions,
                config.navigation,
                self._torch_random,
            )
            self.navigation = Navigation(
                config.navigation, person.anchor(), start, driving.channels
            ).to(device)
        for network in self.navigation.encoders:
            network.normalise_by(driving.heard)
        settings = config.navigation
        self._optimiser = torch.optim.AdamW(
            self.navigation.parameters(), lr=settings.lr, weight_decay=settings.weight_decay
        )
        self._watch = LossWatch(device)
        self.iteration = 0

    @property
    def iterations(self) -> int:
        """Of both stages."""
        return self._config.regression_iterations + self._config.iterations

    def step(self) -> Tensor:
        """Take one step and return the loss.

        Raises:
            TgbenchError: a loss is NaN or infinite.
        """
        settings, done = self._config, self.iteration
        regressing = done < settings.regression_iterations
        rate, begin, end = (
            (settings.lr, 0, settings.regression_iterations)
            if regressing
            else (settings.picture_lr, settings.regression_iterations, self.iterations)
        )
        left = 1.0 - (done - begin) / max(end - begin, 1)
        for group in self._optimiser.param_groups:
            group["lr"] = rate * (0.1 + 0.9 * left)
        terms = self._regression() if regressing else self._pictures()
        loss = self._watch.total(terms, f"navigation, iteration {done}")
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self._optimiser.step()
        self.iteration += 1
        return loss.detach()

    def state(self) -> dict[str, object]:
        """Return all that `restore` needs."""
        return {
            "iteration": self.iteration,
            "navigation": self.navigation.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "random": self._random.bit_generator.state,
            "noise": self._torch_random.get_state(),
        }

    def restore(self, state: Mapping[str, object]) -> None:
        """Go on from a state."""
        self.iteration = int(state["iteration"])  # type: ignore[call-overload]
        self.navigation.load_state_dict(state["navigation"])  # type: ignore[arg-type]
        self._optimiser.load_state_dict(state["optimiser"])  # type: ignore[arg-type]
        self._random.bit_generator.state = state["random"]  # type: ignore[assignment]
        self._torch_random.set_state(state["noise"])  # type: ignore[arg-type]

    def _sounds(self, positions: np.ndarray) -> Tensor:
        """Return what is heard at frames, with noise, [B, 8, channels, steps]."""
        sounds = torch.stack([self._driving.audio(int(position)) for position in positions])
        noise = torch.randn(sounds.shape, generator=self._torch_random).to(self._device)
        deviation = self.navigation.encoders[0].deviation
        return sounds + self._config.noise * deviation * noise

    def _regression(self) -> dict[str, Tensor]:
        """Return how far the encoders are from what inversion found, each from its own half."""
        positions = self._random.integers(len(self._frames), size=16)
        sounds = self._sounds(positions)
        chosen = torch.from_numpy(positions)
        found = self.navigation.coefficients(sounds, sounds, self._driving.expressions[chosen])
        expression, lips = self.navigation.displacements(found)
        upper, lower = self._found
        scale = (upper + lower).square().mean()
        if not (self._person.halves_known and self._config.disentangled):
            wanted = (upper + lower)[chosen]
            return {"code": functional.mse_loss(expression + lips, wanted) / scale}
        return {
            "expression": functional.mse_loss(expression, upper[chosen]) / scale,
            "lips": functional.mse_loss(lips, lower[chosen]) / scale,
        }

    def _pictures(self) -> dict[str, Tensor]:
        """Return the losses of one head seen by the cameras of two frames.

        The upper face is held to frame i, whose sound and blink the expression encoder gets; the
        lower face to frame j, whose sound the lip encoder gets. Each loss reaches its own encoder
        and blendshapes alone.
        """
        i, j = (int(each) for each in self._random.integers(len(self._frames), size=2))
        if not (self._config.cross_view and self._config.disentangled):
            return self._plain(i)
        expression, lips = self._displacements(i, j)
        codes = self.navigation.anchor + torch.cat(
            [expression + lips.detach(), expression.detach() + lips]
        )
        crops = [self._frames[i], self._frames[j]]
        drawn = self._person.heads(codes).draw([crop.camera for crop in crops])
        return {
            "upper": masked_distance(drawn, 0, crops[0], ~crops[0].lower),
            "lower": masked_distance(drawn, 1, crops[1], crops[1].lower),
        }

    def _plain(self, frame: int) -> dict[str, Tensor]:
        """Return how far the head of one frame is from all of its picture."""
        expression, lips = self._displacements(frame, frame)
        crop = self._frames[frame]
        drawn = self._person.heads(self.navigation.anchor + expression + lips).draw([crop.camera])
        return {"picture": masked_distance(drawn, 0, crop, torch.ones_like(crop.lower))}

    def _displacements(self, frame: int, other: int) -> tuple[Tensor, Tensor]:
        """Return how one frame's expression and another's lips move the anchor, [1, C] each."""
        sound, heard = self._sounds(np.array([frame])), self._sounds(np.array([other]))
        blink = self._driving.expressions[[frame]]
        navigation = self.navigation
        return navigation.displacements(navigation.coefficients(sound, heard, blink))


def masked_distance(drawn: Rasterization, number: int, crop: Crop, region: Tensor) -> Tensor:
    """Return the mean absolute difference to a frame in a region [h, w] of its crop."""
    white = torch.ones(3, device=crop.image.device)
    truth = laid_over(crop.image, crop.head.float(), white)
    apart = (over(drawn.frame(number), white) - truth).abs().mean(dim=-1)
    return (apart * region).sum() / region.sum().clamp_min(1)
