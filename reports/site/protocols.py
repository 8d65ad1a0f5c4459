"""Results sorted into protocols, each of which has a page."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from tgbench.running.result import Result

from ..tables.entries import protocol_title
from .naming import page_name
from .submissions import Submission, Submissions


@dataclass(frozen=True)
class Protocol:
    """A version of a protocol with its results.

    Attributes:
        name, version: as results tell them.
        heading: how it is called, with the version where there are several.
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
    def results(self) -> list[Result]:
        """What was measured."""
        return [submission.result for submission in self.submissions]

    def rivals(self) -> list[tuple[Submission, ...]]:
        """Return results of one experiment where there are several, the one that counts first."""
        alike: dict[tuple[object, ...], list[Submission]] = defaultdict(list)
        for submission in self.submissions:
            alike[submission.experiment].append(submission)
        return [
            tuple(sorted(found, key=lambda submission: submission.entry.superseded))
            for found in alike.values()
            if len(found) > 1
        ]


def protocols_of(submissions: Submissions) -> list[Protocol]:
    """Return the protocols of results, in the order of their names."""
    found: dict[tuple[str, str], list[Submission]] = {}
    for submission in submissions.every:
        protocol = submission.result.protocol
        found.setdefault((protocol.name, protocol.version), []).append(submission)
    versions = Counter(name for name, _ in found)
    return [
        Protocol(
            name,
            version,
            _heading(protocol_title(name, version if versions[name] > 1 else "")),
            page_name((name, version), ("protocol", name, version)),
            tuple(alike),
        )
        for (name, version), alike in sorted(found.items())
    ]


def _heading(title: str) -> str:
    return title[:1].upper() + title[1:]
