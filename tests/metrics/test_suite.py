from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tgbench import plugins
from tgbench.audio import Waveform
from tgbench.errors import TgbenchError, Unavailable
from tgbench.faces.landmarks import Faces
from tgbench.interfaces import FrameView, Measurement, MetricContext, MetricOptions, Shared
from tgbench.metrics import frames
from tgbench.metrics.lips.lmd import mouth_landmark_distance
from tgbench.metrics.suite import MetricSuite, measure_frames
from tgbench.plugins import in_table_order
from tgbench.specs import MetricSpec

Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]
SILENT = MetricContext(audio=None, fps=25.0)


class CountingLandmarks:
    """Landmarks that depend on the image; counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def find(self, image: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        self.asked += 1
        rng = np.random.default_rng(int(image.sum()))
        return rng.uniform(10, 80, (68, 2)).astype(np.float32)

    def describe(self) -> str:
        return "counting landmarks 1.0"


def test_landmarks_are_found_once_a_frame_and_named_in_the_result(pair: Pair) -> None:
    finder = CountingLandmarks()
    audio = Waveform(np.zeros(16000, np.float32))
    context = MetricContext(audio=audio, fps=25.0)
    names = ["lmd", "ssim_face", "lip_agreement", "lip_lag", "psnr"]
    suite = MetricSuite(names, context, landmarks=finder)
    for index in range(3):
        suite.update(index, *pair)
    assert finder.asked == 2 * 3
    results = suite.results()
    assert list(results) == names
    expected = mouth_landmark_distance(finder.find(pair[0]), finder.find(pair[1]))
    assert results["lmd"].value == pytest.approx(expected)
    assert results["lmd"].measured_by.endswith("landmarks: counting landmarks 1.0")
    assert "landmarks:" not in results["psnr"].measured_by


def test_without_landmark_metrics_no_detector_is_made(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "MeshLandmarks", lambda: pytest.fail("was made"))
    suite = MetricSuite(["psnr"], SILENT)
    suite.update(0, *pair)
    assert suite.results()["psnr"].scored == 1


def test_a_missing_detector_is_a_status_and_tried_once(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def missing() -> None:
        tries.append(1)
        raise Unavailable("no detector; install one")

    monkeypatch.setattr(frames, "MeshLandmarks", missing)
    suite = MetricSuite(["lmd", "ssim_face", "psnr"], SILENT)
    suite.update(0, *pair)
    results = suite.results()
    assert len(tries) == 1
    for name in ("lmd", "ssim_face"):
        assert results[name] == Measurement(None, reason="no detector; install one")
    assert results["psnr"].value is not None


@pytest.mark.parametrize(
    "name", ["psnr_face", "ssim_face", "ssim_face_gaussian", "ssim_face_skimage"]
)
def test_a_given_face_box_needs_no_detector_and_names_none(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def missing(name: str) -> None:
        raise Unavailable("no FAN; install it")

    monkeypatch.setattr(frames, "landmark_finder", missing)
    options = MetricOptions(landmarks="fan", face_box=(10, 10, 60, 60))
    suite = MetricSuite([name, "lmd"], MetricContext(audio=None, fps=25.0, options=options))
    suite.update(0, *pair)
    found = suite.results()
    assert found[name].value is not None
    assert "landmarks" not in found[name].measured_by
    assert "the box 10,10,60,60" in found[name].measured_by
    assert found["lmd"].reason == "no FAN; install it"
    without = MetricContext(audio=None, fps=25.0, options=MetricOptions(landmarks="fan"))
    assert MetricSuite([name], without).results()[name].reason == "no FAN; install it"


def test_without_ground_truth_sound_or_timing_the_reason_says_so(pair: Pair) -> None:
    suite = MetricSuite(["psnr", "lip_lag", "fps", "aue_l"], SILENT, CountingLandmarks())
    suite.update(0, pair[0], None)
    results = suite.results()
    assert all(found.value is None and found.total == 0 for found in results.values())
    assert "ground truth" in results["psnr"].reason
    assert "sound" in results["lip_lag"].reason
    assert "timed" in results["fps"].reason
    assert "OpenFace" in results["aue_l"].reason
    assert suite.per_frame() == {}


class Fragile:
    """Scores 1 for every frame until the third, where it breaks."""

    spec = MetricSpec("fragile", "breaks", f"{__name__}:Fragile")

    def __init__(self, context: MetricContext) -> None:
        pass

    def update(self, frame: FrameView) -> float | None:
        if frame.index == 2:
            raise ZeroDivisionError("third frame")
        return 1.0

    def compute(self) -> Measurement:
        return Measurement(1.0, scored=4, total=4)


def test_a_metric_that_breaks_stops_and_the_others_go_on(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Spec(MetricSpec):
        def load(self) -> type[Fragile]:
            return Fragile

    known = {**plugins.metrics(), "fragile": Spec("fragile", "breaks", "")}
    monkeypatch.setattr(plugins, "metrics", lambda: known)
    suite = MetricSuite(["fragile", "psnr"], SILENT)
    for index in range(4):
        suite.update(index, *pair)
    results = suite.results()
    assert results["fragile"].value is None
    assert results["fragile"].reason == "failed at frame 2: ZeroDivisionError: third frame"
    assert (results["fragile"].scored, results["fragile"].total) == (0, 3)
    assert results["psnr"].scored == 4
    assert suite.per_frame()["fragile"] == [1.0, 1.0, None, None]


def test_a_value_that_is_no_number_is_none(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Fragile):
        def compute(self) -> Measurement:
            return Measurement(float("nan"), scored=1, total=1)

    class Spec(MetricSpec):
        def load(self) -> type[Broken]:
            return Broken

    monkeypatch.setattr(plugins, "metrics", lambda: {"broken": Spec("broken", "is no number", "")})
    suite = MetricSuite(["broken"], SILENT)
    suite.update(0, *pair)
    assert suite.results()["broken"] == Measurement(None, reason="came out as nan", total=1)


def test_what_a_user_can_mend_is_said_without_the_kind_of_error(pair: Pair) -> None:
    suite = MetricSuite(["psnr"], SILENT)
    suite.update(0, pair[0], pair[1][:-1])
    reason = suite.results()["psnr"].reason
    assert reason.startswith("failed at frame 0: prediction and target differ in size")


def test_per_frame_values_average_to_the_result_and_bring_their_series(pair: Pair) -> None:
    audio = Waveform(np.zeros(16000, np.float32))
    names = ["psnr", "lip_agreement"]
    suite = MetricSuite(names, MetricContext(audio=audio, fps=25.0), CountingLandmarks())
    suite.update(0, *pair)
    suite.update(1, pair[1], pair[1])
    suite.update(2, np.zeros_like(pair[1]), pair[1])
    table = suite.per_frame()
    assert list(table) == ["psnr", "mouth_opening", "speech_level"]
    assert all(len(column) == 3 for column in table.values())
    scored = [value for value in table["psnr"] if value is not None]
    assert suite.results()["psnr"].value == pytest.approx(np.mean(scored))


def test_an_unknown_metric_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(TgbenchError, match="did you mean 'psnr'"):
        MetricSuite(["psnrr"], SILENT)


def test_names_are_put_in_table_order() -> None:
    assert in_table_order(["zeta", "fps", "alpha", "psnr"]) == ("psnr", "fps", "alpha", "zeta")


def test_the_suites_own_detector_finds_no_face_in_noise(pair: Pair) -> None:
    pytest.importorskip("mediapipe")
    suite = MetricSuite(["lmd"], SILENT)
    suite.update(0, *pair)
    found = suite.results()["lmd"]
    assert found.value is None
    assert (found.scored, found.total) == (0, 1)
    assert "mediapipe" in found.measured_by


@pytest.mark.parametrize("cut", [0, 1, 30, 60])
def test_merged_shards_equal_one_pass(cut: int) -> None:
    rng = np.random.default_rng(5)
    audio = Waveform(rng.normal(0, 0.1, 40000).astype(np.float32))
    names = [
        "psnr", "psnr_face", "ssim_face", "ssim_face_gaussian", "ssim_face_skimage", "ssim",
        "lmd", "lmd_relative", "lmd_face", "lmd_sum", "lmd_absolute", "lip_agreement", "lip_lag",
    ]  # fmt: skip
    images = rng.integers(0, 256, (60, 2, 40, 50, 3), dtype=np.uint8)
    images[2, 0] = images[2, 1]

    def suite(frames: range) -> MetricSuite:
        made = MetricSuite(names, MetricContext(audio=audio, fps=25.0), CountingLandmarks())
        for index in frames:
            made.update(index, *images[index])
        return made

    whole, first, second = suite(range(60)), suite(range(cut)), suite(range(cut, 60))
    first.merge(second)
    assert first.per_frame() == whole.per_frame()
    for name, expected in whole.results().items():
        found = first.results()[name]
        assert (found.value is None) == (expected.value is None), name
        assert found.value is None or found.value == pytest.approx(expected.value, rel=1e-12), name
        assert (found.scored, found.total) == (expected.scored, expected.total), name
        assert found.details == pytest.approx(expected.details), name


def test_a_metric_that_cannot_be_joined_says_so(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Whole(Fragile):
        def merge(self, later: Whole) -> None:
            raise Unavailable("depends on the whole clip")

    class Spec(MetricSpec):
        def load(self) -> type[Whole]:
            return Whole

    known = {**plugins.metrics(), "whole": Spec("whole", "cannot be joined", "")}
    monkeypatch.setattr(plugins, "metrics", lambda: known)
    suites = [MetricSuite(["whole", "psnr"], SILENT) for _ in range(2)]
    for index, suite in enumerate(suites):
        suite.update(index, *pair)
    suites[0].merge(suites[1])
    results = suites[0].results()
    assert results["whole"].value is None
    assert results["whole"].reason == "depends on the whole clip"
    assert results["psnr"].scored == 2


def test_what_two_metrics_share_is_made_once_and_fails_once() -> None:
    shared, made = Shared(), []

    def network() -> list[int]:
        made.append(1)
        return made

    assert shared.once("network", network) is shared.once("network", network)

    def missing() -> None:
        made.append(2)
        raise Unavailable("no weights")

    for _ in range(2):
        with pytest.raises(Unavailable, match="no weights"):
            shared.once("other", missing)
    assert made == [1, 2]


@settings(max_examples=10)
@given(st.permutations(range(5)))
def test_the_order_of_frames_does_not_matter_to_means(order: list[int]) -> None:
    images = np.random.default_rng(9).integers(0, 256, (5, 2, 30, 30, 3), dtype=np.uint8)
    names = ["psnr", "ssim", "ssim_face", "lmd", "lmd_relative"]

    def measured(frames: Sequence[int]) -> list[float | None]:
        suite = MetricSuite(names, SILENT, CountingLandmarks())
        for place, index in enumerate(frames):
            suite.update(place, *images[index])
        return [found.value for found in suite.results().values()]

    assert measured(order) == pytest.approx(measured(range(5)), rel=1e-12)


def test_a_video_compared_with_itself_is_perfect() -> None:
    images = np.random.default_rng(9).integers(0, 256, (3, 40, 40, 3), dtype=np.uint8)
    names = ["psnr", "ssim", "ssim_face", "lmd", "lmd_relative", "lmd_face", "lmd_sum"]
    suite = MetricSuite([*names, "lmd_absolute"], SILENT, CountingLandmarks())
    for index, image in enumerate(images):
        suite.update(index, image, image.copy())
    results = suite.results()
    assert results["psnr"].value is None
    assert results["psnr"].details["identical_frames"] == 3
    assert results["ssim"].value == pytest.approx(1.0, abs=1e-6)
    assert results["ssim_face"].value == pytest.approx(1.0, abs=1e-6)
    assert [found.value for name, found in results.items() if name.startswith("lmd")] == [0.0] * 5


class SlowMesh:
    """A face mesh that depends on the image, found more slowly in some than in others."""

    def __init__(self, threads: set[int]) -> None:
        self._threads = threads

    def look(self, image: NDArray[np.uint8]) -> Faces:
        self._threads.add(threading.get_ident())
        seed = int(image.sum())
        time.sleep(0.002 * (seed % 3))
        mesh = np.random.default_rng(seed).uniform(10, 80, (478, 3)).astype(np.float32)
        return Faces([mesh], 1)

    def describe(self) -> str:
        return "slow mesh 1.0"


def test_faces_found_on_other_threads_give_the_same_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads: set[int] = set()
    monkeypatch.setattr(frames, "MeshLandmarks", lambda: SlowMesh(threads))
    random = np.random.default_rng(0)
    clip = [tuple(random.integers(0, 256, (2, 96, 96, 3)).astype(np.uint8)) for _ in range(25)]
    names = ["psnr", "lmd", "psnr_face"]
    one_by_one = measure_frames(clip, names, SILENT)
    assert threads == {threading.get_ident()}
    seen: list[int] = []
    ahead = measure_frames(clip, names, SILENT, lambda frame: seen.append(frame.index), ahead=True)
    assert len(threads) == 3
    assert seen == [*range(25)]
    assert ahead.per_frame() == one_by_one.per_frame()
    assert ahead.results() == one_by_one.results()
