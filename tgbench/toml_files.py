"""TOML files that people write by hand: read, checked completely, and explained where wrong."""

from __future__ import annotations

import difflib
import tomllib
import typing
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from .errors import TgbenchError
from .inputs import MEBIBYTE, read_text, reason
from .plain_words import in_plain_words

LARGEST = MEBIBYTE

NO_MORE: Mapping[str, Any] = MappingProxyType({})


class Table(BaseModel):
    """A table of such a file; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)


M = TypeVar("M", bound=BaseModel)


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file says.

    Raises:
        TgbenchError: it cannot be read.
    """
    try:
        return tomllib.loads(read_text(path, LARGEST))
    except OSError as error:
        raise TgbenchError(f"{path}: cannot be read ({reason(error)})") from error
    except (ValueError, RecursionError) as error:
        raise TgbenchError(f"{path}: is not TOML ({reason(error)})") from error


def checked(
    path: Path, raw: dict[str, Any], model: type[M], more: Mapping[str, Any] = NO_MORE
) -> M:
    """Return what a file says as a record; each part is checked by itself.

    Args:
        path: of the file, for messages.
        raw: what it says.
        model: of the record.
        more: fields of the record that the file does not say.

    Raises:
        TgbenchError: something in it is wrong; the message names the place, and for a misspelt
            field the nearest one.
    """
    try:
        return model.model_validate({**_as_tuples(raw), **more})
    except ValidationError as error:
        raise TgbenchError(f"{path}: {_explained(error, model, set(more))}") from error


def _as_tuples(value: Any) -> Any:
    """Return lists as tuples, which strict fields take."""
    if isinstance(value, dict):
        return {key: _as_tuples(part) for key, part in value.items()}
    return tuple(map(_as_tuples, value)) if isinstance(value, list) else value


def _explained(error: ValidationError, model: type[BaseModel], hidden: set[str]) -> str:
    """Return the first fault in one line, with its place and the nearest field's name."""
    # A misspelt field is often the reason why another one is missing.
    first = min(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
    place = _place(first["loc"])
    if first["type"] == "extra_forbidden":
        field = str(first["loc"][-1])
        known = [name for name in _fields_at(first["loc"][:-1], model) if name not in hidden]
        near = difflib.get_close_matches(field, known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known)}"
        return f"unknown field {place}; {hint}"
    if first["type"] == "missing":
        return f"{place} is missing"
    return f"{place}: {in_plain_words(first, _kind_at(first['loc'], model))}"


def _place(location: tuple[int | str, ...]) -> str:
    """Return where in the file something is, such as `render.1.command`."""
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in location)


def _fields_at(location: tuple[int | str, ...], model: type[BaseModel]) -> list[str]:
    """Return the names of the fields that a table of the file can have."""
    for part in location:
        field = model.model_fields.get(part) if isinstance(part, str) else None
        inner = _table_in(field.annotation) if field is not None else None
        model = inner or model
    return list(model.model_fields)


def _kind_at(location: tuple[int | str, ...], model: type[BaseModel]) -> Any:
    """Return the type that something in the file is to have; None where that is not known."""
    kind: Any = model
    for part in location:
        table = _table_in(kind)
        if table is not None and part in table.model_fields:
            kind = table.model_fields[str(part)].annotation
        else:
            kind = next((inner for inner in typing.get_args(kind) if inner is not type(None)), None)
    return kind


def _table_in(kind: Any) -> type[Table] | None:
    """Return the table that a type is, or is made of."""
    if isinstance(kind, type) and issubclass(kind, Table):
        return kind
    return next(filter(None, map(_table_in, typing.get_args(kind))), None)
