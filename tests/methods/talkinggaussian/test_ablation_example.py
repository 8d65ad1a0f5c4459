"""The example that makes the ablation tables, on a small head and a short schedule."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tgbench.identities import Identity

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "ablation" / "ablation.py"
SHORT = {
    "schedule.audio_pretraining_iterations": 4,
    "schedule.static_iterations": 4,
    "schedule.motion_iterations": 4,
    "schedule.finetune_iterations": 2,
    "face.gaussians": 100,
    "mouth.gaussians": 20,
}


@pytest.mark.slow
def test_rows_become_one_table(sphere: Identity, tmp_path: Path):
    command = [sys.executable, str(EXAMPLE), "--identity", str(sphere.folder)]
    command += ["--out", str(tmp_path), "--seeds", "1", "--rows", "full", "alpha_rgb"]
    command += [word for key, value in SHORT.items() for word in ("--set", f"{key}={value}")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(tmp_path / "table.csv")
    measured = table[table.metric == "psnr"]
    assert len(measured) == 2
    assert measured.config_hash.nunique() == 2
    assert measured.value.between(5, 60).all()
