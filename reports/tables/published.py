"""The rows of the TalkingGaussian paper's tables, for tables that show them beside measured ones.

The numbers and where they come from: `published/README.md`.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tgbench.plugins import in_table_order, metric_spec
from tgbench.running.result import Result
from tgbench.specs import OWN_SOUND

from .cell_from_result import metric_column
from .cells import Cell, Column, Status
from .entries import Entry, protocol_title

SOURCE = "TalkingGaussian (ECCV 2024)"
NOTE = (
    "Published numbers are those of their paper, measured on other people with other hardware and "
    "software; they are ranked among themselves only"
)

_FOLDER = Path(__file__).parents[1] / "published"

_METRICS = {
    "psnr": "psnr",
    "lpips": "lpips",
    "ssim": "ssim_face_aligned",
    "lmd": "lmd",
    "aue_l": "aue_l",
    "aue_u": "aue_u",
    "sync_c": "sync_c",
    "sync_e": "sync_e",
    "train_hours": "training_time",
    "fps": "fps",
}
"""By field of the files, the metric that means the same."""

_TOLD = {
    "ssim_face_aligned": "published SSIM is that of faces aligned by OpenFace",
    "training_time": "published training times are in hours; shown in minutes",
    "aue_l": "published AUE is summed by the official script, in which frames without a face count",
    "sync_c": "published Sync-C and Sync-E are those of syncnet_python's own pipeline",
    "lmd": "published LMD is in pixels of frames of about 512 x 512, with FAN's landmarks",
}

_OURS = "TalkingGaussian"
_TRUTH = "Ground Truth"
_PASTED = frozenset({"Wav2Lip", "IP-LAP", "DINet"})
"""They write a mouth into true frames, and so compare with each other alone where pixels count."""

_MINUTES = 60.0


@dataclass(frozen=True)
class _Source:
    """A table of the paper.

    Attributes:
        number: of it.
        file: with its numbers.
        protocols: the settings that it is about.
        driver, identity: of all its rows, unless the field names tell them.
        within: by prefix of a field's name, its driver and identity.
    """

    number: int
    file: str
    protocols: tuple[str, ...]
    driver: str = OWN_SOUND
    identity: str = "mean of four videos"
    within: Mapping[str, tuple[str, str]] | None = None


_PAIRS = {
    f"{audio}_{person}_": (f"Test Audio {audio.upper()}", person.capitalize())
    for audio in "ab"
    for person in ("obama", "may")
}
_VOICES = {
    "female_german_": ("Female, German", "four videos"),
    "male_german_": ("Male, German", "four videos"),
    "male_chinese_": ("Male, Chinese", "four videos"),
}
_SELF = ("self_reconstruction",)
_SOURCES = {
    source.number: source
    for source in (
        _Source(1, "table1_self_reconstruction.csv", _SELF),
        _Source(2, "table2_lip_synchronization.csv", ("lipsync",), within=_PAIRS),
        _Source(4, "table4_ablation.csv", _SELF),
        _Source(5, "table5_hybrid_motion.csv", _SELF),
        _Source(6, "table6_audio_extractors.csv", _SELF),
        _Source(7, "table7_cross_lingual.csv", ("lipsync", "cross_lingual"), within=_VOICES),
    )
}
_USUAL = {"self_reconstruction": 1, "lipsync": 2, "cross_lingual": 7}


@dataclass(frozen=True)
class Published:
    """What a paper prints for a protocol.

    Attributes:
        protocol: its name.
        title: of the paper's table, for the head of a block.
        metrics: that it has, in the order of tables.
        entries: its rows.
        notes: what a reader must know about its columns.
    """

    protocol: str
    title: str
    metrics: tuple[str, ...]
    entries: tuple[Entry, ...]
    notes: tuple[str, ...]


def published_numbers(
    protocol: str, number: int = 0, fields: Collection[str] = ()
) -> Published | None:
    """Return the published numbers of a protocol, None where there are none.

    Args:
        protocol: its name.
        number: of the paper's table; 0 for the main one of the protocol.
        fields: settings that have a place of their own and need not stand beside the method.
    """
    source = _SOURCES.get(number or _USUAL.get(protocol, 0))
    if source is None or protocol not in source.protocols:
        return None
    with (_FOLDER / source.file).open(newline="", encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    entries = tuple(entry for line in lines for entry in _entries(source, line, fields))
    metrics = in_table_order(metric for entry in entries for metric in entry.cells)
    notes = tuple(text for metric, text in _TOLD.items() if metric in metrics)
    return Published(
        protocol, f"published: {SOURCE}, table {source.number}", metrics, entries, (NOTE, *notes)
    )


def published_beside(
    results: Iterable[Result], number: int = 0, fields: Collection[str] = ()
) -> list[Published]:
    """Return what the paper prints for each protocol of the results, as `published_numbers`."""
    protocols = sorted({result.protocol.name for result in results})
    found = (published_numbers(protocol, number, fields) for protocol in protocols)
    return [published for published in found if published is not None]


def with_dashes(entries: Sequence[Entry], metrics: Sequence[Column]) -> list[Entry]:
    """Return the entries with a cell for every metric, a dash where nothing was published."""
    filled = []
    for entry in entries:
        cells = {
            metric.name: entry.cells.get(metric.name)
            or Cell(None, Status.ABSENT, metric=metric.name)
            for metric in metrics
        }
        filled.append(Entry(entry.place, entry.title, cells, entry.caveats))
    return filled


def _entries(source: _Source, line: Mapping[str, str], fields: Collection[str]) -> Iterator[Entry]:
    row = _row(source, line)
    shown = [text for key, (text, _) in row.settings.items() if text and key not in fields]
    parts = [*row.parts, *shown]
    label = f"{row.method} ({', '.join(parts)})" if parts else row.method
    caveat = f"published in {SOURCE}, table {source.number}; not measured here"
    for prefix, (driver, identity) in (source.within or {"": ("", "")}).items():
        driver, identity = driver or source.driver, identity or source.identity
        cells = {}
        for name, metric in _METRICS.items():
            if line.get(prefix + name):
                cells[metric] = _cell(metric, line[prefix + name], row)
        if cells:
            place = {
                "method": label,
                "identity": identity,
                "driver": driver,
                "protocol": protocol_title(source.protocols[0]),
                **{key: value for key, (_, value) in row.settings.items()},
            }
            title = identity if driver == source.driver else f"{identity} · {driver}"
            yield Entry(place, title, cells, (caveat,))


@dataclass(frozen=True)
class _Line:
    """What a line of a file is about.

    Attributes:
        method: its name.
        parts: what else it is called.
        settings: by field of a table, its text beside the method, and by itself.
        contest: within what it competes.
    """

    method: str
    parts: tuple[str, ...] = ()
    settings: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    contest: str = ""


def _row(source: _Source, line: Mapping[str, str]) -> _Line:
    if source.number == 4:
        settings = {
            "config.motion": (line["motion"], line["motion"]),
            "config.face_mouth_decomposition": ("FMD" * (line["fmd"] == "yes"), line["fmd"]),
            "config.incremental_sampling": ("IS" * (line["is"] == "yes"), line["is"]),
        }
        return _Line(_OURS, (line["backbone"],), settings)
    if source.number == 5:
        decoded = line["settings"].split("+")
        settings = {
            f"config.predict_{name}": (text * (text in decoded), "yes" if text in decoded else "no")
            for name, text in (("opacity", "alpha"), ("color", "rgb"))
        }
        return _Line(_OURS, (decoded[0],), settings)
    extractor = line.get("extractor", _TRUTH)
    if extractor == _TRUTH:
        return _Line(line.get("method", _TRUTH))
    contest = extractor if source.number == 7 else ""
    settings = {"config.audio_features": (extractor, extractor)}
    return _Line(line.get("method", _OURS), (), settings, contest)


def _cell(metric: str, text: str, row: _Line) -> Cell:
    value, decimals = float(text), len(text.partition(".")[2])
    if metric == "training_time":
        value, decimals = value * _MINUTES, metric_column(metric, ()).decimals
    pasted = metric_spec(metric).region.depends_on_composite and row.method in _PASTED
    return Cell(
        value,
        Status.PUBLISHED,
        decimals=decimals,
        measured_by=f"published: {SOURCE}",
        # The truth is no rival of what imitates it.
        comparable=("published", row.contest, pasted, row.method == _TRUTH),
        metric=metric,
    )
