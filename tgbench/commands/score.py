"""`tgbench score`: measure any two clips, or one."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import TgbenchError
from ..running.result import FRAMES_FILE, SCORES_FILE
from ..terminal import Terminal
from .lists import add_list, names, paths, stand_alone
from .options import add_measuring_options
from .score_pairs import add_pairs_options, execute_pairs, refuse_without_pairs
from .score_text import Remarks, print_means

if TYPE_CHECKING:
    from ..scoring import ScoreRequest, Scores

_EPILOG = """\
A clip is a video, or a folder of images (png, jpg, bmp) in the order of their
numbers. Two folders of videos are compared video by video, paired by name.

examples:
  tgbench score ours.mp4 real.mp4
  tgbench score ours/ real/             folders of videos, paired by name
  tgbench score demo.mp4                metrics without ground truth
  tgbench score ours.mp4 real/ --metrics psnr ssim_face lmd \\
      --face-box 120,80,400,420
  tgbench score ours.mp4 --audio speech.wav \\
      --metrics sync_c sync_e lip_agreement
  tgbench score --pairs ours/ real/ --method ours --jobs 2
                                        results that report, compare, gate and
                                        bundle read like those of a run
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument(
        "clips",
        nargs="*",
        metavar="CLIP",
        help="the clip to measure, then the ground truth (without it, only metrics that need none "
        "are measured)",
    )
    parser.add_argument(
        "--prediction", type=Path, metavar="CLIP", help="the clip to measure, as an option"
    )
    parser.add_argument(
        "--target", type=Path, metavar="CLIP", help="the ground truth, as an option"
    )
    add_pairs_options(parser)
    add_measuring_options(parser)
    parser.add_argument(
        "--audio",
        type=Path,
        metavar="FILE",
        help="the driving audio (default: that of the prediction, or of the target)",
    )
    parser.add_argument(
        "--phonemes",
        type=Path,
        metavar="FILE",
        help="Praat's TextGrid of the driving audio, or JSON like that of built-in people "
        "(default: the TextGrid beside --audio)",
    )
    add_list(
        parser,
        "--face-box",
        names,
        "left,top,right,bottom of the face in all frames, in pixels, right and bottom exclusive "
        "(default: found in each frame)",
        metavar="PIXEL",
        count=4,
    )
    add_list(
        parser,
        "--action-units",
        paths,
        "OpenFace tables of prediction and target, for aue_l and aue_u",
        metavar="FILE.csv",
        count=2,
    )
    add_list(
        parser,
        "--aligned-faces",
        paths,
        "OpenFace folders NAME_aligned of prediction and target, for ssim_face_aligned",
        metavar="FOLDER",
        count=2,
    )
    parser.add_argument(
        "--fps",
        type=float,
        metavar="N",
        help="frame rate to read clips at (default: that of the videos; 25 for folders, and where "
        "rates differ or vary)",
    )
    parser.add_argument(
        "--allow-drop",
        action="store_true",
        help="compare the frames that both clips have, even if many lack a partner",
    )
    parser.add_argument("--deinterlace", action="store_true", help="deinterlace the videos")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help=f"write {SCORES_FILE} and {FRAMES_FILE} to this folder; with --pairs: where results "
        "go (results)",
    )
    parser.add_argument("--fresh", action="store_true", help="replace earlier scores in --out")


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Score, print a small table, and write the scores if --out is given.

    Returns:
        1 if no metric could be measured.
    """
    if args.pairs:
        return execute_pairs(args, None if args.face_box is None else _box(args.face_box), terminal)
    refuse_without_pairs(args)
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
            phonemes=args.phonemes,
            floor=args.floor,
        ),
        fps=args.fps,
        allow_drop=args.allow_drop,
        deinterlace=args.deinterlace,
        out=args.out,
        fresh=args.fresh,
    )
    from rich.text import Text

    if holds_videos(prediction):
        return _score_folder(request, terminal)
    scores = score(request, terminal.progress)
    remarks = Remarks()
    _print(scores, remarks, terminal)
    remarks.print(terminal, clips=1)
    ending = "" if scores.folder or not scores.is_finding else "; --out FOLDER keeps the numbers"
    terminal.out.print(Text(f"{_summary(scores)}{ending}"))
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
    remarks = Remarks()
    for _, found in score_folder(request, clips, terminal.progress):
        if isinstance(found, ClipFailed):
            terminal.out.print(Text(str(found)))
        else:
            _print(found, remarks, terminal)
            terminal.out.print(Text(_summary(found)))
            scored.append(found)
        terminal.out.print()
    for note in clips.notes:
        terminal.out.print(Text(f"note: {note}"))
    remarks.print(terminal, len(clips.pairs))
    print_means([scores.metrics for scores in scored], len(clips.pairs), terminal)
    kept = not scored or scored[0].folder is not None
    ending = "" if kept else "; --out FOLDER keeps the numbers"
    terminal.out.print(Text(f"{len(scored)} of {len(clips.pairs)} clips were scored{ending}"))
    whole = all(scores.is_finding for scores in scored)
    return 0 if whole and len(scored) == len(clips.pairs) else 1


def _clips(args: argparse.Namespace) -> tuple[Path, Path | None]:
    """Return prediction and target, given by place or as options."""
    given = [Path(word) for word in stand_alone(args, "clips")]
    prediction = args.prediction or (given.pop(0) if given else None)
    target = args.target or (given.pop(0) if given else None)
    if prediction is None:
        raise TgbenchError(
            "score: no clip to measure; name one, as in `tgbench score ours.mp4 real.mp4`"
        )
    if given:
        raise TgbenchError(
            f"score: too many clips ('{given[0]}'); give one prediction and one target"
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


def _print(scores: Scores, remarks: Remarks, terminal: Terminal) -> None:
    """Print the numbers of one clip, and collect what else there is to say."""
    from rich.text import Text

    from .. import plugins
    from ..metrics.noise_floor import FLOOR
    from ..terminal.text_table import Head, print_table

    specs = plugins.metrics()
    intervals = any(record.interval is not None for record in scores.metrics.values())
    floors = any(FLOOR in record.details for record in scores.metrics.values())
    titles = ("value", *(["95 % interval"] if intervals else []))
    titles += (*(["floor"] if floors else []), "frames")
    rows: list[list[Text]] = []
    reasons: dict[str, list[str]] = {}
    for name, record in scores.metrics.items():
        spec = specs[name]
        if record.value is None:
            reasons.setdefault(record.reason, []).append(spec.title)
            continue
        numbers = [record.value]
        if record.interval is not None:
            numbers += [record.interval.low, record.interval.high]
        value, *ends = (f"{number:.{spec.decimals}f}" for number in numbers)
        cells = [value, *([" to ".join(ends)] if intervals else [])]
        if floors:
            floor = record.details.get(FLOOR)
            cells.append("-" if floor is None else f"{floor:.{spec.decimals}f}")
        cells.append(f"{record.scored}/{record.total}")
        rows.append([Text(spec.label), *map(Text, cells)])
    if rows:
        print_table(terminal.out, [Head("", right=False), *map(Head, titles)], rows)
    clip = scores.prediction.name
    for reason, lacking in reasons.items():
        remarks.missing(", ".join(lacking), reason, clip)
    for note in scores.clip.notes:
        remarks.note(note, clip)


def _summary(scores: Scores) -> str:
    """Return what was compared, and where the numbers are."""
    against = f"against {scores.target.name}" if scores.target else "alone"
    text = (
        f"{scores.prediction.name} {against}: {scores.clip.frames} frames at "
        f"{scores.clip.fps:g} a second"
    )
    if not scores.is_finding:
        text = f"nothing was measured; {text}"
    if scores.folder is not None:
        text += f"; wrote {SCORES_FILE} and {FRAMES_FILE} to {scores.folder}"
    return f"{text}; {scores.equality}" if scores.equality else text
