"""ER-NeRF at 0cf72d8f, RAD-NeRF at 0de5ed25, SyncTalk at d2427a3d: a program, three dialects."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from .common import (
    Fault,
    Main,
    begin,
    features_of,
    loudness,
    need,
    read_image,
    write_image,
    write_mp4,
)
from .fields import behind, deepspeech, head_of, learn, load, mirrored, newest, openings_of

_PER_EPOCH = 1000


@dataclass(frozen=True)
class Dialect:
    """What differs between the three.

    Attributes:
        features: file of the identity's features by `--asr_model`, and the shape of a window.
        default_model: of `--asr_model`.
        reads_au45: whether the eyes come from the table of action units, not from landmarks.
        takes_sound: whether `--aud` takes a WAV file, for the model "ave".
    """

    features: dict[str, tuple[str, tuple[int, ...]]]
    default_model: str = "deepspeech"
    reads_au45: bool = True
    takes_sound: bool = False


ER = Dialect(
    {
        "deepspeech": ("aud_ds.npy", (16, 29)),
        "esperanto": ("aud_eo.npy", (16, 44)),
        "hubert": ("aud_hu.npy", (2, 1024)),
    }
)
RAD = Dialect(
    {"deepspeech": ("aud_ds.npy", (16, 29)), "esperanto": ("aud_eo.npy", (16, 44))},
    default_model="cpierse/wav2vec2-large-xlsr-53-esperanto",
    reads_au45=False,
)
SYNCTALK = Dialect(
    ER.features | {"ave": ("aud.wav", (512,))}, default_model="ave", takes_sound=True
)


def main(dialect: Dialect) -> Main:
    """Return `main.py` in a dialect."""

    def run(checkout: Path, words: list[str]) -> None:
        args = _parser(dialect).parse_args(words)
        fault = begin(checkout)
        if args.test:
            _test(dialect, args, fault)
        else:
            _train(dialect, args)

    return run


def _parser(dialect: Dialect) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("path", type=Path)
    for flag in ("-O", "--test", "--test_train", "--finetune_lips", "--torso", "--smooth_path"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--workspace", type=Path, default="workspace")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--iters", type=int, default=200_000)
    parser.add_argument("--patch_size", type=int, default=1)
    parser.add_argument("--head_ckpt", type=Path)
    parser.add_argument("--aud", type=Path)
    parser.add_argument("--asr_model", default=dialect.default_model)
    parser.add_argument("--ckpt", default="latest")
    if dialect.takes_sound:
        parser.add_argument("--portrait", action="store_true")
        parser.add_argument("--au45", action="store_true")
        parser.add_argument("--bs_area", default="upper")
    return parser


def _sound(dialect: Dialect, args: argparse.Namespace) -> list[float]:
    """Return the openings of the mouth by frame of the sound."""
    model = next(name for name in dialect.features if name in args.asr_model)
    name, shape = dialect.features[model]
    source = args.aud or args.path / name
    if model == "ave":
        return list(loudness(need(source)))
    return list(openings_of(source, shape))


def _frames(dialect: Dialect, args: argparse.Namespace, split: str) -> list[dict]:
    if dialect.takes_sound and not args.au45:
        need(args.path / "bs.npy")
    uses_table = args.au45 if dialect.takes_sound else dialect.reads_au45
    return load(args.path, split, lit=uses_table)


def _train(dialect: Dialect, args: argparse.Namespace) -> None:
    frames = _frames(dialect, args, "train")
    openings = _sound(dialect, args)
    assert len(openings) >= len(frames) - 1
    folder = args.workspace / "checkpoints"
    if args.torso:
        need(args.head_ckpt)
    if args.finetune_lips:
        newest(folder, "ngp_ep????.pth")
    epoch = -(-args.iters // (_PER_EPOCH * len(frames))) + args.iters // _PER_EPOCH
    stage = "torso" if args.torso else "lips" if args.finetune_lips else "head"
    learn(folder / f"ngp_ep{epoch:04d}.pth", frames, stage, seed=args.seed)
    learn(folder / "ngp.pth", frames, stage, seed=args.seed)


def _test(dialect: Dialect, args: argparse.Namespace, fault: str) -> None:
    frames = _frames(dialect, args, "train" if args.test_train else "val")
    checkpoint = newest(args.workspace / "checkpoints", "ngp_ep????.pth")
    openings = _sound(dialect, args)
    if args.aud is None:
        # The sound of each frame, by its number in the file of features.
        openings = [openings[min(f["aud_id"], len(openings) - 1)] for f in frames]
    pictures = []
    for index, opening in enumerate(openings):
        frame = frames[mirrored(index, len(frames))]
        whole = dialect.takes_sound and args.portrait
        if whole:
            backdrop = read_image(Path(frame["picture"]))
        elif args.torso:
            backdrop = read_image(args.path / "bc.jpg")
        else:
            backdrop = behind(args.path, frame["img_id"])
        pictures.append(head_of(checkpoint, backdrop, opening))
    results = args.workspace / "results"
    write_mp4(results / f"{checkpoint.stem}.mp4", pictures, fault)
    write_mp4(results / f"{checkpoint.stem}_depth.mp4", [p // 2 for p in pictures], fault)
    if args.aud is None and fault != Fault.NOTHING:
        for index, picture in enumerate(pictures):
            name = f"{checkpoint.stem}_{index:04d}_rgb.png"
            write_image(args.workspace / "validation" / name, picture)


def asr(checkout: Path, words: list[str]) -> None:
    """`nerf/asr.py --wav x.wav --save_feats`: leaves x_eo.npy beside it."""
    import numpy as np

    parser = argparse.ArgumentParser()
    parser.add_argument("--wav", type=Path, required=True)
    parser.add_argument("--save_feats", action="store_true")
    args = parser.parse_args(words)
    windows = features_of(args.wav, channels=44)
    np.save(args.wav.with_name(f"{args.wav.stem}_eo.npy"), windows)


def extract(checkout: Path, words: list[str]) -> None:
    deepspeech(words)


ER_PROGRAMS: dict[str, Main] = {
    "main.py": main(ER),
    "data_utils/deepspeech_features/extract_ds_features.py": extract,
}
RAD_PROGRAMS: dict[str, Main] = {"main.py": main(RAD), "nerf/asr.py": asr}
SYNCTALK_PROGRAMS: dict[str, Main] = {"main.py": main(SYNCTALK)}
