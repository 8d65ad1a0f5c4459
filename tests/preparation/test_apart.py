"""Backends in processes of their own: the same results, and nothing is lost of what goes wrong."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tgbench.errors import TgbenchError
from tgbench.identities import Identity
from tgbench.preparation import apart
from tgbench.preparation.backends.choice import choose_backends
from tgbench.preparation.backends.embedded import BundlePose, MeshParsing
from tgbench.preparation.clip import Clip
from tgbench.preparation.frames import Measured, PersonMasks
from tgbench.preparation.prepare import prepare
from tgbench.preparation.requests import WORK
from tgbench.progress import SILENT, Task
from tgbench.specs import BackendKind

Start = Callable[..., list[dict[str, object]]]


class Counted:
    """A progress that notes what it is told."""

    def __init__(self) -> None:
        self.tasks: list[tuple[str, int | None]] = []
        self.done = 0

    @contextmanager
    def task(self, description: str, total: int | None, done: int = 0) -> Iterator[Task]:
        self.tasks.append((description, total))
        yield self

    def advance(self, steps: int = 1) -> None:
        self.done += steps

    def note(self, text: str) -> None:
        raise AssertionError(text)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    folder = tmp_path_factory.mktemp("clip")
    (folder / "masks").mkdir()
    nothing = Measured(
        np.zeros((0, 478, 3), np.float32), np.zeros((0, 93, 2), np.float32), np.zeros(0, np.bool_)
    )
    return Clip(folder, 64, nothing, PersonMasks(folder / "masks"))


@pytest.fixture
def run_script(clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Run a script in place of the worker, and return what it reports."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(apart, "WORKER", "some_worker")
    chosen = choose_backends({}, {})[BackendKind.POSE]

    def run(script: str, progress: Counted | None = None) -> list[dict[str, object]]:
        (tmp_path / "some_worker.py").write_text(script)
        with apart.Worker(chosen) as worker:
            return [*worker.work(clip, tmp_path / "a.npz", progress or Counted())]

    return run


def test_reports_are_handed_on_and_progress_is_shown(run_script: Start) -> None:
    progress = Counted()
    reports = run_script(
        """
print('{"task": "parsing", "total": 2}')
print('{"frame": 0}', '{"advance": 1}', "a library's warning", sep="\\n")
print('{"frame": 1}', '{"advance": 1}', '{"measured_by": "some network"}', sep="\\n")
""",
        progress,
    )
    assert reports == [{"frame": 0}, {"frame": 1}, {"measured_by": "some network"}]
    assert progress.tasks == [("parsing", 2)]
    assert progress.done == 2


def test_what_goes_wrong_there_is_raised_here(run_script: Start) -> None:
    with pytest.raises(TgbenchError, match="no such face"):
        run_script("""print('{"error": "no such face"}')""")
    with pytest.raises(OSError, match="No space left") as full:
        run_script(
            """print('{"error": "No space left on device", "errno": 28, "filename": "1.png"}')"""
        )
    assert (full.value.errno, full.value.filename) == (28, "1.png")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("print('one more'); raise ValueError('unheard of')", "code 1: .*one more.*unheard of"),
        ("""print('{"frame": 0}')""", "code 0"),
    ],
)
def test_an_end_without_a_result_is_an_error(run_script: Start, script: str, said: str) -> None:
    with pytest.raises(RuntimeError, match=f"(?s)bundle ended with {said}"):
        run_script(script)


def test_a_killed_process_can_be_repeated(run_script: Start) -> None:
    with pytest.raises(TgbenchError, match=r"bundle was killed by signal 9 .*repeat the command"):
        run_script("import os; os.kill(os.getpid(), 9)")


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_nothing_is_left_when_the_block_ends(
    clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "endless_worker.py").write_text(
        "import json, os, signal, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "print(json.dumps({'frame': os.getpid()}), flush=True)\n"
        "time.sleep(60)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(apart, "WORKER", "endless_worker")
    chosen = choose_backends({}, {})[BackendKind.POSE]
    with apart.Worker(chosen) as worker:
        process = next(worker.work(clip, tmp_path / "a.npz", Counted()))["frame"]
    time.sleep(0.05)
    with pytest.raises(ProcessLookupError):
        os.kill(process, signal.SIG_DFL)


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_processes_started_ahead_are_taken_once_and_end_with_the_block(
    clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = tmp_path / "started"
    (tmp_path / "patient_worker.py").write_text(
        "import json, os, sys\n"
        "print(json.dumps({'measured_by': str(os.getpid())}), flush=True)\n"
        f"open({str(started)!r}, 'a').write(f'{{os.getpid()}}\\n')\n"
        "[line for line in sys.stdin]\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(apart, "WORKER", "patient_worker")
    chosen = choose_backends({}, {})[BackendKind.POSE]

    def process(worker: apart.Worker) -> str:
        return str(next(worker.work(clip, tmp_path / "a.npz", Counted()))["measured_by"])

    with apart.Workers() as workers:
        workers.start(chosen)
        deadline = time.monotonic() + 60
        while not started.exists() or not started.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        first, second = (process(workers.take(chosen)) for _ in range(2))
        assert first == started.read_text().split()[0] != second
    for each in (first, second):
        with pytest.raises(ProcessLookupError):
            os.kill(int(each), signal.SIG_DFL)


@pytest.mark.usefixtures("discs_for_faces")
def test_results_are_those_of_the_backends_in_this_process(
    tmp_path: Path, make_film: Callable[..., Path]
) -> None:
    folder = prepare(make_film(tmp_path / "film.mp4"), tmp_path / "identity", size=128)
    with np.load(folder / WORK / "frames.npz") as seen:
        clip = Clip(folder, 128, Measured(**seen), PersonMasks(folder / WORK / "person"))
    with np.load(folder / WORK / "pose.npz") as arrays:
        for name, expected in BundlePose().track(clip, SILENT).arrays().items():
            # Sums have another order where BLAS has more threads.
            np.testing.assert_allclose(arrays[name], expected, rtol=1e-6, atol=1e-8)
    identity = Identity(folder)
    for frame, parts in enumerate(MeshParsing().parse(clip, SILENT)):
        np.testing.assert_array_equal(identity.parsing(frame), parts.parsing)
        np.testing.assert_array_equal(identity.teeth_mask(frame), parts.teeth)
