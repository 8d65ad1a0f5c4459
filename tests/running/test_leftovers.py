"""What killed runs left unfinished goes with the next run; what living ones write stays."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tgbench.files import atomic_path, remove_leftovers, remove_parts, temporary_folder
from tgbench.running.runner import remove_all_leftovers

WRITE = """
import sys
from pathlib import Path
from tgbench.files import atomic_path, temporary_folder
from tgbench.running.locks import sole_replacer
from tgbench.running.replacing import replacement
out, cache = Path(sys.argv[1]), Path(sys.argv[2])
case = out / "lipsync" / "anna" / "still" / sys.argv[3]
fit = out / "models" / "anna" / "still" / sys.argv[3]
made = cache / "synthetic" / "64px"
made.mkdir(parents=True, exist_ok=True)
with (
    sole_replacer(case), replacement(case, frozenset()) as new, sole_replacer(fit),
    atomic_path(new / "video.mp4") as video, atomic_path(fit / "work" / "face.pt") as state,
    temporary_folder("bundle", out) as bundle, temporary_folder("synth-a", made) as clip,
    temporary_folder("tgbench-timing") as timed,
):
    for folder in (bundle, clip, timed):
        (Path(folder) / "frame.png").write_text("no label")
    for path in (video, state):
        path.write_text("no label")
    print("writing", flush=True)
    sys.stdin.read()
"""


def started(*arguments: object) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITE, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"writing\n"
    return process


def unfinished(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and ".part" in str(path)]


def test_what_a_killed_run_left_goes_and_what_a_living_one_writes_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, cache, system = (tmp_path / name for name in ("out", "cache", "system"))
    system.mkdir()
    monkeypatch.setenv("TGBENCH_CACHE", str(cache))
    monkeypatch.setenv("TMPDIR", str(system))
    monkeypatch.setattr(tempfile, "tempdir", str(system))
    killed, living = started(out, cache, "killed"), started(out, cache, "living")
    assert len(unfinished(tmp_path)) == 2 * 5
    killed.kill()
    killed.communicate()
    remove_all_leftovers(out)
    left = unfinished(tmp_path)
    assert len(left) == 5
    for path in left:
        assert f"-{living.pid}." in str(path) or ".living.part" in str(path)
    living.kill()
    living.communicate()
    remove_all_leftovers(out)
    assert unfinished(tmp_path) == []


def test_names_that_only_look_like_it_stay(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    node, dead, alive = platform.node(), ended.pid, os.getpid()
    for name in (
        f".video.{node}-{dead}.part.mp4",
        f".video.{dead}.part.mp4",
        f".built.{node}-{dead}.abc_1.part",
        f".video.elsewhere-{dead}.part.mp4",
        f".video.{node}-{alive}.part.mp4",
        f"video.{node}-{dead}.part.mp4",
        ".video.part.mp4",
        f".video.{node}-{dead}.mp4",
        f"{dead}.part",
    ):
        (tmp_path / name).write_text("")
    remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        f".video.elsewhere-{dead}.part.mp4",
        f".video.{node}-{alive}.part.mp4",
        f"video.{node}-{dead}.part.mp4",
        ".video.part.mp4",
        f".video.{node}-{dead}.mp4",
        f"{dead}.part",
    }


def test_a_folder_that_is_not_there_is_no_trouble(tmp_path: Path) -> None:
    remove_leftovers(tmp_path / "nowhere")
    with atomic_path(tmp_path / "nowhere" / "file") as temporary:
        temporary.write_text("whole")
    with temporary_folder("made", tmp_path) as made:
        assert Path(made).is_dir()
    assert not Path(made).exists()


def test_whoever_holds_a_folder_clears_it_of_all_that_is_unfinished(tmp_path: Path) -> None:
    """Also of what a process of another machine, or of the same number, left there."""
    (tmp_path / "ori_imgs").mkdir()
    for name in (f".3.{platform.node()}-{os.getpid()}.part.jpg", ".4.elsewhere-1.part.jpg"):
        (tmp_path / "ori_imgs" / name).write_text("no label")
    (tmp_path / "ori_imgs" / "3.jpg").write_text("whole")
    remove_parts(tmp_path)
    assert [path.name for path in tmp_path.rglob("*.jpg")] == ["3.jpg"]


def test_what_other_programs_keep_in_the_temporary_folder_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = tmp_path / "system"
    system.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(system))
    # No process of Linux has so high a number.
    (system / ".download.4999999.part").write_text("another program's")
    (system / ".tgbench-sync.4999999.part").mkdir()
    remove_all_leftovers(tmp_path / "out")
    assert [path.name for path in system.iterdir()] == [".download.4999999.part"]
