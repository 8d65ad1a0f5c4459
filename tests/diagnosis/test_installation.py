from __future__ import annotations

from pathlib import Path

import pytest

from tgbench.cli import main
from tgbench.diagnosis import installation
from tgbench.diagnosis.installation import examine

NAME = "a-package-of-tests"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a package that is installed, by its metadata, and is all that is looked at."""
    told = tmp_path / "a_package_of_tests-1.5.dist-info"
    told.mkdir()
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.5\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    entry = installation._Package(NAME, "for tests", "install it anew", "a_package_of_tests")
    monkeypatch.setattr(installation, "_PACKAGES", (entry,))
    monkeypatch.setattr(installation, "_CHECKS", ())
    return tmp_path / "a_package_of_tests.py"


def test_a_package_that_can_be_imported_works(package: Path) -> None:
    package.write_text("print('hello')")
    (found,) = examine()
    assert (found.subject, found.works, found.text) == (NAME, True, "1.5")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("raise RuntimeError('operator torchvision::nms does not exist')", "torchvision::nms"),
        ("import what_is_not_here", "No module named 'what_is_not_here'"),
        ("import os; os._exit(3)", "it ends with code 3"),
        ("import time; time.sleep(60)", "no answer in 1 s"),
    ],
)
def test_a_package_that_is_there_by_name_only_does_not_work(
    package: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    code: str,
    told: str,
) -> None:
    if "sleep" in code:
        monkeypatch.setattr(installation, "_TRIAL_SECONDS", 1.0)
    package.write_text(code)
    assert main(["doctor", "--installation"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert f"missing {NAME} 1.5 is installed and cannot be used (" in shown
    assert told in shown
    assert "install it anew" in shown


def test_a_package_that_is_not_installed_is_not_tried(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = installation._Package("a-package-of-no-one", "for tests", "get it", "os:abort")
    monkeypatch.setattr(installation, "_PACKAGES", (entry,))
    (found,) = examine()
    assert (found.works, found.text) == (False, "for tests; get it")
