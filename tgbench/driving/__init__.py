"""How sounds meet poses, and what is declared of sounds."""

__all__: list[str] = []
