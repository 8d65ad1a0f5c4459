"""The declaration in `examples/`: a system that runs outside of this process."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tgbench import plugins
from tgbench.cli import main
from tgbench.conformance.bench import Bench
from tgbench.conformance.findings import State
from tgbench.conformance.subject import Subject
from tgbench.identities import Identity
from tgbench.running.method_config import MethodConfig
from tgbench.running.settings import configure

from .conftest import finding

EXAMPLE = Path(__file__).parents[2] / "examples" / "declared_system"
PLACES = {"checkout": str(EXAMPLE / "program"), "environment": sys.executable}


@pytest.fixture
def declared(short_identity: Path, tmp_path: Path) -> Callable[[str, str], Bench]:
    """Makes a bench for the example with another text in its declaration."""

    def make(old: str, new: str) -> Bench:
        text = (EXAMPLE / "loud_mouth.toml").read_text()
        assert text.count(old) == 1
        path = tmp_path / "changed.toml"
        path.write_text(text.replace(old, new))
        spec = plugins.method(str(path))
        config = MethodConfig(spec, configure(spec, "quick", PLACES), "quick")
        return Bench(Subject(config, "cpu"), str(path), Identity(short_identity), tmp_path / "b")

    return make


def test_a_false_declaration_is_found(declared: Callable[[str, str], Bench]) -> None:
    bench = declared("hears_audio = true", "hears_audio = false")
    found = finding(bench, "sound")
    assert found.state is State.FAILS
    assert "hears_audio=False" in found.text


def test_a_program_that_fails_is_what_does_not_hold(
    declared: Callable[[str, str], Bench], tmp_path: Path
) -> None:
    bench = declared("{checkout}/train.py", "{checkout}/no_such_file.py")
    found = finding(bench, "fit")
    assert found.state is State.FAILS
    assert "no_such_file.py" in found.text


@pytest.mark.slow
def test_the_template_declaration_keeps_all(
    short_identity: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(EXAMPLE, tmp_path / "system")
    chosen = [f"{key}={value}" for key, value in PLACES.items()]
    words = ["check-method", str(folder / "loud_mouth.toml"), "--identity", str(short_identity)]
    assert main([*words, "--json", "--set", *chosen]) == 0
    found = json.loads(capsys.readouterr().out)["findings"]
    assert len(found) == 26
    # A fit of an instant may end before it can be killed in its middle.
    untried = {check["check"] for check in found if check["state"] != State.HOLDS.value}
    assert "pasted-mouth" in untried
    assert untried <= {"pasted-mouth", "interruption", "camera", "backdrop", "layers"}
