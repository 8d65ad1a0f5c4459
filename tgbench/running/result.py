"""The result of one case: the only thing that reports read.

Every field documents itself; `tgbench schema` prints the JSON Schema.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import FailFast, Field

from ..driving.tags import NO_TAGS, TrackTags
from ..errors import TgbenchError
from ..files import write_text
from ..identities.card import Card
from ..inputs import read_bytes, reason
from .replacing import is_passing
from .schema import ConditionText, Damaged, Record, parse_record

SCHEMA_VERSION = 1
"""Grows when a field changes its meaning or goes; a reader refuses newer ones."""

SCORES_SCHEMA_VERSION = 2
"""Of what `tgbench score` writes; grows likewise."""

RESULT_FILE = "result.json"
SCORES_FILE = "scores.json"
FRAMES_FILE = "frames.parquet"
FACES_FILE = "faces.parquet"
LARGEST_RESULT = 512 << 10
"""Bytes of a `result.json`: what is small for a file may take much memory to parse."""
VIDEO_FILE = "video.mp4"
TARGET_FILE = "target.mp4"
ERROR_FILE = "error.mp4"
LOG_FILE = "log.txt"
FRAMES_FOLDER = "frames"
CASE_FILES = frozenset(
    {
        *(RESULT_FILE, FRAMES_FILE, FACES_FILE, VIDEO_FILE, TARGET_FILE, ERROR_FILE),
        FRAMES_FOLDER,
    }
)
"""What a run writes into the folder of a case, and replaces as a whole; the log goes on."""


class IntervalRecord(Record):
    """Where the mean over all such frames may lie."""

    low: float = Field(description="Lower end, in the unit of the value.")
    high: float = Field(description="Upper end, in the unit of the value.")
    level: float = Field(description="Share of such intervals that hold the true mean.")
    method: str = Field(description="How it was found.")


class MetricRecord(Record):
    """What one metric found, or why it found nothing."""

    value: float | None = Field(description="The number; null where it was not measured.")
    status: Literal["measured", "unavailable", "unscored"] = Field(
        description="'unavailable': cannot be measured here; 'unscored': no frame could be scored."
    )
    reason: str = Field(default="", description="Why there is no number, and what to do.")
    scored: int = Field(ge=0, description="Frames that count in the value.")
    total: int = Field(ge=0, description="Frames that were offered.")
    unit: str = Field(default="", description="Unit of the value.")
    direction: Literal["higher", "lower", "one", "none"] = Field(description="Which way is better.")
    measured_by: str = Field(
        default="",
        description="Backend, version, variant. Values compare only where these agree.",
    )
    interval: IntervalRecord | None = Field(
        default=None,
        description="Of the mean over frames; null where the value is no such mean, or too few "
        "frames were scored.",
    )
    details: dict[str, Any] = Field(default_factory=dict, description="Further numbers.")


class SystemRecord(Record):
    """Where a system comes from that runs outside of tgbench."""

    title: str = Field(description="As papers print it.")
    paper: str = Field(default="", description="That describes it.")
    repository: str = Field(default="", description="Of its code.")
    commit: str = Field(default="", description="That its declaration is for.")
    commit_found: str = Field(
        default="", description="Of the checkout that ran; empty: it was no git checkout."
    )
    changed_files: Annotated[list[str], FailFast()] = Field(
        default_factory=list, description="Files of the checkout that differed from that commit."
    )
    licence: str = Field(default="", description="Of its code.")
    permits: str = Field(default="", description="What the licence allows.")
    environment: str = Field(default="", description="What its commands ran in.")
    weights: dict[str, str] = Field(
        default_factory=dict, description="SHA-256 of its pretrained files, by name."
    )
    contamination: dict[str, str] = Field(
        default_factory=dict, description="Data sets that it was trained on, and how that is known."
    )
    randomness: str = Field(default="", description="What is random, and how it is seeded.")
    training_time: str = Field(default="", description="What its training time is the time of.")
    speed: str = Field(default="", description="How its frames a second were measured.")


class MethodRecord(Record):
    """What was run, with everything that shapes its output."""

    name: str = Field(description="Name of the plug-in.")
    preset: str = Field(description="Preset the configuration started from.")
    config: dict[str, Any] = Field(description="The complete configuration.")
    config_hash: str = Field(description="SHA-256 of the configuration.")
    composite_mode: str = Field(
        description="What a frame is made of; image metrics compare only within one mode."
    )
    leaked_conditions: Annotated[list[ConditionText], FailFast()] = Field(
        description="What of the truth the method is given when it renders."
    )
    whole_image_valid: bool = Field(description="Whether whole-image metrics mean anything.")
    moves_upper_face: bool = Field(description="Whether upper-face errors mean anything.")
    hears_audio: bool | None = Field(
        default=None,
        description="Whether the sound changes its frames; if not, any agreement of lips and sound "
        "is chance. Null in results of versions that did not say.",
    )
    notes: Annotated[list[str], FailFast()] = Field(
        default_factory=list,
        description="What training left out, and what rendering left out or repeated.",
    )
    reads: dict[str, str] = Field(
        default_factory=dict,
        description="SHA-256 of the files that the frames come from beside the identity and the "
        "sound, such as a finished video, by name.",
    )
    distribution: str = Field(
        default="", description="Installed package of the method, with its version."
    )
    code_sha256: str = Field(
        default="",
        description="Of that package's name and version and the method's Python files; empty in "
        "results of versions that did not look. Other code is another method.",
    )
    system: SystemRecord | None = Field(
        default=None, description="Where it comes from; null for a method that runs in tgbench."
    )


class ProtocolRecord(Record):
    """The evaluation setting."""

    name: str = Field(description="Name of the plug-in.")
    version: str = Field(description="Changes whenever results of the same method would.")
    rules: dict[str, str] = Field(
        default_factory=dict,
        description="How sound and poses met, where the protocol has such rules; empty in results "
        "of versions that did not say.",
    )


class IdentityRecord(Record):
    """Whose head it is."""

    name: str = Field(description="A built-in person, or the name of the folder.")
    frames: int = Field(ge=0, description="Frames in the clip.")
    width: int = Field(ge=0, description="Of the frames, in pixels.")
    height: int = Field(ge=0, description="Of the frames, in pixels.")
    card: Card | None = Field(
        default=None, description="What its owner declares of it; null: it has no card."
    )
    fps: float = Field(default=25.0, gt=0, description="Frames a second of the clip.")
    sha256: str = Field(description="Of the names and hashes of all input files.")
    files: dict[str, str] = Field(
        description="SHA-256 of the clip's tables, sound and audio features in use; frames are in "
        "`sha256` only."
    )


class DriverRecord(Record):
    """What drives the head."""

    name: str = Field(description="Short name, part of the result's path.")
    audio: str = Field(description="File name of the driving sound.")
    sha256: str = Field(description="Of the driving sound.")
    seconds: float = Field(description="Length of the driving sound.")
    encoder: str = Field(default="mel", description="Audio encoder whose features drive the head.")
    features: str = Field(
        default="",
        description="File name of those features; empty where the encoder was run on the sound.",
    )
    features_sha256: str = Field(default="", description="Of that file.")
    tags: TrackTags = Field(default=NO_TAGS, description="What is declared of the sound.")
    features_made_with: dict[str, str] = Field(
        default_factory=dict,
        description="Weights with their SHA-256, layer and package versions of the encoder; empty "
        "where it has none, or where the file does not say.",
    )


class ViewRecord(Record):
    """Where the cameras were, beside those of the clip; angles in degrees."""

    name: str = Field(description="Short name.")
    yaw: float = Field(description="Around the head's vertical axis, to the person's left.")
    pitch: float = Field(description="Around the head's lateral axis, upwards.")
    half_angle: float = Field(description="Of the cone on which they circled; 0: they did not.")
    distance: float = Field(gt=0, description="From the head, as a multiple of the filming one.")
    notes: Annotated[list[str], FailFast()] = Field(
        default_factory=list, description="How far they went beyond what training frames show."
    )


class SplitRecord(Record):
    """Frame ranges, end exclusive."""

    train: tuple[int, int] = Field(description="Frames that a method is fitted on.")
    test: tuple[int, int] = Field(description="Frames that are held out.")


class SpeedRecord(Record):
    """Frames made against the clock, in one way of asking for them."""

    batch: int = Field(ge=0, description="Frames of each request.")
    frames: int = Field(ge=0, description="Frames timed, over all repeats.")
    repeat_frames: Annotated[list[int], FailFast()] = Field(description="Frames of each repeat.")
    repeat_seconds: Annotated[list[float], FailFast()] = Field(
        description="Wall time of each repeat."
    )


class MachineRecord(Record):
    """A machine, as far as it decides how fast something is."""

    node: str = Field(default="", description="Its name; empty in records that did not say.")
    cpu: str = Field(description="Model of the processor.")
    cores: int = Field(description="Processor cores that the process may use.")
    device: str = Field(description="What computed: 'cpu' or 'cuda'.")
    gpu: str | None = Field(default=None, description="Model of the GPU; null: none was used.")
    exclusive: bool | None = Field(
        default=None,
        description="Whether no other job of tgbench was to run there meanwhile; null in records "
        "that did not say.",
    )

    @property
    def kind(self) -> tuple[str, str, int, str | None]:
        """What is equal for machines on which times may be compared."""
        return self.device, self.cpu, self.cores, self.gpu


class TimingRecord(Record):
    """How long it took and how that was measured."""

    training_seconds: float | None = Field(description="All stages; null: nothing was trained.")
    training_iterations: dict[str, int] = Field(
        default_factory=dict, description="Optimiser steps, by stage."
    )
    trained_on: MachineRecord | None = Field(
        default=None,
        description="Where training ran, which may be another node; null in results of versions "
        "that did not say.",
    )
    timed_on: MachineRecord | None = Field(
        default=None,
        description="Where rendering was timed by a job of its own; null: where it was measured.",
    )
    fps_protocol: str = Field(description="How, and on what, rendering was timed.")
    rendering: Annotated[list[SpeedRecord], FailFast()] = Field(
        default_factory=list, description="By size of the requests, one frame each first."
    )
    end_to_end: SpeedRecord | None = Field(
        default=None, description="From the sound to the encoded video."
    )
    render_seconds: float = Field(description="Wall time of rendering, scoring and writing.")
    peak_memory_mb: float = Field(description="Largest resident memory of the process so far.")


class EnvironmentRecord(MachineRecord):
    """Where it ran."""

    python: str = Field(description="Version.")
    platform: str = Field(description="Operating system and processor type.")
    packages: dict[str, str] = Field(description="Versions of what takes part in numbers.")
    git_commit: str | None = Field(description="Of the suite's checkout, where there is one.")
    git_dirty: bool | None = Field(
        default=None, description="Whether that checkout had changes that are not committed."
    )


class Result(Record):
    """One case, measured."""

    schema_version: int = Field(
        default=SCHEMA_VERSION, description="Grows when a field changes its meaning or goes."
    )
    tgbench_version: str = Field(description="Version of tgbench that measured.")
    created: str = Field(description="UTC, ISO 8601.")
    case_key: str = Field(
        description="SHA-256 of everything that determines the outcome: method configuration, "
        "protocol version, inputs, seed, device kind. Equal keys mean the same experiment."
    )
    method: MethodRecord
    protocol: ProtocolRecord
    identity: IdentityRecord
    driver: DriverRecord
    split: SplitRecord
    view: ViewRecord | None = Field(
        default=None, description="From where the head is seen; null: from where it was filmed."
    )
    seed: int = Field(description="Of every random choice.")
    frames: int = Field(ge=0, description="Frames rendered.")
    labelled: bool = Field(
        default=True, description="Whether the video carries the visible 'synthetic' label."
    )
    fresh: str = Field(
        default="", description="Token of the run with --fresh that measured it; empty: none."
    )
    metrics: dict[str, MetricRecord] = Field(
        description="What each metric found, by its name; an absent metric was not asked for."
    )
    timing: TimingRecord
    environment: EnvironmentRecord
    files: dict[str, str] = Field(
        default_factory=dict,
        description="SHA-256 of the files beside this one, 'frames': of the hashes of the frames "
        "that are kept as images; empty in results of versions that did not look.",
    )


def write_result(folder: Path, result: Result) -> Path:
    """Write a result atomically and return its path."""
    path = folder / RESULT_FILE
    write_text(path, result.model_dump_json(indent=2) + "\n")
    return path


def read_result(path: Path) -> Result:
    """Read one `result.json`.

    Raises:
        Damaged: cut short, or not a result.
        TgbenchError: unreadable, or of a newer schema.
    """
    try:
        text = read_bytes(path, LARGEST_RESULT)
    except OSError as error:
        raise TgbenchError(
            f"{path}: cannot be read ({reason(error)}); make it a file that you can read"
        ) from error
    except ValueError as error:
        raise Damaged(f"{path}: cannot be read ({error})", "run the case again") from error
    return parse_result(text, str(path))


def parse_result(text: str | bytes, where: str) -> Result:
    """Return what a `result.json` says.

    Args:
        text: of the file.
        where: it is from, for messages.

    Raises:
        Damaged: cut short, or not a result.
        TgbenchError: of a newer schema.
    """
    return parse_record(
        Result, text, where, SCHEMA_VERSION, "result of tgbench", "run the case again"
    )


def result_paths(folder: Path, name: str = RESULT_FILE) -> list[Path]:
    """Return every file of a name at or below a folder, sorted.

    Raises:
        TgbenchError: a folder cannot be looked into.
    """

    def refuse(error: OSError) -> None:
        raise TgbenchError(
            f"{error.filename}: cannot be looked into ({error.strerror}); make it readable for you"
        ) from error

    found = []
    for place, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = [below for below in folders if not is_passing(below)]
        if name in files:
            found.append(Path(place) / name)
    return sorted(found)


def read_results(folder: Path) -> Iterator[tuple[Path, Result]]:
    """Yield every result at or below a folder with its path.

    Raises:
        TgbenchError: there is none, or one cannot be read.
    """
    paths = result_paths(folder) if folder.is_dir() else []
    if not paths:
        raise TgbenchError(f"{folder}: holds no results; make some with `tgbench run`")
    for path in paths:
        yield path, read_result(path)
