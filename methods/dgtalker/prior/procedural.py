"""The prior that ships with the package: trained from scratch on procedural people.

Its weights were made by `pretraining.py` and are ours. It knows skin, hair and shapes that the
procedural people have, and no beard, glasses, hat or wrinkle; people who have these are learned by
tuning alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tgbench.errors import TgbenchError
from tgbench.files import sha256
from tgbench.inputs import open_file, reason

from .generator import CODE, Generator, upper_face_first
from .interface import Heads
from .population import LOWER_FACE
from .template import landmark_texels

WEIGHTS = "procedural.npz"
"""Half-precision arrays by name, beside this file."""

_REMEDY = (
    "train one with `python -m tgbench.methods.dgtalker.prior.pretraining FOLDER --to FILE.npz`, "
    "where FOLDER takes films of people"
)


class ProceduralPrior:
    """Heads of 6,400 Gaussians; see `HeadPrior`."""

    def __init__(self, *, trained: bool = True, seed: int = 0, weights: Path | None = None) -> None:
        """Load the weights.

        Args:
            trained: False for a random start of the same network: no prior.
            seed: of the random start.
            weights: a file of `pretraining.py`; None: the one that ships.

        Raises:
            TgbenchError: the file cannot be read, or is no such file.
        """
        self.name = "procedural" if trained else "none"
        self.fingerprint = "random start"
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = Generator()
        if trained:
            self._load(weights)

    @property
    def code_size(self) -> int:
        """Length of a code."""
        return CODE

    def mean_code(self) -> Tensor:
        """Return the code of the mean head at rest, [CODE]."""
        return self.network.mean.detach().clone()

    def directions(self) -> Tensor:
        """Return the directions of expression, those of the upper face first, [E, CODE]."""
        return self.network.expression.detach()[upper_face_first()].clone()

    def lip_directions(self) -> int:
        """Return how many of them, the last ones, move the lower face."""
        return len(LOWER_FACE)

    def landmarks(self) -> Tensor:
        """Return the numbers of the Gaussians at the 68 landmarks."""
        return torch.from_numpy(landmark_texels())

    def heads(self, codes: Tensor) -> Heads:
        """Return the heads of codes [B, CODE]."""
        found: Heads = self.network(codes)
        return found

    def _load(self, given: Path | None) -> None:
        shipped = resources.files(__package__).joinpath(WEIGHTS)
        with resources.as_file(shipped) as own:
            path = own if given is None else given
            self.network.load_state_dict(_weights(path, self.network.state_dict()))
            self.fingerprint = sha256(path)


def _weights(path: Path, wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    try:
        with open_file(path) as stream, np.load(stream, allow_pickle=False) as arrays:
            found = {name: torch.from_numpy(arrays[name].astype(np.float32)) for name in arrays}
    except OSError as error:
        raise TgbenchError(f"{path}: cannot be read ({reason(error)}); {_REMEDY}") from error
    except MemoryError:
        raise
    # Damaged bytes make zipfile, zlib and NumPy fail in any way; the cause is kept for --debug.
    except Exception as error:
        raise TgbenchError(f"{path}: is no head prior, or is damaged; {_REMEDY}") from error
    if {name: each.shape for name, each in found.items()} != {
        name: each.shape for name, each in wanted.items()
    }:
        raise TgbenchError(f"{path}: holds the weights of another network; {_REMEDY}")
    broken = [name for name, each in found.items() if not each.isfinite().all()]
    if broken:
        raise TgbenchError(f"{path}: {broken[0]} holds NaN or infinity; {_REMEDY}")
    return found
