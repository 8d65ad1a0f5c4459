"""Diverse expressions under one sound: the same lips with a sampled upper face."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tgbench.interfaces import (
    Blendshapes,
    Drive,
    FaceHalf,
    HasBlendshapes,
    Image,
    MetricContext,
    Shared,
)
from tgbench.metrics.suite import MetricSuite
from tgbench.progress import Progress
from tgbench.video.writer import VideoWriter

from .records import ExpressionRecord
from .sweeps import RATE_FACTOR

AS_DRIVEN = "as driven"
ALONE = ("lip_agreement",)
"""What is measured of every rendering by itself."""

COMPARED = ("lmd", "mouth_ccc", "upper_dynamics")
"""What is measured of a sampled one, with the head as driven in the place of the truth."""

_KEY_SECONDS = 0.6
"""From one drawn expression to the next: brows and smiles come and go in about a second."""


def sampled(
    training: NDArray[np.float32], frames: int, fps: float, generator: np.random.Generator
) -> NDArray[np.float32]:
    """Return a smooth random course of coefficients, float32 [T, K].

    At every frame it is normally distributed with the mean and the covariance of the training
    frames: neighbouring draws are mixed by cosine and sine, which keeps both.

    Args:
        training: coefficients of the training frames, [N, K].
        frames: T.
        fps: frames a second.
        generator: of the draws.
    """
    centred = training.astype(np.float64) - training.mean(axis=0)
    place = np.arange(frames) / fps / _KEY_SECONDS
    before, share = np.divmod(place, 1.0)
    # A random mix of centred rows has their covariance, of whatever rank.
    mixes = generator.standard_normal((int(before[-1]) + 2, len(centred))) / len(centred) ** 0.5
    keys = mixes @ centred
    turn, first = (share * np.pi / 2.0)[:, None], before.astype(int)
    course = np.cos(turn) * keys[first] + np.sin(turn) * keys[first + 1]
    return (training.mean(axis=0) + course).astype(np.float32)


class Expressions:
    """A head as its sound drives it, and the same with other expressions."""

    def __init__(
        self, method: HasBlendshapes, training: Sequence[Blendshapes], drive: Drive
    ) -> None:
        self._method, self._training, self._drive = method, training, drive
        self._heard = list(method.blendshapes(drive))

    @property
    def possible(self) -> bool:
        """Whether a set of the upper face can be sampled while another keeps the lips."""
        return {each.half for each in self._training} >= set(FaceHalf)

    def write(
        self, path: Path, count: int, seed: int, label: bool, title: str, progress: Progress
    ) -> tuple[ExpressionRecord, ...]:
        """Write all side by side as one video with the sound, and measure them.

        Args:
            path: of the video.
            count: of samples.
            seed: of the draws.
            label: whether each picture carries the visible label.
            title: of the video.
            progress: where to report.
        """
        generator = np.random.default_rng(seed)
        courses = [self._heard, *(self._drawn(generator) for _ in range(count))]
        context = MetricContext(audio=self._drive.audio, fps=self._drive.fps, models=Shared())
        suites = [MetricSuite(ALONE, context)]
        suites += [MetricSuite((*COMPARED, *ALONE), context) for _ in range(count)]
        size, frames = self._drive.intrinsics, len(self._drive)
        streams = [self._rendered(course) for course in courses]
        with (
            VideoWriter(
                path,
                size.width * len(courses),
                size.height,
                fps=self._drive.fps,
                audio=self._drive.audio,
                label=label,
                title=title,
                rate_factor=RATE_FACTOR,
            ) as video,
            progress.task("rendering sampled expressions", frames) as task,
        ):
            for index, pictures in enumerate(zip(*streams, strict=True)):
                video.write(np.concatenate(pictures, axis=1))
                for suite, picture in zip(suites, pictures, strict=True):
                    suite.update(index, picture, None if suite is suites[0] else pictures[0])
                task.advance()
        names = [AS_DRIVEN, *(f"sample {number}" for number in range(1, count + 1))]
        return tuple(map(_record, names, suites))

    def _drawn(self, generator: np.random.Generator) -> list[Blendshapes]:
        return [
            dataclasses.replace(
                heard,
                coefficients=sampled(
                    known.coefficients, len(self._drive), self._drive.fps, generator
                ),
            )
            if heard.half is FaceHalf.UPPER
            else heard
            for heard, known in zip(self._heard, self._training, strict=True)
        ]

    def _rendered(self, course: Sequence[Blendshapes]) -> Iterator[Image]:
        return self._method.render_blendshapes(self._drive, course)


def _record(name: str, suite: MetricSuite) -> ExpressionRecord:
    found = suite.results()
    return ExpressionRecord(name, {metric: found[metric].value for metric in found})
