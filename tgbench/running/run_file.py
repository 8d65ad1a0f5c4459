"""What a run consists of, in a file in OUT/jobs: for `tgbench status`, which sees only files.

The first line is about the run, each further one about a job. A run of the same has the same file.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError

from ..errors import TgbenchError
from ..inputs import open_file
from .schema import Record

RUN_FILES = "run-{}.jsonl"

_LARGEST = 1 << 30


class RunHead(Record):
    """A run."""

    command: str = Field(description="What the user typed; empty where nothing was.")
    at_once: int = Field(ge=0, description="Jobs that run at the same time; 0: not known.")
    failures: list[str] = Field(description="What could not even be planned, and why.")


class RunJob(Record):
    """A job of a run."""

    address: str
    title: str
    group: str = Field(description="Equal for jobs that may take equally long.")
    output: str = Field(description="File that is there when it is done, relative to OUT.")
    done: bool = Field(description="Whether it was done when the run began.")


def read_run(path: Path) -> tuple[RunHead, list[RunJob]]:
    """Read what a run consists of.

    Raises:
        TgbenchError: the file cannot be read, or is something else.
    """
    try:
        with open_file(path) as stream:
            lines = stream.read(_LARGEST).splitlines()
        return RunHead.model_validate_json(lines[0]), list(
            map(RunJob.model_validate_json, lines[1:])
        )
    except (OSError, IndexError, ValueError, ValidationError) as error:
        raise TgbenchError(
            f"{path}: is no record of a run; delete it, or repeat the `tgbench run` that made it"
        ) from error
