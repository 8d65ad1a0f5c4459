"""A system as it is on this machine: its checkout, its weights, and what its commands run in."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .. import plugins
from ..errors import Unavailable
from ..files import sha256
from ..progress import SILENT, Progress
from ..weights.store import check, weight_file
from ..weights.table import TABLE
from .checkout import CheckoutState, require_checkout
from .config import SystemConfig
from .declaration import Declaration
from .environments import Contents, Environment, contents_of, environment_of, require_programs
from .fields import WeightsFile
from .placeholders import expand

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
        doubts: what is odd about these files.
    """

    declaration: Declaration
    checkout: Path | None
    state: CheckoutState | None
    environment: Environment
    weights: Mapping[str, Path]
    doubts: tuple[str, ...] = ()

    @cached_property
    def contents(self) -> Contents:
        """What is installed in the environment.

        Raises:
            Unavailable: its Python does not run.
        """
        place = self.checkout or self.declaration.path.parent
        return contents_of(self.environment, self.declaration.name, place)

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
    checkout, state = find_checkout(declaration, config)
    if state is not None and (difference := state.differs(declaration.commit)):
        _log.warning("%s: %s %s", declaration.name, checkout, difference)
    environment = environment_of(
        declaration,
        config.environment,
        checkout or declaration.path.parent,
        config.create_environment,
        progress,
    )
    require_programs(declaration.environment.programs, environment)
    weights, doubts = find_weights(declaration, checkout)
    for doubt in doubts:
        _log.warning("%s: %s", declaration.name, doubt)
    return Installation(declaration, checkout, state, environment, weights, tuple(doubts))


def find_checkout(
    declaration: Declaration, config: SystemConfig
) -> tuple[Path | None, CheckoutState | None]:
    """Return the checkout of a system and what it is; None twice for a system without one.

    Raises:
        Unavailable: it is not there, or nobody said where it is.
        TgbenchError: it is at another commit than declared, or has changes.
    """
    if config.checkout is not None:
        checkout = Path(config.checkout).expanduser().absolute()
        commit, repository = declaration.commit, declaration.repository
        return checkout, require_checkout(checkout, commit, repository, config.any_commit)
    if not declaration.repository:
        return None, None
    name = declaration.name
    known = name if name in plugins.methods() else str(declaration.path)
    raise Unavailable(
        f"{name}: `git clone {declaration.repository}`, check out "
        f"{declaration.commit or 'the commit you want'}, and name the folder with --set "
        f"{name}.checkout=PATH; `tgbench systems add {known} --checkout PATH` remembers it"
    )


def find_weights(
    declaration: Declaration, checkout: Path | None
) -> tuple[dict[str, Path], list[str]]:
    """Return the files of weights by their paths in the checkout, and what is odd about them.

    Raises:
        Unavailable: some are missing; the message names all of them.
    """
    found: dict[str, Path] = {}
    missing: list[str] = []
    doubts: list[str] = []
    for name, file in declaration.weights.items():
        own = checkout / expand(file.path, {}) if checkout else None
        try:
            if own is None or not own.is_file():
                found[file.path] = _stored(name, file)
            else:
                found[file.path] = own
                doubts += _doubts(name, file, own)
        except Unavailable as error:
            missing.append(str(error))
    if missing:
        raise Unavailable(f"{declaration.name}: {'; '.join(missing)}")
    return found, doubts


def _stored(name: str, file: WeightsFile) -> Path:
    """Return a file of the weight store.

    Raises:
        Unavailable: it is missing, or the store does not know it.
    """
    if name in TABLE:
        return weight_file(name)
    raise Unavailable(f"{file.path} is missing in the checkout; get it from {file.source}")


def _doubts(name: str, file: WeightsFile, own: Path) -> list[str]:
    """Return in what way a file in the checkout is not the published one, if it is known to be."""
    try:
        if name in TABLE:
            check(TABLE[name], own, "a checkout", "put the right file there")
        elif file.sha256 and sha256(own) != file.sha256:
            return [f"{own} is a different file: expected sha256 {file.sha256}"]
    except Unavailable as error:
        return [str(error)]
    return []
