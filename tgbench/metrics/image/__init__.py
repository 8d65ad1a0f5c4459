"""Metrics that compare pixels: of the whole image, and of the face."""

__all__: tuple[str, ...] = ()
