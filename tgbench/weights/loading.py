"""Loading tensors from the store without running code in files or ignoring mismatches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Unavailable
from .formats import code_found, read_tensors
from .store import how_to_get, weight_file
from .table import find

if TYPE_CHECKING:
    import torch

_SHOWN_KEYS = 3


def load_weights(module: torch.nn.Module, name: str, path: Path | None = None) -> None:
    """Fill a network from a file of the table; see `load_tensors` and `fill`."""
    fill(module, load_tensors(name, path), name, path)


def load_tensors(name: str, path: Path | None = None) -> dict[str, torch.Tensor]:
    """Return the tensors of a file of the table, on the CPU.

    The file may hold named tensors only; a file with code is refused.

    Args:
        name: of the file in the table.
        path: a file to read instead of the store's.

    Raises:
        TgbenchError: there is no such name.
        Unavailable: the file is missing, damaged, or of another kind.
    """
    path = path or weight_file(name)
    content = _read(path, name)
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not _is_tensors(content):
        raise Unavailable(f"{path} does not hold named tensors; {_another_file(name)}")
    return dict(content)


def fill(
    module: torch.nn.Module,
    tensors: Mapping[str, torch.Tensor],
    name: str,
    path: Path | None = None,
) -> None:
    """Copy tensors into a network; both must have the same names and shapes.

    Only `num_batches_tracked`, which training alone reads and old files lack, may be missing.
    Anything else that is missing would silently stay random.

    Args:
        module: the network.
        tensors: by the names of its parameters and buffers.
        name: of the file in the table, for the message.
        path: the file that was read instead of the store's, for the message.

    Raises:
        Unavailable: the tensors belong to another network, or are not finite; the text says
            which.
    """
    import torch

    path, wanted = path or weight_file(name), module.state_dict()
    optional = {key for key in wanted if key.endswith("num_batches_tracked")}
    missing = wanted.keys() - tensors.keys() - optional
    unknown = tensors.keys() - wanted.keys()
    common = wanted.keys() & tensors.keys()
    misshapen = {key for key in common if wanted[key].shape != tensors[key].shape}
    faults = {"lacks": missing, "has unknown": unknown, "has other shapes of": misshapen}
    found = [f"{what} {_listed(keys)}" for what, keys in faults.items() if keys]
    if found:
        raise Unavailable(
            f"{path} {', '.join(found)}, so it holds the weights of another network; "
            f"{_another_file(name)}"
        )
    if broken := [key for key, tensor in tensors.items() if not torch.isfinite(tensor).all()]:
        raise Unavailable(
            f"{path} is damaged: {_listed(broken)} contains values that are not finite; "
            f"{_another_file(name)}"
        )
    module.load_state_dict({**wanted, **tensors})


def _read(path: Path, name: str) -> Any:
    try:
        return read_tensors(path)
    except MemoryError:
        raise
    except OSError as error:
        reason = f"{type(error).__name__}: {error.strerror or error}"
        raise Unavailable(f"{path} cannot be read ({reason}); {_another_file(name)}") from error
    # Damaged bytes make the reader fail in any way; the cause is kept for --debug.
    except Exception as error:
        code = code_found(error)
        wrong = f"{code}, so it is not loaded" if code else f"is damaged ({type(error).__name__})"
        raise Unavailable(f"{path} {wrong}; {_another_file(name)}") from error


def _is_tensors(content: object) -> bool:
    import torch

    return (
        isinstance(content, Mapping)
        and len(content) > 0
        and all(isinstance(value, torch.Tensor) for value in content.values())
    )


def _another_file(name: str) -> str:
    return f"delete it and its record, then {how_to_get(find(name))}"


def _listed(keys: Iterable[str]) -> str:
    ordered = sorted(keys)
    shown = ", ".join(ordered[:_SHOWN_KEYS])
    rest = len(ordered) - _SHOWN_KEYS
    return f"{shown} and {rest} more" if rest > 0 else shown
