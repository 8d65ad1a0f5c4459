"""Folders of images, read as the frames of a clip."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Image
from ..errors import TgbenchError
from ..inputs import open_file

if TYPE_CHECKING:
    import PIL.Image


SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")

_PLAIN = {"RGB": "", "L": "grey", "1": "black and white", "P": "of a palette"}
"""Modes of Pillow that become RGB without loss, with what is unusual about them."""

_FORMATS = ("PNG", "JPEG", "BMP")
"""What files may be, whatever their names say: Pillow runs other programs for some formats."""

_NUMBER = re.compile(r"\d+")


class ImageFolder:
    """Frames of a folder in the order of their numbers. Iterating again starts from the beginning.

    Attributes:
        path: the folder.
        files: of its images, in order.
        positions: of each file on the clip's own count, the first being 0; a number that is
            missing among the files is missing here.
        first_number: of the first file, None where file names carry no number.
        width, height: of all images, in pixels.
        converted: what kinds of images became RGB, filled as they are read.
    """

    def __init__(self, path: Path) -> None:
        """List a folder and look at its first image.

        Raises:
            TgbenchError: no such folder, no image in it, or two images of one number.
        """
        self.path = Path(path)
        if not self.path.is_dir():
            raise TgbenchError(f"{path}: no such folder")
        found = [file for file in self.path.iterdir() if file.suffix.lower() in SUFFIXES]
        # Copies made on a Mac bring "._" shadows of every file.
        found = [file for file in found if not file.name.startswith(".")]
        if not found:
            raise TgbenchError(f"{path}: {_what_else(self.path)}")
        self.files = sorted(found, key=_natural)
        self.first_number, self.positions = _positions(self.files)
        self.converted: set[str] = set()
        first = self._read(self.files[0])
        self.height, self.width = first.shape[:2]

    @property
    def missing(self) -> list[int]:
        """Numbers that are missing between the first file and the last."""
        there = set(self.positions)
        start = self.first_number or 0
        return [start + i for i in range(self.positions[-1]) if i not in there]

    def __len__(self) -> int:
        return len(self.files)

    def __iter__(self) -> Iterator[Image]:
        """Yield frames, uint8 RGB [H, W, 3].

        Raises:
            TgbenchError: a file is damaged, of another size, or no RGB picture of 8 bits.
        """
        for file in self.files:
            image = self._read(file)
            if image.shape[:2] != (self.height, self.width):
                raise TgbenchError(
                    f"{file}: is {image.shape[1]}x{image.shape[0]}, {self.files[0].name} is "
                    f"{self.width}x{self.height}; frames of a clip have one size"
                )
            yield image

    def _read(self, file: Path) -> Image:
        # Pillow refuses a file that is cut short; OpenCV delivers it with a grey rest.
        import PIL.Image
        import PIL.ImageOps

        try:
            with open_file(file) as stream, PIL.Image.open(stream, formats=_FORMATS) as opened:
                deep = _is_deep(opened)
                image = PIL.ImageOps.exif_transpose(opened)
        except (OSError, SyntaxError, ValueError, PIL.Image.DecompressionBombError) as error:
            raise TgbenchError(
                f"{file}: cannot be read as an image ({_told(error)}); write it again as PNG, or "
                "remove this frame from both clips"
            ) from error
        kind = image.mode
        if deep:
            raise TgbenchError(f"{file}: has 16 bits per channel; convert it to 8-bit RGB first")
        if kind in ("RGBA", "LA", "PA") or "transparency" in image.info:
            image = image.convert("RGBA")
            if np.asarray(image)[..., 3].min() < 255:
                raise TgbenchError(
                    f"{file}: is partly transparent; composite it over its background first"
                )
            self.converted.add("with an opaque alpha channel")
        elif kind not in _PLAIN:
            raise TgbenchError(f"{file}: holds '{kind}' pixels; convert it to 8-bit RGB first")
        elif _PLAIN[kind]:
            self.converted.add(_PLAIN[kind])
        return np.asarray(image.convert("RGB"))


def _told(error: Exception) -> str:
    """Return what is wrong with a file; Pillow repeats its name where it does not know it."""
    import PIL

    unknown = isinstance(error, PIL.UnidentifiedImageError)
    return f"not a {', '.join(_FORMATS)} file, or damaged" if unknown else str(error)


def _is_deep(opened: PIL.Image.Image) -> bool:
    """Whether an image that is not decoded yet has 16 bits a channel, of which 8 would be left."""
    return any("16B" in str(tile.args) for tile in getattr(opened, "tile", ()))


def _natural(file: Path) -> list[tuple[int, int, str]]:
    """Sort key by which frame 9 comes before frame 10, whatever the padding."""
    pieces = re.split(r"(\d+)", file.name.casefold())
    return [(0, int(text), "") if text.isdecimal() else (1, 0, text) for text in pieces if text]


def _positions(files: Sequence[Path]) -> tuple[int | None, list[int]]:
    """Return the first number of a numbered series and each file's place after it.

    The last number of a name counts. A series in equal steps larger than one is every n-th frame
    of something, and has no gaps.

    Raises:
        TgbenchError: two files have one number.
    """
    found = [list(_NUMBER.finditer(file.stem)) for file in files]
    if not all(found):
        return None, list(range(len(files)))
    stems = {
        (file.stem[: marks[-1].start()], file.stem[marks[-1].end() :])
        for file, marks in zip(files, found, strict=True)
    }
    numbers = [int(marks[-1].group()) for marks in found]
    if len(stems) > 1:
        # Several series, such as pictures and masks: which of them is the clip, none can tell.
        examples = ", ".join(sorted(f"{before}*{after}" for before, after in stems)[:3])
        raise TgbenchError(
            f"{files[0].parent}: holds several image sequences ({examples}); keep one per folder"
        )
    for former, file, last, number in zip(files, files[1:], numbers, numbers[1:], strict=False):
        if number == last:
            raise TgbenchError(f"{file}: has the same number as {former.name}; keep one of them")
    steps = np.diff(numbers)
    step = int(steps[0]) if len(steps) > 1 and (steps == steps[0]).all() else 1
    return numbers[0], [(number - numbers[0]) // step for number in numbers]


def _what_else(folder: Path) -> str:
    if any(folder.glob("*.np[yz]")):
        return "holds arrays, not images; save them as 8-bit PNG"
    return f"holds no images ({', '.join(SUFFIXES)})"
