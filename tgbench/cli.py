"""The command line. It knows subcommands only by their specs, so that it starts at once."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence

from . import plugins
from .commands.lists import OnceParser
from .errors import TgbenchError, suggest
from .limits import refuse_too_little_memory
from .streams import drop_output, prepare_streams
from .terminal import Terminal
from .version import __version__

_EXIT_BAD_INPUT = 2
_EXIT_UNEXPECTED = 1
_EXIT_INTERRUPTED = 130
_EXIT_NOBODY_READS = 141
"""As a shell tells of programs that a closed pipe ended: `tgbench list | head -1`."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0: done; 1: a check failed (`gate`, `verify`, `doctor`), `score` could not measure a clip, or a
    defect of the suite; 2: bad input, or a fault of the world such as a full disk, told in one
    line; 130: stopped by Ctrl-C; 141: nobody reads the output any more.
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
        # What the disk does not take is found out here, not when Python ends.
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        resumes = "; the same command, without --fresh, goes on where it was"
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
    return _tell(one_line(error), code, terminal)


def _tell(text: str, code: int, terminal: Terminal) -> int:
    from rich.markup import escape

    try:
        terminal.err.print(f"[red]error:[/] {escape(' '.join(text.splitlines()))}")
        # It may hold what it could not write before: the fault that was told just now.
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError:
        drop_output()
    return code


if __name__ == "__main__":
    sys.exit(main())
