"""What lies among results and is none."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tgbench.errors import TgbenchError
from tgbench.running.result import LOG_FILE, RESULT_FILE, read_result, result_paths


def left_out(folders: Iterable[Path]) -> list[str]:
    """Return in words what a page of all results at or below folders does not show.

    That are results that cannot be read, and folders of runs that never finished.
    """
    problems = []
    for folder in folders:
        for path in result_paths(folder):
            try:
                read_result(path)
            except TgbenchError as error:
                problems.append(str(error))
        for log in sorted(folder.rglob(LOG_FILE)):
            if not (log.parent / RESULT_FILE).exists():
                problems.append(
                    f"{log.parent}: holds no {RESULT_FILE}; its run was stopped, or is still going "
                    "on"
                )
    # Folders may be given with those above them.
    return list(dict.fromkeys(problems))
