"""What a node sends back counts when it is whole, and of the job that was asked for."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tgbench.cluster import ray_task, sending
from tgbench.cluster.parcels import files_of, pack
from tgbench.cluster.ray_task import Errand, Parcel, run_errand
from tgbench.cluster.sending import Sender
from tgbench.errors import TgbenchError
from tgbench.progress import SILENT
from tgbench.running.job import JobSpec
from tgbench.running.planning import Planner
from tgbench.running.runner import run

from ..conftest import MadeOnce
from ..running.test_job import request_of


@pytest.fixture
def node(tiny_identity: Path, tmp_path: Path, made_once: MadeOnce) -> Path:
    """The folder of results of a node that did all jobs."""

    def build(folder: Path) -> None:
        run(request_of(tiny_identity, folder / "out"), SILENT)

    shutil.copytree(made_once("sent-from-a-node", build), tmp_path / "node")
    return tmp_path / "node" / "out"


@pytest.fixture
def jobs(tiny_identity: Path, tmp_path: Path, node: Path) -> list[JobSpec]:
    """The same jobs, asked for here: a fit, and a case under each protocol."""
    folder = tmp_path / "here" / "out"
    folder.mkdir(parents=True)
    shutil.copy(node.parent / "short.wav", folder.parent)
    return Planner(request_of(tiny_identity, folder)).plan(SILENT).to_do()


def sent(folder: Path) -> list[bytes]:
    chunks: list[bytes] = []
    pack(files_of(folder, ""), chunks.append)
    return chunks


def contents(folder: Path) -> dict[str, bytes]:
    return {name: path.read_bytes() for name, path in files_of(folder, "")}


def test_whole_results_are_put_in_place(jobs: list[JobSpec], node: Path) -> None:
    sender = Sender()
    for job in jobs:
        sender.receive(job, sent(node))
    out = Path(jobs[0].out)
    shutil.rmtree(out / "jobs", ignore_errors=True)
    arrived, made = contents(out), contents(node)
    assert {name for name in made if not name.startswith("jobs/")} == set(arrived)
    assert all(arrived[name] == made[name] for name in arrived)
    assert not [path for path in out.rglob(".*") if path.suffix != ".lock"]


def _cut_video(node: Path) -> None:
    (video,) = node.glob("self_reconstruction/*/*/*/*/video.mp4")
    video.write_bytes(video.read_bytes()[:-100])


def _of_another_case(node: Path) -> None:
    (path,) = node.glob("self_reconstruction/*/*/*/*/result.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "case_key": "f" * 64}))


def _nothing(node: Path) -> None:
    shutil.rmtree(node / "self_reconstruction")


@pytest.mark.parametrize("spoil", [_cut_video, _of_another_case, _nothing])
def test_what_is_not_whole_is_refused_and_what_was_there_stays(
    jobs: list[JobSpec], node: Path, spoil: Callable[[Path], None]
) -> None:
    case = next(job for job in jobs if job.case and job.case.protocol == "self_reconstruction")
    sender = Sender()
    sender.receive(jobs[0], sent(node))
    sender.receive(case, sent(node))
    out = Path(case.out)
    before = contents(out / "self_reconstruction")
    spoil(node)
    with pytest.raises(TgbenchError):
        sender.receive(case, sent(node))
    assert contents(out / "self_reconstruction") == before
    assert not list(out.glob(".received*"))


def test_a_case_may_send_its_frames_a_few_times_and_no_more(
    jobs: list[JobSpec], node: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a video, as images, in the error map and in the comparison, beside records."""
    case = next(job for job in jobs if job.case and job.case.protocol == "self_reconstruction")
    sender = Sender()
    frames = case.test[1] - case.test[0]
    assert sender.most(case).size == (256 << 20) + 4 * frames * 64 * 64 * 3
    monkeypatch.setattr(sending, "_LARGEST_RESULT", 0)
    (node / "large").write_bytes(bytes(sender.most(case).size))
    with pytest.raises(TgbenchError, match="more than"):
        sender.receive(case, sent(node))
    assert not (Path(case.out) / "self_reconstruction").exists()


def test_a_node_with_a_full_disk_says_so(
    jobs: list[JobSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(parcel: Parcel, folder: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(folder / "inputs"))

    monkeypatch.setattr(ray_task, "_receive", full)
    text = Sender().relative(jobs[0]).model_dump_json()
    parcels = (Parcel("inputs", False, "", ()),)
    report = run_errand(Errand(text, ("python", "job.json"), "here.log", parcels=parcels))
    assert "No space left on device" in report.problem
    assert "TMPDIR" in report.problem


def test_paths_of_a_job_that_is_sent_are_those_of_the_node(jobs: list[JobSpec]) -> None:
    sender = Sender()
    case = next(job for job in jobs if job.case and job.case.protocol == "lipsync")
    there = sender.relative(case)
    places = {each.place: each.path for each in sender.inputs(case)}
    assert there.case is not None
    assert case.case is not None
    assert case.identity.source not in there.model_dump_json()
    assert places[there.identity.source] == Path(case.identity.source)
    (sound,), (given,) = there.case.audio, case.case.audio
    assert places[sound.rpartition("/")[0]] == Path(given)
