"""Timing a case by a job of its own, alone on its machine, after the case was measured."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from .. import plugins
from ..interfaces import Method, TimedFrames, Timing
from ..metrics.speed.clock import SHARED
from ..metrics.suite import MetricSuite
from ..progress import Progress
from ..specs import MethodSpec, Needs, Timed
from .environment import describe_machine
from .experiment import Experiment
from .fit_record import FitRecord
from .metric_records import metric_records
from .result import Result, SpeedRecord, write_result
from .timing import timing_of

DEFERRED = "rendering is timed by a job of its own, which has not run yet"


def is_timed_here(spec: MethodSpec, metrics: Iterable[str]) -> bool:
    """Whether the harness renders against the clock for a method and some metrics."""
    wanted = any(plugins.metric_spec(name).times_rendering for name in metrics)
    return wanted and spec.timed is Timed.IN_PROCESS


def measures_training_time(spec: MethodSpec, metrics: Iterable[str]) -> bool:
    """Whether one of some metrics is how long a method trains."""
    return spec.trains and any(
        Needs.TRAINING in plugins.metric_spec(name).needs for name in metrics
    )


def lacks_timing(result: Result, apart: bool) -> bool:
    """Whether a result still waits for its timing.

    Args:
        result: of a case.
        apart: whether times beside other jobs on the machine do not count.
    """
    how = result.timing.fps_protocol
    return how == DEFERRED or (apart and SHARED in how)


def timing_for(
    experiment: Experiment, method: Method, record: FitRecord, progress: Progress
) -> Timing:
    """Return the timing that goes with the frames of a case.

    Args:
        experiment: the case, and how it is to be done.
        method: fitted.
        record: of the fit.
        progress: where to report.
    """
    spec, metrics = experiment.method_config.spec, experiment.case.metrics
    trained = record.report.seconds if spec.trains else None
    timing = Timing(trained, (), "rendering was not timed, because no metric needs it")
    if experiment.options.timing_apart and is_timed_here(spec, metrics):
        timing = Timing(trained, (), DEFERRED, no_end_to_end=DEFERRED, no_rendering=DEFERRED)
    elif any(plugins.metric_spec(metric).times_rendering for metric in metrics):
        timing = _timed(experiment, method, trained, progress)
    return _with_training(timing, spec, record)


def time_case(
    experiment: Experiment, method: Method, record: FitRecord, result: Result, progress: Progress
) -> Result:
    """Time a measured case, and write the numbers into its result; nothing else changes.

    Args:
        experiment: the case, and how it is to be done.
        method: fitted, as when the case was measured.
        record: of the fit.
        result: of the case.
        progress: where to report.
    """
    spec, options = experiment.method_config.spec, experiment.options
    trained = record.report.seconds if spec.trains else None
    timing = _with_training(_timed(experiment, method, trained, progress), spec, record)
    names = [name for name in result.metrics if Needs.TIMING in plugins.metric_spec(name).needs]
    suite = MetricSuite(names, experiment.metric_context(timing))
    result = result.model_copy(
        update={
            "metrics": {**result.metrics, **metric_records(suite.results(), {})},
            "timing": result.timing.model_copy(
                update={
                    "timed_on": describe_machine(options.device, not options.shared_machine),
                    "fps_protocol": timing.protocol,
                    "rendering": [speed_record(series) for series in timing.rendering],
                    "end_to_end": speed_record(timing.end_to_end) if timing.end_to_end else None,
                }
            ),
        }
    )
    write_result(experiment.folder, result)
    return result


def speed_record(timed: TimedFrames) -> SpeedRecord:
    """Return timed rendering as results store it."""
    return SpeedRecord(
        batch=timed.batch,
        frames=timed.frames,
        repeat_frames=[timed.batch * len(requests) for requests in timed.repeats],
        repeat_seconds=[float(requests.sum()) for requests in timed.repeats],
    )


def _timed(
    experiment: Experiment, method: Method, trained: float | None, progress: Progress
) -> Timing:
    options, spec = experiment.options, experiment.method_config.spec
    with progress.task(f"timing {experiment}", None):
        timing = timing_of(method, spec, experiment.case.drive, options.device, trained)
    if options.shared_machine:
        return dataclasses.replace(timing, protocol=f"{timing.protocol}; {SHARED}")
    return timing


def _with_training(timing: Timing, spec: MethodSpec, record: FitRecord) -> Timing:
    return dataclasses.replace(
        timing,
        trains=spec.trains,
        training_shared=record.shared_machine,
        trained_outside=spec.timed is not Timed.IN_PROCESS,
    )
