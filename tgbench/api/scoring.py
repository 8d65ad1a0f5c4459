"""Measuring clips, alone or against their ground truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import TgbenchError
from ..progress import Progress
from .arguments import PathLike, Some, metric_names, path_or_none, paths_or_none, shown_by

if TYPE_CHECKING:
    from ..pairs.scoring import ScoredPair
    from ..scoring import Scores


def score(
    prediction: PathLike,
    target: PathLike | None = None,
    *,
    metrics: Some | None = None,
    audio: PathLike | None = None,
    landmarks: str = "mediapipe",
    through_codec: bool = False,
    floor: bool = False,
    face_box: tuple[int, int, int, int] | None = None,
    action_units: tuple[PathLike, PathLike] | None = None,
    aligned_faces: tuple[PathLike, PathLike] | None = None,
    phonemes: PathLike | None = None,
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
        floor: whether to measure the truth after H.264 against itself, too.
        face_box: left, top, right, bottom of the face in all frames in pixels, the last two
            exclusive; None takes each frame's own.
        action_units: OpenFace's CSV files of prediction and target.
        aligned_faces: OpenFace's folders of aligned faces of prediction and target.
        phonemes: TextGrid of the driving sound; None takes the one beside `audio`, if any.
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
            floor=floor,
            face_box=face_box,
            action_units=paths_or_none(action_units),
            aligned_faces=paths_or_none(aligned_faces),
            phonemes=path_or_none(phonemes),
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
    floor: bool = False,
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
        options=MetricOptions(landmarks, face_box, through_codec=through_codec, floor=floor),
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


def score_pairs(
    predictions: PathLike,
    targets: PathLike | None = None,
    *,
    out: PathLike = "results",
    method: str | None = None,
    composite_mode: str | None = None,
    metrics: Some | None = None,
    landmarks: str = "mediapipe",
    through_codec: bool = False,
    floor: bool = False,
    face_box: tuple[int, int, int, int] | None = None,
    fps: float | None = None,
    allow_drop: bool = False,
    deinterlace: bool = False,
    jobs: int = 1,
    frames: bool = False,
    fresh: bool = False,
    progress: bool | Progress = False,
) -> list[ScoredPair]:
    """Score the videos of a method as results, as `tgbench score --pairs` does.

    `load_results`, `compare`, `tgbench report`, `gate` and `bundle` read them like those of a run.
    What is there already is not scored again.

    Args:
        predictions: a folder of videos, or a CSV with the columns prediction, target and, if need
            be, audio and name.
        targets: a folder whose videos have the same names, if there is any.
        out: folder of results.
        method: whose videos these are, a name or the path of a declaration; None takes the name of
            the folder.
        composite_mode: what the frames are made of, a value of `tgbench.specs.CompositeMode`; None
            where the declaration says it, or it is not known.
        metrics: names or titles; None takes all that apply.
        landmarks: detector of the 68 landmarks, "mediapipe" or "fan".
        through_codec: whether to measure frames as they come out of an H.264 file.
        floor: whether to measure the truth after H.264 against itself, too.
        face_box: as in `score`.
        fps: as in `score`.
        allow_drop: whether to compare what has a partner even if many frames, or videos, have none.
        deinterlace: whether to make whole pictures of interlaced ones.
        jobs: how many pairs at a time. More than 1 start processes, so a script that asks for them
            needs `if __name__ == "__main__":`.
        frames: whether to keep every frame that is measured as an image, for `tgbench bundle`.
        fresh: whether to score again what is there.
        progress: True shows progress on standard error; or what to report it to.

    Returns:
        Each pair with its result and the folder that it lies in, sorted by name.

    Raises:
        TgbenchError: the folders cannot be paired, or an option cannot be; or, after all pairs were
            tried, `PairsFailed` with the pairs that failed and, in `scored`, the others.
    """
    from ..interfaces import MetricOptions
    from ..pairs.finding import find_pairs
    from ..pairs.methods import scored_method
    from ..pairs.processes import PairFailed, PairsFailed
    from ..pairs.processes import score_pairs as score_all
    from ..pairs.scoring import PairsRequest
    from ..running import attempts
    from ..specs import CompositeMode

    if jobs < 1:
        raise TgbenchError(f"jobs={jobs}: give the number of pairs at a time, 1 or more")
    if composite_mode is not None and composite_mode not in list(CompositeMode):
        modes = ", ".join(f"'{mode}'" for mode in CompositeMode)
        raise TgbenchError(f"composite_mode={composite_mode}: must be one of {modes}")
    request = PairsRequest(
        method=scored_method(method or Path(predictions).resolve().stem, composite_mode),
        out=Path(out),
        metrics=metric_names(metrics),
        options=MetricOptions(landmarks, face_box, through_codec=through_codec, floor=floor),
        fps=fps,
        allow_drop=allow_drop,
        deinterlace=deinterlace,
        fresh=fresh,
        keep_frames=frames,
    )
    found = find_pairs(Path(predictions), path_or_none(targets), allow_drop)
    for pair in found.pairs:
        request.names(pair)
    attempts.begin(request.folder(pair) for pair in found.pairs)
    scored: list[ScoredPair] = []
    failures: list[PairFailed] = []
    for done in score_all(request, found.pairs, jobs, shown_by(progress)):
        if isinstance(done, PairFailed):
            failures.append(done)
        else:
            scored.append(done)
    scored.sort(key=lambda each: each.pair.name)
    if failures:
        raise PairsFailed(failures, scored)
    return scored
