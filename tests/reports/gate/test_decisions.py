"""What the gate must catch and what it must let through, on fabricated values."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from tgbench.reports.gate.baseline import Baseline, read_baseline
from tgbench.reports.gate.calibrating import with_floors
from tgbench.reports.gate.checks import GateReport, Verdict, check_results
from tgbench.reports.gate.results import key_of, read_results
from tgbench.results import MeasuredCase
from tgbench.running.result import MetricRecord

from .conftest import Gate, Series, WriteCase, record
from .fabricated import FRAMES, NOISE, again, clip, wander

CLIP = clip(np.random.default_rng(3))


def verdicts(found: GateReport) -> dict[str, Verdict]:
    return {row.metric: row.verdict for row in found.checks}


def _with(case: MeasuredCase, metric: str, found: MetricRecord) -> MeasuredCase:
    metrics = {**case.result.metrics, metric: found}
    result = case.result.model_copy(update={"metrics": metrics})
    return dataclasses.replace(case, result=result)


class Bench:
    """A baseline of the fabricated clip, and judgements of others against it."""

    def __init__(self, gate: Gate, write_case: WriteCase, tmp_path: Path) -> None:
        self._write, self._tmp, self._count = write_case, tmp_path, 0
        before = tmp_path / "before"
        write_case(before, CLIP)
        gate.update(before)
        self.baseline = read_baseline(gate.baseline)

    def measured(self, metrics: dict[str, Series]):
        self._count += 1
        out = self._tmp / f"now{self._count}"
        self._write(out, metrics)
        return read_results(out)

    def judge(
        self, metrics: dict[str, Series], baseline: Baseline | None = None, **tolerances: float
    ) -> GateReport:
        return check_results(baseline or self.baseline, self.measured(metrics), tolerances)

    def calibrated(self, runs: int = 5) -> Baseline:
        generators = [np.random.default_rng([7, i]) for i in range(runs)]
        repeats = [self.measured(again(CLIP, generator)) for generator in generators]
        return with_floors(self.baseline, repeats, range(runs), Path("baseline.json"))


@pytest.fixture
def bench(gate: Gate, write_case: WriteCase, tmp_path: Path) -> Bench:
    return Bench(gate, write_case, tmp_path)


def wrong_sign(generator: np.random.Generator) -> dict[str, Series]:
    """The mouth opens where it should close: lips are far worse, the image a little."""
    moved = np.abs(wander(FRAMES, 1.0, generator, 0.8))
    return {
        "psnr": CLIP["psnr"] - 0.8 * moved,
        "ssim_face": CLIP["ssim_face"] - 0.012 * moved,
        "lmd": CLIP["lmd"] + 1.2 * moved,
        "aue_l_geometry": CLIP["aue_l_geometry"] + 3.0 * moved**2,
    }


def blurred(generator: np.random.Generator) -> dict[str, Series]:
    """Detail is gone, geometry is not."""
    return {
        **again(CLIP, generator),
        "psnr": CLIP["psnr"] - 0.9 + wander(FRAMES, 0.2, generator, 0.9),
        "ssim_face": CLIP["ssim_face"] - 0.015 + wander(FRAMES, 0.003, generator, 0.9),
    }


def shifted_lips(generator: np.random.Generator) -> dict[str, Series]:
    """Lips come two frames late: most frames are worse, a few are better by luck.

    Mean, deviation and memory of the change as TalkingGaussian shows them on synth-a.
    """
    late = wander(FRAMES, 0.43, generator, 0.4)
    return {**again(CLIP, generator), "lmd": CLIP["lmd"] + 0.40 + late}


@pytest.mark.parametrize(
    ("plant", "caught"),
    [
        (wrong_sign, {"psnr", "ssim_face", "lmd", "aue_l_geometry"}),
        (blurred, {"psnr", "ssim_face"}),
        (shifted_lips, {"lmd"}),
    ],
)
def test_planted_regressions_are_caught(bench: Bench, plant, caught: set[str]) -> None:
    found = bench.judge(plant(np.random.default_rng(5)), bench.calibrated())
    assert {row.metric for row in found.failures} == caught


def test_a_speed_loss_is_never_compared(gate: Gate, write_case: WriteCase, tmp_path: Path) -> None:
    """3 % fewer frames a second on another day say nothing."""
    write_case(tmp_path / "a", {**CLIP, "fps": 100.0, "training_time": 3.0})
    write_case(tmp_path / "b", {**CLIP, "fps": 97.0, "training_time": 3.1})
    gate.update(tmp_path / "a")
    code, printed = gate(tmp_path / "b")
    assert code == 0
    assert printed.count("fps, training_time: not compared") == 1
    assert "fps" not in read_baseline(gate.baseline).cases[0].metrics


@pytest.mark.parametrize("tolerance", [None, 0.0])
def test_no_false_alarm_over_twenty_repeats(bench: Bench, tolerance: float | None) -> None:
    """Not with the tolerances, and not with interval and noise floor alone."""
    baseline = bench.calibrated()
    tolerances = {} if tolerance is None else dict.fromkeys(CLIP, tolerance)
    failures = [
        row.metric
        for seed in range(20)
        for row in bench.judge(
            again(CLIP, np.random.default_rng([11, seed])), baseline, **tolerances
        ).failures
    ]
    assert not failures


def test_bit_equal_results_change_by_nothing(bench: Bench) -> None:
    found = bench.judge(CLIP)
    assert {row.change for row in found.checks} == {0.0}
    assert set(verdicts(found).values()) == {Verdict.OK}


def test_each_verdict(bench: Bench) -> None:
    """A constant change has an interval of no width, so tolerance alone decides."""
    found = bench.judge(
        {
            "psnr": CLIP["psnr"] + 0.05,
            "ssim_face": CLIP["ssim_face"] - 0.004,
            "lmd": CLIP["lmd"] + 0.06,
            "lpips": np.full(FRAMES, 0.1),
        }
    )
    assert verdicts(found) == {
        "psnr": Verdict.BETTER,
        "ssim_face": Verdict.WITHIN,
        "lmd": Verdict.REGRESSION,
        "aue_l_geometry": Verdict.VANISHED,
        "lpips": Verdict.NEW,
    }
    assert found.summary.startswith("FAILED")


def test_more_than_the_tolerance_but_by_chance_passes(bench: Bench) -> None:
    """One stretch of frames is bad: the interval of the mean reaches zero."""
    psnr = CLIP["psnr"].copy()
    psnr[40:52] -= 5.0
    (row,) = [row for row in bench.judge({**CLIP, "psnr": psnr}).checks if row.metric == "psnr"]
    assert row.verdict is Verdict.UNSURE
    assert not row.verdict.fails
    assert row.change == pytest.approx(-0.4, abs=1e-4)
    assert "may be chance" in row.why


def test_a_change_inside_the_noise_floor_passes(bench: Bench) -> None:
    worse = {**CLIP, "lmd": CLIP["lmd"] + 0.08}
    assert verdicts(bench.judge(worse))["lmd"] is Verdict.REGRESSION
    (case,) = bench.baseline.cases
    noisy = case.metrics["lmd"].model_copy(update={"floor": 0.1})
    case = case.model_copy(update={"metrics": {**case.metrics, "lmd": noisy}})
    baseline = bench.baseline.model_copy(update={"cases": [case]})
    (row,) = [row for row in bench.judge(worse, baseline).checks if row.metric == "lmd"]
    assert row.verdict is Verdict.OK
    assert "within the noise floor" in row.why


def test_a_metric_must_not_pass_because_faces_are_gone(bench: Bench) -> None:
    """Values over the frames that are left are as good as before."""
    lmd = CLIP["lmd"].copy()
    lmd[: FRAMES // 5] = np.nan
    found = bench.judge({**CLIP, "lmd": lmd})
    (row,) = found.failures
    assert row.metric == "lmd"
    assert row.why.startswith("30 of 150 frames")
    lmd = CLIP["lmd"].copy()
    lmd[:10] = np.nan
    assert not bench.judge({**CLIP, "lmd": lmd}).failures


def test_nor_where_a_value_is_no_mean_over_frames(
    gate: Gate, write_case: WriteCase, tmp_path: Path
) -> None:
    before = record("lip_agreement", 0.5, scored=150, total=150)
    write_case(tmp_path / "a", {**CLIP, "lip_agreement": before})
    gate.update(tmp_path / "a")
    for scored, verdict in ((135, Verdict.OK), (134, Verdict.REGRESSION)):
        now = record("lip_agreement", 0.5, scored=scored, total=150)
        out = write_case(tmp_path / "b", {**CLIP, "lip_agreement": now})
        found = check_results(read_baseline(gate.baseline), read_results(out), {})
        assert verdicts(found)["lip_agreement"] is verdict


def test_frames_without_any_error_are_not_lost(bench: Bench) -> None:
    """PSNR leaves frames out that equal their target."""
    psnr = CLIP["psnr"].copy()
    psnr[:40] = np.nan
    perfect = record(
        "psnr",
        float(np.nanmean(psnr)),
        details={"identical_frames": 40},
        scored=110,
        total=150,
    )
    (measured,) = bench.measured({**CLIP, "psnr": psnr}).values()
    now = _with(measured, "psnr", perfect)
    assert not check_results(bench.baseline, {key_of(now): now}, {}).failures


def test_frames_without_any_error_excuse_no_others(bench: Bench) -> None:
    """Frames that equalled their target before say nothing of those that are gone now."""
    (old,) = bench.baseline.cases
    was = old.metrics["psnr"]
    assert was.per_frame is not None
    before = was.model_copy(update={"per_frame": [*[None] * 40, *was.per_frame[40:]]})
    case = old.model_copy(update={"metrics": {**old.metrics, "psnr": before}})
    baseline = bench.baseline.model_copy(update={"cases": [case]})
    psnr = CLIP["psnr"].copy()
    psnr[:70] = np.nan
    (measured,) = bench.measured({**CLIP, "psnr": psnr}).values()
    perfect = record("psnr", was.value, details={"identical_frames": 40}, scored=80, total=150)
    now = _with(measured, "psnr", perfect)
    found = check_results(baseline, {key_of(now): now}, {})
    assert verdicts(found)["psnr"] is Verdict.REGRESSION


def test_values_that_are_no_means_are_held_against_tolerance_and_floor(
    gate: Gate, write_case: WriteCase, tmp_path: Path
) -> None:
    """Both directions of being better, and too few frames for an interval."""
    few = {"psnr": CLIP["psnr"][:12], "lmd": CLIP["lmd"][:12]}
    write_case(tmp_path / "a", {**few, "sync_c": 7.0, "sync_e": 8.0, "lip_agreement": 0.5})
    now = {"psnr": few["psnr"] - 0.3, "lmd": few["lmd"] - 0.3}
    write_case(tmp_path / "b", {**now, "sync_c": 6.9, "sync_e": 8.3, "lip_agreement": 0.6})
    gate.update(tmp_path / "a")
    found = check_results(read_baseline(gate.baseline), read_results(tmp_path / "b"), {})
    assert verdicts(found) == {
        "psnr": Verdict.REGRESSION,
        "lmd": Verdict.BETTER,
        "sync_c": Verdict.WITHIN,
        "sync_e": Verdict.REGRESSION,
        "lip_agreement": Verdict.BETTER,
    }
    whys = {row.metric: row.why for row in found.checks}
    assert whys["psnr"] == "no interval: fewer than 20 frames"
    assert whys["sync_c"] == "no interval: not a mean over frames"
    assert all(row.interval is None for row in found.checks)


def test_what_has_no_better_direction_is_not_judged(
    gate: Gate, write_case: WriteCase, tmp_path: Path
) -> None:
    write_case(tmp_path / "a", {**CLIP, "lip_lag": 0.0})
    write_case(tmp_path / "b", {**CLIP, "lip_lag": 80.0})
    gate.update(tmp_path / "a")
    found = check_results(read_baseline(gate.baseline), read_results(tmp_path / "b"), {})
    assert verdicts(found)["lip_lag"] is Verdict.NOT_COMPARABLE
    assert not found.failures


def test_the_floor_foretells_the_difference_of_two_more_runs(bench: Bench) -> None:
    """Against Student's prediction from the runs' deviation, as a textbook has it."""
    runs = [again(CLIP, np.random.default_rng([7, i])) for i in range(5)]
    (case,) = bench.calibrated().cases
    for name in NOISE:
        means = [run[name].mean() for run in runs]
        expected = stats.t.ppf(0.975, 4) * np.std(means, ddof=1) * np.sqrt(2.0)
        assert case.metrics[name].floor == pytest.approx(expected, rel=1e-3)
    assert case.calibration is not None
    assert (case.calibration.runs, case.calibration.quantile) == (5, 0.975)


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [
        (0.8, 0.6, Verdict.REGRESSION),
        (0.8, 0.95, Verdict.BETTER),
        (1.1, 1.4, Verdict.REGRESSION),
        (1.3, 1.05, Verdict.BETTER),
        (0.95, 1.05, Verdict.OK),
    ],
)
def test_a_ratio_gets_worse_away_from_one(
    gate: Gate,
    write_case: WriteCase,
    tmp_path: Path,
    before: float,
    now: float,
    verdict: Verdict,
) -> None:
    ratio = {"direction": "one", "scored": 150, "total": 150}
    write_case(tmp_path / "a", {**CLIP, "mouth_gain": record("mouth_gain", before, **ratio)})
    gate.update(tmp_path / "a")
    out = write_case(tmp_path / "b", {**CLIP, "mouth_gain": record("mouth_gain", now, **ratio)})
    found = check_results(read_baseline(gate.baseline), read_results(out), {})
    assert verdicts(found)["mouth_gain"] is verdict
