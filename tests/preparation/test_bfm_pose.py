from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tgbench.errors import Unavailable
from tgbench.identities import Identity
from tgbench.identities.track_params import read_track_params
from tgbench.identities.validation import validate
from tgbench.preparation.backends.choice import choose_backends
from tgbench.preparation.prepare import prepare

from ..faces.face_model import write_model

Films = Callable[..., Path]


@pytest.mark.slow
@pytest.mark.usefixtures("discs_for_faces")
def test_the_fields_tracker_makes_poses_and_coefficients(
    tmp_path: Path, make_film: Films, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TGBENCH_WEIGHTS", str(write_model(tmp_path / "weights")))
    chosen = choose_backends({"pose": "bfm_3dmm_info"}, {})
    folder = prepare(make_film(tmp_path / "film.mp4"), tmp_path / "id", size=128, backends=chosen)
    assert validate(folder) == []
    facts = json.loads((folder / "identity.json").read_text())
    assert facts["backends"]["pose"]["backend"] == "bfm_3dmm_info"
    assert "3DMM_info.npy, sha256" in facts["backends"]["pose"]["measured_by"]
    track = read_track_params(folder / "track_params.pt")
    assert track.expression.shape == (60, 79)
    assert (track.identity != 0.0).all()
    assert track.focal == pytest.approx(Identity(folder).intrinsics.focal)


def test_without_the_model_it_says_where_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TGBENCH_WEIGHTS", str(tmp_path))
    with pytest.raises(Unavailable, match=r"bfm2009.*bfm_keys"):
        choose_backends({"pose": "bfm"}, {})
