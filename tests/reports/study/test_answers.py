from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tgbench.errors import TgbenchError
from tgbench.reports.study.answers import gather, parse_answers, read_answers
from tgbench.reports.study.records import Answers, Key

from .conftest import make_key, sealed, simulated

QUALITY = {"a": 2.0, "b": 3.0, "c": 4.0, "ground truth": 4.5}


def written(folder: Path, *every: Answers) -> list[Path]:
    paths = [folder / f"{number}.json" for number in range(len(every))]
    for path, answers in zip(paths, every, strict=True):
        path.write_text(answers.model_dump_json(), encoding="utf-8")
    return paths


def changed(of: Answers, changes: dict[str, Any]) -> bytes:
    return json.dumps({**of.model_dump(mode="json"), **changes}).encode()


def test_answers_that_the_page_writes_are_accepted(study: Key) -> None:
    answers = simulated(study, QUALITY, 1)
    assert parse_answers(answers.model_dump_json().encode(), "x", study.design) == answers


def test_answers_of_another_design_are_refused(study: Key) -> None:
    answers = simulated(make_key(items=3), QUALITY, 1)
    with pytest.raises(TgbenchError, match=r"x\.json: is of another study"):
        parse_answers(answers.model_dump_json().encode(), "x.json", study.design)


def test_edited_answers_are_refused(study: Key) -> None:
    plain = simulated(study, QUALITY, 1).model_dump(mode="json")
    said = plain["answers"][0]["values"]["lip_sync"]
    plain["answers"][0]["values"]["lip_sync"] = said % 5 + 1
    with pytest.raises(TgbenchError, match="edited"):
        parse_answers(json.dumps(plain).encode(), "x", study.design)


def test_answers_moved_to_another_sequence_are_refused_though_sealed_again(study: Key) -> None:
    answers = simulated(study, QUALITY, 1)
    moved = sealed(study, **{**answers.model_dump(), "sequence": 2})
    with pytest.raises(TgbenchError, match="sequence 2"):
        parse_answers(moved.model_dump_json().encode(), "x", study.design)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no json",
        b"[]",
        b"{}",
        b'{"schema_version": 99}',
        b"[" * 5000,
        b'{"answers": "\\ud800"}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_file_of_answers_is_refused(study: Key, content: bytes) -> None:
    with pytest.raises(TgbenchError, match=r"x\.json"):
        parse_answers(content, "x.json", study.design)


@pytest.mark.parametrize(
    "changes",
    [
        {"consent": False},
        {"participant": ""},
        {"participant": "x" * 65},
        {"participant": "a\nb"},
        {"participant": "a\u202eb"},
        {"sequence": 0},
        {"sequence": 999},
        {"sequence": 10**30},
        {"answers": []},
        {"finished": False},
        {"more": 1},
        {"design": "0" * 64},
    ],
)
def test_impossible_answers_are_refused(study: Key, changes: dict[str, Any]) -> None:
    with pytest.raises(TgbenchError, match="x"):
        parse_answers(changed(simulated(study, QUALITY, 1), changes), "x", study.design)


@pytest.mark.parametrize("value", [0, 6, -1, 2.5, True, "3", None])
def test_impossible_ratings_are_refused(study: Key, value: object) -> None:
    plain = simulated(study, QUALITY, 1).model_dump(mode="json")
    plain["answers"][0]["values"]["lip_sync"] = value
    with pytest.raises(TgbenchError):
        parse_answers(json.dumps(plain).encode(), "x", study.design)


def test_a_file_that_is_too_large_is_refused(study: Key, tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    path.write_bytes(b" " * ((1 << 20) + 1))
    with pytest.raises(TgbenchError, match=r"large\.json.*1 MB"):
        read_answers(path, study.design)


def test_of_a_participant_who_went_on_the_longer_file_counts(study: Key, tmp_path: Path) -> None:
    half, whole = (simulated(study, QUALITY, 1, trials=trials) for trials in (7, None))
    for paths in (written(tmp_path, half, whole, whole), written(tmp_path, whole, half)):
        found = gather(paths, study, partial=False, keep_failed=False)
        assert [person.answers for person in found.participants] == [whole]
        assert not found.notes


def test_of_a_participant_who_contradicts_nothing_counts(study: Key, tmp_path: Path) -> None:
    first = simulated(study, QUALITY, 1)
    second = simulated(study, QUALITY, 1, seed=1)
    found = gather(written(tmp_path, first, second), study, partial=False, keep_failed=False)
    assert not found.participants
    assert "'p1'" in found.notes[0]
    assert "contradict" in found.notes[0]


def test_half_finished_answers_count_only_when_asked_for(study: Key, tmp_path: Path) -> None:
    paths = written(tmp_path, simulated(study, QUALITY, 1, trials=7), simulated(study, QUALITY, 2))
    without = gather(paths, study, partial=False, keep_failed=False)
    assert [person.answers.participant for person in without.participants] == ["p2"]
    assert "7 of 18" in without.notes[0]
    assert len(gather(paths, study, partial=True, keep_failed=False).participants) == 2


def test_who_fails_a_check_is_named_and_left_out(study: Key, tmp_path: Path) -> None:
    careless = simulated(study, QUALITY, 3, attentive=False)
    paths = written(tmp_path, simulated(study, QUALITY, 1), careless)
    found = gather(paths, study, partial=False, keep_failed=False)
    assert [person.answers.participant for person in found.participants] == ["p1"]
    assert "'p3': failed 2 of 2" in found.notes[0]
    kept = gather(paths, study, partial=False, keep_failed=True)
    assert [person.failed for person in kept.participants] == [0, 2]


def test_damaged_files_do_not_spoil_the_others(study: Key, tmp_path: Path) -> None:
    paths = written(tmp_path, simulated(study, QUALITY, 1))
    (tmp_path / "bad.json").write_text("{")
    found = gather(
        [tmp_path / "bad.json", tmp_path / "none.json", *paths],
        study,
        partial=False,
        keep_failed=False,
    )
    assert len(found.participants) == 1
    assert len(found.notes) == 2
