"""Results from many folders, each with what the site calls it and where it is from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tgbench.errors import TgbenchError
from tgbench.running.result import RESULT_FILE, Result

from ..html.cases import Entry, page_entries
from ..loading import read_folder, unfinished
from ..tables.entries import experiment
from .cleaning import cleaned_result, cleaned_text
from .naming import page_name, source_names


@dataclass(frozen=True)
class Submission:
    """A result with its page.

    Attributes:
        entry: the result, with its label, and as folder the place that the site tells.
        source: the folder that was given, as the site calls it.
        page: name of its page, without folder and ending.
    """

    entry: Entry
    source: str
    page: str

    @property
    def result(self) -> Result:
        """What was measured."""
        return self.entry.result

    @property
    def experiment(self) -> tuple[object, ...]:
        """What was done; of several results that agree in it, one counts."""
        return experiment(self.result)


@dataclass(frozen=True)
class Submissions:
    """All that a site shows.

    Attributes:
        every: results that can be read, in the order of folders and paths.
        folders: of each, where its files are.
        sources: the given folders, as the site calls them.
        problems: what is left out, by source, each in words.
    """

    every: tuple[Submission, ...]
    folders: tuple[Path, ...]
    sources: tuple[str, ...]
    problems: tuple[tuple[str, str], ...]


def gather(folders: Sequence[Path]) -> Submissions:
    """Read the results at or below folders. One bad folder does not keep out the others.

    Raises:
        TgbenchError: a folder is not there, or no result at all can be read.
    """
    found: dict[Path, tuple[str, Path, Result]] = {}
    problems: list[tuple[str, str]] = []
    sources = source_names(folders)
    for source, folder in zip(sources, folders, strict=True):
        results, unread = read_folder(folder)
        told = [_without_place(problem, folder) for problem in (*unread, *unfinished(folder))]
        if not results and not told:
            told = ["holds no results"]
        for place, result in results.items():
            shown = _place(folder, place)
            try:
                clean = cleaned_result(result)
            except ValueError as error:
                told.append(f"{shown / RESULT_FILE}: cannot be shown ({error})")
                continue
            found.setdefault(place, (source, shown, clean))
        problems += [(source, cleaned_text(problem)) for problem in told]
    if not found:
        first = "; ".join(f"{source}: {problem}" for source, problem in problems[:3])
        raise TgbenchError(f"no result can be read ({first}); a site needs one at least")
    every = list(_listed(list(found.values())))
    return Submissions(tuple(every), tuple(found), tuple(sources), tuple(problems))


def _listed(found: Sequence[tuple[str, Path, Result]]) -> Iterator[Submission]:
    entries = page_entries([(Path(source) / place, result) for source, place, result in found])
    for entry, (source, place, result) in zip(entries, found, strict=True):
        words = (result.method.name, result.identity.name, result.driver.name)
        key = (source, place.as_posix(), result.model_dump(mode="json"))
        yield Submission(entry, source, page_name(words, key))


def _place(folder: Path, place: Path) -> Path:
    """Return where a result lies below a folder; of a link to elsewhere, its name."""
    try:
        relative = place.relative_to(folder.resolve())
    except ValueError:
        relative = Path(place.name)
    return Path(cleaned_text(relative.as_posix()))


def _without_place(problem: str, folder: Path) -> str:
    """Return what is wrong, naming files from the folder on."""
    return problem.removeprefix(str(folder)).lstrip("/\\: ") if folder.parts else problem
