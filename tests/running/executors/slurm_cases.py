"""What tests of the SLURM executor share: executors, jobs that wait, what programs were called."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from tgbench.cluster.configs import SlurmConfig
from tgbench.cluster.slurm_executor import SlurmExecutor
from tgbench.running.executors import Ended, Setting

WAIT_FOR_GO = """
import pathlib, sys, time
here = pathlib.Path({here!r})
with open(here / 'starts', 'a') as file:
    file.write({seed!r} + ' ')
while not (here / 'go').exists():
    time.sleep(0.02)
"""


def executor_in(out: Path, jobs: int | None = None, **settings: object) -> SlurmExecutor:
    settings = {"poll": 0.2, "on_stop": "cancel", **settings}
    return SlurmExecutor(SlurmConfig(**settings), Setting(out, jobs))  # type: ignore[arg-type]


def calls(slurm: Path, program: str) -> list[list[str]]:
    file = slurm / "calls.jsonl"
    lines = file.read_text().splitlines() if file.exists() else []
    found = map(json.loads, lines)
    return [words[1:] for words in found if words[0] == program]


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.02)


def errors(ended: list[Ended]) -> dict[int, str]:
    return {each.job.seed: str(each.error or "") for each in ended}


def arrays_of(words: list[str]) -> list[str]:
    return [word for word in words if word.startswith("--array=")]
