"""A fit begins with the pretraining of its audio networks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from tgbench.configs import build
from tgbench.identities import Identity
from tgbench.interfaces import FitContext
from tgbench.methods.talkinggaussian import fitting
from tgbench.methods.talkinggaussian.config import TalkingGaussianConfig
from tgbench.methods.talkinggaussian.fitting import Fit
from tgbench.methods.talkinggaussian.spec import SPEC
from tgbench.progress import SILENT

TINY = build(
    TalkingGaussianConfig,
    {
        "schedule.audio_pretraining_iterations": 24,
        "schedule.static_iterations": 4,
        "schedule.motion_iterations": 6,
        "schedule.finetune_iterations": 2,
        "checkpoint_every": 5,
        "face.gaussians": 80,
        "mouth.gaussians": 40,
        "finetune.lpips_weight": 0.0,
    },
)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As fits train: where other programs run, threads of one small layer wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_presets_of_paper_and_official_code_do_not_listen():
    for preset in ("paper", "official"):
        config = build(TalkingGaussianConfig, SPEC.presets[preset])
        assert config.schedule.audio_pretraining_iterations == 0
        assert config.audio.lr == 1


def test_a_fit_listens_once_and_counts_all_its_time(
    sphere: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # By the clock of `fitting`, which times the removal of floaters alone, that takes 1000 s.
    monkeypatch.setattr(fitting, "TrainingClock", lambda: SimpleNamespace(seconds=1000.0))

    def fit() -> Fit:
        return Fit(TINY, sphere, sphere.split(), FitContext(tmp_path, 0, "cpu", SILENT))

    branches, report = fit().run()
    assert {path.name for path in tmp_path.glob("audio-pretraining-*.pt")} == {
        "audio-pretraining-face.pt",
        "audio-pretraining-mouth.pt",
    }
    seconds = {
        path.stem: torch.load(path, weights_only=True)["state"]["seconds"]
        for path in tmp_path.glob("*.pt")
    }
    assert seconds["face"] > seconds["audio-pretraining-face"]
    assert report.seconds == max(seconds["face"], seconds["mouth"]) + seconds["fused"]
    assert seconds["fused"] > 1000.0
    again, repeated = fit().run()
    assert repeated.seconds == report.seconds
    for one, other in zip(branches, again, strict=True):
        expected, found = one.motion.state_dict(), other.motion.state_dict()
        assert all(torch.equal(expected[name], found[name]) for name in expected)
