"""MediaPipe, loaded when needed and kept from talking on the user's terminal."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
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
        with quiet():
            return importlib.import_module(f"mediapipe.python.solutions.{name}")
    except ImportError as error:
        raise Unavailable(
            f"faces cannot be found without MediaPipe ({error}); {install_extra('face')}"
        ) from error


def version() -> str:
    """Return MediaPipe's version, as provenance records it."""
    return metadata.version("mediapipe")
