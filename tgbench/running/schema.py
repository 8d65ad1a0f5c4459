"""Records in JSON files of a versioned schema."""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from ..errors import TgbenchError
from ..inputs import parse_json
from ..specs import condition_text

ConditionText = Annotated[str, AfterValidator(condition_text)]
"""A leaked condition. Results of earlier versions have other words for some; these are mapped."""


class Record(BaseModel):
    """A frozen part of a result; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Damaged(TgbenchError):
    """A file is not what was written: cut short, or something else.

    Attributes:
        fault: the message without what to do, for who does it already.
    """

    def __init__(self, fault: str, remedy: str = "") -> None:
        """Join the two parts of the message."""
        super().__init__(f"{fault}; {remedy}" if remedy else fault)
        self.fault = fault


_Kind = TypeVar("_Kind", bound=Record)


def parse_record(
    kind: type[_Kind], text: str | bytes, where: str, newest: int, what: str, remedy: str
) -> _Kind:
    """Return what a JSON file of a versioned schema says.

    Args:
        kind: of record.
        text: of the file.
        where: it is from, for messages.
        newest: version of the schema that can be read.
        what: the record is, in words.
        remedy: what the user can do where it is damaged.

    Raises:
        Damaged: cut short, or something else.
        TgbenchError: of a newer schema.
    """
    try:
        raw = parse_json(text)
    except ValueError as error:
        raise Damaged(f"{where}: cannot be read ({error})", remedy) from error
    refuse_newer(raw.get("schema_version") if isinstance(raw, dict) else None, newest, where)
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        fault = f"{place}: {first['msg']}" if place else first["msg"]
        raise Damaged(f"{where}: is no {what} ({fault})") from error
    except RecursionError as error:
        raise Damaged(f"{where}: is no {what} (nested too deep)") from error


def refuse_newer(version: object, newest: int, where: str) -> None:
    """Raise if a file was written by a version that is not out yet for this one.

    Raises:
        TgbenchError: it was.
    """
    if isinstance(version, int) and version > newest:
        raise TgbenchError(
            f"{where}: was written by a newer tgbench (schema {version}, this one reads "
            f"{newest}); upgrade tgbench"
        )
