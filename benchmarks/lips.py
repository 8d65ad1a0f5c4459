"""How far the lips of a fit follow those of the clip, over identities and seeds.

    python -m benchmarks.lips --identity synth-a data/NAME --seeds 0 1 2 --out lips.jsonl
    python -m benchmarks.lips --identity synth-a --name far --set motion_field.position_scale=0.04

Mouth opening is the gap of the inner lips by the distance of the eyes, found by MediaPipe in truth
and rendering alike. Every fit is a line of the file, so that a stopped series goes on where it was;
the last lines printed are the means over seeds of all that the file holds.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from tgbench import plugins
from tgbench.faces.finders import MeshLandmarks
from tgbench.identities import Identity
from tgbench.identities.resolve import resolve_identity
from tgbench.interfaces import Drive, FitContext, Image, Method
from tgbench.metrics.image.psnr import psnr
from tgbench.metrics.landmark_geometry import MOUTH, mouth_opening
from tgbench.metrics.lips.lmd import mouth_landmark_distance
from tgbench.progress import SILENT
from tgbench.running.settings import configure, parse_overrides

STILL = "still"
MARGIN = 6
"""Pixels around the lips that count for the PSNR of the mouth."""


def main() -> None:
    """Measure what is not in the file yet, then print the means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--identity", nargs="+", required=True)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--size", type=int, default=256, help="of built-in identities (256)")
    parser.add_argument("--preset", default="quick")
    parser.add_argument("--name", default="preset", help="of this configuration in the file")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE")
    parser.add_argument("--every", type=int, default=2, help="n-th training frame looked at (2)")
    parser.add_argument("--out", type=Path, default=Path("lips.jsonl"))
    args = parser.parse_args()
    done = {(row["identity"], row["name"], row["seed"]) for row in rows(args.out)}
    for seed in args.seeds:
        for name in args.identity:
            identity = resolve_identity(name, args.size)
            jobs = [(STILL, "quick", 0, []), (args.name, args.preset, seed, args.set)]
            for label, preset, number, settings in jobs:
                if (identity.name, label, number) in done:
                    continue
                done.add((identity.name, label, number))
                method = STILL if label == STILL else "talkinggaussian"
                row = measured(identity, method, preset, settings, number, args.every)
                row |= {"identity": identity.name, "name": label, "seed": number}
                with args.out.open("a", encoding="utf-8") as stream:
                    stream.write(json.dumps(row) + "\n")
    summarise(rows(args.out))


def rows(path: Path) -> list[dict[str, Any]]:
    """Return what has been measured so far."""
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def measured(
    identity: Identity, name: str, preset: str, settings: Sequence[str], seed: int, every: int
) -> dict[str, Any]:
    """Fit, render held-out and training frames, and return what their lips do."""
    spec = plugins.methods()[name]
    module, _, kind = spec.implementation.partition(":")
    config = configure(spec, preset, parse_overrides(settings))
    method: Method = getattr(import_module(module), kind)(config)
    split = identity.split()
    with tempfile.TemporaryDirectory() as folder:
        report = method.fit(identity, split, FitContext(Path(folder), seed, "cpu", SILENT))
    row: dict[str, Any] = {"settings": list(settings), "seconds": report.seconds}
    parts = {"held_out": split.test}
    if name != STILL:
        parts["training"] = split.train[::every]
    for part, frames in parts.items():
        images = method.render(drive_of(identity, frames))
        row[part] = lips(images, frames, identity)
    return row


def drive_of(identity: Identity, frames: range) -> Drive:
    """Return what drives frames of the identity's own clip."""
    chosen = np.array(frames)
    return Drive.of_frames(identity, chosen, identity.audio, identity.audio_features(), chosen)


def lips(images: Iterable[Image], frames: range, identity: Identity) -> dict[str, float]:
    """Compare rendered with true lips."""
    finder = MeshLandmarks()
    openings, distances, whole, mouth = [], [], [], []
    for image, frame in zip(images, frames, strict=True):
        target = identity.frame(frame)
        lips = identity.landmarks[frame][MOUTH]
        left, top = np.maximum(np.floor(lips.min(0)).astype(int) - MARGIN, 0)
        right, bottom = np.ceil(lips.max(0)).astype(int) + MARGIN + 1
        box = slice(top, bottom), slice(left, right)
        whole.append(psnr(image, target))
        mouth.append(psnr(image[box], target[box]))
        found, true = finder.find(image), finder.find(target)
        if found is None or true is None:
            continue
        openings.append((mouth_opening(found), mouth_opening(true)))
        distances.append(mouth_landmark_distance(found, true))
    predicted, truth = np.array(openings).T
    return {
        "correlation": float(np.corrcoef(predicted, truth)[0, 1]),
        "deviation": float(predicted.std()),
        "true_deviation": float(truth.std()),
        "lmd": float(np.mean(distances)),
        "psnr": float(np.mean(whole)),
        "psnr_mouth": float(np.mean(mouth)),
        "frames": len(openings),
    }


def summarise(measured: Sequence[dict[str, Any]]) -> None:
    """Print means over seeds, a line for each identity and configuration."""
    print(
        "| identity | configuration | seeds | training r, std ratio | held-out r, std ratio |",
        end="",
    )
    print(" LMD | PSNR | PSNR mouth | training [s] |")
    print("|---|---|---|---|---|---|---|---|---|")
    for identity, name in sorted({(row["identity"], row["name"]) for row in measured}):
        same = [row for row in measured if (row["identity"], row["name"]) == (identity, name)]

        def mean(part: str, key: str, same: list[dict[str, Any]] = same) -> float:
            values = [row[part][key] for row in same if part in row]
            return float(np.mean(values)) if values else float("nan")

        followed = " | ".join(
            f"{mean(part, 'correlation'):.2f}, "
            f"{mean(part, 'deviation') / mean(part, 'true_deviation'):.2f}"
            for part in ("training", "held_out")
        )
        seeds = " ".join(str(row["seed"]) for row in same)
        seconds = np.mean([row["seconds"] for row in same])
        image = " | ".join(f"{mean('held_out', key):.2f}" for key in ("lmd", "psnr", "psnr_mouth"))
        print(f"| {identity} | {name} | {seeds} | {followed} | {image} | {seconds:.0f} |")


if __name__ == "__main__":
    main()
