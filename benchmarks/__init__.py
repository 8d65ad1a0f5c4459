"""Timing with pytest-benchmark: ``make bench``. Nothing here is asserted; tests do that."""
