"""What each blendshape of a fitted method moves: strips, videos, numbers and a page."""

__all__: list[str] = []
