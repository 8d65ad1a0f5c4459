"""What a fit tells of how far it is, from nothing and after it was stopped anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
import torch

from tgbench.methods.talkinggaussian.fitting import Fit
from tgbench.progress import Tally, Task


class Stage:
    """A stage that does nothing but count; it may stop at an iteration."""

    name = "toy"

    def __init__(self, iteration: int, stops_at: int | None = None) -> None:
        self.iteration = iteration
        self._stops_at = stops_at

    def step(self) -> torch.Tensor:
        if self.iteration == self._stops_at:
            raise KeyboardInterrupt
        self.iteration += 1
        return torch.tensor(0.5)


class Seen:
    """A progress that keeps its tallies."""

    def __init__(self) -> None:
        self.tallies: list[Tally] = []

    @contextmanager
    def task(self, description: str, total: int | None, done: int = 0) -> Iterator[Task]:
        self.tallies.append(Tally(total, done))
        yield self.tallies[-1]


@pytest.fixture
def fit(monkeypatch: pytest.MonkeyPatch) -> Fit:
    made = Fit.__new__(Fit)
    made._context = SimpleNamespace(progress=Seen())
    made._config = SimpleNamespace(checkpoint_every=1000)
    monkeypatch.setattr(Fit, "_save", Mock())
    return made


@pytest.mark.parametrize("first", [0, 60])
@pytest.mark.parametrize("begun", [(0, 0), (1, 49), (50, 37), (120, 3)])
@pytest.mark.parametrize("length", [20, 120, 130])
def test_a_stage_ends_at_exactly_all_of_its_steps(
    fit: Fit, first: int, begun: tuple[int, int], length: int
) -> None:
    stages = [Stage(first + min(done, length - 1)) for done in begun]
    fit._run_together(stages, "toy", first, first + length)
    (tally,) = fit._context.progress.tallies
    assert (tally.done, tally.total) == (2 * length, 2 * length)


def test_a_stage_that_stops_has_counted_what_it_did(fit: Fit) -> None:
    with pytest.raises(KeyboardInterrupt):
        fit._run_together([Stage(7, stops_at=93)], "toy", 0, 200)
    (tally,) = fit._context.progress.tallies
    assert (tally.done, tally.total) == (93, 200)


def test_what_is_done_is_not_told_again(fit: Fit) -> None:
    fit._run_together([Stage(500), Stage(200)], "toy", 0, 200)
    assert fit._context.progress.tallies == []
