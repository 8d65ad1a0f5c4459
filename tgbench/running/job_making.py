"""From what is to be done to jobs as data."""

from __future__ import annotations

from dataclasses import dataclass

from .. import plugins
from ..files import sha256_once
from ..identities import Identity
from ..interfaces import Case
from ..specs import MethodSpec
from ..synthetic.names import built_in
from ..version import __version__
from .executor_config import ExecutorConfig
from .experiment import Experiment, IdentityHashes
from .fitting import Fitting
from .job import CaseJob, IdentityJob, JobNeeds, JobSpec, MethodJob
from .plan import PlannedFit
from .request import RunRequest
from .timing_apart import is_timed_here, measures_training_time


@dataclass(frozen=True)
class Person:
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
        """Whether it is one of tgbench's own."""
        return built_in(self.source) is not None


class JobMaker:
    """Makes the jobs of a run."""

    def __init__(self, request: RunRequest, config: ExecutorConfig) -> None:
        """Know what was asked for, and what the executor is told of the needs of jobs."""
        self._request = request
        self._config = config

    def fit(self, fitting: Fitting, person: Person) -> JobSpec:
        """Return the job of a fit."""
        config, split, request = fitting.method_config, fitting.split, self._request
        alone = self._is_timed(fitting)
        return JobSpec(
            tgbench_version=__version__,
            kind="fit",
            method=MethodJob(
                name=config.spec.name,
                preset=config.preset,
                config=config.settings,
                places=config.places,
                changed=dict(config.changed),
                source=plugins.source_of(config.spec),
                code_sha256=config.code.sha256,
            ),
            identity=IdentityJob(
                name=person.identity.name,
                source=person.source,
                size=request.size,
                sha256=person.hashes.sha256,
                features=fitting.features,
            ),
            train=(split.train.start, split.train.stop),
            test=(split.test.start, split.test.stop),
            seed=fitting.seed,
            device=fitting.device,
            fresh=fitting.fresh,
            shared_machine=fitting.shared_machine and not alone,
            needs=self._needs_of(fitting, alone),
            out=str(request.out.resolve()),
            command=request.command,
        )

    def case(self, experiment: Experiment, fit: PlannedFit) -> JobSpec:
        """Return the job of a case that needs a fit."""
        update: dict[str, object] = {
            "kind": "case",
            "case": self._case_job(experiment),
            "depends_on": (fit.address,),
            "shared_machine": experiment.options.shared_machine,
            "timing_apart": experiment.options.timing_apart,
            "needs": self._needs_of(fit.fitting, exclusive=False),
        }
        return fit.job.model_copy(update=update)

    def timing(self, experiment: Experiment, case: JobSpec) -> JobSpec | None:
        """Return the job that times a case apart from all else; None where it is not to be."""
        spec, metrics = experiment.method_config.spec, experiment.case.metrics
        if not is_timed_here(spec, metrics):
            return None
        apart = experiment.options.timing_apart
        return case.model_copy(
            update={
                "kind": "timing",
                "depends_on": (*case.depends_on, case.address),
                "shared_machine": case.shared_machine and not apart,
                "needs": case.needs.model_copy(update={"exclusive": apart}),
            }
        )

    def _needs_of(self, fitting: Fitting, exclusive: bool) -> JobNeeds:
        needs = _needs(fitting.method_config.spec, self._config, fitting.device)
        return needs.model_copy(update={"exclusive": exclusive})

    def _is_timed(self, fitting: Fitting) -> bool:
        """Whether a fit is to run alone, because how long it takes is asked for."""
        names = self._request.metrics or plugins.metrics()
        apart = self._request.exclusive_timing and not self._request.in_process
        return apart and measures_training_time(fitting.method_config.spec, names)

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
            rules=dict(case.changed_rules),
            tags=case.tags,
            metrics=case.metrics,
            landmarks=options.landmarks,
            through_codec=options.through_codec,
            floor=options.floor,
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
