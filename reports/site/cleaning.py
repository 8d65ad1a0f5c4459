"""What of other people's results must not reach a public page as it is."""

from __future__ import annotations

import re
from typing import Any

from tgbench.running.result import Result

_PART = r"[^\s/\\'\"`<>|:;,()\[\]{}]"
_HOME = r"(?:~(?:[A-Za-z_][\w.-]*)?)?"
_PATHS = (
    re.compile(rf"(?<![\w.:/\\~)\]-])(?:file://)?{_HOME}/(?:{_PART}+/)+(?P<last>{_PART}*)"),
    re.compile(rf"(?<!\w)[A-Za-z]:[\\/](?:{_PART}+[\\/])*(?P<last>{_PART}*)"),
    re.compile(rf"(?<![\w\\])\\\\(?:{_PART}+\\)+(?P<last>{_PART}*)"),
)
"""Absolute paths of Unix, of Windows and of its shares, somewhere in a text."""

_WHOLE = re.compile(
    rf"(?:file://)?(?:{_HOME}/|[A-Za-z]:[\\/]|\\\\)[^\n:]*[/\\](?P<last>[^\n:/\\]*)"
)
"""A text that is an absolute path and nothing else; such a one may hold spaces."""

_CONTROLS = {code: "\ufffd" for code in (*range(32), 127) if chr(code) not in "\t\n\r"}


def cleaned_result(result: Result) -> Result:
    """Return a result whose texts are fit for a page; numbers and hashes stay.

    Raises:
        ValueError: its configuration or details are nested too deeply.
    """
    try:
        return Result.model_validate(_cleaned(result.model_dump(mode="json")))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def cleaned_text(text: str) -> str:
    """Return a text without control characters, halves of pairs and where files lie on a disk."""
    text = text.encode("utf-8", "replace").decode("utf-8").translate(_CONTROLS)
    whole = _WHOLE.fullmatch(text)
    if whole:
        return _cut(whole)
    for path in _PATHS:
        text = path.sub(_cut, text)
    return text


def _cut(path: re.Match[str]) -> str:
    return f"…/{path['last']}"


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return cleaned_text(value)
    if isinstance(value, dict):
        return {cleaned_text(str(key)): _cleaned(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    return value
