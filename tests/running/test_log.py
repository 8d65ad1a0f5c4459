from __future__ import annotations

import hashlib
import logging
import re
from pathlib import Path

import pytest

from tgbench.cli import main
from tgbench.progress import SILENT
from tgbench.running.log import JobLog, LoggedProgress
from tgbench.running.result import read_result

TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\+00:00 ")


def test_a_run_leaves_what_was_done_with_times(tiny_identity: Path, tmp_path: Path) -> None:
    words = ["run", "--method", "still", "--protocol", "self_reconstruction", "--metrics", "psnr"]
    words += ["--identity", str(tiny_identity), "--out", str(tmp_path)]
    assert main(words) == 0
    (path,) = tmp_path.rglob("log.txt")
    text = path.read_text(encoding="utf-8")
    assert all(TIME.match(line) for line in text.splitlines())
    assert text.count("audio features: mel") == 1
    result = read_result(path.parent / "result.json")
    sound = hashlib.sha256((tiny_identity / "aud.wav").read_bytes()).hexdigest()
    for said in (
        f"command: tgbench {' '.join(words)}",
        f"identity: {tiny_identity}, 44 frames of 64x64, sha256 {result.identity.sha256}",
        f"sha256 {sound}",
        f"code sha256 {result.method.code_sha256}",
        "settings: head_radius=0.12",
        f"numpy {result.environment.packages['numpy']}",
        "rendering still on tiny, self: started, 0/4",
        "rendering still on tiny, self: done, 4/4 in ",
        f"metric psnr: {result.metrics['psnr'].value:.6g} dB over 4 of 4 frames, measured by "
        f"{result.metrics['psnr'].measured_by}",
        "output: video.mp4, ",
        "finished in ",
    ):
        assert said in text
    assert main([*words, "--fresh"]) == 0
    again = path.read_text(encoding="utf-8")
    assert again.startswith(text)
    assert again.count("command: tgbench run") == 2
    assert again.splitlines()[-1].split("finished")[0] != text.splitlines()[-1].split("finished")[0]


def test_a_run_that_fails_says_why(own_identity: Path, tmp_path: Path) -> None:
    log = JobLog(tmp_path / "log.txt")
    progress = LoggedProgress(SILENT, log)

    def fail() -> None:
        with progress.task("learning", 10, 3) as task:
            task.advance(2)
            raise RuntimeError("inside")

    with pytest.raises(RuntimeError):
        fail()
    with progress.task("timing", None):
        pass
    log.emit(logging.LogRecord("tgbench", logging.WARNING, "", 0, "a\nb \x1b[2J", (), None))
    told = [TIME.sub("", line) for line in (tmp_path / "log.txt").read_text().splitlines()]
    assert told[0] == "learning: started, 3/10"
    assert re.fullmatch(r"learning: stopped at 5/10 after [\d.]+ s", told[1])
    assert told[2] == "timing: started"
    assert re.fullmatch(r"timing: done in [\d.]+ s", told[3])
    assert told[4] == r"warning: a\nb \x1b[2J"


def test_lines_are_kept_when_the_folder_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "case"
    folder.mkdir()
    log = JobLog(folder / "log.txt")
    log.write("one")
    folder.rename(tmp_path / "old")
    folder.mkdir()
    log.write("two")
    assert [line[-3:] for line in (folder / "log.txt").read_text().splitlines()] == ["one", "two"]
