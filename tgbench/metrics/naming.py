"""What a user calls a metric: its name or its title, however it is spelled."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable

from .. import plugins
from ..errors import TgbenchError

_COMMA = re.compile(r",(?![^(]*\))")
"""Parts metrics; titles such as "SSIM (face, Gaussian)" hold others."""


def metric_named(text: str, others: Collection[str] = ()) -> str:
    """Return the name of the metric that a user means.

    Names and titles count alike, upper and lower case too, and so do blanks, hyphens and
    underscores: `PSNR`, `psnr`, `Sync-C`, `ssim (FACE)` and `training time` are all known. A name
    with a colon is that of a library's metric, such as `torchmetrics:TotalVariation`.

    Args:
        text: as typed.
        others: names that are known beside the installed metrics, such as those of results.

    Raises:
        TgbenchError: it is unknown, or may mean several metrics, which are listed.
    """
    if ":" in text and text not in others:
        return plugins.library_metric(text).name
    titles = {name: spec.title for name, spec in plugins.metrics().items()}
    titles |= {name: name for name in others if name not in titles}
    if text in titles:
        return text
    wanted = _plain(text)
    for spelled in (dict(zip(titles, titles, strict=True)), titles):
        found = [name for name, called in spelled.items() if _plain(called) == wanted]
        if len(found) == 1:
            return found[0]
    begun = _words(text)
    candidates = [
        name
        for name, title in titles.items()
        if begun and begun in (_words(title)[: len(begun)], _words(name)[: len(begun)])
    ]
    if len(candidates) > 1:
        listed = ", ".join(f"{name} ({titles[name]})" for name in candidates)
        raise TgbenchError(f"'{text}' may mean several metrics; name one of {listed}")
    raise _unknown(text, titles)


def metrics_named(words: Iterable[str], others: Collection[str] = ()) -> tuple[str, ...]:
    """Return the names of the metrics that a user lists, separated by commas or spaces.

    Titles that hold blanks are found without quotes, too.

    Args:
        words: as typed.
        others: as for `metric_named`.

    Raises:
        TgbenchError: one is unknown, or may mean several metrics.
    """
    found: list[str] = []
    for piece in _COMMA.split(" ".join(words)):
        parts = piece.split()
        while parts:
            size = next(filter(lambda n: _is_one(parts[:n], others), range(len(parts), 1, -1)), 1)
            found.append(metric_named(" ".join(parts[:size]), others))
            del parts[:size]
    return tuple(found)


def _is_one(parts: list[str], others: Collection[str]) -> bool:
    try:
        metric_named(" ".join(parts), others)
    except TgbenchError:
        return False
    return True


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.replace("_", " ").casefold())


def _plain(text: str) -> str:
    return re.sub(r"[\s_-]+", "", text).casefold()


def _unknown(text: str, titles: dict[str, str]) -> TgbenchError:
    """Suggest the nearest name, whichever way it was spelled."""
    spellings = {called.casefold(): name for name in titles for called in (titles[name], name)}
    near = difflib.get_close_matches(text.casefold(), spellings, n=1, cutoff=0.5)
    hint = f"did you mean '{spellings[near[0]]}'? " if near else ""
    return TgbenchError(f"unknown metric '{text}': {hint}`tgbench list metrics` shows all of them")
