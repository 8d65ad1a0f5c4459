"""`tgbench systems`: the declared systems of others, and whether they can run here."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .. import plugins
from ..errors import TgbenchError
from ..terminal import Terminal
from ..terminal.wrapping import hanging, in_columns, line_width

if TYPE_CHECKING:
    from ..systems.declaration import Declaration, Facts
    from ..systems.spec import SystemSpec

_EPILOG = """\
examples:
  tgbench systems list
  tgbench systems show wav2lip                    licence, commands, traps
  tgbench systems check wav2lip --checkout ~/Wav2Lip --identity synth-a
  tgbench systems add wav2lip --checkout ~/Wav2Lip    remember where it is
  tgbench systems new mine --repository https://example.org/mine
  tgbench systems add mine.toml --checkout ~/mine     use it by its name
"""

_COLOURS = {"ok": "green", "note": "yellow", "missing": "red"}
_HEAD = 18


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    shown = {
        "list": "list every declared system",
        "show": "show all that a system declares, and check the file",
        "add": "make a declaration known by its name, or remember where a system is",
        "remove": "forget a system that was added, and where it is",
        "new": "write a declaration to fill in",
        "check": "see whether everything that a system takes is in place",
    }
    made = {name: actions.add_parser(name, help=text) for name, text in shown.items()}
    for name in ("show", "add", "check"):
        made[name].add_argument("system", metavar="NAME|FILE.toml", help="the system")
    for name in ("remove", "new"):
        made[name].add_argument("system", metavar="NAME", help="the system")
    for name in ("add", "check"):
        made[name].add_argument("--checkout", metavar="FOLDER", help="its repository here")
        made[name].add_argument(
            "--environment", metavar="PLACE", help="its Python, environment folder or image"
        )
    made["check"].add_argument(
        "--any-commit", action="store_true", help="another commit, or changes, will do"
    )
    made["check"].add_argument(
        "--identity",
        default="",
        metavar="NAME|FOLDER",
        help="also look for what it wants of this person",
    )
    made["check"].add_argument(
        "--out", type=Path, default=Path("results"), help="where results would go (results)"
    )
    made["new"].add_argument(
        "--videos", type=Path, metavar="FOLDER", help="of a system of which there are only videos"
    )
    made["new"].add_argument("--repository", default="", metavar="URL", help="of its code")
    for action in made.values():
        action.add_argument(
            "--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS
        )


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Run the action.

    Returns:
        1 if `check` finds that something is missing.

    Raises:
        TgbenchError: there is no such system, or something in its declaration is wrong.
    """
    if args.action == "check":
        return _check(args, terminal)
    actions = {"list": _list, "show": _show, "add": _add, "remove": _remove, "new": _new}
    actions[args.action](args)
    return 0


def _list(args: argparse.Namespace) -> None:
    from ..systems.remembered import remembered

    systems = [spec for spec in plugins.methods().values() if hasattr(spec, "declaration")]
    rows = []
    for spec in systems:
        place = remembered(spec.name).get("checkout", "")
        state = f"checkout {place}" if place else spec.licence
        rows.append((spec.name, spec.source, state))
    for line in in_columns(rows, line_width(sys.stdout)):
        print(line)
    print("more about one of them: tgbench systems show NAME")


def _show(args: argparse.Namespace) -> None:
    from ..systems.remembered import remembered
    from ..systems.spec import SUFFIX, read_spec

    # A file is checked whoever has its name.
    is_file = args.system.endswith(SUFFIX)
    spec = read_spec(Path(args.system)) if is_file else _system(args.system)
    facts = spec.facts()
    width = line_width(sys.stdout)
    print(f"{facts.title or facts.name}: {facts.summary}")
    rows = [*_unfilled(facts), *_facts(facts), *remembered(facts.name).items()]
    for head, text in rows:
        for line in hanging(f"  {head:<{_HEAD}} ", text, width):
            print(line)


def _unfilled(facts: Facts) -> Iterator[tuple[str, str]]:
    from ..systems.templates import unfilled

    if fields := unfilled(facts):
        yield "not filled in", f"{fields}: still as the template has it"


def _facts(facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield what a declaration says, as pairs of a head and a text; nothing empty."""
    from ..systems.declaration import Declaration

    leaks = ", ".join(facts.leaked_conditions) or "nothing of the truth"
    shown = {
        "file": str(facts.path),
        "paper": facts.paper,
        "repository": facts.repository,
        "commit": facts.commit,
        "licence": facts.licence,
        "permits": facts.permits,
        "frames are": facts.composite_mode.value,
        "is given": leaks,
        "randomness": facts.randomness,
        "trained on": "; ".join(f"{name}: {how}" for name, how in facts.contamination.items()),
    }
    yield from ((head, text) for head, text in shown.items() if text)
    if not facts.moves_upper_face:
        yield "upper face", "does not move: its errors are a dash"
    if not facts.whole_image_valid:
        yield "whole image", "is not its own: its errors are a dash"
    if not facts.hears_audio:
        yield "sound", "changes nothing: agreement of lips and sound is chance"
    if isinstance(facts, Declaration):
        yield from _runs(facts)
    for row in facts.published:
        numbers = ", ".join(f"{name} {value:g}" for name, value in row.metrics.items())
        table = f", table {row.table}" if row.table else ""
        yield "published", f"{row.source}{table}, {row.identity}: {numbers}"


def _runs(declaration: Declaration) -> Iterator[tuple[str, str]]:
    """Yield what a system runs in, what it wants, what it runs and what comes out."""
    environment = declaration.environment
    named = environment.file or environment.image or environment.interpreter
    version = f"Python {environment.python}" if environment.python else ""
    yield "environment", ", ".join(filter(None, [environment.kind, named, version]))
    if environment.packages:
        yield "packages", ", ".join(environment.packages)
    if environment.programs:
        yield "programs", ", ".join(environment.programs)
    if environment.remedy:
        yield "how to make it", environment.remedy
    wanted = declaration.resources
    yield (
        "takes",
        f"{wanted.gpus} GPU, {wanted.memory_gb:g} GB of memory, {wanted.disk_gb:g} GB of disk",
    )
    for name, file in declaration.weights.items():
        yield "weights", f"{name} at {file.path}" + (f", from {file.source}" * bool(file.source))
    for each in declaration.inputs:
        phase = f" for {each.phase}" if each.phase else ""
        yield "input", f"{each.what} as {each.name}{phase}"
    for table, stages in declaration.stages.items():
        for stage in stages:
            yield f"{table} {stage.name}", _as_typed(stage.command)
    output = declaration.output
    rules = [f"{output.kind} {output.path}", f"{output.fps:g} frames a second"]
    rules += ["with sound" if output.audio else "silent", f"length {output.length}"]
    yield "output", ", ".join(rules)
    yield "speed", declaration.speed.measured if declaration.speed else "not measured: a dash"
    if declaration.trains:
        yield "training time", "what the train commands take"
    for trap in declaration.traps:
        yield "trap", trap


def _as_typed(command: Iterable[str]) -> str:
    return " ".join(f"'{word}'" if " " in word or not word else word for word in command)


def _add(args: argparse.Namespace) -> None:
    from ..systems.added import add
    from ..systems.config import absolute_place
    from ..systems.remembered import remember
    from ..systems.spec import SUFFIX

    if args.checkout is not None and not Path(args.checkout).expanduser().is_dir():
        raise TgbenchError(f"--checkout {args.checkout}: no such folder; nothing was noted")
    is_file = args.system.endswith(SUFFIX)
    spec = add(Path(args.system)) if is_file else _system(args.system)
    given = {key: getattr(args, key) for key in ("checkout", "environment")}
    places = {key: absolute_place(place) for key, place in given.items() if place is not None}
    if not is_file and not places:
        raise TgbenchError(
            f"{spec.name} is known; give --checkout or --environment, or a file to add"
        )
    remember(spec.name, places)
    for head, text in _unfilled(spec.facts()):
        print(f"note: {head}: {text} ({spec.declaration})")
    print(f"{spec.name}: `tgbench run --method {spec.name}` runs it")


def _remove(args: argparse.Namespace) -> None:
    from ..systems.added import remove

    if not remove(args.system):
        raise TgbenchError(
            f"{args.system}: was not added; `tgbench systems list` shows all that are known"
        )
    print(f"{args.system}: forgotten; its files stay where they are")


def _new(args: argparse.Namespace) -> None:
    from ..systems.spec import SUFFIX
    from ..systems.templates import write_template

    folder = args.videos or Path()
    if args.videos and not args.videos.is_dir():
        raise TgbenchError(f"--videos {args.videos}: no such folder")
    path = folder / f"{args.system}{SUFFIX}"
    write_template(path, args.system, bool(args.videos), args.repository)
    print(f"{path}: fill it in, then `tgbench systems show {path}` checks it")


def _check(args: argparse.Namespace, terminal: Terminal) -> int:
    from rich.text import Text

    from ..identities.resolve import require_identity
    from ..running.settings import configure
    from ..systems.checking import check

    spec = _system(args.system)
    declaration = spec.read()
    given = {"checkout": args.checkout, "environment": args.environment}
    overrides = {key: text for key, text in given.items() if text is not None}
    if args.any_commit:
        overrides["any_commit"] = "true"
    config = configure(spec, "quick", overrides)
    if args.identity:
        require_identity(args.identity)
    missing = 0
    for finding in check(declaration, config, args.identity, args.out):
        missing += finding.state == "missing"
        head = f"{finding.state:<7} {finding.subject:<22} "
        text = _with_own_options(finding.text)
        for place, line in enumerate(hanging(head, text, line_width(terminal.out.file))):
            shown = Text(line, no_wrap=True)
            if not place:
                shown.stylize(_COLOURS[finding.state], 0, len(finding.state))
            terminal.out.print(shown)
    if missing:
        terminal.out.print(f"\n{spec.name} cannot run here yet: {missing} missing")
        return 1
    known = getattr(plugins.methods().get(spec.name), "presets", spec.presets)["quick"]
    settings = [f"{spec.name}.{key}={text}" for key, text in overrides.items()]
    settings = [each for each in settings if each.partition("=")[2] not in known.values()]
    more = f" --set {' '.join(settings)}" if settings else ""
    terminal.out.print(
        f"\n{spec.name} is in place; try: tgbench run --method {args.system}{more} ...",
        soft_wrap=True,
    )
    return 0


def _with_own_options(text: str) -> str:
    """Return a remedy with the options of `check` in place of the settings of `run`."""
    text = text.replace("--set any_commit=true", "--any-commit")
    return re.sub(r"--set (?:[\w-]+\.)?(checkout|environment)=", r"--\1 ", text)


def _system(name: str) -> SystemSpec:
    """Return a declared system.

    Raises:
        TgbenchError: there is none of this name, or the method is no declared system.
    """
    from ..systems.spec import SystemSpec

    spec = plugins.method(name)
    if not isinstance(spec, SystemSpec):
        raise TgbenchError(
            f"{name}: is a method that runs in tgbench, not a declared system; `tgbench systems "
            "list` shows those"
        )
    return spec
