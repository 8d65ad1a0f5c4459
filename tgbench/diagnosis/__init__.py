"""What works on a machine: the installation, and every way of measuring against known values."""
