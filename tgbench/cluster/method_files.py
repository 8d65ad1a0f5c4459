"""What a node needs of the method of a job: files that are sent, and what must be there."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from ..errors import TgbenchError
from ..running.job import JobSpec, MethodJob
from ..running.worker import spec_of
from ..specs import MethodSpec
from ..systems.declaration import Declaration
from ..systems.spec import SystemSpec, VideosSpec
from ..systems.videos.folder import VideoFolder
from .ray_task import INPUTS

_SYSTEM = f"{INPUTS}/system"
_VIDEOS = f"{INPUTS}/videos"
_FOLDER = "folder"
"""The setting of `VideosConfig` that says where the videos are."""


class MethodFiles:
    """Finds the files of methods.

    The declaration of a system is sent, with the files beside it that it names, and so is the video
    of a case. Checkouts and environments hold gigabytes and paths of their machine: each node
    needs its own.
    """

    def __init__(self) -> None:
        """Know nothing yet; what is read of a method is kept for the next job."""
        self._specs: dict[str, MethodSpec | None] = {}

    def paths(self, job: JobSpec) -> list[str]:
        """Return the paths that a node must see to do a job in place, and that are sent if not."""
        method = job.method
        videos = self._videos_of(method)
        return [text for text in (method.source, str(videos or "")) if text]

    def required(self, job: JobSpec) -> list[str]:
        """Return the paths that a node must see, because they are not sent."""
        method, spec = job.method, self._spec(job.method)
        texts = [
            value
            for name, value in method.places.items()
            if isinstance(value, str) and not (isinstance(spec, VideosSpec) and name == _FOLDER)
        ]
        facts = spec.facts() if isinstance(spec, SystemSpec) else None
        if isinstance(facts, Declaration) and not method.places.get("environment"):
            texts += [facts.environment.interpreter, facts.environment.image]
        return [text for text in texts if Path(text).is_absolute()]

    def sent(self, job: JobSpec) -> list[tuple[Path, str]]:
        """Return the files and folders that are sent, each with the folder that it belongs into.

        Raises:
            TgbenchError: one is no longer there.
        """
        method, spec = job.method, self._spec(job.method)
        found: list[tuple[Path, str]] = []
        if method.source and isinstance(spec, SystemSpec):
            base = spec.declaration.parent
            names = [spec.declaration.name, *spec.facts().beside]
            found += [(base / name, _place(_SYSTEM, name)) for name in names]
        if isinstance(spec, VideosSpec) and job.case is not None:
            table = spec.facts().videos.table or ""
            folder = VideoFolder(self._videos_of(method) or Path(), table)
            video = folder.find(job.identity.name, job.case.driver)
            if video.path.is_dir():
                found.append((video.path, f"{_VIDEOS}/{video.name}"))
            else:
                found.append((video.path, _place(_VIDEOS, video.name)))
            if table:
                found.append((folder.path / table, _place(_VIDEOS, table)))
        return [(path, place) for path, place in found if path.exists()]

    def relative(self, job: JobSpec) -> MethodJob:
        """Return the method of a job with the paths that its files are unpacked at."""
        method = job.method
        update: dict[str, object] = {}
        if method.source:
            update["source"] = f"{_SYSTEM}/{Path(method.source).name}"
        if self._videos_of(method):
            update["places"] = {**method.places, _FOLDER: _VIDEOS}
        return method.model_copy(update=update)

    def _videos_of(self, method: MethodJob) -> Path | None:
        """Return the folder of the videos of a system of which there are only videos."""
        spec = self._spec(method)
        if not isinstance(spec, VideosSpec):
            return None
        given = method.places.get(_FOLDER)
        return Path(given) if given else spec.declaration.parent

    def _spec(self, method: MethodJob) -> MethodSpec | None:
        """Return what a method declares; None if it is unknown, which the job itself will say."""
        name = method.source or method.name
        if name not in self._specs:
            try:
                self._specs[name] = spec_of(method)
            except TgbenchError:
                self._specs[name] = None
        return self._specs[name]


def _place(folder: str, name: str) -> str:
    """Return the folder that a file belongs into, by its name in another."""
    return (PurePosixPath(folder) / name).parent.as_posix()
