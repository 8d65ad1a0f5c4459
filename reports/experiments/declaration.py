"""What the file of an experiment says: one TOML file, checked completely when it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from tgbench import plugins
from tgbench.configs import setting_text
from tgbench.driving.tags import TrackTags
from tgbench.toml_files import Table, checked, read_toml

SUFFIX = ".toml"
EVERY = "*"
"""Stands for all methods."""

Setting = str | int | float | bool
Names = Annotated[tuple[str, ...], Field(min_length=1)]


class MethodEntry(Table):
    """A row, or a method of several settings that make one."""

    name: str = Field(description="Of a method, path of a declaration, or `*` for all methods.")
    preset: str = Field(default="", description="Instead of the experiment's.")
    set: dict[str, Setting] = Field(default_factory=dict, description="Settings, as `--set`.")
    not_available: str = Field(
        default="", description="Why this row cannot be made; it is listed, and nothing is run."
    )

    @property
    def title(self) -> str:
        """The entry in a few words."""
        return " ".join((self.name, *(f"{key}={setting_text(v)}" for key, v in self.set.items())))


class Track(TrackTags):
    """A sound that drives."""

    file: str = Field(description="A built-in track, or a path relative to this file.")


class TableLayout(Table):
    """The table, as the options of `tgbench report`."""

    shape: str = Field(default="", description="Of a table of the paper, such as `table1`.")
    metrics: tuple[str, ...] = Field(default=(), description="Columns, instead of the shape's.")
    rows: tuple[str, ...] = Field(default=(), description="Instead of the shape's.")
    columns: tuple[str, ...] = Field(default=(), description="Instead of the shape's.")
    published: bool = Field(default=True, description="Whether the paper's rows follow, marked.")


class Experiment(Table):
    """Methods x identities x tracks x seeds under protocols, and a table of them."""

    path: Path = Field(description="Of this file.", strict=False)
    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$")] = Field(
        description="Small letters, digits, `-` and `_`; its tables are filed by it."
    )
    protocols: Names
    identities: Names = Field(description="Built-in names, or folders relative to this file.")
    methods: Annotated[tuple[MethodEntry, ...], Field(min_length=1)]
    preset: str = Field(default="quick", description="Of the methods.")
    seeds: Annotated[tuple[int, ...], Field(min_length=1)] = (0,)
    tracks: tuple[Track, ...] = Field(default=(), description="Empty: the protocol's own choice.")
    rules: dict[str, Setting] = Field(
        default_factory=dict, description="How sounds and poses meet, as `--rule`."
    )
    questions: tuple[str, ...] = Field(
        default=(), description="Of a user study that is made of the videos."
    )
    table: TableLayout = TableLayout()


def read_experiment(name: str) -> Experiment:
    """Return an experiment by its name, or by the path of its file.

    Raises:
        TgbenchError: there is none, it cannot be read, or something in it is wrong.
    """
    if name.endswith(SUFFIX) or "/" in name:
        path = Path(name)
    else:
        path = plugins.find(plugins.experiments(), name, "experiment").path
    return checked(path, read_toml(path), Experiment, {"path": path.resolve()})


def beside(experiment: Experiment, name: str) -> str:
    """Return a path that a file of an experiment names, relative to that file.

    Names that are no path there stay as they are.
    """
    path = experiment.path.parent / name
    return str(path) if path.exists() else name
