"""Studies of result folders as runs leave them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import av
import numpy as np
import pytest

from tgbench.cli import main
from tgbench.errors import TgbenchError
from tgbench.reports.study.blinding import write_blinded, write_check
from tgbench.reports.study.records import read_key
from tgbench.reports.study.stimuli import TRUTH, select
from tgbench.video.reader import VideoReader

from ..html.conftest import MakeFolder
from .conftest import StudyFolder


def texts(path: Path) -> dict[str, str]:
    """All that the file says in words."""
    with av.open(str(path)) as container:
        found = dict(container.metadata)
        for stream in container.streams:
            found |= dict(stream.metadata)
    return found


def test_videos_differ_in_nothing_but_pictures_and_sound(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    folder = make_folder("secretname", psnr=1.0).folder
    tagged = tmp_path / "tagged.mp4"
    subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-i", folder / "video.mp4"),
            *("-c", "copy", "-metadata", "title=secretname", tagged),
        ],
        check=True,
    )
    made = [write_blinded(path, tmp_path, 0.8) for path in (tagged, folder / "target.mp4")]
    assert texts(made[0]) == texts(made[1])
    assert "synthetic" in texts(made[0])["comment"]
    for path in made:
        assert b"secretname" not in path.read_bytes()
        frames = list(VideoReader(path))
        assert len(frames) == 20
        assert VideoReader(path).info.has_audio
        # The label, on the recording as well, is in the lower right.
        assert np.ptp(frames[0][-12:, 16:]) > 60
        assert np.ptp(frames[0][:40]) < 20


def test_a_check_asks_in_its_course_and_not_from_the_start(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    video = make_folder("a", psnr=1.0).folder / "video.mp4"
    frames = list(VideoReader(write_check(video, tmp_path, 10.0, "CHECK: answer 2")))
    assert np.ptp(frames[0][24:40]) < 20
    assert all(np.ptp(frame[26:38]) > 150 for frame in frames[10:])


def test_a_silent_video_is_refused(make_folder: MakeFolder, tmp_path: Path) -> None:
    with pytest.raises(TgbenchError, match=r"error\.mp4: has no sound"):
        write_blinded(make_folder("a", psnr=1.0).folder / "error.mp4", tmp_path, 1.0)


def test_items_that_a_method_lacks_are_left_out(make_folder: MakeFolder) -> None:
    cases = [
        make_folder("a", identity="one", psnr=1.0),
        make_folder("b", identity="one", psnr=2.0),
        make_folder("a", identity="two", psnr=3.0),
    ]
    found = select(cases, [])
    assert found.conditions == ("a", "b", TRUTH)
    assert found.items == ("self_reconstruction, one, self",)
    assert "two" in found.notes[0]
    assert "no result of b" in found.notes[0]
    assert found.sources["b", found.items[0]].metrics["psnr"].value == 2.0
    (cases[1].folder / "video.mp4").unlink()
    with pytest.raises(TgbenchError, match=r"b: video\.mp4 is missing"):
        select(cases, ["a", "b"])


def test_without_ground_truth_there_is_no_anchor(make_folder: MakeFolder) -> None:
    cases = [make_folder(name, psnr=1.0) for name in ("a", "b")]
    for case in cases:
        (case.folder / "target.mp4").unlink()
    found = select(cases, [])
    assert found.conditions == ("a", "b")
    assert "no anchor" in found.notes[0]


def test_of_several_seeds_the_lowest_is_shown_and_other_doubles_are_refused(
    make_folder: MakeFolder,
) -> None:
    cases = [make_folder("a", seed=seed, psnr=1.0) for seed in (2, 1)]
    assert select(cases, []).sources["a", "self_reconstruction, synth-a, self"].path == (
        cases[1].folder / "video.mp4"
    )
    again = make_folder("a", seed=1, preset="paper", psnr=1.0)
    with pytest.raises(TgbenchError, match="are both a on"):
        select([*cases, again], [])


def test_an_unknown_method_is_named(make_folder: MakeFolder) -> None:
    with pytest.raises(TgbenchError, match="'ourz': did you mean 'ours'"):
        select([make_folder("ours", psnr=1.0)], ["ourz"])


@pytest.mark.parametrize("kind", [(), ("--pairs",)])
def test_the_page_tells_nobody_which_method_made_what(
    study_folder: StudyFolder, kind: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    out = study_folder(*kind, "--title", "<script>alert(1)</script>")
    page, key = (out / "page.html").read_text(), read_key(out)
    assert "hidden1" not in page
    assert "person" not in page.replace("a real person", "").replace("talking people", "")
    assert TRUTH not in page
    assert "<script>alert(1)" not in page
    assert {each.condition for each in key.stimuli.values()} == {"hidden1", "hidden2", TRUTH}
    assert str(key.exact_after) in capsys.readouterr().out
    assert '"checks"' not in page


def test_a_study_is_not_overwritten(
    study_folder: StudyFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    out = study_folder()
    before = (out / "key.json").read_bytes()
    assert main(["study", "make", str(out), "--results", str(out.parent / "out")]) == 2
    assert "never overwritten" in capsys.readouterr().err
    assert (out / "key.json").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--questions", "lip_snyc"], "did you mean 'lip_sync'"),
        (["--trials", "99"], "--trials 99"),
        (["--checks", "9"], "--checks 9"),
        (["--pairs", "--checks", "3"], "from 0 to 2"),
        (["--seconds", "nan"], "--seconds"),
        (["--participants", "0"], "--participants 0"),
        (["--seed", "-1"], "--seed -1"),
        (["--methods", "absent"], "'absent'"),
    ],
)
def test_impossible_requests_are_refused(
    make_folder: MakeFolder,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    make_folder("a", psnr=1.0)
    where = ["study", "make", str(tmp_path / "s"), "--results", str(tmp_path / "out")]
    assert main([*where, *arguments]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "s").exists()
