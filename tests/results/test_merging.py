"""A later measurement with fewer metrics hides no earlier complete one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tgbench.reports.tables.labels import method_labels
from tgbench.results import MeasuredCase, differences_among, merge_cases, read_cases
from tgbench.running.result import MetricRecord

from ..reports.conftest import result
from .fabricated import record, write_run

EARLY, LATE = "2025-01-01T00:00:00+00:00", "2025-01-02T00:00:00+00:00"
UNAVAILABLE = MetricRecord(
    value=None, status="unavailable", reason="no weights", scored=0, total=0, direction="lower"
)
UNSCORED = MetricRecord(
    value=None, status="unscored", reason="no face", scored=0, total=120, direction="lower"
)


def case(created: str, **about: object) -> MeasuredCase:
    return MeasuredCase(result(created=created, **about), Path(created[:10]))


def values(merged: MeasuredCase) -> dict[str, float | None]:
    return {name: found.value for name, found in merged.metrics.items()}


@pytest.mark.parametrize("turn", [1, -1])
def test_the_later_wins_and_the_earlier_fills(turn: int) -> None:
    repeats = [case(EARLY, psnr=30.0, lpips=0.1, lmd=2.0), case(LATE, psnr=31.0)]
    (merged,) = merge_cases(repeats[::turn])
    assert values(merged) == {"psnr": 31.0, "lpips": 0.1, "lmd": 2.0}
    assert merged.folder == Path(LATE[:10])
    assert merged.origin("psnr") is merged
    assert merged.origin("lpips").folder == Path(EARLY[:10])


def test_what_a_machine_cannot_measure_hides_nothing_but_a_finding_does() -> None:
    early = case(EARLY, lpips=0.1, lmd=2.0)
    (merged,) = merge_cases([early, case(LATE, lpips=UNAVAILABLE, lmd=UNSCORED)])
    assert values(merged) == {"lpips": 0.1, "lmd": None}
    assert merged.metrics["lmd"].reason == "no face"


def test_three_measurements_are_taken_latest_first() -> None:
    middle = case("2025-01-01T12:00:00+00:00", lpips=0.2)
    (merged,) = merge_cases([middle, case(EARLY, lpips=0.1, lmd=2.0), case(LATE, psnr=31.0)])
    assert values(merged) == {"psnr": 31.0, "lpips": 0.2, "lmd": 2.0}
    assert merge_cases([merged]) == [merged]


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 1},
        {"config": {"a": 1}},
        {"identity_sha": "1" * 64},
        {"driver": "another"},
        {"version": "2"},
        {"method": "theirs"},
    ],
)
def test_other_experiments_stay_separate(other: dict[str, object]) -> None:
    assert len(merge_cases([case(EARLY, lpips=0.1), case(LATE, psnr=31.0, **other)])) == 2


def with_features(
    created: str, encoder: str, read: str, files: dict[str, str], **metrics: float
) -> MeasuredCase:
    made = result(created=created, **metrics)
    driver = made.driver.model_copy(update={"encoder": encoder, "features_sha256": read})
    identity = made.identity.model_copy(update={"files": files})
    return MeasuredCase(
        made.model_copy(update={"driver": driver, "identity": identity}), Path(created[:10])
    )


@pytest.mark.parametrize("file", ["aud_ds.npy", "given.npy"])
def test_other_audio_features_are_another_experiment(file: str) -> None:
    """The hash of an identity covers no features but mel; a file may be given with a sound."""
    early, late = (
        with_features(created, "deepspeech", digest, {file: digest}, psnr=30.0)
        for created, digest in ((EARLY, "a" * 64), (LATE, "b" * 64))
    )
    assert len(merge_cases([early, late])) == 2
    labels = method_labels([early.result, late.result])
    assert {*labels.values()} == {"ours (features aaaaaa)", "ours (features bbbbbb)"}


def test_results_of_versions_that_knew_only_mel_are_of_the_same_experiment() -> None:
    early = with_features(EARLY, "mel", "", {"aud_mel.npy": "a" * 64}, lpips=0.1)
    late = with_features(LATE, "mel", "a" * 64, {"aud_mel.npy": "a" * 64}, psnr=31.0)
    (merged,) = merge_cases([early, late])
    assert values(merged) == {"psnr": 31.0, "lpips": 0.1}


@pytest.mark.parametrize("other", [{"mode": "face pasted"}, {"leaked": ("true pose",)}])
def test_frames_made_otherwise_lend_no_metric(other: dict[str, object]) -> None:
    (merged,) = merge_cases([case(EARLY, lpips=0.1), case(LATE, psnr=31.0, **other)])
    assert values(merged) == {"psnr": 31.0}
    assert [repeat.folder for repeat in merged.earlier] == [Path(EARLY[:10])]


def test_another_machine_and_other_code_are_named() -> None:
    early = case(EARLY, lpips=0.1, cpu="an old one")
    code = early.result.method.model_copy(update={"code_sha256": "1" * 64})
    early = MeasuredCase(early.result.model_copy(update={"method": code}), early.folder)
    (merged,) = merge_cases([early, case(LATE, psnr=31.0)])
    both = (merged.own_result, merged.origin("lpips").own_result)
    assert differences_among(both) == ["the method's code", "the machine"]
    assert differences_among(both[:1]) == []
    assert list(merged.lent().values()) == [["lpips"]]


def test_single_frames_are_those_of_the_metric_s_own_folder(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    lmd, psnr = rng.normal(2, 0.1, 120), rng.normal(30, 1, 120)
    before = result(created=EARLY, lmd=record(lmd, "lower"), psnr=record(psnr, "higher"))
    write_run(tmp_path / "before", before, lmd=lmd, psnr=psnr)
    after = result(created=LATE, psnr=record(psnr + 1, "higher"))
    write_run(tmp_path / "after", after, psnr=psnr + 1)
    (merged,) = read_cases([tmp_path])
    np.testing.assert_array_equal(merged.values("lmd"), lmd)
    np.testing.assert_array_equal(merged.values("psnr"), psnr + 1)
    assert merged.values("lpips") is None
