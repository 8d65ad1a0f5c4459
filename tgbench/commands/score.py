"""`tgbench score`: metrics alone, for any two videos."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..specs import Direction
from ..terminal import Terminal

if TYPE_CHECKING:
    from ..metrics.videos import VideoScores

SCHEMA_VERSION = 1
"""Of scores.json; grows when a field changes its meaning or goes."""

SCORES_FILE = "scores.json"
FRAMES_FILE = "frames.parquet"

_ARROWS = {Direction.HIGHER: "↑", Direction.LOWER: "↓", Direction.NONE: ""}

_EPILOG = """\
examples:
  tgbench score --prediction ours.mp4 --target real.mp4
  tgbench score --prediction ours.mp4 --audio speech.wav --metrics lip_agreement lip_lag
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument(
        "--prediction", type=Path, required=True, metavar="VIDEO", help="what to measure"
    )
    parser.add_argument(
        "--target",
        type=Path,
        metavar="VIDEO",
        help="the ground truth (without it: only what needs none)",
    )
    parser.add_argument(
        "--metrics", nargs="+", metavar="NAME", help="which metrics (all that can be had)"
    )
    parser.add_argument(
        "--audio", type=Path, metavar="FILE", help="the driving sound (that of the prediction)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="write scores.json and frames.parquet here"
    )


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Score, print a small table, and write the scores if asked to."""
    from ..files import make_folder
    from ..metrics.videos import metrics_for_videos, score_videos

    names = metrics_for_videos(args.metrics, has_target=args.target is not None)
    if args.out is not None:
        make_folder(args.out)
    scores = score_videos(args.prediction, args.target, args.audio, names, terminal.progress)
    _print(scores, terminal)
    if args.out is not None:
        _write(scores, args, terminal)
    return 0


def _print(scores: VideoScores, terminal: Terminal) -> None:
    from rich.table import Table
    from rich.text import Text

    from .. import plugins

    specs = plugins.metrics()
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("", "value", "frames"):
        table.add_column(title, justify="right" if title else "left")
    reasons: dict[str, list[str]] = {}
    for name, found in scores.measurements.items():
        spec = specs[name]
        if found.value is None:
            reasons.setdefault(found.reason, []).append(spec.title)
            continue
        unit = f"[{spec.unit}]" if spec.unit else ""
        label = Text(" ".join(filter(None, (spec.title, _ARROWS[spec.direction], unit))))
        table.add_row(label, f"{found.value:.{spec.decimals}f}", f"{found.scored}/{found.total}")
    out = terminal.out
    out.print(table)
    for reason, titles in reasons.items():
        out.print(Text(f"- {', '.join(titles)}: {reason}", style="dim"))
    for note in scores.notes:
        out.print(Text(f"note: {note}"))
    out.print(f"{scores.frames} frames at {scores.fps:g} a second")


def _write(scores: VideoScores, args: argparse.Namespace, terminal: Terminal) -> None:
    import datetime

    import pandas as pd

    from ..files import atomic_path, sha256, write_json
    from ..running.environment import describe_environment
    from ..running.measuring import metric_records
    from ..version import __version__

    inputs = {"prediction": args.prediction, "target": args.target, "audio": args.audio}
    records = metric_records(scores.measurements)
    document = {
        "schema_version": SCHEMA_VERSION,
        "tgbench_version": __version__,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "inputs": {
            name: {"file": path.name, "sha256": sha256(path)}
            for name, path in inputs.items()
            if path is not None
        },
        "frames": scores.frames,
        "fps": scores.fps,
        "notes": list(scores.notes),
        "metrics": {name: record.model_dump() for name, record in records.items()},
        "environment": describe_environment("cpu").model_dump(),
    }
    write_json(args.out / SCORES_FILE, document)
    table = pd.DataFrame({"frame": range(scores.frames), **scores.per_frame})
    with atomic_path(args.out / FRAMES_FILE) as temporary:
        table.to_parquet(temporary, index=False)
    for name in (SCORES_FILE, FRAMES_FILE):
        terminal.out.print(f"wrote {args.out / name}", markup=False)
