"""Programs that stand in for eleven systems of others."""
