"""What the exchangeable parts of the harness declare about themselves."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .base import NOTHING, ConfiguredSpec, Requires, Spec


@dataclass(frozen=True)
class ExperimentSpec(Spec):
    """A declaration of what is run and of the table that it makes.

    Its implementation is the path of a TOML file; `docs/experiments.md` describes it.
    """

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self.implementation)


@dataclass(frozen=True)
class CommandSpec(Spec):
    """A subcommand. Its implementation is a module with `add_arguments` and `execute`.

    Attributes:
        computes: whether it takes numerical libraries.
    """

    computes: bool = True

    def load(self) -> Any:
        """Import and return the module."""
        return importlib.import_module(self.implementation)


@dataclass(frozen=True)
class ExecutorSpec(ConfiguredSpec):
    """Where and when jobs run.

    Its implementation is called with the settings, an instance of `config`, and a
    `tgbench.running.executors.Setting`, and returns a `tgbench.running.executors.Executor`. The
    class of settings is a subclass of `tgbench.running.executor_config.ExecutorConfig`.

    Attributes:
        elsewhere: whether jobs may run on other machines than this one, so that what this one
            lacks, such as a GPU, does not count.
        requires: what must be installed.
    """

    elsewhere: bool = False
    requires: Requires = NOTHING


@dataclass(frozen=True)
class RendererSpec(Spec):
    """A form that `tgbench report` writes tables in.

    Its implementation is a function of a `tgbench.reports.renderers.TableReport` that returns the
    text of a file.

    Attributes:
        suffix: of the file, without a point.
    """

    suffix: str = "txt"
