"""Checkouts of the stand-ins, laid out as the repositories of the real systems are."""

from __future__ import annotations

import os
import subprocess
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .standins import ad_nerf, dfrf, dinet, er_nerf, geneface, ip_lap, lsp, talkinggaussian, wav2lip
from .standins.common import FAULT_FILE, Main

_HERE = Path(__file__).parent
_DEEPSPEECH = ("deepspeech-0_1_0-b90017e8.pb",)
_GENEFACE_FOLDERS = ("modules", "utils", "egs/egs_bases", "data_util/face_parsing")


@dataclass(frozen=True)
class Standin:
    """A system's programs and other files.

    Attributes:
        module: of `standins`.
        table: name of its programs there.
        programs: by path in the checkout.
        weights: paths of pretrained files.
        files: other files that belong to the repository, or that its user puts there.
        drives: names that the identity must have; empty: any.
    """

    module: str
    table: str
    programs: Mapping[str, Main]
    weights: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    people: tuple[str, ...] = ()


STANDINS: Mapping[str, Standin] = {
    "wav2lip": Standin("wav2lip", "PROGRAMS", wav2lip.PROGRAMS, wav2lip.WEIGHTS),
    "ip-lap": Standin("ip_lap", "PROGRAMS", ip_lap.PROGRAMS, ip_lap.WEIGHTS),
    "dinet": Standin("dinet", "PROGRAMS", dinet.PROGRAMS, dinet.WEIGHTS),
    "ad-nerf": Standin(
        "ad_nerf", "PROGRAMS", ad_nerf.PROGRAMS, _DEEPSPEECH, {"environment.yml": "name: adnerf\n"}
    ),
    "dfrf": Standin("dfrf", "PROGRAMS", dfrf.PROGRAMS, (*_DEEPSPEECH, *dfrf.WEIGHTS)),
    "rad-nerf": Standin("er_nerf", "RAD_PROGRAMS", er_nerf.RAD_PROGRAMS),
    "geneface": Standin(
        "geneface",
        "PROGRAMS",
        geneface.PROGRAMS,
        (
            "data_util/face_parsing/79999_iter.pth",
            "deep_3drecon/BFM/01_MorphableModel.mat",
            "deep_3drecon/BFM/Exp_Pca.bin",
            "deep_3drecon/BFM/BFM_model_front.mat",
            "deep_3drecon/checkpoints/facerecon/epoch_20.pth",
        ),
        {
            **{f"{folder}/base.txt": "" for folder in _GENEFACE_FOLDERS},
            "docs/prepare_env/geneface_rtx3090.yaml": "name: geneface\n",
            "egs/egs_bases/radnerf/lm3d_radnerf.yaml": "seed: 9999\n",
            "egs/egs_bases/postnet/base.yaml": "seed: 9999\n",
            "data/binary/lrs3/train.data": "speech of many people",
            "data_util/face_tracking/3DMM/3DMM_info.npy": "the model of faces",
        },
    ),
    "er-nerf": Standin("er_nerf", "ER_PROGRAMS", er_nerf.ER_PROGRAMS, _DEEPSPEECH),
    "lsp": Standin(
        "lsp",
        "PROGRAMS",
        lsp.PROGRAMS,
        lsp.WEIGHTS,
        {
            "torch.py": "def manual_seed(seed):\n    pass\n",
            **{f"config/{person}.yaml": "" for person in lsp.PEOPLE},
            **{f"data/{person}/mean_pts3d.npy": "points" for person in lsp.PEOPLE},
        },
        lsp.PEOPLE,
    ),
    "synctalk": Standin("er_nerf", "SYNCTALK_PROGRAMS", er_nerf.SYNCTALK_PROGRAMS),
    "talkinggaussian-official": Standin(
        "talkinggaussian",
        "PROGRAMS",
        talkinggaussian.PROGRAMS,
        _DEEPSPEECH,
        {"environment.yml": "name: talking_gaussian\n"},
    ),
}
"""By name of the declaration."""


def build(name: str, folder: Path, fault: str = "") -> Path:
    """Write a checkout of a stand-in, committed, and return it.

    Args:
        name: of the system.
        folder: new.
        fault: what goes wrong with it; see `standins.common.Fault`.
    """
    standin = STANDINS[name]
    for path in standin.programs:
        _write(folder / path, _script(standin, path))
    for path, text in standin.files.items():
        _write(folder / path, text)
    if fault:
        _write(folder / FAULT_FILE, fault)
    _git(folder, "init", "-q")
    _git(folder, "add", "-A")
    _git(folder, "commit", "-q", "-m", "a stand-in")
    # As with the real ones, the user adds these; they are not part of the repository.
    for path in standin.weights:
        _write(folder / path, "weights")
    if name == "geneface":
        (folder / "checkpoints").mkdir()
        with zipfile.ZipFile(folder / "checkpoints/lrs3.zip", "w") as archive:
            archive.writestr("lrs3/lm3d_vae_sync/model_ckpt_steps_30000.ckpt", "weights")
    return folder


def spoil(checkout: Path, fault: str) -> None:
    """Let something go wrong with a checkout from now on; empty: nothing any more."""
    (checkout / FAULT_FILE).write_text(fault, encoding="utf-8")


def _script(standin: Standin, path: str) -> str:
    return (
        "import sys\n"
        "from pathlib import Path\n"
        f"sys.path.insert(0, {str(_HERE)!r})\n"
        f"from standins.{standin.module} import {standin.table} as programs\n"
        f"checkout = Path(__file__).resolve().parents[{path.count('/')}]\n"
        f"programs[{path!r}](checkout, sys.argv[1:])\n"
    )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _git(folder: Path, *words: str) -> None:
    who = {"GIT_AUTHOR_NAME": "tests", "GIT_AUTHOR_EMAIL": "tests@example.org"}
    who |= {"GIT_COMMITTER_NAME": "tests", "GIT_COMMITTER_EMAIL": "tests@example.org"}
    environment = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", "-C", str(folder), *words], check=True, env=environment)
