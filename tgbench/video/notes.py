"""What a reader of numbers must know of how a video was read."""

from __future__ import annotations

from .reader import VideoReader


def notes_on(video: VideoReader) -> list[str]:
    """Return what was chosen in reading a video to its end, and what counts as error for it."""
    info = video.info
    notes = list(info.notes)
    if info.stretched:
        stored = f"is stored as {info.stored_width}x{info.stored_height}"
        shown = f"shown as {info.width}x{info.height}"
        chosen = "its shown shape was" if video.square else "stored pixels were"
        notes.append(f"{stored} and {shown}; {chosen} taken")
    if video.interlaced and video.deinterlace:
        notes.append(f"{video.interlaced} interlaced frames were deinterlaced (bwdif)")
    elif video.interlaced:
        notes.append(
            f"{video.interlaced} frames are interlaced: each holds two half pictures, and the "
            "combs where something moves count as error; --deinterlace makes whole ones"
        )
    return notes
