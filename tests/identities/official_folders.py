"""Folders as the official scripts of five repositories leave them, written without our writer.

File names, colours, shapes and columns follow the description of that layout (stages 1 to 9 of
`data_utils/process.py`, `data_util/process_data.py` of AD-NeRF, GeneFace's `process_data.sh`).
"""

from __future__ import annotations

import csv
import json
import wave
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

REPOSITORIES = ("ad-nerf", "rad-nerf", "er-nerf", "geneface", "talkinggaussian")
FRAMES = 22

_UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
_HEAD_BGR, _NECK_BGR, _TORSO_BGR = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def euler_to_rotation(euler: NDArray[np.floating]) -> NDArray[np.float64]:
    """Rotations [N, 3, 3] as `process.py` makes them of the tracker's angles, written out."""
    result = []
    for theta, phi, psi in euler:
        ct, st, cp, sp = np.cos(theta), np.sin(theta), np.cos(phi), np.sin(phi)
        x = np.array([[1, 0, 0], [0, ct, st], [0, -st, ct]])
        y = np.array([[cp, 0, -sp], [0, 1, 0], [sp, 0, cp]])
        z = np.array([[np.cos(psi), -np.sin(psi), 0], [np.sin(psi), np.cos(psi), 0], [0, 0, 1]])
        result.append(x @ y @ z)
    return np.array(result, np.float64)


def transforms_of(track: dict[str, Any]) -> NDArray[np.float64]:
    """Camera to world [N, 4, 4] as `process.py` makes them: [R' | -R' t / 10]."""
    rotations = euler_to_rotation(track["euler"].numpy())
    poses = np.tile(np.eye(4), (len(rotations), 1, 1))
    poses[:, :3, :3] = np.swapaxes(rotations, 1, 2)
    poses[:, :3, 3] = -np.einsum("nji,nj->ni", rotations, track["trans"].numpy() / 10.0)
    return poses


def write_official(folder: Path, repository: str, side: int = 64) -> Path:
    """Write a clip of 22 frames as one of `REPOSITORIES` prepares it."""
    official = _Folder(folder, repository, side)
    for frame in range(FRAMES):
        official.write_frame(frame)
    cv2.imwrite(str(folder / "bc.jpg"), official.plate)
    official.write_track()
    official.write_sound()
    if repository in ("er-nerf", "talkinggaussian"):
        official.write_openface()
    return folder


class _Folder:
    def __init__(self, folder: Path, repository: str, side: int) -> None:
        folder.mkdir(parents=True)
        self._folder, self._repository, self._side = folder, repository, side
        self.plate = np.full((side, side, 3), (150, 120, 90), np.uint8)

    def write_frame(self, frame: int) -> None:
        side, repository = self._side, self._repository
        rows, columns = np.mgrid[:side, :side]
        head = (columns - side / 2) ** 2 + (rows - 0.4 * side) ** 2 < (0.25 * side) ** 2
        neck = ~head & (abs(columns - side / 2) < 0.12 * side) & (rows > 0.4 * side)
        torso = (rows > 0.8 * side) & (abs(columns - side / 2) < 0.35 * side)
        filmed = self.plate + np.uint8(4)
        parsing = np.full((side, side, 3), 255, np.uint8)
        for part, colour, look in (
            (neck, _NECK_BGR, (110, 140, 190)),
            (torso, _TORSO_BGR, (120, 60, 60)),
            (head, _HEAD_BGR, (120, 150, 200 - frame)),
        ):
            filmed[part], parsing[part] = look, colour
        shown = np.where((parsing == 255).all(axis=2, keepdims=True), self.plate, filmed)
        alone = np.where(head[..., None], filmed, self.plate)
        body = (neck | torso)[..., None]
        torso_image = np.where(body, np.dstack([shown, np.full((side, side), 255)]), 0)
        if repository == "talkinggaussian":
            parsing[head & (rows < 0.25 * side)] = (0, 0, 0)
            mouth = head & (abs(rows - 0.52 * side) < 2) & (abs(columns - side / 2) < 5)
            parsing[mouth] = (100, 100, 100)
            self._save("teeth_mask", frame, ".npy", mouth)
        self._save("ori_imgs", frame, ".jpg", filmed)
        self._save("parsing", frame, ".png", parsing)
        if repository in ("ad-nerf", "geneface"):
            self._save("com_imgs", frame, ".jpg", shown)
            self._save("head_imgs", frame, ".jpg", alone)
        if repository != "ad-nerf":
            self._save("gt_imgs", frame, ".jpg", shown)
            self._save("torso_imgs", frame, ".png", torso_image)
        angle = np.linspace(0, 2 * np.pi, 68, endpoint=False)
        points = side * (np.stack([np.sin(angle), -np.cos(angle)], 1) * 0.2 + (0.5, 0.4))
        np.savetxt(self._folder / f"ori_imgs/{frame}.lms", points, "%f")

    def write_track(self) -> None:
        rng = np.random.default_rng(3)
        track = {
            "id": torch.randn(1, 100),
            "exp": torch.randn(FRAMES, 79),
            "euler": torch.tensor(rng.normal(0, 0.1, (FRAMES, 3)), dtype=torch.float32),
            "trans": torch.tensor(
                rng.normal((0, 0, -8), (0.1, 0.1, 0.1), (FRAMES, 3)), dtype=torch.float32
            ),
            "focal": torch.tensor([1200.0 * self._side / 512]),
        }
        torch.save(track, self._folder / "track_params.pt")
        cut = FRAMES * 10 // 11
        for name, frames in (("train", range(cut)), ("val", range(cut, FRAMES))):
            listed = []
            for frame in frames:
                matrix = transforms_of(track)[frame].tolist()
                entry = {"img_id": frame, "aud_id": frame, "transform_matrix": matrix}
                if self._repository in ("ad-nerf", "geneface"):
                    entry["face_rect"] = [10, 5, 40, 45]
                listed.append(entry)
            table = {
                "focal_len": float(track["focal"][0]),
                "cx": self._side / 2.0,
                "cy": self._side / 2.0,
                "frames": listed,
            }
            (self._folder / f"transforms_{name}.json").write_text(json.dumps(table, indent=2))

    def write_sound(self) -> None:
        """Sound with the video's own channels; features as each repository's script names them."""
        seconds = FRAMES / 25
        tone = 0.3 * np.sin(np.arange(round(16000 * seconds)) * 0.1)
        with wave.open(str(self._folder / "aud.wav"), "wb") as stream:
            stream.setparams((2, 2, 16000, 0, "NONE", ""))
            stream.writeframes((np.repeat(tone, 2) * 32767).astype("<i2").tobytes())
        rng = np.random.default_rng(1)
        deepspeech = rng.normal(size=(FRAMES, 16, 29))
        esperanto = rng.normal(size=(FRAMES + 1, 16, 44)).astype(np.float32)
        hubert = rng.normal(size=(FRAMES - 1, 2, 1024)).astype(np.float32)
        files: dict[str, dict[str, NDArray]] = {
            "ad-nerf": {"aud.npy": deepspeech},
            "rad-nerf": {"aud_eo.npy": esperanto},
            "er-nerf": {"aud_ds.npy": deepspeech, "aud_eo.npy": esperanto, "aud_hu.npy": hubert},
            "geneface": {"aud_deepspeech.npy": deepspeech, "aud_esperanto.npy": esperanto},
            "talkinggaussian": {"aud_ds.npy": deepspeech, "aud_hu.npy": hubert},
        }
        for name, features in files[self._repository].items():
            np.save(self._folder / name, features)

    def write_openface(self) -> None:
        """OpenFace's table, as its Windows build writes it: blanks before every column name."""
        names = ["frame", " face_id", " timestamp", " confidence", " success"]
        names += [f" AU{unit:02}_r" for unit in _UNITS] + [f" AU{unit:02}_c" for unit in _UNITS]
        with (self._folder / "au.csv").open("w", newline="") as stream:
            rows = csv.writer(stream)
            rows.writerow(names)
            for frame in range(FRAMES):
                numbers = [f" {0.1 * frame + 0.01 * unit:.2f}" for unit in _UNITS]
                known = [frame + 1, " 0", f" {frame / 25:.3f}", " 0.98", " 1"]
                rows.writerow([*known, *numbers, *[" 1.00"] * len(_UNITS)])

    def _save(self, name: str, frame: int, suffix: str, content: NDArray) -> None:
        path = self._folder / name / f"{frame}{suffix}"
        path.parent.mkdir(exist_ok=True)
        if suffix == ".npy":
            np.save(path, content)
        else:
            cv2.imwrite(str(path), content.astype(np.uint8))
