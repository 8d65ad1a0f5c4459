"""SLURM's programs: sbatch, sacct, squeue, scancel and scontrol."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..errors import TgbenchError

LARGEST_ARRAY = 1000
"""Tasks of one array; SLURM's `MaxArraySize` is 1001 where a site has not changed it."""

_TIME_LIMIT = 60
"""Seconds that a program has to answer."""

_ENDED = frozenset(
    {
        "BOOT_FAIL",
        "CANCELLED",
        "COMPLETED",
        "DEADLINE",
        "FAILED",
        "NODE_FAIL",
        "OUT_OF_MEMORY",
        "PREEMPTED",
        "REVOKED",
        "TIMEOUT",
    }
)
_TASK = re.compile(r"[0-9]+_(?:([0-9]+)|\[([0-9,:-]+)(?:%[0-9]+)?\])\Z")
_GONE = "is no longer in the queue"


class QueueSilent(TgbenchError):
    """SLURM's programs do not answer, which says nothing about the jobs."""


@dataclass(frozen=True)
class Queued:
    """A job in a queue.

    A number alone may be somebody else's: clusters count by themselves, and begin anew after they
    were set up again. So every question and order names the job, too.

    Attributes:
        number: SLURM's.
        name: that it was given, which is random.
        cluster: of several; empty: the one of this machine.
    """

    number: str
    name: str
    cluster: str = ""

    @property
    def words(self) -> list[str]:
        """How SLURM's programs are told which jobs are meant, beside their numbers."""
        return [f"--name={self.name}", *([f"--clusters={self.cluster}"] if self.cluster else [])]


def submit(name: str, arguments: Sequence[str]) -> Queued:
    """Hand a job over, and return how it is known.

    Raises:
        TgbenchError: SLURM refuses it.
    """
    done = _run(["sbatch", "--parsable", f"--job-name={name}", *arguments])
    number, _, cluster = done.stdout.strip().partition(";")
    if done.returncode or not number.isdigit():
        raise TgbenchError(f"--executor slurm: sbatch refused the jobs ({_said(done)})")
    return Queued(number, name, cluster)


def cluster_here() -> str:
    """Return the name of the cluster that this machine belongs to; empty: it does not say."""
    said = _run(["scontrol", "show", "config"]).stdout
    found = re.search(r"^ClusterName\s*=\s*([\w.-]+)", said, re.MULTILINE)
    return found[1] if found else ""


def number_of(name: str) -> str:
    """Return the number of a job of this user by its name; empty: there is none in the queue.

    Raises:
        QueueSilent: SLURM does not answer.
    """
    done = _run(["squeue", "--me", "--noheader", f"--name={name}", "--format=%F"])
    if done.returncode:
        raise QueueSilent(f"--executor slurm: squeue does not answer ({_said(done)})")
    return (done.stdout.split() or [""])[0]


def ended_tasks(job: Queued, tasks: int) -> dict[int, str]:
    """Return the tasks of an array that have ended, each with how, in words.

    Args:
        job: which.
        tasks: that it has.

    Raises:
        QueueSilent: SLURM does not answer.
    """
    fields = ["--noheader", "--parsable2", "--allocations", "--format=JobID,State"]
    done = _run(["sacct", *fields, *job.words, f"--jobs={job.number}"])
    if states := dict(_states(done.stdout)):
        return {task: _in_words(state) for task, state in states.items() if state in _ENDED}
    # Not every site keeps accounts, and they know a new job a little later.
    queued = _run(
        ["squeue", "--noheader", "--array", "--format=%i|%T", *job.words, f"--jobs={job.number}"]
    )
    if queued.returncode and "invalid job id" not in queued.stderr.lower():
        raise QueueSilent(f"--executor slurm: squeue does not answer ({_said(queued)})")
    there = dict(_states(queued.stdout))
    return {
        task: _in_words(there[task]) if task in there else _GONE
        for task in range(tasks)
        if there.get(task, "COMPLETED") in _ENDED
    }


def cancel(job: Queued, tasks: Sequence[int] = ()) -> None:
    """Cancel a job, if it is still the one that was handed over.

    Args:
        job: which.
        tasks: of it; empty: all.

    Raises:
        TgbenchError: SLURM refuses that.
    """
    done = _run(cancelling(job, tasks))
    if done.returncode:
        raise TgbenchError(f"--executor slurm: scancel failed ({_said(done)})")


def cancelling(job: Queued, tasks: Sequence[int] = ()) -> list[str]:
    """Return the command that cancels a job, or tasks of it; see `cancel`."""
    return ["scancel", *job.words, *([f"{job.number}_{task}" for task in tasks] or [job.number])]


def _states(text: str) -> Iterator[tuple[int, str]]:
    """Yield task and state of each line, such as `12_[3-5%2]|PENDING`."""
    for line in text.splitlines():
        job, _, state = line.strip().partition("|")
        found = _TASK.match(job)
        if found is None:
            continue
        for task in _indices(found[1] or found[2]):
            # Such as "CANCELLED by 1000".
            yield task, state.split()[0] if state else ""


def _indices(text: str) -> Iterator[int]:
    for part in text.split(","):
        ends, _, step = part.partition(":")
        first, _, last = ends.partition("-")
        yield from range(int(first), int(last or first) + 1, int(step or 1))


def _in_words(state: str) -> str:
    return f"ended as {state} in the queue"


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIME_LIMIT,
        )
    except FileNotFoundError:
        return subprocess.CompletedProcess(command, 127, "", f"{command[0]}: not found")
    except subprocess.TimeoutExpired:
        said = f"{command[0]} did not answer in {_TIME_LIMIT} s"
        return subprocess.CompletedProcess(command, 124, "", said)


def _said(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stderr or done.stdout).strip().splitlines()
    return lines[-1].strip()[:300] if lines else f"exit code {done.returncode}"
