"""`tgbench study`: ask people about the videos of results."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tgbench.commands.lists import add_list, names, paths
from tgbench.terminal import Terminal

if TYPE_CHECKING:
    from .making import Made

_EPILOG = """\
examples:
  tgbench study make study --results results --methods still talkinggaussian
  tgbench study serve study                  collect answers on this machine
  tgbench study analyse study/answers/*.json --to table.tex numbers.json
"""

_PORT = 8765


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_make(actions.add_parser("make", help="draw a design and write the page that shows it"))
    _add_serve(actions.add_parser("serve", help="hand out the page and collect answers"))
    _add_analyse(actions.add_parser("analyse", help="say what the answers say"))
    for action in actions.choices.values():
        action.add_argument(
            "--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS
        )


def _add_make(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="OUT", help="a new folder for the study")
    add_list(
        parser,
        "--results",
        paths,
        "folders of results with videos (results)",
        metavar="FOLDER",
        default=[Path("results")],
    )
    add_list(parser, "--methods", names, "methods to show (all)", metavar="NAME", default=[])
    add_list(
        parser,
        "--questions",
        names,
        "what is asked: lip_sync, realness, quality, identity, motion, overall (the first three)",
        metavar="NAME",
    )
    parser.add_argument(
        "--pairs", action="store_true", help="let people choose between two videos, not rate one"
    )
    parser.add_argument(
        "--trials",
        type=int,
        metavar="N",
        help="videos or pairs that each participant sees, checks not counted (all, 40 at most)",
    )
    parser.add_argument(
        "--participants",
        type=int,
        metavar="N",
        help="how many sequences to draw (as many as make the balance exact, 240 at most)",
    )
    parser.add_argument(
        "--checks", type=int, default=2, metavar="N", help="attention checks for each (2)"
    )
    parser.add_argument(
        "--seconds", type=float, default=10.0, metavar="S", help="show so much of each video (10)"
    )
    parser.add_argument("--title", default="Talking heads", help="of the page (Talking heads)")
    parser.add_argument("--contact", default="", help="whom participants may ask")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the draw (0)")


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="OUT", help="folder of the study")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="address to serve on; another one lets other machines in, without encryption "
        "(127.0.0.1)",
    )
    parser.add_argument(
        "--port", type=int, default=_PORT, metavar="N", help=f"0: any that is free ({_PORT})"
    )


def _add_analyse(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "answers", nargs="+", type=Path, metavar="FILE", help="files of answers, or their folder"
    )
    parser.add_argument(
        "--study",
        type=Path,
        metavar="OUT",
        help="folder of the study (the one above that of the answers)",
    )
    add_list(
        parser,
        "--to",
        paths,
        "write the table as .tex or .md, all numbers as .json",
        metavar="FILE",
        default=[],
    )
    parser.add_argument(
        "--published", action="store_true", help="show the ratings of the paper beside"
    )
    parser.add_argument("--partial", action="store_true", help="count half-finished answers, too")
    parser.add_argument(
        "--keep-failed", action="store_true", help="count those who failed an attention check, too"
    )


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Make, serve or analyse.

    Raises:
        TgbenchError: the options, results or answers make no study.
    """
    {"make": _make, "serve": _serve, "analyse": _analyse}[args.action](args, terminal)
    return 0


def _make(args: argparse.Namespace, terminal: Terminal) -> None:
    from tgbench.errors import TgbenchError
    from tgbench.results import read_folders

    from .making import Request, make_study
    from .questions import USUAL, questions_named
    from .stimuli import select

    if not 1.0 <= args.seconds <= 600.0:
        raise TgbenchError(f"--seconds {args.seconds:g}: must be from 1 to 600")
    if args.participants is not None and not 1 <= args.participants <= 10_000:
        raise TgbenchError(f"--participants {args.participants}: must be from 1 to 10000")
    if args.seed < 0:
        raise TgbenchError(f"--seed {args.seed}: must be 0 or more")
    request = Request(
        "pairs" if args.pairs else "ratings",
        questions_named(USUAL if args.questions is None else args.questions),
        args.title,
        args.contact,
        args.trials,
        args.participants,
        args.checks,
        args.seconds,
        args.seed,
    )
    selection = select(read_folders(args.results).merged(), args.methods)
    made = make_study(selection, request, args.folder, terminal.progress)
    for note in selection.notes:
        terminal.out.print(note, markup=False)
    terminal.out.print(_summary(made, args.folder), markup=False)


def _summary(made: Made, folder: Path) -> str:
    key = made.key
    design = key.design
    kind = "pairs" if design.kind == "pairs" else "videos"
    return (
        f"study: {made.page} ({made.size / 1e6:.1f} MB, {len(key.stimuli)} videos of "
        f"{len(key.conditions)} conditions, {len(design.sequences[0])} {kind} a participant, "
        f"{len(design.sequences)} sequences; balance is exact after each {key.exact_after} "
        f"participants); keep {folder / 'key.json'} from participants"
    )


def _serve(args: argparse.Namespace, terminal: Terminal) -> None:
    from .serving import StudyServer

    with StudyServer(args.folder, args.host, args.port) as server:
        if not server.local:
            terminal.err.print(
                "warning: other machines can reach this server, and nothing is encrypted",
                markup=False,
            )
        terminal.out.print(f"serving {server.address} until Ctrl-C", markup=False)
        terminal.out.file.flush()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            number = server.collector.participants
            people = f"{number} participant{'s' * (number != 1)}"
            terminal.out.print(f"answers of {people} in {args.folder / 'answers'}", markup=False)


def _analyse(args: argparse.Namespace, terminal: Terminal) -> None:
    from tgbench.errors import TgbenchError
    from tgbench.terminal.printing import one_line
    from tgbench.terminal.wrapping import line_width

    from ..renderers.terminal import render_terminal
    from .analysis import analyse
    from .answers import gather
    from .records import read_key
    from .table import study_table
    from .writing import check_suffixes, print_findings, write_analysis

    check_suffixes(args.to)
    files = [
        file
        for path in args.answers
        for file in (sorted(path.glob("*.json")) if path.is_dir() else [path])
    ]
    if not files:
        raise TgbenchError(f"{args.answers[0]}: holds no files of answers (*.json)")
    key = read_key(args.study or files[0].absolute().parents[1])
    found = gather(files, key, partial=args.partial, keep_failed=args.keep_failed)
    for note in found.notes:
        terminal.out.print(one_line(note), markup=False)
    if not found.participants:
        raise TgbenchError(
            f"no answers count ({len(found.notes)} left out): see the lines above; --partial and "
            "--keep-failed admit more"
        )
    findings = analyse(key, found.participants)
    people = len(found.participants)
    table = study_table(key, findings, people, published=args.published)
    terminal.out.print(render_terminal(table, line_width(terminal.out.file)))
    terminal.out.print()
    print_findings(terminal.out, key, findings)
    write_analysis(args.to, key, findings, found, table)
    written = f"; wrote {', '.join(map(str, args.to))}" if args.to else ""
    terminal.out.print(
        f"study: {people} participants count, {len(found.notes)} left out{written}", markup=False
    )
