"""One self-contained page of strips, videos and numbers."""

from __future__ import annotations

import base64
from pathlib import Path

from tgbench.files import atomic_path
from tgbench.plugins import metric_spec

from ..html.templating import asset, environment, policy
from .records import Change, ExploreRecord

_STYLE = "explore.css"


def write_page(record: ExploreRecord, media: Path, path: Path) -> None:
    """Write the page.

    Args:
        record: what is shown.
        media: folder of strips and videos.
        path: the file to write.
    """
    style = asset(_STYLE, __package__)
    text = (
        environment(__package__)
        .get_template("explore.html.j2")
        .render(
            policy=policy(style, "", embedded=True),
            style=style,
            record=record,
            embedded=lambda name: base64.b64encode((media / name).read_bytes()).decode("ascii"),
            of_eyes=of_eyes,
            metrics=[metric_spec(name) for name in _measured(record)],
        )
    )
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def of_eyes(change: Change) -> str:
    """Return a change in words, in percent of the distance of the eyes."""
    if change.total is None or change.least is None or change.most is None:
        return "–"
    return f"{100 * change.least:.1f} → {100 * change.most:.1f} ({100 * change.total:+.1f})"


def _measured(record: ExploreRecord) -> list[str]:
    return list(dict.fromkeys(name for each in record.expressions for name in each.metrics))
