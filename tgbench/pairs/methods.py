"""Whose videos are scored: a name, or what a declaration says of it."""

from __future__ import annotations

from pathlib import Path

from ..errors import TgbenchError
from ..running.job import NAME
from ..systems.provenance import stated
from ..systems.spec import SUFFIX, read_spec
from .scoring import ScoredMethod


def scored_method(given: str, composite_mode: str | None = None) -> ScoredMethod:
    """Return whose videos are scored.

    Args:
        given: a name, or the path of a declaration.
        composite_mode: what the frames are made of; None: as declared, or not known.

    Raises:
        TgbenchError: it is no name, the declaration is wrong, or both say what frames are made of.
    """
    if given.endswith(SUFFIX):
        if composite_mode is not None:
            raise TgbenchError(f"--composite-mode: {given} says it already; leave the option out")
        spec = read_spec(Path(given))
        return ScoredMethod(
            name=spec.name,
            composite_mode=spec.composite_mode.value,
            leaked_conditions=tuple(condition.value for condition in spec.leaked_conditions),
            whole_image_valid=spec.whole_image_valid,
            moves_upper_face=spec.moves_upper_face,
            hears_audio=spec.hears_audio,
            system=stated(spec.facts()),
        )
    if not NAME.match(given):
        raise TgbenchError(f"--method {given}: is no name; give a word, or a declaration (.toml)")
    return ScoredMethod(given, composite_mode=composite_mode or "")
