"""People whom the prior has never seen, seen from where they were not filmed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import unseen_people

VIEWS = ((-60.0, 10.0), (-35.0, 0.0), (30.0, -10.0), (60.0, 5.0))
BRIEF = {
    "person.alignment_iterations": 60,
    "person.inversion_iterations": 200,
    "person.tuning_iterations": 0,
}
BRIEF_FIT = {
    "schedule.audio_pretraining_iterations": 0,
    "schedule.static_iterations": 200,
    "schedule.motion_iterations": 200,
    "schedule.finetune_iterations": 10,
}


@pytest.mark.slow
def test_three_pictures_show_a_head_from_other_sides_better_than_no_prior_does(
    tmp_path: Path,
) -> None:
    """Than the mean head in its place, and than a fit without a prior, at every view."""
    subject = unseen_people.film(tmp_path / "synth-7", 7, 64, VIEWS)
    found, mean = unseen_people.inverted(subject, BRIEF)
    alone = unseen_people.talkinggaussian(subject, tmp_path / "fit", BRIEF_FIT)
    quality, of_mean, of_fit = (
        unseen_people.psnr(frames, subject.truth) for frames in (found, mean, alone)
    )
    assert quality.min() > 24
    assert (quality - of_mean).min() > 4
    assert (quality - of_fit).min() > 4


def test_people_who_trained_the_prior_are_no_test_of_it(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="100003"):
        unseen_people.film(tmp_path, 100_003, 64, VIEWS)


def test_a_size_that_cannot_be_filmed_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        unseen_people.main(["7", "--size", "95"])
    assert "--size 95" in capsys.readouterr().err


def test_distances_are_those_of_a_known_shift() -> None:
    """PSNR of a constant error; LMD of a mouth that only moved is 0, and no face is no value."""
    truth = np.full((1, 8, 8, 3), 255, np.uint8)
    assert unseen_people.psnr(truth / 255.0 - 0.1, truth)[0] == pytest.approx(20.0)
    points = np.random.default_rng(0).uniform(0, 64, (68, 2))
    moved = points.copy()
    moved[48:68] += 3.0
    given = iter((moved, points, None, points))
    frames = np.zeros((2, 8, 8, 3))
    found = unseen_people.lmd(frames, np.zeros((2, 8, 8, 3), np.uint8), lambda _: next(given))
    assert found[0] == pytest.approx(0.0)
    assert found[1] is None
