"""From what a user asks for to jobs, each with what is there of it already."""

from __future__ import annotations

import dataclasses
import logging
import math
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .. import plugins
from ..audio import FeatureSource
from ..errors import TgbenchError, suggest
from ..faults import one_line
from ..files import sha256
from ..identities import Identity, layout
from ..identities.resolve import require_identity, resolve_identity
from ..interfaces import Case, EvaluationProtocol
from ..metrics.through_codec import THROUGH_CODEC
from ..plugins import in_table_order
from ..progress import Progress
from ..specs import ProtocolSpec
from ..synthetic.names import IDENTITIES
from ..version import __version__
from .experiment import Experiment, IdentityHashes
from .fitting import Fitting, MethodConfig
from .job import CaseJob, IdentityJob, JobSpec, MethodJob
from .request import RunRequest
from .resume import Standing, State, in_its_folder, standing
from .settings import configure, keys_of

_log = logging.getLogger("tgbench")


@dataclass(frozen=True)
class Failure:
    """What could not be done.

    Attributes:
        what: a method, an identity or a job, in a few words.
        error: why.
    """

    what: str
    error: Exception

    def __str__(self) -> str:
        """Return both on one line."""
        return f"{self.what}: {one_line(self.error)}"


@dataclass(frozen=True)
class PlannedFit:
    """A fit that cases need.

    Attributes:
        job: the fit as data.
        fitting: what is fitted to what.
    """

    job: JobSpec
    fitting: Fitting


@dataclass(frozen=True)
class PlannedCase:
    """A case with what is there of it.

    Attributes:
        job: the case as data.
        experiment: what is rendered and measured.
        standing: what is there; None: it cannot be done.
        fit: the fit it needs.
    """

    job: JobSpec
    experiment: Experiment
    standing: Standing | None
    fit: PlannedFit

    @property
    def needs_fit(self) -> bool:
        """Whether the fit has to be made, if it is not there."""
        return self.standing is not None and self.standing.state is State.MEASURE


@dataclass
class Plan:
    """What a run consists of.

    Attributes:
        cases: in the order in which they are done, those of one fit together.
        failures: what cannot be done.
        warnings: what is certain before anything starts, such as metrics that will have no value.
    """

    cases: list[PlannedCase] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def fits(self) -> list[PlannedFit]:
        """Every fit that a case needs, once, in order."""
        return list({case.fit.job.address: case.fit for case in self.cases}.values())

    def to_do(self) -> list[JobSpec]:
        """Return the jobs that are left, each after those it depends on."""
        jobs: dict[str, JobSpec] = {}
        for case in self.cases:
            if case.needs_fit:
                jobs.setdefault(case.fit.job.address, case.fit.job)
            if case.standing is not None and case.standing.state is not State.DONE:
                jobs.setdefault(case.job.address, case.job)
        return list(jobs.values())


def plan(request: RunRequest, progress: Progress) -> Plan:
    """Return the jobs of a run. No file of results is changed.

    A method or an identity with which something is wrong does not stop the others.

    Raises:
        TgbenchError: a name, a setting or a metric that is not there, or not of these protocols;
            or nothing is left to do because everything failed.
    """
    specs = [plugins.find(plugins.methods(), name, "method") for name in request.methods]
    protocols = [plugins.find(plugins.protocols(), name, "protocol") for name in request.protocols]
    _refuse_unknown_settings(request, [spec.name for spec in specs])
    metrics = {spec.name: _metrics_of(spec, request, protocols) for spec in protocols}
    for name in request.identities:
        require_identity(name)
    configs = [
        MethodConfig(
            spec, configure(spec, request.preset, _own(request, spec.name)), request.preset
        )
        for spec in specs
    ]
    if request.audio_features and not any(config.names_encoder for config in configs):
        names = ", ".join(config.spec.name for config in configs)
        raise TgbenchError(f"--audio-features: no setting of {names} names an audio encoder")
    made = Plan()
    people = _people(request, progress, made.failures)
    planner = _Planner(request, protocols, metrics, made)
    for config in configs:
        for person in people:
            planner.add(config, person)
    if not made.cases and made.failures:
        raise made.failures[0].error
    return made


@dataclass(frozen=True)
class _Person:
    """An identity as it was named.

    Attributes:
        source: built-in name or absolute path.
        identity: what is there.
        hashes: of its files.
    """

    source: str
    identity: Identity
    hashes: IdentityHashes

    @property
    def is_built_in(self) -> bool:
        return self.source in IDENTITIES


def _people(request: RunRequest, progress: Progress, failures: list[Failure]) -> list[_Person]:
    found: list[_Person] = []
    for name in request.identities:
        try:
            identity = resolve_identity(name, request.size, progress)
            with progress.task(f"hashing {identity.name}", None):
                hashes = IdentityHashes(identity.input_hashes())
        except Exception as error:
            failures.append(Failure(f"identity {name}", error))
            continue
        source = name if name in IDENTITIES else str(Path(name).resolve())
        found.append(_Person(source, identity, hashes))
    # Results are filed by name: two folders of one name would overwrite each other's.
    names = [person.identity.name for person in found]
    for name in names:
        if names.count(name) > 1:
            raise TgbenchError(f"two identities are called '{name}'; rename one of the folders")
    return found


class _Planner:
    """Adds the cases of one method and one identity after another to a plan."""

    def __init__(
        self,
        request: RunRequest,
        protocols: Sequence[ProtocolSpec],
        metrics: dict[str, tuple[str, ...]],
        made: Plan,
    ) -> None:
        self._request, self._protocols, self._metrics = request, protocols, metrics
        self._made = made
        self._token = secrets.token_hex(8) if request.fresh else ""
        self._planned: dict[tuple[str, Path, FeatureSource], list[Case] | Exception] = {}

    def add(self, config: MethodConfig, person: _Person) -> None:
        """Add all cases of a method and an identity, those of each seed together."""
        request, made = self._request, self._made
        files = request.audio_features if config.names_encoder else ()
        cases: list[Case] = []
        for spec in self._protocols:
            try:
                cases += self._cases(spec, person, FeatureSource(config.encoder, files))
            except Exception as error:
                failure = Failure(f"{spec.name} on {person.identity.name}", error)
                if str(failure) not in map(str, made.failures):
                    made.failures.append(failure)
        made.warnings += [line for line in too_short(cases) if line not in made.warnings]
        size = request.size if person.is_built_in else None
        for seed in request.seeds:
            options = request.options(seed, self._token)
            for case in cases:
                experiment = in_its_folder(Experiment(case, config, person.hashes, options, size))
                made.cases.append(self._with_jobs(experiment, person))

    def _cases(self, spec: ProtocolSpec, person: _Person, source: FeatureSource) -> list[Case]:
        """Return the cases of an identity as they are to be measured, planned once for all."""
        key = spec.name, person.identity.folder, source
        if key not in self._planned:
            audio = self._request.audio if not spec.self_driven or self._all_self_driven else ()
            try:
                found = plan_cases(spec, person.identity, audio, source)
                self._planned[key] = [self._as_asked(case) for case in found]
            except Exception as error:
                self._planned[key] = error
        cases = self._planned[key]
        if isinstance(cases, Exception):
            raise cases
        return cases

    @property
    def _all_self_driven(self) -> bool:
        """Whether no protocol takes the sounds that are given, so that they are refused."""
        return all(each.self_driven for each in self._protocols)

    def _as_asked(self, case: Case) -> Case:
        if wanted := self._metrics[case.protocol]:
            case = dataclasses.replace(case, metrics=in_table_order(wanted))
        return through_codec(case) if self._request.through_codec else case

    def _with_jobs(self, experiment: Experiment, person: _Person) -> PlannedCase:
        """Return a case with its jobs and what is there of it."""
        config, case, options = experiment.method_config, experiment.case, experiment.options
        split = case.split
        fit = JobSpec(
            tgbench_version=__version__,
            kind="fit",
            method=MethodJob(
                name=config.spec.name,
                preset=config.preset,
                config=config.settings,
                code_sha256=config.code.sha256,
            ),
            identity=IdentityJob(
                name=person.identity.name,
                source=person.source,
                size=self._request.size,
                sha256=person.hashes.sha256,
            ),
            train=(split.train.start, split.train.stop),
            test=(split.test.start, split.test.stop),
            seed=options.seed,
            device=options.device,
            fresh=options.fresh,
            shared_machine=options.shared_machine,
            out=str(options.out.resolve()),
            command=options.command,
        )
        job = fit.model_copy(
            update={
                "kind": "case",
                "case": self._case_job(experiment),
                "depends_on": (fit.address,),
            }
        )
        found: Standing | None = None
        try:
            found = standing(experiment)
        except Exception as error:
            self._made.failures.append(Failure(job.title, error))
        return PlannedCase(job, experiment, found, PlannedFit(fit, experiment.fitting))

    def _case_job(self, experiment: Experiment) -> CaseJob:
        case, options = experiment.case, experiment.options
        audio, features = self._sounds_of(case)
        return CaseJob(
            protocol=case.protocol,
            protocol_version=case.protocol_version,
            driver=case.driver,
            audio=audio,
            audio_sha256=experiment.audio_sha256,
            audio_features=features,
            features_sha256=sha256(case.features_file) if case.features_file else "",
            metrics=case.metrics,
            landmarks=options.landmarks,
            through_codec=options.through_codec,
            label=options.label,
            keep_frames=options.keep_frames,
        )

    def _sounds_of(self, case: Case) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return which of the given sounds, and files of features, a case needs."""
        audio, features = self._request.audio, self._request.audio_features
        spec = plugins.protocols()[case.protocol]
        if spec.self_driven:
            return (), ()
        used = case.features_file is not None
        driving = case.driving_audio.resolve()
        for index, path in enumerate(audio):
            if path.exists() and path.resolve() == driving:
                files = features[index : index + 1] if used else ()
                return (str(driving),), tuple(str(file.resolve()) for file in files)
        # Names of built-in tracks stay names, because another machine keeps them elsewhere.
        return (
            tuple(str(path.resolve() if path.exists() else path) for path in audio),
            tuple(str(file.resolve()) for file in features if used),
        )


def plan_cases(
    spec: ProtocolSpec, identity: Identity, audio: Sequence[Path], source: FeatureSource
) -> list[Case]:
    """Return the cases of one identity under a protocol.

    Raises:
        TgbenchError: the protocol cannot be used with this identity, or with these sounds.
    """
    protocol: EvaluationProtocol = spec.load()()
    return protocol.plan([identity], audio, source)


def through_codec(case: Case) -> Case:
    """Return the case under a protocol of another version, for its numbers are other ones."""
    return dataclasses.replace(case, protocol_version=f"{case.protocol_version}, {THROUGH_CODEC}")


def _own(request: RunRequest, method: str) -> dict[str, str]:
    keys = keys_of(plugins.methods()[method])
    return {key: text for key, text in request.overrides.items() if key in keys}


def _refuse_unknown_settings(request: RunRequest, methods: Sequence[str]) -> None:
    known = {key for name in methods for key in keys_of(plugins.methods()[name])}
    for key in request.overrides:
        if key not in known:
            listing = f"tgbench list settings {' '.join(methods)}"
            raise suggest(key, known, "setting", listing, owner=" and ".join(methods))


def _metrics_of(
    protocol: ProtocolSpec, request: RunRequest, protocols: Sequence[ProtocolSpec]
) -> tuple[str, ...]:
    """Return which of the metrics that are asked for a protocol can measure; empty: all it has.

    Raises:
        TgbenchError: an unknown metric, or one that none of the protocols can measure.
    """
    specs = [plugins.find(plugins.metrics(), name, "metric") for name in request.metrics]
    for spec in specs:
        reasons = {each.name: each.why_not_measured(spec) for each in protocols}
        if all(reasons.values()):
            lacking = "; ".join(f"{name} has no {what}" for name, what in reasons.items())
            raise TgbenchError(
                f"--metrics {spec.name}: cannot be measured ({lacking}); leave it out, or choose "
                "another --protocol"
            )
    able = tuple(spec.name for spec in specs if not protocol.why_not_measured(spec))
    if specs and not able:
        raise TgbenchError(
            f"--protocol {protocol.name}: can measure none of {', '.join(request.metrics)}; leave "
            "it out, or ask for a metric that it has"
        )
    return able


def too_short(cases: Iterable[Case]) -> list[str]:
    """Return a line for each case that is too short for some of its metrics."""
    return list(dict.fromkeys(line for case in cases for line in _shortages(case)))


def _shortages(case: Case) -> list[str]:
    seconds = len(case.drive) / layout.FPS
    titles: dict[float, list[str]] = {}
    for name in case.metrics:
        spec = plugins.metrics()[name]
        if spec.shortest_seconds > seconds:
            titles.setdefault(spec.shortest_seconds, []).append(spec.title)
    return [
        f"{case.identity.name}: {' and '.join(names)} {'need' if len(names) > 1 else 'needs'} "
        f"{_shortage(case, shortest)}"
        for shortest, names in titles.items()
    ]


def _shortage(case: Case, shortest: float) -> str:
    """Return how long a case must last for a metric, how long it does, and what would help."""
    frames = len(case.drive)
    have = f"{frames / layout.FPS:.1f} s ({frames} frames)"
    if case.target_frames is None:
        return f"{shortest:g} s of sound; the sound '{case.driver}' has {have}"
    # The held-out share of the clip stays as it is, rounded in the clip's favour.
    clip = math.ceil(shortest * len(case.identity) / frames)
    return (
        f"{shortest:g} s of held-out video; this clip of {len(case.identity) / layout.FPS:.1f} s "
        f"holds out {have}: use a clip of at least {clip} s"
    )
