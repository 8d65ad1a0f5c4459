"""Stand-ins for sbatch, sacct, squeue, scancel and scontrol: a SLURM cluster of this machine.

Their options, output and exit codes are those of SLURM 23, as far as tgbench uses them. What they
share lies in the folder of TGBENCH_TEST_SLURM:

    gpus                 how many there are
    no_accounts          makes sacct fail, as on sites without accounting
    refused              what sbatch says instead of taking a job
    cluster              its name, "cluster" if it is missing
    alone                makes sbatch leave the name out, as where no cluster knows another
    calls.jsonl          arguments of each call
    <job>/<task>         state of a task
    <job>/<task>.lost    makes its node fail once
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

HOME = Path(os.environ.get("TGBENCH_TEST_SLURM", "."))
_KILL_WAIT = 2.0


@contextmanager
def installed(folder: Path, gpus: int = 1) -> Iterator[Path]:
    """Put the programs on the path; yield the folder that they share."""
    folder.mkdir()
    (folder / "gpus").write_text(str(gpus))
    programs = folder / "bin"
    programs.mkdir()
    for name in ("sbatch", "sacct", "squeue", "scancel", "scontrol"):
        program = programs / name
        program.write_text(
            f'#!/bin/sh\nTGBENCH_TEST_SLURM="{folder}" exec "{sys.executable}" -S "{__file__}" '
            f'{name} "$@"\n'
        )
        program.chmod(0o755)
    former = os.environ["PATH"]
    os.environ["PATH"] = f"{programs}{os.pathsep}{former}"
    try:
        yield folder
    finally:
        os.environ["PATH"] = former
        for about in folder.glob("*/job.json"):
            (about.parent / "cancelled").touch()


def sbatch(words: list[str]) -> int:
    if (HOME / "refused").exists():
        print((HOME / "refused").read_text(), file=sys.stderr)
        return 1
    options = dict(word.removeprefix("--").partition("=")[::2] for word in words[:-1])
    with (HOME / "number").open("a+") as counter:
        fcntl.flock(counter, fcntl.LOCK_EX)
        counter.write(".")
        counter.flush()
        number = counter.tell() + 100
    first, last, _, most = re.fullmatch(r"(\d+)-(\d+)(%(\d+))?", options["array"]).groups()
    job = HOME / str(number)
    job.mkdir()
    for task in range(int(first), int(last) + 1):
        _set(job, task, "PENDING")
    (job / "job.json").write_text(
        json.dumps({"options": options, "most": int(most or 10**6), "script": words[-1]})
    )
    subprocess.Popen(
        [sys.executable, __file__, "controller", str(number)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=(HOME / "controller.log").open("ab"),
        start_new_session=True,
    )
    print(f"{number};{_name()}" if number % 2 and not (HOME / "alone").exists() else number)
    return 0


def scontrol(words: list[str]) -> int:
    assert words == ["show", "config"]
    print(f"CliFilterPlugins        = (null)\nClusterName             = {_name()}\nEpilog = (null)")
    return 0


def sacct(words: list[str]) -> int:
    if (HOME / "no_accounts").exists():
        print("Slurm accounting storage is disabled", file=sys.stderr)
        return 1
    number = _option(words, "jobs")
    if _is_unknown(words) or not _is_named(number, words):
        return int(_is_unknown(words))
    states = _states(HOME / number)
    waiting = [task for task, state in states.items() if state == "PENDING"]
    for task, state in states.items():
        if state != "PENDING":
            print(f"{number}_{task}|{'CANCELLED by 0' if state == 'CANCELLED' else state}")
    if waiting:
        print(f"{number}_[{','.join(map(str, waiting))}%2]|PENDING")
    return 0


def squeue(words: list[str]) -> int:
    name, number = _option(words, "name"), _option(words, "jobs")
    if not number:
        for about in HOME.glob("*/job.json"):
            living = {"PENDING", "RUNNING"} & {*_states(about.parent).values()}
            if json.loads(about.read_text())["options"]["job-name"] == name and living:
                print(about.parent.name)
        return 0
    if _is_unknown(words) or not _is_named(number, words):
        return int(_is_unknown(words))
    states = {
        task: state
        for task, state in _states(HOME / number).items()
        if state in ("PENDING", "RUNNING")
    }
    if not states:
        print("slurm_load_jobs error: Invalid job id specified", file=sys.stderr)
        return 1
    for task, state in states.items():
        print(f"{number}_{task}|{state}")
    return 0


def scancel(words: list[str]) -> int:
    for word in words:
        number, _, task = word.partition("_")
        if word.startswith("--") or not _is_named(number, words):
            continue
        (HOME / number / f"{task and task + '.'}cancelled").touch()
    return 0


def controller(number: str) -> int:
    """Run the tasks of an array."""
    job = HOME / number
    about = json.loads((job / "job.json").read_text())
    running: dict[int, tuple[subprocess.Popen[bytes], int | None]] = {}
    while True:
        for task, (process, slot) in list(running.items()):
            if (lost := job / f"{task}.lost").exists() and process.poll() is None:
                lost.unlink()
                _kill(process, signal.SIGKILL)
                _set(job, task, "PENDING")
            elif process.poll() is not None:
                _set(job, task, "FAILED" if process.returncode else "COMPLETED")
            else:
                continue
            process.wait()
            del running[task]
            if slot is not None:
                os.close(slot)
        states = _states(job)
        if (job / "cancelled").exists():
            _cancel(job, running, states)
            return 0
        for one in job.glob("*.cancelled"):
            task = int(one.stem)
            there = {at: running.pop(at) for at in {task} & {*running}}
            _cancel(job, there, {task: states[task]})
            for _, slot in there.values():
                if slot is not None:
                    os.close(slot)
            states[task] = "CANCELLED"
            one.unlink()
        for task, state in states.items():
            if state == "PENDING" and len(running) < about["most"]:
                wants = "gres" in about["options"]
                found = _free_gpu() if wants else (None, "")
                if found is not None:
                    _set(job, task, "RUNNING")
                    running[task] = _start(number, task, about, found[1]), found[0]
        if not running and "PENDING" not in states.values():
            return 0
        time.sleep(0.02)


def _start(number: str, task: int, about: dict, gpu: str) -> subprocess.Popen[bytes]:
    log = about["options"]["output"].replace("%a", str(task)).replace("%%", "%")
    with open(log, "ab") as stream:
        return subprocess.Popen(
            ["/bin/sh", about["script"]],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
            env={
                **os.environ,
                "SLURM_ARRAY_JOB_ID": number,
                "SLURM_ARRAY_TASK_ID": str(task),
                "CUDA_VISIBLE_DEVICES": gpu,
            },
        )


def _cancel(job: Path, running: dict, states: dict[int, str]) -> None:
    for process, _ in running.values():
        _kill(process, signal.SIGTERM)
    for process, _ in running.values():
        with suppress(subprocess.TimeoutExpired):
            process.wait(_KILL_WAIT)
        _kill(process, signal.SIGKILL)
        process.wait()
    for task, state in states.items():
        if state in ("PENDING", "RUNNING"):
            _set(job, task, "CANCELLED")


def _free_gpu() -> tuple[int, str] | None:
    for gpu in range(int((HOME / "gpus").read_text())):
        slot = os.open(HOME / f"gpu-{gpu}", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(slot)
            continue
        return slot, str(gpu)
    return None


def _kill(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _set(job: Path, task: int, state: str) -> None:
    (job / f".{task}").write_text(state)
    (job / f".{task}").rename(job / str(task))


def _states(job: Path) -> dict[int, str]:
    tasks = sorted(int(path.name) for path in job.glob("[0-9]*") if path.name.isdigit())
    return {task: (job / str(task)).read_text() for task in tasks}


def _name() -> str:
    return (HOME / "cluster").read_text() if (HOME / "cluster").exists() else "cluster"


def _is_unknown(words: list[str]) -> bool:
    """Whether a cluster is asked for that this one does not know; then it says so."""
    cluster = _option(words, "clusters")
    if cluster in ("", _name()):
        return False
    print(f"error: No cluster '{cluster}' known by database.", file=sys.stderr)
    return True


def _is_named(number: str, words: list[str]) -> bool:
    """Whether a job has the name that is asked for."""
    about = HOME / number / "job.json"
    if not about.exists():
        return False
    return _option(words, "name") in ("", json.loads(about.read_text())["options"]["job-name"])


def _option(words: list[str], name: str) -> str:
    return next((w.partition("=")[2] for w in words if w.startswith(f"--{name}=")), "")


if __name__ == "__main__":
    program, *arguments = sys.argv[1:]
    if program != "controller":
        with (HOME / "calls.jsonl").open("a") as calls:
            calls.write(json.dumps([program, *arguments]) + "\n")
    sys.exit(globals()[program](*([arguments] if program != "controller" else arguments)))
