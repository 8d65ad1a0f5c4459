"""Loading the few lines of Python that a declaration may name beside its file."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

from ..errors import TgbenchError
from ..inputs import reason


def load_beside(declaration: Path, target: str) -> Any:
    """Return what "module:name" or "file.py:name" names.

    Args:
        declaration: the file that names it; a "file.py" lies beside it.
        target: what it names.

    Raises:
        TgbenchError: it cannot be loaded.
    """
    place, _, name = target.partition(":")
    try:
        module = _of_file(declaration.parent / place) if place.endswith(".py") else None
        return getattr(module or importlib.import_module(place), name)
    except Exception as error:
        raise TgbenchError(
            f"{declaration}: the converter '{target}' cannot be loaded ({reason(error)})"
        ) from error


def _of_file(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"_tgbench_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
