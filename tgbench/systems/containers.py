"""Command lines of containers: Docker, Podman and Apptainer."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ..errors import Unavailable
from ..files import sha256
from .failures import recognised
from .launching import Command, Launch

_SECONDS = 60.0
_PASSED = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LANG", "TZ")
"""What a container is given of the variables of this process."""

_SHARED_MEMORY = "8g"
"""For the data loaders of PyTorch; Docker gives 64 MB."""


@dataclass(frozen=True)
class Docker:
    """An image of Docker, or of Podman, which takes the same words."""

    program: str
    name: str
    gpus: int

    def launch(self, command: Command) -> Launch:
        """Return how to start a command; see `Environment`."""
        container = f"tgbench-{secrets.token_hex(8)}"
        words = [self.program, "run", "--rm", "--init", "--pull", "never", "--name", container]
        words += ["--shm-size", _SHARED_MEMORY, "--workdir", str(command.cwd)]
        if self.program == "podman":
            words += ["--userns", "keep-id"]
        else:
            words += ["--user", f"{os.getuid()}:{os.getgid()}"]
        for index, folder in enumerate(command.folders):
            words += ["--volume", f"{folder}:{folder}{':ro' if index else ''}"]
        if self.gpus:
            words += self._gpu_words()
        for key, value in _container_variables(command).items():
            words += ["--env", f"{key}={value}"]
        program, *arguments = command.words
        words += ["--entrypoint", program, self.name, *arguments]
        return Launch(tuple(words), dict(os.environ), (self.program, "kill", container))

    def _gpu_words(self) -> list[str]:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
        if self.program == "podman":
            names = visible.split(",") if visible else ["all"]
            return [word for name in names for word in ("--device", f"nvidia.com/gpu={name}")]
        # The quotes belong to the value: without them Docker would split it at commas.
        return ["--gpus", f'"device={visible}"' if visible else "all"]

    def image(self) -> str:
        """Return what identifies the image; see `Environment`."""
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
class Apptainer:
    """An image of Apptainer, a file."""

    program: str
    name: str
    gpus: int

    def launch(self, command: Command) -> Launch:
        """Return how to start a command; see `Environment`."""
        words = [self.program, "exec", "--cleanenv", "--no-home", "--pwd", str(command.cwd)]
        if self.gpus:
            words.append("--nv")
        for index, folder in enumerate(command.folders):
            words += ["--bind", f"{folder}:{folder}{':ro' if index else ''}"]
        inside = _container_variables(command)
        if visible := os.environ.get("CUDA_VISIBLE_DEVICES"):
            inside["CUDA_VISIBLE_DEVICES"] = visible
        # Not by --env, which would split values at commas.
        environment = dict(os.environ) | {f"APPTAINERENV_{k}": v for k, v in inside.items()}
        return Launch((*words, self.name, *command.words), environment)

    def image(self) -> str:
        """Return what identifies the image; see `Environment`."""
        _require_program(self.program)
        path = Path(self.name).expanduser()
        if not path.is_file():
            raise Unavailable(f"{path}: no such image; name it with --set environment=FILE.sif")
        return f"image sha256 {sha256(path)[:12]}"


def _container_variables(command: Command) -> dict[str, str]:
    passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
    return {"HOME": str(command.folders[0]), **passed, **command.variables}


def _require_program(program: str) -> None:
    if shutil.which(program) is None:
        raise Unavailable(
            f"{program} is not on the path; install it, or name an environment of this machine "
            "with --set environment=..."
        )
