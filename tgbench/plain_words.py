"""What is wrong with a value of a declaration, in the words of its authors rather than Python's."""

from __future__ import annotations

import typing
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

_TYPES = {
    "string_type": "a text in quotes",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a number that is finite",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}
_RANGES = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}
_PATTERNS = {
    "a-z0-9": "is not made of small letters, digits, - and _ (60 at most)",
    "{7,40}": "is no commit; give 7 to 40 of its hexadecimal digits",
    "{64}": "is no SHA-256; give its 64 hexadecimal digits",
}
_LONGEST = 60


def in_plain_words(fault: ErrorDetails, kind: Any) -> str:
    """Return what is wrong with a value, and what it should be.

    Args:
        fault: as pydantic says it.
        kind: the type that the value is to have; None: not known.
    """
    given, told, what = _shown(fault["input"]), fault.get("ctx", {}), fault["type"]
    if what in ("tuple_type", "list_type"):
        return f"must be {_list_of(kind)}, not {given}"
    if what in _TYPES:
        return f"must be {_TYPES[what]}, not {given}"
    if what in _RANGES:
        words, key = _RANGES[what]
        return f"is {given}, must be {words} {told[key]}"
    if what in ("enum", "literal_error"):
        return f"is {given}, must be {told['expected']}"
    if what in ("too_short", "string_too_short"):
        return "must not be empty"
    if what == "too_long":
        return f"has {told['actual_length']} entries, takes {told['max_length']}"
    if what == "string_pattern_mismatch":
        known = (text for part, text in _PATTERNS.items() if part in told["pattern"])
        return f"{given} {next(known, 'does not match ' + told['pattern'])}"
    return fault["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")


def _list_of(kind: Any) -> str:
    """Return in words which list is wanted."""
    inner = _entry(kind)
    if inner is str:
        return 'a list of texts, such as ["a", "b"]'
    if inner in (int, float):
        return "a list of numbers, such as [512, 512]"
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        return "one or more tables in double brackets, [[...]]"
    return "a list"


def _entry(kind: Any) -> Any:
    """Return the type of the entries of a tuple."""
    if isinstance(kind, type):
        return kind
    if typing.get_origin(kind) is tuple:
        return _bare(typing.get_args(kind)[0])
    return next(filter(None, map(_entry, typing.get_args(kind))), None)


def _bare(kind: Any) -> Any:
    return typing.get_args(kind)[0] if typing.get_origin(kind) is typing.Annotated else kind


def _shown(value: object) -> str:
    """Return a value as the file has it, shortened."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        text = f'"{value}"'
    elif isinstance(value, tuple | list):
        text = f"[{', '.join(map(_shown, value))}]"
    elif isinstance(value, dict):
        return "a table"
    else:
        text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
