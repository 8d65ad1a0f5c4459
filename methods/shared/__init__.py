"""Parts that several methods are made of; they know no method."""

__all__: list[str] = []
