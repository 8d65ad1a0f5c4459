"""Settings of methods and executors, with their meanings from the docstrings of the classes."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools
import re
import textwrap
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..configs import range_of, types_of, value_of
from ..specs import ConfiguredSpec, MethodSpec

_SECTION = re.compile(r"^(Attributes|Args|Raises|Returns|Examples?|Notes?):$", re.MULTILINE)
_ENTRY = re.compile(r"^(\w+(?:, *\w+)*):\s*(.*)$")


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        name: as `--set` takes it, dotted where the setting is nested.
        kind: its values in words: "int", "float, 0 to 1", "true | false", or the choices.
        default: the value without preset and `--set`.
        presets: its value in every preset.
        meaning: what it does, with its source where there is one; empty where it is not documented.
    """

    name: str
    kind: str
    default: Any
    presets: dict[str, Any]
    meaning: str


@dataclass(frozen=True)
class Documentation:
    """What a configuration says about itself.

    Attributes:
        introduction: of the docstring, such as what its abbreviations mean.
        meanings: by name of the setting, dotted where it is nested.
    """

    introduction: str
    meanings: dict[str, str]


def settings_of(spec: ConfiguredSpec) -> list[Setting]:
    """Return the settings of a method or an executor, in the order of its configuration."""
    config_class = spec.load_config()
    meanings = documentation(config_class).meanings
    config = config_class()
    presets = spec.presets if isinstance(spec, MethodSpec) else {}
    defaults = {key: value_of(config, key) for key in types_of(config_class)}
    return [
        Setting(
            key,
            _kind(kind),
            defaults[key],
            {preset: changed.get(key, defaults[key]) for preset, changed in presets.items()},
            meanings.get(key, ""),
        )
        for key, kind in types_of(config_class).items()
    ]


def documentation(config: type) -> Documentation:
    """Read what a dataclass says of its fields, those of its bases and of nested ones included.

    A field is documented by a string below it, or in the "Attributes:" of the class's docstring in
    Google's style: `name: text`, or `name, other: text` for several, with further lines indented
    below.
    """
    meanings: dict[str, str] = {}
    for base in reversed(config.__mro__):
        if dataclasses.is_dataclass(base):
            meanings |= dict(_entries(base.__doc__ or ""))
            meanings |= _field_docstrings(base)
    for name, kind in typing.get_type_hints(config).items():
        if dataclasses.is_dataclass(kind):
            inner = documentation(typing.cast(type, kind)).meanings
            meanings |= {f"{name}.{key}": text for key, text in inner.items()}
    introduction = _SECTION.split(inspect.cleandoc(config.__doc__ or ""))[0]
    return Documentation(" ".join(introduction.split()), meanings)


def _field_docstrings(config: type) -> dict[str, str]:
    """Return the strings below a class's fields; none where its source cannot be read."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(config)))
    except (OSError, TypeError, SyntaxError):
        return {}
    (definition,) = tree.body
    assert isinstance(definition, ast.ClassDef)
    found = {}
    for field, below in itertools.pairwise(definition.body):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = " ".join(text.split())
    return found


def _entries(docstring: str) -> Iterator[tuple[str, str]]:
    parts = _SECTION.split(inspect.cleandoc(docstring))
    # After the introduction, names of sections and their texts take turns.
    for title, text in zip(parts[1::2], parts[2::2], strict=True):
        if title == "Attributes":
            yield from _attributes(inspect.cleandoc(text.strip("\n")))


def _attributes(text: str) -> Iterator[tuple[str, str]]:
    names: list[str] = []
    text_lines: list[str] = []
    for line in [*text.splitlines(), "end:"]:
        found = _ENTRY.match(line)
        if found is None:
            text_lines.append(line.strip())
            continue
        for name in names:
            yield name, " ".join(filter(None, text_lines))
        names, text_lines = re.split(", *", found[1]), [found[2]]


def _kind(kind: Any) -> str:
    if allowed := range_of(kind):
        return f"{_kind(typing.get_args(kind)[0])}, {allowed}"
    if kind is bool:
        return "true | false"
    if typing.get_origin(kind) is typing.Literal:
        return " | ".join(map(str, typing.get_args(kind)))
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        return " | ".join(
            "none" if part is types.NoneType else _kind(part) for part in typing.get_args(kind)
        )
    if typing.get_origin(kind) is tuple:
        return ":".join(map(_kind, typing.get_args(kind)))
    return getattr(kind, "__name__", str(kind))
