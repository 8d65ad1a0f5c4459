"""The systems of papers of which there are only videos."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tgbench.audio import Waveform, write_wav
from tgbench.baselines.specs import VIDEOS
from tgbench.cli import main
from tgbench.running.result import read_results
from tgbench.systems.spec import VideosSpec


@pytest.mark.parametrize("spec", VIDEOS, ids=lambda spec: spec.name)
def test_each_declares_whose_videos_they_are(spec: VideosSpec) -> None:
    facts = spec.facts()
    assert facts.name == spec.declaration.stem
    assert facts.repository
    # What they show is no frame of a known clip, so nothing compares it with true frames.
    assert not facts.frame_aligned


def test_they_are_run_where_the_user_keeps_them(
    tiny_identity: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sound = tmp_path / "speech.wav"
    write_wav(sound, Waveform(np.full(6400, 0.1, np.float32)))
    clip = tmp_path / "mine/tiny/speech"
    clip.mkdir(parents=True)
    for index in range(10):
        cv2.imwrite(str(clip / f"{index}.png"), np.full((64, 64, 3), 9 * index, np.uint8))
    command = ["run", "--method", "nvp", "--protocol", "lipsync", "--metrics", "lip_lag"]
    command += ["--identity", str(tiny_identity), "--audio", str(sound)]
    command += ["--out", str(tmp_path / "out")]
    assert main(command) == 2
    assert "--set nvp.folder=DIR" in " ".join(capsys.readouterr().err.split())
    assert main([*command, "--set", f"nvp.folder={tmp_path / 'mine'}"]) == 0
    ((_, result),) = read_results(tmp_path / "out")
    assert result.method.composite_mode == "face pasted on the true video"
    assert list(result.method.reads) == ["tiny/speech"]
