"""From what a user asks for to jobs, each with what is there of it already."""

from __future__ import annotations

import dataclasses
import math
import secrets
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from .. import plugins
from ..audio import FeatureSource
from ..driving.cameras import degrees_beyond
from ..errors import TgbenchError, suggest
from ..identities.resolve import require_identity, resolve_identity
from ..interfaces import Case
from ..plugins import in_table_order
from ..progress import Progress
from ..specs import ConfiguredSpec, MethodSpec, ProtocolSpec
from ..synthetic.names import built_in
from .case_planning import plan_cases, through_codec, with_more
from .experiment import Experiment, IdentityHashes
from .job import NAME
from .job_making import JobMaker, Person
from .method_config import MethodConfig
from .plan import Failure, Plan, PlannedCase, PlannedFit
from .request import RunRequest
from .resume import Standing, State, in_its_folder, standing
from .settings import configure, configure_plain, keys_of, unknown_setting

_MOST_HELD = 256 << 20
"""Bytes of drives that are held at a time, roughly; more of them are read when they are needed."""


class Planner:
    """Plans a run.

    Attributes:
        executor_config: settings of the executor.
    """

    def __init__(self, request: RunRequest, people: dict[str, Person] | None = None) -> None:
        """Look up all names of a request, before any work is done for it.

        Args:
            request: what is asked for.
            people: identities by name that planners of equal sizes have read; new ones are added.

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
        for spec in specs:
            spec.validate()
        for name in request.identities:
            require_identity(name)
        _refuse_unknown_rules(request, protocols)
        self._request, self._protocols, self._configs = request, protocols, configs
        self._known_people = {} if people is None else people
        self.executor_config = configure_plain(executor, _own(request, executor))
        self._jobs = JobMaker(request, self.executor_config)
        self._metrics = {spec.name: _metrics_of(spec, request, protocols) for spec in protocols}
        self._token = secrets.token_hex(8) if request.fresh else ""
        self._made = Plan()
        self._planned: dict[tuple[str, Path, FeatureSource], list[Case] | Exception] = {}
        self._kept: dict[int, Case] = {}
        self._bytes_kept = 0

    def plan(self, progress: Progress) -> Plan:
        """Return the jobs of the run, as `collect`.

        Raises:
            TgbenchError: nothing is left to do, because something is wrong with everything.
        """
        made = self.collect(progress)
        if not made.cases and made.failures:
            raise made.failures[0].error
        return made

    def collect(self, progress: Progress) -> Plan:
        """Return the jobs of the run, of which there may be none. No file of results is changed.

        A method or an identity with which something is wrong does not stop the others, and is
        among the failures. Where jobs are done in this process, what was read for them is kept, as
        long as there is room.
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
        return made

    def _people(self, progress: Progress) -> list[Person]:
        found: list[Person] = []
        for name in self._request.identities:
            try:
                if name not in self._known_people:
                    self._known_people[name] = self._person(name, progress)
                found.append(self._known_people[name])
            except Exception as error:
                self._made.failures.append(Failure(f"identity {name}", error, identity=name))
        # Results are filed by name: two folders of one name would overwrite each other's.
        names = [person.identity.name for person in found]
        for name in names:
            if names.count(name) > 1:
                raise TgbenchError(f"two identities are called '{name}'; rename one of the folders")
        return found

    def _person(self, name: str, progress: Progress) -> Person:
        identity = resolve_identity(name, self._request.size, progress)
        if not NAME.match(identity.name):
            raise TgbenchError(
                f"{identity.folder}: rename this folder: its name is part of the path of results, "
                "so it must not begin with a dot, nor hold a backslash or a control character"
            )
        with progress.task(f"hashing inputs of {identity.name}", None):
            hashes = IdentityHashes(identity.input_hashes())
        source = built_in(name) or str(Path(name).resolve())
        return Person(source, identity, hashes)

    def _add(self, config: MethodConfig, person: Person) -> None:
        """Add all cases of a method and an identity, those of each seed together."""
        request, made = self._request, self._made
        files = request.audio_features if config.names_encoder else ()
        cases: list[Case] = []
        for spec in self._protocols:
            try:
                _refuse_unsuited(config.spec, spec)
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
        lines = [*too_short(cases), *_noted(cases)]
        made.warnings += [line for line in lines if line not in made.warnings]
        size = request.size if person.is_built_in else None
        fits: dict[str, PlannedFit] = {}
        for seed in request.seeds:
            options = request.options(seed, self._token)
            for case in cases:
                asked = Experiment(case, config, person.hashes, options, size)
                try:
                    made.cases.append(self._with_jobs(in_its_folder(asked), person, fits))
                except Exception as error:
                    what = f"{asked}, seed {seed}"
                    made.failures.append(Failure(what, error, folder=asked.folder))

    def _cases(self, spec: ProtocolSpec, person: Person, source: FeatureSource) -> list[Case]:
        """Return the cases of an identity as they are to be measured, planned once for all."""
        key = spec.name, person.identity.folder, source
        if key not in self._planned:
            self._make_room()
            audio, given = self._request.audio, source
            if spec.self_driven and not self._all_self_driven:
                audio, given = (), FeatureSource(source.encoder)
            try:
                found = plan_cases(spec, person.identity, audio, given, self._request.driving)
                self._planned[key] = [self._as_asked(case) for case in found]
            except Exception as error:
                self._planned[key] = error
        cases = self._planned[key]
        if isinstance(cases, Exception):
            raise cases
        return cases

    def _make_room(self) -> None:
        """Forget cases that were planned before, if they take much memory; they can be again."""
        held = (cases for cases in self._planned.values() if isinstance(cases, list))
        if sum(_bytes_of(case) for cases in held for case in cases) > _MOST_HELD:
            self._planned.clear()

    @property
    def _all_self_driven(self) -> bool:
        """Whether no protocol takes the sounds that are given, so that they are refused."""
        return all(each.self_driven for each in self._protocols)

    def _as_asked(self, case: Case) -> Case:
        if wanted := self._metrics[case.protocol]:
            case = dataclasses.replace(case, metrics=in_table_order(wanted))
        elif self._request.more_metrics:
            case = with_more(case, self._request.more_metrics)
        return through_codec(case) if self._request.through_codec else case

    def _with_jobs(
        self, experiment: Experiment, person: Person, fits: dict[str, PlannedFit]
    ) -> PlannedCase:
        """Return a case with its jobs and what is there of it.

        Args:
            experiment: the case as it is to be done.
            person: the identity as it was named.
            fits: those that are known, by key; a new one is added.
        """
        fitting = experiment.fitting
        fit = fits.get(fitting.key)
        if fit is None:
            fit = fits[fitting.key] = PlannedFit(self._jobs.fit(fitting, person), fitting)
        job = self._jobs.case(experiment, fit)
        found: Standing | None = None
        try:
            found = standing(experiment)
        except Exception as error:
            self._made.failures.append(Failure(job.title, error, folder=experiment.folder))
        done = found is not None and found.state is State.DONE
        apart = experiment.options.timing_apart or (found is not None and found.state is State.TIME)
        return PlannedCase(
            job,
            experiment.folder,
            None if found is None else found.state,
            fit,
            frames=len(experiment.case.drive),
            width=experiment.case.drive.intrinsics.width,
            unsettled=found if done and found is not None and found.changed else None,
            experiment=experiment if self._keeps(experiment.case) else None,
            timing=self._jobs.timing(experiment, job) if apart else None,
        )

    def _keeps(self, case: Case) -> bool:
        """Whether a case is kept for who does it in this process."""
        if not self._request.in_process:
            return False
        if id(case) not in self._kept:
            size = _bytes_of(case)
            if self._bytes_kept + size > _MOST_HELD:
                return False
            self._bytes_kept += size
            self._kept[id(case)] = case
        return True


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


def _refuse_unsuited(method: MethodSpec, protocol: ProtocolSpec) -> None:
    """Refuse to compare frames with true ones that show the head elsewhere, or from elsewhere."""
    if protocol.moves_camera and not method.takes_camera:
        raise TgbenchError(
            f"unsupported: {method.name} takes no camera, so how its heads look from elsewhere "
            f"cannot be measured; leave it out under {protocol.name}"
        )
    if protocol.compares_with_truth and not method.frame_aligned:
        raise TgbenchError(
            f"{method.name} does not follow the head poses that it is driven with, so its frames "
            f"cannot be compared with true ones; leave it out under {protocol.name}"
        )


def _refuse_unknown_settings(request: RunRequest, specs: Sequence[ConfiguredSpec]) -> None:
    known = {key for spec in specs for key in keys_of(spec)}
    known |= {f"{spec.name}.{key}" for spec in specs for key in keys_of(spec)}
    for key, text in request.overrides.items():
        if key not in known:
            raise unknown_setting(key, specs, text)


def _refuse_unknown_rules(request: RunRequest, protocols: Sequence[ProtocolSpec]) -> None:
    for name, text in request.driving.rules.items():
        taken = [spec for spec in protocols if name in spec.takes_rules]
        if not taken:
            raise suggest(name, {rule for spec in protocols for rule in spec.takes_rules}, "rule")
        for spec in taken:
            spec.rules.with_changes({name: text}, spec.takes_rules)


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


def _noted(cases: Sequence[Case]) -> Iterator[str]:
    """Yield what is to be known of cases; of several with a note, of the one seen most aside."""
    noted = [case for case in cases if case.notes]
    if noted:
        case, others = max(noted, key=_degrees_beyond), len(noted) - 1
        more = f" (and notes of {others} more cases in their results)" if others else ""
        yield f"{case.identity.name}, {case.driver}: {'; '.join(case.notes)}{more}"


def _degrees_beyond(case: Case) -> float:
    train = case.split.train
    return degrees_beyond(case.drive.poses, case.identity.poses[train.start : train.stop])


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
    held_out = case.view is not None and int(case.drive.source_frames[0]) in case.split.test
    if not (case.has_truth or held_out):
        return f"{shortest:g} s of sound; the sound '{case.driver}' has {have}"
    # The held-out share of the clip stays as it is, rounded in the clip's favour.
    clip = math.ceil(shortest * len(case.identity) / frames)
    length = len(case.identity) / case.identity.fps
    return (
        f"{shortest:g} s of held-out video; this clip of {length:.1f} s "
        f"holds out {have}: use a clip of at least {clip} s"
    )


def _bytes_of(case: Case) -> int:
    """Return the memory that the drive of a case takes, roughly."""
    drive = case.drive
    units = drive.action_units.values.values()
    arrays = (drive.features, drive.poses, drive.audio.samples, *units)
    return sum(array.nbytes for array in arrays)
