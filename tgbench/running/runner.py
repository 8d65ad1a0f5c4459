"""Plan, fit, render, measure, write: one command from names to results."""

from __future__ import annotations

import dataclasses
import logging
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import plugins
from ..audio import FeatureSource
from ..errors import TgbenchError
from ..faults import explain
from ..files import make_folder
from ..identities import Identity
from ..identities.resolve import resolve_identity
from ..interfaces import Case, EvaluationProtocol, FitReport, Method
from ..metrics.through_codec import THROUGH_CODEC
from ..plugins import in_table_order
from ..progress import Progress
from . import attempts
from .asked import Asked
from .experiment import Experiment, IdentityHashes
from .fitting import Fitting, MethodConfig, fit_or_load
from .foreseen import too_short
from .integrity import TABLES, damages
from .leftovers import remove_all_leftovers
from .locks import sole_replacer
from .log import LoggedProgress, case_log
from .measuring import measure
from .rendering import is_rendered, render_again
from .replacing import recover
from .request import RunRequest
from .result import CASE_FILES, Result
from .resume import kept_result, refuse_to_lose, with_what_is_there
from .settings import configure, keys_of, unknown_setting

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
    asked = Asked.of(request.methods, request.protocol, request.identities)
    with attempts.planning(request.out, asked):
        groups = _planned(request, progress)
        attempts.begin(experiment.folder for group in groups for experiment in group)
    outcomes: list[Outcome] = []
    failures: list[str] = []
    for group in groups:
        try:
            for done in _run_cases(group, progress):
                if isinstance(done, Outcome):
                    attempts.finish(done.folder)
                    outcomes.append(done)
                else:
                    failures.append(str(done))
        except TgbenchError as error:
            failures.append(str(error))
    if failures:
        raise CasesFailed(failures, outcomes)
    return outcomes


def _planned(request: RunRequest, progress: Progress) -> list[list[Experiment]]:
    """Return what is to be done, in groups of one method and identity.

    Raises:
        TgbenchError: bad input.
    """
    configs = _method_configs(request)
    sources = _feature_sources(configs, request)
    for name in request.metrics:
        plugins.find(plugins.metrics(), name, "metric")
    protocol: EvaluationProtocol = plugins.find(
        plugins.protocols(), request.protocol, "protocol"
    ).load()()
    remove_all_leftovers(make_folder(request.out))
    identities = [resolve_identity(name, request.size, progress) for name in request.identities]
    _refuse_namesakes(identities)
    plans = {
        source: _cases(protocol.plan(identities, request.audio, source), request)
        for source in dict.fromkeys(sources)
    }
    for line in too_short(next(iter(plans.values()))):
        _log.warning(line)
    hashes = _hash_inputs(identities, progress)
    return [
        [Experiment(case, method_config, hashes[folder], request) for case in identity_cases]
        for method_config, source in zip(configs, sources, strict=True)
        for folder, identity_cases in _by_identity(plans[source]).items()
    ]


def _feature_sources(configs: Sequence[MethodConfig], request: RunRequest) -> list[FeatureSource]:
    """Return where the audio features of each method come from.

    Raises:
        TgbenchError: there is no such encoder, or nothing uses the files that the user gave.
    """
    if request.audio_features and not any(config.names_encoder for config in configs):
        names = ", ".join(config.spec.name for config in configs)
        raise TgbenchError(f"--audio-features: no setting of {names} names an audio encoder")
    return [
        FeatureSource(config.encoder, request.audio_features if config.names_encoder else ())
        for config in configs
    ]


def _cases(planned: list[Case], request: RunRequest) -> list[Case]:
    """Return the cases of a protocol as the request wants them measured."""
    cases = _with_metrics(planned, request.metrics)
    return [_through_codec(case) for case in cases] if request.through_codec else cases


def _with_metrics(cases: list[Case], wanted: tuple[str, ...]) -> list[Case]:
    """Return the cases with the metrics that a user asked for, if any."""
    if not wanted:
        return cases
    names = in_table_order(wanted)
    return [dataclasses.replace(case, metrics=names) for case in cases]


def _through_codec(case: Case) -> Case:
    """Return the case under a protocol of another version, for its numbers are other ones."""
    return dataclasses.replace(case, protocol_version=f"{case.protocol_version}, {THROUGH_CODEC}")


def _refuse_namesakes(identities: list[Identity]) -> None:
    """Results are filed by name: two folders of one name would overwrite each other's."""
    names = [identity.name for identity in identities]
    for name in names:
        if names.count(name) > 1:
            raise TgbenchError(f"two identities are called '{name}'; rename one of the folders")


def _method_configs(request: RunRequest) -> list[MethodConfig]:
    specs = [plugins.find(plugins.methods(), name, "method") for name in request.methods]
    known = {key for spec in specs for key in keys_of(spec)}
    for key in request.overrides:
        if key not in known:
            raise unknown_setting(key, specs)
    configs = []
    for spec in specs:
        own = {key: text for key, text in request.overrides.items() if key in keys_of(spec)}
        configs.append(MethodConfig(spec, configure(spec, request.preset, own), request.preset))
    return configs


def _hash_inputs(identities: list[Identity], progress: Progress) -> dict[Path, IdentityHashes]:
    hashes = {}
    with progress.task("hashing inputs", len(identities)) as task:
        for identity in identities:
            hashes[identity.folder] = IdentityHashes(identity.input_hashes())
            task.advance()
    return hashes


def _by_identity(cases: list[Case]) -> dict[Path, list[Case]]:
    groups: dict[Path, list[Case]] = defaultdict(list)
    for case in cases:
        groups[case.identity.folder].append(case)
    return groups


class _FitFailed(TgbenchError):
    """No case that needs this fit can be done."""


def _run_cases(planned: list[Experiment], progress: Progress) -> Iterator[Outcome | TgbenchError]:
    """Run the cases of one method and identity, fitting only if one of them is not there yet.

    Yields:
        The outcome of each case, or why it failed.

    Raises:
        TgbenchError: the fit failed, and with it all cases that need it.
    """
    fits: dict[str, tuple[Method, FitReport]] = {}
    for asked in planned:
        try:
            with sole_replacer(asked.folder):
                recover(asked.folder, CASE_FILES)
                outcome = _run_case(asked, fits, progress)
        except _FitFailed:
            raise
        except TgbenchError as error:
            yield error
        except subprocess.SubprocessError as error:
            yield TgbenchError(_of_program(asked.method_config, error))
        else:
            yield outcome


def _run_case(
    asked: Experiment, fits: dict[str, tuple[Method, FitReport]], progress: Progress
) -> Outcome:
    """Run a case that this process holds, as far as it is not there yet, or is damaged."""
    request, folder = asked.request, asked.folder
    experiment = with_what_is_there(asked)
    kept = kept_result(experiment)
    damaged = [] if kept is None else damages(folder, kept, asked.case)
    if kept is not None and not damaged and is_rendered(folder, kept, request):
        return Outcome(kept, folder, reused=True)
    fitting = experiment.fitting
    if kept is not None and not fitting.is_done:
        raise TgbenchError(
            f"{folder}: rendering it again takes the fit that was measured, which is no "
            f"longer whole in {fitting.folder}; use --fresh with this method and identity alone to "
            "fit and measure again"
        )
    with case_log(experiment) as log:
        for damage in damaged:
            _log.warning("%s: %s; doing it again", folder / damage.name, damage.what)
        if kept is not None and any(damage.name in TABLES for damage in damaged):
            refuse_to_lose(kept, experiment)
            kept = None
        seen = LoggedProgress(progress, log)
        if fitting.key not in fits:
            fits[fitting.key] = _fitted(fitting, request, seen)
        method, report = fits[fitting.key]
        if kept is None:
            result = measure(experiment, method, report, seen)
            log.measured(result)
        else:
            spoilt = [damage.name for damage in damaged]
            result = render_again(asked.case, method, kept, folder, request, seen, spoilt)
        log.outputs()
    return Outcome(result, folder, reused=kept is not None, rendered=True)


def _fitted(fitting: Fitting, request: RunRequest, progress: Progress) -> tuple[Method, FitReport]:
    try:
        return fit_or_load(fitting, request.fresh, progress)
    except TgbenchError as error:
        raise _FitFailed(str(error)) from error
    except subprocess.SubprocessError as error:
        raise _FitFailed(_of_program(fitting.method_config, error)) from error


def _of_program(method_config: MethodConfig, error: subprocess.SubprocessError) -> str:
    """Say how a program that a method calls failed."""
    return f"{method_config.spec.name}: {explain(error) or error}"
