"""A user study of result videos: drawing its design, collecting answers, analysing them."""

__all__: list[str] = []
