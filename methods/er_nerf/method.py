"""ER-NeRF as a plug-in of the suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tgbench.errors import TgbenchError
from tgbench.identities import Identity, Split
from tgbench.interfaces import Drive, FitContext, FitReport, Image, Layers

from ..shared.checkpoint import Origin, read_checkpoint, write_checkpoint
from ..shared.checks import check_drive, usable_device
from .config import ErNerfConfig
from .fitting import Fit
from .network import HeadField
from .rendering import Renderer, Torso
from .torso import TorsoField
from .training import march_rule
from .volume import Head

_FILE = "er_nerf.pt"


class ErNerf:
    """A radiance field of the head on tri-plane hash grids, with region attention."""

    def __init__(self, config: ErNerfConfig) -> None:
        self._config = config
        self._head: Head | None = None
        self._torso: TorsoField | None = None
        self._plate: Image = np.zeros((0, 0, 3), np.uint8)
        self._origin: Origin | None = None
        self._renderer: Renderer | None = None
        self._channels = 0

    def fit(self, identity: Identity, split: Split, context: FitContext) -> FitReport:
        """Learn a person; a fit stopped before goes on from its last checkpoint.

        Raises:
            TgbenchError: training data are missing, a loss is not finite, or the checkpoint in
                `context.workdir` belongs to another fit.
        """
        usable_device(context.device, "ER-NeRF")
        fit = Fit(self._config, identity, split, context)
        self._head, self._torso, report = fit.run()
        self._renderer, self._channels = None, fit.channels
        self._plate = identity.background
        self._origin = Origin.of(self._config, identity, split, context.seed)
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

    def _rendering(self, drive: Drive) -> Renderer:
        if self._head is None:
            raise TgbenchError("there is nothing to render; fit or load ER-NeRF first")
        check_drive(drive, self._config)
        if self._renderer is None:
            torso = None if self._torso is None else Torso(self._torso, self._plate)
            self._renderer = Renderer(self._head, torso, self._config)
        return self._renderer

    def save(self, folder: Path) -> None:
        """Write the fitted state, atomically.

        Raises:
            TgbenchError: there is none.
        """
        if self._origin is None or self._head is None:
            raise TgbenchError("there is nothing to save; fit ER-NeRF first")
        state = {
            "channels": self._channels,
            "field": self._head.field.state_dict(),
            "occupied": self._head.occupied,
            "torso": {} if self._torso is None else self._torso.state_dict(),
        }
        write_checkpoint(folder / _FILE, self._origin, state)

    def load(self, folder: Path, identity: Identity, split: Split, device: str) -> None:
        """Restore what `save` wrote for the same config, identity and split.

        Raises:
            TgbenchError: there is none, or it belongs to another fit.
        """
        origin = Origin.of(self._config, identity, split, seed=None)
        state = read_checkpoint(folder / _FILE, origin)
        config, place = self._config, usable_device(device, "ER-NeRF")
        field = HeadField(state["channels"], config)
        field.load_state_dict(state["field"])
        field.requires_grad_(False).to(place)
        self._head = Head(field, state["occupied"].to(place), march_rule(config))
        self._torso, self._plate = None, identity.background
        if state["torso"]:
            self._torso = TorsoField()
            self._torso.load_state_dict(state["torso"])
            self._torso.requires_grad_(False).to(place)
        self._origin, self._renderer = origin, None
        self._channels = state["channels"]
