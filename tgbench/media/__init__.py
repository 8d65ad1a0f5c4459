"""Files of pictures and sound: opening, tracks, and the clock."""

from .opening import REMEDY, open_media

__all__ = ["REMEDY", "open_media"]
