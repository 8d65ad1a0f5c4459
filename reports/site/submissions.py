"""Results from many folders, each with its name on the site and where it comes from."""

from __future__ import annotations

import datetime
import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tgbench.errors import TgbenchError
from tgbench.files import hash_of
from tgbench.results import Experiment, MeasuredCase, read_folder, unfinished_runs
from tgbench.running.result import RESULT_FILE, Result

from ..html.cases import PageEntry, page_entries
from ..tables.entries import protocol_title
from .cleaning import cleaned_result, cleaned_text

_LONGEST = 48
_DIGITS = 12
"""Of a hash; among a thousand names, two alike have odds of one in a billion."""


@dataclass(frozen=True)
class Submission:
    """A result with its page.

    Attributes:
        entry: the result, with its label and the place that the site shows.
        source: the folder that was given, as the site calls it.
        page: name of its page, without folder and ending.
    """

    entry: PageEntry
    source: str
    page: str

    @property
    def result(self) -> Result:
        """What was measured."""
        return self.entry.result

    @property
    def experiment(self) -> Experiment:
        """What was done; of several results that agree in it, one counts."""
        return self.entry.case.experiment

    @property
    def day(self) -> str:
        """The day on which it was measured; of a time that is no ISO 8601, its beginning."""
        created = self.result.created
        try:
            return datetime.datetime.fromisoformat(created).date().isoformat()
        except ValueError:
            return created[:10]


@dataclass(frozen=True)
class Protocol:
    """A version of a protocol with its results.

    Attributes:
        name, version: as results record them.
        heading: its title, with the version where there are several.
        stem: of its files' names.
        submissions: its results, superseded ones included.
    """

    name: str
    version: str
    heading: str
    stem: str
    submissions: tuple[Submission, ...]

    @property
    def page(self) -> str:
        """Name of its page."""
        return f"{self.stem}.html"

    @property
    def download(self) -> str:
        """Name of the file with its numbers."""
        return f"{self.stem}.csv"

    @property
    def cases(self) -> list[MeasuredCase]:
        """What counts: of each experiment the latest result, with metrics of earlier ones."""
        return [one.entry.case for one in self.submissions if not one.entry.superseded]

    @property
    def results(self) -> list[Result]:
        """The results of these cases."""
        return [case.result for case in self.cases]

    def rivals(self) -> list[tuple[Submission, ...]]:
        """Return results of one experiment where there are several, the one that counts first."""
        alike: dict[Experiment, list[Submission]] = defaultdict(list)
        for submission in self.submissions:
            alike[submission.experiment].append(submission)
        return [
            tuple(sorted(found, key=lambda submission: submission.entry.superseded))
            for found in alike.values()
            if len(found) > 1
        ]


@dataclass(frozen=True)
class Submissions:
    """All that a site shows.

    Attributes:
        every: results that can be read, in the order of folders and paths.
        sources: the given folders, as the site calls them.
        problems: what is left out, by source, each in words.
    """

    every: tuple[Submission, ...]
    sources: tuple[str, ...]
    problems: tuple[tuple[str, str], ...]

    def protocols(self) -> list[Protocol]:
        """Return the results by protocol, in the order of their names."""
        found: dict[tuple[str, str], list[Submission]] = {}
        for submission in self.every:
            protocol = submission.result.protocol
            found.setdefault((protocol.name, protocol.version), []).append(submission)
        versions = Counter(name for name, _ in found)
        return [
            Protocol(
                name,
                version,
                _heading(protocol_title(name, version if versions[name] > 1 else "")),
                page_name((name, version), ("protocol", name, version)),
                tuple(submissions),
            )
            for (name, version), submissions in sorted(found.items())
        ]


@dataclass(frozen=True)
class _Found:
    """A result whose texts are clean.

    Attributes:
        case: the result.
        source: the folder that was given, as the site calls it.
        place: where it lies below that folder.
    """

    case: MeasuredCase
    source: str
    place: Path

    @property
    def shown(self) -> str:
        """Where it lies, as the site calls it."""
        return (Path(self.source) / self.place).as_posix()


def gather(folders: Sequence[Path]) -> Submissions:
    """Read the results at or below folders. One bad folder does not keep out the others.

    Raises:
        TgbenchError: a folder does not exist, or no result at all can be read.
    """
    found: dict[Path, _Found] = {}
    problems: list[tuple[str, str]] = []
    sources = source_names(folders)
    for source, folder in zip(sources, folders, strict=True):
        reading = read_folder(folder)
        runs = [case for case in reading.cases if not case.scored]
        wrong = [
            _without_place(problem, folder)
            for problem in (*reading.problems, *unfinished_runs(folder))
        ]
        if not runs and not wrong:
            wrong = ["holds no results"]
        for case in runs:
            place = _place(folder, case.folder)
            try:
                clean = MeasuredCase(cleaned_result(case.result), case.folder)
            except ValueError as error:
                wrong.append(f"{place / RESULT_FILE}: cannot be shown ({error})")
                continue
            found.setdefault(case.folder, _Found(clean, source, place))
        problems += [(source, cleaned_text(problem)) for problem in wrong]
    if not found:
        first = "; ".join(f"{source}: {problem}" for source, problem in problems[:3])
        raise TgbenchError(f"no result can be read ({first}); a site needs at least one")
    return Submissions(tuple(_listed(found)), tuple(sources), tuple(problems))


def page_name(words: Sequence[str], key: object) -> str:
    """Return a file's name without its ending: readable words, and a hash that makes it unique.

    Only lower-case letters, digits and hyphens are in it, whatever the words hold, so that it
    names the same file on every system, and never one elsewhere.

    Args:
        words: what to say.
        key: what the name stands for, as JSON; equal keys and words give equal names.
    """
    stem = re.sub(r"[^a-z0-9]+", "-", " ".join(words).lower()).strip("-")[:_LONGEST].strip("-")
    return f"{stem}-{hash_of(key)[:_DIGITS]}" if stem else hash_of(key)[:_DIGITS]


def source_names(folders: Sequence[Path]) -> list[str]:
    """Return the name of each folder: as given, or its own name where the path is absolute.

    Folders that would have one name are numbered.
    """
    names: list[str] = []
    for folder in folders:
        name = cleaned_text(_source_name(folder))
        numbered = (f"{name} ({number})" for number in itertools.count(2))
        names.append(next(one for one in itertools.chain([name], numbered) if one not in names))
    return names


def _listed(found: Mapping[Path, _Found]) -> Iterator[Submission]:
    """Yield submissions for what was found, by folder."""
    entries = page_entries(
        [one.case for one in found.values()], lambda case: found[case.folder].shown
    )
    for entry, one in zip(entries, found.values(), strict=True):
        result = one.case.result
        words = (result.method.name, result.identity.name, result.driver.name)
        key = (one.source, one.place.as_posix(), result.model_dump(mode="json"))
        yield Submission(entry, one.source, page_name(words, key))


def _source_name(folder: Path) -> str:
    if folder.is_absolute() or ".." in folder.parts or not folder.parts:
        return folder.resolve().name or "results"
    return folder.as_posix()


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


def _heading(title: str) -> str:
    return title[:1].upper() + title[1:]
