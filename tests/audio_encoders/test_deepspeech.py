"""DeepSpeech against the graph's operations written out, and against files that are no graphs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from python_speech_features import mfcc

from tgbench.audio import Waveform, encode
from tgbench.audio_encoders import deepspeech
from tgbench.audio_encoders.deepspeech import DeepSpeech, Network
from tgbench.audio_encoders.mfcc import every_second_mfcc
from tgbench.audio_encoders.prepared import DEEPSPEECH
from tgbench.errors import TgbenchError, Unavailable
from tgbench.files import sha256

from .graphs import official_windows, weights, write_graph


def sound(samples: int, seed: int = 0) -> np.ndarray:
    """16-bit samples: noise whose loudness and colour change."""
    random = np.random.default_rng(seed)
    loud = 3000 * np.abs(np.sin(np.arange(samples) / 5000))
    noise = np.convolve(random.normal(size=samples), [1, 0.7, 0.2], "same")
    return (loud * noise).clip(-32768, 32767).astype(np.int16)


def waveform(samples: np.ndarray) -> Waveform:
    return Waveform((samples / 32768).astype(np.float32))


@pytest.fixture
def graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = write_graph(tmp_path / "output_graph.pb", weights())
    monkeypatch.setenv("TGBENCH_DEEPSPEECH", str(path))
    return path


@pytest.mark.parametrize("samples", [640, 700, 399, 16000, 33_333, 48_001])
def test_cepstra_are_those_of_python_speech_features(samples: int) -> None:
    heard = sound(samples)
    np.testing.assert_allclose(
        every_second_mfcc(waveform(heard).samples), mfcc(heard, 16000, numcep=26)[::2], atol=1e-6
    )


def test_digital_silence_has_finite_cepstra() -> None:
    silence = np.zeros(3200, np.int16)
    np.testing.assert_allclose(
        every_second_mfcc(waveform(silence).samples), mfcc(silence, 16000, numcep=26)[::2]
    )


@pytest.mark.parametrize(("samples", "block"), [(640, 2048), (1281, 7), (9000, 7), (20_333, 2048)])
def test_windows_are_those_of_the_fields_script(
    graph: Path, samples: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In blocks of any length: the backward direction goes over all of them."""
    monkeypatch.setattr(deepspeech, "_BLOCK", block)
    heard = sound(samples)
    expected = official_windows(heard, weights())
    found = DeepSpeech().features(waveform(heard))
    assert found.dtype == np.float32
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-4)


def test_the_published_layers_fit_together() -> None:
    """494 inputs, 2048 units, 4096 in the third layer: only shapes, for they are 490 MB."""
    constants = {
        name: np.broadcast_to(np.float32(0), tuple(494 if n == 494 else _full(n) for n in a.shape))
        for name, a in weights(8).items()
    }
    assert constants["bidirectional_rnn/fw/basic_lstm_cell/kernel"].shape == (6144, 8192)
    deepspeech._require_shapes(constants, Path("deepspeech.pb"))


def _full(length: int) -> int:
    return 29 if length == 29 else 256 * length


def test_the_encoder_runs_and_says_what_with(graph: Path) -> None:
    assert encode(DEEPSPEECH, waveform(sound(16_000))).shape == (25, 16, 29)
    told = DeepSpeech().describe()
    assert told["weights_sha256"] == sha256(graph)
    assert (told["weights"], told["layer"]) == ("output_graph.pb", "logits")
    assert "torch" in told


@pytest.mark.parametrize("kept", [0.001, 0.3, 0.999])
def test_a_truncated_graph_is_named(graph: Path, kept: float) -> None:
    content = graph.read_bytes()
    graph.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(Unavailable, match=r"output_graph\.pb: .*ends early"):
        Network(graph)


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 an archive", b"\x80\x04\x95 a pickle", b"\xff" * 64, b"\x0a\x00"]
)
def test_foreign_files_are_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "foreign.pb"
    path.write_bytes(content)
    with pytest.raises(Unavailable, match=r"foreign\.pb") as raised:
        Network(path)
    assert "\n" not in str(raised.value)


def test_other_networks_are_named(tmp_path: Path) -> None:
    lacking = weights()
    del lacking["h5"]
    with pytest.raises(Unavailable, match=r"a\.pb: lacks the constants h5"):
        Network(write_graph(tmp_path / "a.pb", lacking))
    with pytest.raises(Unavailable, match=r"b\.pb: .*494"):
        Network(write_graph(tmp_path / "b.pb", weights(inputs=493)))
    flat = {name: array.ravel() for name, array in weights().items()}
    with pytest.raises(Unavailable, match=r"c\.pb: .*shapes"):
        Network(write_graph(tmp_path / "c.pb", flat))


def test_missing_weights_are_told_with_every_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TGBENCH_WEIGHTS", str(tmp_path))
    with pytest.raises(TgbenchError, match=r"weights fetch deepspeech.*TGBENCH_DEEPSPEECH"):
        encode(DEEPSPEECH, waveform(sound(640)))
    monkeypatch.setenv("TGBENCH_DEEPSPEECH", str(tmp_path / "none.pb"))
    with pytest.raises(TgbenchError, match=r"none\.pb: no such file.*TGBENCH_DEEPSPEECH"):
        encode(DEEPSPEECH, waveform(sound(640)))
