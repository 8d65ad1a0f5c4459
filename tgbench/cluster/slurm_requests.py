"""What is asked of SLURM for jobs: tasks of an array, and arguments of sbatch."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Sequence

from ..errors import TgbenchError
from ..running.job import JobNeeds, JobSpec
from .configs import SlurmConfig


def chains_of(jobs: Iterable[JobSpec]) -> list[list[JobSpec]]:
    """Return jobs in chains: each begins with a job that all others in it depend on.

    Left out is a job that depends on jobs of several chains, or that is to run alone on its machine
    while those before it are not: it is for a task of its own, later.
    """
    known = {job.address: job for job in jobs}
    chains: dict[str, list[JobSpec] | None] = {}

    def place(address: str) -> list[JobSpec] | None:
        if address not in chains:
            job = known[address]
            before = [place(each) for each in job.depends_on if each in known]
            chain = before[0] if before else []
            if any(each is not chain for each in before):
                chain = None
            if chain and chain[0].needs.exclusive != job.needs.exclusive:
                chain = None
            if chain is not None:
                chain.append(job)
            chains[address] = chain
        return chains[address]

    for address in known:
        place(address)
    found = (chain for chain in chains.values() if chain is not None)
    return list({id(chain): chain for chain in found}.values())


def largest(chain: Sequence[JobSpec]) -> JobNeeds:
    """Return what a task needs that does jobs one after another; no limit where one has none."""
    needs = [job.needs for job in chain]
    seconds = [each.seconds for each in needs]
    return JobNeeds(
        cpus=max(1, *(each.cpus for each in needs)),
        gpus=max(each.gpus for each in needs),
        memory_gb=max(each.memory_gb for each in needs),
        seconds=sum(seconds) if all(seconds) else 0.0,
        exclusive=any(each.exclusive for each in needs),
    )


def arguments_of(
    config: SlurmConfig, needs: JobNeeds, tasks: int, throttle: int | None, before: str
) -> list[str]:
    """Return the arguments of sbatch that say what an array needs.

    Args:
        config: what the user says.
        needs: of each task.
        tasks: how many there are.
        throttle: how many may run at the same time; None: any number.
        before: number of an array that must have ended; empty: none.

    Raises:
        TgbenchError: the user's further arguments cannot be read.
    """
    most = f"%{throttle}" if throttle else ""
    words = [f"--array=0-{tasks - 1}{most}", "--requeue", "--open-mode=append"]
    words.append(f"--cpus-per-task={needs.cpus}")
    if needs.gpus:
        words.append(f"--gres={config.gres or f'gpu:{needs.gpus}'}")
    if needs.memory_gb:
        words.append(f"--mem={math.ceil(needs.memory_gb * 1e9 / 2**20)}M")
    if needs.seconds and not config.time:
        words.append(f"--time={math.ceil(needs.seconds / 60)}")
    if needs.exclusive:
        words.append("--exclusive")
    if before:
        words.append(f"--dependency=afterany:{before}")
    for name in ("partition", "account", "time"):
        if value := getattr(config, name):
            words.append(f"--{name}={value}")
    try:
        return words + shlex.split(config.extra)
    except ValueError as error:
        raise TgbenchError(f"--set extra={config.extra}: cannot be read ({error})") from error
