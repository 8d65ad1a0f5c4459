"""Scoring one pair into a folder that is read like the result of a run."""

from __future__ import annotations

import dataclasses
import datetime
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from .. import plugins
from ..errors import TgbenchError
from ..files import hash_of
from ..interfaces import MetricOptions, Shared
from ..metrics.folders import clip_sha256
from ..metrics.through_codec import THROUGH_CODEC
from ..metrics.videos import VideoScores, metrics_for_videos, score_videos
from ..plugins import in_table_order
from ..progress import SILENT, Progress
from ..results.measured_case import PAIRS
from ..running import attempts
from ..running.environment import describe_environment, peak_memory_mb
from ..running.folders import case_folder, variant_name
from ..running.frame_table import write_table
from ..running.integrity import describe_files, has_images
from ..running.locks import sole_replacer
from ..running.metric_records import metric_records
from ..running.rendering import write_image
from ..running.replacing import recover, replacement
from ..running.result import (
    CASE_FILES,
    FRAMES_FILE,
    FRAMES_FOLDER,
    RESULT_FILE,
    DriverRecord,
    IdentityRecord,
    MethodRecord,
    ProtocolRecord,
    Result,
    SplitRecord,
    SystemRecord,
    TimingRecord,
    read_result,
    write_result,
)
from ..running.settings import hash_of_settings
from ..specs import OWN_SOUND, Needs
from ..version import __version__
from .finding import Pair

_VARIANT = "videos"


@dataclass(frozen=True)
class ScoredMethod:
    """Whose videos are scored, as far as it is known; see `MethodSpec` for what it means.

    Attributes:
        name: a row of tables, and part of the path of results.
        composite_mode: what the frames are made of; empty: not known.
        leaked_conditions: what of the truth the frames were made from.
        whole_image_valid, moves_upper_face, hears_audio: see `MethodSpec`.
        system: what its declaration says of its origin, as `SystemRecord` has it; None: nothing.
    """

    name: str
    composite_mode: str = ""
    leaked_conditions: tuple[str, ...] = ()
    whole_image_valid: bool = True
    moves_upper_face: bool = True
    hears_audio: bool = True
    system: dict[str, Any] | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """What shapes the numbers, of what JSON can hold."""
        facts = dataclasses.asdict(self)
        del facts["name"], facts["system"]
        return json.loads(json.dumps(facts))


@dataclass(frozen=True)
class PairsRequest:
    """How the pairs of one method are scored.

    Attributes:
        method: whose videos these are.
        out: folder of results.
        metrics: names, of which a pair without ground truth leaves out those that need one; None:
            all that apply.
        options, fps, allow_drop, deinterlace: see `ScoreRequest`.
        fresh: whether to score again what is there already.
        keep_frames: whether every frame of the predictions is kept as an image, for `bundle`.
    """

    method: ScoredMethod
    out: Path
    metrics: tuple[str, ...] | None = None
    options: MetricOptions = field(default_factory=MetricOptions)
    fps: float | None = None
    allow_drop: bool = False
    deinterlace: bool = False
    fresh: bool = False
    keep_frames: bool = False

    def names(self, pair: Pair) -> tuple[str, ...]:
        """Return the metrics of a pair, in table order.

        Raises:
            TgbenchError: one is unknown, or cannot be measured on videos.
        """
        chosen = self.metrics
        if chosen is not None and pair.target is None:
            specs = plugins.metrics()
            chosen = tuple(
                name
                for name in chosen
                if Needs.TARGET not in plugins.find(specs, name, "metric").needs
            )
        return metrics_for_videos(chosen, pair.target is not None, self.options)

    def folder(self, pair: Pair) -> Path:
        """Return where the result of a pair lies."""
        driver = f"{OWN_SOUND}-h264" if self.options.through_codec else OWN_SOUND
        variant = variant_name(_VARIANT, {}, 0)
        return case_folder(self.out, PAIRS, pair.name, self.method.name, variant, driver)


@dataclass(frozen=True)
class ScoredPair:
    """A pair with its scores.

    Attributes:
        pair: what was scored.
        result: what was found.
        folder: where it lies.
        reused: whether it was there already.
    """

    pair: Pair
    result: Result
    folder: Path
    reused: bool = False


def score_pair(
    request: PairsRequest, pair: Pair, models: Shared | None = None, progress: Progress = SILENT
) -> ScoredPair:
    """Score a pair and write its result, unless it is there already.

    Asking for further metrics scores again, those of before included.

    Args:
        request: how.
        pair: what.
        models: that are loaded already, and where others go.
        progress: where to report.

    Raises:
        TgbenchError: a clip is missing or cannot be read, the two cannot be compared, or the
            folder holds the result of other clips or of other options.
    """
    folder = request.folder(pair)
    with sole_replacer(folder, wait=True):
        recover(folder, CASE_FILES)
        hashes = _hashes(pair)
        key = _key(request, hashes)
        names = request.names(pair)
        earlier = _earlier(request, folder, key)
        if earlier is not None:
            kept = not request.keep_frames or has_images(folder, earlier)
            if earlier.metrics.keys() >= set(names) and kept:
                attempts.finish(folder)
                return ScoredPair(pair, earlier, folder, reused=True)
            names = in_table_order([*names, *earlier.metrics])
        if (folder / FRAMES_FOLDER).is_dir():
            # Frames that were kept once are not lost because they are not asked for now.
            request = dataclasses.replace(request, keep_frames=True)
        with replacement(folder, CASE_FILES) as new:
            result = _scored_into(new, request, pair, names, hashes, key, models, progress)
    attempts.finish(folder)
    return ScoredPair(pair, result, folder)


def _scored_into(
    folder: Path,
    request: PairsRequest,
    pair: Pair,
    names: tuple[str, ...],
    hashes: dict[str, str],
    key: str,
    models: Shared | None,
    progress: Progress,
) -> Result:
    """Score a pair and write all of its result into an empty folder."""
    started = time.perf_counter()
    images = folder / FRAMES_FOLDER
    if request.keep_frames:
        images.mkdir()
    found = score_videos(
        pair.prediction,
        pair.target,
        pair.audio,
        names,
        progress,
        options=request.options,
        fps=request.fps,
        allow_drop=request.allow_drop,
        deinterlace=request.deinterlace,
        truth_sounds=True,
        models=models,
        keep=lambda index, frame: (
            write_image(images / f"{index}.png", frame) if request.keep_frames else None
        ),
    )
    result = _result(request, pair, hashes, key, found, time.perf_counter() - started)
    table = pd.DataFrame({"frame": found.places, **found.per_frame})
    write_table(folder / FRAMES_FILE, table)
    result = result.model_copy(update={"files": describe_files(folder, result.frames)})
    write_result(folder, result)
    return result


def _hashes(pair: Pair) -> dict[str, str]:
    """Return the SHA-256 of each file of a pair, by what it is for.

    Raises:
        TgbenchError: one is missing.
    """
    files = {"prediction": pair.prediction, "target": pair.target, "audio": pair.audio}
    found = {}
    for what, path in files.items():
        if path is None:
            continue
        if not path.exists():
            raise TgbenchError(f"{path}: no such {what}; add it, or leave '{pair.name}' out")
        found[what] = clip_sha256(path)
    return found


def _key(request: PairsRequest, hashes: dict[str, str]) -> str:
    """Return the hash of everything but the metrics that determines what is found."""
    return hash_of(
        {
            "tgbench": __version__,
            "files": hashes,
            "method": [request.method.name, request.method.facts],
            "landmarks": request.options.landmarks,
            "through_codec": request.options.through_codec,
            **({"floor": True} if request.options.floor else {}),
            "face_box": request.options.face_box,
            "fps": request.fps,
            "allow_drop": request.allow_drop,
            "deinterlace": request.deinterlace,
        }
    )


def _earlier(request: PairsRequest, folder: Path, key: str) -> Result | None:
    """Return the result that is there, if it counts.

    Raises:
        TgbenchError: it is of other clips, of another method or of other options.
    """
    path = folder / RESULT_FILE
    if request.fresh or not path.is_file():
        return None
    earlier = read_result(path)
    if earlier.case_key != key:
        raise TgbenchError(
            f"{folder}: holds the result of other files, or scored with other options or another "
            f"version ({earlier.created}); use --fresh to replace it, or another --out"
        )
    return earlier


def _result(
    request: PairsRequest,
    pair: Pair,
    hashes: dict[str, str],
    key: str,
    found: VideoScores,
    seconds: float,
) -> Result:
    method, frames = request.method, found.frames
    width, height = found.size
    codec = f", {THROUGH_CODEC}" if request.options.through_codec else ""
    target = {} if pair.target is None else {pair.target.name: hashes["target"]}
    sound = "" if found.sound is None else clip_sha256(found.sound)
    return Result(
        tgbench_version=__version__,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        case_key=key,
        method=MethodRecord(
            name=method.name,
            preset="",
            config={"by_clock": found.by_clock, "deinterlace": request.deinterlace},
            config_hash=hash_of_settings(method.name, method.facts),
            composite_mode=method.composite_mode,
            leaked_conditions=list(method.leaked_conditions),
            whole_image_valid=method.whole_image_valid,
            moves_upper_face=method.moves_upper_face,
            hears_audio=method.hears_audio,
            notes=list(found.notes),
            system=None if method.system is None else SystemRecord(**method.system),
            reads={pair.prediction.name: hashes["prediction"]},
        ),
        protocol=ProtocolRecord(name=PAIRS, version=f"{found.fps:g} fps{codec}"),
        identity=IdentityRecord(
            name=pair.name,
            frames=frames,
            width=width,
            height=height,
            fps=found.fps,
            # Without ground truth nothing but the name says which clips show the same.
            sha256=hashes.get("target") or hash_of(["no ground truth", pair.name]),
            files=target,
        ),
        driver=DriverRecord(
            name="",
            audio="" if found.sound is None else found.sound.name,
            sha256=sound,
            seconds=frames / found.fps,
        ),
        split=SplitRecord(train=(0, 0), test=(0, frames)),
        seed=0,
        frames=frames,
        labelled=False,
        metrics=metric_records(found.measurements, found.per_frame),
        timing=TimingRecord(
            training_seconds=None,
            fps_protocol="",
            render_seconds=seconds,
            peak_memory_mb=peak_memory_mb(),
        ),
        environment=describe_environment("cpu"),
    )
