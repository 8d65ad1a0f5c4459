"""At any moment there is the old whole result or the new one."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tgbench.errors import TgbenchError
from tgbench.progress import SILENT
from tgbench.running import replacing
from tgbench.running.locks import sole_replacer
from tgbench.running.replacing import recover_all, replacement
from tgbench.running.request import RunRequest
from tgbench.running.result import read_result, result_paths
from tgbench.running.runner import run

from .killing import killed_before

OURS = frozenset({"a", "b"})


def write_both(folder: Path, text: str) -> None:
    for name in sorted(OURS):
        (folder / name).write_text(text)


def read_both(folder: Path) -> set[str]:
    return {(folder / name).read_text() for name in OURS}


@pytest.fixture(params=["one step", "two steps"])
def swap(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With and without a file system that lets folders change places."""
    if request.param == "two steps":
        monkeypatch.setattr(replacing, "_exchange", lambda one, other: False)
    return request.param


def replace(folder: Path, text: str) -> Callable[[], None]:
    def work() -> None:
        with sole_replacer(folder), replacement(folder, OURS) as new:
            write_both(new, text)

    return work


@pytest.mark.parametrize("earlier", ["new\n", "old\n"])
def test_a_kill_at_any_moment_leaves_one_whole_folder(
    tmp_path: Path, swap: str, earlier: str
) -> None:
    for change in itertools.count():
        folder = tmp_path / str(change) / "case"
        folder.parent.mkdir()
        if earlier == "old\n":
            folder.mkdir()
            write_both(folder, "old\n")
            (folder / "of the user").write_text("kept")
        killed = killed_before(change, folder.parent, replace(folder, "new\n"))
        if swap == "one step" and earlier == "old\n":
            assert len(read_both(folder)) == 1, "whole without any tidying up"
        recover_all(tmp_path / str(change), OURS)
        if folder.exists():
            assert read_both(folder) <= {"old\n", "new\n"}
            assert len(read_both(folder)) == 1
        assert folder.exists() or (earlier != "old\n" and killed)
        if earlier == "old\n":
            assert (folder / "of the user").read_text() == "kept"
        assert {path.name for path in folder.parent.iterdir()} <= {
            "case",
            ".case.lock",
            ".case.owner",
        }
        if not killed:
            assert read_both(folder) == {"new\n"}
            assert change >= 5
            return


def test_an_error_leaves_the_old_folder(tmp_path: Path, swap: str) -> None:
    folder = tmp_path / "case"
    folder.mkdir()
    write_both(folder, "old")

    def fail() -> None:
        with replacement(folder, OURS) as new:
            (new / "a").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert read_both(folder) == {"old"}
    assert list(tmp_path.iterdir()) == [folder]


def test_all_that_is_new_is_on_the_disk_before_it_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files below folders, too, such as those of a fitted method."""
    flushed = set()
    monkeypatch.setattr(os, "fsync", lambda number: flushed.add(os.fstat(number).st_ino))
    with sole_replacer(tmp_path / "case"), replacement(tmp_path / "case", OURS) as new:
        (new / "model").mkdir()
        files = [new / "a", new / "model" / "weights"]
        for path in files:
            path.write_text("x")
        made = {path.stat().st_ino for path in files}
    assert flushed == made


def test_what_a_living_process_writes_is_left_alone(tmp_path: Path) -> None:
    with sole_replacer(tmp_path / "case"), replacement(tmp_path / "case", OURS) as new:
        write_both(new, "new")
        recover_all(tmp_path, OURS)
        assert read_both(new) == {"new"}
        assert result_paths(tmp_path, "a") == [], "nobody reads what is not finished"
    assert result_paths(tmp_path, "a") == [tmp_path / "case" / "a"]


def test_a_link_to_another_place_stays_one(tmp_path: Path) -> None:
    (tmp_path / "disk" / "case").mkdir(parents=True)
    write_both(tmp_path / "disk" / "case", "old")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "disk" / "case")
    replace(link, "new")()
    assert link.is_symlink()
    assert read_both(tmp_path / "disk" / "case") == {"new"}


def test_two_replacers_of_one_folder(tmp_path: Path) -> None:
    with (
        sole_replacer(tmp_path / "case"),
        pytest.raises(TgbenchError, match="another run"),
        sole_replacer(tmp_path / "case"),
    ):
        raise AssertionError("both hold it")


@pytest.mark.slow
def test_a_run_killed_at_any_moment_leaves_the_old_result_or_the_new(
    own_identity: Path, tmp_path: Path, example_plugin: str
) -> None:
    """The new video has no label, so that a mixture would show."""
    request = RunRequest(
        methods=(example_plugin,),
        protocols=("self_reconstruction",),
        identities=(str(own_identity),),
        audio=(),
        preset="quick",
        out=tmp_path / "finished",
        metrics=("psnr",),
    )
    (first,) = run(request, SILENT)
    (first.folder / "of the user").write_text("kept")
    wanted = dataclasses.replace(request, fresh=True, label=False, out=tmp_path / "out")
    case = wanted.out / first.folder.relative_to(request.out)
    ends = set()
    for change in itertools.count(0, 3):
        shutil.rmtree(wanted.out, ignore_errors=True)
        shutil.copytree(request.out, wanted.out)
        killed = killed_before(change, wanted.out, lambda: run(wanted, SILENT))
        result = read_result(case / "result.json")
        ends.add(result.labelled)
        for name, digest in result.files.items():
            assert hashlib.sha256((case / name).read_bytes()).hexdigest() == digest
        (again,) = run(dataclasses.replace(wanted, fresh=False, label=result.labelled), SILENT)
        assert (again.reused, again.rendered) == (True, False)
        assert (case / "of the user").read_text() == "kept"
        locks = (".lock", ".owner")
        left = [path for path in wanted.out.rglob(".*") if not path.name.endswith(locks)]
        assert left == []
        if not killed:
            break
    assert ends == {True, False}
    assert change > 30
