"""The controls above a table."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from ..html.escaping import text
from ..html.markup import named
from .facets import Facets

_LONGEST = 90
"""Letters of a choice; what measured a number takes a paragraph to say."""


def render_filters(facets: Facets) -> Iterator[str]:
    """Yield the controls. They are hidden until the script, which they need, has started."""
    yield '<search class="filters" id="filters" hidden>\n'
    yield (
        '<label>Method <input type="search" data-filter="words" autocomplete="off" '
        'placeholder="part of a name"></label>\n'
    )
    yield from _select("Identity", "identity", facets.identities)
    yield from _select("Driver", "driver", facets.drivers)
    yield from _select("Frames made of", "mode", facets.modes)
    if facets.conditions:
        yield ("<fieldset><legend>May be given when rendering</legend>")
        for number, condition in enumerate(facets.conditions):
            yield (
                f'<label><input type="checkbox" checked data-filter="given" value="{number}"> '
                f"{named(condition)}</label>\n"
            )
        yield "</fieldset>\n"
    several = {name: found for name, found in facets.measurers.items() if len(found) > 1}
    if several:
        yield "<details><summary>Measured by</summary><div>\n"
        for name, measurers in several.items():
            column = list(facets.titles).index(name) + 1
            yield from _select(facets.titles[name], "by", apart(measurers), column)
        yield "</div></details>\n"
    yield '<button type="button" id="reset">Show all</button>\n'
    yield '<output id="shown" class="muted"></output>\n</search>\n'


def apart(texts: Sequence[str]) -> list[str]:
    """Return texts numbered, without the words that all begin with, and no longer than a line."""
    split = [text.split(" ") for text in texts]
    same = itertools.takewhile(lambda words: len(set(words)) == 1, zip(*split, strict=False))
    start = sum(1 for _ in same) if len(texts) > 1 else 0
    told = []
    for number, words in enumerate(split, 1):
        rest = " ".join(words[start:])
        before = "… " if start else ""
        after = " …" if len(rest) > _LONGEST else ""
        told.append(f"{number}: {before}{rest[:_LONGEST]}{after}")
    return told


def _select(
    title: str, name: str, values: Sequence[str], column: int | None = None
) -> Iterator[str]:
    """Yield a choice of one value or all; none where there is no choice."""
    if len(values) < 2:
        return
    where = "" if column is None else f' data-column="{column}"'
    yield f'<label>{text(title)} <select data-filter="{name}"{where}><option value="">all</option>'
    for number, value in enumerate(values):
        yield f'<option value="{number}">{text(value or "(empty)")}</option>'
    yield "</select></label>\n"
