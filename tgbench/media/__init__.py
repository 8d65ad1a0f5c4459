"""Files of pictures and sound: how they are opened, which tracks count, and what their clock says."""

from .opening import REMEDY, open_media

__all__ = ["REMEDY", "open_media"]
