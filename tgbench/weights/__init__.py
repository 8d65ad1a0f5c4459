"""The store of pretrained files: named, hashed, and never fetched without consent."""

from .store import describe_weights, weight_file

__all__ = ["describe_weights", "weight_file"]
