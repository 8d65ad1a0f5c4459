"""What a job needs and what it makes, for nodes that do not see the folders of the run."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..errors import TgbenchError
from ..files import atomic_path, cache_root, temporary_folder
from ..progress import SILENT
from ..running import attempts
from ..running.children import job_log
from ..running.experiment import Experiment
from ..running.fit_record import FIT_FILES, WORK_FOLDER
from ..running.fitting import Fitting
from ..running.folders import MODELS
from ..running.job import JobSpec
from ..running.locks import sole_replacer
from ..running.replacing import replacement
from ..running.result import CASE_FILES
from ..running.resume import State, standing
from ..running.worker import Worker
from ..specs import MethodSpec
from ..synthetic.names import built_in
from ..systems.declaration import Declaration
from ..systems.spec import SystemSpec
from .method_files import MethodFiles
from .parcels import files_of, unpack
from .ray_task import INPUTS, OUT, Most

_LARGEST_RESULT = 256 << 20
"""Bytes of records, tables and logs of a case."""

_VIDEOS = 4
"""Of a case: what is rendered as a video and as images, the error map, and the comparison."""

_ALLOWED = "that a job like this may send back; use a folder that all nodes share"


@dataclass(frozen=True)
class Input:
    """Files that a job needs.

    Attributes:
        path: a file or a folder, here.
        place: folder that it belongs into, relative.
        in_cache: whether that is below the node's cache, else below the job's folder.
        lasting: whether they stay as they are while jobs run.
    """

    path: Path
    place: str
    in_cache: bool = False
    lasting: bool = True

    def files(self) -> Iterator[tuple[str, Path]]:
        """Yield the files with their names below the place."""
        if self.path.is_file():
            yield self.path.name, self.path
            return
        for name, path in files_of(self.path, ""):
            # Checkpoints of a fit that is done.
            if not (self.place.startswith(f"{OUT}/{MODELS}/") and _top(name) == WORK_FOLDER):
                yield name, path


class Sender:
    """Finds the inputs of jobs, and puts their results in place."""

    def __init__(self) -> None:
        """Know nothing yet; what is read of an identity is kept for the next job."""
        self._worker = Worker(SILENT)
        self._methods = MethodFiles()

    def paths(self, job: JobSpec) -> list[str]:
        """Return the paths that a node must see to do a job in place."""
        # Built-in identities and tracks have names, and no path.
        texts = [job.identity.source, *(text for each in _sounds(job).values() for text in each)]
        return [*(text for text in texts if Path(text).is_absolute()), *self._methods.paths(job)]

    def required(self, job: JobSpec) -> list[str]:
        """Return the paths that a node must see in any case, because they are not sent."""
        return self._methods.required(job)

    def inputs(self, job: JobSpec) -> list[Input]:
        """Return what a job needs.

        Raises:
            TgbenchError: it is not what it was when the job was planned.
        """
        experiment = self._experiment(job)
        fitting = experiment.fitting if experiment else self._worker.fitting(job)
        folder = fitting.identity.folder
        if built_in(job.identity.source) is not None:
            found = [_of_cache(folder)]
        else:
            found = [Input(folder, f"{INPUTS}/identity/{folder.resolve().name}")]
        # A video is of one case alone, so nothing is won by keeping it in the object store.
        found += [Input(*each, lasting=False) for each in self._methods.sent(job)]
        if job.case is None or experiment is None:
            return found
        sound = experiment.case.driving_audio
        if sound.is_relative_to(cache_root()) and not sound.is_relative_to(folder):
            found.append(_of_cache(sound.parent))
        for kind, texts in _sounds(job).items():
            found += [
                Input(Path(text), f"{INPUTS}/{kind}/{index}")
                for index, text in enumerate(texts)
                if Path(text).is_absolute()
            ]
        out = Path(job.out)
        for folder in (fitting.folder, experiment.folder):
            if folder.is_dir():
                lasting = folder == fitting.folder
                found.append(Input(folder, f"{OUT}/{folder.relative_to(out)}", lasting=lasting))
        return found

    def relative(self, job: JobSpec) -> JobSpec:
        """Return a job whose inputs have the paths that they are unpacked at."""
        source = job.identity.source
        if built_in(source) is None:
            source = f"{INPUTS}/identity/{job.identity.name}"
        sounds = {
            kind: tuple(
                f"{INPUTS}/{kind}/{index}/{Path(text).name}" if Path(text).is_absolute() else text
                for index, text in enumerate(texts)
            )
            for kind, texts in _sounds(job).items()
        }
        return job.model_copy(
            update={
                "method": self._methods.relative(job),
                "identity": job.identity.model_copy(update={"source": source}),
                "case": job.case and job.case.model_copy(update=sounds),
                "out": OUT,
            }
        )

    def receive(self, job: JobSpec, chunks: Iterable[bytes]) -> None:
        """Put the results of a job in place; what was there before stays until they are checked.

        Raises:
            TgbenchError: they are damaged, not those of this job, not whole, or too many.
        """
        out = Path(job.out)
        experiment = self._experiment(job)
        most = self.most(job)
        chunks = tuple(chunks)
        if (size := sum(map(len, chunks))) > most.size:
            raise TgbenchError(f"what came back takes {size / 1e9:.2f} GB, more than {most}")
        with temporary_folder("received", out) as made:
            unpack(chunks, Path(made), most=most.size)
            if experiment is None:
                fitting = self._worker.fitting(job)
                there = dataclasses.replace(fitting, models=Path(made) / MODELS)
                _place(there.folder, fitting.folder, FIT_FILES, _is_whole_fit(there), job)
                return
            options = dataclasses.replace(experiment.options, out=Path(made))
            arrived = dataclasses.replace(experiment, options=options)
            _place(arrived.folder, experiment.folder, CASE_FILES, _is_whole_case(arrived), job)
        attempts.finish(experiment.folder)

    def most(self, job: JobSpec) -> Most:
        """Return how much the results of a job may have, and no more than there is room for.

        A fit by a method that runs in tgbench may fill the disk, for nobody declares what it has.
        """
        free = shutil.disk_usage(job.out).free
        bound = self._bound(job)
        if bound is None or free < bound:
            return Most(free, f"that are free in {job.out}; make room there")
        return Most(bound, _ALLOWED)

    def _bound(self, job: JobSpec) -> int | None:
        experiment = self._experiment(job)
        if experiment is None:
            return most_of_fit(self._worker.fitting(job).method_config.spec)
        drive = experiment.case.drive
        pixels = len(drive) * drive.intrinsics.width * drive.intrinsics.height
        return _LARGEST_RESULT + _VIDEOS * 3 * pixels

    def _experiment(self, job: JobSpec) -> Experiment | None:
        return None if job.case is None else self._worker.experiment(job)


def most_of_fit(spec: MethodSpec) -> int | None:
    """Return how many bytes a fit may have: what its declaration allows its commands to write.

    It is None for a method that runs in tgbench.
    """
    if isinstance(spec, SystemSpec) and isinstance(facts := spec.facts(), Declaration):
        commands = len(facts.prepare) + len(facts.train)
        return _LARGEST_RESULT + round(commands * facts.output.largest_gb * 1e9)
    return None


def write_log(job: JobSpec, content: bytes) -> None:
    """Write what a job said elsewhere to where its log is."""
    with atomic_path(job_log(job.file)) as temporary:
        temporary.write_bytes(content)


def _sounds(job: JobSpec) -> dict[str, tuple[str, ...]]:
    case = job.case
    return {"audio": case.audio, "audio_features": case.audio_features} if case else {}


def _of_cache(folder: Path) -> Input:
    return Input(folder, folder.relative_to(cache_root()).as_posix(), in_cache=True)


def _is_whole_fit(fitting: Fitting) -> bool:
    return fitting.is_done


def _is_whole_case(experiment: Experiment) -> bool:
    # What is timed apart is timed by a job that comes later.
    return standing(experiment).state in (State.DONE, State.TIME)


def _place(arrived: Path, folder: Path, ours: frozenset[str], whole: bool, job: JobSpec) -> None:
    """Let a folder that arrived take the place of what was there.

    Raises:
        TgbenchError: it is not whole.
    """
    if not whole:
        raise TgbenchError(
            f"what came back is not a whole result of this job; repeat the command "
            f"(log: {job_log(job.file)})"
        )
    with sole_replacer(folder, wait=True), replacement(folder, ours) as new:
        for path in arrived.iterdir():
            shutil.move(path, new / path.name)


def _top(name: str) -> str:
    return PurePosixPath(name).parts[0]
