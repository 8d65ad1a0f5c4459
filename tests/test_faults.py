"""Faults of the machine are reported in one line, and are never called a bug."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tgbench import cli
from tgbench.errors import Unavailable
from tgbench.faults import explain
from tgbench.files import cache_root

TGBENCH = (sys.executable, "-m", "tgbench")


def run_shell(command: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command of the shell, with $TGBENCH in it for the command line."""
    return subprocess.run(
        ["bash", "-c", command],
        env={**os.environ, "TGBENCH": " ".join(TGBENCH), **environment},
        capture_output=True,
        timeout=120,
    )


# What a file system, a process table or a network may answer (errno(3)), without what tells of a
# wrong program.
WORLDLY = sorted(set(errno.errorcode) - {errno.EBADF, errno.EFAULT, errno.ENOTSOCK, errno.ECHILD})


@pytest.mark.parametrize("number", WORLDLY)
def test_no_error_of_the_system_is_a_defect(number: int) -> None:
    told = explain(OSError(number, os.strerror(number), "some/file"))
    assert told is not None
    assert told.startswith("some/file: ")
    assert len(told.splitlines()) == 1


def failing(command: str) -> Exception:
    try:
        subprocess.run(command, shell=True, check=True, capture_output=True)
    except subprocess.CalledProcessError as error:
        return error
    raise AssertionError("it must fail")


def endless() -> Exception:
    try:
        subprocess.run(["sleep", "9"], timeout=0.01)
    except subprocess.TimeoutExpired as error:
        return error
    raise AssertionError("it must take too long")


def without_memory() -> Exception:
    import torch

    try:
        torch.empty(1 << 60, dtype=torch.uint8)
    except RuntimeError as error:
        return error
    raise AssertionError("no machine has that much")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: failing("echo first >&2; echo the last word >&2; exit 3"),
            "code 3: the last",
        ),
        (lambda: failing("kill -9 $$"), "signal 9"),
        (endless, "`sleep 9` did not finish within"),
        (without_memory, "out of memory"),
        (lambda: MemoryError("Unable to allocate 7 TiB"), "out of memory"),
        (lambda: RuntimeError("can't start new thread"), "no more processes or threads"),
        # What C++ says of EAGAIN (std::system_error of libstdc++).
        (lambda: RuntimeError(os.strerror(errno.EAGAIN)), "no more processes or threads"),
        (lambda: ImportError("libx.so: failed to map segment from shared object"), "out of memory"),
        (lambda: ImportError("libcuda.so: cannot open", name="torch"), "torch cannot be imported"),
        (lambda: OSError(errno.EMFILE, "Too many open files", "a"), "ulimit -n"),
        (lambda: UnicodeEncodeError("utf-8", "a\udcff", 1, 2, "surrogates"), "not valid UTF-8"),
    ],
)
def test_faults_are_told_with_their_remedy(make: Callable[[], Exception], said: str) -> None:
    told = explain(make())
    assert told is not None
    assert said in told


def test_a_full_disk_is_seen_behind_what_a_library_made_of_it() -> None:
    """As when torch, whose write failed, cannot end its archive either."""
    error = RuntimeError("unexpected pos 64 vs 0")
    error.__context__ = OSError(errno.ENOSPC, "No space left on device", "model.pt")
    assert "model.pt: the disk is full" in str(explain(error))


@pytest.mark.parametrize(
    "error", [KeyError("a"), RuntimeError("inside"), OSError(errno.EBADF, "bad"), TypeError("x")]
)
def test_a_defect_is_a_defect(error: Exception) -> None:
    assert explain(error) is None


def test_a_missing_file_explains_no_other_error() -> None:
    error = KeyError("a")
    error.__context__ = FileNotFoundError(errno.ENOENT, "No such file", "elsewhere")
    assert explain(error) is None


def test_a_defect_of_a_plug_in_names_the_plug_in(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs: dict[str, object] = {"__name__": "their_method.method"}
    exec("def fit(*_): raise ValueError('shape')", theirs)
    monkeypatch.setattr("tgbench.plugins.foreign_packages", lambda: {"their_method"})
    monkeypatch.setattr("tgbench.commands.schema.execute", theirs["fit"])
    assert cli.main(["schema"]) == 1
    assert "bug in the plug-in their_method" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_output_that_a_disk_does_not_take_fails_in_words() -> None:
    done = run_shell("$TGBENCH schema > /dev/full")
    assert done.returncode == 2
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("error: the disk is full; ")


def test_nobody_reading_is_no_fault() -> None:
    done = run_shell("set -o pipefail; $TGBENCH list | true; echo ${PIPESTATUS[0]}")
    assert done.stdout.split()[-1] in (b"141", b"0")
    assert done.stderr == b""


@pytest.mark.parametrize("closed", ["2>&-", "<&-", "<&- 2>&-"])
def test_closed_streams_change_nothing(closed: str) -> None:
    done = run_shell(f"$TGBENCH list {closed}")
    assert (done.returncode, done.stdout) == (0, run_shell("$TGBENCH list").stdout)


def test_no_file_takes_the_place_of_a_closed_stream(tmp_path: Path) -> None:
    """Where the lowest number is free a file gets it, and then what a library complains of."""
    code = (
        "import os, tgbench.terminal.streams as s; s.prepare_streams();"
        "f = open('kept', 'w'); os.write(2, b'a complaint'); os.write(1, b'a word')"
    )
    done = run_shell(f'cd {tmp_path} && {sys.executable} -c "{code}" <&- >&- 2>&-')
    assert done.returncode == 0
    assert (tmp_path / "kept").read_bytes() == b""


@pytest.mark.parametrize("encoding", ["ascii", "ascii:strict", "latin-1"])
def test_letters_that_an_encoding_lacks_stop_nothing(encoding: str) -> None:
    done = run_shell(
        f'{sys.executable} -c "from tgbench.terminal.streams import *; prepare_streams(); '
        "print('PSNR ↑ 語')\"",
        PYTHONIOENCODING=encoding,
    )
    assert (done.returncode, done.stdout) == (0, b"PSNR ^ \\u8a9e\n")


@pytest.mark.parametrize(
    "words", [["validate"], ["report"], ["score", "--prediction"], ["bundle"], ["compare"]]
)
def test_names_that_are_no_text_are_told(
    words: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    name = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe")
    os.mkdir(name)
    assert cli.main([*words, name]) in (1, 2)
    printed = capfd.readouterr()
    assert r"\udcff\udcfe" in printed.out + printed.err
    assert "bug" not in printed.err


@pytest.mark.parametrize("option", ["--identity", "--out"])
def test_such_a_name_is_refused_before_any_work(
    option: str,
    tiny_identity: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def worked(*_: object) -> None:
        raise AssertionError("nothing may be done before")

    name = os.fsdecode(os.fsencode(tmp_path) + b"/\xff")
    shutil.copytree(tiny_identity, name)
    given = {"--identity": str(tiny_identity), "--out": str(tmp_path / "out"), option: name}
    monkeypatch.setattr("tgbench.running.worker.fit", worked)
    run = ["run", "--method", "still", "--protocol", "self_reconstruction"]
    assert cli.main([*run, *(word for pair in given.items() for word in pair)]) == 2
    assert "not valid UTF-8" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no limit of this kind")
def test_too_little_memory_is_told_before_anything_hangs() -> None:
    done = run_shell("ulimit -v 600000; $TGBENCH report nowhere")
    assert done.returncode == 2
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("error: memory is limited to 585 MB (ulimit -v)")
    assert run_shell("ulimit -v 600000; $TGBENCH list").returncode == 0


def test_too_many_open_files_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def open_many(*_: object) -> int:
        streams = []
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
        try:
            while True:
                streams.append(open(os.devnull))  # noqa: SIM115
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    monkeypatch.setattr("tgbench.commands.schema.execute", open_many)
    assert cli.main(["schema"]) == 2
    assert "/dev/null: too many open files" in capsys.readouterr().err


def test_no_home_folder_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("TGBENCH_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(Unavailable, match="set TGBENCH_CACHE"):
        cache_root()


def test_a_cache_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.delenv("TGBENCH_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    run = ["run", "--method", "still", "--protocol", "self_reconstruction", "--size", "64"]
    assert cli.main([*run, "--out", str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "cannot write here" in line
    assert "set TGBENCH_CACHE" in line


def test_compiled_code_finds_a_place(tmp_path: Path) -> None:
    """Where neither the folder of the source nor the user's own cache can be written."""
    code = (
        "import numba.core.caching as c\n"
        "kept = [l for l in c.CacheImpl._locator_classes if 'Provided' in l.__name__]\n"
        "c.CacheImpl._locator_classes = kept\n"
        "import os, tgbench.compiled as t\n"
        "t.njit(cache=True)(t._nothing)\n"
        "print(os.environ['NUMBA_CACHE_DIR'])\n"
    )
    environment = {**os.environ, "TGBENCH_CACHE": str(tmp_path)}
    environment.pop("NUMBA_CACHE_DIR", None)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert done.stdout.strip() == str(tmp_path / "compiled"), done.stderr
