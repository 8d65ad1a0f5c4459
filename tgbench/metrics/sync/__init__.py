"""SyncNet: do the lips move with the sound? Sync-C (LSE-C) and Sync-E (LSE-D).

Two stages with a seam between them: making crops of the face, and scoring a crop.
"""
