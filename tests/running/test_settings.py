from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pytest

from tgbench.errors import TgbenchError
from tgbench.running.settings import configure, parse_overrides
from tgbench.specs import MethodSpec


@dataclass(frozen=True)
class Config:
    steps: int = 10
    rate: float = 0.5
    mirrored: bool = False
    motion: Literal["deformation", "appearance"] = "deformation"
    limit: int | None = None

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"steps={self.steps} must be at least 1")


SPEC = MethodSpec(
    "toy",
    "a toy",
    "nowhere:Nothing",
    config=f"{__name__}:Config",
    presets={"quick": {"steps": 3}, "paper": {}},
)


@pytest.fixture(autouse=True)
def _config_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MethodSpec, "load_config", lambda self: Config)


def test_preset_then_overrides() -> None:
    assert configure(SPEC, "paper", {}) == Config()
    assert configure(SPEC, "quick", {}).steps == 3
    overrides = {"steps": "7", "rate": "1e-3", "mirrored": "true", "motion": "appearance"}
    assert configure(SPEC, "quick", overrides) == Config(7, 1e-3, True, "appearance")


def test_optional_values() -> None:
    assert configure(SPEC, "quick", {"limit": "4"}).limit == 4
    assert configure(SPEC, "quick", {"limit": "none"}).limit is None


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"step": "1"}, f"^{SPEC.name} has no setting 'step': did you mean 'steps'"),
        ({"steps": "many"}, "--set steps=many: must be a whole number, such as 3$"),
        ({"limit": "2.5"}, "--set limit=2.5: must be a whole number, such as 3$"),
        ({"rate": "fast"}, "--set rate=fast: must be a number, such as 0.5$"),
        ({"steps": "0"}, "must be at least 1"),
        ({"mirrored": "yes"}, "must be true or false"),
        ({"motion": "both"}, "must be one of deformation, appearance"),
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
