"""The first page: which protocols there are, where results are from, and what is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tgbench import plugins

from ..html.escaping import text
from ..html.markup import made_of, named
from .dates import day
from .protocols import Protocol
from .skeleton import Page
from .submissions import Submissions

_COLUMNS = {"Results": "", "Methods": "lesser", "Identities": "lesser", "Latest": ""}
"""Of the protocols' table; what is lesser goes where there is no room."""


def index_page(submissions: Submissions, protocols: Sequence[Protocol]) -> Page:
    """Return the first page."""
    results = [submission.result for submission in submissions.every]
    header = f'<h1>Talking heads, measured</h1><p class="muted">{text(made_of(results))}</p>'
    main = (*_protocols(protocols), *_sources(submissions), *_left_out(submissions))
    return Page("Talking heads, measured", header, "".join(main))


def summary_of(protocol: str) -> str:
    """Return what a protocol measures; nothing of one that is not installed here."""
    spec = plugins.protocols().get(protocol)
    return f"{spec.summary[:1].upper()}{spec.summary[1:]}." if spec else ""


def _protocols(protocols: Sequence[Protocol]) -> Iterator[str]:
    yield '<h2>Protocols</h2><div class="scroll"><table class="list"><thead><tr><th scope="col">'
    yield "Protocol</th>"
    for head, kind in _COLUMNS.items():
        yield f'<th scope="col" class="{kind}">{head}</th>'
    yield "</tr></thead><tbody>\n"
    for protocol in protocols:
        results = [submission.result for submission in protocol.submissions]
        yield f'<tr><th scope="row"><a href="{protocol.page}">{text(protocol.heading)}</a>'
        yield f"<small>{text(summary_of(protocol.name))}</small></th>"
        numbers = (
            f"{len(results):,}",
            f"{len({result.method.name for result in results}):,}",
            f"{len({result.identity.name for result in results}):,}",
            max(day(result.created) for result in results),
        )
        for number, kind in zip(numbers, _COLUMNS.values(), strict=True):
            yield f'<td class="{kind}">{text(number)}</td>'
        yield "</tr>\n"
    yield "</tbody></table></div>\n"


def _sources(submissions: Submissions) -> Iterator[str]:
    counts = Counter(submission.source for submission in submissions.every)
    lost = Counter(source for source, _ in submissions.problems)
    yield '<h2>Where results are from</h2><div class="scroll"><table class="list"><thead><tr>'
    yield '<th scope="col">Folder</th><th scope="col">Results</th>'
    yield '<th scope="col">Left out</th></tr></thead><tbody>\n'
    for source in submissions.sources:
        yield f'<tr><th scope="row">{named(source)}</th><td>{counts[source]:,}</td>'
        yield f"<td>{lost[source]:,}</td></tr>\n"
    yield "</tbody></table></div>\n"


def _left_out(submissions: Submissions) -> Iterator[str]:
    if not submissions.problems:
        return
    yield '<section class="problems" id="left-out" role="note"><h2>Left out</h2><ul>'
    for source, problem in submissions.problems:
        yield f"<li><b>{named(source)}</b>: {named(problem)}</li>\n"
    yield "</ul></section>\n"
