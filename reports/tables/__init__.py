"""What a table says: fields, cells, ranks and notes. How it looks is for the renderers."""

__all__: list[str] = []
