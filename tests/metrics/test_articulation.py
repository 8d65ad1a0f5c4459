"""Lips at single sounds: known shares, whose sounds count, and where their times are from."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tgbench.audio.phones import Phone, Spoken, read_phones
from tgbench.interfaces import Measurement, MetricContext
from tgbench.metrics.lips.articulation import (
    BilabialClosure,
    VowelOpening,
    closes_lips,
    is_open_vowel,
)
from tgbench.metrics.suite import MetricSuite
from tgbench.synthetic.dataset import rehearse
from tgbench.synthetic.person import PEOPLE
from tgbench.synthetic.writing import timeline

from .faces import face, measured

FRAMES = 400
"""In turn five frames of /m/, of /a/ and of /s/."""
SAID = Spoken(
    tuple(Phone("mas"[i % 3], i * 0.2, i * 0.2 + 0.2) for i in range(FRAMES // 5)), fps=25.0
)
M = np.arange(FRAMES) // 5 % 3 == 0
A = np.arange(FRAMES) // 5 % 3 == 1


def _openings() -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.where(M, 0.02, np.where(A, 0.25, 0.1)) + rng.uniform(0, 0.04, FRAMES)


TRUTH = [face(opening) for opening in _openings()]
SHUT, OPEN = [face(0.0)] * FRAMES, [face(0.5)] * FRAMES


def found(kind: Any, prediction: list, **more: Any) -> Measurement:
    def make(context: MetricContext) -> Any:
        return kind(MetricContext(fps=context.fps, spoken=SAID))

    return measured(make, prediction, TRUTH, **more)


@pytest.mark.parametrize("parts", [(), (123, 200)])
def test_shares_of_the_truth_of_a_shut_and_of_an_open_mouth(parts: tuple[int, ...]) -> None:
    shares = partial(found, parts=parts)
    # With n frames, the 0.7 quantile lies between two of them: 0.7 to within one.
    within = 1.0 / M.sum()
    for kind in (BilabialClosure, VowelOpening):
        same = shares(kind, TRUTH)
        assert same.value == pytest.approx(0.7, abs=within)
        assert same.details["of_truth"] == 1.0
    assert shares(BilabialClosure, OPEN).value == 0.0
    assert shares(BilabialClosure, SHUT).value == 1.0
    assert shares(VowelOpening, SHUT).value == 0.0
    assert shares(VowelOpening, OPEN).value == 1.0


def test_only_frames_of_such_sounds_count() -> None:
    prediction = [face(0.5 if m else 0.0) for m in M]
    closure = found(BilabialClosure, prediction)
    assert closure.value == 0.0
    assert closure.scored == M.sum()
    # Frames beside a sound may be shut for it.
    assert closure.details["of_phones"] == 1.0
    assert found(VowelOpening, prediction).value == 0.0


def test_missing_faces_count_neither_way() -> None:
    prediction: list[np.ndarray | None] = list(TRUTH)
    prediction[0:5] = [None] * 5
    closure = found(BilabialClosure, prediction)
    assert closure.scored == M.sum() - 5
    assert closure.details["faceless_predictions"] == 5
    assert found(BilabialClosure, TRUTH[:4]).value is None


def test_values_of_frames_are_those_of_the_share() -> None:
    metric = BilabialClosure(MetricContext(fps=25.0, spoken=SAID))
    half = [*OPEN[:200], *SHUT[200:]]
    for index, (own, true) in enumerate(zip(half, TRUTH, strict=True)):
        metric.update(SimpleNamespace(index=index, prediction_landmarks=own, target_landmarks=true))
    values = metric.series()["bilabial_closure"]
    assert [value is not None for value in values] == M.tolist()
    scored = [value for value in values if value is not None]
    assert metric.compute().value == pytest.approx(np.mean(scored))
    assert scored == [float(frame >= 200) for frame in np.flatnonzero(M)]


@pytest.mark.parametrize(
    ("signs", "shuts", "opens"),
    [
        ("p b m pʰ bʲ mː m̩ P B M", True, False),
        ("a aː ɑ ˈɑ æ ɐ ɒ aɪ aʊ ã AA1 AE0 AY2 AW aa ay", False, True),
        ("i u ə ʌ ɔ AH0 AO1 ao IH1 t f w s sil spn S T", False, False),
    ],
)
def test_signs_of_sounds(signs: str, shuts: bool, opens: bool) -> None:
    symbols = signs.split()
    assert {symbol: closes_lips(symbol) for symbol in symbols} == dict.fromkeys(symbols, shuts)
    assert {symbol: is_open_vowel(symbol) for symbol in symbols} == dict.fromkeys(symbols, opens)


def test_without_times_of_sounds_there_is_a_remedy_instead_of_a_number() -> None:
    class Nobody:
        def describe(self) -> str:
            return "nobody"

    suite = MetricSuite(["bilabial_closure"], MetricContext(), landmarks=Nobody())  # type: ignore[arg-type]
    reason = suite.results()["bilabial_closure"].reason
    assert "TextGrid" in reason


def test_the_exact_times_of_a_built_in_person_are_those_of_its_lips(tmp_path: Path) -> None:
    """What the rig's lips do at every frame of such a sound: pressed, or the jaw dropped."""
    take = rehearse(PEOPLE["synth-a"])
    path = tmp_path / "phonemes.json"
    path.write_text(json.dumps(timeline(take.script)))
    spoken = Spoken(read_phones(path), fps=25.0)
    mouth, frames = take.performance.mouth, len(take.performance)
    places = [spoken.place_at(frame) for frame in range(frames)]
    symbols = ["" if place is None else spoken.phones[place].symbol for place in places]
    pressed, dropped = (
        np.array([kind(symbol) for symbol in symbols]) for kind in (closes_lips, is_open_vowel)
    )
    assert pressed.sum() > 10
    assert dropped.sum() > 30
    assert np.median(mouth.seal[pressed]) == 1.0
    assert np.median(mouth.seal[dropped]) == 0.0
    assert mouth.jaw[dropped].mean() > 2.0 * mouth.jaw[pressed].mean()
