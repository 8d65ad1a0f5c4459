"""Pretrained files: the one place they come from. Named, hashed, never fetched unasked."""

from .store import describe_weights, weight_file

__all__ = ["describe_weights", "weight_file"]
