"""What a system's declaration says: one TOML file, checked completely when it is read.

`docs/extend/declaration.md` describes the file for its authors. `tgbench.systems.spec` reads the
few facts that listing needs without pydantic.
"""

from __future__ import annotations

import difflib
import tomllib
import typing
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationError,
)

from ..errors import TgbenchError
from ..inputs import MEBIBYTE, read_text, reason
from ..specs import CompositeMode, LeakedCondition
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
from .known_failures import KnownFailure, Table
from .plain_words import in_plain_words
from .rules import faults
from .spec import NAME

LARGEST_DECLARATION = MEBIBYTE


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


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file says.

    Raises:
        TgbenchError: it cannot be read.
    """
    try:
        return tomllib.loads(read_text(path, LARGEST_DECLARATION))
    except OSError as error:
        raise TgbenchError(f"{path}: cannot be read ({reason(error)})") from error
    except (ValueError, RecursionError) as error:
        raise TgbenchError(f"{path}: is not TOML ({reason(error)})") from error


def validated(path: Path, raw: dict[str, Any], model: type[F]) -> F:
    """Return what a file says as a declaration of a kind; each part is checked by itself.

    Raises:
        TgbenchError: something in it is wrong; the message names the place.
    """
    if "path" in raw:
        raise TgbenchError(f"{path}: unknown field path; a declaration does not name itself")
    try:
        return model.model_validate({**_as_tuples(raw), "path": path.resolve()})
    except ValidationError as error:
        raise TgbenchError(f"{path}: {_explained(error, model)}") from error


def _as_tuples(value: Any) -> Any:
    """Return lists as tuples, which strict fields take."""
    if isinstance(value, dict):
        return {key: _as_tuples(part) for key, part in value.items()}
    return tuple(map(_as_tuples, value)) if isinstance(value, list) else value


def _explained(error: ValidationError, model: type[BaseModel]) -> str:
    """Return the first fault in one line, with its place and the nearest field's name."""
    # A misspelt field is often the reason why another one is missing.
    first = min(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
    place = _place(first["loc"])
    if first["type"] == "extra_forbidden":
        field = str(first["loc"][-1])
        known = _fields_at(first["loc"][:-1], model)
        near = difflib.get_close_matches(field, known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known)}"
        return f"unknown field {place}; {hint}"
    if first["type"] == "missing":
        return f"{place} is missing"
    return f"{place}: {in_plain_words(first, _kind_at(first['loc'], model))}"


def _place(location: tuple[int | str, ...]) -> str:
    """Return where in the file something is, such as `render.1.command`."""
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in location)


def _fields_at(location: tuple[int | str, ...], model: type[BaseModel]) -> list[str]:
    """Return the names of the fields that a table of the file can have."""
    for part in location:
        field = model.model_fields.get(part) if isinstance(part, str) else None
        inner = _table_in(field.annotation) if field is not None else None
        model = inner or model
    return [name for name in model.model_fields if name != "path"]


def _kind_at(location: tuple[int | str, ...], model: type[BaseModel]) -> Any:
    """Return the type that something in the file is to have; None where that is not known."""
    kind: Any = model
    for part in location:
        table = _table_in(kind)
        if table is not None and part in table.model_fields:
            kind = table.model_fields[str(part)].annotation
        else:
            kind = next((inner for inner in typing.get_args(kind) if inner is not type(None)), None)
    return kind


def _table_in(kind: Any) -> type[Table] | None:
    """Return the table that a type is, or is made of."""
    if isinstance(kind, type) and issubclass(kind, Table):
        return kind
    return next(filter(None, map(_table_in, typing.get_args(kind))), None)
