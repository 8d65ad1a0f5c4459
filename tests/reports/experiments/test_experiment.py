from __future__ import annotations

import csv
import json
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tgbench import plugins
from tgbench.audio import Waveform, write_wav
from tgbench.cli import main
from tgbench.identities import Identity
from tgbench.progress import SILENT
from tgbench.reports.experiments.declaration import read_experiment
from tgbench.reports.experiments.outputs import shape_of
from tgbench.reports.experiments.requests import Changes, requests_of
from tgbench.running.planning import Planner

FILE = """\
name = "mine"
protocols = ["self_reconstruction"]
identities = ["{identity}", "nowhere/nobody"]
[[methods]]
name = "still"
[[methods]]
name = "no-such-method"
[[methods]]
name = "Tri-Hash"
not_available = "there is none"
[table]
metrics = ["psnr", "lpips"]
"""


@pytest.fixture
def experiment(tiny_identity: Path, tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(FILE.format(identity=tiny_identity), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", plugins.experiments())
def test_those_of_the_paper_are_sound(name: str) -> None:
    experiment = read_experiment(name)
    assert experiment.name == name
    assert shape_of(experiment).rows


def test_runs_what_it_can_and_says_what_it_cannot(
    experiment: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["experiment", str(experiment), "--out", str(out)]) == 0
    said = capsys.readouterr()
    before = said.err[: said.err.find("rendering")]
    for missing in ("nobody", "no-such-method", "Tri-Hash: there is none", "LPIPS"):
        assert missing in before
    folder = out / "experiments" / "mine"
    table = (folder / "table.md").read_text(encoding="utf-8")
    assert "PSNR" in table
    assert "Tri-Hash: there is none" in table
    (row,) = csv.DictReader((folder / "times.csv").open(encoding="utf-8"))
    assert row["method"] == "still"
    assert (folder / "page.html").is_file()

    again = tmp_path / "other.toml"
    again.write_text(experiment.read_text(encoding="utf-8"), encoding="utf-8")
    assert main(["experiment", str(again), "--out", str(out)]) == 2
    assert str(experiment) in capsys.readouterr().err.replace("\n", "")


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("identities", "identites", "identities"),
        ("metrics", "metrcs", "metrics"),
        ('name = "still"', 'name = "still"\nset = { nme = 1 }', "nme"),
        ("self_reconstruction", "self_recon", "self_reconstruction"),
    ],
)
def test_a_misspelt_key_is_refused_before_anything_runs(
    experiment: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    old: str,
    new: str,
    hint: str,
) -> None:
    experiment.write_text(experiment.read_text().replace(old, new, 1), encoding="utf-8")
    assert main(["experiment", str(experiment), "--out", str(tmp_path / "out")]) == 2
    assert hint in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


DRIVEN = """\
name = "driven"
protocols = ["lipsync"]
identities = ["{identity}"]
[[methods]]
name = "still"
[[tracks]]
file = "speech.wav"
language = "German"
gender = "female"
[rules]
longer_sound = "truncate"
smooth_poses = 3
[table]
shape = "table2"
metrics = ["training_time", "fps", "sync_c"]
"""
"""Of a sound that is longer than the poses."""


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--jobs", "2"]], ids=["here", "in processes"])
def test_rules_and_tags_reach_the_results_and_the_papers_rows_the_table(
    options: list[str], tiny_identity: Path, tmp_path: Path
) -> None:
    identity = Identity(tiny_identity)
    poses = len(identity.split().train)
    write_wav(tmp_path / "speech.wav", Waveform(np.zeros((poses + 9) * 640, np.float32)))
    path = tmp_path / "driven.toml"
    path.write_text(DRIVEN.format(identity=tiny_identity), encoding="utf-8")
    out = tmp_path / "out"
    assert main(["experiment", str(path), "--out", str(out), *options]) == 0
    (found,) = out.rglob("result.json")
    result = json.loads(found.read_text(encoding="utf-8"))
    assert result["frames"] == poses
    assert result["protocol"]["rules"] == {
        "longer_sound": "truncate",
        "shorter_sound": "truncate",
        "windows": "reach",
        "smooth_poses": "3",
    }
    assert result["driver"]["tags"]["language"] == "German"
    table = (out / "experiments" / "driven" / "table.md").read_text(encoding="utf-8")
    assert "Female, German" in table
    assert "5.045" in table, "Sync-C of LSP in table 2 of the paper"


@pytest.mark.parametrize("name", plugins.experiments())
def test_those_of_the_paper_can_be_planned(name: str, tiny_identity: Path) -> None:
    """Methods that need more than their name, such as folders of videos, do not stop the others."""
    experiment = read_experiment(name)
    requests, blocked = requests_of(experiment, Changes(identities=(str(tiny_identity),)))
    for request in requests:
        Planner(request)
    planned = {method for request in requests for method in request.methods}
    own = "dgtalker" if name.startswith("dgtalker") else "talkinggaussian"
    assert own in planned
    assert all(each.why for each in blocked)


def test_sounds_that_no_protocol_takes_are_left_out(experiment: Path, tiny_identity: Path) -> None:
    changes = Changes(identities=(str(tiny_identity),), audio=(Path("track-voice"),))
    requests, blocked = requests_of(read_experiment(str(experiment)), changes)
    (planned,) = Planner(requests[0]).collect(SILENT).cases
    assert planned.experiment.case.protocol == "self_reconstruction"
    assert [each.why for each in blocked if "track-voice" in each.what] == [
        "left out: self_reconstruction takes no other sound"
    ]


def test_optional_metrics_of_the_table_are_measured_beside_the_usual_ones(
    experiment: Path, tiny_identity: Path
) -> None:
    text = experiment.read_text().replace('"lpips"', '"Upper dynamics", "mask_iou"')
    experiment.write_text(text, encoding="utf-8")
    requests, _ = requests_of(
        read_experiment(str(experiment)), Changes(identities=(str(tiny_identity),))
    )
    (planned,) = Planner(requests[0]).collect(SILENT).cases
    usual = set(plugins.metrics_of(plugins.protocols()["self_reconstruction"]))
    assert {"psnr", "lmd"} < usual
    assert set(planned.experiment.case.metrics) == usual | {"upper_dynamics"}


def test_rows_that_fail_are_told_apart_by_their_settings(
    tiny_identity: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.toml"
    rows = "".join(
        f'[[methods]]\nname = "talkinggaussian"\nset = {{ motion = "{motion}" }}\n'
        for motion in ("appearance", "deformation")
    )
    path.write_text(
        f'name = "mine"\nprotocols = ["self_reconstruction"]\nidentities = ["{tiny_identity}"]\n'
        f'{rows}[table]\nmetrics = ["psnr"]\n'
    )
    assert main(["experiment", str(path), "--plan", "--out", str(tmp_path / "out")]) == 0
    assert "talkinggaussian (motion=appearance) on" in capsys.readouterr().out.replace("\n", " ")


@pytest.mark.slow
def test_two_at_once_in_one_folder_share_cases_and_keep_their_tables(
    experiment: Path, tmp_path: Path
) -> None:
    second = tmp_path / "yours.toml"
    second.write_text(experiment.read_text().replace('"mine"', '"yours"'), encoding="utf-8")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "tgbench", "experiment"]
    processes = [
        subprocess.Popen([*command, str(path), "--out", str(out)], stderr=subprocess.PIPE)
        for path in (experiment, second)
    ]
    for process in processes:
        _, said = process.communicate(timeout=240)
        assert process.returncode == 0, said.decode()
    assert len(list(out.rglob("result.json"))) == 1
    for name in ("mine", "yours"):
        assert "PSNR" in (out / "experiments" / name / "table.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_study_that_an_experiment_names_can_be_made(
    experiment: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = experiment.read_text(encoding="utf-8")
    asking = text.replace("[[methods]]", 'questions = ["lip_sync", "quality"]\n[[methods]]', 1)
    experiment.write_text(asking, encoding="utf-8")
    out = tmp_path / "out"
    assert main(["experiment", str(experiment), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    command = shlex.split(said[said.index("go on with: ") :].splitlines()[0])[3:]
    assert command[:3] == ["tgbench", "study", "make"]
    assert str(out) not in command, "other experiments lie there, too"
    assert main(command[1:]) == 0
    assert (out / "experiments" / "mine" / "study" / "page.html").is_file()
