"""What the commands of a system run in: an interpreter, a conda environment, or a container."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..errors import TgbenchError, Unavailable
from ..files import cache_root, sha256
from .declaration import Declaration
from .failures import recognised

_SECONDS = 60.0
_DROPPED = frozenset({"VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV"})
_PASSED = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LANG", "TZ")
"""What a container is given of the variables of this process."""

_CONDA = ("micromamba", "mamba", "conda")
_SHARED_MEMORY = "8g"
"""For the data loaders of PyTorch; Docker gives 64 MB."""

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
print(json.dumps([version, sorted([str(a).lower(), str(b)] for a, b in found)]))
"""


@dataclass(frozen=True)
class Launch:
    """How to start a command in an environment.

    Attributes:
        argv: the program and its arguments.
        env: all environment variables.
        stop: a command that ends it from outside; may be empty.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    stop: tuple[str, ...] = ()


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

    def launch(
        self,
        command: Sequence[str],
        variables: Mapping[str, str],
        cwd: Path,
        folders: Sequence[Path],
    ) -> Launch:
        """Return how to start a command.

        Args:
            command: its first word may be `python`.
            variables: that the command is to have beside those of every command.
            cwd: where it runs.
            folders: that it must see, the first one to write to, others to read.
        """

    def image(self) -> str:
        """Return what identifies the image of a container; empty where there is none.

        Raises:
            Unavailable: it is not here.
        """


def environment_of(declaration: Declaration, override: str | None, checkout: Path) -> Environment:
    """Return the environment of a system on this machine.

    Args:
        declaration: of the system.
        override: what the user names instead: a Python interpreter, the folder of an environment,
            or an image; None: what the declaration names.
        checkout: of the system.

    Raises:
        Unavailable: it is not on this machine; the message says how to make it.
    """
    wanted = declaration.environment
    remedy = f"; {wanted.remedy}" if wanted.remedy else ""
    gpus = declaration.resources.gpus
    if wanted.kind in _CONTAINERS and (override is None or not Path(override).is_dir()):
        return _CONTAINERS[wanted.kind](wanted.kind, override or wanted.image, gpus)
    if override is not None:
        return _host(Path(override).expanduser(), remedy)
    if wanted.kind == "conda":
        return _conda(declaration, checkout)
    if not wanted.interpreter:
        version = f" {wanted.python}" if wanted.python else ""
        raise Unavailable(
            f"{declaration.name}: name the Python{version} that it runs in with "
            f"--set environment=PATH{remedy}"
        )
    return _host(Path(wanted.interpreter).expanduser(), remedy)


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
    launch = environment.launch(("python", "-c", _PROBE), {}, cwd, (cwd,))
    why = ""
    try:
        done = subprocess.run(
            launch.argv,
            env=dict(launch.env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
        said = (done.stdout + done.stderr).decode("utf-8", "replace")
        if done.returncode == 0:
            version, packages = json.loads(done.stdout.decode().splitlines()[-1])
            return Contents(version, dict(packages), image)
        known = recognised(said)
        lines = said.strip().splitlines()
        why = known.reason if known else lines[-1] if lines else f"exit code {done.returncode}"
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

    def launch(
        self,
        command: Sequence[str],
        variables: Mapping[str, str],
        cwd: Path,
        folders: Sequence[Path],
    ) -> Launch:
        # Not resolved: in a virtual environment it is a link to the Python that it was made of.
        place = self.interpreter.parent
        environment = {**_host_variables(), **variables}
        environment["PATH"] = f"{place}{os.pathsep}{environment.get('PATH', os.defpath)}"
        if self.runner:
            environment["CONDA_PREFIX"] = str(place.parent)
        first = str(self.interpreter) if command[0] == "python" else command[0]
        return Launch((*self.runner, first, *command[1:]), environment)

    def image(self) -> str:
        return ""


@dataclass(frozen=True)
class _Docker:
    """An image of Docker, or of Podman, which takes the same words."""

    program: str
    name: str
    gpus: int

    def launch(
        self,
        command: Sequence[str],
        variables: Mapping[str, str],
        cwd: Path,
        folders: Sequence[Path],
    ) -> Launch:
        container = f"tgbench-{secrets.token_hex(8)}"
        words = [self.program, "run", "--rm", "--init", "--pull", "never", "--name", container]
        words += ["--shm-size", _SHARED_MEMORY, "--workdir", str(cwd)]
        if self.program == "podman":
            words += ["--userns", "keep-id"]
        else:
            words += ["--user", f"{os.getuid()}:{os.getgid()}"]
        for index, folder in enumerate(folders):
            words += ["--volume", f"{folder}:{folder}{':ro' if index else ''}"]
        if self.gpus:
            words += self._gpu_words()
        for key, value in _container_variables(folders[0], variables).items():
            words += ["--env", f"{key}={value}"]
        words += ["--entrypoint", command[0], self.name, *command[1:]]
        return Launch(tuple(words), dict(os.environ), (self.program, "kill", container))

    def _gpu_words(self) -> list[str]:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
        if self.program == "podman":
            names = visible.split(",") if visible else ["all"]
            return [word for name in names for word in ("--device", f"nvidia.com/gpu={name}")]
        # The quotes belong to the value: without them Docker would split it at commas.
        return ["--gpus", f'"device={visible}"' if visible else "all"]

    def image(self) -> str:
        _require_program(self.program)
        words = (self.program, "image", "inspect", "--format", "{{.Id}}", self.name)
        try:
            done = subprocess.run(
                words,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
                text=True,
            )
        except subprocess.TimeoutExpired as error:
            raise Unavailable(f"{self.program} does not answer; restart it") from error
        if done.returncode:
            known = recognised(done.stderr)
            why = known.reason if known else f"the image {self.name} is not on this machine"
            raise Unavailable(f"{self.program}: {why}; `{self.program} pull {self.name}`")
        return f"image {done.stdout.strip()}"


@dataclass(frozen=True)
class _Apptainer:
    """An image of Apptainer, a file."""

    program: str
    name: str
    gpus: int

    def launch(
        self,
        command: Sequence[str],
        variables: Mapping[str, str],
        cwd: Path,
        folders: Sequence[Path],
    ) -> Launch:
        words = [self.program, "exec", "--cleanenv", "--no-home", "--pwd", str(cwd)]
        if self.gpus:
            words.append("--nv")
        for index, folder in enumerate(folders):
            words += ["--bind", f"{folder}:{folder}{':ro' if index else ''}"]
        inside = _container_variables(folders[0], variables)
        if visible := os.environ.get("CUDA_VISIBLE_DEVICES"):
            inside["CUDA_VISIBLE_DEVICES"] = visible
        # Not by --env, which would split values at commas.
        environment = dict(os.environ) | {f"APPTAINERENV_{k}": v for k, v in inside.items()}
        return Launch((*words, self.name, *command), environment)

    def image(self) -> str:
        _require_program(self.program)
        path = Path(self.name).expanduser()
        if not path.is_file():
            raise Unavailable(f"{path}: no such image; name it with --set environment=FILE.sif")
        return f"image sha256 {sha256(path)[:12]}"


_CONTAINERS = {"docker": _Docker, "podman": _Docker, "apptainer": _Apptainer}


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


def _conda(declaration: Declaration, checkout: Path) -> _Host:
    prefix, file = environment_prefix(declaration, checkout)
    if not (prefix / "bin" / "python").exists():
        program = _conda_program() or "conda"
        extra = "" if Path(program).name == "micromamba" else "env "
        raise Unavailable(
            f"{declaration.name}: its environment is not made yet; make it with `{program} "
            f"{extra}create --yes --prefix {prefix} --file {file}` (which downloads it), or name "
            "one with --set environment=PREFIX"
        )
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


def _container_variables(home: Path, variables: Mapping[str, str]) -> dict[str, str]:
    passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
    return {"HOME": str(home), **passed, **variables}


def _require_program(program: str) -> None:
    if shutil.which(program) is None:
        raise Unavailable(
            f"{program} is not on the path; install it, or name an environment of this machine "
            "with --set environment=..."
        )


def require_programs(names: Sequence[str], environment: Environment) -> None:
    """Refuse an environment of this machine in which a program is missing.

    Raises:
        TgbenchError: one is not on the path of its commands.
    """
    if not isinstance(environment, _Host):
        return
    path = environment.launch(("python",), {}, Path(), ()).env["PATH"]
    for name in names:
        if shutil.which(name, path=path) is None:
            raise TgbenchError(f"{name} is not on the path of the environment; install it")
