"""Plan, fit, render, measure, write: one command from names to results."""

from __future__ import annotations

import dataclasses
import logging
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .. import plugins
from ..errors import TgbenchError, suggest
from ..faces.finders import FINDERS
from ..files import make_folder
from ..identities import Identity
from ..identities.resolve import resolve_identity
from ..interfaces import Case, EvaluationProtocol, FitReport, Method
from ..metrics.specs import in_table_order
from ..progress import Progress
from .fitting import MODELS, Contender, Fitting, fit_or_load
from .locks import sole_writer
from .measuring import (
    Subject,
    case_folder,
    case_key,
    measure,
    no_longer_available,
    told_anew,
    what_lacks_now,
)
from .rendering import is_rendered, render_again
from .request import RunRequest
from .result import RESULT_FILE, Result, read_result, write_result
from .settings import configure, keys_of

_log = logging.getLogger("tgbench")


@dataclass(frozen=True)
class Outcome:
    """A finished case.

    Attributes:
        result: what was measured.
        folder: where it lies.
        reused: whether it was measured before.
        rendered: whether it was rendered now.
    """

    result: Result
    folder: Path
    reused: bool
    rendered: bool = False


class CasesFailed(TgbenchError):
    """Some cases failed; what was measured all the same comes along.

    Attributes:
        outcomes: of the cases that did not fail.
    """

    def __init__(self, failures: list[str], outcomes: list[Outcome]) -> None:
        super().__init__("; ".join(dict.fromkeys(failures)))
        self.outcomes = outcomes


def run(request: RunRequest, progress: Progress) -> list[Outcome]:
    """Run every method on every case of a protocol.

    A case that fails does not stop the others. A case that is there already is kept, so a run
    that was stopped goes on where it was.

    Raises:
        TgbenchError: bad input, found before any work starts where possible.
        CasesFailed: after all cases, those that failed.
    """
    contenders = _contenders(request)
    for name in request.metrics:
        plugins.find(plugins.metrics(), name, "metric")
    protocol: EvaluationProtocol = plugins.find(
        plugins.protocols(), request.protocol, "protocol"
    ).load()()
    make_folder(request.out)
    identities = [resolve_identity(name, request.size, progress) for name in request.identities]
    _refuse_namesakes(identities)
    cases = _with_metrics(protocol.plan(identities, request.audio), request.metrics)
    subjects = _hash_inputs(identities, progress)
    outcomes: list[Outcome] = []
    failures: list[str] = []
    for contender in contenders:
        for identity_cases in _by_identity(cases):
            try:
                for done in _run_cases(contender, identity_cases, subjects, request, progress):
                    if isinstance(done, Outcome):
                        outcomes.append(done)
                    else:
                        failures.append(str(done))
            except TgbenchError as error:
                failures.append(str(error))
    if failures:
        raise CasesFailed(failures, outcomes)
    return outcomes


def _with_metrics(cases: list[Case], wanted: tuple[str, ...]) -> list[Case]:
    """Return the cases with the metrics that a user asked for, if any."""
    if not wanted:
        return cases
    names = in_table_order(wanted)
    return [dataclasses.replace(case, metrics=names) for case in cases]


def _refuse_namesakes(identities: list[Identity]) -> None:
    """Results are filed by name: two folders of one name would overwrite each other's."""
    names = [identity.name for identity in identities]
    for name in names:
        if names.count(name) > 1:
            raise TgbenchError(f"two identities are called '{name}'; rename one of the folders")


def _contenders(request: RunRequest) -> list[Contender]:
    specs = [plugins.find(plugins.methods(), name, "method") for name in request.methods]
    known = {key for spec in specs for key in keys_of(spec)}
    for key in request.overrides:
        if key not in known:
            raise suggest(key, known, "setting")
    contenders = []
    for spec in specs:
        own = {key: text for key, text in request.overrides.items() if key in keys_of(spec)}
        contenders.append(Contender(spec, configure(spec, request.preset, own), request.preset))
    return contenders


def _hash_inputs(identities: list[Identity], progress: Progress) -> dict[Path, Subject]:
    subjects = {}
    with progress.task("hashing inputs", len(identities)) as task:
        for identity in identities:
            subjects[identity.folder] = Subject(identity.input_hashes())
            task.advance()
    return subjects


def _by_identity(cases: list[Case]) -> list[list[Case]]:
    groups: dict[Path, list[Case]] = defaultdict(list)
    for case in cases:
        groups[case.identity.folder].append(case)
    return list(groups.values())


def _run_cases(
    contender: Contender,
    cases: list[Case],
    subjects: dict[Path, Subject],
    request: RunRequest,
    progress: Progress,
) -> Iterator[Outcome | TgbenchError]:
    """Run the cases of one method and identity, fitting only if one of them is not there yet.

    Yields:
        The outcome of each case, or why it failed.

    Raises:
        TgbenchError: the fit failed, and with it all cases that need it.
    """
    subject = subjects[cases[0].identity.folder]
    fits: dict[str, tuple[Method, FitReport]] = {}
    for planned in cases:
        folder = case_folder(planned, contender, request.out)
        try:
            case = _with_what_is_there(planned, contender, subject, request)
            kept = _kept_result(case, contender, subject, request)
        except TgbenchError as error:
            yield error
            continue
        if kept is not None and is_rendered(folder, kept, request):
            yield Outcome(kept, folder, reused=True)
            continue
        fitting = _fitting(case, contender, subject, request)
        if kept is not None and not fitting.is_done:
            yield TgbenchError(
                f"{folder}: rendering it again takes the fit that was measured, which is no "
                f"longer in {fitting.folder}; use --fresh to fit and measure again"
            )
            continue
        if fitting.key not in fits:
            fits[fitting.key] = fit_or_load(fitting, request.fresh, progress)
        method, report = fits[fitting.key]
        try:
            with sole_writer(folder):
                if kept is None:
                    result = measure(case, contender, subject, method, report, request, progress)
                else:
                    result = render_again(case, method, kept, folder, request, progress)
        except TgbenchError as error:
            yield error
        else:
            yield Outcome(result, folder, reused=kept is not None, rendered=True)


def _fitting(case: Case, contender: Contender, subject: Subject, request: RunRequest) -> Fitting:
    return Fitting(
        contender,
        case.identity,
        subject.sha256,
        case.split,
        request.seed,
        request.device,
        request.out / MODELS,
    )


def _with_what_is_there(
    case: Case, contender: Contender, subject: Subject, request: RunRequest
) -> Case:
    """Return a case with the metrics that its folder has of the same experiment, beside its own.

    So asking for one more metric loses none, and takes no other fit.
    """
    path = case_folder(case, contender, request.out) / RESULT_FILE
    if request.fresh or not path.is_file():
        return case
    result = read_result(path)
    if not _is_of_the_same_frames(result, case, contender, subject, request):
        return case
    installed = [name for name in result.metrics if name in plugins.metrics()]
    return dataclasses.replace(case, metrics=in_table_order([*case.metrics, *installed]))


def _kept_result(
    case: Case, contender: Contender, subject: Subject, request: RunRequest
) -> Result | None:
    """Return the finished result of the same experiment by the same code of the method.

    A result is not finished as long as it lacks a metric that can be had by now.

    Raises:
        TgbenchError: the folder holds a result of another one, or numbers that would be lost.
    """
    path = case_folder(case, contender, request.out) / RESULT_FILE
    if request.fresh or not path.is_file():
        return None
    result = read_result(path)
    if result.case_key == case_key(case, contender, subject, request):
        if result.method.code_sha256 not in ("", contender.code.sha256):
            _log.warning(
                "%s: the method's code changed since this was measured (%s); measuring again",
                path.parent,
                result.created,
            )
            return None
        reasons = what_lacks_now(case, result, request)
        found = [name for name, reason in reasons.items() if not reason]
        if found and not no_longer_available(case, result, request):
            _log.info("%s: %s can be had by now; measuring again", path.parent, ", ".join(found))
            return None
        told = told_anew(result, {name: reason for name, reason in reasons.items() if reason})
        if told != result:
            write_result(path.parent, told)
        return told
    if _is_of_the_same_frames(result, case, contender, subject, request):
        if lost := no_longer_available(case, result, request):
            raise TgbenchError(
                f"{path.parent}: holds {', '.join(lost)}, which cannot be measured here now, and "
                "measuring more would lose them; `tgbench doctor` says what is missing, or use "
                "another --out"
            )
        return None
    raise TgbenchError(
        f"{path.parent}: holds a result of another configuration "
        f"({_difference(result, case, contender, subject, request)}); "
        "use --fresh to replace it, or another --out"
    )


def _is_of_the_same_frames(
    result: Result, case: Case, contender: Contender, subject: Subject, request: RunRequest
) -> bool:
    """Whether a result differs from what is asked for in nothing but what was measured, and how."""
    there = dataclasses.replace(case, metrics=in_table_order(result.metrics))
    requests = (dataclasses.replace(request, landmarks=name) for name in FINDERS)
    return any(result.case_key == case_key(there, contender, subject, one) for one in requests)


def _difference(
    result: Result, case: Case, contender: Contender, subject: Subject, request: RunRequest
) -> str:
    """Name what is not the same, the likeliest first."""
    if result.method.preset != contender.preset:
        return f"preset: {result.method.preset} there, {contender.preset} asked for"
    old, new = result.method.config, contender.settings
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            return f"{key}: {old.get(key)} there, {new.get(key)} asked for"
    if result.seed != request.seed:
        return f"seed: {result.seed} there, {request.seed} asked for"
    if result.identity.sha256 != subject.sha256:
        return f"identity '{case.identity.name}' has other files"
    if result.environment.device != request.device:
        return f"device: {result.environment.device} there, {request.device} asked for"
    if result.protocol.version != case.protocol_version:
        return f"protocol version: {result.protocol.version} there, {case.protocol_version} now"
    return f"driving audio, frames, or tgbench version ({result.tgbench_version}) differ"
