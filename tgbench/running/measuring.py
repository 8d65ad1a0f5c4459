"""Rendering one case and measuring it in one pass over its frames."""

from __future__ import annotations

import datetime
import logging
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from .. import plugins
from ..files import atomic_path, hash_of, sha256
from ..identities import layout
from ..interfaces import (
    Case,
    FitReport,
    Image,
    Method,
    MetricContext,
    MetricOptions,
    TimedFrames,
    Timing,
)
from ..metrics.evaluate import MetricSuite, reasons_against
from ..metrics.speed import RENDERING_SPEEDS
from ..progress import Progress
from ..specs import Needs
from ..version import __version__
from .comparison import ComparisonVideos
from .environment import describe_environment, peak_memory_mb
from .face_track import FaceTrack
from .fitting import Contender
from .records import metric_records
from .rendering import render
from .request import RunRequest
from .result import (
    FACES_FILE,
    FRAMES_FILE,
    FRAMES_FOLDER,
    LOG_FILE,
    RESULT_FILE,
    DriverRecord,
    IdentityRecord,
    MethodRecord,
    ProtocolRecord,
    Result,
    SpeedRecord,
    SplitRecord,
    TimingRecord,
    write_result,
)
from .timing import time_method

_log = logging.getLogger("tgbench")
_TABLES = (
    layout.TRANSFORMS_TRAIN,
    layout.TRANSFORMS_VAL,
    layout.ACTION_UNITS,
    layout.AUDIO,
    layout.BACKGROUND,
)


@dataclass(frozen=True)
class Subject:
    """An identity's hashes, computed once for all of its cases.

    Attributes:
        files: SHA-256 by relative file name.
    """

    files: Mapping[str, str]

    @property
    def sha256(self) -> str:
        """One hash of all of them."""
        return hash_of(dict(self.files))


def case_key(case: Case, contender: Contender, subject: Subject, request: RunRequest) -> str:
    """Return the hash of everything that determines the outcome of a case."""
    return hash_of(
        {
            "tgbench": __version__,
            "method": contender.settings_hash,
            "protocol": [case.protocol, case.protocol_version],
            "identity": subject.sha256,
            "audio": sha256(case.driving_audio),
            "frames": [int(frame) for frame in case.drive.source_frames],
            "train": [case.split.train.start, case.split.train.stop],
            "metrics": list(case.metrics),
            "landmarks": request.landmarks,
            "seed": request.seed,
            "device": request.device,
        }
    )


def case_folder(case: Case, contender: Contender, out: Path) -> Path:
    """Return OUT/<protocol>/<identity>/<method>/<driver>."""
    return out / case.protocol / case.identity.name / contender.spec.name / case.driver


def what_lacks_now(case: Case, result: Result, request: RunRequest) -> dict[str, str]:
    """Return what each metric that a result lacks is in want of now; nothing where it is here."""
    lacking = [name for name, found in result.metrics.items() if found.status == "unavailable"]
    return reasons_against(_depending(lacking, case), _context(case, request, None))


def told_anew(result: Result, reasons: Mapping[str, str]) -> Result:
    """Return a result whose missing metrics give the reasons of now."""
    metrics = {
        name: record.model_copy(update={"reason": reasons[name]}) if name in reasons else record
        for name, record in result.metrics.items()
    }
    return result.model_copy(update={"metrics": metrics})


def no_longer_available(case: Case, result: Result, request: RunRequest) -> tuple[str, ...]:
    """Return the metrics of a result that measuring again would lose."""
    there = [name for name, found in result.metrics.items() if found.value is not None]
    depending = _depending(there, case)
    reasons = reasons_against(depending, _context(case, request, None))
    return tuple(name for name in depending if reasons[name])


def _depending(names: Iterable[str], case: Case) -> list[str]:
    """Leave out what does not depend on what is installed, but on the method and the case."""
    specs = plugins.metrics()
    return [
        name
        for name in names
        if name in specs
        and Needs.TIMING not in specs[name].needs
        and (case.target_frames is not None or Needs.TARGET not in specs[name].needs)
    ]


def _context(case: Case, request: RunRequest, timing: Timing | None) -> MetricContext:
    return MetricContext(
        audio=case.drive.audio,
        fps=layout.FPS,
        timing=timing,
        options=MetricOptions(landmarks=request.landmarks),
    )


def measure(
    case: Case,
    contender: Contender,
    subject: Subject,
    method: Method,
    report: FitReport,
    request: RunRequest,
    progress: Progress,
) -> Result:
    """Render a case, score every frame as it comes, and write the result folder.

    `result.json` is written last: where it is, the case is complete.
    """
    folder = case_folder(case, contender, request.out)
    (folder / RESULT_FILE).unlink(missing_ok=True)
    shutil.rmtree(folder / FRAMES_FOLDER, ignore_errors=True)
    with _log_file(folder / LOG_FILE):
        name = f"{contender.spec.name} on {case.identity.name}, {case.driver}"
        _log.info("tgbench %s: %s, protocol %s", __version__, name, case.protocol)
        trained = report.seconds if contender.spec.trains else None
        timing = Timing(trained, (), "rendering was not timed: no metric was asked for that says")
        if RENDERING_SPEEDS.intersection(case.metrics):
            with progress.task(f"timing {name}", None):
                timing = time_method(method, case.drive, request.device, trained)
        suite = MetricSuite(case.metrics, _context(case, request, timing))
        faces = FaceTrack()

        def score(index: int, frame: Image) -> None:
            target = None
            if case.target_frames is not None:
                target = case.identity.frame(int(case.target_frames[index]))
            seen = suite.update(index, frame, target)
            faces.add(*seen.landmarks_found)
            comparison.write(frame, target)

        started = time.perf_counter()
        with ComparisonVideos(case, name, folder) as comparison:
            render(case, method, name, folder, request, progress, score)
        _write_table(folder / FRAMES_FILE, case, suite.per_frame())
        (folder / FACES_FILE).unlink(missing_ok=True)
        if found := faces.columns():
            _write_table(folder / FACES_FILE, case, found)
        times = TimingRecord(
            training_seconds=trained,
            training_iterations=dict(report.iterations),
            fps_protocol=timing.protocol,
            rendering=[_speed_record(series) for series in timing.rendering],
            end_to_end=_speed_record(timing.end_to_end) if timing.end_to_end else None,
            render_seconds=time.perf_counter() - started,
            peak_memory_mb=peak_memory_mb(),
        )
        result = Result(
            tgbench_version=__version__,
            created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            case_key=case_key(case, contender, subject, request),
            method=_method_record(contender, report),
            protocol=ProtocolRecord(name=case.protocol, version=case.protocol_version),
            identity=_identity_record(case, subject),
            driver=DriverRecord(
                name=case.driver,
                audio=case.driving_audio.name,
                sha256=sha256(case.driving_audio),
                seconds=case.drive.audio.seconds,
            ),
            split=SplitRecord(
                train=(case.split.train.start, case.split.train.stop),
                test=(case.split.test.start, case.split.test.stop),
            ),
            seed=request.seed,
            frames=len(case.drive),
            labelled=request.label,
            metrics=metric_records(suite.results(), suite.per_frame()),
            timing=times,
            environment=describe_environment(request.device),
        )
        write_result(folder, result)
        _log.info("wrote %s", folder)
    return result


def _speed_record(timed: TimedFrames) -> SpeedRecord:
    return SpeedRecord(
        batch=timed.batch,
        frames=timed.frames,
        repeat_frames=[timed.batch * len(requests) for requests in timed.repeats],
        repeat_seconds=[float(requests.sum()) for requests in timed.repeats],
    )


def _write_table(path: Path, case: Case, columns: Mapping[str, list[float | None]]) -> None:
    table = pd.DataFrame(columns)
    table.insert(0, "frame", range(len(case.drive)))
    table.insert(1, "source_frame", case.drive.source_frames)
    with atomic_path(path) as temporary:
        table.to_parquet(temporary, index=False)


def _method_record(contender: Contender, report: FitReport) -> MethodRecord:
    spec = contender.spec
    return MethodRecord(
        name=spec.name,
        preset=contender.preset,
        config=contender.settings,
        config_hash=contender.settings_hash,
        composite_mode=spec.composite_mode.value,
        leaked_conditions=list(spec.leaked_conditions),
        whole_image_valid=spec.whole_image_valid,
        moves_upper_face=spec.moves_upper_face,
        notes=list(report.notes),
        distribution=contender.code.distribution,
        code_sha256=contender.code.sha256,
    )


def _identity_record(case: Case, subject: Subject) -> IdentityRecord:
    return IdentityRecord(
        name=case.identity.name,
        frames=len(case.identity),
        width=case.identity.intrinsics.width,
        height=case.identity.intrinsics.height,
        sha256=subject.sha256,
        files={name: subject.files[name] for name in _TABLES if name in subject.files},
    )


@contextmanager
def _log_file(path: Path) -> Iterator[None]:
    """Copy what is logged meanwhile into a file of the case."""
    handler = logging.FileHandler(path, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    _log.addHandler(handler)
    try:
        yield
    finally:
        _log.removeHandler(handler)
        handler.close()
