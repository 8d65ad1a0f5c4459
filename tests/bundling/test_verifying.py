from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from tgbench.bundling.agreement import Verdict, judge
from tgbench.bundling.planning import GroundTruth
from tgbench.bundling.verifying import exit_code, verify
from tgbench.interfaces import Measurement
from tgbench.progress import SILENT
from tgbench.running.result import IntervalRecord, MetricRecord

from .conftest import CASE, Members

Spoil = Callable[..., Path]


def test_an_honest_bundle_agrees_to_the_last_bit(bundle: Path, truth: GroundTruth) -> None:
    reports = verify(bundle, truth, SILENT)
    found = {finding.metric: finding for finding in reports[0].findings}
    assert set(found) == {"psnr", "ssim"}
    for finding in found.values():
        assert finding.verdict is Verdict.AGREES
        assert finding.here == finding.there
    assert exit_code(reports) == 0


def changed_result(change: Callable[[dict], object]) -> Callable[[Members], None]:
    def apply(members: Members) -> None:
        raw = json.loads(members[f"{CASE}/result.json"])
        change(raw)
        members[f"{CASE}/result.json"] = json.dumps(raw).encode()

    return apply


def test_a_better_number_than_the_frames_give_differs(spoiled: Spoil, truth: GroundTruth) -> None:
    path = spoiled(
        changed_result(lambda raw: raw["metrics"]["psnr"].update(value=40.0)), right_hashes=True
    )
    reports = verify(path, truth, SILENT)
    verdicts = {finding.metric: finding.verdict for finding in reports[0].findings}
    assert verdicts == {"psnr": Verdict.DIFFERS, "ssim": Verdict.AGREES}
    assert exit_code(reports) == 1


def with_series(change: Callable[[list[float]], object]) -> Callable[[Members], None]:
    def apply(members: Members) -> None:
        raw = json.loads(members[f"{CASE}/frames.json"])
        raw["values"]["psnr"] = change(raw["values"]["psnr"])
        members[f"{CASE}/frames.json"] = json.dumps(raw).encode()

    return apply


def test_values_of_single_frames_are_verified(spoiled: Spoil, truth: GroundTruth) -> None:
    def swap(psnr: list[float]) -> list[float]:
        first, second, third, fourth = psnr
        return [fourth + 1.0, third, second, first - 1.0]

    reports = verify(spoiled(with_series(swap), right_hashes=True), truth, SILENT)
    (psnr,) = (finding for finding in reports[0].findings if finding.metric == "psnr")
    assert psnr.verdict is Verdict.DIFFERS
    assert psnr.reason.startswith("frame ")


def test_other_frames_differ(spoiled: Spoil, truth: GroundTruth) -> None:
    grey = cv2.imencode(".png", np.full((64, 64, 3), 128, np.uint8))[1].tobytes()
    path = spoiled(
        lambda members: members.update({f"{CASE}/frames/2.png": grey}), right_hashes=True
    )
    reports = verify(path, truth, SILENT)
    assert all(finding.verdict is Verdict.DIFFERS for finding in reports[0].findings)


def test_what_something_else_measured_is_not_confirmed(spoiled: Spoil, truth: GroundTruth) -> None:
    def change(raw: dict) -> None:
        timed = {**raw["metrics"]["psnr"], "value": 100.0, "measured_by": "a clock"}
        raw["metrics"]["fps"] = timed
        raw["metrics"]["of_a_plugin"] = timed
        raw["metrics"]["ssim"]["measured_by"] = "another library"

    reports = verify(spoiled(changed_result(change), right_hashes=True), truth, SILENT)
    found = {finding.metric: finding for finding in reports[0].findings}
    assert found["psnr"].verdict is Verdict.AGREES
    assert found["ssim"].verdict is Verdict.NOT_COMPARABLE
    assert "another library" in found["ssim"].reason
    assert found["fps"].verdict is Verdict.NOT_MEASURED
    assert "time" in found["fps"].reason
    assert found["of_a_plugin"].verdict is Verdict.NOT_MEASURED
    assert exit_code(reports) == 1


def test_what_cannot_be_measured_here_does_not_fail(spoiled: Spoil, truth: GroundTruth) -> None:
    def change(raw: dict) -> None:
        raw["metrics"]["of_a_plugin"] = {**raw["metrics"]["psnr"], "measured_by": "a plug-in"}

    reports = verify(spoiled(changed_result(change), right_hashes=True), truth, SILENT)
    assert exit_code(reports) == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda psnr: psnr.update(direction="lower"),
        lambda psnr: psnr.update(unit="px"),
        lambda psnr: psnr.update(status="unscored"),
        lambda psnr: psnr.update(scored=3),
        lambda psnr: psnr.update(
            interval={"low": 28.0, "high": 29.0, "level": 0.95, "method": "guess"}
        ),
        lambda psnr: psnr["details"].update(identical_frames=1),
        lambda psnr: psnr["details"].update(identical_frames=10**400),
        lambda psnr: psnr["details"].update(identical_frames=math.nan),
    ],
    ids=["direction", "unit", "status", "scored", "interval", "details", "huge", "nan"],
)
def test_what_is_said_about_a_number_must_be_true_as_well(
    spoiled: Spoil, truth: GroundTruth, change: Callable[[dict], None]
) -> None:
    def spoil(raw: dict) -> None:
        change(raw["metrics"]["psnr"])

    reports = verify(spoiled(changed_result(spoil), right_hashes=True), truth, SILENT)
    assert exit_code(reports) == 1


@pytest.mark.parametrize("number", [None, 1e308])
def test_no_number_stands_for_a_frame_that_was_measured(
    spoiled: Spoil, truth: GroundTruth, number: float | None
) -> None:
    spoil = with_series(lambda psnr: [number, *psnr[1:]])
    reports = verify(spoiled(spoil, right_hashes=True), truth, SILENT)
    verdicts = {finding.metric: finding.verdict for finding in reports[0].findings}
    assert verdicts == {"psnr": Verdict.DIFFERS, "ssim": Verdict.AGREES}


def test_a_metric_without_values_of_frames_differs(spoiled: Spoil, truth: GroundTruth) -> None:
    def drop(members: Members) -> None:
        raw = json.loads(members[f"{CASE}/frames.json"])
        del raw["values"]["psnr"]
        members[f"{CASE}/frames.json"] = json.dumps(raw).encode()

    reports = verify(spoiled(drop, right_hashes=True), truth, SILENT)
    (psnr,) = (finding for finding in reports[0].findings if finding.metric == "psnr")
    assert (psnr.verdict, psnr.reason) == (
        Verdict.DIFFERS,
        "values of single frames are only in one of the two",
    )


@pytest.mark.parametrize(
    ("there", "here", "differs"),
    [
        ((20.0, 30.0), (20.0, 30.0), False),
        ((20.0, 30.0), (20.0, 30.0 + 2e-5), False),
        ((20.0, 30.0), (20.0, 30.1), True),
        ((-1e308, 1e308), (20.0, 30.0), True),
        (None, (20.0, 30.0), True),
        ((20.0, 30.0), None, True),
        (None, None, False),
    ],
)
def test_intervals_agree_to_the_same_tolerance(
    there: tuple[float, float] | None, here: tuple[float, float] | None, differs: bool
) -> None:
    def record(ends: tuple[float, float] | None) -> MetricRecord:
        interval = ends and IntervalRecord(low=ends[0], high=ends[1], level=0.95, method="m")
        return MetricRecord(
            value=25.0,
            status="measured",
            scored=4,
            total=4,
            direction="higher",
            measured_by="m",
            interval=interval,
        )

    found = Measurement(25.0, scored=4, total=4, measured_by="m")
    finding = judge("psnr", record(there), found, record(here), None, None)
    assert finding.verdict is (Verdict.DIFFERS if differs else Verdict.AGREES)
    assert ("interval" in finding.reason) == differs


def test_another_ground_truth_is_refused(bundle: Path, tiny_identity: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_identity, tmp_path / "other" / "tiny"))
    shutil.copy(folder / "gt_imgs" / "0.jpg", folder / "gt_imgs" / "42.jpg")
    reports = verify(bundle, GroundTruth([folder], [], SILENT), SILENT)
    assert "frame 2 of the ground truth" in reports[0].problem
    assert exit_code(reports) == 2


def test_without_the_identity_nothing_is_scored(bundle: Path) -> None:
    reports = verify(bundle, GroundTruth([], [], SILENT), SILENT)
    assert "--identity" in reports[0].problem
    assert exit_code(reports) == 2


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda raw: raw["protocol"].update(version="999"), "version"),
        (lambda raw: raw["protocol"].update(name="nonsense"), "unknown protocol"),
        (lambda raw: raw["driver"].update(sha256="0" * 64), "--audio"),
        (lambda raw: raw["identity"].update(width=66), "another identity"),
        (lambda raw: raw["identity"].update(width=0), "another identity"),
        (lambda raw: raw["identity"].update(width=4096), "another identity"),
        (lambda raw: raw["identity"].update(name="../../tiny"), "is not here"),
        (
            lambda raw: raw["identity"].update(name="synth-a", width=4),
            "frames of 4 pixels",
        ),
        (lambda raw: raw["split"].update(train=(0, 44)), "has another split"),
    ],
)
def test_another_experiment_is_not_scored(
    spoiled: Spoil, truth: GroundTruth, change: Callable[[dict], object], told: str
) -> None:
    reports = verify(spoiled(changed_result(change), right_hashes=True), truth, SILENT)
    assert told in reports[0].problem
