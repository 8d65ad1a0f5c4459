from __future__ import annotations

import itertools
import json
import shutil
from pathlib import Path

import pytest

from tgbench.cli import main
from tgbench.reports.study.analysis import Findings, analyse
from tgbench.reports.study.answers import Participant
from tgbench.reports.study.records import KEY_FILE, Key
from tgbench.reports.study.stimuli import TRUTH

from ..renderers.pdflatex import compile_latex
from .conftest import make_key, simulated

QUALITY = {"a": 2.0, "b": 2.8, "c": 3.4, TRUTH: 4.3}


def findings(key: Key, quality: dict[str, float], people: int = 24, seed: int = 0) -> Findings:
    every = [
        Participant(simulated(key, quality, number + 1, seed=seed), 0, 2)
        for number in range(people)
    ]
    return analyse(key, every)["lip_sync"]


def test_mean_ratings_recover_the_quality_of_simulated_videos() -> None:
    found = findings(make_key(), QUALITY)
    for name, true in QUALITY.items():
        score = found.scores[name]
        assert score.value == pytest.approx(true, abs=0.35)
        assert score.interval is not None
        assert score.interval.low < score.value < score.interval.high <= 5.0
        assert score.answers == 24 * 4
    values = [found.scores[name].value or 0.0 for name in QUALITY]
    assert values == sorted(values)
    apart = {(each.one, each.other): each for each in found.differences}
    assert apart["a", TRUTH].significant
    for (one, other), each in apart.items():
        assert each.value == pytest.approx(QUALITY[one] - QUALITY[other], abs=0.5)


def test_choices_recover_the_strengths_of_simulated_videos() -> None:
    found = findings(make_key(kind="pairs"), QUALITY, people=30)
    for one, other in itertools.combinations(QUALITY, 2):
        apart = (found.scores[one].value or 0.0) - (found.scores[other].value or 0.0)
        assert apart == pytest.approx(QUALITY[one] - QUALITY[other], abs=0.4)
    assert found.scores[TRUTH].share == max(score.share or 0 for score in found.scores.values())


def test_choices_without_an_estimate_say_so() -> None:
    certain = {"a": 0.0, "b": 100.0, TRUTH: 200.0}
    found = findings(make_key(("a", "b"), kind="pairs"), certain)
    assert found.scores["a"].value is None
    assert "always preferred" in found.scores["a"].reason
    assert found.alphas["nominal"] == 1.0


def test_random_raters_do_not_agree_and_equal_conditions_do_not_differ() -> None:
    found = findings(make_key(kind="pairs"), dict.fromkeys(QUALITY, 3.0))
    assert found.alphas["nominal"] == pytest.approx(0.0, abs=0.06)
    assert len(found.differences) == 6
    assert not any(each.significant for each in found.differences)
    for score in found.scores.values():
        assert score.interval is not None
        assert score.interval.low < 0.3
        assert score.interval.high > -0.3


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_metric_that_goes_with_quality_correlates(sign: float) -> None:
    key = make_key(metric=lambda name, item: sign * (QUALITY[name] + 0.01 * item))
    (metric,) = findings(key, QUALITY).metrics
    assert metric.videos == 12
    assert metric.spearman is not None
    assert metric.pearson is not None
    assert sign * metric.spearman.value > 0.8
    assert sign * metric.pearson.value > 0.9
    assert metric.spearman.interval.low < metric.spearman.value < metric.spearman.interval.high


def written(
    key: Key, folder: Path, people: int = 6, quality: dict[str, float] = QUALITY
) -> list[str]:
    (folder / "answers").mkdir(parents=True)
    (folder / KEY_FILE).write_text(key.model_dump_json())
    for number in range(1, people + 1):
        answers = simulated(key, quality, number, attentive=number != 2)
        (folder / "answers" / f"{number}.json").write_text(answers.model_dump_json())
    return [str(path) for path in sorted((folder / "answers").iterdir())]


def test_the_command_prints_and_writes_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = make_key(
        questions=("lip_sync", "realness", "quality"), metric=lambda n, i: QUALITY[n] + i
    )
    files = written(key, tmp_path / "s")
    forms = [str(tmp_path / f"table.{suffix}") for suffix in ("tex", "md", "json")]
    assert main(["study", "analyse", *files, "--published", "--to", *forms]) == 0
    printed = capsys.readouterr().out
    assert "'p2': failed 2 of 2" in printed
    assert "5 participants count, 1 left out" in printed
    assert "Krippendorff" in printed
    assert "PSNR" in printed
    tex, markdown, numbers = (Path(form).read_text() for form in forms)
    for text in (tex, markdown):
        assert "Lip-sync" in text
        assert "3.94" in text
        assert "TalkingGaussian" in text
    stored = json.loads(numbers)
    assert len(stored["participants"]) == 5
    assert 0.0 <= stored["questions"]["quality"]["differences"][0]["p"] <= 1.0
    value = stored["questions"]["quality"]["scores"]["b"]["value"]
    assert f"{value:.2f}" in tex


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("kind", ["ratings", "pairs"])
def test_the_table_compiles(tmp_path: Path, kind: str) -> None:
    """Names that mean something to LaTeX are text in it."""
    quality = {"50%_off & \\end{table}": 2.5, "b#$^~": 2.6, TRUTH: 4.3}
    names = tuple(quality)[:2]
    key = make_key(names, kind=kind, questions=("lip_sync", "quality"))
    files = written(key, tmp_path / "s", people=8, quality=quality)
    table = tmp_path / "table.tex"
    assert main(["study", "analyse", *files, "--published", "--to", str(table)]) == 0
    assert "all pairs differ" in table.read_text()
    compile_latex(table)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--to", "table.xls"], "table.xls"),
        (["--study", "elsewhere"], "elsewhere"),
        ([], "no answers count"),
    ],
)
def test_the_command_says_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    key = make_key()
    (tmp_path / "s" / "answers").mkdir(parents=True)
    (tmp_path / "s" / KEY_FILE).write_text(key.model_dump_json())
    bad = tmp_path / "s" / "answers" / "a.json"
    bad.write_text("{}")
    assert main(["study", "analyse", str(bad), *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_script_for_a_name_is_only_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = make_key()
    files = written(key, tmp_path / "s", people=2)
    said = json.loads(Path(files[1]).read_text())
    said["participant"] = "<script>alert(1)</script>"
    Path(files[1]).write_text(json.dumps(said))
    assert main(["study", "analyse", *files]) == 0
    assert "edited" in capsys.readouterr().out
