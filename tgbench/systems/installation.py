"""A system as it is on this machine: its checkout, its weights, and what its commands run in."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..errors import TgbenchError, Unavailable
from ..files import sha256
from ..progress import SILENT, Progress
from ..weights.store import check, store_folder, weight_file
from ..weights.table import TABLE
from .checkout import CheckoutState, require_checkout
from .config import SystemConfig
from .declaration import Declaration, WeightsFile
from .environments import Contents, Environment, contents_of, environment_of, require_programs

_log = logging.getLogger("tgbench")


@dataclass(frozen=True)
class Installation:
    """What was found of a system.

    Attributes:
        declaration: of the system.
        checkout: its folder; None where it has none.
        state: what the checkout is.
        environment: what its commands run in.
        weights: the file of each path in the checkout.
    """

    declaration: Declaration
    checkout: Path | None
    state: CheckoutState | None
    environment: Environment
    weights: Mapping[str, Path]

    @cached_property
    def contents(self) -> Contents:
        """What is installed in the environment.

        Raises:
            Unavailable: its Python does not run.
        """
        place = self.checkout or self.declaration.path.parent
        return contents_of(self.environment, self.declaration.name, place)

    @property
    def read_folders(self) -> tuple[Path, ...]:
        """Folders beside the work folder that its commands read."""
        return tuple(filter(None, (self.checkout, store_folder() if self.weights else None)))

    def notes(self) -> list[str]:
        """Return what a reader of the numbers must know of it."""
        notes = []
        if self.state is not None:
            difference = self.state.differs(self.declaration.commit)
            wanted = f", not a clean {self.declaration.commit}" if difference else ""
            notes.append(f"checkout {self.state}{wanted}")
        notes.append(f"environment: {self.contents}")
        for requirement in self.declaration.environment.packages:
            name, _, version = requirement.partition("==")
            found = self.contents.packages.get(name.lower())
            if version and found and found.partition("+")[0] != version.partition("+")[0]:
                notes.append(f"{name} {found} in place of {version}")
        return notes


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
    checkout, state = None, None
    if config.checkout is not None:
        checkout = Path(config.checkout).expanduser().absolute()
        state = require_checkout(
            checkout, declaration.commit, declaration.repository, config.any_commit
        )
        if difference := state.differs(declaration.commit):
            _log.warning("%s: %s %s", declaration.name, checkout, difference)
    elif declaration.repository:
        raise Unavailable(
            f"{declaration.name}: `git clone {declaration.repository}`, check out "
            f"{declaration.commit or 'the commit you want'}, and name the folder with "
            "--set checkout=PATH"
        )
    environment = environment_of(
        declaration,
        config.environment,
        checkout or declaration.path.parent,
        config.create_environment,
        progress,
    )
    require_programs(declaration.environment.programs, environment)
    return Installation(declaration, checkout, state, environment, _weights(declaration, checkout))


def _weights(declaration: Declaration, checkout: Path | None) -> dict[str, Path]:
    found: dict[str, Path] = {}
    missing: list[str] = []
    for name, file in declaration.weights.items():
        own = checkout / file.path if checkout else None
        try:
            found[file.path] = _weight(name, file, own if own and own.is_file() else None)
        except Unavailable as error:
            missing.append(str(error))
    if missing:
        raise Unavailable(f"{declaration.name}: {'; '.join(missing)}")
    return found


def _weight(name: str, file: WeightsFile, own: Path | None) -> Path:
    """Return a file of weights: of the weight store, else the one in the checkout.

    Raises:
        Unavailable: there is none, or it is another one.
    """
    if name in TABLE:
        try:
            return weight_file(name)
        except TgbenchError:
            if own is None:
                raise
        check(TABLE[name], own, "a checkout", "put the right file there")
        return own
    if own is None:
        raise Unavailable(f"{file.path} is missing in the checkout; get it from {file.source}")
    if file.sha256 and sha256(own) != file.sha256:
        raise Unavailable(
            f"{own} is damaged or a different file: expected sha256 {file.sha256}; get it from "
            f"{file.source}"
        )
    return own
