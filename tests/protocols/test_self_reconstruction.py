from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tgbench import plugins
from tgbench.audio import SAMPLE_RATE, Waveform
from tgbench.errors import TgbenchError
from tgbench.identities import Identity
from tgbench.protocols.self_reconstruction import SelfReconstruction, sound_of_frames


def test_the_held_out_frames_are_driven_by_themselves(tiny_identity: Path) -> None:
    identity = Identity(tiny_identity)
    (case,) = SelfReconstruction().plan([identity], [])
    drive = case.drive
    held_out = np.arange(40, 44)
    assert case.split.train == range(40)
    assert case.driver == "self"
    assert case.driving_audio == tiny_identity / "aud.wav"
    np.testing.assert_array_equal(case.target_frames, held_out)
    np.testing.assert_array_equal(drive.source_frames, held_out)
    np.testing.assert_array_equal(drive.feature_index, held_out)
    np.testing.assert_array_equal(drive.poses, identity.poses[40:])
    assert len(drive) == 4
    assert len(drive.features) == 44
    for name, row in drive.action_units.values.items():
        np.testing.assert_array_equal(row, identity.action_units.values[name][40:])
    start = 40 * SAMPLE_RATE // 25
    np.testing.assert_array_equal(drive.audio.samples, identity.audio.samples[start:])
    np.testing.assert_array_equal(drive.background(1), identity.torso_over_background(41))


def test_every_metric_applies_but_those_measured_by_name(tiny_identity: Path) -> None:
    (case,) = SelfReconstruction().plan([Identity(tiny_identity)], [])
    named = {name for name, spec in plugins.metrics().items() if spec.by_name}
    assert set(case.metrics) == set(plugins.metrics()) - named
    assert {"lmd_sum", "sync_c_fast", "fps_best"} <= named
    assert case.metrics[0] == "psnr"
    spec = plugins.protocols()["self_reconstruction"]
    assert (case.protocol, case.protocol_version) == (spec.name, spec.version)


def test_driving_audio_is_refused(tiny_identity: Path) -> None:
    with pytest.raises(TgbenchError, match="--protocol lipsync"):
        SelfReconstruction().plan([Identity(tiny_identity)], [Path("speech.wav")])


def test_an_identity_that_holds_nothing_out_is_refused(tiny_identity: Path, tmp_path: Path) -> None:
    folder = tmp_path / "no-test"
    shutil.copytree(tiny_identity, folder)
    transforms = json.loads((folder / "transforms_val.json").read_text())
    transforms["frames"] = []
    (folder / "transforms_val.json").write_text(json.dumps(transforms))
    with pytest.raises(TgbenchError, match=r"transforms_val\.json is empty"):
        SelfReconstruction().plan([Identity(folder)], [])


def test_sound_of_frames_takes_each_frames_own_piece() -> None:
    samples = np.arange(10 * 640, dtype=np.float32)
    audio = Waveform(samples)
    whole = sound_of_frames(audio, [3, 4, 5])
    np.testing.assert_array_equal(whole.samples, samples[3 * 640 : 6 * 640])
    gapped = sound_of_frames(audio, [3, 7])
    np.testing.assert_array_equal(
        gapped.samples, np.concatenate([samples[1920:2560], samples[4480:5120]])
    )
    past = sound_of_frames(audio, [9, 10])
    np.testing.assert_array_equal(past.samples[:640], samples[9 * 640 :])
    assert not past.samples[640:].any()
    assert len(past.samples) == 1280
