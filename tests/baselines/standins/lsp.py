"""LiveSpeechPortraits at 950c24aa: five people, a head that moves by itself, 60 frames a second."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from .common import Fault, Main, begin, ffmpeg, loudness, need, speak, write_video

PEOPLE = ("May", "Obama1", "Obama2", "Nadella", "McStay")
_RATE, _SIZE = 60, 512


def demo(checkout: Path, words: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--id", default="May")
    parser.add_argument("--driving_audio", type=Path, default="./data/input/00083.wav")
    parser.add_argument("--save_intermediates", default=0)
    parser.add_argument("--device", default="cuda")
    args = parser.parse_args(words)
    fault = begin(checkout)
    # All of these are relative to the folder that it runs in.
    need(Path("config") / f"{args.id}.yaml")
    need(Path("data/APC_epoch_160.model"))
    need(Path("data") / args.id / "mean_pts3d.npy")
    name = args.driving_audio.name[:-4]
    folder = Path("results") / args.id / name
    folder.mkdir(parents=True, exist_ok=True)
    openings = loudness(args.driving_audio)
    count = int(len(openings) / 25 * _RATE)
    frames = []
    phase = np.random.uniform(0, 6)
    for index in range(count):
        picture = np.full((_SIZE, _SIZE, 3), (150, 120, 90), np.uint8)
        # The head drifts of itself.
        left = 128 + int(20 * np.sin(phase + index / 30))
        picture[80:400, left : left + 256] = (140, 160, 200)
        frames.append(speak(picture, openings[min(int(index / _RATE * 25), len(openings) - 1)]))
    silent = folder / "tmp.avi"
    write_video(silent, frames, fault, code="DIVX", fps=_RATE)
    sound = [] if fault == Fault.SILENT else ["-i", args.driving_audio]
    final = folder / f"{name}.avi"
    ffmpeg("-i", silent, *sound, "-codec", "copy", "-shortest", final)
    ffmpeg("-i", silent, "-codec", "copy", folder / f"{name}_feature_maps.avi")
    if fault != Fault.NOTHING:
        silent.unlink()
    print("Finish!")


PROGRAMS: dict[str, Main] = {"demo.py": demo}
WEIGHTS = ("data/APC_epoch_160.model",)
