"""Numbers that are no numbers, of any file of an identity: validate names them, nothing goes on."""

from __future__ import annotations

import json
import os
import tracemalloc
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from tgbench.errors import TgbenchError
from tgbench.identities import Identity
from tgbench.identities.resolve import resolve_identity
from tgbench.identities.validation import validate

Spoil = Callable[[Path], None]
NAN, INF = float("nan"), float("inf")


def table(change: Callable[[dict[str, Any]], object], name: str = "train") -> Spoil:
    def spoil(folder: Path) -> None:
        path = folder / f"transforms_{name}.json"
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))

    return spoil


def head(**values: object) -> Spoil:
    return table(lambda content: content.update(values))


def frame(**values: object) -> Spoil:
    return table(lambda content: content["frames"][3].update(values))


def pose(change: Callable[[np.ndarray], np.ndarray]) -> Spoil:
    def spoil(content: dict[str, Any]) -> None:
        matrix = content["frames"][3]["transform_matrix"]
        content["frames"][3]["transform_matrix"] = change(np.array(matrix)).tolist()

    return table(spoil)


def placed(matrix: np.ndarray, axis: int, value: float) -> np.ndarray:
    moved = matrix.copy()
    moved[axis, 3] = value
    return moved


def text(value: str, name: str = "transforms_train.json") -> Spoil:
    return lambda folder: (folder / name).write_text(value) and None


def landmarks(value: object) -> Spoil:
    def spoil(folder: Path) -> None:
        path = folder / "ori_imgs/4.lms"
        lines = path.read_text().splitlines()
        path.write_text("\n".join([f"{value} 3.0", *lines[1:]]))

    return spoil


def units(name: str, value: object) -> Spoil:
    def spoil(folder: Path) -> None:
        lines = (folder / "au.csv").read_text().splitlines()
        place = [cell.strip() for cell in lines[0].split(",")].index(name)
        row = lines[6].split(",")
        row[place] = str(value)
        lines[6] = ",".join(row)
        (folder / "au.csv").write_text("\n".join(lines))

    return spoil


def plate(change: Callable[[np.ndarray], np.ndarray]) -> Spoil:
    def spoil(folder: Path) -> None:
        cv2.imwrite(str(folder / "bc.jpg"), change(cv2.imread(str(folder / "bc.jpg"))))

    return spoil


def array(name: str, change: Callable[[np.ndarray], Any]) -> Spoil:
    return lambda folder: np.save(folder / name, change(np.load(folder / name)))


def with_nan(values: np.ndarray) -> np.ndarray:
    spoilt = values.astype(np.float32)
    spoilt[2] = NAN
    return spoilt


def sound(folder: Path) -> None:
    """A WAV of floating-point samples, one of which is NaN (format 3 of RIFF)."""
    samples = np.zeros(12 * 640, "<f4")
    samples[100] = NAN
    with wave.open(str(folder / "aud.wav"), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(4)
        stream.setframerate(16000)
        stream.writeframes(samples.tobytes())
    data = bytearray((folder / "aud.wav").read_bytes())
    data[20:22] = (3).to_bytes(2, "little")
    (folder / "aud.wav").write_bytes(data)


def cut(name: str, share: float) -> Spoil:
    def spoil(folder: Path) -> None:
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: round(share * len(data))])

    return spoil


def pipe(name: str) -> Spoil:
    """A pipe that nobody writes into; whoever opened it would wait for ever."""

    def spoil(folder: Path) -> None:
        (folder / name).unlink()
        os.mkfifo(folder / name)

    return spoil


def huge_plate(folder: Path) -> None:
    """Few bytes that claim 12000 x 12000 pixels."""
    Image.new("L", (12_000, 12_000)).save(folder / "bc.png")
    (folder / "bc.png").rename(folder / "bc.jpg")


NOISE = np.random.default_rng(1)
HUGE = 10**18
CASES: list[tuple[str, Spoil, str]] = [
    *(
        (f"focal {value}", head(focal_len=value), "transforms_train.json: focal_len is")
        for value in (0, -1200, NAN, INF, -INF, "1200", None, [1], True, 1e-9, 1e12, 10**400)
    ),
    *(
        (f"centre {value}", head(cx=value), "transforms_train.json: cx")
        for value in (0, -16, NAN, INF, "16", 1e9)
    ),
    ("tiny centre", head(cx=0.4, cy=0.4), "cx, cy are 0.4"),
    ("other focal", table(lambda content: content.update(focal_len=90), "val"), "another focal"),
    *(
        (f"id {value}", frame(img_id=value), "an img_id is")
        for value in (-1, HUGE, 10**30, 1.5, NAN, INF, "3", None, True, [3])
    ),
    ("no id", table(lambda content: content["frames"][3].pop("img_id")), "an img_id is None"),
    ("id twice", frame(img_id=4), "an img_id occurs twice"),
    ("far id", frame(img_id=9_999_999), "img_id 3, 12, 13, 14, 15, ... (9999988) missing"),
    *(
        (f"pose {value}", pose(lambda matrix, value=value: matrix * value), "transform_matrix")
        for value in (NAN, INF, 0, 2, -1, 1e300)
    ),
    ("3 x 4", pose(lambda matrix: matrix[:3]), "not 4 x 4"),
    ("ragged", frame(transform_matrix=[[1, 0], [1]]), "not 4 x 4"),
    ("words", frame(transform_matrix=[["a"] * 4] * 4), "not 4 x 4"),
    ("no pose", frame(transform_matrix=None), "not 4 x 4"),
    ("singular", pose(lambda m: np.where(np.arange(4) == 1, 0, m)), "matrix of frame(s) 3"),
    ("mirrored", pose(lambda m: m * [[-1], [1], [1], [1]]), "matrix of frame(s) 3"),
    ("sheared", pose(lambda m: m + np.eye(4, k=1) * 0.1), "matrix of frame(s) 3"),
    ("behind", pose(lambda m: placed(m, 2, -0.8)), "frame(s) 3 puts the head"),
    ("aside", pose(lambda m: placed(m, 0, 50.0)), "frame(s) 3 puts the head"),
    *(
        (f"table {value[:9]}", text(value), "transforms_train.json: ")
        for value in ("", "{", "[]", "3", "null", "[" * 100_000, '{"frames": []}', "\x00")
    ),
    ("frames {}", head(frames={"a": 1}), "'frames' is not a list"),
    ("frames [1]", head(frames=[1]), "'frames' is not a list"),
    ("no frames", head(frames=[]), "lists no frames"),
    *((f"mark {value}", landmarks(value), "ori_imgs/N.lms: not 68") for value in (NAN, INF, "")),
    ("landmark 1e9", landmarks(1e9), "ori_imgs/N.lms: far outside the image in frame(s) 4"),
    ("no landmarks", text("", "ori_imgs/4.lms"), "ori_imgs/N.lms: not 68"),
    *(
        (f"{name} {value}", units(name, value), f"au.csv: {name} is no")
        for name in ("AU01_r", "AU26_r", "AU45_r")
        for value in (NAN, INF, "", "x", 1e9, -40)
    ),
    ("no units", cut("au.csv", 0), "au.csv: no column"),
    ("units of zeros", text("\x00" * 9, "au.csv"), "au.csv: "),
    ("sound", sound, "aud.wav: holds samples that are NaN"),
    ("features", array("aud_mel.npy", with_nan), "aud_mel.npy: holds NaN"),
    ("feature words", array("aud_mel.npy", lambda a: a.astype(str)), "aud_mel.npy: holds <U32"),
    ("features cut", cut("aud_mel.npy", 0.7), "aud_mel.npy: cannot be read"),
    ("no features", cut("aud_mel.npy", 0), "aud_mel.npy: cannot be read"),
    ("teeth", array("teeth_mask/5.npy", with_nan), "N.npy: not a 32x32 mask"),
    ("small teeth", array("teeth_mask/5.npy", lambda a: a[:5]), "N.npy: not a 32x32 mask"),
    ("teeth words", text("words", "teeth_mask/5.npy"), "N.npy: not a 32x32 mask"),
    ("plate of noise", plate(lambda p: NOISE.integers(0, 256, p.shape, np.uint8)), "not match"),
    ("black plate", plate(np.zeros_like), "does not match"),
    ("small plate", plate(lambda p: p[:9]), "bc.jpg: is 32x9, not 32x32"),
    ("plate cut", cut("bc.jpg", 0.8), "bc.jpg: not an image"),
    ("plate of words", text("words", "bc.jpg"), "bc.jpg: not an image"),
    ("huge plate", huge_plate, "bc.jpg: not an image"),
    *(
        (f"pipe {name}", pipe(name), said)
        for name, said in (
            ("ori_imgs/0.lms", "ori_imgs/N.lms: not 68"),
            ("ori_imgs/0.jpg", "ori_imgs/N.jpg: missing"),
            ("gt_imgs/0.jpg", "gt_imgs/N.jpg: missing"),
            ("parsing/0.png", "parsing/N.png: missing"),
            ("teeth_mask/0.npy", "teeth_mask/N.npy: missing"),
        )
    ),
    *(
        (f"{name} cut to {share}", cut(f"{name}/2.{kind}", share), f"{name}/N.{kind}: not an image")
        for name, kind in (("gt_imgs", "jpg"), ("parsing", "png"), ("torso_imgs", "png"))
        for share in (0, 0.5, 0.97)
    ),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "said"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_it_is_named_and_refused(own_identity: Path, spoil: Spoil, said: str) -> None:
    spoil(own_identity)
    found = validate(own_identity)
    assert any(said in line for line in found), found
    assert all(len(line) < 300 and "\n" not in line for line in found)
    with pytest.raises(TgbenchError, match="problem"):
        resolve_identity(str(own_identity), 64)


def test_a_sound_folder_is_sound(own_identity: Path) -> None:
    assert validate(own_identity) == []


def test_a_plate_of_one_colour_is_sound_where_the_frames_have_it(own_identity: Path) -> None:
    assert np.ptp(cv2.imread(str(own_identity / "bc.jpg")), axis=(0, 1)).max() <= 2
    assert validate(own_identity) == []


def test_far_frame_numbers_take_no_memory(own_identity: Path) -> None:
    frame(img_id=9_999_999)(own_identity)
    tracemalloc.start()
    validate(own_identity)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 << 20


@pytest.mark.parametrize(
    "name", [f"transforms_train.json: {name}" for name, _, _ in CASES if name in ("id -1", "words")]
)
def test_the_reader_refuses_by_itself(own_identity: Path, name: str) -> None:
    spoils = {f"transforms_train.json: {case}": spoil for case, spoil, _ in CASES}
    spoils[name](own_identity)
    with pytest.raises(TgbenchError, match=r"transforms_train\.json"):
        Identity(own_identity)
