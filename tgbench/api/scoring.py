"""Measuring clips, alone or against their ground truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import TgbenchError
from ..progress import Progress
from .arguments import PathLike, Some, metric_names, path_or_none, paths_or_none, shown_by

if TYPE_CHECKING:
    from ..scoring import Scores


def score(
    prediction: PathLike,
    target: PathLike | None = None,
    *,
    metrics: Some | None = None,
    audio: PathLike | None = None,
    landmarks: str = "mediapipe",
    through_codec: bool = False,
    face_box: tuple[int, int, int, int] | None = None,
    action_units: tuple[PathLike, PathLike] | None = None,
    aligned_faces: tuple[PathLike, PathLike] | None = None,
    fps: float | None = None,
    allow_drop: bool = False,
    deinterlace: bool = False,
    out: PathLike | None = None,
    fresh: bool = False,
    progress: bool | Progress = False,
) -> Scores:
    """Measure a clip, alone or against its ground truth, as `tgbench score` does.

    A clip is a video, or a folder of images in the order of their numbers.

    Args:
        prediction: the clip to measure.
        target: the ground truth; None measures only what needs none.
        metrics: names or titles; None takes all that apply.
        audio: the driving sound; None takes the prediction's, or else the target's.
        landmarks: detector of the 68 landmarks, "mediapipe" or "fan".
        through_codec: whether to measure frames as they come out of an H.264 file.
        face_box: left, top, right, bottom of the face in all frames in pixels, the last two
            exclusive; None takes each frame's own.
        action_units: OpenFace's CSV files of prediction and target.
        aligned_faces: OpenFace's folders of aligned faces of prediction and target.
        fps: frames a second to read at; None reads videos as stored, and folders at 25.
        allow_drop: whether to compare what has a partner even if many frames have none.
        deinterlace: whether to make whole pictures of interlaced ones.
        out: folder for `scores.json` and `frames.parquet`; None writes nothing.
        fresh: whether to replace the scores that `out` holds.
        progress: True shows progress on standard error; or what to report it to.

    Returns:
        The scores. A metric that could not be measured has no value but a reason.

    Raises:
        TgbenchError: a clip cannot be read, the two cannot be compared, a metric is unknown, or
            `out` holds scores.

    Every pixel of `ours` is 10 grey levels too bright, so the PSNR is 20 log10(255 / 10) dB:

    >>> import tgbench
    >>> scores = tgbench.score("ours", "real", metrics="psnr")
    >>> round(scores.metrics["psnr"].value, 2), scores.metrics["psnr"].unit
    (28.13, 'dB')
    """
    from ..interfaces import MetricOptions
    from ..scoring import ScoreRequest
    from ..scoring import score as score_one

    request = ScoreRequest(
        Path(prediction),
        path_or_none(target),
        audio=path_or_none(audio),
        metrics=metric_names(metrics),
        options=MetricOptions(
            landmarks=landmarks,
            through_codec=through_codec,
            face_box=face_box,
            action_units=paths_or_none(action_units),
            aligned_faces=paths_or_none(aligned_faces),
        ),
        fps=fps,
        allow_drop=allow_drop,
        deinterlace=deinterlace,
        out=path_or_none(out),
        fresh=fresh,
    )
    return score_one(request, shown_by(progress))


def score_folder(
    prediction: PathLike,
    target: PathLike | None = None,
    *,
    metrics: Some | None = None,
    landmarks: str = "mediapipe",
    through_codec: bool = False,
    face_box: tuple[int, int, int, int] | None = None,
    fps: float | None = None,
    allow_drop: bool = False,
    deinterlace: bool = False,
    out: PathLike | None = None,
    fresh: bool = False,
    progress: bool | Progress = False,
) -> dict[str, Scores]:
    """Measure all videos of a folder, each against the video of its name in another folder.

    The arguments are those of `score`; `prediction` and `target` are folders of videos.

    Returns:
        Name of a clip to its scores.

    Raises:
        TgbenchError: the folders cannot be paired; or, after all clips were tried, `ClipsFailed`
            with the clips that failed and, in `scores`, those that did not.
    """
    from ..interfaces import MetricOptions
    from ..scoring import ClipFailed, ClipsFailed, ScoreRequest, paired_clips
    from ..scoring import score_folder as score_all

    request = ScoreRequest(
        Path(prediction),
        path_or_none(target),
        metrics=metric_names(metrics),
        options=MetricOptions(landmarks, face_box, through_codec=through_codec),
        fps=fps,
        allow_drop=allow_drop,
        deinterlace=deinterlace,
        out=path_or_none(out),
        fresh=fresh,
    )
    scores: dict[str, Scores] = {}
    failures: list[TgbenchError] = []
    for name, found in score_all(request, paired_clips(request), shown_by(progress)):
        if isinstance(found, ClipFailed):
            failures.append(found)
        else:
            scores[name] = found
    if failures:
        raise ClipsFailed(failures, scores)
    return scores
