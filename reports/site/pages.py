"""The pages of a site: one for all protocols, one for each protocol and one for each result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from tgbench import plugins
from tgbench.files import hash_of
from tgbench.results import differences_among

from ..html.content import field_descriptions, result_content
from ..html.templating import asset, environment, made_of, scripts
from ..tables.building import Extras, build_tables
from ..tables.systems import system_facts
from .board import Board
from .submissions import Protocol, Submission, Submissions

_SCRIPTS = ("dom.js", "store.js", "record.js", "tables.js")
"""Of the HTML report: results and tables look and behave alike in both."""


class SitePages:
    """Renders pages that let nothing but the site's own style and script in.

    Attributes:
        assets: the style and the script, by the name of their file, which a hash is part of: a
            page never meets those of another version.
    """

    def __init__(self) -> None:
        self._templates = environment(__package__)
        style = asset("page.css") + asset("site.css", __package__)
        meanings = self._templates.from_string("\nmeanings = {{ meanings|tojson }};\n").render(
            meanings=field_descriptions()
        )
        script = scripts(_SCRIPTS, Markup(meanings) + asset("site.js", __package__))
        self._style, self._script = _hashed(style, "css"), _hashed(script, "js")
        self.assets = {self._style: str(style), self._script: str(script)}

    def index(self, submissions: Submissions, protocols: Sequence[Protocol]) -> str:
        """Return the first page: protocols, where results come from, and what is left out."""
        return self._render(
            "index.html.j2",
            made_of=made_of([submission.result for submission in submissions.every]),
            protocols=protocols,
            summary_of=_summary_of,
            sources=submissions.sources,
            counts=Counter(submission.source for submission in submissions.every),
            lost=Counter(source for source, _ in submissions.problems),
            problems=submissions.problems,
        )

    def board(self, protocol: Protocol, extras: Extras | None = None) -> str:
        """Return the page of a protocol.

        Args:
            protocol: with its results.
            extras: what tables show beside the numbers.
        """
        (table,) = build_tables(protocol.cases, extras=extras or Extras())
        return self._render(
            "board.html.j2",
            protocol=protocol,
            summary=_summary_of(protocol.name),
            board=Board(table, protocol.submissions),
            rivals=protocol.rivals(),
        )

    def result(
        self, submission: Submission, protocol: Protocol, rivals: Sequence[Submission]
    ) -> str:
        """Return the page of a result.

        Args:
            submission: the result.
            protocol: whose page leads to it.
            rivals: all results of its experiment, the one that counts first; none: it is alone.
        """
        return self._render(
            "result.html.j2",
            depth=1,
            submission=submission,
            protocol=protocol,
            rivals=rivals,
            facts=_facts(submission, protocol.heading),
            content=result_content(submission.entry),
        )

    def _render(self, template: str, depth: int = 0, **context: Any) -> str:
        """Return a page that lies `depth` folders below the index."""
        above = "../" * depth
        return self._templates.get_template(template).render(
            style=above + self._style,
            script=above + self._script,
            differences=_differences,
            **context,
        )


def _summary_of(protocol: str) -> str:
    """Return what a protocol measures; nothing of one that is not installed here."""
    spec = plugins.protocols().get(protocol)
    return f"{spec.summary[:1].upper()}{spec.summary[1:]}." if spec else ""


def _differences(submissions: Sequence[Submission]) -> list[str]:
    """Return in what results of one experiment differ: other code may be another method."""
    return differences_among([submission.result for submission in submissions])


def _facts(submission: Submission, protocol: str) -> Mapping[str, str]:
    """Return what matters about a result at a glance."""
    result = submission.result
    method, machine = result.method, result.environment
    gpu = f"; {machine.gpu}" if machine.gpu else ""
    return {
        "Method": f"{method.name} (preset {method.preset})",
        "Protocol": f"{protocol}, version {result.protocol.version}",
        "Identity": result.identity.name,
        "Driver": result.driver.name,
        "Seed": str(result.seed),
        "Frames made of": method.composite_mode,
        "Given when rendering": ", ".join(method.leaked_conditions) or "nothing",
        **(system_facts(method.system) if method.system else {}),
        "Hardware": f"{machine.cpu}, {machine.cores} cores{gpu}; rendered on {machine.device}",
        "Measured on": f"{submission.day} with tgbench {result.tgbench_version}",
        "From": submission.entry.place,
    }


def _hashed(content: str, ending: str) -> str:
    return f"static/site-{hash_of(content)[:12]}.{ending}"
