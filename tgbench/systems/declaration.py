"""What a system's declaration says: one TOML file, checked completely when it is read.

`docs/extend/declaration.md` describes the file for its authors. `tgbench.systems.spec` reads the
few facts that listing needs without pydantic.
"""

from __future__ import annotations

import difflib
import tomllib
import typing
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

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
from .known_failures import KnownFailure, Table
from .rules import NAME, PlainPath, Text, faults

LARGEST_DECLARATION = MEBIBYTE
_HOUR = 3600.0

Phase = Literal["fit", "render"]
What = Literal[
    "identity",
    "video",
    "frames",
    "image",
    "audio",
    "features",
    "action_units",
    "background",
    "landmarks",
]


class Environment(Table):
    """What the commands run in. The word `python` at the start of one is its interpreter."""

    kind: Literal["interpreter", "conda", "docker", "podman", "apptainer"]
    interpreter: str = Field(
        default="",
        description="Path of Python, for kind 'interpreter'; empty: `--set environment=PATH`.",
    )
    file: str = Field(
        default="",
        description="Environment file of conda: beside this file, or `{checkout}/...`.",
    )
    image: str = Field(
        default="",
        description="Of a container: `name@sha256:...`, or the path of a `.sif` file.",
    )
    python: str = Field(default="", description="Version that the authors name.")
    packages: tuple[str, ...] = Field(
        default=(), description="Requirements that fix the versions, such as `torch==1.12.1`."
    )
    programs: tuple[str, ...] = Field(
        default=(), description="Other programs that must be on the path, such as `ffmpeg`."
    )
    variables: dict[str, Text] = Field(
        default_factory=dict, description="Environment variables of all commands."
    )
    remedy: str = Field(default="", description="How to make it, in a line, where it is missing.")


class Resources(Table):
    """What one job takes."""

    gpus: int = Field(default=1, ge=0)
    cpus: int = Field(default=1, ge=1)
    memory_gb: float = Field(default=16.0, gt=0)
    disk_gb: float = Field(default=5.0, gt=0, description="Free space for a fit.")


class WeightsFile(Table):
    """A pretrained file in the checkout: of the weight store, or one that the user puts there."""

    path: PlainPath = Field(description="In the checkout.")
    source: str = Field(
        default="", description="Where it can be had, for a file that the weight store lacks."
    )
    sha256: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = ""
    licence: str = ""


class Folders(Table):
    """How the work folder looks before the first command."""

    identity: PlainPath = Field(
        default="identity", description="Of the inputs, in the work folder; may hold `{name}`."
    )
    links: tuple[PlainPath, ...] = Field(
        default=(), description="Parts of the checkout that are linked into the work folder."
    )
    made: tuple[PlainPath, ...] = Field(default=(), description="Empty folders to make.")


class Input(Table):
    """Something of the identity, or of what drives it, that is put into the folder `{identity}`."""

    what: What
    name: PlainPath = Field(
        default=".",
        description="File or folder in `{identity}`; may hold `{name}`, and `%d` for frames.",
    )
    phase: Phase | None = Field(default=None, description="Only for fitting or rendering.")
    shows: Literal["backdrop", "truth"] = Field(
        default="backdrop",
        description="What images show in rendering: the torso over the plate, or the true frame. "
        "Images for fitting are always true frames, of the training part.",
    )
    rate: float | None = Field(
        default=None, gt=0, description="Samples, or frames, a second; by default the identity's."
    )
    size: tuple[int, int] | None = Field(
        default=None, description="Width and height in pixels; by default the identity's."
    )
    format: Literal["mp4", "avi", "png", "jpg", "wav", "npy", "csv"] | None = None
    leading_blanks: bool = Field(
        default=False, description="Whether columns of action units begin with a blank."
    )
    sound: bool = Field(
        default=False, description="Whether a video holds the sound of its frames, as AAC."
    )
    silence: float = Field(
        default=0.0,
        ge=0,
        le=5,
        description="Seconds of silence after the sound, for a system that makes fewer frames "
        "than its sound has; what it makes of them is cut off.",
    )
    converter: str = Field(
        default="",
        description="'module:function', or 'file.py:function' beside this file, that is called "
        "with the folder `{identity}` after everything is in it, and adds what else the system "
        "wants.",
    )


class Stage(Table):
    """One command, done once; a stage that finished is not repeated."""

    name: Annotated[str, StringConstraints(pattern=NAME)]
    command: Annotated[tuple[Text, ...], Field(min_length=1)]
    folder: Text = Field(default="{checkout}", description="Where the command runs.")
    needs: tuple[Text, ...] = Field(
        default=(),
        description="Paths, relative to the work folder or `{checkout}/...`, that must be there.",
    )
    makes: tuple[PlainPath, ...] = Field(
        default=(), description="Patterns in the work folder that match something afterwards."
    )
    copies: dict[PlainPath, PlainPath] = Field(
        default_factory=dict,
        description="Before the command: newest match of a pattern to a path, in the work folder.",
    )
    files: dict[PlainPath, Text] = Field(
        default_factory=dict, description="Text files written into the work folder before it."
    )
    variables: dict[str, Text] = Field(default_factory=dict, description="Environment variables.")
    time_limit: float = Field(default=24 * _HOUR, gt=0, description="Seconds.")


class Speed(Table):
    """How the system's frames a second were measured; without it they are a dash."""

    measured: str = Field(description="How, in words: what is timed and what is not.")
    pattern: str = Field(
        default="",
        description="Regular expression of a line of the log; its group is frames a second. "
        "Empty: the frames divided by the time of the render commands.",
    )


class Output(Table):
    """What rendering leaves, and how it becomes the frames of the suite."""

    kind: Literal["video", "images"]
    path: PlainPath = Field(
        description="Of the video, or of the images, in the work folder; may hold `{name}` and "
        "wildcards. Exactly one video may match; images are sorted by the numbers in their names."
    )
    audio: bool = Field(default=False, description="Whether the video has sound.")
    fps: float = Field(default=25.0, gt=0)
    crop: tuple[float, float, float, float] | None = Field(
        default=None,
        description="Left, top, right, bottom as shares of width and height, such as the right "
        "half: [0.5, 0, 1, 1].",
    )
    size: Literal["same", "resized"] = Field(
        default="same", description="'resized': brought to the size of the identity."
    )
    length: Literal["exact", "truncated", "mirrored"] = Field(
        default="exact",
        description="'truncated': both are cut to the shorter; 'mirrored': a short one runs back.",
    )
    first_frame: int = Field(
        default=0, ge=0, description="Frames at the start that are not part of the result."
    )
    colour_range: Literal["as tagged", "limited", "full"] = "as tagged"
    converter: str = Field(
        default="",
        description="'module:Class', or 'file.py:Class' beside this file, that turns the output "
        "into frames where these rules do not suffice.",
    )
    largest_gb: float = Field(default=20.0, gt=0, description="More output stops the command.")


class PublishedNumbers(Table):
    """A row of a paper's table."""

    source: Annotated[str, StringConstraints(min_length=1)]
    table: str = ""
    protocol: str = "self_reconstruction"
    identity: str = "mean"
    driver: str = ""
    metrics: dict[str, float] = Field(description="By name of `tgbench list metrics`.")


def _as_weights(value: object) -> object:
    """Return the table that a bare path stands for."""
    return {"path": value} if isinstance(value, str) else value


class Facts(Table):
    """What any system's declaration says, whether there are its programs or only videos."""

    path: Path = Field(description="Of this file.", strict=False)
    name: Annotated[str, StringConstraints(pattern=NAME)]
    title: str = ""
    summary: Annotated[str, StringConstraints(min_length=1)]
    paper: Annotated[str, StringConstraints(min_length=1)]
    repository: str = ""
    commit: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{7,40})?$")] = ""
    licence: Annotated[str, StringConstraints(min_length=1)]
    permits: str = Field(default="", description="What the licence allows, in words.")
    composite_mode: Annotated[CompositeMode, Field(strict=False)]
    leaked_conditions: tuple[Annotated[LeakedCondition, Field(strict=False)], ...] = ()
    moves_upper_face: bool = True
    whole_image_valid: bool = True
    frame_aligned: bool = Field(
        default=True, description="Whether its frames show the head poses that it is driven with."
    )
    hears_audio: bool = True
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
    except ValueError as error:
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
    message = first["msg"].removeprefix("Value error, ")
    return f"{place}: {message}"


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


def _table_in(kind: Any) -> type[Table] | None:
    """Return the table that a type is, or is made of."""
    if isinstance(kind, type) and issubclass(kind, Table):
        return kind
    return next(filter(None, map(_table_in, typing.get_args(kind))), None)
