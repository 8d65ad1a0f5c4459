"""Where the parts of a declared system are on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..errors import TgbenchError, Unavailable
from ..files import sha256
from ..weights.store import present_path, weight_file
from ..weights.table import TABLE
from .checkout import CheckoutState, require_checkout
from .config import SystemConfig
from .declaration import Declaration


@dataclass(frozen=True)
class FoundWeights:
    """A pretrained file of a system.

    Attributes:
        name: in its declaration.
        source: the file.
        target: where the system looks for it, relative to its checkout.
        sha256: of it.
    """

    name: str
    source: Path
    target: str
    sha256: str


def checkout_of(declaration: Declaration, config: SystemConfig) -> Path:
    """Return the folder of a system's repository: without a repository, that of the declaration.

    Raises:
        Unavailable: it has a repository, and nobody said where it is.
    """
    if config.checkout:
        return Path(config.checkout).expanduser().resolve()
    if not declaration.repository:
        return declaration.path.parent
    name = declaration.name
    raise Unavailable(
        f"{name}: where is its checkout? `git clone {declaration.repository}`, then --set "
        f"{name}.checkout=FOLDER; `tgbench systems add {name} --checkout FOLDER` remembers it"
    )


def checkout_state(declaration: Declaration, config: SystemConfig) -> CheckoutState:
    """Return what a system's checkout is, if it is the declared one, or any may be used.

    Raises:
        Unavailable: it is not there.
        TgbenchError: it is at another commit, or has changes.
    """
    folder = checkout_of(declaration, config)
    # A declaration without a repository names no commit that its folder could differ from.
    any_commit = config.any_commit or not declaration.repository
    return require_checkout(folder, declaration.commit, declaration.repository, any_commit)


def find_weights(declaration: Declaration, checkout: Path) -> list[FoundWeights]:
    """Return the pretrained files of a system, from the weight store or from its checkout.

    Raises:
        Unavailable: one is missing, or is not the expected file; the message says how to get it.
    """
    return [found for found, _ in look_for_weights(declaration, checkout)]


def look_for_weights(
    declaration: Declaration, checkout: Path
) -> Iterator[tuple[FoundWeights, str]]:
    """Yield each pretrained file of a system with what was said of it, one after another.

    Raises:
        Unavailable: the next one is missing, or is not the expected file.
    """
    for name, wanted in declaration.weights.items():
        own = checkout / wanted.path
        if name in TABLE and (present_path(TABLE[name]) or not own.is_file()):
            source = weight_file(name)
            yield FoundWeights(name, source, wanted.path, _hash(source)), "in the weight store"
            continue
        if not own.is_file():
            raise Unavailable(f"{own}: {name} is missing; get it from {wanted.source}")
        found = _hash(own)
        if wanted.sha256 and found != wanted.sha256:
            raise Unavailable(
                f"{own}: is not {name}, but another file, or damaged (sha256 {found[:12]}, the "
                f"declaration says {wanted.sha256[:12]}); get it from {wanted.source}"
            )
        yield FoundWeights(name, own, wanted.path, found), "in the checkout"


def _hash(path: Path) -> str:
    try:
        state = path.stat()
        return _hash_of_state(path, state.st_size, state.st_mtime_ns)
    except OSError as error:
        raise Unavailable(f"{path}: cannot be read ({error.strerror})") from error


@cache
def _hash_of_state(path: Path, size: int, modified: int) -> str:
    """Hash a file once for each state of it, for a file may have gigabytes."""
    return sha256(path)


def beside(declaration: Declaration, name: str) -> Path:
    """Return a file that a declaration names beside itself.

    Raises:
        TgbenchError: there is none.
    """
    path = declaration.path.parent / name
    if not path.is_file():
        raise TgbenchError(f"{declaration.path}: there is no {name} beside it")
    return path
