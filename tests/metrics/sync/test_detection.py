from __future__ import annotations

import importlib.util
import pickle
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from tgbench.errors import Unavailable
from tgbench.metrics.sync import detection
from tgbench.metrics.sync.nms import overlap
from tgbench.metrics.sync.s3fd import S3fdDetector, S3fdNetwork, load_s3fd, prior_boxes
from tgbench.synthetic import dataset
from tgbench.synthetic.studio import Shot
from tgbench.weights import table


def _reference() -> ModuleType:
    """The detector of syncnet-python, without the rest of that package."""
    package = importlib.util.find_spec("syncnet_python")
    if package is None or not package.submodule_search_locations:
        pytest.skip("syncnet-python is not installed")
    folder = Path(package.submodule_search_locations[0]) / "detectors" / "s3fd"
    spec = importlib.util.spec_from_file_location(
        "s3fd_reference", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["s3fd_reference"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def network() -> S3fdNetwork:
    """Random weights of such a size that some boxes are certain, and none of them alike."""
    torch.manual_seed(0)
    network = S3fdNetwork().eval()
    for name, value in network.named_parameters():
        if value.ndim == 4:
            torch.nn.init.kaiming_normal_(value)
        elif name.startswith("L2Norm"):
            torch.nn.init.constant_(value, 10.0)
    with torch.no_grad():
        for scores, moves in zip(network.conf, network.loc, strict=True):
            scores.weight *= 0.3
            moves.weight *= 0.2
    return network


@pytest.fixture(scope="module")
def person() -> Shot:
    """A synthetic person, whose landmarks are known."""
    return dataset.film("synth-a", 256, 1.0).shoot(0)


@pytest.mark.parametrize("size", [(512, 512), (360, 642), (301, 243)])
def test_boxes_are_those_of_the_original(network: S3fdNetwork, size: tuple[int, int]) -> None:
    module = _reference()
    reference = module.S3FDNet(device="cpu")
    reference.load_state_dict(network.state_dict())
    image = np.random.default_rng(size[0]).integers(0, 256, (*size, 3), dtype=np.uint8)
    expected = module.S3FD(reference, device="cpu").detect_faces(image, conf_th=0.9, scales=[0.25])
    found = S3fdDetector(network, "random").detect(image)
    assert len(found) > 1
    np.testing.assert_array_equal(found, expected[:, :4])


@pytest.mark.parametrize("side", [20, 111, 112, 160])
def test_a_picture_without_certain_faces_has_no_boxes(side: int) -> None:
    found = S3fdDetector(S3fdNetwork(), "random").detect(np.full((side, 160, 3), 90, np.uint8))
    assert found.shape == (0, 4)


def test_priors_stand_in_the_middle_of_their_cells() -> None:
    found = prior_boxes(128, 96, [(32, 24), (16, 12), (8, 6), (4, 3), (2, 2), (1, 1)])
    expected = []
    for columns, rows, step, side in [
        (32, 24, 4, 16),
        (16, 12, 8, 32),
        (8, 6, 16, 64),
        (4, 3, 32, 128),
        (2, 2, 64, 256),
        (1, 1, 128, 512),
    ]:
        for row in range(rows):
            for column in range(columns):
                x, y = (column + 0.5) * step / 128, (row + 0.5) * step / 96
                expected.append([x, y, side / 128, side / 96])
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6)


def test_weights_come_back_from_their_file(network: S3fdNetwork, tmp_path: Path) -> None:
    torch.save(network.state_dict(), tmp_path / "sfd_face.pth")
    loaded = load_s3fd(tmp_path / "sfd_face.pth")
    for name, value in loaded.state_dict().items():
        assert torch.equal(value, network.state_dict()[name])


class _Malice:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("run",)


@pytest.mark.parametrize("spoilt", ["lacks", "extra", "shape", "malice", "cut", "text"])
def test_other_files_are_refused(
    network: S3fdNetwork, tmp_path: Path, capsys: pytest.CaptureFixture[str], spoilt: str
) -> None:
    path = tmp_path / "sfd_face.pth"
    state = {name: value.half() for name, value in network.state_dict().items()}
    if spoilt == "lacks":
        state = {"vgg.0.weight": state["vgg.0.weight"]}
    elif spoilt == "extra":
        state["module.vgg.0.weight"] = state["vgg.0.weight"]
    elif spoilt == "shape":
        state["vgg.0.weight"] = state["vgg.0.weight"][:32]
    torch.save(state, path)
    if spoilt == "malice":
        path.write_bytes(pickle.dumps(_Malice(), protocol=2))
    elif spoilt == "cut":
        path.write_bytes(path.read_bytes()[:-1000])
    elif spoilt == "text":
        path.write_text("<html>not found</html>")
    with pytest.raises(Unavailable, match="tgbench weights fetch s3fd"):
        load_s3fd(path)
    assert capsys.readouterr().out == ""


def test_s3fd_is_used_where_its_weights_are(
    network: S3fdNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mediapipe")
    monkeypatch.setenv("TGBENCH_WEIGHTS", str(tmp_path))
    assert "mediapipe" in detection.face_detector().describe()
    with pytest.raises(Unavailable, match="s3fd"):
        detection.s3fd_detector()
    path = tmp_path / "sfd_face.pth"
    torch.save(network.state_dict(), path)
    # Not the published file: a store with a damaged one does not fall back in silence.
    with pytest.raises(Unavailable, match="damaged or a different file"):
        detection.face_detector()
    monkeypatch.setitem(table.TABLE, "s3fd", replace(table.TABLE["s3fd"], sha256="", size=None))
    assert "sfd_face.pth, sha256" in detection.face_detector().describe()


def test_the_embedded_box_runs_from_forehead_to_chin_and_ear_to_ear(person: Shot) -> None:
    pytest.importorskip("mediapipe")
    landmarks = np.asarray(person.landmarks)
    (box,) = detection.MeshDetector().detect(person.image)
    jaw, brows = landmarks[:17], landmarks[17:27]
    height = jaw[:, 1].max() - brows[:, 1].min()
    around = [jaw[:, 0].min(), brows[:, 1].min() - 0.3 * height, jaw[:, 0].max(), jaw[:, 1].max()]
    assert overlap(box, np.array([around]))[0] > 0.75


def test_the_embedded_detector_finds_several_people_and_none(person: Shot) -> None:
    pytest.importorskip("mediapipe")
    image = person.image
    detector = detection.MeshDetector()
    pair = detector.detect(np.concatenate([image, image], axis=1))
    assert len(pair) == 2
    assert abs(abs(pair[0, 0] - pair[1, 0]) - 256) < 10
    assert detector.detect(np.full((200, 300, 3), 90, np.uint8)).shape == (0, 4)
