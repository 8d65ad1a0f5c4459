"""Configurations of methods: frozen dataclasses, nested where that makes the settings plainer.

Outside of its method a configuration is one flat mapping whose keys join nested names by dots,
such as `face.densify_gradient`: in `--set`, in presets, in `result.json` and in tables.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import typing
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from .errors import TgbenchError

_Config = TypeVar("_Config")


@dataclass(frozen=True)
class Range:
    """Which numbers a setting takes; write it at the field: `Annotated[float, Range(0, 1)]`.

    Attributes:
        least, most: ends, both included.
        above: excluded lower end.
    """

    least: float = -math.inf
    most: float = math.inf
    above: float = -math.inf

    def __contains__(self, value: float) -> bool:
        """Whether a value is finite and in the range."""
        return math.isfinite(value) and self.above < value and self.least <= value <= self.most

    def __str__(self) -> str:
        """Name the range, such as "0 to 1" or "above 0"."""
        low = f"above {self.above:g}" if math.isfinite(self.above) else ""
        if math.isfinite(self.least):
            low = f"{self.least:g}" if math.isfinite(self.most) else f"at least {self.least:g}"
        if not math.isfinite(self.most):
            return low or "finite"
        if low.startswith("above"):
            return f"{low}, at most {self.most:g}"
        return f"{low} to {self.most:g}" if low else f"at most {self.most:g}"


def flat(config: Any) -> dict[str, Any]:
    """Return the settings of a configuration as one mapping with dotted keys.

    Args:
        config: a dataclass, or nested mappings as old results hold them.
    """
    return dict(_leaves(config))


def build(config_class: type[_Config], values: Mapping[str, object]) -> _Config:
    """Return a configuration with some settings, by dotted key; the others keep their defaults.

    Raises:
        TypeError: there is no such setting.
        TgbenchError, ValueError: the configuration refuses a value.
    """
    return replaced(config_class(), values)


def replaced(config: _Config, values: Mapping[str, object]) -> _Config:
    """Return a configuration with some settings changed, by dotted key.

    Raises:
        TypeError: there is no such setting.
        TgbenchError, ValueError: the configuration refuses a value.
    """
    own, nested = _by_field(values)
    if isinstance(config, Mapping):
        inner = {name: replaced(config.get(name, {}), part) for name, part in nested.items()}
        return typing.cast(_Config, {**config, **own, **inner})
    fields = dataclasses.fields(config) if dataclasses.is_dataclass(config) else ()
    if unknown := {*own, *nested} - {field.name for field in fields}:
        raise TypeError(f"{type(config).__name__} has no setting '{min(unknown)}'")
    own |= {name: replaced(getattr(config, name), inner) for name, inner in nested.items()}
    return dataclasses.replace(config, **own)  # type: ignore[type-var]


def types_of(config_class: type) -> dict[str, Any]:
    """Return the annotated type of every setting, by dotted key, in the order of the fields."""
    found: dict[str, Any] = {}
    hints = typing.get_type_hints(config_class, include_extras=True)
    for field in dataclasses.fields(config_class):
        kind = hints[field.name]
        if dataclasses.is_dataclass(kind):
            inner = types_of(typing.cast(type, kind))
            found |= {f"{field.name}.{key}": type_ for key, type_ in inner.items()}
        else:
            found[field.name] = kind
    return found


def places_of(config_class: type) -> frozenset[str]:
    """Return the settings that say where something is on this machine, by dotted key.

    They are marked at the field, `metadata={"place": True}`, and are no part of what is measured.
    """
    return _marked(config_class, "place")


def files_of(config_class: type) -> frozenset[str]:
    """Return the settings that name a file whose contents a fit depends on, by dotted key.

    They are marked at the field, `metadata={"file": True}`.
    """
    return _marked(config_class, "file")


def _marked(config_class: type, mark: str) -> frozenset[str]:
    nested = typing.get_type_hints(config_class)
    found: set[str] = set()
    for field in dataclasses.fields(config_class):
        if dataclasses.is_dataclass(nested[field.name]):
            inner = _marked(typing.cast(type, nested[field.name]), mark)
            found |= {f"{field.name}.{key}" for key in inner}
        elif field.metadata.get(mark):
            found.add(field.name)
    return frozenset(found)


def setting_text(value: object) -> str:
    """Return a setting's value as `--set` takes it, exactly."""
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, tuple | list):
        return ":".join(map(setting_text, value))
    if isinstance(value, float) and float(f"{value:g}") == value:
        return f"{value:g}"
    return str(value)


def value_of(config: Any, key: str) -> Any:
    """Return the value of a setting, by dotted key."""
    return functools.reduce(getattr, key.split("."), config)


def range_of(kind: Any) -> Range | None:
    """Return the `Range` of an annotated type, if it has one."""
    metadata = getattr(kind, "__metadata__", ())
    return next((item for item in metadata if isinstance(item, Range)), None)


def check_types(config: Any) -> None:
    """Check every setting against the type of its field; lists of JSON stand for tuples.

    Raises:
        TgbenchError: a value is of another type; the message names it.
    """
    from pydantic import TypeAdapter, ValidationError

    for key, kind in types_of(type(config)).items():
        value = value_of(config, key)
        try:
            TypeAdapter(kind).validate_json(json.dumps(value), strict=True)
        except ValidationError as error:
            raise TgbenchError(f"{key}={value}: {error.errors()[0]['msg']}") from error


def check_ranges(config: Any) -> None:
    """Check every setting against the `Range` at its field.

    Raises:
        TgbenchError: a value is out of range; the message names it.
    """
    for key, kind in types_of(type(config)).items():
        allowed, value = range_of(kind), value_of(config, key)
        if allowed is not None and value is not None and value not in allowed:
            raise TgbenchError(f"{key}={value}: must be {allowed}")


def _leaves(config: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(config, Mapping):
        items = list(config.items())
    else:
        items = [(field.name, getattr(config, field.name)) for field in dataclasses.fields(config)]
    for name, value in items:
        is_group = dataclasses.is_dataclass(value) or (isinstance(value, Mapping) and value)
        if is_group:
            yield from _leaves(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _by_field(
    values: Mapping[str, object],
) -> tuple[dict[str, Any], dict[str, dict[str, object]]]:
    own: dict[str, Any] = {}
    nested: dict[str, dict[str, object]] = defaultdict(dict)
    for key, value in values.items():
        name, dot, rest = key.partition(".")
        if dot:
            nested[name][rest] = value
        else:
            own[name] = value
    return own, nested
