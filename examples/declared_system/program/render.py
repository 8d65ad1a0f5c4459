"""Show the mean frame with a mouth as open as the sound is loud."""

import argparse
import wave
from pathlib import Path

import cv2
import numpy as np

FPS = 25

parser = argparse.ArgumentParser()
parser.add_argument("model", type=Path)
parser.add_argument("--audio", required=True)
parser.add_argument("--frames", type=int, required=True)
parser.add_argument("--out", type=Path, required=True)
args = parser.parse_args()

model = np.load(args.model)
left, top = model["lips"].min(axis=0)
right, bottom = model["lips"].max(axis=0)
middle = (round((left + right) / 2), round((top + bottom) / 2))
with wave.open(args.audio) as sound:
    samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2") / 32768
    step = sound.getframerate() // FPS
args.out.mkdir(exist_ok=True)
for frame in range(args.frames):
    heard = samples[frame * step : (frame + 1) * step]
    loud = min(1.0, 8 * float(np.sqrt(np.mean(heard**2)))) if len(heard) else 0.0
    axes = (round((right - left) / 2), round((bottom - top) * loud))
    image = cv2.ellipse(model["mean"].copy(), middle, axes, 0, 0, 360, (20, 10, 60), -1)
    cv2.imwrite(str(args.out / f"{frame:06d}.png"), image)
