"""What a result was made with, as fields of a table: preset, seed, device and configuration."""

from __future__ import annotations

import difflib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from tgbench.configs import flat
from tgbench.errors import TgbenchError
from tgbench.results import SCORE
from tgbench.running.result import Result

from .cells import DASH

SETTINGS = ("preset", "seed", "device")
"""Settings that every result has."""

PREFIX = "config."
"""Before the name of a setting of the method's configuration; parts of it are joined by dots."""

_MOST_NAMED = 20


def is_setting(field: str) -> bool:
    """Return whether a field is a setting, by its name."""
    return field in SETTINGS or (field.startswith(PREFIX) and field != PREFIX)


def setting(result: Result, field: str) -> str:
    """Return a setting as a table shows it; a dash where the method has no such setting."""
    if field == "preset":
        return result.method.preset
    if field == "seed":
        return DASH if result.protocol.name == SCORE else str(result.seed)
    if field == "device":
        return result.environment.device
    known = flat(result.method.config)
    key = field.removeprefix(PREFIX)
    return _shown(known[key]) if key in known else DASH


def in_natural_order(text: str) -> list[tuple[int, int, str]]:
    """Return a key that sorts texts by their words and, as numbers, the numbers between them."""
    parts = re.split(r"([0-9]+)", text)
    return [(0, int(p), "") if p.isdecimal() and p.isascii() else (1, 0, p) for p in parts]


def differing(results: Iterable[Result]) -> list[str]:
    """Return the names of settings that are not the same in all results of one method."""
    by_method: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for result in results:
        by_method[result.method.name].append(flat(result.method.config))
    found: dict[str, None] = {}
    for configs in by_method.values():
        for key in dict.fromkeys(key for config in configs for key in config):
            if len({_shown(config[key]) if key in config else DASH for config in configs}) > 1:
                found[key] = None
    return list(found)


def check_settings(fields: Iterable[str], results: Sequence[Result], known: Iterable[str]) -> None:
    """Check that there are such settings.

    Args:
        fields: of a table.
        results: that it shows.
        known: settings that need not be in results.

    Raises:
        TgbenchError: one is in no result; it names those that differ between the results.
    """
    wanted = [field for field in fields if field.startswith(PREFIX) and field not in set(known)]
    names = {PREFIX + key for result in results for key in flat(result.method.config)}
    for field in wanted:
        if field not in names:
            raise TgbenchError(_unknown(field, results, names))


def setting_title(field: str) -> str:
    """Return the head of a setting's column."""
    words = field.removeprefix(PREFIX).replace("_", " ").replace(".", " ")
    return words[:1].upper() + words[1:]


def _unknown(field: str, results: Sequence[Result], names: Iterable[str]) -> str:
    near = difflib.get_close_matches(field, sorted(names), n=1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    varied = [PREFIX + key for key in differing(results)]
    more = f" and {len(varied) - _MOST_NAMED} more" if len(varied) > _MOST_NAMED else ""
    hints = (
        f"settings that differ between these results: {', '.join(varied[:_MOST_NAMED])}{more}"
        if varied
        else "no setting of the configuration differs between these results"
    )
    return f"no result has the setting '{field}': {hint}{hints}"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
