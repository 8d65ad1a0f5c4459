"""The ways in which one system is known to fail, as its declaration tells them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from ..toml_files import Table
from .failures import Failure


def _pattern(text: str) -> str:
    """Check a regular expression.

    Raises:
        ValueError: it is none.
    """
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"'{text}' is no regular expression ({error})") from error
    return text


class KnownFailure(Table):
    """What a program says when it fails in a way that its users know."""

    pattern: Annotated[str, AfterValidator(_pattern)] = Field(
        description="Regular expression of a line that it says."
    )
    reason: Annotated[str, StringConstraints(min_length=1)] = Field(
        description="Why it failed, in words."
    )
    remedy: Annotated[str, StringConstraints(min_length=1)] = Field(description="What to do.")


def explained(known: Iterable[KnownFailure], said: str) -> Failure | None:
    """Return which of a system's known failures its program's words tell of, if any."""
    for each in known:
        if re.search(each.pattern, said, re.MULTILINE):
            return Failure(each.reason, each.remedy)
    return None
