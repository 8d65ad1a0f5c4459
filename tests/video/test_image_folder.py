from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from tgbench.errors import TgbenchError
from tgbench.video.image_folder import ImageFolder


def grey(level: int, shape: tuple[int, ...] = (8, 10, 3)) -> NDArray[np.uint8]:
    return np.full(shape, level, np.uint8)


def write(folder: Path, **images: NDArray) -> Path:
    folder.mkdir(exist_ok=True)
    for name, image in images.items():
        stem, _, suffix = name.rpartition("_")
        Pillow.fromarray(image).save(folder / f"{stem}.{suffix}")
    return folder


def test_frames_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    folder = write(tmp_path / "a", **{f"{i}_png": grey(i) for i in (10, 9, 2, 11, 1, 100)})
    clip = ImageFolder(folder)
    assert [int(image[0, 0, 0]) for image in clip] == [1, 2, 9, 10, 11, 100]
    assert clip.positions == [0, 1, 8, 9, 10, 99]
    assert clip.missing[:7] == [3, 4, 5, 6, 7, 8, 12]
    assert (clip.width, clip.height, len(clip)) == (10, 8, 6)
    assert [int(image[0, 0, 0]) for image in clip] == [1, 2, 9, 10, 11, 100]


def test_the_last_number_of_a_name_counts(tmp_path: Path) -> None:
    """OpenFace writes frame_det_00_000001.bmp."""
    names = [f"frame_det_00_{i:06d}_bmp" for i in (3, 1, 2)]
    clip = ImageFolder(write(tmp_path / "a", **{n: grey(i) for i, n in enumerate(names)}))
    assert (clip.first_number, clip.positions, clip.missing) == (1, [0, 1, 2], [])


def test_digits_that_are_no_numbers_are_letters(tmp_path: Path) -> None:
    names = [f"1\u00b2{i}_png" for i in (2, 10, 1)]
    clip = ImageFolder(write(tmp_path / "a", **{n: grey(i) for i, n in enumerate(names)}))
    assert [file.stem for file in clip.files] == ["1\u00b21", "1\u00b22", "1\u00b210"]


def test_every_nth_frame_has_no_gaps(tmp_path: Path) -> None:
    clip = ImageFolder(write(tmp_path / "a", **{f"{i}_png": grey(i) for i in (4, 8, 12, 16)}))
    assert (clip.positions, clip.missing) == ([0, 1, 2, 3], [])


def test_what_is_no_image_is_passed_over(tmp_path: Path) -> None:
    folder = write(tmp_path / "a", **{"0_jpg": grey(0), "1_JPG": grey(1)})
    (folder / "0.lms").write_text("1 2")
    (folder / "._0.jpg").write_text("shadow")
    assert len(ImageFolder(folder)) == 2


def test_grey_and_opaque_images_become_rgb_and_are_told(tmp_path: Path) -> None:
    opaque = np.dstack([grey(7), np.full((8, 10), 255, np.uint8)])
    clip = ImageFolder(write(tmp_path / "a", **{"0_png": grey(5, (8, 10)), "1_png": opaque}))
    images = list(clip)
    assert [image.shape for image in images] == [(8, 10, 3)] * 2
    assert [int(image[0, 0, 2]) for image in images] == [5, 7]
    assert clip.converted == {"grey", "with an opaque alpha channel"}


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (np.dstack([grey(7), np.full((8, 10), 128, np.uint8)]), "transparent"),
        (np.full((8, 10), 40000, np.uint16), "8-bit"),
    ],
)
def test_what_would_have_to_be_guessed_is_refused(
    tmp_path: Path, image: NDArray, said: str
) -> None:
    with pytest.raises(TgbenchError, match=said):
        ImageFolder(write(tmp_path / "a", **{"0_png": image}))


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits_are_not_halved_without_a_word(tmp_path: Path, channels: int) -> None:
    cv2.imwrite(str(tmp_path / "0.png"), np.full((8, 10, channels), 65535, np.uint16))
    with pytest.raises(TgbenchError, match=r"0\.png: has 16 bits per channel"):
        ImageFolder(tmp_path)


def test_names_do_not_choose_what_reads_a_file(tmp_path: Path) -> None:
    """Pillow would hand some formats to other programs."""
    (tmp_path / "0.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n")
    with pytest.raises(TgbenchError, match=r"0\.png: cannot be read as an image"):
        ImageFolder(tmp_path)
    Pillow.new("RGB", (8, 8)).save(tmp_path / "0.png", format="TIFF")
    with pytest.raises(TgbenchError, match=r"0\.png: cannot be read as an image"):
        ImageFolder(tmp_path)


def test_a_picture_that_claims_to_be_huge_is_refused(tmp_path: Path) -> None:
    head = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    data = struct.pack(">I", len(head)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    data += struct.pack(">I", 10) + b"IDAT"
    (tmp_path / "0.png").write_bytes(b"\x89PNG\r\n\x1a\n" + data)
    with pytest.raises(TgbenchError, match=r"0\.png: cannot be read as an image .*exceeds limit"):
        ImageFolder(tmp_path)


def test_a_file_cut_short_is_refused_by_name(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    for suffix in ("png", "jpg"):
        folder = write(tmp_path / suffix, **{f"{i}_{suffix}": noise for i in range(3)})
        damaged = folder / f"2.{suffix}"
        damaged.write_bytes(damaged.read_bytes()[:-400])
        with pytest.raises(TgbenchError, match=rf"2\.{suffix}: cannot be read"):
            list(ImageFolder(folder))


def test_a_frame_of_another_size_is_refused_by_name(tmp_path: Path) -> None:
    folder = write(tmp_path / "a", **{"0_png": grey(0), "1_png": grey(0, (8, 12, 3))})
    with pytest.raises(TgbenchError, match=r"1\.png: is 12x8, 0\.png is 10x8"):
        list(ImageFolder(folder))


def test_an_empty_folder_and_one_of_arrays_say_so(tmp_path: Path) -> None:
    with pytest.raises(TgbenchError, match="holds no images"):
        ImageFolder(tmp_path)
    np.save(tmp_path / "0.npy", np.full((4, 4, 3), np.nan))
    with pytest.raises(TgbenchError, match="save them as 8-bit PNG"):
        ImageFolder(tmp_path)
    with pytest.raises(TgbenchError, match="no such folder"):
        ImageFolder(tmp_path / "nowhere")


def test_two_series_in_one_folder_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "a", **{"0_png": grey(0), "mask0_png": grey(1)})
    with pytest.raises(TgbenchError, match="several image sequences"):
        ImageFolder(folder)
    twice = write(tmp_path / "b", **{"0_png": grey(0), "0_jpg": grey(1)})
    with pytest.raises(TgbenchError, match="same number"):
        ImageFolder(twice)


def test_names_without_numbers_are_taken_by_name(tmp_path: Path) -> None:
    clip = ImageFolder(write(tmp_path / "a", **{"b_png": grey(1), "a_png": grey(0)}))
    assert [int(image[0, 0, 0]) for image in clip] == [0, 1]
    assert clip.first_number is None
