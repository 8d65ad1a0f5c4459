"""What the page's scripts are given: plain data, one block for each case and each result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tgbench import plugins
from tgbench.identities.layout import FPS
from tgbench.metrics.specs import in_table_order
from tgbench.running.comparison import ERROR_FULL_SCALE
from tgbench.running.result import Result
from tgbench.specs import Direction, Needs

from .cases import CaseGroup, Entry
from .frames import FrameValues, worst_frames
from .videos import CaseClips, Clip

_LIPS = ("mouth_opening", "speech_level")

_NO_TRUTH = (
    "There is ground truth, but no video of it: a version of tgbench that kept none measured this. "
    "`tgbench run --fresh` does."
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
    case: CaseGroup, clips: CaseClips, values: Sequence[FrameValues], store: VideoStore
) -> dict[str, Any]:
    """Return what the page shows of a case.

    Args:
        case: whose results.
        clips: its videos.
        values: the numbers of each entry's frames.
        store: where videos are numbered.
    """
    names = in_table_order(name for found in values for name in found.series if name not in _LIPS)
    metrics = [_metric(name, case.entries) for name in names]
    opening = next((found.target_opening for found in values if found.target_opening), [])
    speech = next((s for found in values if (s := found.series.get("speech_level"))), [])
    return {
        "fps": FPS,
        "frames": max(entry.result.frames for entry in case.entries),
        "errorScale": ERROR_FULL_SCALE,
        "metrics": metrics,
        "truth": store.describe(clips.truth),
        "note": _NO_TRUTH if clips.truth is None and any(map(_needs_truth, names)) else "",
        "truthOpening": opening,
        "speech": speech,
        "entries": [
            {
                "label": entry.label,
                "result": entry.number,
                "video": store.describe(video),
                "error": store.describe(error),
                "series": found.series,
                "worst": _worst(found, metrics),
                "crops": found.crops,
                "problems": list(found.problems),
            }
            for entry, video, error, found in zip(
                case.entries, clips.methods, clips.errors, values, strict=True
            )
        ],
    }


def result_content(entry: Entry) -> dict[str, Any]:
    """Return a whole result with what the page calls it."""
    return {
        "label": entry.label,
        "folder": str(entry.folder),
        "superseded": entry.superseded,
        "metrics": list(in_table_order(entry.result.metrics)),
        "record": entry.result.model_dump(mode="json"),
    }


def field_descriptions() -> dict[str, str]:
    """Return what each field of a result means, by its dotted name."""
    schema = Result.model_json_schema()
    return dict(_described("", schema, schema.get("$defs", {})))


def _described(prefix: str, part: Any, parts: Any) -> Iterator[tuple[str, str]]:
    for name, declared in part.get("properties", {}).items():
        path = f"{prefix}{name}"
        if "description" in declared:
            yield path, declared["description"]
        reference = declared.get("$ref", "")
        if reference:
            yield from _described(f"{path}.", parts[reference.rsplit("/", 1)[-1]], parts)


def _metric(name: str, entries: Sequence[Entry]) -> dict[str, Any]:
    """Describe a column; one whose plug-in is not installed here keeps its name."""
    spec = plugins.metrics().get(name)
    direction = _direction(name, entries)
    return {
        "name": name,
        "title": (spec.title if spec else "") or name,
        "unit": spec.unit if spec else "",
        "decimals": spec.decimals if spec else 3,
        "direction": direction.value,
    }


def _needs_truth(name: str) -> bool:
    spec = plugins.metrics().get(name)
    return spec is not None and Needs.TARGET in spec.needs


def _direction(name: str, entries: Sequence[Entry]) -> Direction:
    spec = plugins.metrics().get(name)
    if spec is not None:
        return spec.direction
    records = (entry.result.metrics.get(name) for entry in entries)
    return next((Direction(record.direction) for record in records if record), Direction.NONE)


def _worst(found: FrameValues, metrics: Sequence[dict[str, Any]]) -> dict[str, list[int]]:
    return {
        metric["name"]: frames
        for metric in metrics
        if (series := found.series.get(metric["name"]))
        and (frames := worst_frames(series, Direction(metric["direction"])))
    }
