"""The settings of a method, with what they mean: read from its configuration's docstring."""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..specs import MethodSpec

_SECTION = re.compile(r"^(Attributes|Args|Raises|Returns|Examples?|Notes?):$", re.MULTILINE)
_ENTRY = re.compile(r"^(\w+(?:, *\w+)*):\s*(.*)$")


@dataclass(frozen=True)
class Setting:
    """One setting of a method.

    Attributes:
        name: as `--set` takes it.
        kind: of its values, in words: "int", "float", "true | false", or the choices.
        default: where neither preset nor `--set` say otherwise.
        presets: its value in every preset.
        meaning: in words, with its source where there is one; empty where nothing tells it.
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
        meanings: by name of the setting.
    """

    introduction: str
    meanings: dict[str, str]


def settings_of(spec: MethodSpec) -> list[Setting]:
    """Return the settings of a method, in the order of its configuration."""
    config = spec.load_config()
    meanings = documentation(config).meanings
    kinds = typing.get_type_hints(config)
    return [
        Setting(
            field.name,
            _kind(kinds[field.name]),
            _default(field),
            {
                preset: changed.get(field.name, _default(field))
                for preset, changed in spec.presets.items()
            },
            meanings.get(field.name, ""),
        )
        for field in dataclasses.fields(config)
    ]


def documentation(config: type) -> Documentation:
    """Read the "Attributes:" of a dataclass's docstring, those of its bases included.

    Entries are those of Google's style: `name: text`, or `name, other: text` for several, with
    further lines indented below.
    """
    meanings: dict[str, str] = {}
    for base in reversed(config.__mro__):
        if dataclasses.is_dataclass(base) and base.__doc__:
            meanings |= dict(_entries(base.__doc__))
    introduction = _SECTION.split(inspect.cleandoc(config.__doc__ or ""))[0]
    return Documentation(" ".join(introduction.split()), meanings)


def _entries(docstring: str) -> Iterator[tuple[str, str]]:
    parts = _SECTION.split(inspect.cleandoc(docstring))
    # After the introduction, names of sections and their texts take turns.
    for title, text in zip(parts[1::2], parts[2::2], strict=True):
        if title == "Attributes":
            yield from _attributes(inspect.cleandoc(text.strip("\n")))


def _attributes(text: str) -> Iterator[tuple[str, str]]:
    names: list[str] = []
    told: list[str] = []
    for line in [*text.splitlines(), "end:"]:
        found = _ENTRY.match(line)
        if found is None:
            told.append(line.strip())
            continue
        for name in names:
            yield name, " ".join(filter(None, told))
        names, told = re.split(", *", found[1]), [found[2]]


def _default(field: dataclasses.Field) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return None


def _kind(kind: Any) -> str:
    if kind is bool:
        return "true | false"
    if typing.get_origin(kind) is typing.Literal:
        return " | ".join(map(str, typing.get_args(kind)))
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        return " | ".join(
            "none" if part is types.NoneType else _kind(part) for part in typing.get_args(kind)
        )
    return getattr(kind, "__name__", str(kind))
