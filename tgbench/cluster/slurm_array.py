"""An array of SLURM as a file: which task does which jobs, and what became of them.

OUT/jobs/slurm-<token>.json     the array
OUT/jobs/slurm-<token>.sh       its script
OUT/jobs/slurm-<token>-<n>.log  what task n says
OUT/jobs/<address>.end          what became of a job
"""

from __future__ import annotations

import platform
import secrets
from pathlib import Path

from pydantic import Field

from ..errors import TgbenchError
from ..files import write_text
from ..inputs import read_bytes, reason
from ..running.schema import Record, parse_record
from .slurm_queue import Queued

_SCHEMA_VERSION = 1
_LARGEST = 64 << 20
_LARGEST_END = 1 << 16
_END = ".end"


class Array(Record):
    """Tasks that were handed over to SLURM together."""

    schema_version: int = _SCHEMA_VERSION
    token: str = Field(pattern="^[0-9a-f]{8}$", description="Tells it from others.")
    number: str = Field(
        default="", pattern="^[0-9]*$", description="SLURM's of the job; empty: not known yet."
    )
    cluster: str = Field(
        default="", pattern=r"^[\w.-]*$", description="That it was handed over to, where it says."
    )
    site: str = Field(
        default="",
        pattern=r"^[\w.-]*$",
        description="The cluster of the machine that handed it over; empty: not known.",
    )
    program: list[str] = Field(description="Command of a job, without its file.")
    cpus: int = Field(ge=1, description="Cores that a job keeps busy.")
    tasks: list[list[str]] = Field(
        description="Names of job files, without suffix, by task, in the order they are done."
    )

    @classmethod
    def new(cls, program: list[str], cpus: int, tasks: list[list[str]], site: str) -> Array:
        """Return one that is not handed over yet."""
        token = secrets.token_hex(4)
        return cls(token=token, program=program, cpus=cpus, tasks=tasks, site=site)

    @property
    def name(self) -> str:
        """Of the job in the queue, and of its files."""
        return f"slurm-{self.token}"

    @property
    def queued(self) -> Queued:
        """How it is known in the queue."""
        return Queued(self.number, self.name, self.cluster)

    def write(self, folder: Path) -> Path:
        """Write it, and return the path."""
        path = folder / f"{self.name}.json"
        write_text(path, self.model_dump_json() + "\n")
        return path


class End(Record):
    """What became of a job."""

    problem: str = Field(description="Why it failed, in one line; empty: it is done.")
    node: str = Field(description="Where it ran.")


def read_array(path: Path) -> Array:
    """Read an array.

    Raises:
        TgbenchError: it cannot be read, or is damaged.
    """
    remedy = "remove it if none of its jobs is in the queue"
    try:
        text = read_bytes(path, _LARGEST)
    except (OSError, ValueError) as error:
        raise TgbenchError(f"{path}: cannot be read ({reason(error)}); {remedy}") from error
    return parse_record(Array, text, str(path), _SCHEMA_VERSION, "array of jobs", remedy)


def arrays_in(folder: Path) -> list[Path]:
    """Return the files of all arrays in a folder of jobs."""
    return sorted(folder.glob("slurm-*.json"))


def write_end(folder: Path, name: str, problem: str) -> None:
    """Note what became of a job."""
    end = End(problem=problem, node=platform.node())
    write_text(folder / f"{name}{_END}", end.model_dump_json() + "\n")


def remove_end(folder: Path, name: str) -> None:
    """Forget what became of a job, which is to be done again."""
    (folder / f"{name}{_END}").unlink(missing_ok=True)


def ends_in(folder: Path) -> set[str]:
    """Return the names of jobs that came to an end."""
    # Listing a folder also makes NFS look what is new in it.
    return {path.stem for path in folder.iterdir() if path.suffix == _END}


def read_end(folder: Path, name: str) -> End:
    """Return what became of a job.

    Raises:
        TgbenchError: it is not said.
    """
    path = folder / f"{name}{_END}"
    try:
        text = read_bytes(path, _LARGEST_END)
    except (OSError, ValueError) as error:
        raise TgbenchError(f"{path}: cannot be read ({reason(error)})") from error
    return parse_record(End, text, str(path), _SCHEMA_VERSION, "end of a job", "repeat the command")
