"""Bundles: results with the frames they were measured on, for others to measure again."""

__all__: list[str] = []
