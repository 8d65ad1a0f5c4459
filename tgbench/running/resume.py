"""What is there of a case, whether it can stay, and what is left to do."""

from __future__ import annotations

import dataclasses
import enum
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .. import plugins
from ..errors import TgbenchError
from ..faces.finders import FINDERS
from ..files import sha256
from ..interfaces import Case
from ..metrics.noise_floor import FLOOR, metrics_with_floor
from ..metrics.suite import reasons_against
from ..specs import Needs
from ..terminal import NOTICE
from .experiment import Experiment
from .fit_record import set_aside
from .integrity import TABLES, Damage, damages
from .rendering import is_rendered
from .result import RESULT_FILE, Result, read_result, write_result
from .schema import Damaged
from .settings import in_current_names
from .timing_apart import is_timed_here, lacks_timing

_log = logging.getLogger("tgbench")


class State(enum.StrEnum):
    """What is left to do of a case."""

    DONE = "done"
    TIME = "to time"
    RENDER = "to render again"
    MEASURE = "to measure"


@dataclass(frozen=True)
class Standing:
    """What is there of a case.

    Attributes:
        experiment: with the metrics that its folder has, beside those that are asked for.
        state: what is left to do.
        result: what stays of the numbers; None: they are measured.
        damages: files that are not as they were written.
        remarks: why it is done again, each with the level at which it is logged.
        unreadable: what is wrong with the result that is there; empty: nothing.
        changed: whether `result` says more than its file.
    """

    experiment: Experiment
    state: State
    result: Result | None = None
    damages: tuple[Damage, ...] = ()
    remarks: tuple[tuple[int, str], ...] = ()
    unreadable: str = ""
    changed: bool = False

    def settle(self) -> None:
        """Tell why it is done again, set aside what cannot be read, and write what changed."""
        folder = self.experiment.folder
        if self.unreadable:
            aside = set_aside(folder / RESULT_FILE)
            _log.warning("%s; set aside as %s, measuring again", self.unreadable, aside.name)
        for level, text in self.remarks:
            _log.log(level, "%s: %s", folder, text)
        for damage in self.damages:
            _log.warning("%s: %s; doing it again", folder / damage.name, damage.what)
        if self.changed and self.result is not None:
            write_result(folder, self.result)


def standing(asked: Experiment) -> Standing:
    """Return what is there of a case. Nothing is changed.

    Asking for one more metric keeps those that are there, and their fit.

    Raises:
        TgbenchError: the folder holds a result of another configuration, or numbers that would be
            lost, or what is to be rendered again has no fit any more.
    """
    try:
        earlier = _earlier(asked)
    except Damaged as error:
        return Standing(asked, State.MEASURE, unreadable=error.fault)
    if earlier is None:
        return Standing(asked, State.MEASURE)
    experiment = _with_what_is_there(earlier, asked)
    if earlier.case_key != experiment.key:
        if not _is_of_the_same_frames(earlier, experiment):
            raise TgbenchError(
                f"{asked.folder}: holds a result of another configuration "
                f"({difference(earlier, asked)}); use --fresh to replace it, or another --out"
            )
        _refuse_to_lose(earlier, experiment)
        return Standing(experiment, State.MEASURE)
    if remark := _outdated(earlier, experiment):
        return Standing(experiment, State.MEASURE, remarks=(remark,))
    return _with_its_files(_with_reasons_of_now(earlier, experiment), earlier, experiment)


def in_its_folder(asked: Experiment) -> Experiment:
    """Return it where it lies: in the layout of earlier versions if its result is there.

    Where that place holds another experiment, a line says so.
    """
    former = dataclasses.replace(asked, earlier_layout=True)
    path = former.folder / RESULT_FILE
    if (asked.folder / RESULT_FILE).is_file() or not path.is_file():
        return asked
    try:
        result = read_result(path)
    except TgbenchError:
        return asked
    if _is_of_the_same_frames(result, former):
        _log.info("%s: lies where earlier versions kept it; it stays there", former.folder)
        return former
    _log.info(
        "%s: holds a result of another configuration (%s) from an earlier version; it stays, the "
        "new one goes to %s",
        former.folder,
        difference(result, asked),
        asked.folder,
        extra=NOTICE,
    )
    return asked


def _with_its_files(result: Result, stored: Result, experiment: Experiment) -> Standing:
    """Return the standing of a result whose numbers are up to date."""
    folder = experiment.folder
    damaged = tuple(damages(folder, result, experiment.case))
    if not damaged and is_rendered(folder, result, experiment.options):
        if _is_to_be_timed(result, experiment):
            return Standing(experiment, State.TIME, result, changed=result != stored)
        return Standing(experiment, State.DONE, result, changed=result != stored)
    if not experiment.fitting.is_done:
        raise TgbenchError(
            f"{folder}: rendering it again needs the fit that was measured, which is no longer "
            f"whole in {experiment.fitting.folder}; use --fresh with this method and identity "
            "alone to fit and measure again"
        )
    if any(damage.name in TABLES for damage in damaged):
        _refuse_to_lose(result, experiment)
        return Standing(experiment, State.MEASURE, damages=damaged)
    return Standing(experiment, State.RENDER, result, damaged, changed=result != stored)


def _is_to_be_timed(result: Result, experiment: Experiment) -> bool:
    """Whether a result still waits for its timing, and can have it."""
    spec = experiment.method_config.spec
    return (
        is_timed_here(spec, experiment.case.metrics)
        and lacks_timing(result, experiment.options.timing_apart)
        and experiment.fitting.is_done
    )


def _refuse_to_lose(result: Result, asked: Experiment) -> None:
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
    """Return the result that is there, unless everything is to be done again.

    Raises:
        Damaged: it is cut short, or something else.
        TgbenchError: it cannot be read, or is of a newer schema.
    """
    path, fresh = asked.folder / RESULT_FILE, asked.options.fresh
    if not path.is_file():
        return None
    try:
        result = read_result(path)
    except TgbenchError:
        if fresh:
            return None
        raise
    return None if fresh and result.fresh != fresh else result


def _with_what_is_there(result: Result, asked: Experiment) -> Experiment:
    """Return it with the metrics that its folder has of the same experiment, beside its own."""
    if not _is_of_the_same_frames(result, asked):
        return asked
    installed = [name for name in result.metrics if name in plugins.metrics()]
    return asked.with_metrics([*asked.case.metrics, *installed])


def _outdated(result: Result, asked: Experiment) -> tuple[int, str] | None:
    """Return why a result of the same experiment is measured again, if it is."""
    if result.method.code_sha256 not in ("", asked.method_config.code.sha256):
        return logging.WARNING, (
            f"the method's {asked.method_config.spec.made_of} changed since this was measured "
            f"({result.created}); measuring again"
        )
    if asked.options.floor and _lacks_floors(result) and not _no_longer_available(result, asked):
        return logging.INFO, "its noise floor was not measured; measuring again"
    found = [name for name, reason in _what_lacks_now(result, asked).items() if not reason]
    if found and not _no_longer_available(result, asked):
        return logging.INFO, f"{', '.join(found)} can be measured now; measuring again"
    return None


def _is_of_the_same_frames(result: Result, asked: Experiment) -> bool:
    """Whether a result differs from what is asked for in nothing but what was measured, and how."""
    there = asked.with_metrics(result.metrics)
    options = (dataclasses.replace(asked.options, landmarks=name) for name in FINDERS)
    return any(
        result.case_key == dataclasses.replace(there, options=changed).key for changed in options
    )


def _lacks_floors(result: Result) -> bool:
    """Return whether no metric that compares with a truth has its noise floor."""
    measured = [name for name, found in result.metrics.items() if found.value is not None]
    compared = metrics_with_floor(measured)
    return bool(compared) and not any(FLOOR in result.metrics[name].details for name in compared)


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
        and not specs[name].needs & {Needs.TIMING, Needs.CAMERAS}
        and (case.has_truth or Needs.TARGET not in specs[name].needs)
    ]


def _with_reasons_of_now(result: Result, asked: Experiment) -> Result:
    """Return a result whose missing metrics give the reasons of now."""
    reasons: Mapping[str, str] = _what_lacks_now(result, asked)
    metrics = {
        name: record.model_copy(update={"reason": reasons[name]}) if reasons.get(name) else record
        for name, record in result.metrics.items()
    }
    return result.model_copy(update={"metrics": metrics})


def difference(result: Result, asked: Experiment) -> str:
    """Name what is not the same, the likeliest first."""
    case, method_config, options = asked.case, asked.method_config, asked.options
    if result.method.preset != method_config.preset:
        return f"preset: {result.method.preset} there, {method_config.preset} here"
    written = result.method
    old, _ = in_current_names(written.name, written.config, written.config_hash)
    new = method_config.settings
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            return f"{key}: {old.get(key)} there, {new.get(key)} here"
    if old != written.config:
        return f"tgbench {result.tgbench_version} wrote it, when settings had other names"
    if result.seed != options.seed:
        return f"seed: {result.seed} there, {options.seed} here"
    if result.identity.sha256 != asked.hashes.sha256:
        return f"identity '{case.identity.name}' has other files"
    features = case.features_file
    if features is not None and result.driver.features_sha256 not in ("", sha256(features)):
        return f"audio features {features.name} were another file"
    reads = asked.reads
    for name in sorted({*reads, *written.reads}):
        if reads.get(name) != written.reads.get(name):
            return f"{name} was another file"
    if result.environment.device != options.device:
        return f"device: {result.environment.device} there, {options.device} here"
    if result.protocol.version != case.protocol_version:
        return f"protocol version: {result.protocol.version} there, {case.protocol_version} now"
    return f"driving audio, frames, or tgbench version ({result.tgbench_version}) differ"
