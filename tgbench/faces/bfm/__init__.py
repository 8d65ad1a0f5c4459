"""The head tracker of AD-NeRF and its successors, over the Basel Face Model 2009."""

from .model import FaceModel, read_face_model
from .tracker import BfmTrack, track_face

__all__ = ["BfmTrack", "FaceModel", "read_face_model", "track_face"]
