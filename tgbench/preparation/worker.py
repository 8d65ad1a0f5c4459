"""The process of one backend; prints what it does, a line of JSON each. See `apart`.

`python -m tgbench.preparation.worker KIND NAME` reads two lines of JSON: the backend's settings,
then [folder, size, arrays], for which it waits when it is ready.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from ..files import atomic_path
from ..identities import IdentityWriter
from ..overlap import opencv_alone
from ..processes.reported import errors_reported
from ..progress import Progress, Task
from ..specs import BackendKind
from .backends.choice import choose_backends
from .backends.interfaces import ParsingBackend, PoseBackend
from .clip import Clip
from .frames import Measured, PersonMasks
from .requests import WORK


def main(arguments: Sequence[str]) -> None:
    """Let a backend do its work on the frames of a folder that is being prepared."""
    kind, name = arguments
    messages = _messages()
    chosen = choose_backends({kind: name}, json.loads(messages.readline()))[BackendKind(kind)]
    backend = chosen.make()
    wanted = messages.readline()
    if not wanted:
        return
    folder, size, arrays = json.loads(wanted)
    clip = _clip(Path(folder), size)
    with opencv_alone():
        if chosen.spec.kind is BackendKind.POSE:
            _track(backend, clip, Path(arrays))
        else:
            _parse(backend, clip)
    _say(measured_by=backend.describe())


def _messages() -> IO[str]:
    """Return this process's input, which programs that a backend starts do not get."""
    messages = os.fdopen(os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return messages


def _clip(folder: Path, size: int) -> Clip:
    with np.load(folder / WORK / "frames.npz", allow_pickle=False) as seen:
        return Clip(folder, size, Measured(**seen), PersonMasks(folder / WORK / "person"))


def _track(backend: PoseBackend, clip: Clip, arrays: Path) -> None:
    track = backend.track(clip, _PROGRESS)
    with atomic_path(arrays) as temporary:
        np.savez(temporary, **track.arrays())


def _parse(backend: ParsingBackend, clip: Clip) -> None:
    writer = IdentityWriter(clip.folder, (clip.size, clip.size))
    for frame, parts in enumerate(backend.parse(clip, _PROGRESS)):
        writer.write_frame(frame, parsing=parts.parsing, teeth_mask=parts.teeth)
        _say(frame=frame)


class _PrintedTask:
    def advance(self, steps: int = 1) -> None:
        _say(advance=steps)

    def note(self, text: str) -> None:
        pass


class _Printed:
    @contextmanager
    def task(self, description: str, total: int | None, done: int = 0) -> Iterator[Task]:
        _say(task=description, total=total)
        yield _PrintedTask()


_PROGRESS: Progress = _Printed()


def _say(**report: object) -> None:
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    with errors_reported():
        main(sys.argv[1:])
