"""How a command is started in an environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Command:
    """What is to run in an environment.

    Attributes:
        words: the program and its arguments; the first may be `python`.
        cwd: where it runs.
        folders: that it must see, the first one to write to, others to read.
        variables: that it is to have beside those of every command.
    """

    words: tuple[str, ...]
    cwd: Path
    folders: tuple[Path, ...]
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Launch:
    """How to start a command in an environment.

    Attributes:
        argv: the program and its arguments.
        env: all environment variables.
        stop: a command that ends it from outside; may be empty.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    stop: tuple[str, ...] = ()
