"""A job as data: one fit, or one case to render and measure.

A job is a JSON file that says everything a process needs to do it, on this machine or another one
that sees the same folders. Its address is the hash of what it says, so equal jobs are the same job,
and doing it twice is doing it once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints

from ..driving.tags import NO_TAGS, TrackTags
from ..errors import TgbenchError
from ..files import hash_of, write_text
from ..inputs import read_bytes, reason
from .folders import JOBS
from .schema import Record, parse_record

JOB_SCHEMA_VERSION = 1
"""Grows when a field changes its meaning or goes; a reader refuses newer ones."""

_LARGEST = 1 << 20
_DIGITS = 16

# A name becomes a part of paths, so it leads nowhere else.
NAME = re.compile(r"\A[^./\\\x00-\x1f][^/\\\x00-\x1f]*\Z")
_Name = Annotated[str, StringConstraints(pattern=NAME)]
_Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class MethodJob(Record):
    """The method and its complete configuration."""

    name: _Name = Field(description="Name of the plug-in.")
    preset: str = Field(description="Preset the configuration started from.")
    config: dict[str, Any] = Field(description="Every setting, by name, but for places.")
    places: dict[str, Any] = Field(
        default_factory=dict,
        description="Settings that say where it is on this machine; no part of the address.",
    )
    changed: dict[str, Any] = Field(
        default_factory=dict,
        description="Settings that differ from the preset, for its title; no part of the address.",
    )
    source: str = Field(
        default="",
        description="Path of a system's declaration, where it does not come with a plug-in; no "
        "part of the address.",
    )
    code_sha256: _Hash = Field(description="Of the method's code; a job is of this code alone.")


class IdentityJob(Record):
    """Whose head it is."""

    name: _Name
    source: str = Field(description="Name of a built-in identity, or path of a prepared folder.")
    size: int = Field(ge=1, description="Side in pixels, for built-in identities.")
    sha256: _Hash = Field(description="Of the names and hashes of all its input files.")
    features: dict[str, _Hash] = Field(
        default_factory=dict,
        description="Hash of the clip's audio features where `sha256` does not cover them: of the "
        "file, or of the code of the encoder.",
    )


class CaseJob(Record):
    """What to render and to measure."""

    protocol: _Name
    protocol_version: str
    driver: _Name = Field(description="Short name of what drives, part of the result's path.")
    audio: tuple[str, ...] = Field(
        description="Driving sounds the protocol is given; empty for its own choice."
    )
    audio_sha256: _Hash = Field(description="Of the sound that drives this case.")
    audio_features: tuple[str, ...] = Field(
        description="Files of features of these sounds; empty where the encoder is run."
    )
    features_sha256: str = Field(description="Of the file of features in use; empty: none.")
    reads: dict[str, _Hash] = Field(
        default_factory=dict,
        description="Hashes of the files that the frames come from beside identity and sound.",
    )
    rules: dict[str, str] = Field(
        default_factory=dict, description="Of the protocol, where they are not the usual ones."
    )
    tags: TrackTags = Field(default=NO_TAGS, description="What is declared of the sound.")
    metrics: tuple[_Name, ...] = Field(description="Names, in table order.")
    landmarks: str = Field(description="The detector of landmarks.")
    through_codec: bool = Field(
        description="Whether frames are measured as they come out of an H.264 file."
    )
    floor: bool = Field(default=False, description="Whether the noise floor is measured, too.")
    label: bool = Field(description="Whether the video carries the visible label.")
    keep_frames: bool = Field(description="Whether frames are kept as images, too.")


class JobNeeds(Record):
    """What a job needs of the machine that does it: where and when it runs, not what it is."""

    cpus: int = Field(default=0, ge=0, description="Cores; 0: the executor's choice.")
    gpus: int = Field(default=0, ge=0, description="Devices, which it has for itself.")
    memory_gb: float = Field(
        default=0.0, ge=0.0, description="Main memory at the peak, in 10^9 bytes; 0: not known."
    )
    seconds: float = Field(
        default=0.0, ge=0.0, description="After which it is stopped as failed; 0: no limit."
    )
    exclusive: bool = Field(
        default=False, description="Whether no other job may run on the machine meanwhile."
    )


class JobSpec(Record):
    """One fit, one case that needs a fit, or the timing of a case apart from all else."""

    schema_version: int = JOB_SCHEMA_VERSION
    tgbench_version: str
    kind: Literal["fit", "case", "timing"]
    method: MethodJob
    identity: IdentityJob
    train: tuple[int, int] = Field(description="Training frames, end exclusive.")
    test: tuple[int, int] = Field(description="Held-out frames, end exclusive.")
    seed: int
    device: Annotated[str, StringConstraints(pattern=r"^(cpu|cuda)$")]
    case: CaseJob | None = Field(default=None, description="Null for a fit.")
    fresh: str = Field(
        default="",
        description="Token of a run with --fresh: fits and results without it do not count.",
    )
    shared_machine: bool = Field(
        default=False,
        description="Whether other jobs may run on the same machine at the same time, so that "
        "times are not those of the job alone.",
    )
    timing_apart: bool = Field(
        default=False,
        description="Whether rendering is timed by a job of kind 'timing', which runs alone.",
    )
    depends_on: tuple[_Hash, ...] = Field(
        default=(), description="Addresses of jobs whose outputs this one needs."
    )
    needs: JobNeeds = Field(
        default=JobNeeds(), description="Of the machine; no part of the address."
    )
    out: str = Field(description="Absolute path of the folder of results; no part of the address.")
    command: str = Field(
        default="", description="What the user typed, for the log; no part of the address."
    )

    @cached_property
    def address(self) -> str:
        """SHA-256 of what the job is, wherever its output goes."""
        what = self.model_dump(mode="json", exclude={"out", "command", "needs"})
        for elsewhere in ("places", "changed", "source"):
            del what["method"][elsewhere]
        return hash_of(what)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with other values, and so with an address of its own."""
        copy = super().model_copy(update=update, deep=deep)
        copy.__dict__.pop("address", None)
        return copy

    @property
    def title(self) -> str:
        """The job in a few words."""
        who = f"{titled(self.method.name, self.method.changed)} on {self.identity.name}"
        what = "fit" if self.case is None else f"{self.case.protocol}, {self.case.driver}"
        timing = ", timing" if self.kind == "timing" else ""
        return f"{who}, {what}{timing}, seed {self.seed}"

    @property
    def file(self) -> Path:
        """Where a process of its own finds it."""
        return Path(self.out) / JOBS / file_name(self.address)

    def write(self) -> Path:
        """Write the job atomically and return its path."""
        write_text(self.file, self.model_dump_json(indent=2) + "\n")
        return self.file


def titled(method: str, changed: Mapping[str, Any]) -> str:
    """Return a method with the settings that tell it from its preset."""
    words = ", ".join(f"{key}={changed[key]}" for key in sorted(changed))
    return f"{method} ({words})" if words else method


def file_name(address: str) -> str:
    """Return the name of the file of the job with an address."""
    return f"{address[:_DIGITS]}.json"


def read_job(path: Path) -> JobSpec:
    """Read a job.

    Raises:
        TgbenchError: the file cannot be read, is no job, or is of a newer version.
    """
    remedy = "make it again with `tgbench run --jobs`"
    try:
        text = read_bytes(path, _LARGEST)
    except OSError as error:
        raise TgbenchError(f"{path}: cannot be read ({reason(error)}); {remedy}") from error
    except ValueError as error:
        raise TgbenchError(f"{path}: is no job ({error}); {remedy}") from error
    job = parse_record(JobSpec, text, str(path), JOB_SCHEMA_VERSION, "job", remedy)
    if (job.kind == "fit") != (job.case is None):
        raise TgbenchError(f"{path}: is no job (kind '{job.kind}' and 'case' disagree); {remedy}")
    return job
