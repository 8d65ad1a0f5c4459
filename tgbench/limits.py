"""Whether a limit on memory leaves room for the libraries that compute."""

from __future__ import annotations

import resource
import subprocess

from .errors import TgbenchError
from .processes.python import python_command

_SECONDS = 60
"""Of processor time; two or three are normal."""

_LOADS = (
    "import torch, numba, numpy, scipy.linalg, cv2, av, pandas, pyarrow;"
    "a = numpy.eye(300); a @ a; scipy.linalg.inv(a); torch.eye(300) @ torch.eye(300)"
)


def refuse_too_little_memory() -> None:
    """Make sure that the libraries load where memory is limited (`ulimit -v`).

    OpenBLAS, which NumPy and SciPy contain, retries forever and silently where it gets no memory.
    So where there is a limit, a child process tries first, in bounded time.

    Raises:
        TgbenchError: they do not load.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return
    tried = subprocess.run(
        python_command("-c", _LOADS),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        preexec_fn=_limit_time,
    )
    if tried.returncode:
        said = (tried.stderr.strip().splitlines() or ["no message"])[-1]
        raise TgbenchError(
            f"memory is limited to {limit >> 20} MB (ulimit -v), too little to load the numerical "
            f"libraries ({said}); raise the limit, or remove it with `ulimit -v unlimited`"
        )


def _limit_time() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
