"""Volume rendering: samples of rays in occupied space, and their colours blended."""

from .interface import BackendName, Blended, March, Samples, blend, march

__all__ = ["BackendName", "Blended", "March", "Samples", "blend", "march"]
