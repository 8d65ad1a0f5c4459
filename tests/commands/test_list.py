from __future__ import annotations

import json

import pytest

from tgbench import plugins
from tgbench.cli import main
from tgbench.running.documented import settings_of


def listed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["list", *words]) == 0
    return capsys.readouterr().out


def test_settings_are_told_with_defaults_presets_meaning_and_source(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = listed(capsys, "settings", "still")
    assert "head_radius = 0.12 (float, above 0, at most 0.5)" in shown
    assert "sphere that stands for the head" in shown
    assert "static_iterations" not in shown
    shown = listed(capsys, "settings", "talkinggaussian")
    assert "audio_features" in shown
    assert "[P] paper" in shown
    assert "schedule.static_iterations = 3000 (int, at least 1; quick: 600)" in shown


def test_presets_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    shown = listed(capsys, "presets", "still,talkinggaussian")
    assert shown.count("every setting at its default") == 1
    assert "static_iterations=" in shown


def test_metrics_tell_unit_direction_and_what_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tgbench.metrics.availability.why_not_here",
        lambda spec: "no such weights" if spec.name == "lpips" else "",
    )
    lines = listed(capsys, "metrics").splitlines()
    (psnr,) = [line for line in lines if line.startswith("  psnr ")]
    assert psnr.split()[:4] == ["psnr", "PSNR", "[dB]", "↑"]
    assert lines[-1] == "  lpips: no such weights"


def test_json_holds_everything(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(listed(capsys, "--json"))
    assert {entry["name"] for entry in found["methods"]} == set(plugins.methods())
    assert {entry["name"] for entry in found["protocols"]} == set(plugins.protocols())
    metrics = {entry["name"]: entry for entry in found["metrics"]}
    for name, spec in plugins.metrics().items():
        assert metrics[name]["direction"] == spec.direction.value
        assert metrics[name]["unit"] == spec.unit
        assert metrics[name]["available"] == (not metrics[name]["reason"])
    assert {"synth-a", "synth-b"} <= {entry["name"] for entry in found["identities"]}
    assert found["presets"]["still"] == {"quick": {}, "paper": {}}
    (radius,) = found["settings"]["still"]
    assert radius["default"] == 0.12
    assert radius["presets"] == {"quick": 0.12, "paper": 0.12}
    only = json.loads(listed(capsys, "settings", "still", "--json"))
    assert only == {"still": [radius]}


def test_audio_encoders_tell_their_file_window_and_what_makes_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = json.loads(listed(capsys, "audio-encoders", "--json"))
    encoders = {entry["name"]: entry for entry in found}
    assert set(encoders) == set(plugins.audio_encoders())
    assert encoders["mel"]["available"]
    assert encoders["mel"]["reason"] == ""
    deepspeech = encoders["deepspeech"]
    assert (deepspeech["file"], deepspeech["window"]) == ("aud_ds.npy", [16, 29])
    assert not deepspeech["available"]
    assert "extract_ds_features.py" in deepspeech["reason"]
    lines = listed(capsys, "audio-encoders").splitlines()
    (mel,) = [line for line in lines if line.startswith("  mel ")]
    assert mel.split()[:3] == ["mel", "aud_mel.npy", "16x32"]
    assert any(line.startswith("  hubert: ") and "hubert.py" in line for line in lines)


@pytest.mark.parametrize("width", ["60", "80"])
@pytest.mark.parametrize(
    "words", [(), ("settings",), ("presets",), ("metrics",), ("audio-encoders",)]
)
def test_no_word_is_broken_at_any_width(
    width: str,
    words: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    whole = listed(capsys, *words)
    monkeypatch.setenv("COLUMNS", width)
    narrow = listed(capsys, *words)
    assert narrow.split() == whole.split()
    for line in narrow.splitlines():
        assert len(line) <= int(width) or len(line.split()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("setings",), "did you mean 'settings'"),
        (("settings", "stil"), "did you mean 'still'"),
        (("metrics", "still"), "only presets and settings"),
    ],
)
def test_what_cannot_be_listed_is_told(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["list", *words]) == 2
    assert said in capsys.readouterr().err


def test_settings_with_one_description_share_it(capsys: pytest.CaptureFixture[str]) -> None:
    meanings = [setting.meaning for setting in settings_of(plugins.methods()["talkinggaussian"])]
    shown = " ".join(listed(capsys, "settings", "talkinggaussian").split())
    shared = {meaning for meaning in meanings if meanings.count(meaning) > 1}
    assert shared
    for meaning in shared:
        assert shown.count(" ".join(meaning.split())) == 1
