"""Jinja2 for all pages, their style and scripts, and the policy that lets nothing else run."""

from __future__ import annotations

import base64
import datetime
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tgbench.running.result import Result
from tgbench.version import __version__

from ..renderers.cell_text import interval_text, number_text
from ..renderers.heads import levels, spans
from ..tables.cells import Cell, Status

SCRIPTS = (
    "dom.js",
    "store.js",
    "player.js",
    "chart.js",
    "tiles.js",
    "worst.js",
    "case.js",
    "record.js",
    "tables.js",
    "main.js",
)
"""In the order in which they need each other."""

_LONGEST = 120
"""Characters of a name that stands beside others; the page of a result has all of them."""

_BIDI_CONTROLS = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), "\ufffd")
"""Unicode's embeddings, overrides and isolates: they would reorder the text of the page itself."""


@cache
def environment(package: str = __package__) -> Environment:
    """Return the templates of a package, and those of this one, with autoescape on.

    `tojson` makes JSON that can stand inside a `<script>` element: it is ASCII, and no `<`, `>` or
    `&` is in it. It raises `ValueError` for a number that JSON does not have.
    """
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader(__package__)]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_without_bidi_controls,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    environment.filters |= {"shortened": shortened, "counted": counted, "explained": _explained}
    environment.globals |= {
        "version": __version__,
        "levels": levels,
        "spans": spans,
        "number_text": number_text,
        "interval_text": interval_text,
    }
    return environment


def shortened(name: str) -> str:
    """Return a name that leaves room for others; a usual one as it is."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 30]} … {name[-25:]}"


def counted(number: int, one: str, several: str = "") -> str:
    """Return a number with its noun."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def made_of(results: Sequence[Result]) -> str:
    """Return how many results, methods and identities a report shows, and when it was made."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    counts = (
        counted(len(results), "result"),
        counted(len({result.method.name for result in results}), "method"),
        counted(len({result.identity.name for result in results}), "identity", "identities"),
    )
    return f"{', '.join(counts)} · made on {today} by tgbench {__version__}"


def asset(name: str, package: str = __package__) -> Markup:
    """Return a style sheet or script of ours, which goes into a page as it is."""
    text = (files(package) / "static" / name).read_text(encoding="utf-8")
    return Markup(text.replace("\r\n", "\n"))


def scripts(names: Sequence[str] = SCRIPTS, *more: Markup) -> Markup:
    """Return scripts as one, in a scope of their own; `more` follows those of the report."""
    code = Markup("\n").join((*map(asset, names), *more))
    return Markup("\n(() => {\n") + code + Markup("\n})();\n")


def policy(style: str, script: str, *, answers: bool = False, embedded: bool = False) -> str:
    """Return a Content-Security-Policy: these two texts, videos of the page, and no network.

    Args:
        style: of the page.
        script: of the page.
        answers: whether it may talk to the server that it came from.
        embedded: whether images and videos stand in its elements, and no script hands them out.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_digest(script)}'",
            f"style-src '{_digest(style)}'",
            "media-src data:" if embedded else "media-src blob:",
            "base-uri 'none'",
            "form-action 'none'",
            *(["connect-src 'self'"] if answers else []),
            *(["img-src data:"] if embedded else []),
        )
    )


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _without_bidi_controls(value: object) -> object:
    """Replace what would turn the direction of the page's text; `Markup` is our own."""
    if isinstance(value, str) and not isinstance(value, Markup) and not value.isascii():
        return value.translate(_BIDI_CONTROLS)
    return value


def _explained(cell: Cell, brief: bool = False) -> str:
    """Say what a number is based on, or why there is none; briefly without what measured it."""
    if cell.status is Status.NOT_APPLICABLE:
        return f"not applicable: {cell.reason}"
    if cell.status is Status.ABSENT:
        return "not requested"
    if cell.value is None:
        return f"{cell.status.value}: {cell.reason}" if cell.reason else cell.status.value
    parts = [f"{cell.value:.6g}"]
    if cell.total:
        parts.append(f"{cell.scored} of {cell.total} frames scored")
    if cell.rank:
        parts.append(f"rank {cell.rank}")
    if cell.measured_by and not brief:
        parts.append(f"measured by {cell.measured_by}")
    return "; ".join(parts)
