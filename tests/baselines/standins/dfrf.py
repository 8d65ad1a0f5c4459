"""DFRF at 2c7bd69c: fine-tunes a base model on 15 s; frames follow the poses, not the sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .ad_nerf import config_args, training_frames
from .common import (
    Fault,
    Main,
    begin,
    frames_of,
    need,
    read_image,
    restore,
    spoilt,
    write_image,
    write_mp4,
)
from .fields import deepspeech, head_of, learn, openings_of

_TEXTS = ("expname", "expname_finetune", "datadir", "basedir", "ft_path", "test_file", "aud_file")
_MORE = ("bc_type", "need_torso")
_NUMBERS = ("near", "far", "testskip", "with_test", "L2loss_weight", "train_length")
_SIZES = ("N_samples", "N_importance", "N_iters", "num_reference_images")
_REFERENCES = (50, 100, 150, 200)
"""Training frames that it looks at when it renders."""


def run(checkout: Path, words: list[str]) -> None:
    fault = begin(checkout)
    args = config_args(words, (*_TEXTS, *_MORE), (*_NUMBERS, *_SIZES), ("render_only",))
    assert args.near < args.far
    logs = Path(args.basedir) / args.expname_finetune
    logs.mkdir(parents=True, exist_ok=True)
    start = Path(need(Path(args.ft_path)))
    if not args.render_only:
        (person,) = sorted(Path(args.datadir).iterdir())
        frames = training_frames(person, "com_imgs", "aud.npy", int(args.testskip or 8))
        for frame in frames:
            assert np.shape(frame["lip_rect"]) == (4,)
            need(person / args.bc_type / f"{frame['img_id']}.jpg")
        steps = int(args.N_iters or 600_000)
        learn(logs / f"{steps:06d}_head.tar", frames, "head", global_step=steps)
        return
    root = Path(args.datadir)
    references = frames_of(root / "transforms_train.json")
    [references[i] for i in _REFERENCES[: int(args.num_reference_images or 4)]]
    for frame in references:
        need(root / f"com_imgs/{frame['img_id']}.jpg")
    openings = openings_of(root / (args.aud_file or "aud.npy"), (16, 29))
    pictures = []
    for index, frame in enumerate(frames_of(root / args.test_file)):
        backdrop = read_image(root / args.bc_type / f"{frame['img_id']}.jpg")
        place = frame["aud_id"] if args.aud_file in (None, "aud.npy") else index
        pictures.append(head_of(start, backdrop, openings[min(place, len(openings) - 1)]))
        assert np.shape(frame["lip_rect"]) == (4,)
    out = logs / f"renderonly_path_{restore(start)['global_step']:06d}"
    if fault != Fault.NOTHING:
        for index, picture in enumerate(spoilt(pictures, fault)):
            write_image(out / f"{index:03d}.png", picture)
    write_mp4(out / "video.mp4", pictures, fault)


def extract(checkout: Path, words: list[str]) -> None:
    deepspeech(words)


PROGRAMS: dict[str, Main] = {
    "NeRFs/run_nerf_deform.py": run,
    "data_util/deepspeech_features/extract_ds_features.py": extract,
}
WEIGHTS = ("dataset/base_model/base.tar",)
