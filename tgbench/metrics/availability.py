"""Whether a metric can be had here, told without loading it."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator

from ..errors import TgbenchError
from ..extras import install_extra
from ..specs import MetricSpec, Needs, Requires
from ..weights.store import present_path
from ..weights.table import find

_FACES = Requires(packages=("mediapipe",), extra="face")


def why_not_here(spec: MetricSpec) -> str:
    """Return what a metric lacks on this machine, with the remedy; empty if it can be had.

    It is told by what is installed: whether that works, `tgbench doctor` finds out.
    """
    return "; ".join(_lacking(spec))


def _lacking(spec: MetricSpec) -> Iterator[str]:
    requires = spec.requires
    if requires.option and not requires.programs:
        yield f"is measured by `tgbench score {requires.option}` alone"
    yield from _packages(requires)
    if spec.needs & {Needs.LANDMARKS, Needs.MESH}:
        yield from _packages(_FACES)
    for program in requires.programs:
        if shutil.which(program) is None:
            given = f", or give `tgbench score {requires.option}` its output"
            yield f"{program} is not on the path: install it{given if requires.option else ''}"
    for name in requires.weights:
        if not _is_here(name):
            yield f"weights {name} are missing: tgbench weights fetch {name}"


def _packages(requires: Requires) -> Iterator[str]:
    missing = [name for name in requires.packages if importlib.util.find_spec(name) is None]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        yield f"{' and '.join(missing)} {verb} not installed: {install_extra(requires.extra)}"


def _is_here(name: str) -> bool:
    try:
        return present_path(find(name)) is not None
    except TgbenchError:
        return False
