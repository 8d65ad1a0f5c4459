"""Video files and folders of images: streaming frames out of them and into them."""

from .image_folder import ImageFolder
from .reader import VideoReader
from .writer import VideoWriter

__all__ = ["ImageFolder", "VideoReader", "VideoWriter"]
