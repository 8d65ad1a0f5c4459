"""How a command is started in an environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


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
