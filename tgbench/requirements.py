"""What a plug-in needs beside tgbench's own packages, and what of it is missing here."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from .errors import TgbenchError
from .extras import install_extra
from .specs import AudioEncoderSpec, BackendSpec, Requires
from .weights.store import present_path
from .weights.table import find


def lacking(requires: Requires) -> Iterator[str]:
    """Yield what is missing on this machine, each with the remedy."""
    missing = [name for name in requires.packages if importlib.util.find_spec(name) is None]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        yield f"{' and '.join(missing)} {verb} not installed: {install_extra(requires.extra)}"
    for program in requires.programs:
        if shutil.which(program) is None:
            given = f", or give `tgbench score {requires.option}` its output"
            yield f"{program} is not on the path: install it{given if requires.option else ''}"
    chosen = os.environ.get(requires.place) if requires.place else None
    if chosen:
        if not Path(chosen).expanduser().exists():
            yield f"{chosen}: no such file or folder; {requires.place} names it"
        return
    for name in requires.weights:
        if not _is_here(name):
            instead = f", or set {requires.place}" if requires.place else ""
            yield f"weights {name} are missing: tgbench weights fetch {name}{instead}"


def why_not_run(encoder: AudioEncoderSpec) -> str:
    """Return why an audio encoder cannot be run here, with the remedy; empty if it can."""
    if not encoder.implementation:
        return f"tgbench only reads {encoder.file}; to make that file, {encoder.recipe}"
    reason = "; ".join(lacking(encoder.requires))
    if reason and encoder.recipe:
        return f"{reason}; or make {encoder.file} elsewhere: {encoder.recipe}"
    return reason


def why_backend_missing(spec: BackendSpec) -> list[str]:
    """Return what a backend lacks on this machine, each with the remedy."""
    instead = f", or give --set {spec.kind}.{spec.unless}=FILE" if spec.unless else ""
    return [f"{reason}{instead}" for reason in lacking(spec.requires)]


def _is_here(name: str) -> bool:
    try:
        return present_path(find(name)) is not None
    except TgbenchError:
        return False
