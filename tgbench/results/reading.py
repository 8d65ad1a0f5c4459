"""Finding and reading what `tgbench run` and `tgbench score` wrote."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import TgbenchError
from ..running.attempts import ATTEMPT_FILE, failed
from ..running.result import (
    LOG_FILE,
    RESULT_FILE,
    SCORES_FILE,
    Result,
    read_result,
    result_paths,
)
from ..running.settings import with_current_names
from .measured_case import MeasuredCase
from .merging import merge_cases
from .scores import read_scores

_log = logging.getLogger("tgbench")

_MOST_NAMED = 3


@dataclass(frozen=True)
class Reading:
    """What is at or below folders.

    Attributes:
        cases: one for each file of results, in the order of folders and paths; not merged.
        problems: what cannot be read, in words, with the file's name.
        folders: as they were given.
    """

    cases: tuple[MeasuredCase, ...]
    problems: tuple[str, ...]
    folders: tuple[Path, ...]

    def merged(self) -> list[MeasuredCase]:
        """Return one case for each experiment."""
        return merge_cases(self.cases)

    def left_out(self) -> list[str]:
        """Say what a page of all results does not show: the problems, and runs without a result."""
        return [*dict.fromkeys((*self.problems, *self.without_result()))]

    def without_result(self) -> list[str]:
        """Say which runs and pairs of clips left no result, and why."""
        # Folders may be given with those above them.
        return list(
            dict.fromkeys(line for folder in self.folders for line in unfinished_runs(folder))
        )


def read_cases(folders: Iterable[Path]) -> list[MeasuredCase]:
    """Return what is at or below folders, one case for each experiment; everything must be whole.

    Raises:
        TgbenchError: a folder is not there or holds no results, or a result cannot be read.
    """
    found = _distinct(folders)
    if found.problems:
        raise TgbenchError(found.problems[0])
    return found.merged()


def read_folders(folders: Iterable[Path]) -> Reading:
    """Return what is at or below folders. What cannot be read is warned of and left out.

    Raises:
        TgbenchError: a folder is not there, or holds no result that can be read.
    """
    found = _distinct(folders)
    for problem in found.problems:
        _log.warning("left out: %s", problem)
    return found


def read_folder(folder: Path) -> Reading:
    """Return what is at or below one folder, which may be nothing.

    Raises:
        TgbenchError: there is no such folder.
    """
    if not folder.is_dir():
        raise TgbenchError(f"{folder}: no such folder; make results with `tgbench run --out`")
    cases: list[MeasuredCase] = []
    problems: list[str] = []
    for name, read in ((RESULT_FILE, _read_run), (SCORES_FILE, read_scores)):
        for path in result_paths(folder, name):
            try:
                cases.append(MeasuredCase(read(path), path.resolve().parent))
            except TgbenchError as error:
                problems.append(str(error))
    return Reading(tuple(cases), tuple(problems), (folder,))


def unfinished_runs(folder: Path) -> Iterator[str]:
    """Yield in words which runs at or below a folder have left no result."""
    noted = {note.parent: failed(note.parent) for note in result_paths(folder, ATTEMPT_FILE)}
    for case, why in noted.items():
        if why:
            yield f"{case}: holds no {RESULT_FILE}; its run failed: {why}"
    for log in result_paths(folder, LOG_FILE):
        if not (log.parent / RESULT_FILE).exists() and not noted.get(log.parent):
            yield (
                f"{log.parent}: holds no {RESULT_FILE}; its run was stopped, or is still going on"
            )


def _distinct(folders: Iterable[Path]) -> Reading:
    """Return what is at or below folders, each result once though a folder may hold another."""
    cases: dict[tuple[Path, bool], MeasuredCase] = {}
    problems: list[str] = []
    given = tuple(folders)
    for folder in given:
        found = read_folder(folder)
        if not found.cases and found.problems:
            more = "; ..." if len(found.problems) > _MOST_NAMED else ""
            raise TgbenchError("; ".join(found.problems[:_MOST_NAMED]) + more)
        if not found.cases:
            raise TgbenchError(
                f"{folder}: holds no results; make some with `tgbench run` or `tgbench score --out`"
            )
        cases |= {(case.folder, case.scored): case for case in found.cases}
        problems += found.problems
    return Reading(tuple(cases.values()), tuple(dict.fromkeys(problems)), given)


def _read_run(path: Path) -> Result:
    """Return a result that can be written again, in any form of report."""
    result = read_result(path)
    try:
        result.model_dump_json()
    except (ValueError, RecursionError) as error:
        raise TgbenchError(
            f"{path}: cannot be shown ({error}); it was not written by `tgbench run`, or changed"
        ) from error
    return with_current_names(result)
