from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgbench.configs import (
    Range,
    build,
    check_ranges,
    flat,
    range_of,
    replaced,
    setting_text,
    types_of,
)
from tgbench.errors import TgbenchError


@dataclass(frozen=True)
class Wheel:
    spokes: Annotated[int, Range(1)] = 32
    grip: Annotated[float, Range(0, 1)] = 0.5


@dataclass(frozen=True)
class Front(Wheel):
    spokes: Annotated[int, Range(1)] = 20
    brake: Literal["rim", "disc"] = "rim"


@dataclass(frozen=True)
class Bike:
    gears: int | None = None
    front: Front = field(default_factory=Front)
    back: Wheel = field(default_factory=Wheel)
    load: dict[str, Any] = field(default_factory=lambda: {"left": 1, "right": {"top": 2}})


def test_nested_settings_become_one_mapping_with_dotted_keys() -> None:
    assert flat(Bike()) == {
        "gears": None,
        "front.spokes": 20,
        "front.grip": 0.5,
        "front.brake": "rim",
        "back.spokes": 32,
        "back.grip": 0.5,
        "load.left": 1,
        "load.right.top": 2,
    }
    assert flat({"a": {"b": {"c": 1}}, "d": {}}) == {"a.b.c": 1, "d": {}}


def test_build_takes_what_flat_gives() -> None:
    bike = Bike(7, Front(24, 0.25, "disc"), Wheel(36), {"left": 3, "right": {"top": 4}})
    assert build(Bike, flat(bike)) == bike
    assert build(Bike, {"front.brake": "disc"}) == Bike(front=Front(brake="disc"))
    assert build(Bike, {}) == Bike()


def test_replaced_changes_nothing_else() -> None:
    bike = Bike(7, Front(24))
    assert replaced(bike, {"back.grip": 1.0, "gears": 8}) == Bike(8, Front(24), Wheel(32, 1.0))
    assert bike == Bike(7, Front(24))


@pytest.mark.parametrize("key", ["bell", "front.bell", "bell.loud", "gears.first"])
def test_unknown_settings_are_refused(key: str) -> None:
    with pytest.raises(TypeError, match="no setting"):
        build(Bike, {key: 1})


def test_types_stand_in_the_order_of_the_fields() -> None:
    kinds = types_of(Bike)
    assert list(kinds)[:6] == list(flat(Bike()))[:6]
    assert range_of(kinds["front.spokes"]) == Range(1)
    assert range_of(kinds["gears"]) is None


@pytest.mark.parametrize(
    ("allowed", "inside", "outside", "words"),
    [
        (Range(0, 1), (0, 0.5, 1), (-0.1, 1.1), "0 to 1"),
        (Range(2), (2, 1e9), (1.9,), "at least 2"),
        (Range(above=0), (1e-9,), (0, -1), "above 0"),
        (Range(above=0, most=1), (0.1, 1), (0, 1.1), "above 0, at most 1"),
        (Range(most=3), (-5, 3), (4,), "at most 3"),
        (Range(), (-1e9, 0), (), "finite"),
    ],
)
def test_ranges(
    allowed: Range, inside: tuple[float, ...], outside: tuple[float, ...], words: str
) -> None:
    assert all(value in allowed for value in inside)
    assert not any(value in allowed for value in (*outside, float("nan"), float("inf")))
    assert str(allowed) == words


def test_a_value_out_of_range_is_named_with_its_group() -> None:
    check_ranges(Bike())
    with pytest.raises(TgbenchError, match=r"^front\.spokes=0: must be at least 1$"):
        check_ranges(build(Bike, {"front.spokes": 0}))


@given(st.floats(allow_nan=False))
def test_a_number_is_written_exactly(value: float) -> None:
    assert float(setting_text(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (False, "false"),
        (None, "none"),
        (0.0, "0"),
        (1e-5, "1e-05"),
        (0.1 + 0.2, "0.30000000000000004"),
        ((0, 10, 0, 0), "0:10:0:0"),
        ([0.5, True], "0.5:true"),
        ("mel", "mel"),
    ],
)
def test_values_are_written_as_set_takes_them(value: object, text: str) -> None:
    assert setting_text(value) == text
