from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tgbench import plugins
from tgbench.cli import main
from tgbench.reports.experiments.declaration import read_experiment
from tgbench.reports.experiments.outputs import shape_of

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
