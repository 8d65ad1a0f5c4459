"""What works on a machine: the installation, and every way of measuring against known values."""

__all__: list[str] = []
