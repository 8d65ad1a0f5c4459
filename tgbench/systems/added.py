"""Systems that the user added, to be named like any method: links to their declarations."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

from ..errors import TgbenchError
from .remembered import forget, systems_folder
from .spec import SUFFIX, SystemSpec, read_spec

_log = logging.getLogger("tgbench")


def added_systems() -> tuple[SystemSpec, ...]:
    """Return the specs of the systems that the user added; a broken file is named in the log."""
    return _read(systems_folder())


def add(path: Path) -> SystemSpec:
    """Make a declared system known by its name. The file stays where it is.

    Raises:
        TgbenchError: something in the file is wrong, or another system has its name.
    """
    from .. import plugins

    spec = plugins.method(str(path))
    assert isinstance(spec, SystemSpec)
    spec.facts()
    link = systems_folder() / f"{spec.name}{SUFFIX}"
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(spec.declaration)
    _read.cache_clear()
    return spec


def remove(name: str) -> bool:
    """Forget a system that the user added, and where it is; return whether anything was known."""
    link = next((path for path in _links(systems_folder()) if path.stem == name), None)
    if link is not None:
        link.unlink()
        _read.cache_clear()
    return forget(name) or link is not None


def _links(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{SUFFIX}"))


@cache
def _read(folder: Path) -> tuple[SystemSpec, ...]:
    found: list[SystemSpec] = []
    for path in _links(folder):
        try:
            spec = read_spec(path)
            if spec.name != path.stem:
                # Another system may have that name, and results are filed by it.
                raise TgbenchError(
                    f"{spec.declaration}: was added as '{path.stem}', now it declares "
                    f"'{spec.name}'; `tgbench systems add {spec.declaration}` takes it so"
                )
            found.append(spec)
        except TgbenchError as error:
            if path.is_symlink() and not path.exists():
                reason = f"{path.readlink()} is no longer there"
            else:
                reason = str(error)
            _log.warning("%s; `tgbench systems remove %s` forgets the system", reason, path.stem)
    return tuple(found)
