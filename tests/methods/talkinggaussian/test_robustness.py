"""Training that breaks: said where, and what was saved before is good to go on from."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
import torch

from tgbench.configs import build, replaced
from tgbench.errors import TgbenchError
from tgbench.identities import Identity
from tgbench.interfaces import FitContext
from tgbench.methods.shared.checkpoint import Origin, read_checkpoint
from tgbench.methods.shared.not_finite import LossWatch, first_not_finite
from tgbench.methods.talkinggaussian.config import TalkingGaussianConfig
from tgbench.methods.talkinggaussian.fitting import Fit
from tgbench.methods.talkinggaussian.method import TalkingGaussian
from tgbench.progress import SILENT

CONFIG = build(
    TalkingGaussianConfig,
    {
        "schedule.static_iterations": 12,
        "schedule.motion_iterations": 14,
        "schedule.finetune_iterations": 8,
        "checkpoint_every": 5,
        "face.gaussians": 150,
        "mouth.gaussians": 40,
        "densify.start": 5,
        "densify.every": 5,
        "face.grid_finest": 24,
        "mouth.grid_coarsest": 16,
        "mouth.grid_finest": 24,
        "finetune.lpips_weight": 0.0,
    },
)


def fitted(
    identity: Identity, workdir: Path, config: TalkingGaussianConfig = CONFIG
) -> TalkingGaussian:
    workdir.mkdir(exist_ok=True)
    method = TalkingGaussian(config)
    method.fit(identity, identity.split(), FitContext(workdir, 0, "cpu", SILENT))
    return method


def saved_tensors(method: TalkingGaussian, folder: Path) -> dict[str, bytes]:
    method.save(folder)
    content = torch.load(folder / "talkinggaussian.pt", weights_only=True)
    found: dict[str, bytes] = {}

    def walk(value: object, path: str) -> None:
        if isinstance(value, torch.Tensor):
            found[path] = value.numpy().tobytes()
        elif isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, f"{path}/{key}")

    walk(content["state"], "")
    assert len(found) > 20
    return found


@pytest.fixture(scope="module")
def whole(sphere: Identity, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The tensors of a fit that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    return saved_tensors(fitted(sphere, folder / "work"), folder)


STAGES = {
    "static initialisation": ("face", 7),
    "motion learning": ("mouth", 18),
    "colour fine-tuning": ("fused", 6),
}


@pytest.mark.parametrize("stage", STAGES)
def test_nan_in_a_loss_is_told_and_the_fit_goes_on_from_before(
    sphere: Identity,
    whole: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
):
    name, iteration = STAGES[stage]
    genuine = LossWatch.total

    def spoilt(watch: LossWatch, terms: dict[str, torch.Tensor], where: str) -> torch.Tensor:
        subject = "colour" if name == "fused" else f"the {name}'s"
        if f"iteration {iteration} of {subject}" in where:
            terms = {**terms, "photometric": terms["photometric"] * float("nan")}
        return genuine(watch, terms, where)

    with monkeypatch.context() as patch:
        patch.setattr(LossWatch, "total", spoilt)
        with pytest.raises(TgbenchError) as told:
            fitted(sphere, tmp_path / "work")
    said = str(told.value)
    assert "photometric loss is nan" in said
    assert f"iteration {iteration} of" in said
    assert stage in said
    assert "frame " in said
    assert "\n" not in said
    origin = Origin.of(CONFIG, sphere, sphere.split(), 0)
    kept = read_checkpoint(tmp_path / "work" / f"{name}.pt", origin)
    assert kept["iteration"] == iteration - iteration % 5
    assert first_not_finite(kept) is None
    assert saved_tensors(fitted(sphere, tmp_path / "work"), tmp_path) == whole


@pytest.mark.parametrize(
    "rates", [{"gaussians.scale_lr": 3e38}, {"grid.lr": 1e30, "motion_field.lr": 1e30}]
)
def test_what_no_longer_can_be_drawn_is_told(
    sphere: Identity, tmp_path: Path, rates: dict[str, float]
):
    """Absurd rates: the parameters overflow while the loss was still a number."""
    with pytest.raises(
        TgbenchError, match=r"(NaN or infinit|nan|inf).*(iteration \d|\d iterations)"
    ) as told:
        fitted(sphere, tmp_path / "work", replaced(CONFIG, rates))
    assert "learning rates" in str(told.value)


def test_a_state_that_is_not_finite_is_never_saved(
    sphere: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """NaN gets in between the loss and the checkpoint: the one before it stays."""
    genuine = Fit._save

    def poisoned(self: Fit, stage) -> None:
        if stage.name == "face" and stage.iteration == 10:
            with torch.no_grad():
                stage.branch.field.parameters["opacities"][0] = float("nan")
        genuine(self, stage)

    monkeypatch.setattr(Fit, "_save", poisoned)
    with pytest.raises(
        TgbenchError, match=r"branch/field/parameters/opacities of the face .* after 10 iterations"
    ):
        fitted(sphere, tmp_path / "work")
    origin = Origin.of(CONFIG, sphere, sphere.split(), 0)
    assert read_checkpoint(tmp_path / "work" / "face.pt", origin)["iteration"] == 5


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
def test_a_disk_that_takes_no_more_keeps_the_checkpoint_before(
    sphere: Identity,
    whole: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
):
    genuine, writes = torch.save, []

    def full(content: dict, stream) -> None:
        writes.append(content)
        if len(writes) > 4:
            stream.write(b"half of it")
            raise OSError(number, "No space left" if number == errno.ENOSPC else "Not allowed")
        genuine(content, stream)

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", full)
        with pytest.raises(TgbenchError, match=r"work/.*\.pt: cannot be written \(No"):
            fitted(sphere, tmp_path / "work")
    assert not list((tmp_path / "work").glob(".*"))
    origin = Origin.of(CONFIG, sphere, sphere.split(), 0)
    for path in (tmp_path / "work").glob("*.pt"):
        assert read_checkpoint(path, origin)["iteration"] > 0
    assert saved_tensors(fitted(sphere, tmp_path / "work"), tmp_path) == whole


def test_a_damaged_checkpoint_stops_the_fit_with_a_remedy(sphere: Identity, tmp_path: Path):
    work = tmp_path / "work"
    fitted(sphere, work)
    path = work / "mouth.pt"
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(TgbenchError, match=r"mouth\.pt: .*damaged"):
        fitted(sphere, work)
    path.unlink()
    fitted(sphere, work)
