"""Pretraining of the audio network: it learns the shapes of the lips from sound.

Neither TalkingGaussian, ER-NeRF nor their official codes do this. A short training needs it:
rendering gives the network the gradient of one frame per iteration, most of it from parts that
sound does not move, and the lips end up moving half as far as the true ones.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .audio_network import AudioNetwork
from .conditions import Conditions
from .not_finite import LossWatch
from .training_clock import TrainingClock

_LIPS = slice(48, 68)
_OUTER_EYE_CORNERS = (36, 45)
_BATCH = 32
_RATE, _RATE_FINAL, _ATTENTION_RATE = 4e-3, 0.05, 5.0
"""Of AdamW: the first rate, the share left at the end, and the factor for the attention."""

_LEAST_DEVIATION = 1e-6
_LEAST_EYES = 1.0
"""Pixels between the outer eye corners; closer ones give no scale."""


class AudioPretraining:
    """Trains an audio network with a linear layer that is discarded afterwards.

    Attributes:
        name: of its checkpoint.
        audio: the network that learns.
        iterations: of the whole stage.
        iteration: iterations done.
        seconds: wall time spent.
    """

    def __init__(
        self,
        part: str,
        audio: AudioNetwork,
        conditions: Conditions,
        shapes: NDArray[np.float32],
        iterations: int,
        generator: torch.Generator,
    ) -> None:
        """Begin with an untrained network.

        Args:
            part: of the model that the network drives, such as "face".
            audio: the network.
            conditions: the sound of the training frames.
            shapes: `lip_shapes` of these frames, [N, 40].
            iterations: of the whole stage.
            generator: draws the frames.
        """
        self.name = f"audio-pretraining-{part}"
        self.audio, self.iterations = audio, iterations
        self.iteration = 0
        self.seconds = 0.0
        self._part, self._conditions, self._generator = part, conditions, generator
        device = conditions.features.device
        self._shapes = torch.from_numpy(shapes).to(device)
        self._head = nn.Linear(audio.dim, shapes.shape[1])
        nn.init.zeros_(self._head.weight)
        nn.init.zeros_(self._head.bias)
        self._head.to(device)
        self._watch = LossWatch(device)
        self._optimizer = self._new_optimizer()

    def step(self) -> Tensor:
        """Do one iteration, on a batch of frames, and return its loss.

        Raises:
            TgbenchError: the loss is not finite.
        """
        clock = TrainingClock()
        done = self.iteration / self.iterations
        for group in self._optimizer.param_groups:
            group["lr"] = group["initial_lr"] * _RATE_FINAL**done
        order = torch.randperm(len(self._shapes), generator=self._generator)[:_BATCH]
        chosen = order.to(self._shapes.device)
        heard = self.audio.sequence(self._conditions.features, self._conditions.windows[chosen])
        error = (self._head(heard) - self._shapes[chosen]).abs().mean()
        where = f"in iteration {self.iteration} of the {self._part}'s audio pretraining"
        loss = self._watch.descend({"lip shape": error}, where, self._optimizer)
        self.iteration += 1
        self.seconds += clock.seconds
        return loss

    def state(self) -> dict[str, object]:
        """Return everything that `restore` needs.

        Raises:
            TgbenchError: a loss since the last look is not finite.
        """
        self._watch.look()
        return {
            "audio": self.audio.state_dict(),
            "head": self._head.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "generator": self._generator.get_state(),
            "iteration": self.iteration,
            "seconds": self.seconds,
        }

    def restore(self, state: Mapping) -> None:
        """Continue where `state` was taken."""
        self.audio.load_state_dict(state["audio"])
        self._head.load_state_dict(state["head"])
        self._optimizer = self._new_optimizer()
        self._optimizer.load_state_dict(state["optimizer"])
        self._generator.set_state(state["generator"])
        self.iteration, self.seconds = state["iteration"], state["seconds"]

    def _new_optimizer(self) -> torch.optim.AdamW:
        audio = self.audio
        parts = (
            ([*audio.net.parameters(), *self._head.parameters()], _RATE),
            (list(audio.attention.parameters()), _RATE * _ATTENTION_RATE),
        )
        groups = [{"params": params, "lr": rate, "initial_lr": rate} for params, rate in parts]
        return torch.optim.AdamW(groups, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.0, fused=True)


def lip_shapes(landmarks: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the shapes of the lips in a clip, whatever the head's place, size and tilt.

    Args:
        landmarks: iBUG [N, 68, 2] in pixels.

    Returns:
        float32 [N, 40]: x, then y, of points 48 to 67 from their centre, in the direction and by
        the distance of the outer eye corners; less their mean over the clip, by the deviation of
        all; zeros where the lips never move. A face without eyes is neither turned nor scaled.
    """
    points = np.asarray(landmarks, np.float64)
    points = points[..., 0] + 1j * points[..., 1]
    right, left = _OUTER_EYE_CORNERS
    eyes = points[:, [left]] - points[:, [right]]
    lips = points[:, _LIPS] - points[:, _LIPS].mean(axis=1, keepdims=True)
    # A complex quotient turns and scales at once.
    turned = lips / np.where(np.abs(eyes) < _LEAST_EYES, 1.0, eyes)
    shapes = np.concatenate([turned.real, turned.imag], axis=1)
    shapes -= shapes.mean(axis=0)
    return (shapes / max(float(shapes.std()), _LEAST_DEVIATION)).astype(np.float32)
