from __future__ import annotations

import dataclasses
import logging
import re
from pathlib import Path

import numpy as np
import pytest

from tgbench import plugins
from tgbench.errors import TgbenchError
from tgbench.identities import Identity, default_split
from tgbench.interfaces import Case
from tgbench.progress import SILENT
from tgbench.protocols.self_reconstruction import SelfReconstruction
from tgbench.running import runner
from tgbench.running.planning import Planner, too_short
from tgbench.running.request import RunRequest


@pytest.fixture
def case(tiny_identity: Path) -> Case:
    """44 frames, of which 4 are held out."""
    (planned,) = SelfReconstruction().plan([Identity(tiny_identity)], [])
    return planned


def lasting(case: Case, frames: int) -> Case:
    """The case with its held-out frames repeated up to a number."""
    drive = case.drive
    poses = np.resize(drive.poses, (frames, 4, 4))
    return dataclasses.replace(case, drive=dataclasses.replace(drive, poses=poses))


def test_a_clip_too_short_for_lips_says_how_long_it_must_be(case: Case) -> None:
    (line,) = too_short([case, case])
    assert line == (
        "tiny: Lip agreement and Lip lag need 1.5 s of held-out video; this clip of 1.8 s holds "
        "out 0.2 s (4 frames): use a clip of at least 17 s"
    )


def test_a_clip_as_long_as_was_said_is_long_enough(case: Case) -> None:
    needed = int(re.search(r"at least (\d+) s", too_short([case])[0]).group(1))
    assert too_short([lasting(case, len(default_split(needed * 25).test))]) == []
    assert too_short([lasting(case, 37)]) != []
    assert too_short([lasting(case, 38)]) == []


def test_of_a_short_sound_its_name_is_said(case: Case) -> None:
    spoken = dataclasses.replace(case, target_frames=None, driver="hello")
    assert too_short([spoken])[0].endswith(
        "need 1.5 s of sound; the sound 'hello' has 0.2 s (4 frames)"
    )


def test_what_is_not_measured_is_not_mentioned(case: Case) -> None:
    assert too_short([dataclasses.replace(case, metrics=("psnr", "lmd"))]) == []
    (line,) = too_short([dataclasses.replace(case, metrics=("lip_lag",))])
    assert line.startswith("tiny: Lip lag needs 1.5 s of held-out video; ")


def test_it_is_said_before_anything_is_fitted(
    tiny_identity: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    class Told(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    class Stopped(Exception):
        pass

    def stop(*arguments: object) -> None:
        raise Stopped

    handler = Told()
    logging.getLogger("tgbench").addHandler(handler)
    monkeypatch.setattr(runner, "run_jobs", stop)
    request = RunRequest(
        ("still",), ("self_reconstruction",), (str(tiny_identity),), (), "quick", out=tmp_path
    )
    try:
        with pytest.raises(Stopped):
            runner.run(request, SILENT)
    finally:
        logging.getLogger("tgbench").removeHandler(handler)
    assert any("use a clip of at least 17 s" in line for line in said)


def test_a_head_that_moves_by_itself_is_not_compared_with_true_frames(
    tiny_identity: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = dataclasses.replace(plugins.methods()["still"], name="drifting", frame_aligned=False)
    monkeypatch.setattr(plugins, "methods", lambda: {"drifting": spec})

    def planned(*protocols: str) -> Planner:
        return Planner(
            RunRequest(
                ("drifting",),
                protocols,
                (str(tiny_identity),),
                (tiny_identity / "aud.wav",),
                "quick",
                out=tmp_path,
            )
        )

    made = planned("self_reconstruction", "lipsync").plan(SILENT)
    assert [case.experiment.case.protocol for case in made.cases] == ["lipsync"]
    (failure,) = made.failures
    assert "drifting" in str(failure)
    assert "self_reconstruction" in str(failure)
    with pytest.raises(TgbenchError, match="drifting"):
        planned("self_reconstruction").plan(SILENT)


def test_a_method_without_a_camera_is_not_seen_from_elsewhere(
    tiny_identity: Path, tmp_path: Path
) -> None:
    def planned(*protocols: str) -> Planner:
        return Planner(
            RunRequest(("still",), protocols, (str(tiny_identity),), (), "quick", out=tmp_path)
        )

    made = planned("self_reconstruction", "self_driven_3d").plan(SILENT)
    assert [case.experiment.case.protocol for case in made.cases] == ["self_reconstruction"]
    (failure,) = made.failures
    assert "unsupported: still" in str(failure)
    with pytest.raises(TgbenchError, match="unsupported"):
        planned("self_driven_3d").plan(SILENT)


def test_of_views_that_nobody_filmed_the_farthest_is_named(
    tiny_identity: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = dataclasses.replace(plugins.methods()["still"], takes_camera=True)
    monkeypatch.setattr(plugins, "methods", lambda: {"still": spec})
    protocols, people = ("self_driven_3d",), (str(tiny_identity),)
    made = Planner(RunRequest(("still",), protocols, people, (), "quick", out=tmp_path)).plan(
        SILENT
    )
    (line,) = [line for line in made.warnings if "no training frame" in line]
    assert re.match(r"tiny, yaw[+-]30: ", line)


def test_metrics_of_moved_cameras_are_refused_where_none_moves(
    tiny_identity: Path, tmp_path: Path
) -> None:
    with pytest.raises(TgbenchError, match="mask_iou"):
        Planner(
            RunRequest(
                ("still",),
                ("self_reconstruction",),
                (str(tiny_identity),),
                (),
                "quick",
                metrics=("mask_iou",),
                out=tmp_path,
            )
        )
