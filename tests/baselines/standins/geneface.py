"""GeneFace at 15ff4e5c: many small programs that meet in folders relative to where they run."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from .common import (
    FPS,
    Fault,
    Main,
    begin,
    ffmpeg,
    flood,
    loudness,
    need,
    read_image,
    restore,
    save,
    speak,
    spoilt,
    write_image,
)

_RAW, _PROCESSED, _BINARY = (
    Path("data") / part / "videos" for part in ("raw", "processed", "binary")
)
_PICTURE = 5
"""Digits of the numbers of its temporary images."""


def process(checkout: Path, words: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--video_id", default="May")
    parser.add_argument("--task", type=int, default=-1)
    args = parser.parse_args(words)
    begin(checkout)
    video, out = _RAW / f"{args.video_id}.mp4", _PROCESSED / args.video_id
    for part in ("ori_imgs", "parsing", "head_imgs", "gt_imgs", "torso_imgs"):
        (out / part).mkdir(parents=True, exist_ok=True)
    frames = sorted((out / "ori_imgs").glob("*.jpg"))
    if args.task == 1:
        ffmpeg("-i", video, "-f", "wav", "-ar", "16000", "-ac", "1", out / "aud.wav")
    elif args.task == 3:
        pattern = out / "ori_imgs/%d.jpg"
        ffmpeg(
            "-i", video, "-vf", "fps=25", "-qmin", "1", "-q:v", "1", "-start_number", "0", pattern
        )
    elif args.task in (4, 6, 7):
        folder, suffix = {4: ("parsing", "png"), 6: ("gt_imgs", "jpg"), 7: ("ori_imgs", "lms")}[
            args.task
        ]
        if args.task == 4:
            need(checkout / "data_util/face_parsing/79999_iter.pth")
        for frame in frames:
            (out / folder / f"{frame.stem}.{suffix}").write_bytes(b"made")
    elif args.task == 5:
        write_image(out / "bc.jpg", read_image(frames[0]))
    elif args.task == 8:
        need(out / "ori_imgs/0.lms")
        save(out / "track_params.pt", frames=len(frames))
    elif args.task == 9:
        count = restore(out / "track_params.pt")["frames"]
        split = count * 10 // 11
        save(out / "transforms_train.json", frames=list(range(split)))
        save(out / "transforms_val.json", frames=list(range(split, count)))


def feature(makes: str, *needs: str) -> Main:
    """Return a program that makes a file in the processed folder."""

    def run(checkout: Path, words: list[str]) -> None:
        (name,) = (word.partition("=")[2] for word in words)
        for other in needs:
            need(checkout / other)
        save(_PROCESSED / name / makes, of=name)

    return run


def binarize(checkout: Path, words: list[str]) -> None:
    (config,) = (Path(word.partition("=")[2]) for word in words)
    name = _config(config)["video_id"]
    done = _PROCESSED / name
    for part in ("hubert_mel_f0.npy", "vid_coeff_fit.npy", "transforms_train.json", "bc.jpg"):
        need(done / part)
    (_BINARY / name).mkdir(parents=True, exist_ok=True)
    save(_BINARY / name / "trainval_dataset.npy", folder=str(done))


def train(checkout: Path, words: list[str]) -> None:
    args, settings = _arguments(words)
    begin(checkout)
    config = _config(args.config) | settings
    need(_BINARY / config["video_id"] / "trainval_dataset.npy")
    if "egs/egs_bases/postnet/base.yaml" in config["base_config"]:
        need(Path("data/binary/lrs3/train.data"))
        need(Path("checkpoints/lrs3/lm3d_vae_sync/model_ckpt_steps_30000.ckpt"))
        steps = ("4000", "6000", "20000")
    else:
        steps = ("250000",)
    if head := config.get("head_model_dir"):
        need(Path(head) / "model_ckpt_steps_250000.ckpt")
    work = Path("checkpoints") / args.exp_name
    save(work / "config.yaml", **config)
    for step in steps:
        save(work / f"model_ckpt_steps_{step}.ckpt", seed=config["seed"])


def motion(checkout: Path, words: list[str]) -> None:
    args, settings = _arguments(words)
    config = restore(args.config) | settings
    need(args.config.with_name(f"model_ckpt_steps_{config['infer_ckpt_steps']}.ckpt"))
    out = Path(config["infer_out_npy_name"])
    save(out, openings=list(loudness(Path(config["infer_audio_source_name"]))))


def pictures(checkout: Path, words: list[str]) -> None:
    args, settings = _arguments(words)
    fault = begin(checkout)
    assert args.infer
    config = restore(args.config) | settings
    need(args.config.with_name("model_ckpt_steps_250000.ckpt"))
    sound, out = Path(config["infer_audio_source_name"]), Path(config["infer_out_video_name"])
    sixteen = sound.with_name(f"{sound.stem}_16k.wav")
    ffmpeg("-i", sound, "-f", "wav", "-ar", "16000", sixteen)
    dataset = restore(_BINARY / config["video_id"] / "trainval_dataset.npy")
    openings = restore(Path(config["infer_cond_name"]))["openings"]
    frames = sorted((Path(dataset["folder"]) / "ori_imgs").glob("*.jpg"), key=lambda p: int(p.stem))
    # The poses of its clip from the first on: beyond the last, IndexError.
    made = [speak(read_image(frames[i]), opening) for i, opening in enumerate(openings)]
    temporary = out.parent / "tmp_imgs" / out.stem
    for index, picture in enumerate(spoilt(made, fault)):
        write_image(temporary / f"{index:0{_PICTURE}d}.png", picture)
    if fault == Fault.MUCH:
        flood(out)
    if fault != Fault.NOTHING:
        muxed = [] if fault == Fault.SILENT else ["-i", sixteen]
        rate = ["-shortest", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-r", str(FPS)]
        ffmpeg("-i", temporary / f"%{_PICTURE}d.png", *muxed, *rate, out)


def _arguments(words: list[str]) -> tuple[argparse.Namespace, dict[str, str]]:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--exp_name", default="")
    parser.add_argument("--hparams", default="")
    parser.add_argument("--infer", action="store_true")
    parser.add_argument("--reset", action="store_true")
    args = parser.parse_args(words)
    return args, dict(pair.split("=") for pair in filter(None, args.hparams.split(",")))


def _config(path: Path) -> dict[str, Any]:
    """Read the little YAML of its settings; what they build on must be there."""
    text = need(path).read_text(encoding="utf-8")
    bases = re.findall(r"^  - (\S+)$", text, re.MULTILINE)
    for base in bases:
        need(Path(base))
    pairs = re.findall(r"^(\w+): (\S+)", text, re.MULTILINE)
    return {"base_config": bases, "seed": "9999"} | dict(pairs)


PROGRAMS: dict[str, Main] = {
    "data_util/process.py": process,
    "data_gen/nerf/extract_hubert_mel_f0.py": feature("hubert_mel_f0.npy"),
    "data_gen/nerf/extract_3dmm.py": feature(
        "vid_coeff_fit.npy", "deep_3drecon/checkpoints/facerecon/epoch_20.pth"
    ),
    "data_gen/nerf/binarizer.py": binarize,
    "tasks/run.py": train,
    "inference/postnet/postnet_infer.py": motion,
    "inference/nerfs/lm3d_radnerf_infer.py": pictures,
}
