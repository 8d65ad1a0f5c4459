"""What a fit refuses before it begins, and files that are no prior."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tgbench.configs import build
from tgbench.errors import TgbenchError
from tgbench.identities import Identity
from tgbench.methods.dgtalker.config import DGTalkerConfig
from tgbench.methods.dgtalker.fitting import trained_the_prior
from tgbench.methods.dgtalker.frames import check_frames
from tgbench.methods.dgtalker.prior.choice import load_prior
from tgbench.methods.dgtalker.prior.population import camera
from tgbench.methods.dgtalker.spec import SPEC
from tgbench.running.fitting import Fitting
from tgbench.running.method_config import MethodConfig


def seen_from(*yaws: float) -> SimpleNamespace:
    poses = np.stack([camera(yaw, 0) for yaw in yaws])
    return SimpleNamespace(folder=Path("anna"), poses=poses)


def test_a_face_that_is_never_frontal_is_refused() -> None:
    with pytest.raises(TgbenchError, match=r"anna.*never frontal.*50 degrees"):
        check_frames(seen_from(-60, -50, 62, 70), range(4))
    check_frames(seen_from(-60, -30, 70), range(3))
    # Frames that do not train do not count.
    with pytest.raises(TgbenchError, match="never frontal"):
        check_frames(seen_from(60, 60, 60, 0), range(3))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_frames_are_refused(count: int) -> None:
    with pytest.raises(TgbenchError, match=rf"anna.*{count} frames.*at least 3"):
        check_frames(seen_from(0, 0, 0, 0), range(count))


def test_weights_for_a_random_start_are_refused() -> None:
    config = build(DGTalkerConfig, {"prior": "none", "prior_weights": "mine.npz"})
    with pytest.raises(TgbenchError, match="takes no prior_weights"):
        load_prior(config, 0, torch.device("cpu"))


def test_a_prior_that_was_trained_again_is_another_fit(tmp_path: Path, tiny_identity: Path) -> None:
    identity, file = Identity(tiny_identity), tmp_path / "prior.npz"
    config = build(DGTalkerConfig, {"prior_weights": str(file)})

    def key() -> str:
        method = MethodConfig(SPEC, config, "quick")
        return Fitting(method, identity, "hash", identity.split(), 0, "cpu", tmp_path).key

    with pytest.raises(TgbenchError, match=r"prior_weights=.*prior\.npz: No such file"):
        key()
    file.write_bytes(b"one")
    first = key()
    assert key() == first
    file.write_bytes(b"another")
    assert key() != first


def written(folder: Path, name: str, **arrays: np.ndarray) -> Path:
    path = folder / name
    np.savez(path, **arrays)
    return path


def test_a_file_that_is_no_prior_is_refused(tmp_path: Path) -> None:
    def load(path: Path) -> None:
        load_prior(build(DGTalkerConfig, {"prior_weights": str(path)}), 0, torch.device("cpu"))

    with pytest.raises(TgbenchError, match=r"none\.npz: cannot be read.*pretraining FOLDER --to"):
        load(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("no arrays")
    with pytest.raises(TgbenchError, match=r"text\.npz: is no head prior"):
        load(tmp_path / "text.npz")
    torch.save({"generator": torch.zeros(3)}, tmp_path / "other.pt")
    with pytest.raises(TgbenchError, match=r"other\.pt: is no head prior"):
        load(tmp_path / "other.pt")
    with pytest.raises(TgbenchError, match=r"small\.npz.*another network"):
        load(written(tmp_path, "small.npz", mean=np.zeros(3, np.float16)))
    start = load_prior(build(DGTalkerConfig, {"prior": "none"}), 0, torch.device("cpu"))
    weights = {name: each.numpy() for name, each in start.network.state_dict().items()}
    weights["mean"] = np.full_like(weights["mean"], np.nan)
    with pytest.raises(TgbenchError, match=r"nan\.npz.*mean.*NaN"):
        load(written(tmp_path, "nan.npz", **weights))
    pickled = written(tmp_path, "code.npz", mean=np.array([print], dtype=object))
    with pytest.raises(TgbenchError, match=r"code\.npz: is no head prior"):
        load(pickled)
    np.savez_compressed(tmp_path / "bent.npz", mean=np.arange(500.0))
    content = bytearray((tmp_path / "bent.npz").read_bytes())
    content[60:90] = b"\xff" * 30
    (tmp_path / "bent.npz").write_bytes(content)
    with pytest.raises(TgbenchError, match=r"bent\.npz: is no head prior"):
        load(tmp_path / "bent.npz")


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("synth-100000", True),
        ("synth-100088", True),
        ("synth-100089", False),
        ("synth-7", False),
        ("anna", False),
    ],
)
def test_people_who_trained_the_prior_are_known_by_their_seed(name: str, known: bool) -> None:
    assert trained_the_prior(SimpleNamespace(name=name)) == known
