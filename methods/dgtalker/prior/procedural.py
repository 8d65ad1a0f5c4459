"""The prior that ships with the package: trained from scratch on procedural people.

Its weights were made by `pretraining.py` and are ours. It knows skin, hair and shapes that the
procedural people have, and no beard, glasses, hat or wrinkle; people who have these are learned by
tuning alone.
"""

from __future__ import annotations

from importlib import resources

import numpy as np
import torch
from torch import Tensor

from .generator import CODE, Generator, lips_last
from .interface import Heads
from .population import LIPS
from .template import landmark_texels

WEIGHTS = "procedural.npz"
"""Half-precision arrays by name, beside this file."""


class ProceduralPrior:
    """Heads of 6,400 Gaussians; see `HeadPrior`."""

    def __init__(self, *, trained: bool = True, seed: int = 0) -> None:
        """Load the weights.

        Args:
            trained: False for a random start of the same network: no prior.
            seed: of the random start.
        """
        self.name = "procedural" if trained else "none"
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = Generator()
        if trained:
            self.network.load_state_dict(_weights())

    @property
    def code_size(self) -> int:
        """Length of a code."""
        return CODE

    def mean_code(self) -> Tensor:
        """Return the code of the mean head at rest, [CODE]."""
        return self.network.mean.detach().clone()

    def directions(self) -> Tensor:
        """Return the directions of expression, those of the upper face first, [E, CODE]."""
        return self.network.expression.detach()[lips_last()].clone()

    def lip_directions(self) -> int:
        """Return how many of them, the last ones, move the mouth."""
        return LIPS

    def landmarks(self) -> Tensor:
        """Return the numbers of the Gaussians at the 68 landmarks."""
        return torch.from_numpy(landmark_texels())

    def heads(self, codes: Tensor) -> Heads:
        """Return the heads of codes [B, CODE]."""
        found: Heads = self.network(codes)
        return found


def _weights() -> dict[str, Tensor]:
    path = resources.files(__package__).joinpath(WEIGHTS)
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
        return {name: torch.from_numpy(arrays[name].astype(np.float32)) for name in arrays}
