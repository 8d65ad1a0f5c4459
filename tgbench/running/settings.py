"""A method's configuration: defaults, then a preset, then `--set key=value`; read back later."""

from __future__ import annotations

import difflib
import json
import logging
import re
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import plugins
from ..configs import build, check_ranges, flat, types_of
from ..errors import TgbenchError, suggest
from ..files import hash_of
from ..specs import ConfiguredSpec, MethodSpec

if TYPE_CHECKING:
    from .result import Result

_log = logging.getLogger("tgbench")

_EXAMPLES = {int: "a whole number, such as 3", float: "a number, such as 0.5", str: "a word"}
_MOST_SUGGESTED = 3


def parse_overrides(pairs: Sequence[str], option: str = "--set") -> dict[str, str]:
    """Turn ["key=value", ...] into a dictionary.

    Raises:
        TgbenchError: a pair without an equals sign, or a key given twice.
    """
    overrides: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise TgbenchError(f"{option} {pair}: expected key=value")
        if key in overrides:
            raise TgbenchError(f"{option} {key}: given twice")
        overrides[key] = value
    return overrides


def configure(spec: MethodSpec, preset: str, overrides: Mapping[str, str]) -> Any:
    """Return the method's config: its defaults, the preset, then the overrides.

    A setting may be named as in earlier versions; the log says its name now.

    Raises:
        TgbenchError: unknown preset or key (the nearest is suggested), or a bad value.
    """
    if preset not in spec.presets:
        error = suggest(preset, spec.presets, "preset", owner=spec.name)
        raise TgbenchError(f"{error}; `tgbench list presets {spec.name}` shows what they change")
    return _configured(spec, spec.presets[preset], overrides, spec.renamed_settings)


def configure_plain(spec: ConfiguredSpec, overrides: Mapping[str, str]) -> Any:
    """Return the config of a plug-in without presets: its defaults, then the overrides.

    Raises:
        TgbenchError: unknown key (the nearest is suggested), or a bad value.
    """
    return _configured(spec, {}, overrides, {})


def _configured(
    spec: ConfiguredSpec,
    defaults: Mapping[str, object],
    overrides: Mapping[str, str],
    renamed: Mapping[str, str],
) -> Any:
    config_class = spec.load_config()
    kinds = types_of(config_class)
    chosen: dict[str, Any] = {}
    for given, text in overrides.items():
        key = renamed.get(given, given)
        if key not in kinds:
            raise unknown_setting(given, [spec], text)
        if key in chosen:
            raise TgbenchError(f"--set {given}: {key} is given twice, once by its old name")
        if key != given:
            _log.warning("--set %s: this setting is now called %s", given, key)
        chosen[key] = _parse(given, text, kinds[key])
    try:
        config = build(config_class, {**defaults, **chosen})
        check_ranges(config)
    except (ValueError, TgbenchError) as error:
        raise TgbenchError(f"settings of {spec.name}: {error}") from error
    return config


def keys_of(spec: ConfiguredSpec) -> set[str]:
    """Return what `--set` takes for a plug-in: the names of its settings, and their old names."""
    former = spec.renamed_settings if isinstance(spec, MethodSpec) else {}
    return {*types_of(spec.load_config()), *former}


def unknown_setting(key: str, specs: Iterable[ConfiguredSpec], text: str = "") -> TgbenchError:
    """Return the error for a setting that no plug-in of several has, with the nearest ones.

    Args:
        key: what was given.
        specs: of the plug-ins.
        text: the value that was given.
    """
    specs = list(specs)
    known = sorted({key for spec in specs for key in types_of(spec.load_config())})
    tail = key.rpartition(".")[2]
    methods = " ".join(spec.name for spec in specs)
    listed = f"`tgbench list settings {methods}` shows all of them"
    own = next((f"{spec.name}." for spec in specs if key.startswith(f"{spec.name}.")), "")
    group = f"{key.removeprefix(own)}."
    if inside := [f"{own}{name}" for name in known if name.startswith(group)]:
        words = [f"{key}.{part.strip()}" for part in re.split("[,;]", text.strip("{} "))]
        if all(word.partition("=")[0] in inside for word in words):
            remedy = f"write --set {' '.join(words)}"
        else:
            remedy = f"write --set {inside[0]}=VALUE"
        return TgbenchError(f"'{key}' is a group of settings; {remedy}; {listed}")
    near = [name for name in known if name.rpartition(".")[2] == tail]
    near = near or difflib.get_close_matches(key, known, n=_MOST_SUGGESTED, cutoff=0.6)
    hint = ", ".join(f"'{name}'" for name in near[:_MOST_SUGGESTED])
    owners = " and ".join(spec.name for spec in specs)
    verb = "has" if len(specs) == 1 else "have"
    question = f": did you mean {hint}?" if hint else ";"
    return TgbenchError(f"{owners} {verb} no setting '{key}'{question} {listed}")


def in_current_names(
    method: str, config: Mapping[str, Any], config_hash: str
) -> tuple[dict[str, Any], str]:
    """Return a configuration that an earlier version wrote, with today's names of its settings.

    So a setting whose name alone changed is no difference between two results. The method says
    what its settings were called; where it is not installed, names stay as they are.

    Args:
        method: its name.
        config: as it was written, flat or nested.
        config_hash: the hash that was written with it.

    Returns:
        The configuration as one flat mapping with dotted keys, and its hash.
    """
    spec = plugins.methods().get(method)
    renamed = spec.renamed_settings if spec else {}
    current = {renamed.get(key, key): value for key, value in flat(config).items()}
    return current, config_hash if current == config else hash_of_settings(method, current)


def with_current_names(result: Result) -> Result:
    """Return a result whose settings have today's names; see `in_current_names`."""
    method = result.method
    config, config_hash = in_current_names(method.name, method.config, method.config_hash)
    if config == method.config:
        return result
    renamed = method.model_copy(update={"config": config, "config_hash": config_hash})
    return result.model_copy(update={"method": renamed})


def preset_settings(result: Result) -> dict[str, Any]:
    """Return by name the settings that a result's preset gives its method today.

    Empty where that is not known here: reading results needs none of their methods.
    """
    try:
        spec = plugins.methods().get(result.method.name)
        if spec is None or result.method.preset not in spec.presets:
            return {}
        config = flat(configure(spec, result.method.preset, {}))
        # As results hold them: a tuple is a list there.
        settings: dict[str, Any] = json.loads(json.dumps(config))
        return settings
    except (ImportError, AttributeError, TypeError, TgbenchError):
        # Of a plug-in that does not work here, which is for `tgbench run` to say.
        return {}


def hash_of_settings(method: str, settings: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a configuration, as `config_hash` of a result has it."""
    return hash_of({"method": method, "config": dict(settings)})


def _parse(key: str, text: str, kind: Any) -> Any:
    """Read a value as the field's type."""
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        return _parse(key, text, typing.get_args(kind)[0])
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
    if origin is tuple:
        kinds, parts = typing.get_args(kind), text.split(":")
        if len(parts) != len(kinds):
            raise TgbenchError(
                f"--set {key}={text}: must be {len(kinds)} values with colons between, such as "
                f"{':'.join('0' * len(kinds))}"
            )
        return tuple(_parse(key, part, each) for part, each in zip(parts, kinds, strict=True))
    if kind in (int, float, str):
        try:
            return kind(text)
        except ValueError as error:
            raise TgbenchError(f"--set {key}={text}: must be {_EXAMPLES[kind]}") from error
    raise TgbenchError(f"--set {key}: cannot be set from the command line")
