"""Checkpoint files: written whole or not at all, and refused where they belong elsewhere."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from tgbench.errors import TgbenchError
from tgbench.files import atomic_path, hash_of, sha256
from tgbench.identities import Identity, Split
from tgbench.identities.layout import ACTION_UNITS, TRANSFORMS_TRAIN, TRANSFORMS_VAL

from .config import TalkingGaussianConfig

FORMAT = 1


@dataclass(frozen=True)
class Origin:
    """What a checkpoint was made from.

    Attributes:
        config: every setting.
        identity: its name.
        files: SHA-256 of the identity's tables, which stand for the clip.
        train: first training frame and the one after the last.
        seed: of every random choice, None where it does not matter to the reader.
    """

    config: Mapping[str, object]
    identity: str
    files: Mapping[str, str]
    train: tuple[int, int]
    seed: int | None = None

    @classmethod
    def of(
        cls, config: TalkingGaussianConfig, identity: Identity, split: Split, seed: int | None
    ) -> Origin:
        """Describe a fit."""
        tables = (TRANSFORMS_TRAIN, TRANSFORMS_VAL, ACTION_UNITS)
        files = {name: sha256(identity.folder / name) for name in tables}
        train = (split.train.start, split.train.stop)
        return cls(asdict(config), identity.name, files, train, seed)

    def differences(self, other: Origin) -> list[str]:
        """Say what another origin has that this one has not."""
        found = [
            f"{key} is {other.config.get(key)!r} there and {self.config.get(key)!r} here"
            for key in sorted({*self.config, *other.config})
            if self.config.get(key) != other.config.get(key)
        ]
        found += [
            f"{name} of identity '{other.identity}' is not that of '{self.identity}'"
            for name in sorted({*self.files, *other.files})
            if self.files.get(name) != other.files.get(name)
        ]
        if tuple(self.train) != tuple(other.train):
            found.append(f"it trained on frames {other.train} and this split has {self.train}")
        if self.seed is not None and self.seed != other.seed:
            found.append(f"its seed is {other.seed} and this one {self.seed}")
        return found


def write_checkpoint(path: Path, origin: Origin, state: Mapping[str, object]) -> None:
    """Write a state of tensors and plain values, atomically."""
    content = {
        "format": FORMAT,
        "origin": asdict(origin),
        "config_hash": hash_of(dict(origin.config)),
        "state": dict(state),
    }
    with atomic_path(path) as temporary:
        torch.save(content, temporary)


def read_checkpoint(path: Path, origin: Origin) -> dict:
    """Return the state of a checkpoint that was made from `origin`.

    The file cannot run code (`weights_only=True`).

    Raises:
        TgbenchError: there is none, it is damaged, or it belongs to something else.
    """
    try:
        content = torch.load(path, weights_only=True)
        form, there, state = content["format"], content["origin"], content["state"]
    except FileNotFoundError as error:
        raise TgbenchError(f"{path}: no such checkpoint; fit the method first") from error
    except (OSError, RuntimeError, EOFError, KeyError, TypeError, pickle.UnpicklingError) as error:
        raise TgbenchError(f"{path}: is no checkpoint or is damaged; remove it") from error
    if form != FORMAT:
        raise TgbenchError(f"{path}: has format {form}, this version reads {FORMAT}; fit again")
    differences = origin.differences(Origin(**there))
    if differences:
        raise TgbenchError(
            f"{path}: belongs to something else: {'; '.join(differences)}; use another folder or "
            "start afresh"
        )
    return state
