"""Which defect metrics point to: on what the planted ones measured, and never on a guess."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tgbench.cli import main
from tgbench.files import write_text
from tgbench.reports.explaining.explanation import explain, worst_cases
from tgbench.reports.explaining.rules import RULES
from tgbench.reports.explaining.text import told
from tgbench.results import MeasuredCase
from tgbench.running.result import MetricRecord, Result
from tgbench.synthetic import ensure_identity

from .conftest import MakeResult, metric

TABLES = sorted((Path(__file__).parents[2] / "benchmarks" / "results").glob("defects-*.csv"))

LATE: dict[str, Any] = {"median_ms": 200.0, "matched_share": 0.6, "extremes": 30}


def record(value: float | None, **details: Any) -> MetricRecord:
    return metric("", value).model_copy(update={"details": details})


def planted(path: Path) -> dict[str, dict[str, MetricRecord]]:
    """Return the metrics of each defect as `benchmarks/defects.py` measured them."""
    with path.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return {
        defect: records({row["metric"]: float(row[defect]) for row in rows if row[defect]})
        for defect in list(rows[0])[1:]
    }


def records(numbers: Mapping[str, float]) -> dict[str, MetricRecord]:
    """Return records of numbers by metric, or by metric and detail with a point between."""
    return {
        name: record(
            numbers.get(name),
            **{
                key.partition(".")[2]: n for key, n in numbers.items() if key.startswith(f"{name}.")
            },
        )
        for name in {key.partition(".")[0] for key in numbers}
    }


def pointed(metrics: Mapping[str, MetricRecord]) -> list[str]:
    return [defect for defect, _ in explain(metrics.get).pointed]


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_planted_defects_are_named_and_an_undamaged_clip_has_none(path: Path) -> None:
    measured = planted(path)
    assert pointed(measured["re-encoded"]) == []
    # dlib's network finds the built-in people too alike, so their table lacks it.
    names = {
        defect: rule.defect
        for rule in RULES
        if {sign.metric for sign in rule.signs} <= measured["re-encoded"].keys()
        for defect in rule.planted
    }
    assert measured.keys() - names.keys() <= {"re-encoded", "wrong identity"}
    found = {defect: pointed(measured[defect]) for defect in names}
    assert {defect: name for defect, name in names.items() if name not in found[defect]} == {}


def test_the_tables_name_all_defects_that_rules_are_for() -> None:
    defects = set().union(*(planted(path) for path in TABLES)) - {"re-encoded"}
    assert {defect for rule in RULES for defect in rule.planted} == defects


@pytest.mark.slow
def test_defects_planted_into_a_built_in_person_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted and measured here, at another size than that of the tables."""
    from benchmarks import defects

    folder = ensure_identity("synth-a", 128, 4.0)
    video = tmp_path / "clip.mp4"
    pictures = ["-framerate", "25", "-start_number", "0", "-i", str(folder / "gt_imgs/%d.jpg")]
    sound, coded = ["-i", str(folder / "aud.wav")], ["-crf", "10", "-pix_fmt", "yuv420p"]
    subprocess.run(["ffmpeg", "-v", "error", *pictures, *sound, *coded, str(video)], check=True)
    looked_at = {sign.metric for rule in RULES for sign in rule.signs}
    monkeypatch.setattr(defects, "METRICS", tuple(looked_at - {"id_distance_dlib"}))
    clip = defects.Clip(video, 100)
    made = defects.planted(clip, clip)
    expected = {
        "re-encoded": [],
        "late 200 ms": ["late lips"],
        "flicker": ["flicker"],
    }
    found = {}
    for defect in expected:
        numbers = defects.measured(clip, made[defect]())
        found[defect] = pointed(records({name: n for name, n in numbers.items() if n is not None}))
    assert found == expected


def test_nothing_is_concluded_from_what_was_not_measured() -> None:
    nothing = explain({}.get)
    assert nothing.pointed == nothing.ruled_out == ()
    assert set(nothing.open) == {rule.defect for rule in RULES}
    half = explain({"mouth_gain": record(0.5)}.get)
    assert half.pointed == ()
    assert half.open["mumbling"] == {"mouth_ccc": "not measured"}
    assert "a frozen mouth" in half.ruled_out
    unavailable = explain({"blink_f1": metric("", "the true person never blinks")}.get)
    assert unavailable.open["dead eyes"] == {"blink_f1": "the true person never blinks"}


def test_of_too_few_extremes_nothing_is_concluded() -> None:
    few = {"mouth_mtm": record(200.0, **{**LATE, "extremes": 3})}
    assert "8 extremes" in explain(few.get).open["late lips"]["mouth_mtm"]
    assert pointed({"mouth_mtm": record(200.0, **LATE)}) == ["late lips"]


def test_details_that_are_no_numbers_are_none() -> None:
    for odd in ("200", None, True, float("nan"), [200]):
        found = explain({"mouth_mtm": record(200.0, **{**LATE, "median_ms": odd})}.get)
        assert "late lips" in found.open


def test_the_worst_case_is_that_of_the_least_concordance(make_result: MakeResult) -> None:
    cases = [
        MeasuredCase.in_memory(make_result(method, identity=who, mouth_ccc=ccc, lmd=lmd))
        for method, who, ccc, lmd in [
            ("ours", "may", 0.9, 1.0),
            ("ours", "obama", 0.2, 0.5),
            ("theirs", "may", None, 3.0),
            ("theirs", "obama", None, 1.0),
        ]
    ]
    unlike = MeasuredCase.in_memory(make_result("ours", protocol="lipsync", mouth_ccc=0.0))
    worst = worst_cases([*cases, unlike])
    assert [(found.case.variant.method, found.case.key.identity) for found in worst] == [
        ("ours", "obama"),
        ("theirs", "may"),
    ]
    assert "0.200" in worst[0].chosen_by
    assert "2 cases" in worst[0].chosen_by


def test_what_says_nothing_of_a_method_is_no_evidence(make_result: MakeResult) -> None:
    """A method that copies the upper face copies its blinks."""
    blinks = record(0.0, blinks=0, true_blinks=4)
    for moves, named in ((True, True), (False, False)):
        case = MeasuredCase.in_memory(make_result(upper_face=moves, blink_f1=blinks))
        points = next(told([case], lambda case: "ours")).points
        assert any("dead eyes" in point for point in points) is named


def test_the_command_and_the_page_say_it(
    tmp_path: Path, make_result: MakeResult, capsys: pytest.CaptureFixture[str]
) -> None:
    late = record(204.0, **LATE)
    found = make_result(mouth_mtm=late, flicker="too <few> pixels stand still")
    _write(tmp_path / "out" / "case", found)
    page = tmp_path / "page.html"
    assert main(["report", str(tmp_path / "out"), "--explain", "--html", str(page)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "late lips: lips are 200 ms late" in shown
    assert "flicker (flicker: too <few> pixels stand still)" in shown
    assert "sharpness_mouth" in shown.partition("--metrics")[2]
    section = page.read_text(encoding="utf-8").partition('id="explained"')[2]
    section = section.partition("</section>")[0]
    assert "lips are 200 ms late" in section
    assert "too &lt;few&gt; pixels" in section


def _write(folder: Path, result: Result) -> None:
    folder.mkdir(parents=True)
    write_text(folder / "result.json", result.model_dump_json())
