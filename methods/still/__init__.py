"""The still method: the training frame with the nearest head pose, a floor for every table."""

__all__: list[str] = []
