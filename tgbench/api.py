"""The Python API: what the commands do, called from a program.

A function takes the options of the command of its name as keyword arguments and calls what the
command calls. It returns records, raises `TgbenchError` where the command prints an error, and
prints nothing unless `progress` asks for it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from .errors import TgbenchError
from .progress import SILENT, ConsoleProgress, Progress

if TYPE_CHECKING:
    import pandas as pd

    from .comparing import Comparison
    from .identities import Identity
    from .running.runner import Outcome
    from .scoring import Scores

__all__ = ["compare", "load_results", "prepare", "run", "score", "score_folder"]

PathLike: TypeAlias = str | Path
Some: TypeAlias = str | Path | Iterable[str | Path]
"""One value, or several."""

# A library does not print its warnings by itself: a program shows them by configuring `logging`.
logging.getLogger("tgbench").addHandler(logging.NullHandler())


def run(
    method: Some,
    protocol: Some,
    *,
    identity: Some = "synth-a",
    audio: Some = (),
    audio_features: Some = (),
    preset: str = "quick",
    settings: Mapping[str, object] | None = None,
    size: int | None = None,
    device: str = "auto",
    seed: int | Sequence[int] = 0,
    out: PathLike = "results",
    metrics: Some = (),
    landmarks: str = "mediapipe",
    through_codec: bool = False,
    fresh: bool = False,
    label: bool = True,
    frames: bool = False,
    jobs: int | None = None,
    executor: str = "local",
    exclusive_timing: bool = False,
    progress: bool | Progress = False,
) -> list[Outcome]:
    """Run methods under a protocol: fit, render, measure and write, as `tgbench run` does.

    A case that is there already is kept, so a call that was stopped continues when repeated.

    Args:
        method: name of a method, or several.
        protocol: name of a protocol, or several.
        identity: built-in names or folders.
        audio: driving sound, as files or built-in tracks; empty takes the protocol's own.
        audio_features: a file of features for each driving sound, in the same order; empty runs
            the audio encoders that the methods name.
        preset: of the methods' settings.
        settings: name to value of the settings to change.
        size: side of the frames of built-in identities in pixels; None takes the preset's.
        device: "auto", "cpu" or "cuda".
        seed: of every random choice; several for a run with each.
        out: folder of the results.
        metrics: names or titles; empty takes all that the protocol measures.
        landmarks: detector of the 68 landmarks, "mediapipe" or "fan".
        through_codec: whether to measure frames as they come out of an H.264 file.
        fresh: whether to fit and measure again what is there already.
        label: whether videos carry the visible label "synthetic".
        frames: whether to keep every frame as an image.
        jobs: how many fits and cases run at the same time, each in its own process; None: the
            executor's choice, which for "local" is one after another in this process.
        executor: where they run, such as "local"; `settings` takes its settings, too.
        exclusive_timing: whether what is timed runs alone on its machine.
        progress: True shows progress on standard error; or what to report it to.

    Returns:
        The finished cases.

    Raises:
        TgbenchError: bad input, found before any training where possible; or, after all cases
            were tried, `CasesFailed` with what failed and, in `outcomes`, what did not.
    """
    from . import plugins
    from .running.environment import resolve_device
    from .running.request import RunRequest, default_size
    from .running.runner import run as run_all

    elsewhere = plugins.find(plugins.executors(), executor, "executor").elsewhere
    return run_all(
        RunRequest(
            methods=_words(method),
            protocols=_words(protocol),
            identities=_words(identity),
            audio=tuple(map(Path, _words(audio))),
            audio_features=tuple(map(Path, _words(audio_features))),
            preset=preset,
            overrides={key: str(value) for key, value in (settings or {}).items()},
            size=size or default_size(_words(method), preset),
            device=resolve_device(device, elsewhere),
            seeds=(seed,) if isinstance(seed, int) else tuple(seed),
            out=Path(out),
            fresh=fresh,
            label=label,
            keep_frames=frames,
            metrics=_metrics(metrics) or (),
            landmarks=landmarks,
            through_codec=through_codec,
            jobs=jobs,
            executor=executor,
            exclusive_timing=exclusive_timing,
        ),
        _progress(progress),
    )


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
    from .interfaces import MetricOptions
    from .scoring import ScoreRequest
    from .scoring import score as score_one

    request = ScoreRequest(
        Path(prediction),
        _path(target),
        audio=_path(audio),
        metrics=_metrics(metrics),
        options=MetricOptions(
            landmarks=landmarks,
            through_codec=through_codec,
            face_box=face_box,
            action_units=_pair(action_units),
            aligned_faces=_pair(aligned_faces),
        ),
        fps=fps,
        allow_drop=allow_drop,
        deinterlace=deinterlace,
        out=_path(out),
        fresh=fresh,
    )
    return score_one(request, _progress(progress))


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
    from .interfaces import MetricOptions
    from .scoring import ClipFailed, ClipsFailed, ScoreRequest, paired_clips
    from .scoring import score_folder as score_all

    request = ScoreRequest(
        Path(prediction),
        _path(target),
        metrics=_metrics(metrics),
        options=MetricOptions(landmarks, face_box, through_codec=through_codec),
        fps=fps,
        allow_drop=allow_drop,
        deinterlace=deinterlace,
        out=_path(out),
        fresh=fresh,
    )
    scores: dict[str, Scores] = {}
    failures: list[TgbenchError] = []
    for name, found in score_all(request, paired_clips(request), _progress(progress)):
        if isinstance(found, ClipFailed):
            failures.append(found)
        else:
            scores[name] = found
    if failures:
        raise ClipsFailed(failures, scores)
    return scores


def prepare(
    video: PathLike,
    out: PathLike,
    *,
    size: int = 512,
    audio: PathLike | None = None,
    deinterlace: bool = False,
    progress: bool | Progress = False,
) -> Identity:
    """Turn a video of one person who speaks into an identity, as `tgbench prepare` does.

    Stages that were completed before with the same inputs are not repeated.

    Args:
        video: the video; any rate and size.
        out: folder of the identity.
        size: side of its square images in pixels: even, 64 to 2048.
        audio: sound to take instead of the video's own, in step with it.
        deinterlace: whether to make whole pictures of interlaced ones.
        progress: True shows progress on standard error; or what to report it to.

    Returns:
        The identity. Look at `preview.jpg` in its folder.

    Raises:
        TgbenchError: the video, the sound or the folder is not usable.
    """
    from .identities import Identity
    from .preparation.prepare import prepare as prepare_video

    folder = prepare_video(
        Path(video),
        Path(out),
        size,
        _path(audio),
        _progress(progress),
        deinterlace=deinterlace,
    )
    return Identity(folder)


def load_results(*folders: PathLike) -> pd.DataFrame:
    """Return the results at or below folders as one tidy table: a row for each value.

    Of several measurements of one experiment, each metric is from the latest that has it.

    Args:
        folders: that `tgbench run` or `tgbench score --out` wrote.

    Returns:
        One row for each metric of each case, with the columns

        - `method`, `settings` (those that differ from the preset), `preset`, `protocol`,
          `protocol_version`, `identity`, `driver`, `seed`: what was run;
        - `metric`, `value` (NaN where there is none), `unit`, `direction` ("higher", "lower" or
          "none"), `low` and `high` (95 % interval of the mean over frames, NaN where there is
          none): what was found;
        - `status` ("measured", "unavailable", "unscored", or "not applicable" where a value would
          say nothing about the method), `reason`, `scored` and `total` (frames): how far it was
          found;
        - `measured_by`, `composite_mode`, `leaked_conditions`: what a value may be compared with;
        - `device`, `cpu`, `gpu`, `code_sha256` (of the method), `tgbench_version`, `created`
          (UTC), `folder`: where it is from.

        Of scored videos, `method` and `identity` are the names of the prediction and the target,
        and `protocol` is "score".

    Raises:
        TgbenchError: a folder holds no results, or one cannot be read.

    >>> import tgbench
    >>> _ = tgbench.score("ours", "real", metrics="psnr", out="scores")
    >>> table = tgbench.load_results("scores")
    >>> table[["metric", "value", "unit", "scored", "total"]].round(2)
      metric  value unit  scored  total
    0   psnr  28.13   dB       5      5
    """
    from .results.table import results_table

    return results_table(map(Path, folders))


def compare(
    first: PathLike,
    second: PathLike | None = None,
    *,
    methods: tuple[str, str] | None = None,
    metrics: Some = (),
    protocol: str | None = None,
) -> Comparison:
    """Compare two sets of results on the same frames, as `tgbench compare` does.

    Args:
        first: folder A, of results of `tgbench run` or scores of `tgbench score --out`.
        second: folder B; None takes A again, with `methods`.
        methods: the method of A and of B; None where each folder holds one.
        metrics: names or titles; empty takes all that both have.
        protocol: the only one to compare; None takes every one that both have.

    Returns:
        A section for each protocol, with a row for each metric: means, the difference B - A, its
        95 % interval over frames, and the verdict.

    Raises:
        TgbenchError: a folder holds no results, or no case is on both sides.
    """
    from .comparing import compare_folders

    return compare_folders(
        Path(first),
        None if second is None else Path(second),
        methods=methods,
        metrics=_words(metrics),
        protocol=protocol,
    )


def _progress(wanted: bool | Progress) -> Progress:
    if not isinstance(wanted, bool):
        return wanted
    if not wanted:
        return SILENT
    from rich.console import Console

    return ConsoleProgress(Console(stderr=True))


def _words(values: Some) -> tuple[str, ...]:
    """Return one value, or several without repeats, as text."""
    given = (values,) if isinstance(values, str | Path) else values
    return tuple(dict.fromkeys(map(str, given)))


def _metrics(names: Some | None) -> tuple[str, ...] | None:
    from .metrics.naming import metrics_named

    return None if names is None else metrics_named(_words(names))


def _path(path: PathLike | None) -> Path | None:
    return None if path is None else Path(path)


def _pair(paths: tuple[PathLike, PathLike] | None) -> tuple[Path, Path] | None:
    return paths and (Path(paths[0]), Path(paths[1]))
