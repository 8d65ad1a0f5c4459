"""From what a user asks for to jobs, each with what is there of it already."""

from __future__ import annotations

import dataclasses
import math
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import plugins
from ..audio import FeatureSource
from ..errors import TgbenchError
from ..files import sha256_once
from ..identities import Identity
from ..identities.resolve import require_identity, resolve_identity
from ..interfaces import Case, EvaluationProtocol
from ..metrics.through_codec import THROUGH_CODEC
from ..plugins import in_table_order
from ..progress import Progress
from ..specs import ConfiguredSpec, MethodSpec, ProtocolSpec
from ..synthetic.names import IDENTITIES
from ..version import __version__
from .executor_config import ExecutorConfig
from .experiment import Experiment, IdentityHashes
from .fitting import MethodConfig
from .job import NAME, CaseJob, IdentityJob, JobNeeds, JobSpec, MethodJob
from .plan import Failure, Plan, PlannedCase, PlannedFit
from .request import RunRequest
from .resume import Standing, in_its_folder, standing
from .settings import configure, configure_executor, keys_of, unknown_setting


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


class Planner:
    """Plans a run.

    Attributes:
        executor_config: settings of the executor.
    """

    def __init__(self, request: RunRequest) -> None:
        """Look up all names of a request, before any work is done for it.

        Raises:
            TgbenchError: a name, a setting or a metric does not exist, or not for these protocols.
        """
        specs = [plugins.method(name) for name in request.methods]
        _refuse_equal_names(specs)
        protocols = [
            plugins.find(plugins.protocols(), name, "protocol") for name in request.protocols
        ]
        executor = plugins.find(plugins.executors(), request.executor, "executor")
        _refuse_unknown_settings(request, [*specs, executor])
        preset = request.preset
        configs = [
            MethodConfig(spec, configure(spec, preset, _own(request, spec)), preset)
            for spec in specs
        ]
        if request.audio_features and not any(config.names_encoder for config in configs):
            names = ", ".join(request.methods)
            raise TgbenchError(f"--audio-features: no setting of {names} names an audio encoder")
        for config in configs:
            # An unknown encoder is refused before anything else is done.
            _ = config.encoder
        for name in request.identities:
            require_identity(name)
        self._request, self._protocols, self._configs = request, protocols, configs
        self.executor_config = configure_executor(executor, _own(request, executor))
        self._metrics = {spec.name: _metrics_of(spec, request, protocols) for spec in protocols}
        self._token = secrets.token_hex(8) if request.fresh else ""
        self._made = Plan()
        self._planned: dict[tuple[str, Path, FeatureSource], list[Case] | Exception] = {}

    def plan(self, progress: Progress) -> Plan:
        """Return the jobs of the run. No file of results is changed.

        A method or an identity with which something is wrong does not stop the others.

        Raises:
            TgbenchError: nothing is left to do, because something is wrong with everything.
        """
        made = self._made
        people = self._people(progress)
        for config in self._configs:
            try:
                # A missing checkout is one failure, not one of every case.
                _ = config.code
            except Exception as error:
                made.failures.append(Failure(f"method {config.spec.name}", error))
                continue
            for person in people:
                self._add(config, person)
        if not made.cases and made.failures:
            raise made.failures[0].error
        return made

    def _people(self, progress: Progress) -> list[_Person]:
        found: list[_Person] = []
        for name in self._request.identities:
            try:
                identity = resolve_identity(name, self._request.size, progress)
                if not NAME.match(identity.name):
                    raise TgbenchError(
                        f"{identity.folder}: rename this folder: its name is part of the path of "
                        "results, so it must not begin with a dot, nor hold a backslash or a "
                        "control character"
                    )
                with progress.task(f"hashing inputs of {identity.name}", None):
                    hashes = IdentityHashes(identity.input_hashes())
            except Exception as error:
                self._made.failures.append(Failure(f"identity {name}", error, identity=name))
                continue
            source = name if name in IDENTITIES else str(Path(name).resolve())
            found.append(_Person(source, identity, hashes))
        # Results are filed by name: two folders of one name would overwrite each other's.
        names = [person.identity.name for person in found]
        for name in names:
            if names.count(name) > 1:
                raise TgbenchError(f"two identities are called '{name}'; rename one of the folders")
        return found

    def _add(self, config: MethodConfig, person: _Person) -> None:
        """Add all cases of a method and an identity, those of each seed together."""
        request, made = self._request, self._made
        files = request.audio_features if config.names_encoder else ()
        cases: list[Case] = []
        for spec in self._protocols:
            try:
                _refuse_unaligned(config.spec, spec)
                cases += self._cases(spec, person, FeatureSource(config.encoder, files))
            except Exception as error:
                failure = Failure(
                    f"{spec.name} on {person.identity.name}",
                    error,
                    identity=person.source,
                    protocol=spec.name,
                )
                if str(failure) not in map(str, made.failures):
                    made.failures.append(failure)
        made.warnings += [line for line in too_short(cases) if line not in made.warnings]
        size = request.size if person.is_built_in else None
        for seed in request.seeds:
            options = request.options(seed, self._token)
            for case in cases:
                asked = Experiment(case, config, person.hashes, options, size)
                try:
                    made.cases.append(self._with_jobs(in_its_folder(asked), person))
                except Exception as error:
                    what = f"{asked}, seed {seed}"
                    made.failures.append(Failure(what, error, folder=asked.folder))

    def _cases(self, spec: ProtocolSpec, person: _Person, source: FeatureSource) -> list[Case]:
        """Return the cases of an identity as they are to be measured, planned once for all."""
        key = spec.name, person.identity.folder, source
        if key not in self._planned:
            audio, given = self._request.audio, source
            if spec.self_driven and not self._all_self_driven:
                audio, given = (), FeatureSource(source.encoder)
            try:
                found = plan_cases(spec, person.identity, audio, given)
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
                places=config.places,
                source=plugins.source_of(config.spec),
                code_sha256=config.code.sha256,
            ),
            identity=IdentityJob(
                name=person.identity.name,
                source=person.source,
                size=self._request.size,
                sha256=person.hashes.sha256,
                features=experiment.fitting.features,
            ),
            train=(split.train.start, split.train.stop),
            test=(split.test.start, split.test.stop),
            seed=options.seed,
            device=options.device,
            fresh=options.fresh,
            shared_machine=options.shared_machine,
            needs=_needs(config.spec, self.executor_config, options.device),
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
            features_sha256=sha256_once(case.features_file) if case.features_file else "",
            reads=experiment.reads,
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
            files = features[index : index + 1] if used else ()
            # One sound may be given twice, with other features.
            is_it = not files or files[0] == case.features_file
            if is_it and path.exists() and path.resolve() == driving:
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
    return [
        dataclasses.replace(case, drive=dataclasses.replace(case.drive, driver=case.driver))
        for case in protocol.plan([identity], audio, source)
    ]


def through_codec(case: Case) -> Case:
    """Return the case under a protocol of another version, for its numbers are other ones."""
    return dataclasses.replace(case, protocol_version=f"{case.protocol_version}, {THROUGH_CODEC}")


def _needs(spec: MethodSpec, config: ExecutorConfig, device: str) -> JobNeeds:
    """Return what a job needs: as the user says, else as its method declares."""
    declared, given = spec.resources, config.job
    gpus = declared.gpus if given.gpus is None else given.gpus
    return JobNeeds(
        cpus=given.cpus or declared.cpus,
        gpus=int(device == "cuda") if gpus is None else gpus,
        memory_gb=given.memory_gb or declared.memory_gb,
        seconds=60 * given.minutes if given.minutes else declared.seconds,
    )


def _own(request: RunRequest, spec: ConfiguredSpec) -> dict[str, str]:
    """Return the settings that are meant for a plug-in; those with its name go first."""
    keys, prefix = keys_of(spec), f"{spec.name}."
    for_all = {key: text for key, text in request.overrides.items() if key in keys}
    for_it = {
        key.removeprefix(prefix): text
        for key, text in request.overrides.items()
        if key.startswith(prefix) and key.removeprefix(prefix) in keys
    }
    return for_all | for_it


def _refuse_unaligned(method: MethodSpec, protocol: ProtocolSpec) -> None:
    """Refuse to compare frames with true ones that show the head elsewhere."""
    if protocol.compares_with_truth and not method.frame_aligned:
        raise TgbenchError(
            f"{method.name} does not follow the head poses that it is driven with, so its frames "
            f"cannot be compared with true ones; leave it out under {protocol.name}"
        )


def _refuse_unknown_settings(request: RunRequest, specs: Sequence[ConfiguredSpec]) -> None:
    known = {key for spec in specs for key in keys_of(spec)}
    known |= {f"{spec.name}.{key}" for spec in specs for key in keys_of(spec)}
    for key in request.overrides:
        if key not in known:
            raise unknown_setting(key, specs)


def _refuse_equal_names(specs: Sequence[MethodSpec]) -> None:
    """Raise where two declarations name their systems alike: results are filed by name.

    Raises:
        TgbenchError: two do.
    """
    names = [spec.name for spec in specs]
    for name in names:
        if names.count(name) > 1:
            raise TgbenchError(
                f"--method: two systems are called '{name}', and results are filed by name; give "
                "one of them another name in its file, or leave it out"
            )


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
    seconds = len(case.drive) / case.drive.fps
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
    have = f"{frames / case.drive.fps:.1f} s ({frames} frames)"
    if case.target_frames is None:
        return f"{shortest:g} s of sound; the sound '{case.driver}' has {have}"
    # The held-out share of the clip stays as it is, rounded in the clip's favour.
    clip = math.ceil(shortest * len(case.identity) / frames)
    length = len(case.identity) / case.identity.fps
    return (
        f"{shortest:g} s of held-out video; this clip of {length:.1f} s "
        f"holds out {have}: use a clip of at least {clip} s"
    )
