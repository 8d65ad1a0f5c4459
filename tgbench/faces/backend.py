"""MediaPipe, loaded when needed and kept from talking on the user's terminal."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from types import ModuleType
from typing import Any

from ..errors import Unavailable
from ..extras import install_extra


@contextmanager
def quiet() -> Iterator[None]:
    """Drop what is written to standard error while any thread is in such a block.

    MediaPipe's and TensorFlow Lite's start-up notes go to file descriptor 2 past every Python
    and environment setting. Errors still arrive: they come as exceptions.
    """
    _standard_error.drop()
    try:
        yield
    finally:
        _standard_error.restore()


class _StandardError:
    """File descriptor 2, which the process has once, whatever threads want it quiet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._quiet_blocks, self._saved = 0, -1

    def drop(self) -> None:
        with self._lock:
            if self._quiet_blocks == 0:
                sys.stderr.flush()
                self._saved = os.dup(2)
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, 2)
                os.close(nowhere)
            self._quiet_blocks += 1

    def restore(self) -> None:
        with self._lock:
            self._quiet_blocks -= 1
            if self._quiet_blocks == 0:
                os.dup2(self._saved, 2)
                os.close(self._saved)


_standard_error = _StandardError()


def solution(name: str) -> Any:
    """Return one of MediaPipe's packaged solutions, such as `face_mesh`.

    Raises:
        Unavailable: MediaPipe is not installed, or is a version without the packaged models.
    """
    os.environ.setdefault("GLOG_minloglevel", "3")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with quiet(), _without_matplotlib():
            return importlib.import_module(f"mediapipe.python.solutions.{name}")
    except ImportError as error:
        raise Unavailable(
            f"faces cannot be found without MediaPipe ({error}); {install_extra('face')}"
        ) from error


@contextmanager
def _without_matplotlib() -> Iterator[None]:
    """Import without Matplotlib, if nothing has imported it yet.

    MediaPipe imports it, which takes most of a second, for one function that draws and that
    nothing here calls.
    """
    if "matplotlib" in sys.modules:
        yield
        return
    names = ("matplotlib", "matplotlib.pyplot")
    sys.modules.update({name: ModuleType(name) for name in names})
    try:
        yield
    finally:
        for name in names:
            sys.modules.pop(name, None)


def version() -> str:
    """Return MediaPipe's version, as provenance records it."""
    return metadata.version("mediapipe")
