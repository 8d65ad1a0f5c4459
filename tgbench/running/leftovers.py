"""What killed runs left: unfinished files may hold frames without a label, so they go."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from ..files import cache_root, is_leftover, remove, remove_leftovers
from .fit_record import FIT_FILES
from .fitting import MODELS
from .replacing import is_passing, recover_all
from .result import CASE_FILES


def remove_all_leftovers(out: Path) -> None:
    """Remove what killed processes left in a folder of results, the cache, and the system's folder.

    What a living process is writing stays.

    Args:
        out: folder of results.
    """
    recover_all(out / MODELS, FIT_FILES)
    recover_all(out, CASE_FILES)
    for place, folders, files in os.walk(out):
        for name in filter(is_leftover, (*folders, *files)):
            remove(Path(place) / name)
        folders[:] = [name for name in folders if not is_passing(name)]
    synthetic = cache_root() / "synthetic"
    remove_leftovers(Path(tempfile.gettempdir()), ".tgbench-")
    with suppress(OSError):
        for folder in (synthetic, *synthetic.glob("*/")):
            remove_leftovers(folder)
