"""Reports: tables made from results, and from nothing else."""
