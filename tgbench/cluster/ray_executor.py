"""Jobs on a Ray cluster.

Ray decides where and when; a node runs `tgbench run-job FILE`. Where a node is lost, Ray begins its
jobs again on others. A job that fails is not repeated.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..errors import TgbenchError
from ..files import make_folder, temporary_folder
from ..running import children
from ..running.children import job_log
from ..running.executors import Ended, Setting
from ..running.folders import JOBS
from ..running.job import JobNeeds, JobSpec
from ..running.job_state import state_file, write_state
from ..terminal import NOTICE
from . import ray_cluster
from .configs import RayConfig
from .parcels import pack
from .ray_task import Errand, Parcel, Report, run_errand
from .sending import Input, Sender, write_log

_RETRIES = 3
"""How often a job is begun again where its node is lost."""

_MOST = 1000
"""Jobs that are handed over at a time: enough for any cluster, and little to hold."""

_WAIT = 1.0
_PATIENCE = 30.0
"""Seconds that nodes have to stop their jobs; children have ten of them, and a node may be busy."""

_ROOM_PATIENCE = 60.0
"""Seconds in which a node may join that has what a job needs."""

_log = logging.getLogger("tgbench")


class RayExecutor:
    """Runs jobs on the nodes of a Ray cluster."""

    def __init__(self, config: RayConfig, setting: Setting) -> None:
        """Find the cluster.

        Raises:
            TgbenchError: there is no such cluster.
        """
        self._address = ray_cluster.find(config.address)
        self._files = config.files
        self._most = setting.jobs or _MOST
        self._remote: Any = None
        self._running: dict[Any, JobSpec] = {}
        self._homeless: dict[Any, float] = {}
        self._sender = Sender()
        self._parcels: dict[Path, Parcel] = {}
        self._jobs = setting.out / JOBS
        # Nodes that see this folder see the folder of results, not one of the same name.
        self._token: TemporaryDirectory[str] | None = None

    def announce(self, jobs: Sequence[JobSpec]) -> None:
        """Join the cluster, or start one; it gets jobs when all that they need is done.

        Raises:
            TgbenchError: it cannot be joined.
        """
        if not jobs:
            return
        import ray

        ray_cluster.join(self._address)
        self._remote = ray.remote(run_errand)
        self._token = temporary_folder("ray", make_folder(self._jobs))

    def takes(self, needs: JobNeeds) -> bool:
        """Whether fewer jobs were handed over than may run; Ray queues what has no room."""
        return len(self._running) < self._most

    def submit(self, job: JobSpec) -> None:
        """Hand a job over to Ray."""
        self._hand_over(job)

    def wait(self) -> Ended | None:
        """Return the next job that ends."""
        import ray

        ready, _ = ray.wait(list(self._running), num_returns=1, timeout=_WAIT)
        if not ready:
            return self._without_room()
        job = self._running.pop(ready[0])
        self._homeless.pop(ready[0], None)
        try:
            return self._ended(job, ray.get(ready[0]))
        except ray.exceptions.RayError as error:
            return Ended(job, _reason(error))
        except Exception as error:
            # Of results that cannot be put in place.
            return Ended(job, error)

    def stop(self) -> None:
        """Stop all jobs, and leave the cluster."""
        if self._token is None:
            return
        import ray

        try:
            left = list(self._running)
            for reference in left:
                ray.cancel(reference)
            if left:
                ray.wait(left, num_returns=len(left), timeout=_PATIENCE)
        finally:
            self._token.cleanup()
            # What still runs of this process's jobs is killed with its worker.
            ray.shutdown()

    def _hand_over(self, job: JobSpec) -> None:
        assert self._token is not None, "jobs come after they are announced"
        file = job.write()
        needs = self._resources(job.needs)
        errand = Errand(
            job=job.model_dump_json(),
            command=tuple(children.job_command(file)),
            log=str(job_log(file)),
            needed=(self._token.name, *self._sender.paths(job)),
            required=tuple(self._sender.required(job)),
            cpus=0 if job.needs.exclusive else int(needs["num_cpus"]),
            seconds=job.needs.seconds,
        )
        if self._files == "sent":
            there = self._sender.relative(job)
            parcels = tuple(self._sent(each) for each in self._sender.inputs(job))
            errand = dataclasses.replace(
                errand,
                job=there.model_dump_json(),
                parcels=parcels,
                most=self._sender.most(job),
            )
        remote = self._remote.options(
            name=job.title, max_retries=_RETRIES, retry_exceptions=False, **needs
        )
        self._running[remote.remote(errand)] = job

    def _ended(self, job: JobSpec, report: Report) -> Ended | None:
        if report.unseen:
            if self._files == "shared":
                return Ended(job, TgbenchError(f"{report.unseen} is not there; --set files=sent"))
            if self._files == "auto":
                _log.info("no %s: files are sent to nodes", report.unseen, extra=NOTICE)
            self._files = "sent"
            self._hand_over(job)
            return None
        if report.log:
            write_log(job, report.log)
        if report.state:
            state = report.state.model_copy(update={"log": str(job_log(job.file))})
            write_state(state_file(job.file), state)
        if report.problem:
            return Ended(job, TgbenchError(report.problem))
        if report.results:
            self._sender.receive(job, report.results)
        return Ended(job)

    def _sent(self, given: Input) -> Parcel:
        """Put files into the object store, once for all jobs that need the same."""
        import ray

        known = self._parcels.get(given.path)
        if known is None:
            chunks: list[Any] = []
            digest = pack(given.files(), lambda chunk: chunks.append(ray.put(chunk)))
            known = Parcel("", False, digest, tuple(chunks))
            if given.lasting:
                self._parcels[given.path] = known
        return dataclasses.replace(known, place=given.place, in_cache=given.in_cache)

    def _resources(self, needs: JobNeeds) -> dict[str, float]:
        """Return what Ray reserves for a job."""
        cpus: float = needs.cpus or 1
        if needs.exclusive:
            # All cores of a node of the largest kind: nothing of Ray's runs beside the job.
            nodes = [each for each in ray_cluster.alive() if each.get("GPU", 0) >= needs.gpus]
            cpus = max([cpus, *(each.get("CPU", 0) for each in nodes)])
        found: dict[str, float] = {"num_cpus": cpus, "num_gpus": needs.gpus}
        if needs.memory_gb:
            found["memory"] = int(needs.memory_gb * 1e9)
        return found

    def _without_room(self) -> Ended | None:
        """Return a job that no node has had room for, empty as it may be, for a while."""
        import ray

        now, nodes = time.monotonic(), ray_cluster.alive()
        wanted = {job.needs: self._resources(job.needs) for job in self._running.values()}
        fit = {needs for needs, each in wanted.items() if any(_fits(each, node) for node in nodes)}
        for reference, job in self._running.items():
            if job.needs in fit:
                self._homeless.pop(reference, None)
            elif now - self._homeless.setdefault(reference, now) > _ROOM_PATIENCE:
                ray.cancel(reference)
                del self._running[reference], self._homeless[reference]
                return Ended(job, TgbenchError(_too_much(job.needs, nodes)))
        return None


def _fits(needs: Mapping[str, float], node: Mapping[str, float]) -> bool:
    return (
        needs["num_cpus"] <= node.get("CPU", 0)
        and needs["num_gpus"] <= node.get("GPU", 0)
        and needs.get("memory", 0) <= node.get("memory", 0)
    )


def _too_much(needs: JobNeeds, nodes: list[Mapping[str, float]]) -> str:
    wanted = f"{needs.cpus or 1} CPU, {needs.gpus} GPU, {needs.memory_gb:g} GB"
    have = "; ".join(
        sorted(
            {
                f"{node.get('CPU', 0):g} CPU, {node.get('GPU', 0):g} GPU, "
                f"{node.get('memory', 0) / 1e9:.0f} GB"
                for node in nodes
            }
        )
    )
    return (
        f"no node of the cluster has {wanted} (nodes have {have or 'gone'}); add one, or ask for "
        "less with --set job.cpus=N, job.gpus=N or job.memory_gb=N"
    )


def _reason(error: Exception) -> TgbenchError:
    """Return in one line what Ray says of a job that it could not do."""
    import ray

    if isinstance(error, ray.exceptions.OutOfMemoryError):
        return TgbenchError(
            "its node ran out of memory; say what a job needs with --set job.memory_gb=N"
        )
    if isinstance(error, ray.exceptions.RayTaskError):
        cause = error.cause
        text = f"{type(cause).__name__}: {cause}"
        if isinstance(cause, ImportError):
            text += "; install the same tgbench on every node"
        return TgbenchError(" ".join(text.split())[:500])
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return TgbenchError(
        f"lost with its node {_RETRIES + 1} times ({lines[0].strip()[:300]}); repeat the command "
        "to go on"
    )
