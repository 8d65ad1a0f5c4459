"""From a video of one person to an identity folder."""

from .prepare import prepare

__all__ = ["prepare"]
