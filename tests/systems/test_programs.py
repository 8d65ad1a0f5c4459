"""Programs of others: how they end, and that nothing of them is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tgbench.progress import SILENT, Progress
from tgbench.systems.program_log import KEPT_BYTES
from tgbench.systems.programs import ProgramFailed, run_program

Run = Callable[..., str]

FAMILY = """
import os, subprocess, sys, time
from pathlib import Path
child = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(60)"
for name in ("same", "own"):
    path = Path(name + ".pid")
    subprocess.Popen([sys.executable, "-c", child, str(path)], start_new_session=name == "own")
    while not path.exists() or not path.read_text():
        time.sleep(0.01)
Path("main.pid").write_text(str(os.getpid()))
"""
"""A program whose children are in its own session, and in another."""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def start(code: str, **options: object) -> str:
        command = [sys.executable, "-c", code]
        log = tmp_path / "logs" / "it.log"
        run_program(command, cwd=tmp_path, env=dict(os.environ), log=log, **options)
        return log.read_text()

    return start


def failure(run: Run, code: str, **options: object) -> ProgramFailed:
    with pytest.raises(ProgramFailed) as failed:
        run(code, **options)
    assert failed.value.log.is_file()
    assert str(failed.value.log) in str(failed.value)
    assert "\n" not in str(failed.value)
    return failed.value


def family(folder: Path) -> list[int]:
    return [int(path.read_text()) for path in folder.glob("*.pid")]


def alive(processes: list[int]) -> list[int]:
    """Return which processes still run; a zombie does not."""
    return [p for p in processes if Path(f"/proc/{p}").exists() and not _is_zombie(p)]


def _is_zombie(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def vanish(processes: list[int], seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while alive(processes) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not alive(processes)


def test_its_words_are_kept_run_after_run(run: Run) -> None:
    run("import sys; print('first'); print('to the other stream', file=sys.stderr)")
    said = run("print('second')")
    assert said.index("first") < said.index("second")
    assert "to the other stream" in said


def test_no_shell_reads_its_arguments(tmp_path: Path) -> None:
    words = [sys.executable, "-c", "import sys; print(sys.argv[1:])", "$HOME; `ls` *", ""]
    run_program(words, cwd=tmp_path, env=dict(os.environ), log=tmp_path / "log")
    assert "['$HOME; `ls` *', '']" in (tmp_path / "log").read_text()


def test_it_has_no_other_environment_and_nothing_to_read(tmp_path: Path) -> None:
    code = "import os, sys; print(sorted(os.environ), sys.stdin.read())"
    run_program(
        [sys.executable, "-I", "-c", code], cwd=tmp_path, env={"ONE": "1"}, log=tmp_path / "log"
    )
    last = (tmp_path / "log").read_text().splitlines()[-1]
    assert "'ONE'" in last
    assert "'PATH'" not in last


def test_a_failure_names_code_and_last_words(run: Run) -> None:
    failed = failure(run, "raise SystemExit('frame 17 is odd')")
    assert "exit code 1" in failed.reason
    assert "frame 17 is odd" in failed.reason


def test_a_crash_is_no_defect_of_ours(run: Run) -> None:
    failed = failure(run, "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    assert "SIGSEGV" in failed.reason
    assert "bug" not in str(failed)


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ProgramFailed, match=r"/nowhere/python.*No such file"):
        run_program(["/nowhere/python"], cwd=tmp_path, env={}, log=tmp_path / "log")


def test_one_that_hangs_is_ended_with_all_its_children(run: Run, tmp_path: Path) -> None:
    code = FAMILY + "import signal; signal.signal(signal.SIGTERM, signal.SIG_DFL); time.sleep(60)"
    failed = failure(run, code, time_limit=1.5)
    assert "1.5 s" in failed.reason
    assert len(family(tmp_path)) == 3
    assert not alive(family(tmp_path))


def test_what_it_leaves_in_the_background_is_ended(run: Run, tmp_path: Path) -> None:
    run(FAMILY)
    assert len(family(tmp_path)) == 3
    assert not alive(family(tmp_path))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_nothing_outlives_tgbench(tmp_path: Path, number: int) -> None:
    program = tmp_path / "program.py"
    program.write_text(FAMILY + "time.sleep(60)")
    code = (
        "import os, sys; from pathlib import Path; from tgbench.systems.programs import run_program"
        "\nimport signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"run_program([sys.executable, {str(program)!r}], cwd=Path({str(tmp_path)!r}), "
        f"env=dict(os.environ), log=Path({str(tmp_path / 'log')!r}))"
    )
    suite = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(family_names(tmp_path)) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    processes = family(tmp_path)
    assert len(alive(processes)) == 3
    suite.send_signal(number)
    suite.wait(30)
    assert vanish(processes)


def family_names(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("*.pid") if path.read_text()]


def test_the_log_of_one_that_talks_without_end_stays_small(run: Run, tmp_path: Path) -> None:
    code = (
        "import sys\nprint('the beginning')\nline = 'x' * 9999 + '\\n'\n"
        "for _ in range(6000): sys.stdout.write(line)\nprint('the end')"
    )
    said = run(code)
    assert KEPT_BYTES < len(said) < 4 * KEPT_BYTES < 60_000_000
    assert "the beginning" in said
    assert said.endswith("the end\n")
    assert "left out" in said


def test_one_that_writes_too_much_is_stopped(run: Run, tmp_path: Path) -> None:
    code = (
        "import time\nwith open('big', 'wb') as stream:\n"
        "    for _ in range(3000):\n        stream.write(bytes([1]) * 100_000); time.sleep(0.01)"
    )
    failed = failure(run, code, output_limit=2_000_000)
    assert str(tmp_path) in failed.reason
    assert (tmp_path / "big").stat().st_size < 300_000_000


def test_what_was_there_before_does_not_count(run: Run, tmp_path: Path) -> None:
    (tmp_path / "before").write_bytes(bytes(5_000_000))
    run("open('small', 'w').write('x')", output_limit=1_000_000)
    failed = failure(run, "open('big', 'wb').write(bytes(5_000_000))", output_limit=1_000_000)
    assert "0.01 GB" in failed.reason or "0.00 GB" in failed.reason


def test_its_last_words_are_shown_while_it_runs(run: Run) -> None:
    class Noted:
        def __init__(self) -> None:
            self.notes: list[str] = []

        def advance(self, steps: int = 1) -> None:
            pass

        def note(self, text: str) -> None:
            self.notes.append(text)

    task = Noted()

    class Shown:
        def task(self, *_: object) -> object:
            import contextlib

            return contextlib.nullcontext(task)

    shown: Progress = Shown()  # type: ignore[assignment]
    code = "import time; print('step 1\\rstep 2\\x1b[2J', end='', flush=True); time.sleep(0.5)"
    run(code, progress=shown)
    assert any("step 2" in note for note in task.notes)
    assert not any("\x1b" in note or "\r" in note for note in task.notes)
    run("pass", progress=SILENT)
