"""Checkpoint files: written atomically, and refused if they belong to another fit."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from tgbench.configs import flat, places_of
from tgbench.errors import TgbenchError
from tgbench.files import atomic_path, hash_of, sha256
from tgbench.identities import Identity, Split
from tgbench.identities.layout import (
    ACTION_UNITS,
    AUDIO,
    BACKGROUND,
    TRANSFORMS_TRAIN,
    TRANSFORMS_VAL,
)
from tgbench.plugins import audio_encoder_of

FORMAT = 2
_CLIP = (TRANSFORMS_TRAIN, TRANSFORMS_VAL, ACTION_UNITS, AUDIO, BACKGROUND)

_DAMAGED = "is damaged or not a checkpoint; delete it and run again"
_SHOWN = 6
"""Differences that an error names; a checkpoint of another system has a hundred."""

_BAD_CONTENT = (
    zipfile.BadZipFile,
    pickle.UnpicklingError,
    EOFError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
)


def clip_files(folder: Path, *more: str) -> dict[str, str]:
    """Return the SHA-256 of a clip's tables, sound and plate, which stand for the clip.

    Args:
        folder: of the identity.
        more: names of other files that count.
    """
    names = [name for name in (*_CLIP, *more) if (folder / name).is_file()]
    return {name: sha256(folder / name) for name in names}


@dataclass(frozen=True)
class Origin:
    """What a checkpoint was made from.

    Attributes:
        config: every setting but places on this machine.
        identity: its name.
        files: SHA-256 of the identity's tables, sound and plate, which stand for the clip.
        train: first training frame and the one after the last.
        seed: of every random choice, None where it does not matter to the reader.
    """

    config: Mapping[str, object]
    identity: str
    files: Mapping[str, str]
    train: tuple[int, int]
    seed: int | None = None

    @classmethod
    def of(cls, config: object, identity: Identity, split: Split, seed: int | None) -> Origin:
        """Describe a fit of a method with this dataclass of settings."""
        files = clip_files(identity.folder, audio_encoder_of(config).file)
        train = (split.train.start, split.train.stop)
        places = places_of(type(config))
        settings = {key: value for key, value in flat(config).items() if key not in places}
        return cls(settings, identity.name, files, train, seed)

    def differences(self, other: Origin) -> list[str]:
        """Return in words what differs in another origin."""
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
    """Write a state of tensors and plain values, atomically.

    Raises:
        TgbenchError: it cannot be written, such as on a full disk; what was there stays.
    """
    content = {
        "format": FORMAT,
        "origin": asdict(origin),
        "config_hash": hash_of(dict(origin.config)),
        "state": dict(state),
    }
    try:
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            torch.save(content, stream)
            # A power cut after the renaming must not leave an empty file under the good name.
            stream.flush()
            os.fsync(stream.fileno())
    except (OSError, RuntimeError) as error:
        # After a failed write torch cannot close its archive either, and reports that instead.
        trouble = error if isinstance(error, OSError) else error.__context__
        if not isinstance(trouble, OSError):
            raise
        kept = "the checkpoint before it is kept" if path.is_file() else "nothing was saved yet"
        raise TgbenchError(
            f"{path}: cannot be written ({trouble.strerror or trouble}); {kept}; free space or "
            "allow writing, then repeat the command to go on"
        ) from error


def read_checkpoint(path: Path, origin: Origin) -> dict:
    """Return the state of a checkpoint that was made from `origin`.

    The file cannot run code (`weights_only=True`).

    Raises:
        TgbenchError: there is none, it is damaged, or it belongs to another fit.
    """
    content = _read(path)
    form = content.get("format")
    if form != FORMAT:
        raise TgbenchError(f"{path}: has format {form}, this version reads {FORMAT}; fit again")
    try:
        there, state = Origin(**content["origin"]), content["state"]
        whole = content["config_hash"] == hash_of(dict(there.config))
    except (KeyError, TypeError) as error:
        raise TgbenchError(f"{path}: {_DAMAGED}") from error
    if not whole:
        raise TgbenchError(f"{path}: {_DAMAGED}")
    differences = origin.differences(there)
    if differences:
        shown, more = differences[:_SHOWN], len(differences) - _SHOWN
        if more > 0:
            shown.append(f"and {more} more")
        raise TgbenchError(
            f"{path}: belongs to another fit: {'; '.join(shown)}; use another folder or "
            "start again with --fresh"
        )
    return state


def _read(path: Path) -> dict:
    """Return the content of a file after checking its checksums, which torch does not check."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:
                raise TgbenchError(f"{path}: {_DAMAGED}")
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise TgbenchError(f"{path}: no such checkpoint; fit again") from error
    except OSError as error:
        raise TgbenchError(f"{path}: cannot be read ({error.strerror or error})") from error
    except _BAD_CONTENT as error:
        raise TgbenchError(f"{path}: {_DAMAGED}") from error
    if not isinstance(content, dict):
        raise TgbenchError(f"{path}: {_DAMAGED}")
    return content
