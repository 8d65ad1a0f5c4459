"""What the commands of a system run in: an interpreter, a conda environment, or a container."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..errors import TgbenchError, Unavailable
from ..files import cache_root, remove, sha256
from ..processes.ended import Ended, run_to_end
from ..progress import SILENT, Progress
from .containers import Apptainer, Docker
from .declaration import Declaration
from .failures import recognised
from .launching import Command, Launch
from .programs import run_program

_SECONDS = 60.0
_DROPPED = frozenset({"VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV"})
_CONDA = ("micromamba", "mamba", "conda")
_ANSWER = "\ntgbench: "
# Runs in Python 3.6, too; packages by pkg_resources where there is no importlib.metadata.
_PROBE = """
import json, sys
try:
    from importlib.metadata import distributions
    found = [(d.metadata["Name"], d.version) for d in distributions()]
except ImportError:
    import pkg_resources
    found = [(d.project_name, d.version) for d in pkg_resources.working_set]
version = ".".join(map(str, sys.version_info[:3]))
print("\\ntgbench: " + json.dumps([version, sorted([str(a).lower(), str(b)] for a, b in found)]))
"""


@dataclass(frozen=True)
class Contents:
    """What is installed in an environment.

    Attributes:
        python: version.
        packages: version by name in lower case.
        image: what identifies the image of a container; may be empty.
    """

    python: str
    packages: Mapping[str, str]
    image: str = ""

    def __str__(self) -> str:
        """Name it in a few words, as results do."""
        shown = [
            f"{name} {self.packages[name]}"
            for name in ("torch", "tensorflow", "numpy")
            if name in self.packages
        ]
        return ", ".join([f"Python {self.python}", *shown, *filter(None, [self.image])])


class Environment(Protocol):
    """Runs commands of a system."""

    def launch(self, command: Command) -> Launch:
        """Return how to start a command."""

    def image(self) -> str:
        """Return what identifies the image of a container; empty where there is none.

        Raises:
            Unavailable: it is not here.
        """


def environment_of(
    declaration: Declaration,
    override: str | None,
    checkout: Path,
    create: bool = False,
    progress: Progress = SILENT,
) -> Environment:
    """Return the environment of a system on this machine.

    Args:
        declaration: of the system.
        override: what the user names instead: a Python interpreter, the folder of an environment,
            or an image; None: what the declaration names.
        checkout: of the system.
        create: whether a conda environment that is missing is made, which downloads it.
        progress: where to report that.

    Raises:
        Unavailable: it is not on this machine; the message says how to make it.
        ProgramFailed: it cannot be made, as because it does not solve.
    """
    wanted = declaration.environment
    remedy = f"; {wanted.remedy}" if wanted.remedy else ""
    gpus = declaration.resources.gpus
    if wanted.kind in _CONTAINERS and (override is None or not Path(override).is_dir()):
        return _CONTAINERS[wanted.kind](wanted.kind, override or wanted.image, gpus)
    if override is not None:
        return _host(Path(override).expanduser(), remedy)
    if wanted.kind == "conda":
        return _conda(declaration, checkout, create, progress)
    if not wanted.interpreter:
        version = f" {wanted.python}" if wanted.python else ""
        raise Unavailable(
            f"{declaration.name}: name the Python{version} that it runs in with "
            f"--set environment=PATH{remedy}"
        )
    return _host(Path(wanted.interpreter).expanduser(), remedy)


def run_python(environment: Environment, code: str, cwd: Path, seconds: float) -> Ended:
    """Run a few lines in the Python of an environment; nothing of it is left, nor of its container.

    Raises:
        OSError, subprocess.SubprocessError: it cannot be started, or takes longer.
    """
    launch = environment.launch(Command(("python", "-c", code), cwd, (cwd,)))
    return run_to_end(launch.argv, seconds, cwd=cwd, env=launch.env, stop=launch.stop)


def contents_of(environment: Environment, name: str, cwd: Path) -> Contents:
    """Return what is installed in an environment, by running its Python.

    Args:
        environment: to look into.
        name: of the system, for messages.
        cwd: an existing folder.

    Raises:
        Unavailable: its Python does not run.
    """
    image = environment.image()
    why = ""
    try:
        done = run_python(environment, _PROBE, cwd, _SECONDS)
        said = done.said
        if done.code == 0:
            # Others may say something, too: a container's start, or a program of its exit.
            answer = said.rpartition(_ANSWER)[2].partition("\n")[0]
            version, packages = json.loads(answer)
            return Contents(version, dict(packages), image)
        known = recognised(said)
        lines = said.strip().splitlines()
        why = known.reason if known else lines[-1] if lines else f"exit code {done.code}"
    except subprocess.TimeoutExpired:
        why = f"it does not answer within {_SECONDS:g} s"
    except (OSError, ValueError, IndexError) as error:
        why = str(error)
    raise Unavailable(
        f"{name}: the Python of its environment does not run ({why}); make the environment again, "
        "or name another one with --set environment=..."
    )


def environment_prefix(declaration: Declaration, checkout: Path) -> tuple[Path, Path]:
    """Return where the environment of a conda file belongs, and the file.

    Raises:
        Unavailable: there is no such file.
    """
    name = declaration.environment.file
    inside = name.removeprefix("{checkout}/")
    base = checkout if inside != name else declaration.path.parent
    file = base / inside
    if not file.is_file():
        raise Unavailable(f"{file}: no such environment file; see {declaration.path}")
    prefix = cache_root() / "environments" / f"{declaration.name}-{sha256(file)[:12]}"
    return prefix, file


@dataclass(frozen=True)
class _Host:
    """A Python of this machine, and the programs beside it."""

    interpreter: Path
    runner: tuple[str, ...] = ()

    def launch(self, command: Command) -> Launch:
        # Not resolved: in a virtual environment it is a link to the Python that it was made of.
        place = self.interpreter.parent
        environment = {**_host_variables(), **command.variables}
        environment["PATH"] = f"{place}{os.pathsep}{environment.get('PATH', os.defpath)}"
        if self.runner:
            environment["CONDA_PREFIX"] = str(place.parent)
        program, *arguments = command.words
        first = str(self.interpreter) if program == "python" else program
        return Launch((*self.runner, first, *arguments), environment)

    def image(self) -> str:
        return ""


_CONTAINERS: Mapping[str, Callable[[str, str, int], Environment]] = {
    "docker": Docker,
    "podman": Docker,
    "apptainer": Apptainer,
}


def _host(place: Path, remedy: str) -> _Host:
    """Return the environment of an interpreter, or of a folder that holds one."""
    interpreter = place / "bin" / "python" if place.is_dir() else place
    if not (interpreter.is_file() and os.access(interpreter, os.X_OK)):
        raise Unavailable(
            f"{place}: is neither a Python nor the folder of an environment{remedy}; name one with "
            "--set environment=PATH"
        )
    interpreter = interpreter.absolute()
    prefix = interpreter.parent.parent
    runner: tuple[str, ...] = ()
    if (prefix / "conda-meta").is_dir() and (program := _conda_program()):
        # What its packages do when they are activated counts, such as CUDA_HOME.
        quiet = () if Path(program).name == "micromamba" else ("--no-capture-output",)
        runner = (program, "run", *quiet, "--prefix", str(prefix))
    return _Host(interpreter, runner)


def _conda(declaration: Declaration, checkout: Path, create: bool, progress: Progress) -> _Host:
    prefix, file = environment_prefix(declaration, checkout)
    if not (prefix / "bin" / "python").exists():
        program = _conda_program() or "conda"
        words = ["create", "--yes", "--prefix", str(prefix), "--file", str(file)]
        command = [program, *([] if Path(program).name == "micromamba" else ["env"]), *words]
        if not create:
            raise Unavailable(
                f"{declaration.name}: its environment is not made yet; `{shlex.join(command)}` or "
                "--set create_environment=true make it (both download it), or name one with "
                "--set environment=PREFIX"
            )
        try:
            run_program(
                command,
                cwd=file.parent,
                env=_host_variables(),
                log=prefix.with_name(f"{prefix.name}.log"),
                progress=progress,
                what=f"making the environment of {declaration.name}",
            )
        except BaseException:
            # Half an environment would be taken for a whole one.
            remove(prefix)
            raise
    return _host(prefix, "")


def _conda_program() -> str | None:
    named = os.environ.get("MAMBA_EXE") or os.environ.get("CONDA_EXE")
    if named and os.access(named, os.X_OK):
        return named
    return next(filter(None, map(shutil.which, _CONDA)), None)


def _host_variables() -> dict[str, str]:
    """Return the variables of this process without what would lead to its own Python."""
    return {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("PYTHON") and key not in _DROPPED
    }


def require_programs(names: Sequence[str], environment: Environment) -> None:
    """Refuse an environment of this machine in which a program is missing.

    Raises:
        TgbenchError: one is not on the path of its commands.
    """
    if not isinstance(environment, _Host):
        return
    path = environment.launch(Command(("python",), Path(), ())).env["PATH"]
    for name in names:
        if shutil.which(name, path=path) is None:
            raise TgbenchError(f"{name} is not on the path of the environment; install it")
