"""Whether a head stays itself: known vectors, a planted drift, and a network of one matrix."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tgbench.errors import Unavailable
from tgbench.interfaces import Measurement, MetricContext, Shared
from tgbench.metrics.identity.drift import IdDrift
from tgbench.metrics.identity.faces import (
    ArcfaceNetwork,
    DlibNetwork,
    FaceVectors,
    similarity,
)
from tgbench.metrics.identity.likeness import CsimArcface, IdDistance

from .onnx_files import write_pooled_matrix

MESH = np.random.default_rng(0).uniform(10, 50, (478, 3))


class Colours:
    """Sees a face as the colour of its first pixel."""

    looks = 0

    def vector(self, image: NDArray[np.uint8], mesh: Any) -> NDArray[np.float32]:
        self.looks += 1
        return image[0, 0].astype(np.float32)

    def describe(self) -> str:
        return "a test's network"


def picture(*colour: float) -> NDArray[np.uint8]:
    return np.tile(np.array(colour, np.uint8), (4, 4, 1))


def found(
    kinds: list[Any], prediction: list[Any], target: list[Any], network: Colours | None = None
) -> list[Measurement]:
    models, eye = Shared(), network or Colours()
    for loader in (DlibNetwork, ArcfaceNetwork):
        models.once(loader, lambda: eye)
    context = MetricContext(models=models)
    metrics = [kind(context) for kind in kinds]
    for index, (one, other) in enumerate(zip(prediction, target, strict=True)):
        frame = SimpleNamespace(
            index=index,
            prediction=picture(0, 0, 0) if one is None else one,
            target=other,
            prediction_mesh=None if one is None else MESH,
            target_mesh=MESH,
        )
        for metric in metrics:
            metric.update(frame)
    return [metric.compute() for metric in metrics]


def test_distance_and_cosine_of_known_vectors() -> None:
    prediction, target = [picture(3, 4, 0)] * 11, [picture(0, 4, 0)] * 11
    network = Colours()
    distance, cosine = found([IdDistance, CsimArcface], prediction, target, network)
    assert distance.value == pytest.approx(3.0)
    assert cosine.value == pytest.approx(0.8)
    # Frames 0, 5 and 10, both faces, and both networks are this one.
    assert distance.total == distance.scored == 3
    assert network.looks == 12
    assert "a test's network" in distance.measured_by


def test_one_look_serves_all_metrics_of_a_network() -> None:
    network = Colours()
    clip = [picture(1, 2, 3)] * 300
    distance, drift = found([IdDistance, IdDrift], clip, clip, network)
    assert network.looks == 2 * 60
    assert distance.value == 0.0
    assert drift.value == pytest.approx(0.0)


def test_a_cross_fade_drifts_by_its_slope() -> None:
    """The colour goes away by 0.5 a frame, in steps of whole colours that are seen in 0.2 s."""
    fading = [picture(index * 0.5 // 2.5 * 2.5 + 1, 0, 0) for index in range(400)]
    (drift,) = found([IdDrift], fading, fading)
    assert drift.value == pytest.approx(0.5 * 25 * 60, rel=0.02)


def test_missing_faces_and_short_clips_are_reasons() -> None:
    clip = [picture(1, 2, 3)] * 11
    unseen = found([IdDistance], [None] * 11, clip)[0]
    assert (unseen.value, unseen.scored, unseen.total) == (None, 0, 3)
    some = found([IdDistance], [None, *clip[1:]], clip)[0]
    assert (some.scored, some.total) == (2, 3)
    short = found([IdDrift], clip, clip)[0]
    assert short.value is None
    assert "10 s" in short.reason


def test_the_crop_of_a_face_is_brought_to_the_template() -> None:
    angle, scale, shift = 0.4, 1.7, np.array([5.0, -9.0])
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = np.random.default_rng(1).uniform(0, 100, (5, 2))
    warp = similarity(points, points @ turn.T + shift)
    np.testing.assert_allclose(warp, np.column_stack([turn, shift]), atol=1e-9)


def test_arcface_is_the_network_of_the_file_on_the_aligned_face(tmp_path: Path) -> None:
    """A network of one matrix over 7 x 7 means, computed a second time by hand."""
    rng = np.random.default_rng(2)
    matrix = rng.normal(size=(512, 147)).astype(np.float32)
    path = tmp_path / "network.onnx"
    write_pooled_matrix(path, matrix)
    network = ArcfaceNetwork(path)
    image = np.asarray(cv2.resize(rng.integers(0, 255, (6, 6, 3), np.uint8), (112, 112)), np.uint8)
    mesh = np.zeros((478, 3))
    # The template itself, so that the face needs no warp: eyes lie between their corners.
    eyes = [(38.2946, 51.6963), (73.5318, 51.5014)]
    for (outer, inner), middle in zip(((33, 133), (263, 362)), eyes, strict=True):
        mesh[outer, :2] = np.array(middle) + 5
        mesh[inner, :2] = np.array(middle) - 5
    mesh[[1, 61, 291], :2] = [(56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)]
    means = image.reshape(7, 16, 7, 16, 3).mean(axis=(1, 3)).transpose(2, 0, 1)
    expected = matrix @ ((means - 127.5) / 127.5).reshape(-1)
    np.testing.assert_allclose(network.vector(image, mesh), expected, rtol=1e-3, atol=1e-3)
    assert "network.onnx" in network.describe()


def test_what_is_no_network_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"not a network")
    with pytest.raises(Unavailable, match=r"broken\.onnx"):
        ArcfaceNetwork(path)


def test_missing_packages_are_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "dlib", None)
    with pytest.raises(Unavailable, match="identity"):
        DlibNetwork()


def test_frames_in_between_are_not_looked_at() -> None:
    vectors = FaceVectors(Colours(), 30.0)
    looked_at = [i for i in range(20) if vectors.looks_at(SimpleNamespace(index=i))]
    assert looked_at == [0, 6, 12, 18]
