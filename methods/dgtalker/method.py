"""DGTalker as a plug-in of the suite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from tgbench.errors import TgbenchError
from tgbench.identities import Identity, Split
from tgbench.interfaces import (
    Blendshapes,
    Drive,
    FaceHalf,
    FitContext,
    FitReport,
    Image,
    Layers,
)

from ..shared.checkpoint import Origin, read_checkpoint, write_checkpoint
from ..shared.checks import check_drive, usable_device
from ..shared.conditions import Conditions
from .config import DGTalkerConfig
from .fitting import BLINK, Fit, check_prior
from .navigation import Navigation
from .person import Person
from .placement import Placement
from .prior.choice import load_prior
from .rendering import Renderer

_FILE = "dgtalker.pt"
EXPRESSION, LIPS = "expression", "lips"
"""Names of the sets of blendshapes."""


class DGTalker:
    """A Gaussian head prior, personalised, and driven through two sets of blendshapes."""

    def __init__(self, config: DGTalkerConfig) -> None:
        self._config = config
        self._fitted: tuple[Person, Navigation] | None = None
        self._origin: Origin | None = None
        self._renderer: Renderer | None = None
        self._channels = 0

    def fit(self, identity: Identity, split: Split, context: FitContext) -> FitReport:
        """Learn a person; a fit stopped before goes on from its last checkpoint.

        Raises:
            TgbenchError: training data are missing, a loss is not finite, or the checkpoint in
                `context.workdir` belongs to another fit.
        """
        usable_device(context.device, "DGTalker")
        fit = Fit(self._config, identity, split, context)
        person, navigation, report = fit.run()
        self._fitted, self._renderer, self._channels = (person, navigation), None, fit.channels
        self._origin = Origin.of(self._config, identity, split, context.seed)
        return report

    def render(self, drive: Drive) -> Iterator[Image]:
        """Yield the frames of a drive.

        Raises:
            TgbenchError: not fitted, or driven by other audio features than it was fitted with.
        """
        return self._rendering().frames(drive, self._conditions(drive))

    def layers(self, drive: Drive) -> Iterator[Layers]:
        """Yield where the head is in the frames of a drive, in the unit of its poses.

        Raises:
            TgbenchError: as of `render`.
        """
        return self._rendering().layers(drive, self._conditions(drive))

    def blendshapes(self, drive: Drive) -> tuple[Blendshapes, ...]:
        """Return the blendshapes of expression and of lips, with the coefficients of a drive.

        Without disentanglement there is one set, of the whole face.

        Raises:
            TgbenchError: as of `render`.
        """
        found = self._rendering().coefficients(self._conditions(drive))
        expression, lips = (values.cpu().numpy() for values in (found.expression, found.lips))
        if not self._config.navigation.disentangled:
            return (Blendshapes(EXPRESSION, None, np.concatenate([expression, lips], axis=1)),)
        return (
            Blendshapes(EXPRESSION, FaceHalf.UPPER, expression),
            Blendshapes(LIPS, FaceHalf.LOWER, lips),
        )

    def render_blendshapes(self, drive: Drive, sets: Sequence[Blendshapes]) -> Iterator[Image]:
        """Yield frames whose blendshapes have these coefficients, see `blendshapes`.

        Raises:
            TgbenchError: as of `render`.
        """
        renderer = self._rendering()
        check_drive(drive, self._config)
        named = {each.name: torch.from_numpy(each.coefficients) for each in sets}
        given = [named[name] for name in (EXPRESSION, LIPS) if name in named]
        together = torch.cat(given, dim=1).to(renderer.device)
        return renderer.frames_of(drive, renderer.parted(together))

    def save(self, folder: Path) -> None:
        """Write the fitted state, atomically.

        Raises:
            TgbenchError: there is none.
        """
        if self._origin is None or self._fitted is None:
            raise TgbenchError("there is nothing to save; fit DGTalker first")
        person, navigation = self._fitted
        state = {
            "channels": self._channels,
            "prior": person.prior.fingerprint,
            "person": person.rendering_state(),
            "navigation": navigation.state_dict(),
        }
        write_checkpoint(folder / _FILE, self._origin, state)

    def load(self, folder: Path, identity: Identity, split: Split, device: str) -> None:
        """Restore what `save` wrote for the same config, identity and split.

        Raises:
            TgbenchError: there is none, or it belongs to another fit.
        """
        place = usable_device(device, "DGTalker")
        origin = Origin.of(self._config, identity, split, seed=None)
        state = read_checkpoint(folder / _FILE, origin)
        prior = load_prior(self._config, 0, place)
        check_prior(state, prior, folder / _FILE)
        person = Person(prior, Placement(), torch.zeros(0, 0))
        person.load_state_dict(state["person"], strict=False)
        kept, size = self._config.navigation, prior.code_size
        start = torch.zeros(kept.expression_shapes, size), torch.zeros(kept.lip_shapes, size)
        navigation = Navigation(kept, torch.zeros(size), start, state["channels"])
        navigation.load_state_dict(state["navigation"])
        for module in (person, navigation):
            module.requires_grad_(False).to(place)
        self._fitted, self._renderer = (person, navigation), None
        self._origin, self._channels = origin, state["channels"]

    def _rendering(self) -> Renderer:
        if self._fitted is None:
            raise TgbenchError("there is nothing to render; fit or load DGTalker first")
        if self._renderer is None:
            self._renderer = Renderer(*self._fitted)
        return self._renderer

    def _conditions(self, drive: Drive) -> Conditions:
        check_drive(drive, self._config)
        return Conditions.of_drive(drive, BLINK, device=self._rendering().device)
