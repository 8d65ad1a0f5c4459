"""kill -9 in a real process, again and again: the end is that of a fit that nothing stopped."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tgbench.identities import Identity

FITS = """
import json, os, signal, sys
from pathlib import Path
import torch
from tgbench.configs import build
from tgbench.identities import Identity
from tgbench.interfaces import FitContext
from tgbench.methods.shared import audio_pretraining
from tgbench.methods.talkinggaussian import finetuning, training
from tgbench.methods.talkinggaussian.config import TalkingGaussianConfig
from tgbench.methods.talkinggaussian.method import TalkingGaussian
from tgbench.progress import SILENT

CONFIG = build(TalkingGaussianConfig, {
    "schedule.static_iterations": 24,
    "schedule.motion_iterations": 26,
    "schedule.finetune_iterations": 12,
    "checkpoint_every": 7,
    "densify.start": 8,
    "densify.every": 8,
    "face.densify_until": 0.9,
    "gaussians.harmonics_every": 20,
    "face.gaussians": 200,
    "mouth.gaussians": 50,
    "face.gaussian_limit": 260,
    "mouth.gaussian_limit": 70,
    "face.densify_gradient": 1e-6,
    "mouth.densify_gradient": 1e-6,
    "face.grid_finest": 24,
    "mouth.grid_coarsest": 16,
    "mouth.grid_finest": 24,
    "finetune.lpips_weight": 0.0,
    "face.incremental_until": 0.5,
    "audio.noise": 0.1,
    "audio.jitter": 0.5,
    "schedule.audio_pretraining_iterations": 10,
})

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def die_at(stage, iteration, moment):
    def dying(genuine):
        def step(self):
            loss = genuine(self)
            if moment == "step" and (self.name, self.iteration) == (stage, iteration):
                die()
            return loss
        return step

    def half(content, stream):
        save(content, stream)
        place = (Path(stream.name).name.split(".")[1], content["state"].get("iteration"))
        if moment == "write" and place == (stage, iteration):
            stream.truncate(stream.tell() // 2)
            stream.flush()
            die()

    save, torch.save = torch.save, half
    stages = (audio_pretraining.AudioPretraining, training.BranchTrainer, finetuning.FineTuning)
    for trainer in stages:
        trainer.step = dying(trainer.step)

def fit(folder, work):
    identity = Identity(Path(folder))
    method = TalkingGaussian(CONFIG)
    method.fit(identity, identity.split(), FitContext(Path(work), 3, "cpu", SILENT))
    method.save(Path(work) / "model")

folder, work, moments = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
for moment in moments:
    # A process each, forked before torch has threads, so that it is imported once.
    child = os.fork()
    if child == 0:
        die_at(*moment)
        fit(folder, work)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
        sys.exit(f"not reached: {moment}")
fit(folder, work)
"""
MOMENTS = (
    ("audio-pretraining-face", 8, "step"),  # after the first checkpoint of what is heard
    ("face", 5, "step"),  # before its first checkpoint
    ("mouth", 16, "step"),  # right after a densification that no checkpoint has
    ("face", 24, "step"),  # at the end of static initialisation
    ("mouth", 28, "write"),  # while a checkpoint is written
    ("face", 40, "step"),  # after a densification in motion learning
    ("face", 50, "write"),  # while the last state of a branch is written
    ("fused", 9, "step"),
)


def run(identity: Identity, work: Path, *moments: tuple[str, int, str]) -> None:
    """Fit in a process that dies at each of the moments in turn, then in one that lives."""
    words = [str(identity.folder), str(work), json.dumps(moments)]
    subprocess.run([sys.executable, "-c", FITS, *words], check=True)


def final_tensors(work: Path) -> dict[str, torch.Tensor]:
    """All tensors of the final checkpoint and of what every stage saved, by path."""
    found: dict[str, torch.Tensor] = {}

    def walk(value: object, path: str) -> None:
        if isinstance(value, torch.Tensor):
            found[path] = value
        elif isinstance(value, dict | list | tuple):
            for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
                walk(inner, f"{path}/{key}")

    for name in ("model/talkinggaussian", "face", "mouth", "fused"):
        walk(torch.load(work / f"{name}.pt", weights_only=True)["state"], name)
    return found


@pytest.fixture(scope="module")
def whole(sphere: Identity, tmp_path_factory: pytest.TempPathFactory) -> dict[str, torch.Tensor]:
    work = tmp_path_factory.mktemp("whole")
    run(sphere, work)
    return final_tensors(work)


@pytest.mark.slow
def test_killed_in_every_stage_it_ends_bit_by_bit_alike(
    sphere: Identity, whole: dict[str, torch.Tensor], tmp_path: Path
):
    run(sphere, tmp_path, *MOMENTS)
    ended = final_tensors(tmp_path)
    assert ended.keys() == whole.keys()
    different = [path for path, value in whole.items() if not torch.equal(ended[path], value)]
    assert not different
    counts = [len(value) for path, value in whole.items() if path.endswith("parameters/means")]
    assert {200, 50}.isdisjoint(counts), "density control has to have acted"
