"""TalkingGaussian as a plug-in of the suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch

from tgbench.errors import TgbenchError
from tgbench.identities import Identity, Split
from tgbench.interfaces import Drive, FitContext, FitReport, Image

from .branch import Branch
from .checkpoint import Origin, read_checkpoint, write_checkpoint
from .config import TalkingGaussianConfig
from .fitting import Fit
from .motion import expression_units
from .rendering import Renderer

_FILE = "talkinggaussian.pt"


class TalkingGaussian:
    """Structure-persistent talking heads: deformed 3D Gaussians in a face and a mouth branch."""

    def __init__(self, config: TalkingGaussianConfig) -> None:
        self.config = config
        self.branches: list[Branch] = []
        self._origin: Origin | None = None
        self._channels = 0

    def fit(self, identity: Identity, split: Split, context: FitContext) -> FitReport:
        """Learn a person; a fit stopped before goes on from its last checkpoint.

        Raises:
            TgbenchError: training data are missing, a loss is not finite, or the checkpoints in
                `context.workdir` belong to something else.
        """
        _refuse_other_devices(context.device)
        fit = Fit(self.config, identity, split, context)
        self.branches, report = fit.run()
        self._channels = fit.channels
        self._origin = Origin.of(self.config, identity, split, context.seed)
        return report

    def render(self, drive: Drive) -> Iterator[Image]:
        """Yield the frames of a drive.

        Raises:
            TgbenchError: not fitted, or driven by other audio features than it was fitted with.
        """
        if not self.branches:
            raise TgbenchError("TalkingGaussian has nothing to render; fit or load it first")
        if drive.features.shape[2] != self._channels:
            raise TgbenchError(
                f"the driving audio features have {drive.features.shape[2]} channels, the fit had "
                f"{self._channels}; drive with '{self.config.audio_features}' features"
            )
        return Renderer(self.branches, expression_units(self.config)).frames(drive)

    def save(self, folder: Path) -> None:
        """Write the fitted state, atomically.

        Raises:
            TgbenchError: there is none.
        """
        if self._origin is None:
            raise TgbenchError("TalkingGaussian has nothing to save; fit it first")
        state = {
            "channels": self._channels,
            "branches": {branch.name: branch.state() for branch in self.branches},
        }
        write_checkpoint(folder / _FILE, self._origin, state)

    def load(self, folder: Path, identity: Identity, split: Split, device: str) -> None:
        """Restore what `save` wrote for the same config, identity and split.

        Raises:
            TgbenchError: there is none, or it belongs to something else.
        """
        _refuse_other_devices(device)
        origin = Origin.of(self.config, identity, split, seed=None)
        state = read_checkpoint(folder / _FILE, origin)
        self._channels = state["channels"]
        self.branches = [
            Branch.restore(name, branch, self._channels, self.config)
            for name, branch in state["branches"].items()
        ]
        self._origin = origin


def _refuse_other_devices(device: str) -> None:
    if torch.device(device).type != "cpu":
        raise TgbenchError(
            f"TalkingGaussian runs on the CPU, not on '{device}'; run with --device cpu"
        )
