"""Sampled coefficients are distributed as those of the training frames."""

from __future__ import annotations

import numpy as np

from tgbench.reports.exploring.expressions import sampled


def test_samples_have_the_mean_and_the_covariance_of_training_at_every_phase() -> None:
    generator = np.random.default_rng(0)
    mixing = np.array([[2.0, 0.5, 0.0], [0.0, 0.3, 1.0]])
    training = (generator.standard_normal((400, 2)) @ mixing + [1.0, -2.0, 3.0]).astype(np.float32)
    drawn = np.stack([sampled(training, 24, 25.0, generator) for _ in range(2000)])
    for frame in (0, 7, 15, 23):
        np.testing.assert_allclose(drawn[:, frame].mean(0), training.mean(0), atol=0.2)
        np.testing.assert_allclose(
            np.cov(drawn[:, frame].T), np.cov(training.T, bias=True), atol=0.35
        )
    steps = np.abs(np.diff(drawn, axis=1)).mean()
    assert steps < 0.25 * training.std(axis=0).mean()
