"""What a CI gets where nothing can be compared, and what it must not be made to do."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from tgbench.reports.gate import command

from .conftest import Gate, WriteCase

PSNR = np.linspace(29.0, 31.0, 40)


@pytest.fixture
def before(gate: Gate, write_case: WriteCase, tmp_path: Path) -> Path:
    write_case(tmp_path / "before", {"psnr": PSNR})
    gate.update(tmp_path / "before")
    return tmp_path / "before"


def the_error(path: Path) -> ET.Element:
    """The one error of a document that counts itself rightly."""
    root = ET.parse(path).getroot()
    for counted in (root, root[0]):
        counts = [counted.attrib[name] for name in ("tests", "failures", "errors")]
        assert counts == ["1", "0", "1"]
    (error,) = root.findall("testsuite/testcase/error")
    return error


def test_a_refusal_is_told_wherever_an_outcome_would_be(
    gate: Gate,
    before: Path,
    write_case: WriteCase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_case(tmp_path / "now", {"psnr": PSNR}, version="2")
    junit, markdown, summary = (tmp_path / name for name in ("g.xml", "g.md", "summary.md"))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    code, printed = gate(tmp_path / "now", "--junit", junit, "--markdown", markdown)
    said = "protocol version: 1 in the baseline, 2 now"
    assert code == 2
    assert said in the_error(junit).attrib["message"]
    assert the_error(junit).attrib["type"] == "refused"
    assert said in markdown.read_text(encoding="utf-8")
    assert summary.read_text(encoding="utf-8") == markdown.read_text(encoding="utf-8")
    (mark,) = [line for line in printed.splitlines() if line.startswith("::")]
    assert mark.startswith("::error title=tgbench gate::")
    assert said in mark


@pytest.mark.parametrize(
    "words", [["{tmp}/none"], [], ["{tmp}/before", "--tolerance", "psnr=x"], ["--reason", "x", "."]]
)
def test_any_bad_input_is_told(gate: Gate, before: Path, tmp_path: Path, words: list[str]) -> None:
    words = [word.format(tmp=tmp_path) for word in words]
    code, printed = gate(*words, "--junit", tmp_path / "g.xml")
    assert code == 2
    assert the_error(tmp_path / "g.xml").attrib["message"] in printed


def test_a_defect_is_told_too(
    gate: Gate, before: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(args: object) -> None:
        raise ZeroDivisionError("no")

    monkeypatch.setattr(command, "_checked", broken)
    assert gate(before, "--junit", tmp_path / "g.xml")[0] == 1
    assert the_error(tmp_path / "g.xml").attrib["type"] == "ZeroDivisionError"


def test_the_first_reason_is_told_where_nothing_can_be_written(
    gate: Gate, before: Path, tmp_path: Path
) -> None:
    code, printed = gate(tmp_path / "none", "--junit", before)
    assert code == 2
    assert "warning:" in printed
    assert "no such folder" in printed.splitlines()[-1]


def test_what_can_be_written_is(gate: Gate, before: Path, tmp_path: Path) -> None:
    code, _ = gate(before, "--junit", tmp_path, "--markdown", tmp_path / "g.md")
    assert code == 2
    assert "passed" in (tmp_path / "g.md").read_text(encoding="utf-8")


def test_a_pipe_stays_a_pipe(gate: Gate, before: Path, tmp_path: Path) -> None:
    """As root, putting a file in its place would succeed, and take /dev/stdout from everyone."""
    path = tmp_path / "link"
    path.symlink_to(tmp_path / "target")
    assert gate(before, "--junit", path)[0] == 0
    assert path.is_symlink()
    assert (tmp_path / "target").is_file()


def test_nothing_in_an_error_is_a_command(
    gate: Gate, before: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = before.rglob("result.json")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("{", '{"a\\n::error::pwned\\u001b[2J": 1,', 1), encoding="utf-8")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    for words in ([], ["--update", "--reason", "why"]):
        code, printed = gate(before, *words)
        assert code == 2
        assert "::error::pwned" in printed
        assert not [line for line in printed.splitlines() if line.startswith("::error::")]


def test_names_are_no_commands(
    gate: Gate, write_case: WriteCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a result that says it is of somebody's method; GitHub takes lines that begin with ::."""
    nasty = {"psnr": PSNR, "::add-mask::a\n::set-output name=x::y": 3.0}
    write_case(tmp_path / "out", nasty, method="::error::pwned\n::warning::too")
    gate.update(tmp_path / "out")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    code, printed = gate(tmp_path / "out")
    assert code == 0
    lines = [line.strip() for line in printed.splitlines()]
    token = re.fullmatch("::stop-commands::([0-9a-f]{32})", lines[0])
    assert token is not None
    resumed = lines.index(f"::{token[1]}::")
    assert any("::error::pwned" in line for line in lines[:resumed])
    assert not [line for line in lines[resumed + 1 :] if line.startswith("::")]
    assert not [line for line in lines if line.startswith(("::set-output", "::warning"))]
