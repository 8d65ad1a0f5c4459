"""Find the identity that a user names: a built-in person or a prepared folder."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import TgbenchError, suggest
from ..files import require_text
from ..progress import SILENT, Progress
from ..synthetic.names import IDENTITIES, built_in
from .identity import Identity
from .validation import validate


def require_identity(name: str) -> None:
    """Refuse a name of neither a built-in identity nor a folder.

    Raises:
        TgbenchError: it is that of neither.
    """
    if built_in(name) is None and not Path(name).is_dir():
        raise _no_folder(name, Path(name))


def resolve_identity(name: str, size: int, progress: Progress = SILENT) -> Identity:
    """Return the identity a user named.

    Args:
        name: a built-in name such as "synth-a" or "synth:7", or a folder.
        size: side of the frames in pixels, for built-in identities.
        progress: where making a built-in identity reports to.

    Raises:
        TgbenchError: neither a built-in name nor a folder, or the folder is not sound.
    """
    if own := built_in(name):
        from ..synthetic import ensure_identity

        return Identity(ensure_identity(own, size=size, progress=progress))
    require_identity(name)
    folder = Path(name)
    require_text(folder.resolve())
    problems = validate(folder)
    if problems:
        listed = "; ".join(problems[:5]) + ("; ..." if len(problems) > 5 else "")
        raise TgbenchError(
            f"{folder}: {len(problems)} problem(s) with this identity: {listed} "
            f"(all of them: tgbench validate {folder})"
        )
    return Identity(folder)


def looks_like_path(name: str) -> bool:
    """Whether a name that is no built-in one is meant as that of a file or folder."""
    separators = {os.sep, os.altsep or os.sep, "/"}
    return bool(Path(name).suffix) or name.startswith((".", "~")) or bool(separators & {*name})


def _no_folder(name: str, folder: Path) -> TgbenchError:
    make_one = "make one from a video with `tgbench prepare VIDEO --out data/NAME`"
    if folder.exists():
        return TgbenchError(f"{name}: is a file, not the folder of an identity; {make_one}")
    if looks_like_path(name):
        return TgbenchError(f"{name}: no such identity folder; {make_one}")
    unknown = suggest(name, IDENTITIES, "identity")
    return TgbenchError(f"{unknown}. There is no folder of that name either; {make_one}")
