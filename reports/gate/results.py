"""What was measured now: the results of a folder, as far as a gate watches them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tgbench import plugins
from tgbench.errors import TgbenchError
from tgbench.results import MeasuredCase, differences_among, read_cases
from tgbench.running.attempts import ATTEMPT_FILE, failed, unfinished
from tgbench.running.experiment import CODEC_SUFFIX
from tgbench.running.result import FRAMES_FILE, RESULT_FILE, MetricRecord, result_paths
from tgbench.specs import Needs
from tgbench.statistics import Series
from tgbench.terminal.printing import one_line

from .baseline import LARGEST, BaselineKey, rounded

Cases = Mapping[BaselineKey, MeasuredCase]
"""Results by what a baseline finds them by."""


def read_results(folder: Path) -> Cases:
    """Return all results of `tgbench run` at or below a folder, repeats merged.

    Raises:
        TgbenchError: there is none, one cannot be read, two are of one case but of different
            settings, seeds or code, or one is older than a run that was to replace it.
    """
    found: dict[BaselineKey, MeasuredCase] = {}
    for case in read_cases([folder]):
        if case.scored:
            continue
        key = key_of(case)
        if key in found:
            raise TgbenchError(
                f"{key.title}: two results with different settings, seeds or devices "
                f"({found[key].folder}, {case.folder}); name the folder of one of them"
            )
        for part in (case, *case.lent()):
            _check(part, case)
        found[key] = case
    if not found:
        raise TgbenchError(f"{folder}: holds no results; make some with `tgbench run`")
    return found


def failed_cases(folder: Path) -> dict[BaselineKey, str]:
    """Return why cases have no result, where their runs have noted that they failed."""
    found = {}
    for path in result_paths(folder, ATTEMPT_FILE):
        case = path.resolve().parent
        if why := failed(case):
            driver = case.name.removesuffix(CODEC_SUFFIX)
            method, identity, protocol = (above.name for above in case.parents[1:4])
            codec = driver != case.name
            found[BaselineKey(protocol, identity, driver, method, codec)] = one_line(why)
    return found


def key_of(case: MeasuredCase) -> BaselineKey:
    """Return what a baseline finds a case by."""
    key = case.key
    method = case.variant.method
    return BaselineKey(key.protocol, key.identity, key.driver, method, key.through_codec)


def watched(case: MeasuredCase) -> dict[str, MetricRecord]:
    """Return by name the metrics that do not depend on the machine's speed."""
    return {name: record for name, record in case.metrics.items() if not is_timing(name)}


def is_timing(metric: str) -> bool:
    """Whether a metric says how fast something was."""
    return Needs.TIMING in plugins.metric_spec(metric).needs


def frame_values(case: MeasuredCase, metric: str) -> Series | None:
    """Return values [T] as a baseline stores them, NaN where not scored; None without any."""
    values = case.values(metric)
    if values is None:
        return None
    if (np.abs(values[np.isfinite(values)]) > LARGEST).any():
        raise TgbenchError(
            f"{case.origin(metric).folder / FRAMES_FILE}: {one_line(metric)} has values beyond "
            f"{LARGEST:g}; run the case again with --fresh"
        )
    return rounded(values)


def _check(part: MeasuredCase, case: MeasuredCase) -> None:
    """Refuse a measurement that cannot stand for what the code does now.

    Args:
        part: one measurement.
        case: the case that it is part of.
    """
    for name, record in part.own_result.metrics.items():
        if record.value is not None and abs(record.value) > LARGEST:
            raise TgbenchError(
                f"{part.folder / RESULT_FILE}: {one_line(name)} is {record.value:g}, beyond what a "
                "metric can find; run the case again with --fresh"
            )
    differing = differences_among([case.own_result, part.own_result])
    if "the method's code" in differing:
        raise TgbenchError(
            f"{key_of(case).title}: two results by different code of the method ({part.folder}, "
            f"{case.folder}); name the folder of one of them"
        )
    if part.source_frames != case.source_frames:
        raise TgbenchError(
            f"{part.folder}: measured on other frames than {case.folder}; name the folder of one "
            "of them"
        )
    _refuse_stale(part.folder)


def _refuse_stale(folder: Path) -> None:
    """Refuse a result that a later run was to replace, and has not."""
    note = unfinished(folder)
    if note is None:
        return
    attempt = note.attempt
    why = f" ({one_line(attempt.why)})" if attempt.why else ""
    if note.goes:
        remedy = f"run it again, or delete {note.file} if it is not about this result"
    else:
        remedy = f"delete {note.file} if it is not about this result, or after a successful run"
    raise TgbenchError(
        f"{folder}: this result is older than the last `tgbench run` that may have meant it, "
        f"which began {one_line(attempt.began)} and did not finish{why}; {remedy}"
    )
