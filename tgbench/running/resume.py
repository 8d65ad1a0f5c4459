"""What an earlier run left of the same experiment, and whether it can stay."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable, Mapping

from .. import plugins
from ..errors import TgbenchError
from ..faces.finders import FINDERS
from ..files import sha256
from ..interfaces import Case
from ..metrics.suite import reasons_against
from ..specs import Needs
from .experiment import Experiment
from .fit_record import set_aside
from .result import RESULT_FILE, Result, read_result, write_result
from .schema import Damaged
from .settings import in_current_names

_log = logging.getLogger("tgbench")


def with_what_is_there(asked: Experiment) -> Experiment:
    """Return it with the metrics that its folder has of the same experiment, beside its own.

    So asking for one more metric loses none, and takes no other fit. A result that is damaged is
    set aside: what it was of is measured again.
    """
    result = _earlier(asked)
    if result is None or not _is_of_the_same_frames(result, asked):
        return asked
    installed = [name for name in result.metrics if name in plugins.metrics()]
    return asked.with_metrics([*asked.case.metrics, *installed])


def kept_result(asked: Experiment) -> Result | None:
    """Return the finished result of the same experiment by the same code of the method.

    A result is not finished as long as it lacks a metric that can be had by now.

    Raises:
        TgbenchError: the folder holds a result of another one, or numbers that would be lost.
    """
    result = _earlier(asked)
    if result is None:
        return None
    if result.case_key == asked.key:
        return _up_to_date(result, asked)
    if not _is_of_the_same_frames(result, asked):
        raise TgbenchError(
            f"{asked.folder}: holds a result of another configuration "
            f"({_difference(result, asked)}); use --fresh to replace it, or another --out"
        )
    refuse_to_lose(result, asked)
    return None


def refuse_to_lose(result: Result, asked: Experiment) -> None:
    """Raise if measuring an experiment again would lose a number of its result.

    Raises:
        TgbenchError: it would; the message says which.
    """
    if lost := _no_longer_available(result, asked):
        raise TgbenchError(
            f"{asked.folder}: holds {', '.join(lost)}, which cannot be measured here now, and "
            "measuring again would lose them; `tgbench doctor` says what is missing, or use "
            "another --out"
        )


def _earlier(asked: Experiment) -> Result | None:
    path = asked.folder / RESULT_FILE
    if asked.request.fresh or not path.is_file():
        return None
    try:
        return read_result(path)
    except Damaged as error:
        _log.warning("%s; set aside as %s, measuring again", error.fault, set_aside(path).name)
        return None


def _up_to_date(result: Result, asked: Experiment) -> Result | None:
    """Return a result of the same experiment with the reasons of now; None: measure again."""
    if result.method.code_sha256 not in ("", asked.method_config.code.sha256):
        _log.warning(
            "%s: the method's code changed since this was measured (%s); measuring again",
            asked.folder,
            result.created,
        )
        return None
    reasons = _what_lacks_now(result, asked)
    found = [name for name, reason in reasons.items() if not reason]
    if found and not _no_longer_available(result, asked):
        _log.info("%s: %s can be had by now; measuring again", asked.folder, ", ".join(found))
        return None
    told = _told_anew(result, {name: reason for name, reason in reasons.items() if reason})
    if told != result:
        write_result(asked.folder, told)
    return told


def _is_of_the_same_frames(result: Result, asked: Experiment) -> bool:
    """Whether a result differs from what is asked for in nothing but what was measured, and how."""
    there = asked.with_metrics(result.metrics)
    requests = (dataclasses.replace(asked.request, landmarks=name) for name in FINDERS)
    return any(
        result.case_key == dataclasses.replace(there, request=request).key for request in requests
    )


def _what_lacks_now(result: Result, asked: Experiment) -> dict[str, str]:
    """Return why each metric that a result lacks cannot be measured; empty: now it can."""
    lacking = [name for name, found in result.metrics.items() if found.status == "unavailable"]
    return _reasons(lacking, asked)


def _no_longer_available(result: Result, asked: Experiment) -> tuple[str, ...]:
    """Return the metrics of a result that measuring again would lose."""
    there = [name for name, found in result.metrics.items() if found.value is not None]
    return tuple(name for name, reason in _reasons(there, asked).items() if reason)


def _reasons(names: Iterable[str], asked: Experiment) -> dict[str, str]:
    return reasons_against(_depending(names, asked.case), asked.metric_context(None))


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


def _told_anew(result: Result, reasons: Mapping[str, str]) -> Result:
    """Return a result whose missing metrics give the reasons of now."""
    metrics = {
        name: record.model_copy(update={"reason": reasons[name]}) if name in reasons else record
        for name, record in result.metrics.items()
    }
    return result.model_copy(update={"metrics": metrics})


def _difference(result: Result, asked: Experiment) -> str:
    """Name what is not the same, the likeliest first."""
    case, method_config, request = asked.case, asked.method_config, asked.request
    if result.method.preset != method_config.preset:
        return f"preset: {result.method.preset} there, {method_config.preset} asked for"
    written = result.method
    old, _ = in_current_names(written.name, written.config, written.config_hash)
    new = method_config.settings
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            return f"{key}: {old.get(key)} there, {new.get(key)} asked for"
    if old != written.config:
        return f"tgbench {result.tgbench_version} wrote it, when settings had other names"
    if result.seed != request.seed:
        return f"seed: {result.seed} there, {request.seed} asked for"
    if result.identity.sha256 != asked.hashes.sha256:
        return f"identity '{case.identity.name}' has other files"
    features = case.features_file
    if features is not None and result.driver.features_sha256 not in ("", sha256(features)):
        return f"audio features {features.name} were another file"
    if result.environment.device != request.device:
        return f"device: {result.environment.device} there, {request.device} asked for"
    if result.protocol.version != case.protocol_version:
        return f"protocol version: {result.protocol.version} there, {case.protocol_version} now"
    return f"driving audio, frames, or tgbench version ({result.tgbench_version}) differ"
