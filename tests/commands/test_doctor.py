from __future__ import annotations

import pytest

from tgbench.cli import main
from tgbench.diagnosis import calibration, installation
from tgbench.diagnosis.calibration import Expectation
from tgbench.diagnosis.installation import Finding
from tgbench.interfaces import Measurement


@pytest.fixture
def clip(monkeypatch: pytest.MonkeyPatch) -> dict[str, Measurement]:
    """What the metrics give on the calibration clip, to be changed by a test; all is installed."""
    torch = Finding("torch", True, "2.9.0", needed=True)
    monkeypatch.setattr(installation, "examine", lambda: [torch])
    found = {
        "psnr": Measurement(30.0, measured_by="integers"),
        "sync_c": Measurement(None, reason="weights missing: tgbench weights fetch syncnet"),
        "sync_e": Measurement(None, reason="weights missing: tgbench weights fetch syncnet"),
    }
    monkeypatch.setattr(calibration, "measure_clip", lambda names, progress: found)
    stored = {"psnr": Expectation(30.0, 0.05, "integers")}
    monkeypatch.setattr(calibration, "read_expected", lambda: stored)
    return found


def test_right_values_work_and_what_is_missing_is_told_once(
    clip: dict[str, Measurement], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert "30 dB, expected 30 dB" in shown
    assert shown.count("tgbench weights fetch syncnet") == 1
    assert "sync_c, sync_e" in shown
    assert "`tgbench run` works" in shown


def test_a_wrong_value_fails_and_names_the_metric(
    clip: dict[str, Measurement], capsys: pytest.CaptureFixture[str]
) -> None:
    clip["psnr"] = Measurement(28.0, measured_by="integers")
    assert main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert "expected 30 dB ± 0.05, got 28 dB" in shown
    assert "do not trust these metrics on this machine: psnr;" in shown


def test_a_broken_installation_is_told_before_anything_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> Finding:
        raise RuntimeError("cannot load")

    monkeypatch.setattr(installation, "_CHECKS", (broken,))
    monkeypatch.setattr(installation, "_PACKAGES", ())
    monkeypatch.setattr(calibration, "measure_clip", lambda *_: pytest.fail("measured"))
    assert main(["doctor"]) == 1
    assert "`tgbench run` cannot work; fix broken" in capsys.readouterr().out


def test_the_installation_alone_measures_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(calibration, "measure_clip", lambda *_: pytest.fail("measured"))
    assert main(["doctor", "--installation"]) == 0
    assert "video codecs" in capsys.readouterr().out
