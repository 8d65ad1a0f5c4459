"""Results of one experiment: all are told, and which of them counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..html.markup import named
from ..tables.entries import unlike_in
from .dates import day
from .submissions import Submission


def render_repeated(rivals: Sequence[Sequence[Submission]]) -> Iterator[str]:
    """Yield which results of one experiment there are, for the page of a protocol.

    Args:
        rivals: of each experiment, the one that counts first.
    """
    if not rivals:
        return
    yield '<section id="repeated"><h2>Measured more than once</h2>\n'
    yield (
        '<p class="muted">The same method, settings, seed, device and case. The latest result '
        "counts; the others have pages, but no row.</p><ul>"
    )
    for alike in rivals:
        used, *others = alike
        result = used.result
        told = f"{used.entry.label} on {result.identity.name}, {result.driver.name}"
        yield f"<li>{named(told)}, seed {result.seed}: counts {_link(used, 'results/')}; "
        yield f"does not: {', '.join(_link(other, 'results/') for other in others)}"
        yield f"{_unlike(alike)}</li>\n"
    yield "</ul></section>\n"


def render_standing(submission: Submission, rivals: Sequence[Submission]) -> Iterator[str]:
    """Yield whether a result counts, for its own page.

    Args:
        submission: the result.
        rivals: all of its experiment, the one that counts first; none where it is alone.
    """
    if not rivals:
        return
    used, *others = rivals
    if submission is used:
        yield (
            '<p class="muted">This is the latest result of its experiment, and the one that the '
            f"table shows. Earlier ones: {', '.join(map(_link, others))}"
            f"{_unlike(rivals)}.</p>"
        )
    else:
        yield (
            '<p class="problem">The table does not show this result but a later one of the same '
            f"experiment: {_link(used)}{_unlike([used, submission])}.</p>"
        )


def _unlike(rivals: Sequence[Submission]) -> str:
    """Say in what results of one experiment differ: other code may be another method."""
    unlike = unlike_in([submission.result for submission in rivals])
    return f"; unlike in {', '.join(unlike)}" if unlike else ""


def _link(submission: Submission, folder: str = "") -> str:
    told = f"{submission.entry.folder.as_posix()}, {day(submission.result.created)}"
    return f'<a href="{folder}{submission.page}.html">{named(told)}</a>'
