"""SyncNet: do the lips move with the sound? Sync-C (LSE-C) and Sync-E (LSE-D).

Two stages with a seam between them: making crops of the face, and scoring a crop.
"""

__all__ = ["FPS", "SAMPLE_RATE"]

FPS = 25
"""Frames a second that SyncNet was trained on."""

SAMPLE_RATE = 16_000
"""Hz of the sound that it was trained on."""
