"""MediaPipe, loaded when needed and kept from talking on the user's terminal."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from types import ModuleType
from typing import Any

from ..errors import Unavailable
from ..extras import install_extra


@contextmanager
def quiet() -> Iterator[None]:
    """Drop what native code writes to standard error while the block runs.

    MediaPipe's and TensorFlow Lite's start-up notes go to file descriptor 2 past every Python
    and environment setting. Errors still arrive: they come as exceptions.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


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
