"""What a system's declaration says: one TOML file, checked completely when it is read.

`docs/extend/declaration.md` describes the file for its authors. `tgbench.systems.spec` reads the
few facts that listing needs without pydantic.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, StringConstraints

from ..errors import TgbenchError
from ..specs import CompositeMode, LeakedCondition
from ..toml_files import Table, checked, read_toml
from .fields import (
    Environment,
    Folders,
    Input,
    Output,
    Phase,
    PublishedNumbers,
    Resources,
    Speed,
    Stage,
    WeightsFile,
)
from .known_failures import KnownFailure
from .rules import faults
from .spec import NAME


def _as_weights(value: object) -> object:
    """Return the table that a bare path stands for."""
    return {"path": value} if isinstance(value, str) else value


class Facts(Table):
    """What any system's declaration says, whether there are its programs or only videos."""

    path: Path = Field(description="Of this file.", strict=False)
    name: Annotated[str, StringConstraints(pattern=NAME)] = Field(
        description="Small letters, digits, `-` and `_`; results are filed by it."
    )
    title: str = Field(default="", description="As tables print it; by default the name.")
    summary: Annotated[str, StringConstraints(min_length=1)] = Field(
        description="A line for `tgbench list`."
    )
    paper: Annotated[str, StringConstraints(min_length=1)] = Field(
        description="Authors, venue, year."
    )
    repository: str = Field(default="", description="Of its code, as `git clone` takes it.")
    commit: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{7,40})?$")] = Field(
        default="", description="First digits of the commit that this file is for."
    )
    licence: Annotated[str, StringConstraints(min_length=1)] = Field(description="Of its code.")
    permits: str = Field(default="", description="What the licence allows, in words.")
    composite_mode: Annotated[CompositeMode, Field(strict=False)] = Field(
        description=f"What a frame is made of: {', '.join(f'`{mode}`' for mode in CompositeMode)}."
    )
    leaked_conditions: tuple[Annotated[LeakedCondition, Field(strict=False)], ...] = Field(
        default=(),
        description="What of the truth it is given when it renders: "
        f"{', '.join(f'`{condition}`' for condition in LeakedCondition)}.",
    )
    moves_upper_face: bool = Field(
        default=True, description="If not, upper-face errors are a dash."
    )
    whole_image_valid: bool = Field(
        default=True, description="If not, whole-image errors are a dash."
    )
    frame_aligned: bool = Field(
        default=True, description="Whether its frames show the head poses that it is driven with."
    )
    hears_audio: bool = Field(
        default=True, description="If not, agreement of lips and sound is chance."
    )
    traps: tuple[str, ...] = Field(
        default=(), description="What goes wrong with it, one sentence each, for its page."
    )
    randomness: str = Field(default="", description="What is random, and how it is seeded.")
    contamination: dict[str, str] = Field(
        default_factory=dict, description="Data set that it was trained on, and how that is known."
    )
    published: tuple[PublishedNumbers, ...] = ()

    @property
    def beside(self) -> tuple[str, ...]:
        """Names of the files beside this one that it names, but for videos and their table."""
        return ()


class Declaration(Facts):
    """A system: what it is, what it runs in, what it wants, what it does, and what comes out."""

    audio_features: str = Field(
        default="", description="Of `tgbench list audio-encoders`, for the input 'features'."
    )
    environment: Environment
    resources: Resources = Resources()
    weights: dict[str, Annotated[WeightsFile, BeforeValidator(_as_weights)]] = Field(
        default_factory=dict,
        description="By name of `tgbench weights list`, the path in the checkout; or by another "
        "name a table with path and source.",
    )
    folders: Folders = Folders()
    inputs: Annotated[tuple[Input, ...], Field(min_length=1)]
    prepare: tuple[Stage, ...] = ()
    train: tuple[Stage, ...] = ()
    render: Annotated[tuple[Stage, ...], Field(min_length=1)]
    output: Output
    failures: tuple[KnownFailure, ...] = Field(
        default=(), description="Ways in which it is known to fail, beside those of all systems."
    )
    speed: Speed | None = None

    @property
    def beside(self) -> tuple[str, ...]:
        """Names of the files beside this one that it names: converters, and an environment's."""
        converters = [self.output.converter, *(each.converter for each in self.inputs)]
        modules = [text.partition(":")[0] for text in converters]
        named = [name for name in modules if name.endswith(".py")]
        if not self.environment.file.startswith("{checkout}/"):
            named.append(self.environment.file)
        return tuple(dict.fromkeys(filter(None, named)))

    @property
    def trains(self) -> bool:
        """Whether it is fitted to an identity."""
        return bool(self.train)

    @property
    def stages(self) -> dict[str, tuple[Stage, ...]]:
        """Its commands, by table of the file, in the order in which they run."""
        return {"prepare": self.prepare, "train": self.train, "render": self.render}

    def inputs_of(self, phase: Phase) -> list[Input]:
        """Return what is staged for fitting, or for rendering."""
        return [each for each in self.inputs if each.phase in (None, phase)]


F = TypeVar("F", bound=Facts)


def read_declaration(path: Path) -> Declaration:
    """Read the declaration of a system that is run, and check all of it.

    Raises:
        TgbenchError: it cannot be read, or something in it is wrong; the message names the place.
    """
    raw = read_toml(path)
    if "videos" in raw:
        raise TgbenchError(
            f"{path}: declares a system of which there are only videos; there is no program to run"
        )
    declaration = validated(path, raw, Declaration)
    for fault in faults(declaration):
        raise TgbenchError(f"{path}: {fault}")
    return declaration


def validated(path: Path, raw: dict[str, Any], model: type[F]) -> F:
    """Return what a file says as a declaration of a kind; each part is checked by itself.

    Raises:
        TgbenchError: something in it is wrong; the message names the place.
    """
    if "path" in raw:
        raise TgbenchError(f"{path}: unknown field path; a declaration does not name itself")
    return checked(path, raw, model, {"path": path.resolve()})
