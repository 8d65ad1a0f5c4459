"""What the gate writes for programs and people: JUnit, Markdown, annotations, a narrow terminal."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from .conftest import Gate


def usual_schema(document: str) -> list[ET.Element]:
    """Check what the XSD that Jenkins publishes for JUnit demands, and return the test cases."""
    root = ET.fromstring(document.encode())
    assert root.tag == "testsuites"
    assert set(root.attrib) <= {"name", "time", "tests", "failures", "disabled", "errors"}
    cases = []
    for suite in root:
        assert suite.tag == "testsuite"
        assert {"name", "tests", "failures", "errors"} <= set(suite.attrib)
        inside = list(suite)
        assert {case.tag for case in inside} == {"testcase"}
        assert int(suite.attrib["tests"]) == len(inside)
        assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
        assert int(suite.attrib["skipped"]) == len(suite.findall("testcase/skipped"))
        for case in inside:
            assert set(case.attrib) == {"name", "classname", "time"}
            assert {part.tag for part in case} <= {"failure", "skipped", "system-out"}
        cases += inside
    assert int(root.attrib["tests"]) == len(cases)
    return cases


def test_junit_holds_any_text(gate: Gate, before: Path, worse: Path, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "gate.xml"
    assert gate(worse, "--junit", path)[0] == 1
    psnr, lmd = usual_schema(path.read_text(encoding="utf-8"))
    assert psnr.attrib["name"] == "psnr"
    failure = psnr.find("failure")
    assert failure is not None
    assert failure.attrib["type"] == "regression"
    assert "-0.50 (-0.50 to -0.50)" in failure.attrib["message"]
    failure = lmd.find("failure")
    assert failure is not None
    assert "<b>&amp;|`x`[bold]:smile:" in str(failure.text)
    assert "\ufffd ::error::,%0A_ü_語" in str(failure.text)


def test_a_sound_run_has_no_failures_in_junit(gate: Gate, before: Path, tmp_path: Path) -> None:
    assert gate(before, "--junit", tmp_path / "gate.xml")[0] == 0
    cases = usual_schema((tmp_path / "gate.xml").read_text(encoding="utf-8"))
    assert all(case.find("failure") is None for case in cases)


def test_markdown_shows_names_as_written(
    gate: Gate,
    before: Path,
    worse: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert gate(worse, "--markdown", tmp_path / "gate.md")[0] == 1
    text = (tmp_path / "gate.md").read_text(encoding="utf-8")
    assert summary.read_text(encoding="utf-8") == "before\n" + text
    assert text.startswith("## Quality gate FAILED: regression 1, vanished 1")
    assert "| PSNR | 30.00 | 29.50 | -0.50 (-0.50 to -0.50) | **regression** |" in text
    (line,) = [line for line in text.splitlines() if "vanished**" in line]
    assert "\\<b\\>&amp;amp;\\|\\`x\\`\\[bold\\]" in line
    assert line.replace("\\|", "").count("|") == 6


def test_annotations_where_a_ci_offers_them(
    gate: Gate, before: Path, worse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "::error title" not in gate(worse)[1]
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    code, printed = gate(worse)
    assert code == 1
    marks = [line for line in printed.splitlines() if line.startswith("::error title=")]
    assert len(marks) == 2
    assert marks[0].startswith(
        "::error title=tgbench gate%3A ours on synth-a%2C self_reconstruction::PSNR: "
        "regression, 30.00 before, 29.50 now; change -0.50 (-0.50 to -0.50); tolerance 0.2"
    )
    assert ":smile: \ufffd[31m\ufffd ::error::,%250A_ü_語" in marks[1]
    assert not [line for line in printed.splitlines() if line.startswith("::error::")]


def test_an_unwritable_summary_is_bad_input(
    gate: Gate, before: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    code, printed = gate(before)
    assert code == 2
    assert "cannot be written" in printed


def test_numbers_stay_whole_in_a_narrow_terminal(
    gate: Gate, before: Path, worse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    printed = gate(worse)[1]
    assert "…" not in printed
    assert {"30.00", "29.50", "-0.50", "(-0.50", "regression"} <= set(printed.split())
