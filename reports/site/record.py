"""The page of a result: what matters at a glance, then everything that its file holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tgbench.running.result import Result

from ..html.content import result_content
from ..html.escaping import json_block, text
from ..html.markup import named
from .dates import day
from .repeated import render_standing
from .skeleton import Page
from .submissions import Submission


def result_page(
    submission: Submission, protocol: str, board: str, rivals: Sequence[Submission]
) -> Page:
    """Return the page of a result.

    Args:
        submission: the result.
        protocol: title of its protocol.
        board: file of the protocol's page.
        rivals: all results of its experiment, the one that counts first; none: it is alone.
    """
    label, identity = submission.entry.label, submission.result.identity.name
    header = (
        f'<p class="crumbs"><a href="../index.html">All protocols</a> › '
        f'<a href="../{board}">{text(protocol)}</a></p>'
        f"<h1>{named(label)}</h1>"
    )
    facts = "".join(
        f"<dt>{text(name)}</dt><dd>{named(value)}</dd>"
        for name, value in _facts(submission, protocol).items()
    )
    main = (
        f'{"".join(render_standing(submission, rivals))}<dl class="facts">{facts}</dl>\n'
        '<div id="record" data-result="0"></div>\n'
        '<noscript><p class="problem">The numbers and where they come from need JavaScript to be '
        "shown; they are in this page's source and in the protocol's table as CSV.</p></noscript>"
    )
    content = json_block(result_content(submission.entry))
    blocks = f'<script type="application/json" id="data-result-0">{content}</script>'
    return Page(f"{label} · {identity} · {protocol}", header, main, depth=1, blocks=blocks)


def _facts(submission: Submission, protocol: str) -> Mapping[str, str]:
    result = submission.result
    method = result.method
    return {
        "Method": f"{method.name} (preset {method.preset})",
        "Protocol": f"{protocol}, version {result.protocol.version}",
        "Identity": result.identity.name,
        "Driver": result.driver.name,
        "Seed": str(result.seed),
        "Frames made of": method.composite_mode,
        "Given when rendering": ", ".join(method.leaked_conditions) or "nothing",
        "Hardware": _hardware(result),
        "Measured on": f"{day(result.created)} with tgbench {result.tgbench_version}",
        "From": submission.entry.folder.as_posix(),
    }


def _hardware(result: Result) -> str:
    where = result.environment
    gpu = f"; {where.gpu}" if where.gpu else ""
    return f"{where.cpu}, {where.cores} cores{gpu}; rendered on {where.device}"
