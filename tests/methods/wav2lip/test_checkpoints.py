"""Weights: files in the published format, and networks that are trained here once."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import torch

from tgbench.errors import TgbenchError, Unavailable
from tgbench.methods.wav2lip import checkpoints
from tgbench.methods.wav2lip.checkpoints import load_generator
from tgbench.methods.wav2lip.generator import Generator
from tgbench.methods.wav2lip.spec import TrainingConfig, Wav2LipConfig
from tgbench.progress import SILENT

CPU = torch.device("cpu")
PUBLISHED = Wav2LipConfig(checkpoint="wav2lip_gan")
HERE = Wav2LipConfig(training=TrainingConfig(width=0.06, seed=4))
NARROW = partial(Generator, 0.1)


class Harmful:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("this must never run",)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weight store and a cache, and a published network of a tenth of its width."""
    monkeypatch.setenv("TGBENCH_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("TGBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(checkpoints, "Generator", lambda width=0.1: Generator(width))
    return tmp_path / "wav2lip_gan.pth"


def as_published(network: torch.nn.Module) -> dict[str, object]:
    """Return what the published files hold: parallel names, and an optimiser's state."""
    state = {f"module.{key}": value for key, value in network.state_dict().items()}
    optimizer = {"state": {}, "param_groups": [{"lr": 1e-4, "params": [0]}]}
    return {"state_dict": state, "optimizer": optimizer, "global_step": 7, "global_epoch": 1}


def test_a_published_file_fills_the_network(store: Path) -> None:
    torch.manual_seed(1)
    original = NARROW()
    torch.save(as_published(original), store)
    weights = load_generator(PUBLISHED, CPU, SILENT)
    loaded = weights.network.state_dict()
    for key, value in original.state_dict().items():
        torch.testing.assert_close(loaded[key], value, rtol=0, atol=0)
    assert not weights.network.training
    assert weights.sha256[:12] in weights.note
    assert "wav2lip_gan.pth" in weights.note


def test_a_missing_file_is_named_with_its_page(store: Path) -> None:
    with pytest.raises(Unavailable, match=r"wav2lip_gan\.pth .*drive\.google\.com"):
        load_generator(PUBLISHED, CPU, SILENT)


@pytest.mark.parametrize(
    ("network", "fault"),
    [
        (Generator(0.12), "another network"),
        (torch.nn.Sequential(torch.nn.Linear(600, 600)), "another network"),
    ],
    ids=["size", "system"],
)
def test_weights_of_another_size_or_system_are_refused(
    store: Path, network: torch.nn.Module, fault: str
) -> None:
    torch.save(as_published(network), store)
    with pytest.raises(Unavailable, match=fault):
        load_generator(PUBLISHED, CPU, SILENT)


def test_weights_that_are_no_numbers_are_refused(store: Path) -> None:
    network = NARROW()
    with torch.no_grad():
        network.audio_encoder[0].conv_block[0].weight[0] = torch.nan
    torch.save(as_published(network), store)
    with pytest.raises(Unavailable, match="not finite"):
        load_generator(PUBLISHED, CPU, SILENT)


def test_a_file_with_code_is_not_run(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({**as_published(NARROW()), "code": Harmful()}, store)
    with pytest.raises(Unavailable, match="contains code"):
        load_generator(PUBLISHED, CPU, SILENT)
    assert not capsys.readouterr().out


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[TrainingConfig]:
    """Networks with random weights in place of trained ones, and for which settings."""
    made: list[TrainingConfig] = []

    def trained(config: TrainingConfig, *_: object) -> Generator:
        made.append(config)
        torch.manual_seed(config.seed)
        return Generator(config.width)

    monkeypatch.setattr(checkpoints, "trained", trained)
    return made


def test_a_network_is_trained_once_for_its_settings(
    store: Path, trainings: list[TrainingConfig]
) -> None:
    first, again = (load_generator(HERE, CPU, SILENT) for _ in range(2))
    assert trainings == [HERE.training]
    assert first.sha256 == again.sha256
    assert "trained here on 10 synthetic heads" in first.note
    other = Wav2LipConfig(training=TrainingConfig(width=0.06, seed=5))
    assert load_generator(other, CPU, SILENT).sha256 != first.sha256
    assert len(trainings) == 2


def test_a_damaged_file_of_the_cache_is_named(store: Path, trainings: list[TrainingConfig]) -> None:
    load_generator(HERE, CPU, SILENT)
    (path,) = (store.parent / "cache" / "wav2lip").glob("*.pt")
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"x" * 500, b""):
        path.write_bytes(content)
        with pytest.raises(TgbenchError, match=path.name):
            load_generator(HERE, CPU, SILENT)
    torch.save(Generator(0.12).state_dict(), path)
    with pytest.raises(TgbenchError, match="another network"):
        load_generator(HERE, CPU, SILENT)
