"""What a check found, and how it says so."""

from __future__ import annotations

import enum
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import TgbenchError

if TYPE_CHECKING:
    from .bench import Bench


class State(enum.StrEnum):
    """How a check ended."""

    HOLDS = "holds"
    FAILS = "does not hold"
    NOT_TRIED = "not tried"


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        name: of the check, for programs.
        group: which part of the contract or the declaration it is about.
        claim: what should hold.
        run: returns what was seen where the claim holds; raises `DoesNotHold` or `NotTried`.
    """

    name: str
    group: str
    claim: str
    run: Callable[[Bench], str]

    def finding(self, bench: Bench) -> Finding:
        """Return what the check finds on a bench."""
        try:
            return Finding(self, State.HOLDS, self.run(bench))
        except DoesNotHold as error:
            return Finding(self, State.FAILS, _one_line(error))
        except NotTried as error:
            return Finding(self, State.NOT_TRIED, _one_line(error))


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes:
        check: which.
        state: whether its claim holds.
        text: what was seen, or why it was not tried.
    """

    check: Check
    state: State
    text: str


class DoesNotHold(Exception):
    """What a method claims is not so."""


class NotTried(Exception):
    """A check could not be made; the text says why."""


@contextmanager
def theirs(doing: str, passing: type[Exception] = DoesNotHold) -> Iterator[None]:
    """Report every error of a method's own code as something that does not hold.

    Args:
        doing: what the method does inside the block.
        passing: errors that pass as they are.

    Raises:
        DoesNotHold: with the error's text, and its place unless it is a `TgbenchError`.
    """
    try:
        yield
    except (DoesNotHold, NotTried, passing):
        raise
    except TgbenchError as error:
        raise DoesNotHold(f"{doing}: {error}") from error
    except Exception as error:
        raise DoesNotHold(f"{doing} raised {described(error)}") from error


def described(error: Exception) -> str:
    """Return an unexpected error in words, with the file and line that it comes from."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({last.filename}, line {last.lineno})"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
