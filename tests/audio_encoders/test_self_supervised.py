"""wav2vec 2.0 and HuBERT against transformers' own forward, on small random networks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import HubertConfig, HubertModel, Wav2Vec2ForCTC

from tgbench.audio import Waveform, encode
from tgbench.audio_encoders import self_supervised
from tgbench.audio_encoders.prepared import HUBERT, WAV2VEC2
from tgbench.audio_encoders.self_supervised import Hubert, Wav2Vec2
from tgbench.errors import Unavailable
from tgbench.files import sha256

from .networks import PREPARE, saved, small_hubert, small_wav2vec2


def waveform(samples: int, seed: int = 0) -> Waveform:
    random = np.random.default_rng(seed)
    loud = 0.2 + np.abs(np.sin(np.arange(samples) / 9000))
    return Waveform((0.1 * loud * random.normal(size=samples) + 0.01).astype(np.float32))


@pytest.fixture
def wav2vec2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wav2Vec2ForCTC:
    model = small_wav2vec2()
    monkeypatch.setenv("TGBENCH_WAV2VEC2", str(saved(model, tmp_path / "xlsr")))
    return model


@pytest.fixture
def hubert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubertModel:
    model = small_hubert()
    monkeypatch.setenv("TGBENCH_HUBERT", str(saved(model, tmp_path / "hubert")))
    return model


def forward(model: torch.nn.Module, samples: np.ndarray, prepared: bool = False) -> np.ndarray:
    if not prepared:
        samples = PREPARE(samples, sampling_rate=16000, return_tensors="np").input_values[0]
    with torch.no_grad():
        return model(torch.from_numpy(samples[None]))[0][0].numpy()


def official_logits(model: torch.nn.Module, samples: np.ndarray) -> np.ndarray:
    """As wav2vec.py does it: a queue of 20 ms, run whenever it holds 10 + 50 + 10 of them."""
    queue, found = [np.zeros(320, np.float32)] * 10, []
    for start in range(0, len(samples), 320):
        queue.append(samples[start : start + 320])
        if len(queue) == 70:
            logits = forward(model, np.concatenate(queue))
            found.append(logits[10 : len(logits) - 10 + 1])
            queue = queue[-20:]
    found.append(forward(model, np.concatenate(queue))[10:])
    return np.concatenate(found)


def test_wav2vec2_is_the_fields_script(wav2vec2: Wav2Vec2ForCTC) -> None:
    encoder = Wav2Vec2()
    for samples in (640, 3000, 22_400, 19_199, 19_500, 67_321):
        sound = waveform(samples)
        logits = official_logits(wav2vec2, sound.samples)
        padded = torch.nn.functional.pad(torch.from_numpy(logits), (0, 0, 8, 8))
        expected = padded.unfold(0, 16, 2).permute(0, 2, 1).numpy()
        found = encoder.features(sound)
        assert found.shape == (-(-len(logits) // 2), 16, 44)
        np.testing.assert_allclose(found, expected[: len(found)], atol=1e-5)
    assert encode(WAV2VEC2, waveform(6400)).shape == (10, 16, 44)


def official_states(
    model: torch.nn.Module, samples: np.ndarray, piece: int = 320_000
) -> np.ndarray:
    """As hubert.py does it: pieces of 20 s that begin where the last one's steps end."""
    heard = PREPARE(samples, sampling_rate=16000, return_tensors="np").input_values[0]
    pieces = len(heard) // piece
    found = [
        forward(model, heard[i * piece : (i + 1) * piece + 80], prepared=True)
        for i in range(pieces)
    ]
    rest = heard[pieces * piece :]
    if len(rest) >= 400:
        found.append(forward(model, rest, prepared=True))
    states = np.concatenate(found)
    wanted = (len(heard) - 80) // 320
    states = np.pad(states, ((0, max(wanted - len(states), 0)), (0, 0)))[:wanted]
    return states[: len(states) // 2 * 2].reshape(-1, 2, 1024)


def test_hubert_is_the_fields_script(hubert: HubertModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """With pieces of 0.4 s; those of 20 s are tested slowly."""
    monkeypatch.setattr(self_supervised, "_PIECE", 20)
    encoder = Hubert()
    for samples in (1280, 6000, 6400, 6460, 6900, 13_000):
        sound = waveform(samples)
        expected = official_states(hubert, sound.samples, 6400)
        found = encoder.features(sound)
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, atol=2e-5)


@pytest.mark.slow
def test_hubert_is_the_fields_script_at_its_own_lengths(hubert: HubertModel) -> None:
    sound = waveform(320_500)
    expected = official_states(hubert, sound.samples)
    np.testing.assert_allclose(Hubert().features(sound), expected, atol=2e-5)


def test_the_last_frame_that_hubert_does_not_see_repeats_the_one_before(
    hubert: HubertModel,
) -> None:
    sound = waveform(16_000)
    windows = encode(HUBERT, sound)
    assert windows.shape == (25, 2, 1024)
    np.testing.assert_array_equal(windows[-1], windows[-2])


def test_short_pieces_are_the_models_own_forward(hubert: HubertModel) -> None:
    """For a sound of one piece there is no cutting at all."""
    sound = waveform(6800)
    expected = forward(hubert, sound.samples)
    np.testing.assert_allclose(Hubert().features(sound).reshape(20, 1024), expected[:20], atol=2e-5)


def test_what_it_is_made_with_is_told(hubert: HubertModel, tmp_path: Path) -> None:
    told = Hubert().describe()
    assert told["weights_sha256"] == sha256(tmp_path / "hubert" / "model.safetensors")
    assert told["layer"] == "last hidden state"
    assert {"torch", "transformers"} <= told.keys()


def test_files_of_the_hub_with_former_names_are_read(
    wav2vec2: Wav2Vec2ForCTC, tmp_path: Path
) -> None:
    """`pytorch_model.bin` names weight norm as torch before 2.1 did."""
    former = {
        key.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): tensor
        for key, tensor in wav2vec2.state_dict().items()
    }
    assert any(key.endswith("weight_g") for key in former)
    sound = waveform(5000)
    expected = Wav2Vec2().features(sound)
    (tmp_path / "xlsr" / "model.safetensors").unlink()
    torch.save(former, tmp_path / "xlsr" / "pytorch_model.bin")
    np.testing.assert_array_equal(Wav2Vec2().features(sound), expected)


def test_hubert_of_a_recogniser_is_read_without_its_head(
    hubert: HubertModel, tmp_path: Path
) -> None:
    """The published file holds `HubertForCTC`."""
    headed = {f"hubert.{key}": tensor for key, tensor in hubert.state_dict().items()}
    headed |= {"lm_head.weight": torch.zeros(32, 1024), "lm_head.bias": torch.zeros(32)}
    sound = waveform(5000)
    expected = Hubert().features(sound)
    (tmp_path / "hubert" / "model.safetensors").unlink()
    torch.save(headed, tmp_path / "hubert" / "pytorch_model.bin")
    np.testing.assert_array_equal(Hubert().features(sound), expected)


def test_the_published_configuration_has_the_published_number_of_weights() -> None:
    """315,438,720 without a head (the papers' 317 million count the quantiser, too)."""
    with torch.device("meta"):
        model = HubertModel(HubertConfig(**self_supervised._LARGE))
    assert sum(parameter.numel() for parameter in model.parameters()) == 315_438_720


def test_wrong_folders_are_named(wav2vec2: Wav2Vec2ForCTC, tmp_path: Path) -> None:
    folder = tmp_path / "xlsr"
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": 32}))
    with pytest.raises(Unavailable, match=r"model\.safetensors.*lm_head"):
        _ = Wav2Vec2().network
    (folder / "config.json").write_text(json.dumps(config | {"hidden_size": "many"}))
    with pytest.raises(Unavailable, match=r"config\.json"):
        _ = Wav2Vec2().network
    (folder / "config.json").write_text("{")
    with pytest.raises(Unavailable, match=r"config\.json: cannot be read"):
        _ = Wav2Vec2().network
    (folder / "config.json").write_text(json.dumps(config))
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(Unavailable, match=r"model\.safetensors"):
        _ = Wav2Vec2().network
    weights.unlink()
    with pytest.raises(Unavailable, match=r"xlsr: .*pytorch_model\.bin"):
        _ = Wav2Vec2().network


def test_a_pickle_with_code_is_refused(wav2vec2: Wav2Vec2ForCTC, tmp_path: Path) -> None:
    (tmp_path / "xlsr" / "model.safetensors").unlink()
    torch.save({"lm_head.weight": print}, tmp_path / "xlsr" / "pytorch_model.bin")
    with pytest.raises(Unavailable, match=r"pytorch_model\.bin contains code"):
        _ = Wav2Vec2().network
