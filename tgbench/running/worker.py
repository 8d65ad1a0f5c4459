"""Does jobs: the only place where fits and cases are made, in whichever process it is."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path

from .. import plugins
from ..audio import FeatureSource
from ..driving.driving import Driving
from ..errors import TgbenchError
from ..files import sha256
from ..identities import Identity, Split
from ..identities.resolve import resolve_identity
from ..interfaces import Case, Method
from ..progress import Progress
from ..specs import MethodSpec
from ..synthetic.names import built_in
from ..systems.spec import read_spec
from ..version import __version__
from . import attempts
from .case_planning import plan_cases, through_codec
from .experiment import Experiment, IdentityHashes
from .fit_record import FitRecord
from .fitting import Fitting, NoFit, fit, load_fit
from .folders import MODELS
from .job import CaseJob, JobSpec, MethodJob
from .locks import sole_replacer
from .log import LoggedProgress, case_log
from .measuring import measure
from .method_config import MethodConfig
from .plan import Plan
from .rendering import render_again
from .replacing import recover
from .request import RunOptions
from .result import CASE_FILES
from .resume import Standing, State, in_its_folder, standing
from .timing_apart import time_case

_log = logging.getLogger("tgbench")


class Worker:
    """Does jobs one after another, and keeps what the next one may need.

    A job whose output is there and whole is done already.
    """

    def __init__(self, progress: Progress) -> None:
        """Know nothing yet.

        Args:
            progress: where to report.
        """
        self._progress = progress
        self._experiments: dict[str, Experiment] = {}
        self._fittings: dict[str, Fitting] = {}
        self._identities: dict[tuple[str, int], tuple[Identity, IdentityHashes]] = {}
        self._fitted: tuple[str, Method, FitRecord] | None = None

    def take(self, plan: Plan) -> None:
        """Take over what planning has read already, so that nothing is read twice."""
        for case in plan.cases:
            if case.experiment is not None:
                self._experiments[case.address] = case.experiment
            self._fittings[case.fit.address] = case.fit.fitting

    def do(self, job: JobSpec) -> None:
        """Do a job, unless it is done.

        Raises:
            TgbenchError: it cannot be done, or what it is about is not what it was when the job
                was planned.
        """
        if job.tgbench_version != __version__:
            raise TgbenchError(
                f"the job was planned by tgbench {job.tgbench_version}, this is {__version__}; "
                "repeat the `tgbench run` that planned it"
            )
        if job.case is None:
            self._fit(self.fitting(job))
        elif job.kind == "timing":
            self._time(self.experiment(job))
        else:
            self._case(self.experiment(job))

    def fitting(self, job: JobSpec) -> Fitting:
        """Return what a job fits to what.

        Raises:
            TgbenchError: it is not what it was when the job was planned.
        """
        return self._fittings.get(job.address) or self._fitting(job)

    def experiment(self, job: JobSpec) -> Experiment:
        """Return what a case renders and measures.

        Raises:
            TgbenchError: it is not what it was when the job was planned.
        """
        assert job.case is not None, "a fit is no case"
        return self._experiments.get(job.address) or self._experiment(job, job.case)

    def _fit(self, fitting: Fitting) -> None:
        method, record = fit(fitting, self._progress)
        self._fitted = fitting.key, method, record

    def _case(self, asked: Experiment) -> None:
        folder = asked.folder
        with sole_replacer(folder, wait=True):
            recover(folder, CASE_FILES)
            found = standing(asked)
            if found.state in (State.DONE, State.TIME):
                found.settle()
            else:
                self._render(found)
        attempts.finish(folder)

    def _time(self, asked: Experiment) -> None:
        """Time a case that was measured, unless that is done."""
        folder = asked.folder
        with sole_replacer(folder, wait=True):
            recover(folder, CASE_FILES)
            found = standing(asked)
            if found.state is State.TIME and found.result is not None:
                experiment = found.experiment
                with case_log(experiment) as log:
                    method, record = self._loaded(experiment.fitting)
                    progress = LoggedProgress(self._progress, log)
                    time_case(experiment, method, record, found.result, progress)
            elif found.state is not State.DONE:
                raise TgbenchError(f"{folder}: is not measured yet; do the job of this case first")
        attempts.finish(folder)

    def _render(self, found: Standing) -> None:
        """Render a case that this process holds, and measure it unless its numbers stay."""
        experiment = found.experiment
        with case_log(experiment) as log:
            found.settle()
            method, record = self._loaded(experiment.fitting)
            progress = LoggedProgress(self._progress, log)
            if found.result is None:
                log.measured(measure(experiment, method, record, progress))
            else:
                render_again(
                    experiment.case,
                    method,
                    found.result,
                    experiment.folder,
                    experiment.options,
                    progress,
                    [damage.name for damage in found.damages],
                )
            log.outputs()

    def _loaded(self, fitting: Fitting) -> tuple[Method, FitRecord]:
        """Return the fitted method; only one is held, because it may be large."""
        if self._fitted is None or self._fitted[0] != fitting.key:
            try:
                self._fitted = fitting.key, *load_fit(fitting)
            except NoFit as error:
                raise TgbenchError(f"{error}; do the job of this fit first") from error
        return self._fitted[1:]

    def _fitting(self, job: JobSpec) -> Fitting:
        config = _method_config(job)
        identity, hashes = self._identity(job)
        options = _options(job)
        fitting = Fitting(
            config,
            identity,
            hashes.sha256,
            Split(range(*job.train), range(*job.test)),
            options.seed,
            options.device,
            options.out / MODELS,
            options.fresh,
            options.shared_machine,
            options.command,
        )
        if fitting.features != job.identity.features:
            raise TgbenchError(
                f"{identity.folder}: other audio features ({config.encoder.name}) than those the "
                "job was planned with; repeat the `tgbench run` that planned it"
            )
        return fitting

    def _experiment(self, job: JobSpec, wanted: CaseJob) -> Experiment:
        config = _method_config(job)
        identity, hashes = self._identity(job)
        size = None if built_in(job.identity.source) is None else job.identity.size
        experiment = Experiment(
            _case_of(job, wanted, identity, config),
            config,
            hashes,
            _options(job),
            size,
        )
        if experiment.reads != wanted.reads:
            names = ", ".join(sorted({*experiment.reads, *wanted.reads}))
            raise TgbenchError(
                f"{names}: is not what it was when the job was planned; repeat the `tgbench run` "
                "that planned it"
            )
        return in_its_folder(experiment)

    def _identity(self, job: JobSpec) -> tuple[Identity, IdentityHashes]:
        wanted = job.identity
        key = wanted.source, wanted.size
        if key not in self._identities:
            identity = resolve_identity(wanted.source, wanted.size, self._progress)
            with self._progress.task(f"hashing inputs of {identity.name}", None):
                self._identities[key] = identity, IdentityHashes(identity.input_hashes())
        identity, hashes = self._identities[key]
        if hashes.sha256 != wanted.sha256 or identity.name != wanted.name:
            raise TgbenchError(
                f"{identity.folder}: other files of '{wanted.name}' than those the job was planned "
                "with; repeat the `tgbench run` that planned it"
            )
        return identity, hashes


def spec_of(method: MethodJob) -> MethodSpec:
    """Return the method of a job.

    Another system that this user added under the same name is no obstacle: a job says which it is.

    Raises:
        TgbenchError: it is not installed, or its declaration is not there.
    """
    if method.source:
        return read_spec(Path(method.source))
    return plugins.find(plugins.methods(), method.name, "method")


def _method_config(job: JobSpec) -> MethodConfig:
    """Return the method of a job with its configuration.

    Raises:
        TgbenchError: it is not installed, has other settings by now, or is of other code.
    """
    spec = spec_of(job.method)
    config = MethodConfig.of(spec, job.method.config, job.method.preset, job.method.places)
    if config.code.sha256 != job.method.code_sha256:
        raise TgbenchError(
            f"the {spec.made_of} of '{spec.name}' has changed since the job was planned; repeat "
            "the `tgbench run` that planned it"
        )
    return config


def _options(job: JobSpec) -> RunOptions:
    options = RunOptions(
        out=Path(job.out),
        device=job.device,
        seed=job.seed,
        fresh=job.fresh,
        shared_machine=job.shared_machine,
        timing_apart=job.timing_apart,
        command=job.command,
    )
    if job.case is None:
        return options
    return dataclasses.replace(
        options,
        label=job.case.label,
        keep_frames=job.case.keep_frames,
        landmarks=job.case.landmarks,
        through_codec=job.case.through_codec,
        floor=job.case.floor,
    )


def _case_of(job: JobSpec, wanted: CaseJob, identity: Identity, config: MethodConfig) -> Case:
    """Return the case of a job as its protocol plans it here.

    Raises:
        TgbenchError: the protocol, the sound or the split is another one by now.
    """
    spec = plugins.find(plugins.protocols(), wanted.protocol, "protocol")
    source = FeatureSource(config.encoder, tuple(map(Path, wanted.audio_features)))
    driving = Driving(
        wanted.rules, {wanted.driver: wanted.tags, **dict.fromkeys(wanted.audio, wanted.tags)}
    )
    planned = [
        through_codec(case) if wanted.through_codec else case
        for case in plan_cases(spec, identity, [*map(Path, wanted.audio)], source, driving)
    ]
    same = [case for case in planned if sha256(case.driving_audio) == wanted.audio_sha256]
    # Two sounds may be equal; then their names tell them apart.
    same = [case for case in same if case.driver == wanted.driver] or same
    again = "repeat the `tgbench run` that planned it"
    if not same:
        raise TgbenchError(f"the sound of '{wanted.driver}' is not that of the job; {again}")
    case = dataclasses.replace(same[0], driver=wanted.driver, metrics=wanted.metrics)
    if case.protocol_version != wanted.protocol_version:
        raise TgbenchError(
            f"protocol {case.protocol} is of version {case.protocol_version} here and of "
            f"{wanted.protocol_version} in the job; {again}"
        )
    if wanted.features_sha256 != (sha256(case.features_file) if case.features_file else ""):
        raise TgbenchError(f"audio features of '{wanted.driver}' are not those of the job; {again}")
    split = case.split
    if ((split.train.start, split.train.stop), (split.test.start, split.test.stop)) != (
        job.train,
        job.test,
    ):
        raise TgbenchError(f"'{identity.name}' is split at other frames than in the job; {again}")
    return case
