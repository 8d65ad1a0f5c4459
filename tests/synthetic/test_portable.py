from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tgbench.errors import TgbenchError
from tgbench.progress import SILENT, Task
from tgbench.synthetic import portable

X86 = platform.machine().lower() in ("x86_64", "amd64")

ASK = """
import ctypes, json, pathlib
import cv2, numpy
from numba.core.registry import cpu_target
from numpy._core import _multiarray_umath as umath
blas, = (pathlib.Path(numpy.__file__).parents[1] / "numpy.libs").glob("libopenblas*")
corename = ctypes.CDLL(str(blas)).openblas_get_corename64_
corename.restype = ctypes.c_char_p
print(json.dumps({
    "numpy": [name for name in umath.__cpu_dispatch__ if umath.__cpu_features__[name]],
    "opencv": [cv2.checkHardwareSupport(code) for code in (6, 7, 9, 10, 11)],
    "ipp": cv2.ipp.useIPP(),
    "blas": corename().decode(),
    "numba": cpu_target.target_context.codegen().magic_tuple()[1:],
}))
"""


class Counted:
    """A progress that notes what it is told."""

    def __init__(self) -> None:
        self.total: int | None = None
        self.done = 0

    @contextmanager
    def task(self, description: str, total: int | None) -> Iterator[Task]:
        self.total = total
        yield self

    def advance(self, steps: int = 1) -> None:
        self.done += steps

    def note(self, text: str) -> None:
        raise AssertionError(text)


@pytest.mark.skipif(not X86, reason="instruction sets of x86-64")
def test_libraries_say_that_nothing_of_this_processor_is_left_to_choose() -> None:
    told = subprocess.run(
        [sys.executable, "-c", ASK],
        env=portable.portable_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(told.stdout) == {
        "numpy": [],
        "opencv": [False] * 5,
        "ipp": False,
        "blas": "Nehalem",
        "numba": ["generic", ""],
    }


def test_frames_are_counted(tmp_path: Path) -> None:
    progress = Counted()
    portable.run_portably("", ["identity", str(tmp_path), "synth-a", "64", "0.8"], progress)
    assert progress.total == progress.done == 20 == len(list(tmp_path.glob("gt_imgs/*.jpg")))


def test_what_goes_wrong_there_is_raised_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    with pytest.raises((FileExistsError, NotADirectoryError)) as raised:
        portable.run_portably("", ["track", str(in_the_way), "track-voice"], SILENT)
    assert str(in_the_way) in str(raised.value.filename)
    with pytest.raises(RuntimeError, match="KeyError: 'track-none'"):
        portable.run_portably("", ["track", str(tmp_path), "track-none"], SILENT)

    worker = tmp_path / "reporting_worker.py"
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(portable, "WORKER", "reporting_worker")
    for before in ("", '{"total": 1}\\n'):
        worker.write_text(f"""print('{before}{{"error": "no such thing"}}')""")
        with pytest.raises(TgbenchError, match="no such thing"):
            portable.run_portably("", [], SILENT)


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_it_ends_with_its_parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the middle leaves no process that goes on writing."""
    note = tmp_path / "pid"
    (tmp_path / "endless_worker.py").write_text(
        "import os, pathlib, signal, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        f"pathlib.Path({str(note)!r}).write_text(str(os.getpid()))\n"
        "print('{\"total\": null}', flush=True)\n"
        "time.sleep(60)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(portable, "WORKER", "endless_worker")

    class Interrupted(Counted):
        def task(self, description: str, total: int | None) -> Iterator[Task]:  # type: ignore[override]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        portable.run_portably("", [], Interrupted())
    worker = int(note.read_text())
    time.sleep(0.05)
    with pytest.raises(ProcessLookupError):
        os.kill(worker, signal.SIG_DFL)
