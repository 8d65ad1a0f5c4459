"""Whether a metric is available here, found without loading it."""

from __future__ import annotations

from collections.abc import Iterator

from ..requirements import lacking
from ..specs import MetricSpec, Needs, Requires

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
    if spec.needs & {Needs.LANDMARKS, Needs.MESH}:
        yield from lacking(_FACES)
    yield from lacking(requires)
