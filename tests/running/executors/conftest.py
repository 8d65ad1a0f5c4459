"""Executors under test, and jobs that do what a test wants.

Every test that takes `make_executor` runs once for each executor. To add one, add its factory to
`FACTORIES`: given a folder of results, it yields a function that makes an executor for so many jobs
at a time, and it cleans up after.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tgbench.cluster.configs import RayConfig, SlurmConfig
from tgbench.cluster.slurm_executor import SlurmExecutor
from tgbench.running import children
from tgbench.running.executor_config import LocalConfig
from tgbench.running.executors import Executor, Setting
from tgbench.running.job import IdentityJob, JobNeeds, JobSpec, MethodJob
from tgbench.running.local import LocalExecutor

from . import ray_cluster, slurm_cluster
from .ray_cluster import NO_RAY

DEVICES = 2
"""GPUs that each factory makes believe to have."""

Make = Callable[[int], Executor]

_DO = """\
import json, runpy, sys
from pathlib import Path
seed = json.loads(Path(sys.argv[1]).read_text())["seed"]
runpy.run_path(str(Path(__file__).with_name(f"{seed}.py")), run_name="__main__")
"""


def job(
    seed: int, *needed: JobSpec, out: Path = Path("/nowhere"), needs: JobNeeds | None = None
) -> JobSpec:
    """A job told from others by its seed; nothing of it is ever done here."""
    return JobSpec(
        tgbench_version="0",
        kind="fit",
        method=MethodJob(name="m", preset="quick", config={}, code_sha256="0" * 64),
        identity=IdentityJob(name="i", source="i", size=64, sha256="0" * 64),
        train=(0, 1),
        test=(1, 2),
        seed=seed,
        device="cpu",
        depends_on=tuple(each.address for each in needed),
        needs=needs or JobNeeds(),
        out=str(out),
    )


@contextmanager
def _local(out: Path) -> Iterator[Make]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUDA_VISIBLE_DEVICES", ",".join(map(str, range(DEVICES))))
        patch.setattr("tempfile.tempdir", str(out))
        yield lambda jobs: LocalExecutor(LocalConfig(), Setting(out, jobs))


@contextmanager
def _slurm(out: Path) -> Iterator[Make]:
    with slurm_cluster.installed(out.parent / f"{out.name}-slurm", DEVICES):
        config = SlurmConfig(poll=0.2, on_stop="cancel")
        yield lambda jobs: SlurmExecutor(config, Setting(out, jobs))


@contextmanager
def _ray(out: Path) -> Iterator[Make]:
    from tgbench.cluster.ray_executor import RayExecutor

    address = ray_cluster.shared()
    yield lambda jobs: RayExecutor(RayConfig(address=address), Setting(out, jobs))


FACTORIES: dict[str, Callable[[Path], AbstractContextManager[Make]]] = {
    "local": _local,
    "slurm": _slurm,
    "ray": _ray,
}
_SLOW = {"ray": [pytest.mark.slow, pytest.mark.skipif(not ray_cluster.HAVE_RAY, reason=NO_RAY)]}


@pytest.fixture(params=[pytest.param(name, marks=_SLOW.get(name, [])) for name in FACTORIES])
def make_executor(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Each executor in turn: called with a number of jobs at a time, it makes one."""
    with FACTORIES[request.param](tmp_path) as make:
        yield make


class Scripts:
    """What the process of each job does instead of the job, by the job's seed.

    It works for every executor that takes the command from `children.job_command`, wherever that
    command runs.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._do = folder / "do.py"
        self._do.write_text(_DO)
        self.seeds: list[int] = []

    def __setitem__(self, seed: int, text: str) -> None:
        (self._folder / f"{seed}.py").write_text(text)
        self.seeds.append(seed)

    def command(self, path: Path) -> list[str]:
        return [sys.executable, str(self._do), str(path)]


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Scripts:
    """Stand-ins for jobs."""
    folder = tmp_path / "scripts"
    folder.mkdir()
    found = Scripts(folder)
    monkeypatch.setattr(children, "job_command", found.command)
    return found


@pytest.fixture
def slurm(tmp_path: Path) -> Iterator[Path]:
    """The folder of the stand-ins' state."""
    with slurm_cluster.installed(tmp_path / "slurm", gpus=2) as folder:
        yield folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out 100%"
