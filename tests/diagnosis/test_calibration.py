from __future__ import annotations

import numpy as np
import pytest

from tgbench.diagnosis.calibration import (
    FRAMES,
    LATE,
    Expectation,
    State,
    calibration_pairs,
    measure_clip,
    read_expected,
    verdicts,
)
from tgbench.interfaces import Measurement

STORED = {"psnr": Expectation(30.0, 0.05, "integers")}


def verdict(found: Measurement):
    (only,) = verdicts({"psnr": found}, STORED)
    return only


def test_a_value_within_its_tolerance_works() -> None:
    assert verdict(Measurement(30.04, measured_by="integers")).state is State.WORKS


def test_a_value_beyond_its_tolerance_differs_and_both_are_told() -> None:
    found = verdict(Measurement(31.0, measured_by="integers"))
    assert found.state is State.DIFFERS
    assert found.text == "expected 30 dB ± 0.05, got 31 dB"


def test_what_is_missing_says_what_to_do() -> None:
    found = verdict(Measurement(None, reason="weights missing: fetch them"))
    assert (found.state, found.text) == (State.MISSING, "weights missing: fetch them")


def test_values_of_unlike_measurers_are_never_compared() -> None:
    found = verdict(Measurement(31.0, measured_by="floats"))
    assert found.state is State.WORKS
    assert "measured otherwise (integers)" in found.text


@pytest.mark.slow
def test_the_clip_gives_its_known_values() -> None:
    pytest.importorskip("mediapipe")
    expected = read_expected()
    found = measure_clip(tuple(expected))
    off = [v for v in verdicts(found, expected) if v.state is not State.WORKS]
    assert off == []
    # How the clip was made tells this one: two frames of 40 ms.
    assert found["lip_lag"].value == pytest.approx(40.0 * LATE)
    assert found["psnr"].total == FRAMES


def test_the_prediction_is_the_target_of_two_frames_ago() -> None:
    pairs = [pair for pair, _ in zip(calibration_pairs(), range(LATE + 1), strict=False)]
    late, now = pairs[LATE][0].astype(float), pairs[0][1].astype(float)
    apart = pairs[LATE][1].astype(float)
    assert np.abs(late - now).mean() < np.abs(late - apart).mean()
