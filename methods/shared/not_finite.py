"""NaN and infinity in training, reported with the iteration in which they arise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from tgbench.errors import TgbenchError

REMEDY = "lower the learning rates; the last checkpoint is kept"


class NotFinite(ValueError):
    """A tensor to encode or to draw holds NaN or infinity."""


_LOOK_EVERY = 100


class LossWatch:
    """Adds the terms of each loss and checks that all are finite.

    On a CPU it checks at once. Reading a number from a GPU waits for all queued work, so there it
    checks every hundred losses, and before a checkpoint.
    """

    def __init__(self, device: torch.device) -> None:
        self._at_once = device.type == "cpu"
        self._unseen: list[tuple[tuple[str, ...], Tensor, str]] = []

    def total(self, terms: Mapping[str, Tensor], where: str) -> Tensor:
        """Return the sum of the terms of a loss.

        Raises:
            TgbenchError: one of these, or of the losses before, is NaN or infinite; the message
                names it and the iteration.
        """
        stacked = torch.stack(list(terms.values()))
        self._unseen.append((tuple(terms), stacked.detach(), where))
        if self._at_once or len(self._unseen) >= _LOOK_EVERY:
            self.look()
        return stacked.sum()

    def descend(
        self, terms: Mapping[str, Tensor], where: str, optimizer: torch.optim.Optimizer
    ) -> Tensor:
        """Step an optimizer down the sum of the terms of a loss, and return that sum.

        Raises:
            TgbenchError: as `total`.
        """
        loss = self.total(terms, where)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.detach()

    def look(self) -> None:
        """Check the losses since the last check.

        Raises:
            TgbenchError: as `total`.
        """
        unseen, self._unseen = self._unseen, []
        if not unseen:
            return
        values = torch.cat([stacked for _, stacked, _ in unseen]).tolist()
        places = [(name, where) for names, _, where in unseen for name in names]
        for value, (name, where) in zip(values, places, strict=True):
            if not math.isfinite(value):
                raise TgbenchError(
                    f"the {name} loss is {value} {where}; look at this frame, or {REMEDY}"
                )


@contextmanager
def located(where: str) -> Iterator[None]:
    """Add the place in training to the message of a `NotFinite`.

    Raises:
        TgbenchError: in place of a `NotFinite`.
    """
    try:
        yield
    except NotFinite as error:
        raise TgbenchError(f"{error}, {where}; {REMEDY}") from error


def first_not_finite(state: object, path: str = "") -> str | None:
    """Return the path of a tensor that holds NaN or infinity in a nested state, None for none."""
    if isinstance(state, Tensor):
        finite = not state.is_floating_point() or bool(torch.isfinite(state).all())
        return None if finite else path
    if isinstance(state, Mapping):
        items = list(state.items())
    elif isinstance(state, list | tuple):
        items = list(enumerate(state))
    else:
        return None
    found = (first_not_finite(value, f"{path}/{key}".lstrip("/")) for key, value in items)
    return next((part for part in found if part is not None), None)
