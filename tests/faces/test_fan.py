from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import sys
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tgbench.errors import TgbenchError, Unavailable
from tgbench.faces import fan
from tgbench.faces.finders import landmark_finder
from tgbench.weights.table import TABLE

needs_package = pytest.mark.skipif(
    importlib.util.find_spec("face_alignment") is None or importlib.util.find_spec("tqdm") is None,
    reason="the face-alignment package is not installed",
)

BLANK = np.zeros((48, 64, 3), np.uint8)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty store; torch's cache is the same folder, where the package looks by itself."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    monkeypatch.setenv("TGBENCH_WEIGHTS", str(folder))
    return folder


def put(store: Path, name: str, content: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a file into the store and make the table expect it."""
    path = store / TABLE[name].file
    torch.save(content, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    entry = dataclasses.replace(TABLE[name], sha256=digest, size=None)
    monkeypatch.setitem(TABLE, name, entry)


def randomised(network: torch.nn.Module, seed: int) -> dict[str, torch.Tensor]:
    """Random weights that keep the signal alive and leave the boxes near where they start."""
    generator = torch.Generator().manual_seed(seed)
    state = network.state_dict()
    for name, tensor in state.items():
        if tensor.dim() == 4:
            gain = 0.02 if name.endswith("mbox_loc.weight") else 0.6
            if name.endswith("mbox_conf.weight"):
                gain = 0.3
            noise = torch.randn(tensor.shape, generator=generator)
            state[name] = gain * noise * (3.0 / tensor[0].numel()) ** 0.5
        elif name.endswith("bias"):
            state[name] = 0.05 * torch.randn(tensor.shape, generator=generator)
    return state


@needs_package
def test_landmarks_are_the_packages_own_of_the_first_face(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import cv2
    import face_alignment
    from face_alignment.detection.sfd.net_s3fd import s3fd
    from face_alignment.models import FAN

    put(store, "fan", randomised(FAN(4), 1), monkeypatch)
    put(store, "fan_s3fd", randomised(s3fd(), 2), monkeypatch)
    noise = cv2.GaussianBlur(np.random.default_rng(7).normal(size=(96, 128, 3)), (0, 0), 3)
    image = np.clip(128 + 900 * noise, 0, 255).astype(np.uint8)
    reference = face_alignment.FaceAlignment(
        face_alignment.LandmarksType.TWO_D, device="cpu", compile=False
    )
    boxes = reference.face_detector.detect_from_image(image)
    assert len(boxes) > 1
    expected = reference.get_landmarks_from_image(image, boxes[:1])[0]
    finder = landmark_finder("fan")
    found = finder.find(image)
    assert found is not None
    assert found.dtype == np.float32
    assert found.shape == (68, 2)
    assert len(np.unique(found, axis=0)) > 10
    np.testing.assert_array_equal(found, expected)
    assert "2D-FAN-4" in finder.describe()


@needs_package
def test_faces_are_the_packages_own_of_the_highest_score(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import cv2
    from face_alignment.detection.sfd import FaceDetector
    from face_alignment.detection.sfd.net_s3fd import s3fd

    put(store, "fan_s3fd", randomised(s3fd(), 2), monkeypatch)
    noise = cv2.GaussianBlur(np.random.default_rng(7).normal(size=(96, 128, 3)), (0, 0), 3)
    image = np.clip(128 + 900 * noise, 0, 255).astype(np.uint8)
    reference = FaceDetector("cpu", path_to_detector=str(store / TABLE["fan_s3fd"].file))
    boxes = np.array(reference.detect_from_image(image))
    assert len(boxes) > 1
    found = fan.FanFaces().find(image)
    np.testing.assert_array_equal(found, boxes[boxes[:, 4].argmax(), :4])


@needs_package
def test_weights_that_are_not_of_the_detector_are_named(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, "fan_s3fd", torch.nn.Linear(5, 1).state_dict(), monkeypatch)
    with pytest.raises(Unavailable, match=r"s3fd-619a316812\.pth.*another network") as caught:
        fan.FanFaces()
    assert "\n" not in str(caught.value)


class Alignment:
    """Stands in for the package's pipeline: faces with scores, landmarks that tell which face."""

    faces: tuple[float, ...] = ()

    def __init__(self, landmarks_type: str, **options: Any) -> None:
        assert landmarks_type == "2D"
        assert not options["compile"]
        self.options = options
        self.face_detector = SimpleNamespace(detect_from_image=self.detect)
        self.network = self._load_native("2DFAN-4", 4, options["device"], torch.float32)

    def _load_native(self, *_: object) -> None:
        raise AssertionError("the package would download")

    def detect(self, image: NDArray[np.uint8]) -> list[NDArray[np.float64]]:
        torch.backends.cudnn.benchmark = True
        return [np.array([0, 0, 9, 9, score]) for score in self.faces]

    def get_landmarks_from_image(
        self, image: NDArray[np.uint8], boxes: list[NDArray[np.float64]]
    ) -> list[NDArray[np.float64]]:
        return [np.full((68, 2), box[4]) for box in boxes]


@pytest.fixture
def package(store: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A stand-in for the package, with weights that fit it in the store."""
    fake = SimpleNamespace(FaceAlignment=Alignment, LandmarksType=SimpleNamespace(TWO_D="2D"))
    models = SimpleNamespace(FAN=lambda size: torch.nn.Linear(size, 1))
    monkeypatch.setitem(sys.modules, "face_alignment", fake)
    monkeypatch.setitem(sys.modules, "face_alignment.models", models)
    put(store, "fan", torch.nn.Linear(4, 1).state_dict(), monkeypatch)
    put(store, "fan_s3fd", {"any": torch.zeros(1)}, monkeypatch)
    return fake


@pytest.mark.parametrize(
    ("faces", "expected"),
    [((0.9, 0.6), 0.9), ((0.6, 0.8, 0.7), 0.8), ((0.55,), 0.55), ((), None)],
)
def test_the_face_of_the_highest_score_is_taken(
    package: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
    faces: tuple[float, ...],
    expected: float | None,
) -> None:
    monkeypatch.setattr(Alignment, "faces", faces)
    found = fan.FanLandmarks().find(BLANK)
    if expected is None:
        assert found is None
    else:
        assert found is not None
        np.testing.assert_allclose(found, np.full((68, 2), expected), rtol=1e-6)


def test_nothing_is_left_set_for_the_process(
    package: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", False)
    fan.FanLandmarks().find(BLANK)
    assert torch.backends.cudnn.benchmark is False


def test_weights_come_from_the_store(package: SimpleNamespace, store: Path) -> None:
    alignment = fan.FanLandmarks("cpu")._alignment
    assert isinstance(alignment.network, torch.nn.Linear)
    detector = alignment.options["face_detector_kwargs"]["path_to_detector"]
    assert Path(detector) == store / TABLE["fan_s3fd"].file


@pytest.mark.parametrize("name", ["fan", "fan_s3fd"])
def test_missing_weights_say_how_to_get_them(
    package: SimpleNamespace, store: Path, name: str
) -> None:
    (store / TABLE[name].file).unlink()
    with pytest.raises(Unavailable, match=rf"weights fetch {name}\b"):
        landmark_finder("fan")


def test_weights_of_another_network_are_told(
    package: SimpleNamespace, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, "fan", torch.nn.Linear(5, 1).state_dict(), monkeypatch)
    with pytest.raises(Unavailable, match="weights of another network"):
        landmark_finder("fan")


def test_without_the_package_the_reason_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "face_alignment", None)
    with pytest.raises(Unavailable, match=r"\[fan\]"):
        landmark_finder("fan")


def test_another_release_is_refused(
    package: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: "1.3.5")
    monkeypatch.setattr(package, "FaceAlignment", object)
    with pytest.raises(Unavailable, match=r"face-alignment 1\.3\.5 cannot be used"):
        landmark_finder("fan")


def test_an_unknown_detector_is_told_with_the_nearest() -> None:
    with pytest.raises(TgbenchError, match="did you mean 'mediapipe'"):
        landmark_finder("mediapip")
