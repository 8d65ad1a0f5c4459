"""From a video of one person to an identity folder; see `prepare`."""

__all__: list[str] = []
