"""Wav2Lip at 5c90fa9b: edits the mouth of the frames of a video."""

from __future__ import annotations

import argparse
from pathlib import Path

from .common import Main, begin, loudness, mel_steps, mux, need, read_video, speak, write_video


def inference(checkout: Path, words: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--checkpoint_path", type=Path, required=True)
    parser.add_argument("--face", required=True)
    parser.add_argument("--audio", type=Path, required=True)
    parser.add_argument("--outfile", type=Path, default="results/result_voice.mp4")
    parser.add_argument("--pads", nargs="+", type=int, default=[0, 10, 0, 0])
    parser.add_argument("--face_det_batch_size", type=int, default=16)
    parser.add_argument("--wav2lip_batch_size", type=int, default=128)
    parser.add_argument("--resize_factor", type=int, default=1)
    parser.add_argument("--nosmooth", action="store_true")
    args = parser.parse_args(words)
    fault = begin(checkout)
    if not Path(args.face).is_file():
        raise ValueError("--face argument must be a valid path to video/image file")
    # The real one takes what follows the first dot of the path for the suffix.
    assert args.face.split(".")[1] not in ("jpg", "png", "jpeg")
    frames, fps = read_video(Path(args.face))
    mel = mel_steps(args.audio)
    chunks = 1
    while int((chunks - 1) * 80.0 / fps) + 16 <= mel:
        chunks += 1
    need(checkout / "face_detection/detection/sfd/s3fd.pth")
    need(args.checkpoint_path)
    openings = loudness(args.audio)
    spoken = [speak(frames[i % len(frames)], openings[i]) for i in range(chunks)]
    write_video(Path("temp/result.avi"), spoken, fault, code="DIVX", fps=fps)
    mux(args.audio, Path("temp/result.avi"), args.outfile, fault, "-strict", "-2", "-q:v", "1")


PROGRAMS: dict[str, Main] = {"inference.py": inference}
WEIGHTS = ("checkpoints/wav2lip_gan.pth", "face_detection/detection/sfd/s3fd.pth")
