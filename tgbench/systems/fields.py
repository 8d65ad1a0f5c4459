"""The tables of a declaration, field by field; `docs/extend/declaration.md` is made of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ..toml_files import Table
from .rules import Converter, PlainPath, Text, Variable
from .spec import NAME

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

    kind: Literal["interpreter", "conda", "docker", "podman", "apptainer"] = Field(
        description="What it is."
    )
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
    variables: dict[Variable, Text] = Field(
        default_factory=dict, description="Environment variables of all commands."
    )
    remedy: str = Field(default="", description="How to make it, in a line, where it is missing.")


class Resources(Table):
    """What one job takes."""

    gpus: int = Field(
        default=1,
        ge=0,
        description="GPUs. Where nothing is said, a job has one only with `--device cuda`.",
    )
    cpus: int = Field(default=1, ge=1, description="Cores.")
    memory_gb: float = Field(default=16.0, gt=0, description="Main memory at the peak.")
    disk_gb: float = Field(default=5.0, gt=0, description="Free space for a fit.")


class WeightsFile(Table):
    """A pretrained file in the checkout: of the weight store, or one that the user puts there."""

    path: PlainPath = Field(description="In the checkout.")
    source: str = Field(
        default="", description="Where it can be had, for a file that the weight store lacks."
    )
    sha256: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = Field(
        default="", description="Of the file; another file is noted in results."
    )
    licence: str = Field(default="", description="Of the file.")


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

    what: What = Field(
        description="What of it; `identity` is the whole folder of AD-NeRF's layout."
    )
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
        default=None, ge=1, description="Samples, or frames, a second; by default the identity's."
    )
    size: tuple[int, int] | None = Field(
        default=None, description="Width and height in pixels; by default the identity's."
    )
    format: Literal["mp4", "avi", "png", "jpg", "wav", "npy", "csv"] | None = Field(
        default=None, description="Of the file; by default what its name ends in."
    )
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
    converter: Converter = Field(
        default="",
        description="'module:function', or 'file.py:function' beside this file, that is called "
        "with the folder `{identity}` after everything is in it, and adds what else the system "
        "wants.",
    )


class Stage(Table):
    """One command, done once; a stage that finished is not repeated."""

    name: Annotated[str, StringConstraints(pattern=NAME)] = Field(
        description="Small letters, digits, `-` and `_`; each stage has another one."
    )
    command: Annotated[tuple[Text, ...], Field(min_length=1)] = Field(
        description="The program and its arguments, a list of words."
    )
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
    variables: dict[Variable, Text] = Field(
        default_factory=dict, description="Environment variables."
    )
    time_limit: float = Field(default=24 * _HOUR, gt=0, description="Seconds.")


class Speed(Table):
    """How the system's frames a second were measured; without it they are a dash."""

    measured: str = Field(description="How, in words: what is timed and what is not.")
    pattern: str = Field(
        default="",
        description="Regular expression of a line of the log; its group is frames a second. "
        "Empty: the frames divided by the time of the render commands, which is `fps_best`.",
    )


class Output(Table):
    """What rendering leaves, and how it becomes the frames of the suite."""

    kind: Literal["video", "images"]
    path: PlainPath = Field(
        description="Of the video, or of the images, in the work folder; may hold `{name}` and "
        "wildcards. Exactly one video may match; images are sorted by the numbers in their names."
    )
    audio: bool = Field(default=False, description="Whether the video has sound.")
    fps: float = Field(default=25.0, ge=1, le=1000, description="Frames a second of the output.")
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
        description="'exact': as many frames as the case; 'truncated': what is more is left out at "
        "the end; 'mirrored': likewise, and a few that lack there run backwards.",
    )
    first_frame: int = Field(
        default=0, ge=0, description="Frames at the start that are not part of the result."
    )
    colour_range: Literal["as tagged", "limited", "full"] = Field(
        default="as tagged", description="Of the pixels, where the file names a wrong one."
    )
    converter: Converter = Field(
        default="",
        description="'module:Class', or 'file.py:Class' beside this file, that turns the output "
        "into frames where these rules do not suffice.",
    )
    largest_gb: float = Field(default=20.0, gt=0, description="More output stops the command.")


class PublishedNumbers(Table):
    """A row of a paper's table."""

    source: Annotated[str, StringConstraints(min_length=1)] = Field(
        description="The paper, or the page."
    )
    table: str = Field(default="", description="Number of its table.")
    protocol: str = Field(
        default="self_reconstruction", description="The one of tgbench that comes closest."
    )
    identity: str = Field(default="mean", description="Whose head it is, as printed.")
    driver: str = Field(default="", description="What drives it, as printed.")
    metrics: dict[str, float] = Field(description="By name of `tgbench list metrics`.")
