"""What the page's scripts are given: plain data, one block for each case and each result."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tgbench import plugins
from tgbench.plugins import in_table_order
from tgbench.running.comparison_videos import ERROR_FULL_SCALE
from tgbench.running.result import Result
from tgbench.specs import Direction, Needs

from ..tables.cell_from_result import measured_cell, metric_column
from ..tables.cells import Cell, Column, Status
from ..tables.labels import distinguishing
from .cases import CaseGroup, PageEntry
from .frame_data import FrameData, worst_frames
from .templating import shortened
from .videos import CaseClips, Clip

_LIPS = ("mouth_opening", "speech_level")

_DECIMALS = 3
"""Of a column that no metric explains."""

_GREATEST = 2**53 - 1
"""Beyond this JavaScript rounds whole numbers."""

_NO_TRUTH = (
    "There is no video of the ground truth: the version of tgbench that measured this did not keep "
    "it. Run the case again with `tgbench run --fresh`."
)


@dataclass
class VideoStore:
    """Numbers the videos that go into the page, each file once."""

    paths: list[Path] = field(default_factory=list)

    def describe(self, clip: Clip | None) -> dict[str, Any] | None:
        """Return where the page finds a video, or why there is none."""
        if clip is None:
            return None
        if clip.missing:
            return {"missing": clip.missing}
        self.paths.append(clip.path)
        return {"video": len(self.paths) - 1}


def case_content(
    case: CaseGroup,
    clips: CaseClips,
    values: Sequence[FrameData],
    store: VideoStore,
    metrics: Sequence[str] = (),
) -> dict[str, Any]:
    """Return what the page shows of a case.

    Args:
        case: whose results.
        clips: its videos.
        values: the numbers of each entry's frames.
        store: where videos are numbered.
        metrics: what to show, in this order; empty for all.
    """
    values = [_possible(entry, found) for entry, found in zip(case.entries, values, strict=True)]
    known = {name for found in values for name in found.series if name not in _LIPS}
    names = [name for name in metrics or in_table_order(known) if name in known]
    described = [_metric(name, case.entries) for name in names]
    opening = next((found.target_opening for found in values if found.target_opening), [])
    speech = next((s for found in values if (s := found.series.get("speech_level"))), [])
    return {
        "fps": case.entries[0].result.identity.fps,
        "frames": _frames(case.entries, values),
        "errorScale": ERROR_FULL_SCALE,
        "metrics": described,
        "panels": list(_panels(described, case.entries, values)),
        "truth": store.describe(clips.truth),
        "note": _NO_TRUTH if clips.truth is None and any(map(_needs_truth, names)) else "",
        "truthOpening": opening,
        "speech": speech,
        "entries": [
            {
                "label": shortened(entry.label),
                "mode": shortened(entry.result.method.composite_mode),
                "given": entry.result.method.leaked_conditions,
                "result": entry.number,
                "video": store.describe(video),
                "error": store.describe(error),
                "series": found.series,
                "worst": _worst(found, described),
                "crops": found.crops,
                "problems": list(found.problems),
            }
            for entry, video, error, found in zip(
                case.entries, clips.methods, clips.errors, values, strict=True
            )
        ],
    }


def result_content(entry: PageEntry) -> dict[str, Any]:
    """Return a whole result with what the page calls it."""
    return {
        "label": shortened(entry.label),
        "folder": entry.place,
        "superseded": entry.superseded,
        "origins": entry.origins,
        "metrics": list(in_table_order(entry.result.metrics)),
        "record": _in_json(entry.result.model_dump(mode="json")),
    }


def field_descriptions() -> dict[str, str]:
    """Return what each field of a result means, by its dotted name."""
    schema = Result.model_json_schema()
    return dict(_described("", schema, schema.get("$defs", {})))


def _in_json(value: Any) -> Any:
    """Return a value as scripts read it: numbers that they would round become texts."""
    if isinstance(value, dict):
        return {key: _in_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_in_json(item) for item in value]
    return str(value) if isinstance(value, int) and abs(value) > _GREATEST else value


def _described(prefix: str, part: Any, parts: Any) -> Iterator[tuple[str, str]]:
    for name, declared in part.get("properties", {}).items():
        path = f"{prefix}{name}"
        if "description" in declared:
            yield path, declared["description"]
        reference = declared.get("$ref", "")
        if reference:
            yield from _described(f"{path}.", parts[reference.rsplit("/", 1)[-1]], parts)


def _metric(name: str, entries: Sequence[PageEntry]) -> dict[str, Any]:
    """Describe a column of frames; what is no metric here, nor in any result, keeps its name."""
    results = [entry.result for entry in entries]
    known = name in plugins.metrics() or any(name in result.metrics for result in results)
    column = (
        metric_column(name, results) if known else Column(name, name, "", Direction.NONE, _DECIMALS)
    )
    return {
        "name": name,
        "title": column.title,
        "unit": column.unit,
        "decimals": column.decimals,
        "direction": column.direction.value,
    }


def _frames(entries: Sequence[PageEntry], values: Sequence[FrameData]) -> int:
    """Return how many frames a case has: as tables tell, for what a result says may be wrong."""
    lengths = [len(series) for found in values for series in found.series.values()]
    return max(1, *(lengths or [entry.result.frames for entry in entries]))


def _possible(entry: PageEntry, found: FrameData) -> FrameData:
    """Return values without those that a table shows as a dash: the method cannot have them."""
    series = {
        name: values
        for name, values in found.series.items()
        if name in _LIPS or _cell(entry, name).status is not Status.NOT_APPLICABLE
    }
    return dataclasses.replace(found, series=series)


def _cell(entry: PageEntry, metric: str) -> Cell:
    known = metric in plugins.metrics() or metric in entry.result.metrics
    if not known:
        return Cell(None, Status.ABSENT, metric=metric)
    return measured_cell(entry.case, metric_column(metric, [entry.result]))


def _panels(
    metrics: Sequence[dict[str, Any]], entries: Sequence[PageEntry], values: Sequence[FrameData]
) -> Iterator[dict[str, Any]]:
    """Yield for each way in which a metric was measured which entries share an axis.

    Values that are not comparable never share one: those of different measurers, and for image
    metrics those of different composite modes.
    """
    for metric in metrics:
        groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
        for number, (entry, found) in enumerate(zip(entries, values, strict=True)):
            if metric["name"] in found.series:
                groups[_cell(entry, metric["name"]).comparable].append(number)
        for measurer, numbers in zip(distinguishing(list(groups)), groups.values(), strict=True):
            yield {**metric, "entries": numbers, "measurer": shortened(measurer)}


def _needs_truth(name: str) -> bool:
    spec = plugins.metrics().get(name)
    return spec is not None and Needs.TARGET in spec.needs


def _worst(found: FrameData, metrics: Sequence[dict[str, Any]]) -> dict[str, list[int]]:
    return {
        metric["name"]: frames
        for metric in metrics
        if (series := found.series.get(metric["name"]))
        and (frames := worst_frames(series, Direction(metric["direction"])))
    }
