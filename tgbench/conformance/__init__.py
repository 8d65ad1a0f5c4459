"""Checking that a method does what its contract and its declaration say: `tgbench check-method`."""

__all__: list[str] = []
