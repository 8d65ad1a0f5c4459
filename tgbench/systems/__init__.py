"""Systems of others: declared in a TOML file, run as programs in an environment of their own."""

__all__: list[str] = []
