"""Rendering one case and measuring it in one pass over its frames."""

from __future__ import annotations

import datetime
import logging
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from ..files import atomic_path, hash_of, sha256
from ..identities import layout
from ..interfaces import (
    Case,
    FitReport,
    Image,
    Measurement,
    Method,
    MetricContext,
    MetricOptions,
    Timing,
)
from ..metrics.evaluate import MetricSuite
from ..plugins import metrics as metric_specs
from ..progress import Progress
from ..version import __version__
from .environment import describe_environment, peak_memory_mb
from .fitting import Contender
from .rendering import render
from .request import RunRequest
from .result import (
    FRAMES_FILE,
    FRAMES_FOLDER,
    LOG_FILE,
    RESULT_FILE,
    DriverRecord,
    IdentityRecord,
    MethodRecord,
    MetricRecord,
    ProtocolRecord,
    Result,
    SplitRecord,
    TimingRecord,
    write_result,
)
from .timing import time_rendering

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
        with progress.task(f"timing {name}", None):
            seconds, how = time_rendering(method, case.drive, request.device)
        trained = report.seconds if contender.spec.trains else None
        context = MetricContext(
            audio=case.drive.audio,
            fps=layout.FPS,
            timing=Timing(trained, seconds, how),
            options=MetricOptions(landmarks=request.landmarks),
        )
        suite = MetricSuite(case.metrics, context)

        def score(index: int, frame: Image) -> None:
            target = None
            if case.target_frames is not None:
                target = case.identity.frame(int(case.target_frames[index]))
            suite.update(index, frame, target)

        started = time.perf_counter()
        render(case, method, name, folder, request, progress, score)
        _write_table(folder, case, suite)
        timing = TimingRecord(
            training_seconds=trained,
            training_iterations=dict(report.iterations),
            fps_protocol=how,
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
            metrics=metric_records(suite.results()),
            timing=timing,
            environment=describe_environment(request.device),
        )
        write_result(folder, result)
        _log.info("wrote %s", folder)
    return result


def metric_records(measurements: Mapping[str, Measurement]) -> dict[str, MetricRecord]:
    """Join what was found with what the metrics declare."""
    specs = metric_specs()
    records = {}
    for name, found in measurements.items():
        records[name] = MetricRecord(
            value=found.value,
            status=_status(found),
            reason=found.reason,
            scored=found.scored,
            total=found.total,
            unit=specs[name].unit,
            direction=specs[name].direction.value,
            measured_by=found.measured_by,
            details=dict(found.details),
        )
    return records


def _status(found: Measurement) -> Literal["measured", "unavailable", "unscored"]:
    if found.value is not None:
        return "measured"
    return "unscored" if found.total else "unavailable"


def _write_table(folder: Path, case: Case, suite: MetricSuite) -> None:
    table = pd.DataFrame(suite.per_frame())
    table.insert(0, "frame", range(len(case.drive)))
    table.insert(1, "source_frame", case.drive.source_frames)
    with atomic_path(folder / FRAMES_FILE) as temporary:
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
