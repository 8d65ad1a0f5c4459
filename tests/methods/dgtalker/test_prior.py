"""The procedural prior: its template, its films and its shipped weights."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import torch

from tgbench.methods.dgtalker.prior import pretraining
from tgbench.methods.dgtalker.prior.generator import upper_face_first
from tgbench.methods.dgtalker.prior.population import (
    CENTRE,
    EXPRESSION,
    LOWER_FACE,
    SIDE,
    camera,
    view_person,
)
from tgbench.methods.dgtalker.prior.pretraining import view_camera
from tgbench.methods.dgtalker.prior.procedural import WEIGHTS, ProceduralPrior
from tgbench.methods.dgtalker.prior.template import (
    HEIGHT,
    WIDTH,
    head_template,
    landmark_texels,
    mouth_template,
)
from tgbench.synthetic.grid import build_grid
from tgbench.synthetic.landmarks import landmark_vertices
from tgbench.synthetic.sculpture import FaceShape


@pytest.fixture(scope="module")
def prior() -> ProceduralPrior:
    found = ProceduralPrior()
    found.network.requires_grad_(False)
    return found


def test_the_template_is_a_symmetric_head_with_landmarks_in_their_places() -> None:
    head = head_template()
    assert head.shape == (HEIGHT, WIDTH, 3)
    mirrored = head[:, ::-1] * np.array([-1.0, 1.0, 1.0])
    assert np.abs(head - mirrored).max() < 2e-3
    shape = FaceShape()
    grid = build_grid(shape)
    exact = grid.points[landmark_vertices(grid, shape)] / 1000.0
    apart = np.linalg.norm(head.reshape(-1, 3)[landmark_texels()] - exact, axis=1)
    assert apart[17:].max() < 0.005
    lips = exact[60:68]
    mouth = mouth_template().reshape(-1, 3)
    assert mouth[:, 2].max() < lips[:, 2].max()
    assert np.abs(mouth.mean(axis=0)[:2] - lips.mean(axis=0)[:2]).max() < 0.004


def test_a_camera_looks_at_the_centre_of_the_head() -> None:
    for yaw, pitch in ((0, 0), (60, 0), (-30, 20)):
        pose = camera(yaw, pitch, 0.9)
        local = np.linalg.inv(pose) @ [*CENTRE, 1.0]
        assert local[:3] == pytest.approx([0.0, 0.0, -0.9])
        assert np.linalg.det(pose[:3, :3]) == pytest.approx(1.0)
    # To the person's left is +x.
    assert camera(30, 0)[0, 3] > 0.4


def test_directions_of_the_lower_face_come_last(prior: ProceduralPrior) -> None:
    names = [EXPRESSION[number] for number in upper_face_first()]
    assert set(names[-len(LOWER_FACE) :]) == LOWER_FACE
    assert prior.lip_directions() == len(LOWER_FACE)
    assert sorted(names) == sorted(EXPRESSION)
    assert len(prior.directions()) == len(EXPRESSION)


def test_the_weights_ship_and_are_at_most_six_megabytes(prior: ProceduralPrior) -> None:
    path = resources.files("tgbench.methods.dgtalker.prior").joinpath(WEIGHTS)
    with resources.as_file(path) as file:
        assert file.stat().st_size <= 6_000_000
    heads = prior.heads(prior.mean_code()[None])
    count = HEIGHT * WIDTH + 16 * 16
    assert heads.means.shape == (1, count, 3)
    assert torch.isfinite(heads.means).all()
    assert (heads.scales > 0).all()


def test_the_edges_of_lips_and_lids_are_two() -> None:
    """What is above an edge is not the Gaussian below it."""
    row, column = np.divmod(landmark_texels(), WIDTH)
    for upper, lower in ((61, 67), (62, 66), (63, 65), (37, 41), (38, 40), (43, 47), (44, 46)):
        assert row[upper] == row[lower] + 1
        assert abs(column[upper] - column[lower]) <= 1


def test_an_open_jaw_opens_the_mouth_of_the_mean_head(prior: ProceduralPrior) -> None:
    """The directions mean what they are called: the jaw parts the lips, a blink moves the lids."""
    still = prior.mean_code()
    names = [EXPRESSION[number] for number in upper_face_first()]
    marks = prior.landmarks()

    def landmarks(name: str) -> np.ndarray:
        code = still + prior.directions()[names.index(name)]
        return prior.heads(code[None]).means[0, marks].numpy()

    rest = prior.heads(still[None]).means[0, marks].numpy()
    dropped = landmarks("mouth.jaw")
    assert rest[57, 1] - dropped[57, 1] > 0.004
    opened = (dropped[62] - dropped[66])[1] - (rest[62] - rest[66])[1]
    assert opened > 0.004
    assert abs(dropped[51, 1] - rest[51, 1]) < 0.3 * (rest[57, 1] - dropped[57, 1])
    assert np.abs(landmarks("brow_outer")[48:68] - rest[48:68]).max() < 0.002


@pytest.mark.slow
def test_people_are_filmed_the_same_every_time_and_the_prior_draws_heads_like_theirs(
    prior: ProceduralPrior,
) -> None:
    """The mean head over a person's masks: it is a head, in its place, from every side."""
    views = view_person(7, 3)
    again = view_person(7, 3)
    assert np.array_equal(views.images, again.images)
    assert views.images.shape == (3, SIDE, SIDE, 3)
    codes = prior.mean_code() + torch.from_numpy(views.expressions) @ prior.network.expression
    drawn = prior.heads(codes).draw([view_camera(views, number) for number in range(3)])
    covered = drawn.alpha.numpy() > 0.5
    both = (covered & views.masks).sum(axis=(1, 2)) / (covered | views.masks).sum(axis=(1, 2))
    assert both.min() > 0.75


@pytest.mark.slow
def test_the_script_films_trains_and_writes_weights_that_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice the same weights; the second time nobody is filmed again."""
    monkeypatch.setattr(pretraining, "VIEWS", 2)
    settings = ["--people", "1", "--iterations", "3"]
    written = []
    for name in ("one.npz", "two.npz"):
        pretraining.main([str(tmp_path / "films"), *settings, "--to", str(tmp_path / name)])
        monkeypatch.delattr(pretraining, "view_person", raising=False)
        with np.load(tmp_path / name, allow_pickle=False) as arrays:
            written.append({each: arrays[each] for each in arrays})
    assert all(np.array_equal(written[0][name], written[1][name]) for name in written[0])
    network = ProceduralPrior(trained=False).network
    network.load_state_dict({name: torch.from_numpy(v) for name, v in written[0].items()})
