from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tgbench.errors import TgbenchError
from tgbench.files import hash_of
from tgbench.identities.card import read_card
from tgbench.identities.resolve import require_identity, resolve_identity
from tgbench.identities.validation import validate
from tgbench.synthetic import dataset
from tgbench.synthetic.names import MOST_SEED, built_in
from tgbench.synthetic.person import PEOPLE, TRACKS, Person
from tgbench.synthetic.population import SHAPE, drawn_person
from tgbench.synthetic.sculpture import FaceShape
from tgbench.synthetic.studio import Studio


@pytest.fixture(scope="module")
def people() -> list[Person]:
    return [drawn_person(seed) for seed in range(400)]


def test_the_built_in_people_are_who_they_were() -> None:
    """Their folders in caches, and results of them, go by these."""
    assert {name: hash_of(dataclasses.asdict(person)) for name, person in PEOPLE.items()} == {
        "synth-a": "6369400df0c5a9dac7e69bbaa70d2975a54bc9ff0de4cc992ae082791e070615",
        "synth-b": "89abd4cca661d0c5719a6b712f0538a75ce622ab6875311f3cf728a2c4d7bfff",
    }


def test_a_seed_is_one_person() -> None:
    assert drawn_person(7) == drawn_person(7)
    assert drawn_person(7) != drawn_person(8)


def test_no_two_people_share_a_seed_of_noise() -> None:
    """Parts of a person take up to a few hundred seeds after their own."""
    seeds = sorted(
        [drawn_person(seed).seed for seed in (0, 1, 2, MOST_SEED)]
        + [someone.seed for someone in (*PEOPLE.values(), *TRACKS.values())]
    )
    assert min(np.diff(seeds)) >= 1
    assert seeds[-1] < 2**31
    assert drawn_person(1).seed - drawn_person(0).seed >= 500


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(FaceShape)])
def test_faces_are_of_the_declared_distribution(people: list[Person], name: str) -> None:
    """Mean and deviation of a triangular distribution are known in closed form."""
    a, c, b = SHAPE[name]
    drawn = [getattr(person.shape, name) for person in people]
    deviation = np.sqrt((a * a + b * b + c * c - a * b - a * c - b * c) / 18.0)
    assert a <= min(drawn)
    assert max(drawn) <= b
    assert np.mean(drawn) == pytest.approx((a + b + c) / 3.0, abs=4 * deviation / 20)
    assert np.std(drawn) == pytest.approx(deviation, rel=0.15)


def test_the_population_has_both_kinds_of_voice_and_hair(people: list[Person]) -> None:
    low = np.array([person.voice.hertz < 157.0 for person in people])
    long = np.array([person.hair.hang is not None for person in people])
    assert low.mean() == pytest.approx(0.5, abs=0.1)
    assert long[low].mean() == pytest.approx(0.15, abs=0.08)
    assert long[~low].mean() == pytest.approx(0.7, abs=0.1)


@pytest.mark.parametrize(
    ("name", "folder"),
    [("synth:7", "synth-7"), ("synth-7", "synth-7"), ("synth-a", "synth-a"), ("anna", None)],
)
def test_names_of_people(name: str, folder: str | None) -> None:
    assert built_in(name) == folder


@pytest.mark.parametrize("name", ["synth:", "synth:x", "synth:-1", "synth:1.5", "synth:1000000"])
def test_a_bad_seed_is_refused(name: str) -> None:
    with pytest.raises(TgbenchError, match=f"{name}.*{MOST_SEED}"):
        require_identity(name)


@pytest.mark.slow
def test_a_drawn_person_is_an_identity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TGBENCH_CACHE", str(tmp_path))
    monkeypatch.setattr(dataset.ensure_identity, "__defaults__", (64, 0.6, dataset.SILENT))
    identity = resolve_identity("synth:3", 64)
    assert identity.name == "synth-3"
    assert validate(identity.folder) == []
    assert resolve_identity("synth-3", 64).folder == identity.folder
    card = read_card(identity.folder)
    assert card is not None
    assert "seed 3" in card.notes
    studio = Studio(drawn_person(3), dataset.rehearse(drawn_person(3), 0.6).performance, 64)
    # JPEG, and instructions that this processor has and others lack.
    assert np.abs(studio.shoot(2).image.astype(float) - identity.frame(2)).mean() < 3.0
