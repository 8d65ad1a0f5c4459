"""From what a user names to an identity: a built-in person or a prepared folder."""

from __future__ import annotations

from pathlib import Path

from ..errors import TgbenchError, suggest
from ..files import require_text
from ..progress import SILENT, Progress
from ..synthetic.names import IDENTITIES
from .identity import Identity
from .validation import validate


def resolve_identity(name: str, size: int, progress: Progress = SILENT) -> Identity:
    """Return the identity a user named.

    Args:
        name: a built-in name such as "synth-a", or a folder.
        size: side of the frames in pixels, for built-in identities.
        progress: where making a built-in identity reports to.

    Raises:
        TgbenchError: neither a built-in name nor a folder, or the folder is not sound.
    """
    if name in IDENTITIES:
        from ..synthetic import ensure_identity

        return Identity(ensure_identity(name, size=size, progress=progress))
    folder = Path(name)
    if not folder.is_dir():
        if folder.suffix:
            raise TgbenchError(
                f"{name}: no such identity folder; make one from a video with "
                f"`tgbench prepare VIDEO --out data/NAME`"
            )
        raise suggest(name, IDENTITIES, "identity")
    require_text(folder.resolve())
    problems = validate(folder)
    if problems:
        listed = "; ".join(problems[:5]) + ("; ..." if len(problems) > 5 else "")
        raise TgbenchError(
            f"{folder}: {len(problems)} problem(s) with this identity: {listed} "
            f"(all of them: tgbench validate {folder})"
        )
    return Identity(folder)
