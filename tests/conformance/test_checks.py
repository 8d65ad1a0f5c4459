"""Every check fails for a method that breaks just what it looks at, and holds for a sound one."""

from __future__ import annotations

import sys

import pytest

from tgbench.conformance.findings import State
from tgbench.conformance.kit import CHECKS

from .conftest import HERE, Benches, finding

sys.path.insert(0, str(HERE / "plugin"))
from broken import BROKEN, Broken

sys.path.pop(0)


def test_there_is_a_broken_method_for_every_check() -> None:
    assert [check.name for check in CHECKS] == list(dict.fromkeys(each.check for each in BROKEN))


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.spec.name)
def test_a_method_that_breaks_it_is_found(broken: Broken, bench: Benches) -> None:
    found = finding(bench(broken.spec.name), broken.check)
    assert found.state is State.FAILS, found.text
    assert broken.says in found.text


@pytest.mark.parametrize("name", ["puppet", "average_frame"])
def test_a_sound_method_keeps_every_claim(name: str, bench: Benches) -> None:
    its = bench(name)
    found = [check.finding(its) for check in CHECKS]
    assert not [each for each in found if each.state is State.FAILS]
    untried = {each.check.name for each in found if each.state is State.NOT_TRIED}
    assert untried == {"own-speed", "pasted-mouth"}
