"""`tgbench score`: metrics alone, for any two clips, or for one."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import TgbenchError
from ..running.result import FRAMES_FILE, SCORES_FILE
from ..specs import Direction
from ..terminal import Terminal
from .lists import add_list, names, paths, stand_alone
from .options import add_measuring_options

if TYPE_CHECKING:
    from ..running.result import MetricRecord
    from ..scoring import ScoreRequest, Scores

_EPILOG = """\
A clip is a video, or a folder of images (png, jpg, bmp) in the order of their
numbers. Of two folders of videos, those of one name are compared.

examples:
  tgbench score ours.mp4 real.mp4
  tgbench score ours/ real/             folders of videos, paired by name
  tgbench score demo.mp4                what needs no ground truth
  tgbench score ours.mp4 real/ --metrics psnr ssim_face lmd \\
      --face-box 120,80,400,420
  tgbench score ours.mp4 --audio speech.wav \\
      --metrics sync_c sync_e lip_agreement
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument(
        "clips",
        nargs="*",
        metavar="CLIP",
        help="what to measure, then the ground truth (without it: only what needs none)",
    )
    parser.add_argument(
        "--prediction", type=Path, metavar="CLIP", help="what to measure, named instead"
    )
    parser.add_argument("--target", type=Path, metavar="CLIP", help="the ground truth, named")
    add_measuring_options(parser)
    parser.add_argument(
        "--audio",
        type=Path,
        metavar="FILE",
        help="the driving sound (the prediction's, or else the target's)",
    )
    add_list(
        parser,
        "--face-box",
        names,
        "left,top,right,bottom of the face region of all frames in pixels, right and bottom "
        "exclusive; each frame's own if none is given",
        metavar="PIXEL",
        count=4,
    )
    add_list(
        parser,
        "--action-units",
        paths,
        "OpenFace's tables of prediction and target, for aue_l and aue_u",
        metavar="FILE.csv",
        count=2,
    )
    add_list(
        parser,
        "--aligned-faces",
        paths,
        "OpenFace's folders NAME_aligned of prediction and target, for ssim_face_aligned",
        metavar="FOLDER",
        count=2,
    )
    parser.add_argument(
        "--fps",
        type=float,
        metavar="N",
        help="frames a second to read videos at, and of folders (as stored; 25 where rates differ "
        "or vary, and of folders alone)",
    )
    parser.add_argument(
        "--allow-drop",
        action="store_true",
        help="compare what has a partner, even if more than a few frames have none",
    )
    parser.add_argument(
        "--deinterlace", action="store_true", help="make whole pictures of interlaced ones"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help=f"write {SCORES_FILE} and {FRAMES_FILE} here"
    )
    parser.add_argument(
        "--fresh", action="store_true", help="replace the scores that --out holds already"
    )


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Score, print a small table, and write the scores if asked to.

    Returns:
        1 if nothing was found out.
    """
    prediction, target = _clips(args)
    from ..interfaces import MetricOptions
    from ..metrics.folders import holds_videos
    from ..metrics.naming import metrics_named
    from ..scoring import ScoreRequest, score

    request = ScoreRequest(
        prediction,
        target,
        audio=args.audio,
        metrics=None if args.metrics is None else metrics_named(args.metrics),
        options=MetricOptions(
            landmarks=args.landmarks,
            through_codec=args.through_codec,
            face_box=None if args.face_box is None else _box(args.face_box),
            action_units=None if args.action_units is None else tuple(args.action_units),
            aligned_faces=None if args.aligned_faces is None else tuple(args.aligned_faces),
        ),
        fps=args.fps,
        allow_drop=args.allow_drop,
        deinterlace=args.deinterlace,
        out=args.out,
        fresh=args.fresh,
    )
    if holds_videos(prediction):
        return _score_folder(request, terminal)
    scores = score(request, terminal.progress)
    _print(scores, terminal)
    return 0 if scores.is_finding else 1


def _score_folder(request: ScoreRequest, terminal: Terminal) -> int:
    """Score the videos of a folder, print each, and print their means.

    Returns:
        1 if a clip could not be scored.
    """
    from rich.text import Text

    from ..scoring import ClipFailed, paired_clips, score_folder

    clips = paired_clips(request)
    scored: list[Scores] = []
    for _, found in score_folder(request, clips, terminal.progress):
        if isinstance(found, ClipFailed):
            terminal.out.print(Text(str(found)))
        else:
            _print(found, terminal)
            scored.append(found)
        terminal.out.print()
    for note in clips.notes:
        terminal.out.print(Text(f"note: {note}"))
    _print_means(scored, len(clips.pairs), terminal)
    whole = all(scores.is_finding for scores in scored)
    return 0 if whole and len(scored) == len(clips.pairs) else 1


def _print_means(scored: Sequence[Scores], clips: int, terminal: Terminal) -> None:
    """Print the mean of every metric over the clips that have it."""
    from rich.text import Text

    from .. import plugins
    from ..text_table import Head, print_table

    specs = plugins.metrics()
    rows: list[list[Text]] = []
    for name in scored[0].metrics if scored else ():
        spec = specs[name]
        values = [value for one in scored if (value := one.metrics[name].value) is not None]
        if values and spec.direction is not Direction.NONE:
            mean = f"{sum(values) / len(values):.{spec.decimals}f}"
            rows.append([Text(spec.label), Text(mean), Text(f"{len(values)}/{clips}")])
    if rows:
        heads = [Head("", right=False), Head("mean over clips"), Head("clips")]
        print_table(terminal.out, heads, rows)
    terminal.out.print(Text(f"{len(scored)} of {clips} clips were scored"))


def _clips(args: argparse.Namespace) -> tuple[Path, Path | None]:
    """Return prediction and target, whichever way they were named."""
    given = [Path(word) for word in stand_alone(args, "clips")]
    prediction = args.prediction or (given.pop(0) if given else None)
    target = args.target or (given.pop(0) if given else None)
    if prediction is None:
        raise TgbenchError(
            "score: no clip to measure; name one first, as in `tgbench score ours.mp4 real.mp4`"
        )
    if given:
        raise TgbenchError(
            f"score: '{given[0]}' is one clip too many; a prediction is compared with one target"
        )
    return prediction, target


def _box(edges: Sequence[str]) -> tuple[int, int, int, int]:
    try:
        left, top, right, bottom = map(int, edges)
    except ValueError:
        raise TgbenchError(
            f"--face-box {','.join(edges)}: give left,top,right,bottom in pixels, such as "
            "120,80,400,420"
        ) from None
    return left, top, right, bottom


def _print(scores: Scores, terminal: Terminal) -> None:
    """Print the table of one clip, what could not be measured, and where the numbers are."""
    from rich.text import Text

    _print_table(scores.metrics, terminal)
    out = terminal.out
    for note in scores.clip.notes:
        out.print(Text(f"note: {note}"))
    against = f"against {scores.target.name}" if scores.target else "alone"
    ending = (
        f"{scores.prediction.name} {against}: {scores.clip.frames} frames at "
        f"{scores.clip.fps:g} a second"
    )
    if not scores.is_finding:
        ending = f"nothing was measured; {ending}"
    elif scores.folder is None:
        ending += "; --out FOLDER keeps the numbers"
    if scores.folder is not None:
        ending += f"; wrote {SCORES_FILE} and {FRAMES_FILE} to {scores.folder}"
    if scores.equality:
        ending += f"; {scores.equality}"
    out.print(Text(ending))


def _print_table(records: Mapping[str, MetricRecord], terminal: Terminal) -> None:
    from rich.text import Text

    from .. import plugins
    from ..text_table import Head, print_table

    specs = plugins.metrics()
    intervals = any(record.interval is not None for record in records.values())
    titles = ("value", *(["95 % interval"] if intervals else []), "frames")
    rows: list[list[Text]] = []
    reasons: dict[str, list[str]] = {}
    for name, record in records.items():
        spec = specs[name]
        if record.value is None:
            reasons.setdefault(record.reason, []).append(spec.title)
            continue
        numbers = [record.value]
        if record.interval is not None:
            numbers += [record.interval.low, record.interval.high]
        value, *ends = (f"{number:.{spec.decimals}f}" for number in numbers)
        cells = [value, *([" to ".join(ends)] if intervals else [])]
        cells.append(f"{record.scored}/{record.total}")
        rows.append([Text(spec.label), *map(Text, cells)])
    out = terminal.out
    if rows:
        print_table(out, [Head("", right=False), *map(Head, titles)], rows)
    for reason, lacking in reasons.items():
        out.print(Text(f"- {', '.join(lacking)}: {reason}", style="dim"))
