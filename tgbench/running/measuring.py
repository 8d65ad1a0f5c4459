"""Rendering one case and measuring it in one pass over its frames."""

from __future__ import annotations

import dataclasses
import datetime
import time
from collections.abc import Generator, Mapping
from contextlib import closing
from pathlib import Path

import pandas as pd

from ..audio.feature_files import made_with
from ..files import sha256
from ..identities import layout
from ..identities.card import read_card
from ..interfaces import Case, FitReport, Method, NotesRendering
from ..metrics.suite import measure_frames
from ..metrics.through_codec import Pair
from ..progress import Progress
from ..specs import CompositeMode, LeakedCondition
from ..version import __version__
from .comparison_videos import ComparisonVideos
from .environment import describe_environment, peak_memory_mb
from .experiment import Experiment
from .face_track import FaceTrack
from .fit_record import FitRecord
from .frame_table import write_table
from .integrity import describe_files
from .metric_records import metric_records
from .rendering import render, target_of
from .replacing import replacement
from .result import (
    CASE_FILES,
    FACES_FILE,
    FRAMES_FILE,
    FRAMES_FOLDER,
    DriverRecord,
    IdentityRecord,
    MethodRecord,
    MetricRecord,
    ProtocolRecord,
    Result,
    SplitRecord,
    SystemRecord,
    TimingRecord,
    ViewRecord,
    write_result,
)
from .seen_from import moved_cameras
from .timing_apart import speed_record, timing_for

_TABLES = (
    layout.TRANSFORMS_TRAIN,
    layout.TRANSFORMS_VAL,
    layout.ACTION_UNITS,
    layout.AUDIO,
    layout.BACKGROUND,
)


def measure(
    experiment: Experiment, method: Method, record: FitRecord, progress: Progress
) -> Result:
    """Render a case, score every frame as it comes, and write the result folder.

    An earlier result stays as it is until the new one is whole.

    Args:
        experiment: the case, and how it is to be done.
        method: fitted.
        record: of the fit.
        progress: where to report.
    """
    with replacement(experiment.folder, CASE_FILES) as folder:
        return _measure(experiment, method, record, progress, folder)


def _measure(
    experiment: Experiment,
    method: Method,
    record: FitRecord,
    progress: Progress,
    folder: Path,
) -> Result:
    case, name, report = experiment.case, str(experiment), record.report
    # Frames that were kept once are not lost because this run did not ask for them.
    kept = (experiment.folder / FRAMES_FOLDER).is_dir()
    options = dataclasses.replace(
        experiment.options, keep_frames=experiment.options.keep_frames or kept
    )
    timing = timing_for(experiment, method, record, progress)
    faces = FaceTrack()

    def rendered() -> Generator[Pair, None, None]:
        with ComparisonVideos(case, name, folder) as comparison:
            for index, frame in enumerate(render(case, method, name, folder, options, progress)):
                target = target_of(case, index)
                comparison.write(frame, target)
                yield frame, target

    started = time.perf_counter()
    # Where a frame fails, the videos are closed before their folder goes.
    with closing(rendered()) as pairs:
        context = experiment.metric_context(timing, moved_cameras(case, method))
        suite = measure_frames(
            pairs, case.metrics, context, lambda frame: faces.add(*frame.landmarks_found)
        )
    _write_table(folder / FRAMES_FILE, case, suite.per_frame())
    if found := faces.columns():
        _write_table(folder / FACES_FILE, case, found)
    timing = timing.after_rendering()
    times = TimingRecord(
        training_seconds=timing.training_seconds,
        training_iterations=dict(report.iterations),
        trained_on=record.machine if timing.trains else None,
        fps_protocol=timing.protocol,
        rendering=[speed_record(series) for series in timing.rendering],
        end_to_end=speed_record(timing.end_to_end) if timing.end_to_end else None,
        render_seconds=time.perf_counter() - started,
        peak_memory_mb=peak_memory_mb(),
    )
    if isinstance(method, NotesRendering):
        notes = (*report.notes, *method.rendering_notes())
        report = dataclasses.replace(report, notes=notes)
    metrics = metric_records(suite.results(), suite.per_frame())
    result = _result(experiment, report, metrics, times)
    result = result.model_copy(update={"files": describe_files(folder, result.frames)})
    write_result(folder, result)
    return result


def _result(
    experiment: Experiment,
    report: FitReport,
    metrics: dict[str, MetricRecord],
    times: TimingRecord,
) -> Result:
    case, options = experiment.case, experiment.options
    features_sha256 = sha256(case.features_file) if case.features_file else ""
    return Result(
        tgbench_version=__version__,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        case_key=experiment.key,
        method=_method_record(experiment, report),
        protocol=ProtocolRecord(
            name=case.protocol, version=case.protocol_version, rules=dict(case.rules)
        ),
        identity=_identity_record(experiment),
        driver=DriverRecord(
            name=case.driver,
            audio=case.driving_audio.name,
            sha256=sha256(case.driving_audio),
            seconds=case.drive.audio.seconds,
            encoder=case.drive.encoder,
            features=case.features_file.name if case.features_file else "",
            tags=case.tags,
            features_sha256=features_sha256,
            features_made_with=_features_made_with(experiment, features_sha256),
        ),
        split=SplitRecord(
            train=(case.split.train.start, case.split.train.stop),
            test=(case.split.test.start, case.split.test.stop),
        ),
        seed=options.seed,
        fresh=options.fresh,
        view=_view_record(case),
        frames=len(case.drive),
        labelled=options.label,
        metrics=metrics,
        timing=times,
        environment=describe_environment(options.device, not options.shared_machine),
    )


def _features_made_with(experiment: Experiment, features_sha256: str) -> dict[str, str]:
    file, encoder = experiment.case.features_file, experiment.method_config.encoder
    if file is not None:
        return made_with(file, features_sha256)
    if not encoder.requires.weights:
        return {}
    made = encoder.load()()
    return made.describe() if hasattr(made, "describe") else {}


def _write_table(path: Path, case: Case, columns: Mapping[str, list[float | None]]) -> None:
    table = pd.DataFrame(columns)
    table.insert(0, "frame", range(len(case.drive)))
    table.insert(1, "source_frame", case.drive.source_frames)
    write_table(path, table)


def _view_record(case: Case) -> ViewRecord | None:
    if case.view is None:
        return None
    return ViewRecord(name=case.view.name, **case.view.record(), notes=list(case.notes))


def _method_record(experiment: Experiment, report: FitReport) -> MethodRecord:
    case, method_config = experiment.case, experiment.method_config
    spec = method_config.spec
    # A plain background gives nothing away.
    alone = case.composite_mode is CompositeMode.HEAD_ALONE
    hidden = {LeakedCondition.TORSO_AND_BACKGROUND} if alone else set()
    system = spec.provenance(method_config.config)
    return MethodRecord(
        name=spec.name,
        preset=method_config.preset,
        config=method_config.settings,
        config_hash=method_config.settings_hash,
        composite_mode=(case.composite_mode or spec.composite_mode).value,
        leaked_conditions=[each for each in spec.leaked_conditions if each not in hidden],
        whole_image_valid=spec.whole_image_valid,
        moves_upper_face=spec.moves_upper_face,
        hears_audio=spec.hears_audio,
        notes=list(report.notes),
        reads=experiment.reads,
        distribution=method_config.code.distribution,
        code_sha256=method_config.code.sha256,
        system=None if system is None else SystemRecord(**system),
    )


def _identity_record(experiment: Experiment) -> IdentityRecord:
    identity, hashes = experiment.case.identity, experiment.hashes
    files = {name: hashes.files[name] for name in _TABLES if name in hashes.files}
    if features := identity.features_file(experiment.method_config.encoder):
        files[features.name] = sha256(features)
    return IdentityRecord(
        name=identity.name,
        frames=len(identity),
        width=identity.intrinsics.width,
        height=identity.intrinsics.height,
        fps=identity.fps,
        card=read_card(identity.folder),
        sha256=hashes.sha256,
        files=files,
    )
