from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgbench.errors import TgbenchError, suggest
from tgbench.files import atomic_folder, atomic_path, hash_of, make_folder, sha256, write_json


def test_failed_write_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    write_json(path, {"kept": True})
    before = path.read_bytes()

    def fail_half_way() -> None:
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    path, link = tmp_path / "file", tmp_path / "link"
    path.write_text("old")
    link.symlink_to(path)
    with atomic_path(link) as temporary:
        temporary.write_text("new")
    assert link.is_symlink()
    assert path.read_text() == "new"


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with (
        pytest.raises(TgbenchError, match="pipe: exists and is not a regular file"),
        atomic_path(tmp_path / "pipe"),
    ):
        raise AssertionError("nothing may be written")
    assert (tmp_path / "pipe").is_fifo()


def test_nan_is_refused_in_json(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "x.json", float("nan"))
    assert not list(tmp_path.iterdir())


def test_two_builders_of_one_folder_leave_one_whole_folder(tmp_path: Path) -> None:
    target = tmp_path / "built"
    barrier = threading.Barrier(2)

    def build(mark: str) -> None:
        with atomic_folder(target) as temporary:
            for name in ("a", "b"):
                (temporary / name).write_text(mark)
            barrier.wait()

    threads = [threading.Thread(target=build, args=(mark,)) for mark in "12"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({(target / name).read_text() for name in ("a", "b")}) == 1
    assert list(tmp_path.iterdir()) == [target]


BUILD = """
import sys
from pathlib import Path
from tgbench.files import atomic_folder
with atomic_folder(Path(sys.argv[1])) as temporary:
    (temporary / "a").write_text("half")
    print("building", flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_builder_left_is_removed_by_the_next(tmp_path: Path) -> None:
    """And what a living one is building is not."""
    target, other = tmp_path / "built", tmp_path / "built-too"
    command = [sys.executable, "-c", BUILD, str(target)]
    builders = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(2)
    ]
    for builder in builders:
        assert builder.stdout is not None
        assert builder.stdout.readline() == b"building\n"
    killed, living = builders
    killed.kill()
    killed.communicate()
    assert len(list(tmp_path.iterdir())) == 2
    with atomic_folder(other):
        pass
    with atomic_folder(target) as temporary:
        (temporary / "a").write_text("whole")
        left = {path.name for path in tmp_path.glob(".built.*.part")} - {temporary.name}
        assert len(left) == 1
        assert f"-{living.pid}." in left.pop()
    living.communicate()
    assert (target / "a").read_text() == "whole"
    assert sorted(tmp_path.iterdir()) == [target, other]


def test_sha256_is_that_of_hashlib(tmp_path: Path) -> None:
    path = tmp_path / "data"
    data = bytes(range(256)) * 9000
    path.write_bytes(data)
    assert sha256(path) == hashlib.sha256(data).hexdigest()


@given(st.dictionaries(st.text(), st.integers(), min_size=2))
def test_hash_does_not_depend_on_key_order(value: dict[str, int]) -> None:
    assert hash_of(value) == hash_of(dict(reversed(value.items())))


def test_unwritable_folder_is_told(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(TgbenchError, match="cannot write here"):
        make_folder(blocked / "below")


def test_suggestion_names_the_nearest() -> None:
    error = suggest("talkinggausian", ["still", "talkinggaussian"], "method")
    assert "did you mean 'talkinggaussian'?" in str(error)
