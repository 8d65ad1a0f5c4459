"""The user's checkout of GGHead: the only code of others that runs, see `docs/dgtalker.md`."""

from __future__ import annotations

import dataclasses
import enum
import functools
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from tgbench.errors import TgbenchError

from .snapshot import Record, Snapshot

_PACKAGE = "gghead"
_MODEL = f"{_PACKAGE}.models.gghead_model"
_SHOWN = 3


def build_generator(checkout: Path, snapshot: Snapshot, checkpoint: Path) -> nn.Module:
    """Return the generator of a checkpoint, made by the code of a checkout.

    Args:
        checkout: its folder.
        snapshot: what was read from the checkpoint.
        checkpoint: where, for messages.

    Raises:
        TgbenchError: there is no such checkout, a package that it needs is missing, it fails, or
            the checkpoint belongs to another network.
    """
    with _importing_from(checkout):
        module = _imported(_MODEL, checkout)
        try:
            settings = _made(snapshot.settings, checkout)
            network: nn.Module = module.GGHeadModel(settings)
        except TgbenchError:
            raise
        # The checkout's code may fail in any way; the cause is kept for --debug.
        except Exception as error:
            raise TgbenchError(
                f"{checkout}: cannot build the network of {checkpoint} "
                f"({type(error).__name__}: {error}); use the checkout that it was trained with"
            ) from error
    _fill(network, snapshot, checkpoint)
    return network.eval()


@contextmanager
def _importing_from(checkout: Path) -> Iterator[None]:
    """Let modules of a checkout be imported, with dataclasses as they were before Python 3.11.

    GGHead has dataclasses as default values of others, which Python refuses since then where they
    have no hash; while its modules are imported, they get that of any object.
    """
    source = checkout / "src"
    if not (source / _PACKAGE / "models" / "gghead_model.py").is_file():
        raise TgbenchError(
            f"{checkout}: is no checkout of GGHead (src/gghead/models/gghead_model.py is missing); "
            "name its folder with --set gghead_checkout=FOLDER"
        )
    strict = dataclasses.dataclass

    def hashable(made: type | None = None, /, **options: Any) -> Any:
        if made is None:
            return functools.partial(hashable, **options)
        found: Any = strict(made, **options)
        if found.__hash__ is None:
            found.__hash__ = object.__hash__
        return found

    dataclasses.dataclass = hashable
    sys.path.insert(0, str(source))
    try:
        yield
    finally:
        sys.path.remove(str(source))
        dataclasses.dataclass = strict


def _imported(name: str, checkout: Path) -> ModuleType:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise TgbenchError(
            f"{checkout}: needs the Python package '{error.name}', which is not installed here; "
            "install what its environment.yml and README list"
        ) from error
    # The checkout's code may fail in any way; the cause is kept for --debug.
    except Exception as error:
        raise TgbenchError(
            f"{checkout}: {name} cannot be imported ({type(error).__name__}: {error})"
        ) from error
    if not Path(module.__file__ or "").resolve().is_relative_to(checkout.resolve()):
        raise TgbenchError(
            f"{checkout}: Python has {_PACKAGE} from {module.__file__} instead; uninstall that, or "
            "use one checkout in a process"
        )
    return module


def _made(value: Any, checkout: Path) -> Any:
    """Return stored settings as objects of the checkout's dataclasses and enumerations."""
    if isinstance(value, list | tuple):
        return type(value)(_made(each, checkout) for each in value)
    if isinstance(value, dict):
        return {key: _made(each, checkout) for key, each in value.items()}
    if not isinstance(value, Record):
        return value
    module, name = value.origin
    kind = None
    if module.partition(".")[0] == _PACKAGE:
        kind = getattr(_imported(module, checkout), name, None)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return kind(*value.__dict__["arguments"])
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        names = {field.name for field in dataclasses.fields(kind) if field.init}
        stored = {key: each for key, each in value.__dict__.items() if key in names}
        return kind(**{key: _made(each, checkout) for key, each in stored.items()})
    raise TgbenchError(
        f"{checkout}: has no settings {module}.{name}, which the checkpoint names; use the "
        "checkout that it was trained with"
    )


def _fill(network: nn.Module, snapshot: Snapshot, checkpoint: Path) -> None:
    wanted, found = network.state_dict(), snapshot.tensors
    shared = wanted.keys() & found.keys()
    faults = {
        "lacks": wanted.keys() - found.keys(),
        "has unknown": found.keys() - wanted.keys(),
        "has other shapes of": {key for key in shared if wanted[key].shape != found[key].shape},
    }
    named = [f"{what} {', '.join(sorted(keys)[:_SHOWN])}" for what, keys in faults.items() if keys]
    if named:
        raise TgbenchError(
            f"{checkpoint}: {'; '.join(named)}, so it holds another network; use the checkout "
            "that it was trained with"
        )
    broken = [key for key in found if not found[key].isfinite().all()]
    if broken:
        raise TgbenchError(f"{checkpoint}: {broken[0]} holds NaN or infinity; fetch it again")
    network.load_state_dict(found)
