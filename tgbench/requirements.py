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
from .weights.store import how_to_get, present_path
from .weights.table import find


def lacking(requires: Requires) -> Iterator[str]:
    """Yield what is missing on this machine, each with the remedy."""
    yield from _lacking_packages(requires)
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
        if remedy := _how_to_get(name):
            instead = f", or set {requires.place}" if requires.place else ""
            yield f"weights {name} are missing: {remedy}{instead}"


def _lacking_packages(requires: Requires) -> Iterator[str]:
    elsewhere = os.environ.get(requires.python) if requires.python else None
    if elsewhere:
        if shutil.which(Path(elsewhere).expanduser()) is None:
            yield f"{elsewhere}: is no program; {requires.python} names it"
        return
    missing = [name for name in requires.packages if importlib.util.find_spec(name) is None]
    if not missing:
        return
    remedy = (
        f"install it in an environment of its own, and set {requires.python} to its Python"
        if requires.python
        else install_extra(requires.extra)
    )
    verb = "is" if len(missing) == 1 else "are"
    yield f"{' and '.join(missing)} {verb} not installed: {remedy}"


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


def _how_to_get(name: str) -> str:
    """Return how to get a weight file; empty if it is here."""
    try:
        weights = find(name)
    except TgbenchError as error:
        # Of a plug-in.
        return str(error)
    return "" if present_path(weights) is not None else how_to_get(weights)
