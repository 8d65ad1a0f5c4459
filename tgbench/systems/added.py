"""Systems that the user added, to be named like any method."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

from ..errors import TgbenchError
from ..files import cache_root
from .spec import SUFFIX, SystemSpec, read_spec

_log = logging.getLogger("tgbench")


def systems_folder() -> Path:
    """Return where declarations that the user added are kept, beside the weight store."""
    return cache_root() / "systems"


def added_systems() -> tuple[SystemSpec, ...]:
    """Return the specs of the systems that the user added; a broken file is named in the log."""
    return _read(systems_folder())


def forget_added() -> None:
    """Look at the folder again when next asked."""
    _read.cache_clear()


@cache
def _read(folder: Path) -> tuple[SystemSpec, ...]:
    found: list[SystemSpec] = []
    for path in sorted(folder.glob(f"*/*{SUFFIX}")):
        try:
            found.append(read_spec(path))
        except TgbenchError as error:
            _log.warning("%s; mend it, or delete the folder", error)
    return tuple(found)
