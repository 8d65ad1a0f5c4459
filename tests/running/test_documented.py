from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

import pytest

from tgbench import plugins
from tgbench.configs import Range
from tgbench.running.documented import documentation, settings_of
from tgbench.specs import MethodSpec


@dataclass(frozen=True)
class Base:
    """What all have.

    Attributes:
        seed: where chance begins.
    """

    seed: int = 7


@dataclass(frozen=True)
class Outer:
    depth: int
    """How deep."""


@dataclass(frozen=True)
class Inner(Outer):
    depth: int = 2
    mode: str = "x"
    """Which mode."""


@dataclass(frozen=True)
class Config(Base):
    """Some settings. Sources: [P] paper.

    They are told
    on two lines.

    Attributes:
        rate, decay: of Adam: the first, and the second
            of them [P: 0.1].

        mode: how: `plain`, or not.
        steps: how many.

    Raises:
        ValueError: never.
    """

    rate: float = 0.1
    decay: float = 0.5
    mode: Literal["plain", "odd"] = "plain"
    steps: int | None = None
    share: Annotated[float, Range(0, 1)] = 0.5
    """Of the frames,
    in which it moves."""
    inner: Inner = field(default_factory=lambda: Inner(depth=3))
    parts: tuple[str, ...] = field(default_factory=tuple)
    loud: bool = False


SPEC = MethodSpec(
    "toy", "", "", config=f"{__name__}:Config", presets={"quick": {"rate": 1.0, "inner.depth": 9}}
)


def test_meanings_are_read_from_the_docstring() -> None:
    found = documentation(Config)
    assert found.introduction == "Some settings. Sources: [P] paper. They are told on two lines."
    both = "of Adam: the first, and the second of them [P: 0.1]."
    assert found.meanings == {
        "seed": "where chance begins.",
        "rate": both,
        "decay": both,
        "mode": "how: `plain`, or not.",
        "steps": "how many.",
        "share": "Of the frames, in which it moves.",
        "inner.depth": "How deep.",
        "inner.mode": "Which mode.",
    }


def test_settings_have_type_default_and_presets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MethodSpec, "load_config", lambda self: Config)
    found = {setting.name: setting for setting in settings_of(SPEC)}
    nested = ["inner.depth", "inner.mode"]
    assert list(found) == [
        "seed",
        "rate",
        "decay",
        "mode",
        "steps",
        "share",
        *nested,
        "parts",
        "loud",
    ]
    assert (found["rate"].kind, found["rate"].default) == ("float", 0.1)
    assert found["rate"].presets == {"quick": 1.0}
    assert found["decay"].presets == {"quick": 0.5}
    assert found["mode"].kind == "plain | odd"
    assert found["steps"].kind == "int | none"
    assert found["loud"].kind == "true | false"
    assert found["share"].kind == "float, 0 to 1"
    assert found["inner.depth"].default == 3
    assert found["inner.depth"].presets == {"quick": 9}
    assert found["parts"].default == ()
    assert found["parts"].meaning == ""


@pytest.mark.parametrize("method", plugins.methods())
def test_every_setting_of_our_own_methods_is_documented(method: str) -> None:
    settings = settings_of(plugins.methods()[method])
    assert [setting.name for setting in settings if not setting.meaning] == []
    meanings = documentation(plugins.methods()[method].load_config()).meanings
    assert meanings.keys() <= {setting.name for setting in settings}
