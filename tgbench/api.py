"""The Python API: what the commands do, called from a program.

Every function takes the options of the command of its name as keyword arguments, does what the
command does, and returns records instead of printing. Bad input raises `TgbenchError`. Nothing is
printed unless `progress` is true.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:

    pass

__all__ = [
    "compare",
    "list_identities",
    "list_methods",
    "list_metrics",
    "list_protocols",
    "load_results",
    "prepare",
    "run",
    "score",
    "score_folder",
]

PathLike: TypeAlias = str | Path
OneOrMore: TypeAlias = str | Iterable[str]

# A library prints nothing of its own accord; whoever wants the warnings configures `logging`.
logging.getLogger("tgbench").addHandler(logging.NullHandler())
