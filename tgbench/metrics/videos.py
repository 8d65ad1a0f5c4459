"""Scoring videos that are there already: what is compared with what, frame by frame."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import plugins
from ..audio import Waveform, read_waveform
from ..errors import TgbenchError
from ..interfaces import Measurement, MetricContext
from ..progress import SILENT, Progress
from ..specs import Needs
from ..video.reader import VideoInfo, VideoReader
from .evaluate import MetricSuite
from .specs import in_table_order

COMMON_RATE = 25.0
"""Frames a second at which videos of unlike or uneven rates meet."""


@dataclass(frozen=True)
class VideoScores:
    """What was found on a video, or a pair of them.

    Attributes:
        measurements: by metric.
        per_frame: numbers of every frame compared; see `MetricSuite.per_frame`.
        frames: how many frames were compared.
        fps: at how many a second.
        notes: what was dropped or resampled, in words.
    """

    measurements: dict[str, Measurement]
    per_frame: dict[str, list[float | None]]
    frames: int
    fps: float
    notes: tuple[str, ...]


def metrics_for_videos(chosen: Sequence[str] | None, has_target: bool) -> tuple[str, ...]:
    """Return the metrics that videos can be scored with, in table order.

    Args:
        chosen: names; None for all that apply.
        has_target: whether there is a ground truth.

    Raises:
        TgbenchError: an unknown name, or a metric that these videos cannot have.
    """
    specs = plugins.metrics()
    impossible = {Needs.TIMING: "needs a timed run; use `tgbench run`"}
    if not has_target:
        impossible[Needs.TARGET] = "needs a ground truth; give one with --target"
    if chosen is None:
        return in_table_order(name for name in specs if not specs[name].needs & impossible.keys())
    for name in chosen:
        for need in plugins.find(specs, name, "metric").needs & impossible.keys():
            raise TgbenchError(f"metric '{name}' {impossible[need]}")
    return in_table_order(chosen)


def score_videos(
    prediction: Path,
    target: Path | None,
    audio: Path | None,
    names: Sequence[str],
    progress: Progress = SILENT,
) -> VideoScores:
    """Compare two videos frame by frame from their first frames on, or score one alone.

    Videos of one steady rate are compared as they are stored; others are brought to 25 frames a
    second. What one has more than the other is not compared, and told.

    Args:
        prediction: the video to score.
        target: the ground truth, if there is any.
        audio: the driving sound; None for that of the prediction, if it has any.
        names: of metrics.
        progress: where to report.

    Raises:
        TgbenchError: a file cannot be read, or the frames differ in size.
    """
    paths = [prediction] if target is None else [prediction, target]
    infos = [VideoReader(path, fps=None).info for path in paths]
    _require_one_size(paths, infos)
    rate, notes = _common_rate(paths, infos)
    readers = [VideoReader(path, fps=rate) for path in paths]
    fps = rate or infos[0].fps
    sound = _sound(prediction, audio, infos[0])
    suite = MetricSuite(names, MetricContext(audio=sound, fps=fps))
    counts = [0, 0]
    with progress.task("scoring", readers[0].expected_frames) as task:
        for pictures in itertools.zip_longest(*readers):
            if all(picture is not None for picture in pictures):
                truth = pictures[1] if target is not None else None
                suite.update(min(counts[: len(paths)]), pictures[0], truth)
                task.advance()
            for number, picture in enumerate(pictures):
                counts[number] += picture is not None
    frames = min(counts[: len(paths)])
    if target is not None:
        notes += _left_over(paths, counts)
    if sound is not None and sound.seconds < (frames - 1) / fps:
        notes.append(f"the sound ends {frames / fps - sound.seconds:.2f} s before the frames")
    return VideoScores(suite.results(), suite.per_frame(), frames, fps, tuple(notes))


def _require_one_size(paths: Sequence[Path], infos: Sequence[VideoInfo]) -> None:
    if len({(info.width, info.height) for info in infos}) > 1:
        told = ", ".join(
            f"{path} is {info.width}x{info.height}" for path, info in zip(paths, infos, strict=True)
        )
        raise TgbenchError(f"the videos differ in size: {told}; resize one of them first")


def _common_rate(
    paths: Sequence[Path], infos: Sequence[VideoInfo]
) -> tuple[float | None, list[str]]:
    """Return the rate to read at, None for frames as stored, and what that changes."""
    rates = [info.fps for info in infos]
    alike = max(rates) - min(rates) < 1e-3 * max(rates)
    if alike and not any(info.variable_rate for info in infos):
        return None, []
    notes = []
    for path, info in zip(paths, infos, strict=True):
        if info.variable_rate or abs(info.fps - COMMON_RATE) > 1e-3 * COMMON_RATE:
            kind = "varying" if info.variable_rate else f"{info.fps:.3f}"
            notes.append(f"{path.name}: {kind} frames a second, resampled to {COMMON_RATE:g}")
    return COMMON_RATE, notes


def _left_over(paths: Iterable[Path], counts: Sequence[int]) -> list[str]:
    shortest = min(counts)
    return [
        f"{path.name}: the last {count - shortest} of its {count} frames have no partner and "
        "were not compared"
        for path, count in zip(paths, counts, strict=True)
        if count > shortest
    ]


def _sound(prediction: Path, audio: Path | None, info: VideoInfo) -> Waveform | None:
    if audio is not None:
        return read_waveform(audio)
    return read_waveform(prediction) if info.has_audio else None
