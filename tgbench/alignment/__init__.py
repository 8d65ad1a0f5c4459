"""From somebody's video or folder of images to exactly the frames of a case, by declared rules.

Nothing is guessed. What differs from the case in rate, length, size or colour range is refused
unless a rule says what to do about it, and whatever a rule leaves out, repeats or resizes is noted.
"""

from .frames import AlignedFrames, Wanted, aligned_frames
from .rules import AlignmentRules

__all__ = ["AlignedFrames", "AlignmentRules", "Wanted", "aligned_frames"]
