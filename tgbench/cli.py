"""The command line. It knows subcommands only by their specs, so that it starts fast."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence

from . import plugins
from .commands.lists import OnceParser
from .errors import TgbenchError, suggest
from .limits import refuse_too_little_memory
from .terminal import Terminal
from .terminal.streams import drop_output, prepare_streams
from .version import __version__

_EXIT_BAD_INPUT = 2
_EXIT_UNEXPECTED = 1
_EXIT_INTERRUPTED = 130
_EXIT_NOBODY_READS = 141
"""What a shell reports for a program that a closed pipe ended, as in `tgbench list | head -1`."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0: success; 1: a check failed (`gate`, `verify`, `doctor`), `score` could not measure a clip, or
    tgbench has a bug; 2: bad input, or a fault of the machine such as a full disk, reported in one
    line; 130: stopped by Ctrl-C; 141: nothing reads the output any more.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    prepare_streams()
    try:
        code = _run(arguments, Terminal())
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        drop_output()
        return _EXIT_NOBODY_READS


def _run(arguments: list[str], terminal: Terminal) -> int:
    try:
        code = _dispatch(arguments, terminal)
        # A full disk shows here, not when Python ends.
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        without = " without --fresh" if "--fresh" in arguments else ""
        resumes = f"; repeat the command{without} to continue where it stopped"
        terminal.err.print(f"stopped{resumes if 'run' in arguments[:1] else ''}")
        return _EXIT_INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:
        if "--debug" in arguments:
            raise
        return _explain(error, terminal)


def _dispatch(arguments: list[str], terminal: Terminal) -> int:
    specs = plugins.commands()
    chosen = next((word for word in arguments if not word.startswith("-")), None)
    if chosen is not None and chosen not in specs:
        raise suggest(chosen, specs, "command")
    parser = OnceParser(prog="tgbench", description="Evaluation of audio-driven talking heads.")
    parser.add_argument("--version", action="version", version=f"tgbench {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, spec in specs.items():
        subparser = subparsers.add_parser(name, help=spec.summary, description=spec.summary)
        subparser.add_argument("--debug", action="store_true", help="show the traceback of errors")
        if name == chosen:
            module = spec.load()
            module.add_arguments(subparser)
            command = shlex.join(["tgbench", *arguments])
            subparser.set_defaults(execute=module.execute, command=command)
    options = parser.parse_args(arguments)
    terminal.show_warnings()
    if chosen is not None and specs[chosen].computes:
        refuse_too_little_memory()
    code: int = options.execute(options, terminal)
    return code


def _explain(error: Exception, terminal: Terminal) -> int:
    from .faults import explain, one_line

    if isinstance(error, TgbenchError):
        code = error.exit_code
    else:
        code = _EXIT_UNEXPECTED if explain(error) is None else _EXIT_BAD_INPUT
    return _report(one_line(error), code, terminal)


def _report(text: str, code: int, terminal: Terminal) -> int:
    from rich.markup import escape

    try:
        terminal.err.print(f"[red]error:[/] {escape(' '.join(text.splitlines()))}")
        # It may still hold what it could not write before, which is the fault just reported.
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError:
        drop_output()
    return code


if __name__ == "__main__":
    sys.exit(main())
