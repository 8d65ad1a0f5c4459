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


def test_a_sound_method_keeps_every_claim(bench: Benches) -> None:
    """But those that take another process, which the template plug-in and `still` go through."""
    its = bench("puppet")
    found = [check.finding(its) for check in CHECKS if check.name not in ("reload", "memory")]
    assert not [each for each in found if each.state is State.FAILS]
    untried = {each.check.name for each in found if each.state is State.NOT_TRIED}
    assert untried == {"own-speed", "pasted-mouth", "camera", "backdrop", "layers"}
    (resumed,) = (each for each in found if each.check.name == "interruption")
    assert "went on from a checkpoint" in resumed.text


def test_a_sound_method_that_pastes_a_face_keeps_what_it_declares(bench: Benches) -> None:
    its = bench("paster")
    chosen = [check for check in CHECKS if check.name in ("fit", "save")]
    chosen += [check for check in CHECKS if check.group == "declared"]
    found = {check.name: check.finding(its) for check in chosen}
    assert not [each for each in found.values() if each.state is State.FAILS]
    assert found["pasted-mouth"].state is State.HOLDS


def test_a_sound_method_that_takes_a_camera_keeps_what_it_declares(bench: Benches) -> None:
    its = bench("globe")
    for check in CHECKS:
        if check.name in ("fit", "save", "camera", "backdrop", "layers"):
            found = check.finding(its)
            assert found.state is State.HOLDS, found.text
