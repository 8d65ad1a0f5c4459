"""Which later runs settle a refused one, and which cases it may have been about."""

from __future__ import annotations

from pathlib import Path

import pytest

from tgbench.errors import TgbenchError
from tgbench.running import attempts
from tgbench.running.attempts import Asked

SELF, LIPSYNC = "self_reconstruction", "lipsync"


def asked(methods: str, protocol: str = SELF, identities: str = "synth-a") -> Asked:
    return Asked.of(methods.split(), [protocol], identities.split())


@pytest.mark.parametrize(
    ("earlier", "later", "settled"),
    [
        (asked("still"), asked("still"), True),
        (asked("still"), asked("talkinggaussian still"), True),
        (asked("still"), asked("still", identities="synth-b synth-a"), True),
        (asked("talkinggaussian still"), asked("still"), False),
        (asked("still", identities="synth-a synth-b"), asked("still"), False),
        (asked("still"), asked("still", identities="synth-b"), False),
        (asked("still"), asked("talkinggaussian"), False),
        (asked("still"), asked("still", LIPSYNC), False),
        (asked("stil"), asked("still"), True),
        (asked("stil talkinggaussian"), asked("still talkinggaussian"), True),
        (asked("stil talkinggaussian"), asked("still"), False),
        (asked("stil"), asked("still", LIPSYNC), False),
        (asked("stil"), asked("still", identities="synth-a synth-b"), False),
        (asked("still", "lipsinc"), asked("still", LIPSYNC), True),
        (asked("still", identities="/nowhere"), asked("still"), True),
        (asked("still", identities="/nowhere"), asked("talkinggaussian"), False),
        (asked("stil", "lipsinc"), asked("still", LIPSYNC), False),
    ],
)
def test_a_run_settles_what_it_covers_or_corrects(
    earlier: Asked, later: Asked, settled: bool
) -> None:
    assert later.settles(earlier) is settled


def test_identities_are_known_as_their_results_are_filed(tiny_identity: Path) -> None:
    found = asked("still", identities=f"{tiny_identity}/../tiny /nowhere/anna synth-b")
    assert found.identities.known == ["synth-b", "tiny"]
    assert found.identities.unknown == ["/nowhere/anna"]


def test_a_name_that_is_no_text_is_noted(tmp_path: Path) -> None:
    odd = "ann\udce4"
    with pytest.raises(TgbenchError), attempts.asking(tmp_path, asked(odd, identities=odd)):
        raise TgbenchError(f"unknown method '{odd}'" + "x" * 10_000)
    (note,) = tmp_path.iterdir()
    assert note.stat().st_size < 4000
    found = attempts.unfinished(tmp_path / SELF / "anna" / "still" / "quick,seed=0" / "self")
    assert found is not None
    assert found.attempt.asked == asked(r"ann\udce4", identities=r"ann\udce4")


def test_runs_at_once_keep_each_others_notes(tmp_path: Path) -> None:
    case = tmp_path / SELF / "synth-a" / "still" / "quick,seed=0" / "self"
    with attempts.planning(tmp_path, asked("still talkinggaussian")):
        for refused in (asked("still"), asked("still", LIPSYNC)):
            with pytest.raises(TgbenchError), attempts.planning(tmp_path, refused):
                raise TgbenchError("refused")
    # The outer run began before and cannot know of what came after.
    assert len(list(tmp_path.glob("attempt-*.json"))) == 2
    found = attempts.unfinished(case)
    assert found is not None
    assert found.attempt.why == "refused"
    with attempts.planning(tmp_path, asked("still")):
        pass
    assert attempts.unfinished(case) is None
    assert len(list(tmp_path.glob("attempt-*.json"))) == 1


def test_clocks_of_machines_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of a machine that is years ahead is settled by one of today, and one of today stays."""
    case = tmp_path / SELF / "synth-a" / "still" / "quick,seed=0" / "self"
    monkeypatch.setattr(attempts, "_now", lambda: "2099-01-01T00:00:00+00:00")
    with pytest.raises(TgbenchError), attempts.planning(tmp_path, asked("still")):
        raise TgbenchError("refused ahead")
    monkeypatch.setattr(attempts, "_now", lambda: "2026-01-01T00:00:00+00:00")
    with pytest.raises(TgbenchError), attempts.planning(tmp_path, asked("still stil")):
        raise TgbenchError("refused later")
    found = attempts.unfinished(case)
    assert found is not None
    assert found.attempt.why == "refused later"
    with attempts.planning(tmp_path, asked("still talkinggaussian")):
        # Meanwhile a machine whose clock is behind is refused the same as before.
        monkeypatch.setattr(attempts, "_now", lambda: "1999-01-01T00:00:00+00:00")
        with pytest.raises(TgbenchError), attempts.planning(tmp_path, asked("still stil")):
            raise TgbenchError("refused behind")
    (left,) = tmp_path.glob("attempt-*.json")
    assert "refused behind" in left.read_text()


def test_a_note_of_an_earlier_version_may_be_about_anything(tmp_path: Path) -> None:
    file = tmp_path / attempts.ATTEMPT_FILE
    file.write_text('{"began": "2026-01-01T00:00:00+00:00", "why": "refused"}')
    with attempts.planning(tmp_path, asked("still")):
        pass
    found = attempts.unfinished(tmp_path / SELF / "synth-a" / "still" / "quick,seed=0" / "self")
    assert found is not None
    assert (found.file, found.goes) == (file, False)
