"""A method's configuration: preset, then `--set key=value`, validated."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import TgbenchError, suggest
from ..specs import MethodSpec

_EXAMPLES = {int: "a whole number, such as 3", float: "a number, such as 0.5", str: "a word"}


def parse_overrides(pairs: Sequence[str]) -> dict[str, str]:
    """Turn ["key=value", ...] into a dictionary.

    Raises:
        TgbenchError: a pair without an equals sign, or a key given twice.
    """
    overrides: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise TgbenchError(f"--set {pair}: expected key=value")
        if key in overrides:
            raise TgbenchError(f"--set {key}: given twice")
        overrides[key] = value
    return overrides


def configure(spec: MethodSpec, preset: str, overrides: Mapping[str, str]) -> Any:
    """Return the method's config: its defaults, the preset, then the overrides.

    Raises:
        TgbenchError: unknown preset or key (the nearest is suggested), or a bad value.
    """
    config_class = spec.load_config()
    if preset not in spec.presets:
        error = suggest(preset, spec.presets, "preset", owner=spec.name)
        raise TgbenchError(f"{error}; what they change: tgbench list presets {spec.name}")
    values: dict[str, Any] = dict(spec.presets[preset])
    types_of = typing.get_type_hints(config_class)
    for key, text in overrides.items():
        if key not in types_of:
            where = f"tgbench list settings {spec.name}"
            raise suggest(key, types_of, "setting", where, owner=spec.name)
        values[key] = _parse(key, text, types_of[key])
    try:
        return config_class(**values)
    except ValueError as error:
        raise TgbenchError(f"settings of '{spec.name}': {error}") from error


def keys_of(spec: MethodSpec) -> set[str]:
    """Return the names of a method's settings."""
    return {field.name for field in dataclasses.fields(spec.load_config())}


def _parse(key: str, text: str, kind: Any) -> Any:
    """Read a value as the field's type."""
    origin = typing.get_origin(kind)
    if origin is typing.Literal:
        choices = [str(choice) for choice in typing.get_args(kind)]
        if text not in choices:
            raise TgbenchError(f"--set {key}={text}: must be one of {', '.join(choices)}")
        return text
    if origin in (types.UnionType, typing.Union):
        if text.lower() == "none":
            return None
        kind = next(part for part in typing.get_args(kind) if part is not types.NoneType)
        return _parse(key, text, kind)
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise TgbenchError(f"--set {key}={text}: must be true or false")
        return text.lower() == "true"
    if kind in (int, float, str):
        try:
            return kind(text)
        except ValueError as error:
            raise TgbenchError(f"--set {key}={text}: must be {_EXAMPLES[kind]}") from error
    raise TgbenchError(f"--set {key}: cannot be set from the command line")
