"""Training on synthetic heads: what it begins with, what it sees, that it repeats."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tgbench.errors import TgbenchError
from tgbench.methods.wav2lip import training
from tgbench.methods.wav2lip.generator import Generator
from tgbench.methods.wav2lip.people import person
from tgbench.methods.wav2lip.spec import TrainingConfig
from tgbench.methods.wav2lip.training import Scene
from tgbench.progress import SILENT
from tgbench.synthetic.person import PEOPLE, TRACKS


def test_a_new_network_shows_what_both_faces_have_in_common() -> None:
    torch.manual_seed(0)
    network = Generator(1 / 16).train()
    training._pass_on(network)
    face = torch.rand(2, 3, 96, 96)
    with torch.no_grad():
        made = network(torch.randn(2, 1, 80, 16), torch.cat((face, face), dim=1))
    for colour in range(3):
        pair = torch.stack([made[:, colour].logit().flatten(), face[:, colour].flatten()])
        assert torch.corrcoef(pair)[0, 1] > 0.99


def test_a_batch_shows_the_truth_its_upper_half_and_another_frame_of_the_same_person() -> None:
    colours = np.arange(20, 180, 20, dtype=np.uint8)
    scenes = [
        Scene(
            np.broadcast_to(colours[half][:, None, None, None], (4, 144, 144, 3)).copy(),
            np.broadcast_to(colours[half][:, None, None], (4, 80, 16)).astype(np.float32),
            np.broadcast_to(colours[half][:, None], (4, 8)).astype(np.float32),
        )
        for half in (slice(0, 4), slice(4, 8))
    ]
    mels, faces, truth, mouths = training._batch(scenes, 40, np.random.default_rng(0))
    assert torch.equal(mels[:, 0, 0, :8], mouths)
    torch.testing.assert_close(faces[:, :3, :48], truth[:, :, :48])
    assert (faces[:, :3, 48:] == 0).all()
    for mel, face, whole in zip(mels, faces, truth, strict=True):
        gains = whole[:, 0, 0] * 255 / mel.mean()
        assert ((gains > 0.75) & (gains < 1.3)).all()
        shown = face[3:, 0, 0] * 255 / gains
        of_person = colours[:4] if mel.mean() in colours[:4] else colours[4:]
        nearest = of_person[np.abs(of_person - float(shown.mean())).argmin()]
        assert abs(float(shown.mean()) - nearest) < 3
        assert nearest != mel.mean()


def test_the_reference_in_training_is_the_most_alike_of_the_candidates() -> None:
    faces = np.zeros((5, 144, 144, 3), np.uint8)
    for frame in range(5):
        faces[frame] = 10 * frame
    scene = Scene(faces, np.zeros((5, 80, 16), np.float32), np.zeros((5, 8), np.float32))
    assert scene.like(0, np.random.default_rng(0)) == 1
    assert scene.like(4, np.random.default_rng(0)) == 3


def test_an_expert_reads_mouths_and_tells_faces_apart_by_them() -> None:
    """One articulator is how bright the mouth is, and the rest of the face says nothing."""
    torch.manual_seed(0)
    random = np.random.default_rng(0)
    faces = random.integers(90, 110, (60, 144, 144, 3)).astype(np.uint8)
    openings = random.uniform(0.0, 1.0, 60).astype(np.float32)
    faces[:, 84:114, 54:90] = (60 + 120 * openings[:, None, None, None]).astype(np.uint8)
    mouths = np.stack([openings, *[np.zeros(60, np.float32)] * 7], axis=1)
    scenes = [Scene(faces, np.zeros((60, 80, 16), np.float32), mouths)]
    config = TrainingConfig(reading_iterations=25)
    reader = training._learn_to_read(scenes, config, random, SILENT, torch.device("cpu"))
    batch = training._batch(scenes, 24, random)
    read = reader(batch.truth)[:, 0]
    assert torch.corrcoef(torch.stack([read, batch.mouths[:, 0]]))[0, 1] > 0.9
    others = batch.truth.clone()
    others[:, :, :40] = 0.0
    assert reader.apart(others, batch.truth) == 0
    made = batch.truth.clone().requires_grad_()
    apart = reader.apart(made, batch.truth.flip(0))
    apart.backward()
    assert apart > 0.05
    assert (made.grad[:, :, 44:94, 20:76] != 0).any()


def test_a_loss_that_is_no_number_stops_it() -> None:
    parameter = torch.nn.Parameter(torch.ones(1))
    with pytest.raises(TgbenchError, match=r"training\.rate"):
        training._descend(parameter.sum() * torch.nan, torch.optim.SGD([parameter], 0.1))
    assert parameter.item() == 1.0


def test_people_of_training_are_none_of_the_built_in_ones() -> None:
    people = [person(number) for number in range(6)]
    assert people == [person(number) for number in range(6)]
    taken = {somebody.seed for somebody in PEOPLE.values()} | {t.seed for t in TRACKS.values()}
    assert len({somebody.seed for somebody in people} | taken) == 6 + len(taken)
    assert len({somebody.shape for somebody in (*people, *PEOPLE.values())}) == 6 + len(PEOPLE)
    assert len({somebody.voice for somebody in (*people, *PEOPLE.values())}) == 6 + len(PEOPLE)


@pytest.mark.slow
def test_the_same_settings_train_the_same_network() -> None:
    config = TrainingConfig(
        width=0.06,
        voices=1,
        hearing_iterations=3,
        people=1,
        frames=6,
        iterations=3,
        reading_iterations=2,
        batch=4,
    )
    first, again = (training.trained(config, torch.device("cpu"), SILENT) for _ in range(2))
    assert not first.training
    for key, value in first.state_dict().items():
        assert torch.isfinite(value).all()
        torch.testing.assert_close(again.state_dict()[key], value, rtol=0, atol=0)
