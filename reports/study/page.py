"""The page of a study: one file that opens from disk and holds all videos."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tgbench.files import atomic_path
from tgbench.progress import Progress

from ..html.templating import asset, environment, policy, scripts
from ..html.videos import base64_pieces
from .records import LONGEST_NAME, Key

_SCRIPTS = ("sha256.js", "progress.js", "trial.js", "session.js")


def write_page(key: Key, videos: Path, path: Path, progress: Progress) -> int:
    """Write the page, and return its size in bytes.

    Args:
        key: of the study; what the page must not say stays out of it.
        videos: folder of the blinded videos.
        path: the file to write.
        progress: where to report.
    """
    style = asset("study.css", __package__)
    script = scripts(("dom.js", "store.js"), *(asset(name, __package__) for name in _SCRIPTS))
    names = sorted({*key.stimuli, *key.checks})
    design = key.design
    pieces = (
        environment(__package__)
        .get_template("study.html.j2")
        .generate(
            policy=policy(style, script, answers=True),
            style=style,
            script=script,
            design=design,
            about={
                "design": design.model_dump(mode="json"),
                "hash": design.hash,
                "videos": names,
                "longest": LONGEST_NAME,
            },
            trials=max(map(len, design.sequences)),
            videos=_videos(names, videos, progress),
        )
    )
    with atomic_path(path) as temporary:
        with temporary.open("w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(pieces)
        return temporary.stat().st_size


def _videos(names: list[str], folder: Path, progress: Progress) -> Iterator[Iterator[str]]:
    with progress.task("writing the page", len(names)) as task:
        for name in names:
            yield base64_pieces(folder / f"{name}.mp4")
            task.advance()
