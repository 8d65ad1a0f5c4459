"""Standard streams that can be written to, even if the shell closed them."""

from __future__ import annotations

import codecs
import os
import sys

_PLAIN = {"↑": "^", "↓": "v", "→": ">", "·": "-", "–": "-", "—": "-", "×": "x", "±": "~", "…": "."}
"""Replacements for our own symbols in encodings that lack them, one cell each."""

_HANDLER = "tgbench"


def prepare_streams() -> None:
    """Make sure that all three streams exist and accept any text.

    A file that is opened while one of the first three descriptors is closed gets its number, and
    messages of libraries are then written into that file. So closed descriptors lead nowhere.
    A character that an encoding lacks (`PYTHONIOENCODING=ascii`) becomes its code.
    """
    _open_descriptors()
    # Python leaves out the object of a stream that was closed when it started.
    if sys.stdin is None:
        sys.stdin = os.fdopen(0, encoding="utf-8")
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", encoding="utf-8")
    codecs.register_error(_HANDLER, _in_plain_letters)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_HANDLER)


def drop_output() -> None:
    """Discard all further output, so that nothing fails again when Python ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _open_descriptors() -> None:
    while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(opened, True)
    os.close(opened)


def _in_plain_letters(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    plain = "".join(_PLAIN.get(sign, ascii(sign)[1:-1]) for sign in missing)
    return plain, error.end
