"""The field's tracker on films of a face model whose every vertex is projected by the test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import savemat
from scipy.spatial.transform import Rotation

from tgbench.errors import Unavailable
from tgbench.faces.bfm import FaceModel, read_face_model, track_face
from tgbench.faces.bfm.model import MODEL_CUT
from tgbench.faces.bfm.tracker import BfmTrack
from tgbench.faces.projection import Motion
from tgbench.weights.formats import BFM2009, fault
from tgbench.weights.pickled_arrays import read_pickled_arrays

from .face_model import FilmedFace, film_face, write_model

SIZE = (512, 512)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TGBENCH_WEIGHTS", str(tmp_path / "weights"))
    return write_model(tmp_path / "weights")


@pytest.fixture
def model(store: Path) -> FaceModel:
    return read_face_model(MODEL_CUT)


def turned(motion: Motion, film: FilmedFace) -> NDArray[np.float64]:
    """Degrees between tracked and true rotations."""
    found = motion.camera_to_world()[:, :3, :3]
    return np.degrees(Rotation.from_matrix(found @ motion_inverse(film)).magnitude())


def motion_inverse(film: FilmedFace) -> NDArray[np.float64]:
    return np.swapaxes(film.poses[:, :3, :3], 1, 2)


def moved(track: BfmTrack, film: FilmedFace) -> NDArray[np.float64]:
    """Distance between tracked and true cameras as a share of the true distance."""
    found, true = track.motion.camera_to_world()[:, :3, 3], film.poses[:, :3, 3]
    return np.linalg.norm(found - true, axis=1) / np.linalg.norm(true, axis=1)


def test_exact_landmarks_of_the_mean_face_give_the_exact_camera(model: FaceModel) -> None:
    film = film_face(model, 16, noise=0.0, focal=1100.0, person=0.0, speech=0.0)
    track = track_face(film.landmarks, SIZE, model)
    assert track.focal == pytest.approx(1100.0, rel=0.01)
    assert turned(track.motion, film).max() < 0.2
    assert moved(track, film).max() < 0.01
    assert track.residual < 0.1
    assert np.abs(track.identity).max() < 0.1


@pytest.mark.slow
def test_a_speaking_person_is_found_despite_noise(model: FaceModel) -> None:
    """Of 68 landmarks alone, a long lens and a flat face look much alike: hence the tolerance."""
    film = film_face(model, 24, noise=0.5, focal=900.0, person=1.0, speech=0.7)
    track = track_face(film.landmarks, SIZE, model)
    assert track.focal == pytest.approx(900.0, rel=0.35)
    assert turned(track.motion, film).mean() < 2.5
    assert np.corrcoef(track.identity, film.identity)[0, 1] > 0.5
    assert np.corrcoef(track.expression.ravel(), film.expression.ravel())[0, 1] > 0.3
    assert track.residual < 1.0


@pytest.mark.slow
def test_smoothing_takes_jitter_out_without_lag(model: FaceModel) -> None:
    film = film_face(model, 80, noise=1.0, focal=1100.0, person=0.0, speech=0.3)
    track = track_face(film.landmarks, SIZE, model)
    true = film.poses[:, :3, 3]
    bend = {
        name: np.abs(np.diff(motion.camera_to_world()[:, :3, 3] - true, 2, axis=0)).mean()
        for name, motion in (("smooth", track.motion), ("raw", track.raw))
    }
    assert bend["smooth"] < 0.3 * bend["raw"]
    assert turned(track.motion, film).mean() <= turned(track.raw, film).mean()


def test_a_very_short_clip(model: FaceModel) -> None:
    film = film_face(model, 2, noise=0.0, focal=1100.0, person=0.0, speech=0.0)
    assert turned(track_face(film.landmarks, SIZE, model).motion, film).max() < 3.0


@pytest.mark.slow
def test_the_model_itself_gives_the_cut_that_convert_bfm_makes(store: Path) -> None:
    """A file of the true size: 53,490 vertices, 199 components."""
    rng = np.random.default_rng(0)
    chosen = rng.choice(53490, 900, replace=False)
    wanted = read_pickled_arrays(store / "3DMM_info.npy")
    mean, parts = np.zeros((53490, 3)), np.zeros((53490, 3, 199), np.float32)
    mean[chosen] = wanted["mu_shape"].reshape(-1, 3)
    for number in range(199):
        parts[chosen, :, number] = wanted["b_shape"][number].reshape(-1, 3)
    content = {"shapeMU": mean.reshape(-1, 1), "shapePC": parts.reshape(-1, 199)}
    content["shapeEV"] = wanted["sig_shape"].reshape(-1, 1)
    savemat(store / "01_MorphableModel.mat", content, do_compression=True)
    side = {
        "topology_info.npy": {"sub_inds": chosen},
        "exp_info.npy": {
            "mu_exp": wanted["mu_exp"],
            "base_exp": wanted["b_exp"],
            "sig_exp": wanted["sig_exp"],
        },
    }
    for name, arrays in side.items():
        np.save(store / name, np.array(arrays, object), allow_pickle=True)
    made, read = read_face_model(), read_face_model(MODEL_CUT)
    np.testing.assert_allclose(made.mean, read.mean, atol=1e-9)
    np.testing.assert_allclose(made.identity, read.identity, atol=1e-6)
    np.testing.assert_allclose(made.expression, read.expression, atol=1e-9)


def _of_2017(path: Path) -> None:
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))


def _front(path: Path) -> None:
    savemat(path, {"idBase": np.zeros((9, 80)), "meanshape": np.zeros((1, 9))})


def _smaller(path: Path) -> None:
    savemat(
        path,
        {"shapeMU": np.ones((300, 1)), "shapePC": np.ones((300, 9)), "shapeEV": np.ones((9, 1))},
    )


def _nothing(path: Path) -> None:
    path.write_text("not a model")


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (_of_2017, "2017 and 2019"),
        (_front, "Deep3DFace"),
        (_smaller, "(300, 9)"),
        (_nothing, "2009"),
    ],
)
def test_another_model_is_refused_in_words(
    tmp_path: Path, write: Callable[[Path], None], said: str
) -> None:
    path = tmp_path / "01_MorphableModel.mat"
    write(path)
    assert said in fault(path, BFM2009)


class _Code:
    def __reduce__(self) -> tuple:
        return print, ("code of the file ran",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"keyinds": _Code()}, "contains code"),
        ({"keyinds": np.arange(68)}, "no left_contour"),
        ({"keyinds": "many"}, "no dictionary of arrays of numbers"),
        ([1, 2], "not|no dictionary"),
    ],
)
def test_a_side_file_of_something_else_is_refused_unread(
    store: Path, capsys: pytest.CaptureFixture[str], content: object, said: str
) -> None:
    np.save(store / "keys_info.npy", np.array(content, object), allow_pickle=True)
    with pytest.raises(Unavailable, match=rf"keys_info\.npy.*({said})"):
        read_face_model(MODEL_CUT)
    assert "ran" not in capsys.readouterr().out


def test_vertices_that_the_model_has_not_are_refused(store: Path) -> None:
    keys = read_pickled_arrays(store / "keys_info.npy")
    keys["keyinds"] = keys["keyinds"] + 900
    np.save(store / "keys_info.npy", np.array(keys, object), allow_pickle=True)
    with pytest.raises(Unavailable, match=r"keys_info\.npy: names vertices"):
        read_face_model(MODEL_CUT)


def test_a_truncated_side_file_is_refused(store: Path) -> None:
    path = store / "3DMM_info.npy"
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(Unavailable, match=r"3DMM_info\.npy"):
        read_face_model(MODEL_CUT)
