"""A system as it is on this machine: its checkout, its weights, and what its commands run in."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..errors import Unavailable
from ..progress import SILENT, Progress
from ..weights.store import check
from ..weights.table import TABLE
from .checkout import CheckoutState
from .config import SystemConfig
from .declaration import Declaration
from .environments import Contents, Environment, contents_of, environment_of, require_programs
from .places import FoundWeights, checkout_of, checkout_state, find_weights

_log = logging.getLogger("tgbench")


@dataclass(frozen=True)
class Installation:
    """What was found of a system.

    Attributes:
        declaration: of the system.
        checkout: its folder.
        state: what the checkout is.
        environment: what its commands run in.
        weights: the file of each path in the checkout.
        doubts: what is odd about these files.
    """

    declaration: Declaration
    checkout: Path
    state: CheckoutState
    environment: Environment
    weights: Mapping[str, Path]
    doubts: tuple[str, ...] = ()

    @cached_property
    def contents(self) -> Contents:
        """What is installed in the environment.

        Raises:
            Unavailable: its Python does not run.
        """
        return contents_of(self.environment, self.declaration.name, self.checkout)

    @property
    def read_folders(self) -> tuple[Path, ...]:
        """Folders beside the work folder that its commands read."""
        places = {path.parent for path in self.weights.values()}
        return (self.checkout, *sorted(places))

    def notes(self) -> list[str]:
        """Return what a reader of the numbers must know of it."""
        difference = self.state.differs(self.declaration.commit)
        wanted = f", not a clean {self.declaration.commit}" if difference else ""
        notes = [f"checkout {self.state}{wanted}", f"environment: {self.contents}"]
        for requirement in self.declaration.environment.packages:
            name, _, version = requirement.partition("==")
            found = self.contents.packages.get(name.lower())
            if version and found and found.partition("+")[0] != version.partition("+")[0]:
                notes.append(f"{name} {found} in place of {version}")
        return [*notes, *self.doubts]


def locate(
    declaration: Declaration, config: SystemConfig, progress: Progress = SILENT
) -> Installation:
    """Find a system on this machine.

    Args:
        declaration: of the system.
        config: where it is.
        progress: where to report.

    Raises:
        Unavailable: something of it is missing.
        TgbenchError: its checkout is another one than declared.
    """
    checkout = checkout_of(declaration, config)
    state = checkout_state(declaration, config)
    if difference := state.differs(declaration.commit):
        _log.warning("%s: %s %s", declaration.name, checkout, difference)
    environment = environment_of(
        declaration, config.environment, checkout, config.create_environment, progress
    )
    require_programs(declaration.environment.programs, environment)
    weights = find_weights(declaration, checkout)
    doubts = [doubt for found in weights for doubt in _doubts(found)]
    for doubt in doubts:
        _log.warning("%s: %s", declaration.name, doubt)
    files = {found.target: found.source for found in weights}
    return Installation(declaration, checkout, state, environment, files, tuple(doubts))


def _doubts(found: FoundWeights) -> list[str]:
    """Return in what way a file of weights is not the published one, if it is known to be."""
    if found.name not in TABLE:
        return []
    try:
        check(TABLE[found.name], found.source, "a checkout", "see where it comes from")
    except Unavailable as error:
        return [str(error)]
    return []
