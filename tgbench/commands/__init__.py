"""Subcommands, one module each: `add_arguments(parser)` and `execute(args, terminal)`."""

__all__: list[str] = []
