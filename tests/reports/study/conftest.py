"""Studies that exist in memory alone, simulated raters, and the browser of the report's tests."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tgbench.cli import main
from tgbench.reports.study.answers import seal_of
from tgbench.reports.study.drawing import Plan, draw
from tgbench.reports.study.questions import questions_named
from tgbench.reports.study.records import Answer, Answers, Design, Key, Kind, MetricValue, Stimulus
from tgbench.reports.study.stimuli import TRUTH

from ..html.conftest import (
    Chromium,
    MakeFolder,
    browser,
    chromium,
    make_folder,
    write_coded_video,
)

__all__ = ["Chromium", "browser", "chromium", "make_folder"]

StudyFolder = Callable[..., Path]


def blinded(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def make_key(
    methods: tuple[str, ...] = ("a", "b", "c"),
    items: int = 4,
    kind: Kind = "ratings",
    participants: int = 24,
    questions: tuple[str, ...] = ("lip_sync",),
    checks: Mapping[str, int] | None = None,
    metric: Callable[[str, int], float] | None = None,
) -> Key:
    """A study of methods and the ground truth, without files."""
    conditions, names = (*methods, TRUTH), tuple(f"item {number}" for number in range(items))
    videos = {(each, item): blinded(each, item) for each in conditions for item in names}
    stimuli = {
        name: Stimulus(
            condition=condition,
            truth=condition == TRUTH,
            item=item,
            source="video.mp4",
            metrics={
                "psnr": MetricValue(
                    value=metric(condition, names.index(item)),
                    title="PSNR",
                    direction="higher",
                    measured_by="tests",
                )
            }
            if metric and condition != TRUTH
            else {},
        )
        for (condition, item), name in videos.items()
    }
    asked = {blinded("check", 1): 1, blinded("check", 0): 0} if checks is None else dict(checks)
    if kind == "ratings" and checks is None:
        asked = {blinded("check", value): value for value in (2, 4)}
    units = len(conditions) if kind == "ratings" else len(conditions) * (len(conditions) - 1) // 2
    plan = Plan(kind, conditions, names, units * items, participants, 5)
    design = Design(
        title="Study",
        contact="",
        kind=kind,
        questions=questions_named(questions),
        sequences=draw(plan, videos, sorted(asked)),
    )
    return Key(seed=5, design=design, stimuli=stimuli, checks=asked, exact_after=plan.exact_after)


def sealed(key: Key, **about: Any) -> Answers:
    """Answers as the page would write them."""
    about = {"design": key.design.hash, "consent": True, "seal": "", **about}
    unsealed = Answers.model_validate(about)
    return unsealed.model_copy(update={"seal": seal_of(unsealed, key.design)})


def simulated(
    key: Key,
    quality: Mapping[str, float],
    number: int,
    *,
    seed: int = 0,
    attentive: bool = True,
    trials: int | None = None,
) -> Answers:
    """What a participant says who sees quality with noise, and likes some items better."""
    generator = np.random.default_rng([seed, number])
    leaning = 0.3 * generator.normal()
    items = dict.fromkeys(each.item for each in key.stimuli.values())
    taste = dict(zip(items, 0.2 * np.random.default_rng(seed).normal(size=len(items)), strict=True))

    def value(videos: tuple[str, ...]) -> int:
        if videos[0] in key.checks:
            asked = key.checks[videos[0]]
            return asked if attentive else (1 - asked if len(videos) == 2 else 3)
        shown = [key.stimuli[video] for video in videos]
        if len(shown) == 2:
            better = quality[shown[0].condition] - quality[shown[1].condition]
            return int(generator.random() > 1.0 / (1.0 + np.exp(-better)))
        felt = quality[shown[0].condition] + taste[shown[0].item] + leaning
        return int(np.clip(round(felt + 0.5 * generator.normal()), 1, 5))

    sequence = (number - 1) % len(key.design.sequences) + 1
    shown = key.design.sequences[sequence - 1][:trials]
    answers = tuple(
        Answer(
            videos=trial.videos,
            values={question.name: value(trial.videos) for question in key.design.questions},
            milliseconds=1000,
            plays=1,
        )
        for trial in shown
    )
    finished = len(answers) == len(key.design.sequences[sequence - 1])
    return sealed(
        key,
        participant=f"p{number}",
        sequence=sequence,
        finished=finished,
        answers=answers,
    )


@pytest.fixture
def study() -> Key:
    return make_key()


@pytest.fixture
def study_folder(make_folder: MakeFolder, tmp_path: Path) -> StudyFolder:
    """Makes a study of two methods and one item, with the command line and its arguments."""

    def make(*arguments: str) -> Path:
        for number, name in enumerate(("hidden1", "hidden2")):
            folder = make_folder(name, identity="<b>person</b>", psnr=float(number)).folder
            # Videos that show the same are refused.
            write_coded_video(folder / "video.mp4", offset=number)
        out = tmp_path / "study"
        results = ["--results", str(tmp_path / "out")]
        assert main(["study", "make", str(out), *results, *arguments]) == 0
        return out

    return make
