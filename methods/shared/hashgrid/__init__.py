"""Tri-plane multi-resolution hash grid with tiny-cuda-nn's semantics."""

from .layout import GridLayout
from .module import BackendName, TriPlaneHashGrid

__all__ = ["BackendName", "GridLayout", "TriPlaneHashGrid"]
