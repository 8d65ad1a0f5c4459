"""Errors that the user can fix, each in one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class TgbenchError(Exception):
    """Something the user can fix: bad input, a missing file, an unknown name.

    The message names the file or option, says what is wrong, and what to do. The command line
    prints it without a traceback and exits with `exit_code`.
    """

    exit_code = 2


class Unavailable(TgbenchError):
    """Something is not available here (a weight file, a package): a status, not a failure.

    Metrics that meet it report `unavailable` with this message as the reason; the run goes on.
    """


def suggest(
    unknown: str, known: Iterable[str], what: str, all_of_them: str = "", owner: str = ""
) -> TgbenchError:
    """Return the error for an unknown name, with the nearest known one if there is any.

    Args:
        unknown: what the user typed.
        known: an iterable of valid names.
        what: what kind of thing it is, such as "method".
        all_of_them: the command that lists them, where there are too many for one line.
        owner: whose name it would be, such as that of a method.
    """
    names = sorted(known)
    near = difflib.get_close_matches(unknown, names, n=1, cutoff=0.6)
    hint = f"did you mean '{near[0]}'? " if near else ""
    listed = f"known: {', '.join(names) or 'none'}"
    if all_of_them:
        listed = f"`{all_of_them}` shows all of them"
    trouble = f"{owner} has no {what}" if owner else f"unknown {what}"
    return TgbenchError(f"{trouble} '{unknown}': {hint}{listed}")
