"""The official TalkingGaussian at 9bd34f73: a mouth, a face, and both fused over the true torso."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from .common import Main, begin, need, read_image, restore, write_mp4
from .fields import behind, blinks, deepspeech, head_of, learn, load, openings_of

_UNITS = ("AU01", "AU04", "AU05", "AU06", "AU07", "AU45", "AU25")
_FEATURES = {
    "deepspeech": ("aud_ds.npy", (16, 29)),
    "esperanto": ("aud_eo.npy", (16, 44)),
    "hubert": ("aud_hu.npy", (2, 1024)),
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("-s", "-S", "--source_path", dest="source", type=Path, required=True)
    parser.add_argument("-m", "-M", "--model_path", dest="model", type=Path, required=True)
    parser.add_argument("--audio_extractor", choices=tuple(_FEATURES), default="deepspeech")
    for flag in ("--eval", "--use_train", "--fast", "--dilate"):
        parser.add_argument(flag, action="store_true")
    for number in ("init_num", "densify_grad_threshold", "opacity_lr", "iterations"):
        parser.add_argument(f"--{number}", type=float)
    parser.add_argument("--audio", type=Path)
    return parser


def _frames(args: argparse.Namespace, split: str) -> list[dict]:
    """Read what the real reader reads of every frame of a split."""
    for unit in _UNITS:
        blinks(args.source / "au.csv", f" {unit}_r")
    frames = load(args.source, split)
    for frame in frames:
        name = frame["img_id"]
        behind(args.source, name)
        read_image(args.source / f"ori_imgs/{name}.jpg")
        parsing = read_image(args.source / f"parsing/{name}.png")
        assert (np.load(need(args.source / f"teeth_mask/{name}.npy"))).shape == parsing.shape[:2]
    return frames


def _sound(args: argparse.Namespace) -> list[float]:
    name, shape = _FEATURES[args.audio_extractor]
    return list(openings_of(args.audio or args.source / name, shape))


def train(part: str, needs: tuple[str, ...] = ()) -> Main:
    """Return the training program of a part, which needs the checkpoints of others."""

    def run(checkout: Path, words: list[str]) -> None:
        args = _parser().parse_args(words)
        begin(checkout)
        frames = _frames(args, "train")
        _sound(args)
        for other in needs:
            restore(args.model / f"chkpnt_{other}_latest.pth")
        learn(args.model / f"chkpnt_{part}_latest.pth", frames, part)

    return run


def synthesize(checkout: Path, words: list[str]) -> None:
    args = _parser().parse_args(words)
    fault = begin(checkout)
    split = "train" if args.use_train else "test"
    frames = _frames(args, "train" if args.use_train else "val")
    openings = _sound(args)
    checkpoint = args.model / "chkpnt_fuse_latest.pth"
    pictures, truths = [], []
    for index, frame in enumerate(frames):
        # Windows of the whole clip by number of the frame; of a new sound, from its start.
        place = index if args.audio else frame["img_id"]
        if place >= len(openings):
            break
        pictures.append(head_of(checkpoint, behind(args.source, frame["img_id"]), openings[place]))
        truths.append(read_image(Path(frame["picture"])))
    out = args.model / split / "ours_None"
    write_mp4(out / "renders/out.mp4", pictures, fault)
    if not args.fast:
        write_mp4(out / "renders/out_face.mp4", pictures, "")
        write_mp4(out / "gt/out.mp4", truths, "")


def extract(checkout: Path, words: list[str]) -> None:
    deepspeech(words)


PROGRAMS: dict[str, Main] = {
    "train_mouth.py": train("mouth"),
    "train_face.py": train("face"),
    "train_fuse.py": train("fuse", ("mouth", "face")),
    "synthesize_fuse.py": synthesize,
    "data_utils/deepspeech_features/extract_ds_features.py": extract,
}
