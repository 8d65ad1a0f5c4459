from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from tgbench.faces import LandmarkDetector
from tgbench.faces.action_units import face_lengths, intensities, rest_of
from tgbench.faces.canonical import in_common_frame
from tgbench.interfaces import MetricContext
from tgbench.metrics.action_units.error import LOWER_FACE, UPPER_FACE, action_unit_error
from tgbench.metrics.action_units.geometry import FaceLengths, LowerFaceError, UpperFaceError
from tgbench.synthetic import dataset
from tgbench.synthetic.expression import action_units

Mesh = NDArray[np.float32]
Clip = list[Mesh | None]

BOTH = [LowerFaceError, UpperFaceError]
LOWER_LIP, UPPER_LIP = (14, 87, 317), (13, 82, 312)


@dataclass
class Frame:
    index: int
    prediction_mesh: Mesh | None
    target_mesh: Mesh | None


def seen(metric_class: type, prediction: Clip, target: Clip):
    metric = metric_class(MetricContext(None, 25.0))
    for index, pair in enumerate(zip(prediction, target, strict=True)):
        assert metric.update(Frame(index, *pair)) is None
    return metric


def moving_faces(seed: int, frames: int) -> Clip:
    """A shape that is no special one, whose points move a little from frame to frame."""
    rng = np.random.default_rng(seed)
    shape = np.random.default_rng(99).uniform(0, 256, (478, 3))
    moves = np.cumsum(rng.normal(0, 1.5, (frames, 478, 3)), axis=0)
    return list((shape + moves).astype(np.float32))


def turned(clip: Clip, seed: int) -> Clip:
    """The same faces seen in other poses, sizes and places."""
    rng = np.random.default_rng(seed)
    poses = Rotation.from_rotvec(rng.normal(0, 0.3, (len(clip), 3))).as_matrix()
    return [
        None if face is None else (rng.uniform(0.5, 2) * face @ pose.T + 40).astype(np.float32)
        for face, pose in zip(clip, poses, strict=True)
    ]


def still_face() -> Mesh:
    """A face whose rigid points are the canonical head's, 4000 pixels a metre, lips closed."""
    from tgbench.faces import canonical, mesh

    face = np.zeros((478, 3))
    face[:, 2] = 0.05
    face[list(mesh.RIGID)] = canonical._CANONICAL
    return (4000 * face * np.array([1.0, -1.0, -1.0]) + 256).astype(np.float32)


def lips_apart(millimetres: float) -> Mesh:
    face = still_face()
    face[list(LOWER_LIP), 1] += 4.0 * millimetres
    return face


@pytest.mark.parametrize("metric_class", BOTH)
def test_identical_videos_have_no_error_even_where_faces_are_lost(metric_class: type) -> None:
    clip = moving_faces(1, 90)
    found = seen(metric_class, clip, clip).compute()
    assert (found.value, found.scored, found.total) == (0.0, 90, 90)
    holes: Clip = [None if index in (0, 40, 41) else face for index, face in enumerate(clip)]
    found = seen(metric_class, holes, clip).compute()
    assert (found.value, found.scored, found.total) == (0.0, 87, 90)
    assert (found.details["faceless_predictions"], found.details["faceless_targets"]) == (3, 0)


@pytest.mark.parametrize("metric_class", BOTH)
def test_pose_and_size_do_not_count(metric_class: type) -> None:
    prediction, target = moving_faces(1, 70), moving_faces(2, 70)
    plain = seen(metric_class, prediction, target).compute()
    posed = seen(metric_class, turned(prediction, 3), turned(target, 4)).compute()
    assert plain.value > 0.1
    assert posed.value == pytest.approx(plain.value, rel=1e-3)


def test_a_constant_bias_counts_in_full() -> None:
    """Lips 10 mm apart throughout, beside a target that keeps them closed throughout."""
    found = seen(LowerFaceError, [lips_apart(10.0)] * 30, [still_face()] * 30).compute()
    # Half of the 20 mm that are intensity 5, after the share that is taken for noise.
    intensity = (10.0 / 20.0 - 0.06) / (1.0 - 0.06) * 5.0
    assert found.details["by_unit"]["AU25"] == pytest.approx(intensity**2, rel=1e-3)
    assert found.value >= found.details["by_unit"]["AU25"]
    other_way = seen(LowerFaceError, [still_face()] * 30, [lips_apart(10.0)] * 30).compute()
    assert other_way.details["by_unit"]["AU25"] == 0.0, "the target's own rest is apart"


@pytest.mark.parametrize(
    ("metric_class", "units"), [(LowerFaceError, LOWER_FACE), (UpperFaceError, UPPER_FACE)]
)
def test_value_is_the_formula_on_intensities_by_the_targets_rest(
    metric_class: type, units: tuple[str, ...]
) -> None:
    prediction, target = moving_faces(1, 70), moving_faces(2, 70)
    lengths = [face_lengths(in_common_frame(np.stack(clip))) for clip in (prediction, target)]
    rest = rest_of(lengths[1])
    first, second = (
        np.stack([intensities(length, rest)[unit] for unit in units], axis=1) for length in lengths
    )
    metric = seen(metric_class, prediction, target)
    assert metric.compute().value == pytest.approx(action_unit_error(first, second), rel=1e-9)
    values = metric.series()[metric.spec.name]
    assert values == pytest.approx(((first - second) ** 2).sum(axis=1).tolist(), rel=1e-5)


@pytest.mark.parametrize("metric_class", BOTH)
@pytest.mark.parametrize("cut", [0, 5, 64, 100, 150])
def test_parts_join_to_one_pass(metric_class: type, cut: int) -> None:
    prediction, target = moving_faces(1, 150), moving_faces(2, 150)
    prediction[30] = target[100] = None
    whole = seen(metric_class, prediction, target)
    first = seen(metric_class, prediction[:cut], target[:cut])
    first.merge(seen(metric_class, prediction[cut:], target[cut:]))
    assert first.compute().value == pytest.approx(whole.compute().value, rel=1e-9)
    assert first.compute().scored == whole.compute().scored == 148
    assert first.series()[first.spec.name] == pytest.approx(whole.series()[whole.spec.name])


@pytest.mark.parametrize("metric_class", BOTH)
def test_no_face_in_any_frame_is_no_number(metric_class: type) -> None:
    clip = moving_faces(1, 5)
    for prediction, target in (([None] * 5, clip), (clip, [None] * 5), ([None] * 5, [None] * 5)):
        metric = seen(metric_class, prediction, target)
        found = metric.compute()
        assert (found.value, found.scored, found.total) == (None, 0, 5)
        assert "no frame shows a face in both" in found.reason
        assert metric.series()[metric.spec.name] == [None] * 5
    assert seen(metric_class, [], []).compute().value is None


def test_memory_holds_lengths_and_not_meshes() -> None:
    track = FaceLengths()
    for face in moving_faces(1, 200):
        track.add(face)
    assert len(track._waiting) < 64
    assert sum(part.nbytes for part in track._lengths) <= 200 * 18 * 8


def test_lost_frames_do_not_change_the_units_around_them() -> None:
    lengths = face_lengths(in_common_frame(np.stack(moving_faces(1, 60))))
    holed = lengths.copy()
    holed[20:25] = np.nan
    rest = rest_of(lengths)
    whole, parts = intensities(lengths, rest), intensities(holed, rest)
    for name, values in parts.items():
        assert np.isnan(values[20:25]).all()
        # Smoothing reaches four of its standard deviations, 0.8 frames each.
        near = np.r_[0:16, 29:60]
        np.testing.assert_array_equal(values[near], whole[name][near])
    np.testing.assert_array_equal(rest_of(holed[25:]), rest_of(lengths[25:]))


@pytest.mark.slow
def test_measured_error_follows_the_exact_error_of_late_frames() -> None:
    """A synthetic speaker whose exact units are known, scored against himself, k frames late.

    Of the upper face the detector sees blinks and brows; what lids and cheeks do beside is about
    as small as its noise.
    """
    frames = 75
    studio = dataset.film("synth-a", 256)
    shots = [studio.shoot(index) for index in range(frames)]
    gaps = np.zeros(len(studio.performance))
    gaps[:frames] = [shot.lip_gap for shot in shots]
    exact = action_units(studio.performance, gaps)
    with LandmarkDetector() as detector:
        meshes = [detector.detect(shot.image) for shot in shots]
    for metric_class, units, least in (
        (LowerFaceError, LOWER_FACE, 0.8),
        (UpperFaceError, UPPER_FACE, 0.4),
    ):
        truth = np.stack([exact[unit][:frames] for unit in units], axis=1)
        known, measured = [], []
        for late in range(1, 30):
            known.append(action_unit_error(truth[late:], truth[:-late]))
            measured.append(seen(metric_class, meshes[late:], meshes[:-late]).compute().value)
        assert np.corrcoef(known, measured)[0, 1] > least, metric_class
