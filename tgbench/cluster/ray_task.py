"""What a node of a Ray cluster does: run the command of a job, and nothing else."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..files import atomic_folder, cache_root, make_cache, temporary_folder
from ..running.children import job_log
from ..running.folders import JOBS, MODELS
from ..running.job import JobSpec
from ..running.job_state import JobState, read_state, state_file
from .node_job import run_command
from .parcels import files_of, pack, unpack

INPUTS = "inputs"
"""Where paths of a job begin that belong into the folder which its inputs are unpacked in."""

OUT = "out"
"""Its folder of results in there."""

_LONGEST_LOG = 1 << 20


@dataclass(frozen=True)
class Parcel:
    """Files in the object store.

    Attributes:
        place: folder that they belong into, relative.
        in_cache: whether it is below the node's cache, else below the job's folder.
        digest: SHA-256 of the archive.
        chunks: references to its parts.
    """

    place: str
    in_cache: bool
    digest: str
    chunks: tuple[Any, ...]


@dataclass(frozen=True)
class Most:
    """How much the results of a job may have.

    Attributes:
        size: in bytes.
        allowed: why no more, and what to do.
    """

    size: int
    allowed: str

    def __str__(self) -> str:
        """Say both."""
        return f"the {self.size / 1e9:.2f} GB {self.allowed}"


@dataclass(frozen=True)
class Errand:
    """A job for a node.

    Attributes:
        job: text of the job's file; with parcels, inputs have relative paths.
        command: that does it, the file of the job last; a node has its own interpreter.
        log: where the user finds what the job says.
        needed: paths that the node must see to do the job in place.
        required: paths that it must see in any case, because they are not sent.
        cpus: cores that it keeps busy; 0: all, because it has the machine for itself.
        seconds: after which it is stopped; 0: no limit.
        parcels: what the node needs; None: it does the job in place.
        most: that its results may have, which the node sends; None: any number of bytes.
    """

    job: str
    command: tuple[str, ...]
    log: str
    needed: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    cpus: int = 1
    seconds: float = 0.0
    parcels: tuple[Parcel, ...] | None = None
    most: Most | None = None


@dataclass(frozen=True)
class Report:
    """What became of an errand.

    Attributes:
        problem: why the job failed, in one line; empty: it is done.
        unseen: the first path that this node does not see, so that nothing was done.
        log: the end of what the job said, where its log is not in place.
        state: how it ended and how long it took, where that file is not in place; may be missing.
        results: chunks of an archive of what it made, where the results are not in place.
    """

    problem: str = ""
    unseen: str = ""
    log: bytes = b""
    state: JobState | None = None
    results: tuple[bytes, ...] = ()


def run_errand(errand: Errand) -> Report:
    """Do a job on this node."""
    job = JobSpec.model_validate_json(errand.job)
    if errand.parcels is None and (unseen := _unseen(errand.needed)):
        return Report(unseen=f"{unseen[0]} on {platform.node()}")
    if missing := _unseen(errand.required):
        return Report(
            f"{', '.join(missing)}: not on {platform.node()}; checkouts and environments are not "
            "sent: each node needs them under the same path"
        )
    if errand.parcels is None:
        return Report(_run(errand, job.file))
    return _run_apart(errand, job, errand.parcels)


def _unseen(paths: Iterable[str]) -> list[str]:
    return [path for path in paths if not os.path.exists(path)]


def _run_apart(errand: Errand, job: JobSpec, parcels: Iterable[Parcel]) -> Report:
    """Do a job in a folder of its own, and bring its results along."""
    with temporary_folder("tgbench-ray") as made:
        folder = Path(made)
        try:
            for parcel in parcels:
                _receive(parcel, folder)
            here = _placed(job, folder)
            file = here.write()
        except OSError as error:
            return Report(
                f"{platform.node()}: its inputs cannot be unpacked in {error.filename or folder} "
                f"({error.strerror or error}); make room there, or start the node with another "
                "TMPDIR"
            )
        problem = _run(errand, file)
        if problem:
            problem = f"{platform.node()}: {problem}"
        log = job_log(file).read_bytes()[-_LONGEST_LOG:]
        chunks: list[bytes] = []
        if not problem:
            out = Path(here.out)
            others = {JOBS} if job.kind == "fit" else {JOBS, MODELS}
            made_there = [each for each in files_of(out, "") if _top(each[0]) not in others]
            size = sum(path.stat().st_size for _, path in made_there)
            if errand.most is not None and size > errand.most.size:
                problem = (
                    f"it made {size / 1e9:.2f} GB on {platform.node()}, more than {errand.most}"
                )
            else:
                pack(made_there, chunks.append)
        return Report(problem, "", log, read_state(state_file(file)), tuple(chunks))


def _receive(parcel: Parcel, folder: Path) -> None:
    import ray

    chunks = (ray.get(chunk) for chunk in parcel.chunks)
    if not parcel.in_cache:
        unpack(chunks, folder / parcel.place, parcel.digest)
        return
    place = cache_root() / parcel.place
    if not place.is_dir():
        make_cache(place.parent)
        with atomic_folder(place) as new:
            unpack(chunks, new, parcel.digest)


def _placed(job: JobSpec, folder: Path) -> JobSpec:
    """Return a job with the paths of this node."""

    def here(text: str) -> str:
        return str(folder / text) if _top(text) == INPUTS else text

    source = here(job.identity.source)
    case = job.case and job.case.model_copy(
        update={
            "audio": tuple(map(here, job.case.audio)),
            "audio_features": tuple(map(here, job.case.audio_features)),
        }
    )
    identity = job.identity.model_copy(update={"source": source})
    places = {
        name: here(value) if isinstance(value, str) else value
        for name, value in job.method.places.items()
    }
    method = job.method.model_copy(update={"source": here(job.method.source), "places": places})
    return job.model_copy(
        update={"method": method, "identity": identity, "case": case, "out": str(folder / OUT)}
    )


def _run(errand: Errand, file: Path) -> str:
    """Run the command of a job; return why it failed, empty: it did not."""
    log = job_log(file)
    # A node that shares no files may have its interpreter elsewhere.
    command = [sys.executable, *errand.command[1:-1], str(file)]
    problem = run_command(command, log, errand.cpus, errand.seconds)
    return problem.replace(str(log), errand.log)


def _top(path: str) -> str:
    return path.partition("/")[0]
