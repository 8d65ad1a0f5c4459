from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Annotated, Literal

import pytest

from tgbench import plugins
from tgbench.configs import Range
from tgbench.errors import TgbenchError
from tgbench.running.settings import (
    configure,
    hash_of_settings,
    in_current_names,
    keys_of,
    parse_overrides,
)
from tgbench.specs import MethodSpec


@dataclass(frozen=True)
class Branch:
    rate: Annotated[float, Range(0, 1)] = 0.1
    width: int = 8


@dataclass(frozen=True)
class Config:
    steps: int = 10
    rate: float = 0.5
    mirrored: bool = False
    motion: Literal["deformation", "appearance"] = "deformation"
    limit: int | None = None
    pads: tuple[int, int] = (0, 0)
    face: Branch = field(default_factory=Branch)
    mouth: Branch = field(default_factory=lambda: Branch(width=4))

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"steps={self.steps} must be at least 1")


SPEC = MethodSpec(
    "toy",
    "a toy",
    "nowhere:Nothing",
    config=f"{__name__}:Config",
    presets={"quick": {"steps": 3, "mouth.width": 2}, "paper": {}},
    renamed_settings={"face_rate": "face.rate", "pace": "rate"},
)


@pytest.fixture(autouse=True)
def _config_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MethodSpec, "load_config", lambda self: Config)


def test_preset_then_overrides() -> None:
    assert configure(SPEC, "paper", {}) == Config()
    assert configure(SPEC, "quick", {}).steps == 3
    assert configure(SPEC, "quick", {"pads": "10:-2"}).pads == (10, -2)
    assert configure(SPEC, "quick", {}).mouth == Branch(width=2)
    overrides = {"steps": "7", "rate": "1e-3", "mirrored": "true", "motion": "appearance"}
    assert configure(SPEC, "paper", overrides) == Config(7, 1e-3, True, "appearance")


def test_optional_values() -> None:
    assert configure(SPEC, "quick", {"limit": "4"}).limit == 4
    assert configure(SPEC, "quick", {"limit": "none"}).limit is None


def test_nested_settings_have_dotted_keys() -> None:
    config = configure(SPEC, "quick", {"face.rate": "0.3", "mouth.rate": "1"})
    assert (config.face, config.mouth) == (Branch(0.3, 8), Branch(1.0, 2))


def test_old_names_still_work_and_the_log_says_the_new_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING, "tgbench"):
        assert configure(SPEC, "quick", {"face_rate": "0.3", "pace": "2"}).face.rate == 0.3
    assert ["face.rate" in message for message in caplog.messages] == [True, False]
    with pytest.raises(TgbenchError, match=r"face\.rate is given twice"):
        configure(SPEC, "quick", {"face_rate": "0.3", "face.rate": "0.4"})
    assert {"face_rate", "face.rate", "mouth.width", "steps"} <= keys_of(SPEC)


def test_an_earlier_configuration_is_read_by_todays_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "methods", lambda: {"toy": SPEC})
    now = {"steps": 3, "face.rate": 0.3, "mouth.width": 2}
    expected = hash_of_settings("toy", now)
    for written in (
        {"steps": 3, "face_rate": 0.3, "mouth.width": 2},
        {"steps": 3, "face": {"rate": 0.3}, "mouth": {"width": 2}},
    ):
        assert in_current_names("toy", written, "old hash") == (now, expected)
    assert in_current_names("toy", now, "its hash") == (now, "its hash")
    stranger = {"face_rate": 0.3}
    assert in_current_names("nobody's", stranger, "h") == (stranger, "h")


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"face.rat": "1"}, "toy has no setting 'face.rat'.*'face.rate'.*list settings toy"),
        ({"face": "1"}, "'face' is a group of settings; write --set face.rate=VALUE"),
        ({"face": "rate=0.5;width=4"}, "write --set face.rate=0.5 face.width=4"),
        ({"face": "{rate=0.5, width=4}"}, "write --set face.rate=0.5 face.width=4"),
        ({"face": "size=0.5"}, "write --set face.rate=VALUE"),
        ({"width": "1"}, "no setting 'width'.*'face.width', 'mouth.width'"),
        ({"quite_another": "1"}, "no setting 'quite_another'; `tgbench list settings toy`"),
        ({"face.rate": "2"}, "toy: face.rate=2.0: must be 0 to 1"),
        ({"step": "1"}, f"^{SPEC.name} has no setting 'step': did you mean 'steps'"),
        ({"steps": "many"}, "--set steps=many: must be a whole number, such as 3$"),
        ({"limit": "2.5"}, "--set limit=2.5: must be a whole number, such as 3$"),
        ({"rate": "fast"}, "--set rate=fast: must be a number, such as 0.5$"),
        ({"steps": "0"}, "must be at least 1"),
        ({"mirrored": "yes"}, "must be true or false"),
        ({"motion": "both"}, "must be one of deformation, appearance"),
        ({"pads": "1"}, "--set pads=1: must be 2 values with colons between"),
        ({"pads": "1:few"}, "--set pads=few: must be a whole number"),
    ],
)
def test_bad_settings_are_told(overrides: dict[str, str], said: str) -> None:
    with pytest.raises(TgbenchError, match=said):
        configure(SPEC, "quick", overrides)


def test_unknown_preset_is_told() -> None:
    with pytest.raises(
        TgbenchError, match=f"^{SPEC.name} has no preset 'quik': did you mean 'quick'"
    ):
        configure(SPEC, "quik", {})


@pytest.mark.parametrize("pairs", [["steps"], ["=3"], ["steps=1", "steps=2"]])
def test_malformed_pairs_are_told(pairs: list[str]) -> None:
    with pytest.raises(TgbenchError, match="--set"):
        parse_overrides(pairs)
