from __future__ import annotations

from tgbench.preparation.provenance import headlines


def test_the_preview_names_the_axes_of_the_head() -> None:
    facts = {
        "source": {"video": "a.mp4", "width": 640, "height": 480, "fps": 25.0, "codec": "h264"},
        "frames": 50,
        "size": 256,
        "crop": {"side": 400, "follows_the_head": False},
        "face": {"frames_found": 50},
        "pose": {
            "focal_px": 900.0,
            "distance_m": 0.7,
            "range_deg": [17.8, 32.2, 12.1],
            "landmark_residual_px": 1.0,
            "roughness_px": 0.1,
            "roughness_of_landmarks_px": 0.3,
        },
        "filming_faults": [],
    }
    shown = headlines(facts)[1]
    assert "distance 0.7 m; range of the head in degrees: pitch 17.8, yaw 32.2, roll 12.1;" in shown
