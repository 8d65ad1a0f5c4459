"""Faces in images: landmarks, head pose, action units, segmentation."""

from .landmarks import LandmarkDetector, ibug68

__all__ = ["LandmarkDetector", "ibug68"]
