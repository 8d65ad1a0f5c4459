"""Head priors: from a code to 3D Gaussians on the UV grid of a head template."""

from .interface import HeadPrior, Heads

__all__ = ["HeadPrior", "Heads"]
