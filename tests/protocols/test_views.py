from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tgbench import plugins
from tgbench.driving.cameras import directions
from tgbench.driving.rules import DriveRules
from tgbench.errors import TgbenchError
from tgbench.identities import Identity
from tgbench.protocols.views import AudioGeneralization3D, SelfDriven3D, still_views
from tgbench.specs import CompositeMode, Needs

VIEWS = {
    "front": (0, 0),
    **{f"yaw{angle:+d}": (angle, 0) for angle in (-30, -20, -10, 10, 20, 30)},
    "pitch-10": (0, -10),
    "pitch+10": (0, 10),
}


def test_every_view_is_a_case_at_its_angle(tiny_identity: Path) -> None:
    identity = Identity(tiny_identity)
    cases = {case.driver: case for case in SelfDriven3D().plan([identity], [])}
    assert set(cases) == {*VIEWS, "spiral", "frozen"}
    filmed = directions(identity.poses[40:])
    for name, angles in VIEWS.items():
        # The clip's camera is hardly off the axis, so that angles add up.
        moved = directions(cases[name].drive.poses) - filmed
        np.testing.assert_allclose(moved, np.tile(angles, (4, 1)), atol=0.05)
    np.testing.assert_array_equal(cases["front"].drive.poses, identity.poses[40:])


def test_views_of_a_real_clip_give_nothing_away_and_have_no_truth(tiny_identity: Path) -> None:
    """No torso from elsewhere is known, so none is shown, and nothing is compared."""
    case = SelfDriven3D().plan([Identity(tiny_identity)], [])[1]
    assert not case.has_truth
    assert case.composite_mode is CompositeMode.HEAD_ALONE
    assert (case.drive.background(2) == 255).all()
    assert case.drive.background(0).shape == (64, 64, 3)
    needs = {need for name in case.metrics for need in plugins.metrics()[name].needs}
    assert not needs & {Needs.TARGET, Needs.TIMING}
    assert {"camera_error", "id_view_dlib"} <= {*case.metrics}
    np.testing.assert_array_equal(case.drive.source_frames, np.arange(40, 44))


def test_a_view_beyond_the_filmed_ones_has_a_note(tiny_identity: Path) -> None:
    notes = {case.driver: case.notes for case in SelfDriven3D().plan([Identity(tiny_identity)], [])}
    assert notes["front"] == ()
    assert "30 degrees" in notes["yaw+30"][0]


def test_other_speech_is_seen_from_the_front_and_circling(tiny_identity: Path) -> None:
    rules = DriveRules(spiral_degrees=5.0)
    front, circling = AudioGeneralization3D(rules).plan(
        [Identity(tiny_identity)], [tiny_identity / "aud.wav"]
    )
    assert (front.driver, circling.driver) == ("aud.front", "aud.spiral")
    np.testing.assert_array_equal(front.drive.source_frames, circling.drive.source_frames)
    np.testing.assert_array_equal(front.drive.feature_index, circling.drive.feature_index)
    apart = directions(circling.drive.poses) - directions(front.drive.poses)
    np.testing.assert_allclose(np.hypot(*apart.T), 5.0, atol=0.05)
    assert {"lip_agreement", "sync_c"} <= {*front.metrics}
    assert "psnr" not in front.metrics


def test_a_camera_in_the_head_is_refused(tiny_identity: Path) -> None:
    with pytest.raises(TgbenchError, match="in the head"):
        SelfDriven3D(DriveRules(camera_distance=0.05)).plan([Identity(tiny_identity)], [])


def test_the_camera_goes_round_a_head_that_does_not_move(tiny_identity: Path) -> None:
    frozen = SelfDriven3D().plan([Identity(tiny_identity)], [])[-1]
    drive = frozen.drive
    assert (frozen.driver, len(drive)) == ("frozen", 48)
    assert frozen.metrics == ("reprojection_error", "orbit_flicker")
    assert {*drive.source_frames} == {40}
    assert len({*drive.feature_index}) == 1
    assert len({*drive.action_units.values["AU45"]}) == 1
    assert drive.audio.seconds == pytest.approx(48 / 25)
    assert np.ptp(directions(drive.poses)[:, 0]) == pytest.approx(25.0, abs=0.2)


def test_views_have_names_of_their_own() -> None:
    views = still_views()
    assert len({view.name for view in views}) == len(views) == 9
