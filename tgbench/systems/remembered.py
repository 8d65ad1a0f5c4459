"""Where systems are on this machine, as the user said once: checkouts and environments."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from ..errors import TgbenchError
from ..files import cache_root, write_json
from ..inputs import read_json, reason

FILE = "places.json"
PLACES = ("checkout", "environment")

_log = logging.getLogger("tgbench")


def systems_folder() -> Path:
    """Return where the user's systems are noted (`TGBENCH_SYSTEMS`, else in the user's settings).

    Earlier versions noted them in the cache, which may be deleted; what is there is moved.
    """
    if chosen := os.environ.get("TGBENCH_SYSTEMS"):
        return Path(chosen).absolute()
    base = os.environ.get("XDG_CONFIG_HOME")
    try:
        folder = Path(base or Path.home() / ".config") / "tgbench" / "systems"
    except RuntimeError:
        # Without a home folder, nothing lasts longer than the cache.
        return cache_root() / "systems"
    former = cache_root() / "systems"
    return _moved(former, folder) if former.is_dir() and not folder.exists() else folder


def _moved(former: Path, folder: Path) -> Path:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(former, folder)
    except OSError as error:
        _log.warning("%s: cannot be moved to %s (%s); it is used there", former, folder, error)
        return former
    _log.info("%s: moved to %s, where no cache is cleared", former, folder)
    return folder


def remembered(name: str) -> Mapping[str, str]:
    """Return the places of a system by setting; empty where nothing was said.

    Raises:
        TgbenchError: the file of them is damaged.
    """
    return _read(systems_folder()).get(name, {})


def remember(name: str, places: Mapping[str, str]) -> None:
    """Note places of a system, by setting; others stay as they were."""
    folder = systems_folder()
    known = dict(_read(folder))
    _write(folder, {**known, name: {**known.get(name, {}), **places}})


def forget(name: str) -> bool:
    """Forget the places of a system; return whether there were any."""
    folder = systems_folder()
    known = dict(_read(folder))
    found = known.pop(name, None)
    if found is not None:
        _write(folder, known)
    return found is not None


def _write(folder: Path, known: Mapping[str, Mapping[str, str]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / FILE, known)
    _read.cache_clear()


@cache
def _read(folder: Path) -> Mapping[str, Mapping[str, str]]:
    path = folder / FILE
    try:
        said = read_json(path)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise TgbenchError(f"{path}: cannot be read ({reason(error)}); delete it") from error
    if not (isinstance(said, dict) and all(map(_is_places, said.values()))):
        raise TgbenchError(f"{path}: does not say where systems are; delete it")
    return said


def _is_places(value: object) -> bool:
    return isinstance(value, dict) and all(
        key in PLACES and isinstance(place, str) for key, place in value.items()
    )
