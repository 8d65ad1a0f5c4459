"""Learn the mean of the frames in a folder, and where the mouth is."""

import argparse
from pathlib import Path

import cv2
import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("identity", type=Path)
parser.add_argument("--out", type=Path, required=True)
args = parser.parse_args()

images = [cv2.imread(str(path)) for path in sorted((args.identity / "frames").glob("*.png"))]
mean = np.mean(images, axis=0).round().astype(np.uint8)
lips = np.load(args.identity / "landmarks.npy")[:, 48:].mean(axis=0)
np.savez(args.out, mean=mean, lips=lips)
