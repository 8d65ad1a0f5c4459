"""Image metrics of torchmetrics, by the name of their class."""

from __future__ import annotations

import inspect
import math
from typing import Any

from ...errors import TgbenchError, suggest
from ...extras import install_extra
from ...specs import Direction, MetricSpec, Region
from .frame_metric import LibraryMetricSpec, Score, needs_of
from .naming import read_name

_DATA_RANGE = "data_range"

_TARGET = {("preds", "target"): True, ("img",): False, ("preds",): False}
"""What `update` takes, and whether the target is among it."""


def spec(name: str) -> MetricSpec:
    """Return what a metric `torchmetrics:CLASS(...)` declares, as far as the class says it.

    Raises:
        TgbenchError: torchmetrics is not installed, has no such image metric or argument, or the
            metric is not one of single frames.
    """
    asked = read_name(name)
    try:
        from torchmetrics import __version__, image
    except ImportError as error:
        raise TgbenchError(
            f"metric '{name}': torchmetrics is not installed: {install_extra('torchmetrics')}"
        ) from error
    known = {title: None for title in dir(image) if title[0].isupper()}
    if asked.metric not in known:
        raise suggest(asked.metric, known, "image metric of torchmetrics")
    kind = getattr(image, asked.metric)
    takes = tuple(inspect.signature(kind.update).parameters)[1:]
    if takes not in _TARGET:
        raise TgbenchError(
            f"metric '{name}': it takes ({', '.join(takes)}), so it is none of single frames; "
            "name one that takes (preds, target) or (img)"
        )
    arguments = _checked(name, kind, dict(asked.arguments))

    def make() -> Score:
        metric = kind(**arguments)

        def score(*images: Any) -> Any:
            metric.reset()
            metric.update(*images)
            return metric.compute()

        return score

    low, high = kind.plot_lower_bound, kind.plot_upper_bound
    return LibraryMetricSpec(
        asked.name,
        (inspect.getdoc(kind) or asked.metric).partition("\n")[0].strip("`."),
        f"{__name__}:spec",
        title=asked.name.partition(":")[2],
        direction={True: Direction.HIGHER, False: Direction.LOWER}.get(
            kind.higher_is_better, Direction.NONE
        ),
        needs=needs_of(_TARGET[takes], asked.region),
        decimals=4,
        by_name=True,
        takes_face_box=asked.region is Region.FACE,
        bounds=(-math.inf if low is None else low, math.inf if high is None else high),
        region=asked.region,
        compares=_TARGET[takes],
        make=make,
        version=f"torchmetrics {__version__} {asked.call}",
    )


def _checked(name: str, kind: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Return arguments of a constructor, with the range of the pixels where it takes that."""
    takes = inspect.signature(kind.__init__).parameters
    known = [each for each in takes if each not in ("self", "kwargs")]
    for word in given:
        if word not in known:
            raise TgbenchError(f"metric '{name}': no argument '{word}'; it has {', '.join(known)}")
    return {_DATA_RANGE: 1.0, **given} if _DATA_RANGE in takes else given
