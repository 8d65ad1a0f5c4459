"""Scoring clips that exist already: one clip, or folders of videos paired by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import TgbenchError
from .interfaces import MetricOptions, Shared
from .metrics.folders import Clips, holds_videos, videos_by_name
from .metrics.videos import VideoScores, metrics_for_videos, score_videos
from .progress import SILENT, Progress
from .running.metric_records import metric_records
from .running.result import MetricRecord
from .running.score_folder import make_scores_folder, write_scores

if TYPE_CHECKING:
    import pandas as pd

_INFINITE = {"psnr": "frame", "psnr_face": "face that was found"}


@dataclass(frozen=True)
class ScoreRequest:
    """One `tgbench score`.

    Attributes:
        prediction: the clip to measure: a video, or a folder of images.
        target: the ground truth; None measures only what needs none.
        audio: the driving sound; None takes the prediction's, or else the target's.
        metrics: names of metrics; None takes all that apply.
        options: how to measure.
        fps: frames a second to read at; None reads videos as stored, and folders at 25.
        allow_drop: whether to compare what has a partner even if much has none.
        deinterlace: whether to make whole pictures of interlaced ones.
        out: where to write the scores; None writes nothing.
        fresh: whether scores that `out` holds already may be replaced.

    Raises:
        TgbenchError: a value that cannot be, or a file of the options that does not exist.
    """

    prediction: Path
    target: Path | None = None
    audio: Path | None = None
    metrics: tuple[str, ...] | None = None
    options: MetricOptions = field(default_factory=MetricOptions)
    fps: float | None = None
    allow_drop: bool = False
    deinterlace: bool = False
    out: Path | None = None
    fresh: bool = False

    def __post_init__(self) -> None:
        if self.fps is not None and not 0 < self.fps <= 1000:
            raise TgbenchError(f"--fps {self.fps:g}: give frames a second, such as 25")
        if self.options.phonemes is not None and not self.options.phonemes.is_file():
            raise TgbenchError(f"--phonemes {self.options.phonemes}: no such file")
        for path in self.options.action_units or ():
            if not path.is_file():
                raise TgbenchError(f"--action-units {path}: no such file")
        for path in self.options.aligned_faces or ():
            if not path.is_dir():
                raise TgbenchError(f"--aligned-faces {path}: no such folder")

    @property
    def names(self) -> tuple[str, ...]:
        """The metrics to measure, in table order."""
        return metrics_for_videos(self.metrics, self.target is not None, self.options)


@dataclass(frozen=True)
class Scores:
    """What was measured on one clip.

    Attributes:
        prediction: the clip that was measured.
        target: the ground truth; None where there was none.
        metrics: name to what the metric found, or why it found nothing.
        clip: the frames behind it: how many, at what rate, and what to know about them.
        folder: where the scores were written; None where they were not.
    """

    prediction: Path
    target: Path | None
    metrics: Mapping[str, MetricRecord]
    clip: VideoScores = field(repr=False)
    folder: Path | None = None

    @property
    def any_measured(self) -> bool:
        """Whether at least one metric has a number."""
        return any(record.value is not None for record in self.metrics.values())

    @property
    def equality(self) -> str:
        """Says that all pictures equal their targets, so that PSNR is infinite; else empty."""
        for name, what in _INFINITE.items():
            record = self.metrics.get(name)
            if record and record.value is None and record.details.get("identical_frames"):
                return f"every {what} equals its target: PSNR is infinite"
        return ""

    @property
    def is_finding(self) -> bool:
        """Whether scoring found anything out."""
        return self.any_measured or bool(self.equality)

    def frame_values(self) -> pd.DataFrame:
        """Return one row per compared frame: its number from 0, and each metric's value there.

        NaN marks a frame that a metric could not score. Metrics whose value is no mean over
        frames have no column.
        """
        import pandas as pd

        return pd.DataFrame({"frame": self.clip.places, **self.clip.per_frame})


class ClipFailed(TgbenchError):
    """One clip of a folder could not be scored; the others are.

    Attributes:
        name: of the clip.
    """

    def __init__(self, name: str, reason: TgbenchError) -> None:
        super().__init__(f"{name}: not scored: {reason}")
        self.name = name


class ClipsFailed(TgbenchError):
    """Some clips of a folder could not be scored; the others were.

    Attributes:
        scores: name of a clip to its scores, of those that could be scored.
    """

    def __init__(self, failures: Iterable[TgbenchError], scores: dict[str, Scores]) -> None:
        super().__init__("; ".join(map(str, failures)))
        self.scores = scores


def score(request: ScoreRequest, progress: Progress = SILENT) -> Scores:
    """Score one clip, and write the scores if there is a folder for them.

    Raises:
        TgbenchError: a clip cannot be read or compared, or `out` holds scores already.
    """
    if holds_videos(request.prediction):
        raise TgbenchError(f"{request.prediction}: holds several videos; score them as a folder")
    names = request.names
    if request.out is not None:
        make_scores_folder(request.out, request.fresh)
    return _scored(request, request.prediction, request.target, names, request.out, progress)


def paired_clips(request: ScoreRequest) -> Clips:
    """Return the videos of two folders, paired by name.

    Raises:
        TgbenchError: they cannot be paired, or an option belongs to one clip alone.
    """
    options = request.options
    if request.audio or options.action_units or options.aligned_faces or options.phonemes:
        raise TgbenchError(
            f"{request.prediction}: holds several videos; --audio, --action-units, "
            "--aligned-faces and --phonemes are of one"
        )
    return videos_by_name(request.prediction, request.target, request.allow_drop)


def score_folder(
    request: ScoreRequest, clips: Clips, progress: Progress = SILENT
) -> Iterator[tuple[str, Scores | ClipFailed]]:
    """Score the videos of two folders one after the other.

    Args:
        request: names the folders.
        clips: which videos to score, of `paired_clips`.
        progress: where to report.

    Yields:
        The name of a clip, and its scores or why it has none.

    Raises:
        TgbenchError: before the first clip is scored: `out` holds scores already.
    """
    names = request.names
    folders = {name: request.out and request.out / name for name in clips.pairs}
    for folder in filter(None, folders.values()):
        make_scores_folder(folder, request.fresh)
    models = Shared()
    for name, (prediction, target) in clips.pairs.items():
        try:
            yield name, _scored(request, prediction, target, names, folders[name], progress, models)
        except TgbenchError as error:
            yield name, ClipFailed(name, error)


def _scored(
    request: ScoreRequest,
    prediction: Path,
    target: Path | None,
    names: tuple[str, ...],
    out: Path | None,
    progress: Progress,
    models: Shared | None = None,
) -> Scores:
    found = score_videos(
        prediction,
        target,
        request.audio,
        names,
        progress,
        options=request.options,
        fps=request.fps,
        allow_drop=request.allow_drop,
        deinterlace=request.deinterlace,
        models=models,
    )
    records = metric_records(found.measurements, found.per_frame)
    if out is not None:
        inputs = {"prediction": prediction, "target": target, "audio": found.sound}
        write_scores(out, found, records, inputs, request.options)
    return Scores(prediction, target, records, found, out)
