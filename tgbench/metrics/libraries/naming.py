"""How a metric of a library is called."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import TgbenchError
from ...specs import Region
from ...toml_files import read_toml

_NAME = re.compile(
    r"(?P<library>\w+):(?P<metric>[\w+.-]+)(?:\((?P<arguments>.*)\))?(?:@(?P<part>\w+))?"
)

_PARTS = {None: Region.WHOLE_IMAGE, "face": Region.FACE, "mouth": Region.MOUTH}


@dataclass(frozen=True)
class LibraryMetric:
    """A metric of a library.

    Attributes:
        library: such as "torchmetrics".
        metric: as the library calls it.
        arguments: of its constructor, in order, by name.
        region: which part of the image it sees.
    """

    library: str
    metric: str
    arguments: tuple[tuple[str, Any], ...] = ()
    region: Region = Region.WHOLE_IMAGE

    @property
    def call(self) -> str:
        """The metric with its arguments, without the library and the region."""
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.arguments)
        return f"{self.metric}({arguments})" if arguments else self.metric

    @property
    def name(self) -> str:
        """What tgbench calls it: the same for all spellings of the same thing."""
        part = "" if self.region is Region.WHOLE_IMAGE else f"@{self.region.value}"
        return f"{self.library}:{self.call}{part}"


def read_name(text: str) -> LibraryMetric:
    """Read `LIBRARY:METRIC`, `LIBRARY:METRIC(NAME=VALUE, ...)` or either with `@face` or `@mouth`.

    `LIBRARY:METRIC(FILE.toml)` takes the arguments from a file.

    Raises:
        TgbenchError: it is spelled otherwise, an argument is no literal of Python, or the file
            cannot be read.
    """
    found = _NAME.fullmatch(text.strip())
    if found is None or found["part"] not in _PARTS:
        raise TgbenchError(
            f"metric '{text}': write LIBRARY:METRIC, LIBRARY:METRIC(NAME=VALUE, ...), or either "
            "with @face or @mouth"
        )
    return LibraryMetric(
        found["library"],
        found["metric"],
        _arguments(text, found["arguments"] or ""),
        _PARTS[found["part"]],
    )


def _arguments(text: str, given: str) -> tuple[tuple[str, Any], ...]:
    if given.strip().endswith(".toml"):
        return tuple((name, _hashable(value)) for name, value in read_toml(Path(given)).items())
    try:
        call = ast.parse(f"f({given})", mode="eval").body
        if not isinstance(call, ast.Call) or call.args:
            raise ValueError
        return tuple((word.arg or "", _literal(word)) for word in call.keywords)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise TgbenchError(
            f"metric '{text}': arguments are NAME=VALUE with numbers, texts or tuples of them, "
            "separated by commas"
        ) from None


def _literal(word: ast.keyword) -> Any:
    if word.arg is None:
        raise ValueError
    return _hashable(ast.literal_eval(word.value))


def _hashable(value: Any) -> Any:
    # A spec is a key of dictionaries.
    return tuple(map(_hashable, value)) if isinstance(value, list) else value
