"""The command line. It knows subcommands only by their specs, so that it starts at once."""

from __future__ import annotations

import argparse
import errno
import shlex
import sys
from collections.abc import Sequence

from . import plugins
from .errors import TgbenchError, suggest
from .terminal import Terminal
from .version import __version__

_EXIT_BAD_INPUT = 2
_EXIT_UNEXPECTED = 1
_EXIT_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0: done; 1: a check failed (`gate`, `verify`, `doctor`), or a defect of the suite; 2: bad input,
    told in one line; 130: stopped by Ctrl-C.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    terminal = Terminal()
    debug = "--debug" in arguments
    try:
        return _dispatch(arguments, terminal)
    except KeyboardInterrupt:
        resumes = "; the same command, without --fresh, goes on where it was"
        terminal.err.print(f"stopped{resumes if 'run' in arguments[:1] else ''}")
        return _EXIT_INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return _EXIT_UNEXPECTED
    except Exception as error:
        if debug:
            raise
        return _explain(error, terminal)


def _dispatch(arguments: list[str], terminal: Terminal) -> int:
    specs = plugins.commands()
    chosen = next((word for word in arguments if not word.startswith("-")), None)
    if chosen is not None and chosen not in specs:
        raise suggest(chosen, specs, "command")
    parser = argparse.ArgumentParser(
        prog="tgbench", description="Evaluation of audio-driven talking heads."
    )
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
    code: int = options.execute(options, terminal)
    return code


def _explain(error: Exception, terminal: Terminal) -> int:
    from rich.markup import escape

    if isinstance(error, TgbenchError):
        told = " ".join(str(error).splitlines())
        terminal.err.print(f"[red]error:[/] {escape(told)}")
        return error.exit_code
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = f"{error.filename}: " if error.filename else ""
        terminal.err.print(f"[red]error:[/] {escape(where)}the disk is full; free space and repeat")
        return _EXIT_BAD_INPUT
    if isinstance(error, PermissionError):
        terminal.err.print(f"[red]error:[/] {escape(str(error.filename))}: no permission")
        return _EXIT_BAD_INPUT
    terminal.err.print(
        f"[red]error:[/] {type(error).__name__}: {escape(str(error))}\n"
        "this is a defect of tgbench; repeat with --debug and report what it prints"
    )
    return _EXIT_UNEXPECTED


if __name__ == "__main__":
    sys.exit(main())
