"""AD-NeRF at 9fdcd7e1: a head field, then a torso field that needs the head's checkpoint."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from .common import (
    FPS,
    Main,
    begin,
    frames_of,
    natural,
    need,
    read_image,
    write_image,
    write_video,
)
from .fields import deepspeech, head_of, learn, openings_of


def config_args(
    words: list[str], texts: tuple[str, ...], numbers: tuple[str, ...], flags: tuple[str, ...] = ()
) -> argparse.Namespace:
    """Parse arguments as configargparse does: those of the command line win over the file's."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path)
    for name in texts:
        parser.add_argument(f"--{name}")
    for name in numbers:
        parser.add_argument(f"--{name}", type=float)
    for name in flags:
        parser.add_argument(f"--{name}", action="store_true")
    args = parser.parse_args(words)
    if args.config is None:
        return args
    for line in need(args.config).read_text(encoding="utf-8").splitlines():
        name, _, value = (part.strip() for part in line.partition("="))
        if name and getattr(args, name) is None:
            setattr(args, name, float(value) if name in numbers else value)
    return args


_TEXTS = ("expname", "datadir", "basedir", "ft_path", "test_pose_file", "aud_file")
_NUMBERS = ("near", "far", "testskip", "N_iters", "with_test", "test_size", "aud_start")


def _begin(words: list[str]) -> tuple[argparse.Namespace, Path, Path]:
    args = config_args(words, (*_TEXTS, "test_save_folder"), _NUMBERS)
    assert args.near is not None
    assert args.near < args.far
    logs = Path(args.basedir) / args.expname
    logs.mkdir(parents=True, exist_ok=True)
    return args, Path(args.datadir), logs


def training_frames(root: Path, folder: str, features: str, skip: int) -> list[dict[str, Any]]:
    """Return the training frames, after reading all that the real loader reads of both splits."""
    heard = openings_of(root / features, (16, 29))
    for split in ("val", "train"):
        frames = frames_of(root / f"transforms_{split}.json")
        for frame in frames[:: max(skip, 1) if split == "val" else 1]:
            heard[min(frame["aud_id"], len(heard) - 1)]
            assert np.shape(frame["face_rect"]) == (4,)
    read_image(root / "bc.jpg")
    return [f | {"picture": str(need(root / folder / f"{f['img_id']}.jpg"))} for f in frames]


def head(checkout: Path, words: list[str]) -> None:
    begin(checkout)
    args, root, logs = _begin(words)
    frames = training_frames(root, "head_imgs", "aud.npy", int(args.testskip or 1))
    steps = int(args.N_iters or 400_000)
    learn(logs / f"{steps:06d}_head.tar", frames, "head")


def torso(checkout: Path, words: list[str]) -> None:
    fault = begin(checkout)
    args, root, logs = _begin(words)
    heads = natural(path for path in logs.glob("*head.tar*"))
    print("Found ckpts", heads)
    if args.with_test:
        _test(args, root, logs, fault)
        return
    frames = training_frames(root, "com_imgs", "aud.npy", int(args.testskip or 1))
    # Without a head's checkpoint the real one trains on, from a random head.
    learn(logs / f"{int(args.N_iters or 400_000):06d}_body.tar", frames, "torso", head=bool(heads))


def _test(args: argparse.Namespace, root: Path, logs: Path, fault: str) -> None:
    (body,) = natural(logs.glob("*body.tar"))[-1:]
    assert json.loads(body.read_text())["head"], "the torso was trained with a random head"
    frames = frames_of(root / (args.test_pose_file or "transforms_train.json"))
    frames_of(root / "transforms_train.json")[0]
    openings = openings_of(Path(args.aud_file), (16, 29))
    count = min(len(frames), len(openings))
    if args.test_size and args.test_size > 0:
        count = min(count, int(args.test_size))
    plate = read_image(root / "bc.jpg")
    pictures = [head_of(body, plate, openings[i]) for i in range(count)]
    out = logs / (args.test_save_folder or "test_aud_rst")
    out.mkdir(exist_ok=True)
    write_video(out / "result.avi", pictures, fault, code="MJPG", fps=FPS)
    for index, picture in enumerate(pictures):
        write_image(out / f"{index}.jpg", picture)


def extract(checkout: Path, words: list[str]) -> None:
    deepspeech(words)


PROGRAMS: dict[str, Main] = {
    "NeRFs/HeadNeRF/run_nerf.py": head,
    "NeRFs/TorsoNeRF/run_nerf.py": torso,
    "data_util/deepspeech_features/extract_ds_features.py": extract,
}
