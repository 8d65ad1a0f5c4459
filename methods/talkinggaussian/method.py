"""TalkingGaussian as a plug-in of the suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tgbench.errors import TgbenchError
from tgbench.identities import Identity, Split
from tgbench.interfaces import Drive, FitContext, FitReport, Image, Layers

from ..shared.checkpoint import Origin, read_checkpoint, write_checkpoint
from ..shared.checks import check_drive, usable_device
from .branch import Branch
from .config import TalkingGaussianConfig
from .fitting import Fit
from .ply import export_ply
from .rendering import Renderer, conditions_of

_FILE = "talkinggaussian.pt"


class TalkingGaussian:
    """Structure-persistent talking heads: deformed 3D Gaussians in a face and a mouth branch."""

    def __init__(self, config: TalkingGaussianConfig) -> None:
        self.config = config
        self.branches: list[Branch] = []
        self._origin: Origin | None = None
        self._renderer: Renderer | None = None
        self._channels = 0

    def fit(self, identity: Identity, split: Split, context: FitContext) -> FitReport:
        """Learn a person; a fit stopped before goes on from its last checkpoint.

        Raises:
            TgbenchError: training data are missing, a loss is not finite, or the checkpoints in
                `context.workdir` belong to another fit.
        """
        usable_device(context.device, "TalkingGaussian")
        fit = Fit(self.config, identity, split, context)
        self.branches, report = fit.run()
        self._renderer = None
        self._channels = fit.channels
        self._origin = Origin.of(self.config, identity, split, context.seed)
        return report

    def render(self, drive: Drive) -> Iterator[Image]:
        """Yield the frames of a drive.

        Raises:
            TgbenchError: not fitted, or driven by other audio features than it was fitted with.
        """
        return self._rendering(drive).frames(drive)

    def layers(self, drive: Drive) -> Iterator[Layers]:
        """Yield where the head is in the frames of a drive, in the unit of its poses.

        Raises:
            TgbenchError: as of `render`.
        """
        return self._rendering(drive).layers(drive)

    def export(self, path: Path, part: str, drive: Drive | None) -> str:
        """Write the Gaussians of a branch, or of "all", as a PLY that 3DGS viewers open.

        They are canonical, or deformed as in the first frame of a drive.

        Raises:
            TgbenchError: not fitted, no such branch, or the path does not end in .ply.
        """
        if not self.branches:
            raise TgbenchError("there is nothing to export; fit or load TalkingGaussian first")
        if drive is None:
            return export_ply(path, self.branches, part)
        self._check(drive)
        conditions = conditions_of(drive, self.config, self.branches[0].field.device)
        return export_ply(path, self.branches, part, conditions)

    def save(self, folder: Path) -> None:
        """Write the fitted state, atomically.

        Raises:
            TgbenchError: there is none.
        """
        if self._origin is None:
            raise TgbenchError("there is nothing to save; fit TalkingGaussian first")
        state = {
            "channels": self._channels,
            "branches": {branch.name: branch.state() for branch in self.branches},
        }
        write_checkpoint(folder / _FILE, self._origin, state)

    def load(self, folder: Path, identity: Identity, split: Split, device: str) -> None:
        """Restore what `save` wrote for the same config, identity and split.

        Raises:
            TgbenchError: there is none, or it belongs to another fit.
        """
        origin = Origin.of(self.config, identity, split, seed=None)
        state = read_checkpoint(folder / _FILE, origin)
        self._channels = state["channels"]
        self._renderer = None
        place = usable_device(device, "TalkingGaussian")
        self.branches = [
            Branch.restore(name, branch, self._channels, self.config, place)
            for name, branch in state["branches"].items()
        ]
        self._origin = origin

    def _rendering(self, drive: Drive) -> Renderer:
        self._check(drive)
        if self._renderer is None:
            self._renderer = Renderer(self.branches, self.config)
        return self._renderer

    def _check(self, drive: Drive) -> None:
        """Refuse a drive before fitting, or with audio features of another kind."""
        if not self.branches:
            raise TgbenchError("there is nothing to render; fit or load TalkingGaussian first")
        check_drive(drive, self.config)
