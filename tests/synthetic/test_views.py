"""The truth from elsewhere, where it is known in another way."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tgbench.driving.cameras import View
from tgbench.errors import TgbenchError
from tgbench.identities import HAIR, HEAD, INNER_MOUTH, Identity
from tgbench.identities.layout import PROVENANCE
from tgbench.protocols.views import SelfDriven3D
from tgbench.synthetic import dataset
from tgbench.synthetic import views as synthetic_views
from tgbench.synthetic.views import FilmedViews, studio_of

FRAME = 8


def of_head(parsing: np.ndarray) -> np.ndarray:
    return np.any([(parsing == colour).all(-1) for colour in (HEAD, HAIR, INNER_MOUTH)], axis=0)


def test_the_head_alone_is_that_of_the_front_view_to_the_bit(clip: SimpleNamespace) -> None:
    """The front view's camera is the filming one, as files hold it: in float32."""
    camera = clip.studio.pose(FRAME).astype(np.float32)
    moved = View("front").cameras(camera[None])
    truth = FilmedViews(clip.studio, np.array([FRAME]), moved)
    whole = clip.studio.view(FRAME, camera.astype(np.float64))
    alone = truth._shot(0)
    inside = alone.alpha == 1.0
    assert inside.sum() > 0.05 * clip.size**2
    np.testing.assert_array_equal(alone.image[inside], whole.image[inside])
    assert (alone.image[alone.alpha == 0.0] == 255).all()
    np.testing.assert_array_equal(alone.landmarks, whole.landmarks)


def test_the_mask_is_the_parsing_of_the_head(clip: SimpleNamespace) -> None:
    """A pixel of four samples is the head's where most of them are."""
    whole = clip.studio.shoot(FRAME)
    alone = clip.studio.head(FRAME, clip.studio.pose(FRAME))
    parsed = of_head(whole.parsing)
    assert parsed[alone.alpha > 0.5].all()
    assert not parsed[alone.alpha < 0.25].any()
    np.testing.assert_array_equal(np.isnan(alone.depth), alone.alpha == 0.0)


@pytest.mark.parametrize("yaw", [0.0, 25.0])
def test_depth_is_the_distance_of_the_surface(clip: SimpleNamespace, yaw: float) -> None:
    """Landmarks in the middle of the face lie on it, so their depth is that of their pixel."""
    pose = clip.studio.pose(FRAME)
    camera = View("", yaw=yaw).cameras(pose[None])[0].astype(np.float64)
    shot = clip.studio.head(FRAME, camera)
    place = clip.studio.head_to_studio(FRAME)
    vertices = clip.studio.model.vertices(clip.take.performance, FRAME, place)
    marks = vertices[clip.studio.model.landmarks].astype(np.float64)
    away = -((marks - camera[:3, 3]) @ camera[:3, 2])
    for mark in (27, 28, 29, 30, 33, 51):
        column, row = np.floor(shot.landmarks[mark]).astype(int)
        assert shot.alpha[row, column] == 1.0
        assert shot.depth[row, column] == pytest.approx(away[mark], abs=0.006)


def test_landmarks_of_the_truth_are_those_that_the_camera_sees(clip: SimpleNamespace) -> None:
    pose = clip.studio.pose(FRAME)
    cameras = View("", yaw=20.0).cameras(pose[None])
    truth = FilmedViews(clip.studio, np.array([FRAME]), cameras)
    seen = clip.studio.view(FRAME, cameras[0].astype(np.float64))
    np.testing.assert_array_equal(truth.landmarks(0), seen.landmarks)
    inside = truth.layers(0).alpha == 1.0
    np.testing.assert_array_equal(truth.image(0)[inside], seen.image[inside])


def test_cases_of_a_synthetic_person_have_the_truth(
    clip: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[str, int, float]] = []
    monkeypatch.setattr(synthetic_views, "_studio", lambda *what: made.append(what) or clip.studio)
    cases = {case.driver: case for case in SelfDriven3D().plan([clip.identity], [])}
    assert {"psnr", "lmd", "mask_iou", "depth_error", "camera_error"} <= {*cases["yaw+30"].metrics}
    assert set(made) == {("synth-a", clip.size, clip.seconds)}
    truth, first = cases["front"].truth, cases["front"].drive.source_frames[0]
    assert truth is not None
    inside = truth.layers(0).alpha == 1.0
    filmed = clip.identity.frame(int(first))[inside].astype(float)
    # What was filmed was written as JPEG.
    assert np.abs(truth.image(0)[inside] - filmed).mean() < 4.0
    side = cases["yaw+30"].truth
    assert side is not None
    # From the person's left the tip of the nose lies farther left in the picture.
    assert side.landmarks(0)[30, 0] < truth.landmarks(0)[30, 0] - 5.0


def test_the_studio_is_that_of_the_clip_or_refused(clip: SimpleNamespace, tmp_path: Path) -> None:
    folder = tmp_path / "synth-a"
    shutil.copytree(clip.identity.folder, folder)
    provenance = folder / PROVENANCE
    text = json.loads(provenance.read_text())
    text["generator_version"] = dataset.GENERATOR_VERSION + 1
    provenance.write_text(json.dumps(text))
    with pytest.raises(TgbenchError, match="another version"):
        studio_of(Identity(folder))
    renamed = folder.rename(tmp_path / "anna")
    assert studio_of(Identity(renamed)) is None
