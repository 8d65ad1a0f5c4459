"""From what a system leaves to the frames of a case, by the rules of its declaration."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tgbench.arrays import Image
from tgbench.audio import DEFAULT_FEATURES
from tgbench.errors import TgbenchError
from tgbench.identities import Identity
from tgbench.interfaces import Drive
from tgbench.protocols.self_reconstruction import SelfReconstruction
from tgbench.systems.declaration import Declaration, read_declaration
from tgbench.systems.installation import Installation
from tgbench.systems.outputs import SystemOutput
from tgbench.systems.work import WorkFolder
from tgbench.video.writer import VideoWriter

from .text import SOUND, system_text


@pytest.fixture
def drive(tiny_identity: Path) -> Drive:
    identity = Identity(tiny_identity)
    (case,) = SelfReconstruction().plan([identity], (), DEFAULT_FEATURES)
    assert len(case.drive) == 4
    return case.drive


def found(folder: Path, drive: Drive, output: str, silence: str = "") -> SystemOutput:
    path = folder / "mine.toml"
    path.write_text(system_text(inputs=SOUND + silence, output=output))
    declaration = read_declaration(path)
    return SystemOutput(declaration, work(folder, declaration), drive)


def work(folder: Path, declaration: Declaration) -> WorkFolder:
    nothing = Installation(declaration, None, None, None, {})  # type: ignore[arg-type]
    return WorkFolder(nothing, folder / "work", "tiny", 0)


def shade(index: int, size: tuple[int, int] = (64, 64)) -> Image:
    return np.full((size[1], size[0], 3), 40 + 20 * index, np.uint8)


def write_video(
    path: Path, count: int, size: tuple[int, int] = (64, 64), fps: float = 25.0
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with VideoWriter(path, *size, fps=fps, preset="ultrafast") as video:
        for index in range(count):
            video.write(shade(index, size))


def shades(output: SystemOutput) -> list[int]:
    """Return which of the shades the frames have."""
    return [round((float(frame.mean()) - 40) / 20) for frame in output]


def test_a_video_that_fits_is_taken_frame_by_frame(tmp_path: Path, drive: Drive) -> None:
    write_video(tmp_path / "work" / "out.mp4", 4)
    output = found(tmp_path, drive, 'kind = "video"\npath = "out.mp4"')
    assert shades(output) == [0, 1, 2, 3]
    assert output.notes == []


@pytest.mark.parametrize(("count", "key"), [(3, "3 frames"), (6, "6 frames")])
def test_another_length_is_refused_unless_it_is_declared(
    tmp_path: Path, drive: Drive, count: int, key: str
) -> None:
    write_video(tmp_path / "work" / "out.mp4", count)
    with pytest.raises(TgbenchError, match=rf"{key}.*mine\.toml"):
        list(found(tmp_path, drive, 'kind = "video"\npath = "out.mp4"'))


def test_declared_lengths(tmp_path: Path, drive: Drive) -> None:
    path = 'kind = "video"\npath = "out.mp4"\n'
    write_video(tmp_path / "work" / "out.mp4", 3)
    short = found(tmp_path, drive, path + 'length = "mirrored"')
    assert shades(short) == [0, 1, 2, 2]
    assert any("1 frames were made up" in note for note in short.notes)
    with pytest.raises(TgbenchError, match="3 frames"):
        list(found(tmp_path, drive, path + 'length = "truncated"'))
    write_video(tmp_path / "work" / "out.mp4", 7)
    long = found(tmp_path, drive, path + 'length = "truncated"\nfirst_frame = 2')
    assert shades(long) == [2, 3, 4, 5]
    assert any("the last 1 of its 7" in note for note in long.notes)
    after_silence = found(tmp_path, drive, path, silence="silence = 0.4")
    assert shades(after_silence) == [0, 1, 2, 3], "what it makes of the silence is cut off"


def test_the_right_half_of_a_wide_video(tmp_path: Path, drive: Drive) -> None:
    path = tmp_path / "work" / "result" / "x_N_25.mp4"
    path.parent.mkdir(parents=True)
    with VideoWriter(path, 128, 64) as video:
        for index in range(4):
            video.write(np.concatenate([np.zeros((64, 64, 3), np.uint8), shade(index)], axis=1))
    output = found(tmp_path, drive, 'kind = "video"\npath = "result/*.mp4"\ncrop = [0.5, 0, 1, 1]')
    assert shades(output) == [0, 1, 2, 3]
    with pytest.raises(TgbenchError, match="128x64"):
        list(found(tmp_path, drive, 'kind = "video"\npath = "result/*.mp4"'))


def test_sixty_frames_a_second_become_twenty_five(tmp_path: Path, drive: Drive) -> None:
    write_video(tmp_path / "work" / "out.mp4", 10, fps=60.0)
    output = found(tmp_path, drive, 'kind = "video"\npath = "out.mp4"\nfps = 60.0')
    # Of the frames that are nearest to a time, the last, as of FFmpeg's filter `fps`.
    assert shades(output) == [1, 3, 5, 8]
    with pytest.raises(TgbenchError, match="60"):
        list(found(tmp_path, drive, 'kind = "video"\npath = "out.mp4"'))


def test_another_size_is_refused_unless_it_is_declared(tmp_path: Path, drive: Drive) -> None:
    write_video(tmp_path / "work" / "out.mp4", 4, size=(96, 96))
    with pytest.raises(TgbenchError, match=r"96x96.*64x64"):
        list(found(tmp_path, drive, 'kind = "video"\npath = "out.mp4"'))
    output = found(tmp_path, drive, 'kind = "video"\npath = "out.mp4"\nsize = "resized"')
    frames = list(output)
    assert frames[0].shape == (64, 64, 3)
    assert any("96x96" in note for note in output.notes)


def test_images_are_taken_by_number_and_others_beside_them_left(
    tmp_path: Path, drive: Drive
) -> None:
    folder = tmp_path / "work" / "validation"
    folder.mkdir(parents=True)
    for index in range(4):
        cv2.imwrite(str(folder / f"{index + 8}_rgb.png"), shade(index))
        cv2.imwrite(str(folder / f"{index + 8}_depth.png"), shade(9))
    output = found(tmp_path, drive, 'kind = "images"\npath = "validation/*_rgb.png"')
    assert shades(output) == [0, 1, 2, 3], "8, 9, 10, 11, not 10, 11, 8, 9"


def test_nothing_empty_and_too_many(tmp_path: Path, drive: Drive) -> None:
    rules = 'kind = "video"\npath = "*.mp4"'
    with pytest.raises(TgbenchError, match=r"\*\.mp4"):
        found(tmp_path, drive, rules)
    (tmp_path / "work").mkdir(exist_ok=True)
    (tmp_path / "work" / "a.mp4").touch()
    with pytest.raises(TgbenchError, match=r"a\.mp4"):
        found(tmp_path, drive, rules)
    write_video(tmp_path / "work" / "b.mp4", 4)
    with pytest.raises(TgbenchError, match=r"2 videos.*a\.mp4, b\.mp4"):
        found(tmp_path, drive, rules)


def test_what_is_no_video_is_refused(tmp_path: Path, drive: Drive) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "out.mp4").write_text("Traceback")
    with pytest.raises(TgbenchError, match=r"out\.mp4"):
        list(found(tmp_path, drive, 'kind = "video"\npath = "out.mp4"'))


def test_a_converter_does_what_rules_cannot(tmp_path: Path, drive: Drive) -> None:
    write_video(tmp_path / "work" / "out.mp4", 4)
    (tmp_path / "turn.py").write_text(
        "from tgbench.video.reader import VideoReader\n"
        "class Reversed:\n    def frames(self, source, drive):\n"
        "        yield from reversed(list(VideoReader(source, None)))\n"
    )
    output = found(
        tmp_path, drive, 'kind = "video"\npath = "out.mp4"\nconverter = "turn.py:Reversed"'
    )
    assert shades(output) == [3, 2, 1, 0]


def test_images_of_equal_names_in_two_folders_are_refused(tmp_path: Path, drive: Drive) -> None:
    """Links to them stand in one folder, where one would hide the other."""
    for folder in ("colour", "depth"):
        place = tmp_path / "work" / "out" / folder
        place.mkdir(parents=True)
        for index in range(4):
            cv2.imwrite(str(place / f"{index}.png"), shade(index))
    output = 'kind = "images"\npath = "out/{}/*.png"'
    with pytest.raises(TgbenchError, match=r"depth/0\.png.*same name.*colour/0\.png"):
        list(found(tmp_path, drive, output.format("*")))
    assert len(list(found(tmp_path, drive, output.format("colour")))) == 4
