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
    from rich.text import Text

    from ..interfaces import MetricOptions
    from ..running.result import MetricRecord

Records = Mapping[str, "MetricRecord"]

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
    options = _options(args)
    if args.fps is not None and not 0 < args.fps <= 1000:
        raise TgbenchError(f"--fps {args.fps:g}: give frames a second, such as 25")

    from ..metrics.folders import holds_videos
    from ..metrics.naming import metrics_named
    from ..metrics.videos import metrics_for_videos

    chosen = None if args.metrics is None else metrics_named(args.metrics)
    names = metrics_for_videos(chosen, target is not None, options)
    if holds_videos(prediction):
        return _score_folder(prediction, target, names, options, args, terminal)
    if args.out is not None:
        from ..running.score_folder import make_scores_folder

        make_scores_folder(args.out, args.fresh)
    records = _score_clip(prediction, target, names, options, args, args.out, terminal)
    return 0 if _measured(records) or _equality(records) else 1


def _score_folder(
    predictions: Path,
    targets: Path | None,
    names: Sequence[str],
    options: MetricOptions,
    args: argparse.Namespace,
    terminal: Terminal,
) -> int:
    """Score the videos of a folder, each against that of its name, and print their means.

    Returns:
        1 if a clip could not be scored.
    """
    from rich.text import Text

    from ..metrics.folders import videos_by_name
    from ..running.score_folder import make_scores_folder

    if args.audio or options.action_units or options.aligned_faces:
        raise TgbenchError(
            f"{predictions}: holds several videos; --audio, --action-units and --aligned-faces are "
            "of one"
        )
    clips = videos_by_name(predictions, targets, args.allow_drop)
    folders = {name: None if args.out is None else args.out / name for name in clips.pairs}
    for folder in folders.values():
        if folder is not None:
            make_scores_folder(folder, args.fresh)
    scored: list[Records] = []
    for name, (prediction, target) in clips.pairs.items():
        try:
            scored.append(
                _score_clip(prediction, target, names, options, args, folders[name], terminal)
            )
        except TgbenchError as error:
            terminal.out.print(Text(f"{name}: not scored: {error}"))
        terminal.out.print()
    for note in clips.notes:
        terminal.out.print(Text(f"note: {note}"))
    _print_means(scored, len(clips.pairs), terminal)
    whole = all(_measured(records) or _equality(records) for records in scored)
    return 0 if whole and len(scored) == len(clips.pairs) else 1


def _score_clip(
    prediction: Path,
    target: Path | None,
    names: Sequence[str],
    options: MetricOptions,
    args: argparse.Namespace,
    out: Path | None,
    terminal: Terminal,
) -> Records:
    """Score one clip, print its table, and write the scores if there is a folder for them."""
    from ..metrics.videos import score_videos
    from ..running.metric_records import metric_records
    from ..running.score_folder import write_scores

    scores = score_videos(
        prediction,
        target,
        args.audio,
        names,
        terminal.progress,
        options=options,
        fps=args.fps,
        allow_drop=args.allow_drop,
        deinterlace=args.deinterlace,
    )
    records = metric_records(scores.measurements, scores.per_frame)
    _print(records, scores.notes, terminal)
    what = f"{prediction.name} " + (f"against {target.name}" if target else "alone")
    ending = f"{what}: {scores.frames} frames at {scores.fps:g} a second"
    equality = _equality(records)
    if not _measured(records) and not equality:
        ending = f"nothing was measured; {ending}"
    elif out is None:
        ending += "; --out FOLDER keeps the numbers"
    if out is not None:
        inputs = {"prediction": prediction, "target": target, "audio": scores.sound}
        write_scores(out, scores, records, inputs, options)
        ending += f"; wrote {SCORES_FILE} and {FRAMES_FILE} to {out}"
    if equality:
        ending += f"; {equality}"
    terminal.out.print(ending, markup=False)
    return records


def _measured(records: Records) -> bool:
    return any(record.value is not None for record in records.values())


def _equality(records: Records) -> str:
    """Return that all pictures equal their targets, so that PSNR has no number; else nothing."""
    for name, what in (("psnr", "frame"), ("psnr_face", "face that was found")):
        record = records.get(name)
        if record and record.value is None and record.details.get("identical_frames"):
            return f"every {what} equals its target: PSNR is infinite"
    return ""


def _print_means(scored: Sequence[Records], clips: int, terminal: Terminal) -> None:
    """Print the mean of every metric over the clips that have it."""
    from rich.text import Text

    from .. import plugins
    from ..text_table import Head, print_table

    specs = plugins.metrics()
    rows: list[list[Text]] = []
    for name in scored[0] if scored else ():
        spec = specs[name]
        values = [value for one in scored if (value := one[name].value) is not None]
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


def _options(args: argparse.Namespace) -> MetricOptions:
    """Return how to measure.

    Raises:
        TgbenchError: no box, or a file or folder that is not there.
    """
    from ..interfaces import MetricOptions

    for option, given in (
        ("--action-units", args.action_units),
        ("--aligned-faces", args.aligned_faces),
    ):
        for path in given or ():
            if not (path.is_dir() if option == "--aligned-faces" else path.is_file()):
                kind = "folder" if option == "--aligned-faces" else "file"
                raise TgbenchError(f"{option} {path}: no such {kind}")
    return MetricOptions(
        landmarks=args.landmarks,
        through_codec=args.through_codec,
        face_box=None if args.face_box is None else _box(args.face_box),
        action_units=None if args.action_units is None else tuple(args.action_units),
        aligned_faces=None if args.aligned_faces is None else tuple(args.aligned_faces),
    )


def _box(edges: Sequence[str]) -> tuple[int, int, int, int]:
    try:
        left, top, right, bottom = map(int, edges)
    except ValueError:
        raise TgbenchError(
            f"--face-box {','.join(edges)}: give left,top,right,bottom in pixels, such as "
            "120,80,400,420"
        ) from None
    return left, top, right, bottom


def _print(records: Records, notes: Sequence[str], terminal: Terminal) -> None:
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
    for note in notes:
        out.print(Text(f"note: {note}"))
