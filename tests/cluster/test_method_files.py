"""Systems on nodes that see no folder of the run: what travels, and what must be there."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from tgbench.cluster import ray_task
from tgbench.cluster.parcels import pack
from tgbench.cluster.ray_task import Errand, Parcel, Report, run_errand
from tgbench.cluster.sending import Input, Sender
from tgbench.errors import TgbenchError
from tgbench.progress import SILENT
from tgbench.running.job import JobSpec, read_job
from tgbench.running.planning import Planner
from tgbench.running.request import RunRequest
from tgbench.running.runner import run
from tgbench.running.worker import Worker
from tgbench.systems.added import add, remove

from ..running.test_job import assert_same
from ..systems.standin import BARE


@pytest.fixture(autouse=True)
def node(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node without Ray: chunks stand for their references, and jobs are done here."""

    def do(command: Sequence[str], log: Path, cpus: int, seconds: float) -> str:
        log.touch()
        try:
            Worker(SILENT).do(read_job(Path(command[-1])))
        except TgbenchError as error:
            return str(error)
        return ""

    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(get=lambda chunk: chunk))
    monkeypatch.setattr(ray_task, "run_command", do)


def parcel_of(given: Input) -> Parcel:
    chunks: list[bytes] = []
    digest = pack(given.files(), chunks.append)
    return Parcel(given.place, given.in_cache, digest, tuple(chunks))


def errand_of(sender: Sender, job: JobSpec) -> Errand:
    job.write()
    return Errand(
        sender.relative(job).model_dump_json(),
        ("python", "job.json"),
        "here.log",
        required=tuple(sender.required(job)),
        parcels=tuple(map(parcel_of, sender.inputs(job))),
        most=sender.most(job),
    )


@contextmanager
def away(folder: Path) -> Iterator[None]:
    """Hide a folder, as from a node that does not see it."""
    folder.rename(folder.with_name("hidden"))
    yield
    folder.with_name("hidden").rename(folder)


def done_by_nodes(request: RunRequest, hidden: Path) -> list[Report]:
    sender, reports = Sender(), []
    for job in Planner(request).plan(SILENT).to_do():
        errand = errand_of(sender, job)
        with away(hidden):
            reports.append(run_errand(errand))
        assert not reports[-1].problem
        sender.receive(job, reports[-1].results)
    return reports


@pytest.mark.parametrize("name", ["mean", "listed", "apart"])
def test_what_a_node_makes_is_what_is_made_here(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    asked: RunRequest = request.getfixturevalue(name)
    expected = run(dataclasses.replace(asked, out=tmp_path / "here"), SILENT)
    done_by_nodes(asked, tmp_path / "declared")
    found = run(asked, SILENT)
    assert all(outcome.reused for outcome in found)
    assert_same(found, expected)


def test_a_system_that_the_node_knows_by_name_is_no_obstacle(
    mean: RunRequest, tmp_path: Path
) -> None:
    """As where the user added it, and nodes share the user's settings."""
    add(Path(mean.methods[0]))
    try:
        sender = Sender()
        fit = Planner(mean).plan(SILENT).to_do()[0]
        assert not run_errand(errand_of(sender, fit)).problem
    finally:
        remove("mean")


def test_only_what_a_job_needs_is_sent(listed: RunRequest) -> None:
    sender = Sender()
    _, case = Planner(listed).plan(SILENT).to_do()
    sent = {
        f"{each.place}/{name}"
        for each in sender.inputs(case)
        for name, _ in each.files()
        if each.place.startswith(("inputs/system", "inputs/videos"))
    }
    frames = {f"inputs/videos/released/one/{i:03d}.png" for i in range(*case.test)}
    assert sent == {"inputs/system/demos.toml", "inputs/videos/videos.csv", *frames}


def test_places_that_are_not_sent_must_be_on_the_node(mean: RunRequest, tmp_path: Path) -> None:
    errands = []
    for job in Planner(mean).plan(SILENT).to_do():
        sender = Sender()
        assert set(sender.required(job)) == {str(tmp_path / "co"), BARE}
        if job.kind == "fit":
            errands.append(errand_of(sender, job))
            errands.append(dataclasses.replace(errands[0], parcels=None))
    with away(tmp_path / "co"):
        for errand in errands:
            report = run_errand(errand)
            assert str(tmp_path / "co") in report.problem
            assert BARE not in report.problem
            assert not report.results


@pytest.mark.parametrize(
    ("declared", "wanted"),
    [
        ('kind = "interpreter"\ninterpreter = "/opt/own/python"', "/opt/own/python"),
        ('kind = "apptainer"\nimage = "/opt/own/image.sif"', "/opt/own/image.sif"),
    ],
)
def test_so_must_be_what_the_declaration_names(
    mean: RunRequest, tmp_path: Path, declared: str, wanted: str
) -> None:
    fit = Planner(mean).plan(SILENT).to_do()[0]
    file = Path(mean.methods[0])
    file.write_text(file.read_text().replace('kind = "interpreter"', declared))
    places = {**fit.method.places, "environment": None}
    job = fit.model_copy(update={"method": fit.method.model_copy(update={"places": places})})
    assert set(Sender().required(job)) == {str(tmp_path / "co"), wanted}
    assert wanted not in Sender().required(fit), "the settings name another one"


def _declaration(folder: Path) -> Path:
    return folder / "mean.toml"


def _videos(folder: Path) -> Path:
    return folder


@pytest.mark.parametrize(("name", "path"), [("mean", _declaration), ("listed", _videos)])
def test_a_node_that_does_not_see_them_does_nothing_in_place(
    name: str, path: Callable[[Path], Path], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    job = Planner(request.getfixturevalue(name)).plan(SILENT).to_do()[-1]
    text, needed = job.model_dump_json(), tuple(Sender().paths(job))
    errand = Errand(text, ("python", "job.json"), "here.log", needed)
    with away(tmp_path / "declared"):
        report = run_errand(errand)
    assert str(path(tmp_path / "declared")) in report.unseen


def test_a_fit_has_the_room_that_is_there(
    mean: RunRequest, tiny_identity: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its declaration 20 GB a command; a method that runs in tgbench declares nothing."""
    still = dataclasses.replace(mean, methods=("still",), overrides={})
    system, plain = (Planner(each).plan(SILENT).to_do()[0] for each in (mean, still))
    sender = Sender()

    def free(size: int) -> None:
        monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=size))

    free(10**12)
    assert sender.most(system).size == (256 << 20) + 20 * 10**9
    assert sender.most(plain).size == 10**12
    free(10)
    errand = errand_of(sender, plain)
    problem = run_errand(errand).problem
    assert "0.00 GB" in problem
    assert f"free in {mean.out}" in problem
    chunks = run_errand(dataclasses.replace(errand, most=None)).results
    with pytest.raises(TgbenchError, match="free in"):
        sender.receive(plain, chunks)
    assert not (mean.out / "models").exists()
