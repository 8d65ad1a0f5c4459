"""Many videos with their ground truth, scored as the results of one method."""

__all__: list[str] = []
