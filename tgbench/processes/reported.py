"""Errors of a process of ours, as a line of JSON that the one which started it raises again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..errors import TgbenchError


@contextmanager
def errors_reported() -> Iterator[None]:
    """Print what a user can mend, rather than raise it; the process ends well then."""
    try:
        yield
    except OSError as error:
        report = {"error": error.strerror, "errno": error.errno, "filename": error.filename}
        print(json.dumps(report), flush=True)
    except TgbenchError as error:
        print(json.dumps({"error": str(error)}), flush=True)


def raise_reported(report: Mapping[str, Any]) -> None:
    """Raise the error that a process printed.

    Raises:
        OSError: it met one, such as a full disk.
        TgbenchError: it raised one.
    """
    if "errno" in report:
        raise OSError(report["errno"], report["error"], report["filename"])
    raise TgbenchError(report["error"])
