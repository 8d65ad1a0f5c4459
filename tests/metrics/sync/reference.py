"""The original's scoring, from the `syncnet-python` package, and slow transcriptions of it."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import re
import shutil
import subprocess
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.io import wavfile
from torch import Tensor


def original(module: str) -> ModuleType:
    """One file of the package, without the packages that only its pipeline needs."""
    package = importlib.util.find_spec("syncnet_python")
    if package is None or not package.submodule_search_locations:
        pytest.skip("the syncnet-python package is not installed")
    file = Path(package.submodule_search_locations[0]) / f"{module}.py"
    spec = importlib.util.spec_from_file_location(f"original_{module}", file)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def ffmpeg_widens_as_before() -> bool:
    """Whether there is an ffmpeg program that widens video range as those up to 7 do."""
    if shutil.which("ffmpeg") is None:
        return False
    told = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True).stdout
    scaler = re.search(r"libswscale\s+(\d+)", told)
    return scaler is not None and int(scaler[1]) <= 8


@dataclass(frozen=True)
class Evaluated:
    offset: int
    confidence: float
    distance: float
    distances: NDArray[np.float32]


def evaluate(
    towers: Any, images: list[NDArray[np.uint8]], sound: NDArray[np.int16], folder: Path
) -> Evaluated:
    """Run the original's `evaluate` on BGR images.

    They are PNG under names that end in .jpg, so that they arrive as they are.
    """
    for index, image in enumerate(images):
        data = cv2.imencode(".png", image)[1]
        (folder / f"{index + 1:06d}.jpg").write_bytes(data.tobytes())
    wavfile.write(folder / "audio.wav", 16_000, sound)
    return evaluate_folder(towers, folder)


def evaluate_folder(towers: Any, folder: Path) -> Evaluated:
    """Run the original's `evaluate` on the %06d.jpg and audio.wav of a folder."""
    module = original("SyncNetInstance")
    kept: list[Tensor] = []
    plain = module.calc_pdist

    def spied(*args: Any, **options: Any) -> list[Tensor]:
        kept.extend(plain(*args, **options))
        return kept

    module.calc_pdist = spied  # type: ignore[attr-defined]
    options = SimpleNamespace(tmp_dir=str(folder), batch_size=20, vshift=15)
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        # Its printed values per frame are filtered over more windows than a short clip has.
        warnings.simplefilter("ignore")
        values = module.SyncNetInstance(towers, device="cpu").evaluate(options)
    return Evaluated(*values, torch.stack(kept).numpy())


def literal_distances(
    lips: NDArray[np.floating], sound: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Distances [W, 31] in float64, one number at a time."""
    windows = len(lips)
    result = np.empty((windows, 31))
    for i in range(windows):
        for k in range(31):
            j = i + k - 15
            heard = sound[j] if 0 <= j < windows else np.zeros_like(sound[0])
            result[i, k] = np.sqrt(np.sum((lips[i].astype(float) - heard + 1e-6) ** 2))
    return result


def literal_mfcc(samples: NDArray[np.int16]) -> NDArray[np.float64]:
    """Cepstra in plain sums, from the definition: slow, and independent of any transform."""
    signal = samples.astype(float)
    signal[1:] = signal[1:] - 0.97 * samples[:-1]
    count = 1 if len(signal) <= 400 else 1 + int(np.ceil((len(signal) - 400) / 160))
    signal = np.concatenate([signal, np.zeros(count * 160 + 400)])
    mel = np.linspace(0, 2595 * np.log10(1 + 8000 / 700), 28)
    corners = np.floor(513 * 700 * (10 ** (mel / 2595) - 1) / 16000)
    turn = np.exp(-2j * np.pi * np.outer(np.arange(257), np.arange(400)) / 512)
    rows = []
    for i in range(count):
        power = np.abs(turn @ signal[160 * i : 160 * i + 400]) ** 2 / 512
        energies = []
        for low, mid, high in zip(corners, corners[1:], corners[2:], strict=False):
            rising = sum(power[b] * (b - low) / (mid - low) for b in range(int(low), int(mid)))
            falling = sum(power[b] * (high - b) / (high - mid) for b in range(int(mid), int(high)))
            energies.append(np.log(rising + falling))
        row = [np.log(power.sum())]
        for k in range(1, 13):
            cosines = np.cos(np.pi * k * (np.arange(26) + 0.5) / 26)
            lifter = 1 + 11 * np.sin(np.pi * k / 22)
            row.append(lifter * np.sqrt(2 / 26) * float(np.dot(energies, cosines)))
        rows.append(row)
    return np.array(rows)
