"""What a clock measures: rendering and training."""

__all__: tuple[str, ...] = ()
