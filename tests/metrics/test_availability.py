from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest

from tgbench import plugins
from tgbench.audio import Waveform
from tgbench.extras import install_extra
from tgbench.interfaces import MetricContext
from tgbench.metrics.availability import why_not_here
from tgbench.metrics.suite import reasons_against
from tgbench.specs import Needs

OF_RUNS = {Needs.TIMING, Needs.CAMERAS, Needs.PHONEMES}
UNTIMED = [name for name, spec in plugins.metrics().items() if not spec.needs & OF_RUNS]


def test_what_is_told_agrees_with_what_happens() -> None:
    """The reference is to make every metric, and to see which cannot be."""
    import numpy as np

    sound = Waveform(np.sin(np.arange(160_000) / 20.0).astype(np.float32))
    reasons = reasons_against(UNTIMED, MetricContext(audio=sound, fps=25.0))
    told = {name: why_not_here(plugins.metrics()[name]) for name in UNTIMED}
    assert {name for name, reason in told.items() if reason} == {
        name for name, reason in reasons.items() if reason
    }


def test_missing_packages_weights_and_programs_are_told_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TGBENCH_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    specs = plugins.metrics()
    assert why_not_here(specs["psnr"]) == ""
    assert "mediapipe is not installed" in why_not_here(specs["lmd"])
    assert install_extra("face") in why_not_here(specs["lmd"])
    assert "FeatureExtraction is not on the path" in why_not_here(specs["aue_l"])
    assert "tgbench weights fetch syncnet" in why_not_here(specs["sync_c"])
    assert "lpips and torchvision are not installed" in why_not_here(specs["lpips"])
    assert "ffmpeg is not on the path" in why_not_here(specs["sync_c_joonson"])
    assert "--aligned-faces" in why_not_here(specs["ssim_face_aligned"])
