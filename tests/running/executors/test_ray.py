"""The Ray executor, on clusters of several nodes on this machine."""

from __future__ import annotations

import dataclasses
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tgbench.cluster import ray_cluster as ray
from tgbench.cluster import ray_executor
from tgbench.cluster.configs import RayConfig
from tgbench.cluster.ray_executor import RayExecutor
from tgbench.errors import TgbenchError
from tgbench.progress import SILENT
from tgbench.running import children
from tgbench.running.executors import Ended, Setting
from tgbench.running.job import JobNeeds, JobSpec
from tgbench.running.runner import Outcome, run
from tgbench.running.scheduling import run_jobs
from tgbench.running.status import Stage, status_of

from ..test_job import assert_same, request_of
from . import ray_cluster
from .conftest import Scripts, job

with_ray = pytest.mark.skipif(not ray_cluster.HAVE_RAY, reason=ray_cluster.NO_RAY)


def executor_at(address: str, out: Path, **settings: Any) -> RayExecutor:
    return RayExecutor(RayConfig(address=address, **settings), Setting(out))


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port where something listens that is no Ray."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                connection.close()

        threading.Thread(target=answer, daemon=True).start()
        yield server.getsockname()[1]


def test_a_cluster_that_is_not_there_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    with pytest.raises(TgbenchError, match=f"no Ray cluster at 127.0.0.1:{free}") as refused:
        executor_at(f"127.0.0.1:{free}", tmp_path)
    assert "ray start" in str(refused.value)
    assert "\n" not in str(refused.value)
    monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{free}")
    with pytest.raises(TgbenchError, match=str(free)):
        executor_at("auto", tmp_path)
    with pytest.raises(TgbenchError, match="HOST:PORT"):
        executor_at("ray://somewhere", tmp_path)


@with_ray
def test_something_else_at_the_address_is_no_cluster(
    tmp_path: Path, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tgbench.cluster.ray_cluster._PING_SECONDS", 3.0)
    with pytest.raises(TgbenchError, match=f"127.0.0.1:{silent_port} .*(answer)"):
        executor_at(f"127.0.0.1:{silent_port}", tmp_path)


def test_the_cluster_that_was_started_here_is_found_and_gets_its_token(
    silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As inside `ray symmetric-run`, whose cluster asks for Ray's token."""
    address = f"127.0.0.1:{silent_port}"
    answers = {ray.LAST: f"{address}\n", ray.PING: "token\n"}

    def asked(script: str, *_: str, **__: float) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 0, answers[script], "")

    monkeypatch.setattr(ray, "_asked", asked)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_AUTH_MODE", "")
    monkeypatch.delenv("RAY_AUTH_MODE")
    assert ray.find("auto") == address
    assert os.environ["RAY_AUTH_MODE"] == "token"
    answers[ray.LAST] = "\n"
    assert ray.find("auto") == "", "none was started here"
    assert ray.find("local") == ""


@pytest.fixture
def expected(tiny_identity: Path, tmp_path: Path) -> list[Outcome]:
    """What this process makes of the same request."""
    request = request_of(tiny_identity, tmp_path / "here")
    return run(dataclasses.replace(request, seeds=(0, 1)), SILENT)


class _Killing(RayExecutor):
    """Kills the node whose raylet's process the file `victim` names, before the job it did."""

    def __init__(self, cluster: Any, out: Path) -> None:
        super().__init__(RayConfig(address=cluster.address), Setting(out))
        self._cluster = cluster
        self.victim: Path = out / "victim"
        self.killed = False

    def wait(self) -> Ended | None:
        if not self.killed and self.victim.exists() and self.victim.read_text():
            self.killed = True
            raylet = int(self.victim.read_text().split()[0])
            (node,) = (each for each in self._cluster.worker_nodes if raylet in _raylets(each))
            self._cluster.remove_node(node, allow_graceful=False)
        return super().wait()


def _raylets(node: Any) -> list[int]:
    return [each.process.pid for each in node.all_processes["raylet"]]


_NOTED = """
import os, signal, sys, time
from pathlib import Path
out, words = Path({out!r}), [sys.executable, *{words!r}, sys.argv[-1]]
with open(out / "begun", "a") as begun:
    begun.write(sys.argv[-1] + chr(10))
if len((out / "begun").read_text().split()) > 2:
    try:
        victim = open(out / "victim", "x")
    except FileExistsError:
        pass
    else:
        if os.fork() == 0:
            time.sleep(1.5)
            os.kill(os.getppid(), signal.SIGSTOP)
            victim.write(os.environ["RAY_RAYLET_PID"] + " " + sys.argv[-1])
            victim.close()
            os._exit(0)
os.execv(sys.executable, words)
"""


@with_ray
@pytest.mark.slow
def test_a_node_killed_in_mid_task_changes_no_byte(
    tiny_identity: Path,
    tmp_path: Path,
    expected: list[Outcome],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first of the cases stops in mid work until its node dies; then it begins again."""
    out = tmp_path / "out"
    command = children.job_command

    def noted(file: Path) -> list[str]:
        python, *words = command(file)
        script = tmp_path / "noted.py"
        script.write_text(_NOTED.format(out=str(out), words=words[:-1]))
        return [python, str(script), str(file)]

    monkeypatch.setattr(children, "job_command", noted)
    cluster = ray_cluster.start([0, 0, 0], cpus=1)
    try:
        request = dataclasses.replace(request_of(tiny_identity, out), seeds=(0, 1))
        executor = _Killing(cluster, out)
        found = run(request, SILENT, executor)
        begun = (out / "begun").read_text().split()
        assert executor.killed
        assert len(set(begun)) == 6
        _, job_of_the_lost_node = executor.victim.read_text().split()
        assert begun.count(job_of_the_lost_node) > 1, "it began again"
        assert_same(found, expected)

        class Unused(RayExecutor):
            def submit(self, job: JobSpec) -> None:
                raise AssertionError("all is done")

        again = run(request, SILENT, Unused(RayConfig(address=cluster.address), Setting(out)))
        assert all(outcome.reused for outcome in again)
    finally:
        cluster.shutdown()


@with_ray
@pytest.mark.slow
def test_nodes_that_see_no_folder_of_the_run_get_and_return_files(
    tiny_identity: Path, tmp_path: Path, expected: list[Outcome]
) -> None:
    out = tmp_path / "out"
    request = request_of(tiny_identity, out)
    found = run(request, SILENT, executor_at(ray_cluster.shared(), out, files="sent"))
    assert_same(found, [each for each in expected if each.result.seed == 0])
    for outcome in found:
        assert not list(outcome.folder.glob(".*"))
        log = (outcome.folder / "log.txt").read_text()
        assert ".tgbench-ray" in log, "it was done in a folder of the node"
    assert not list(out.glob(".received*"))
    assert not list((out / "jobs").glob(".ray*"))
    (status,) = status_of(out)
    assert [each.stage for each in status.jobs] == [Stage.DONE] * 3
    assert all(each.seconds > 0 for each in status.jobs)


@with_ray
@pytest.mark.slow
def test_what_no_node_has_fails_with_what_there_is(
    tmp_path: Path, scripts: Scripts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_executor, "_ROOM_PATIENCE", 0.0)
    scripts[0] = scripts[1] = "print('fine')"
    jobs = [job(0, out=tmp_path, needs=JobNeeds(gpus=8)), job(1, out=tmp_path)]
    executor = executor_at(ray_cluster.shared(), tmp_path)
    ended = {each.job.seed: each.error for each in run_jobs(jobs, executor)}
    assert ended[1] is None
    assert "8 GPU" in str(ended[0])
    assert "2 CPU, 1 GPU" in str(ended[0])


@with_ray
@pytest.mark.slow
def test_a_job_that_is_timed_has_a_node_for_itself(tmp_path: Path) -> None:
    executor = executor_at(ray_cluster.shared(), tmp_path)
    executor.announce([job(0, out=tmp_path)])
    try:
        found = executor._resources(JobNeeds(exclusive=True, gpus=1))
    finally:
        executor.stop()
    assert found["num_cpus"] == 2, "all cores of a node, so that Ray puts nothing beside it"
