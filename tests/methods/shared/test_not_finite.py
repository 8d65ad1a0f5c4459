from __future__ import annotations

import pytest
import torch

from tgbench.errors import TgbenchError
from tgbench.methods.shared.not_finite import LossWatch

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def terms(alpha: float = 0.5) -> dict[str, torch.Tensor]:
    return {"alpha": torch.tensor(alpha), "photometric": torch.tensor(0.25)}


@pytest.mark.parametrize("device", [CPU, CUDA])
def test_the_loss_is_the_sum_and_carries_gradients(device: torch.device):
    alpha = torch.tensor(0.5, requires_grad=True)
    loss = LossWatch(device).total({"a": 2.0 * alpha, "b": torch.tensor(0.25)}, "anywhere")
    assert loss.item() == 1.25
    loss.backward()
    assert alpha.grad == 2.0


def test_a_cpu_looks_at_once():
    watch = LossWatch(CPU)
    with pytest.raises(TgbenchError, match="the alpha loss is inf in iteration 3"):
        watch.total(terms(float("inf")), "in iteration 3")


def test_a_gpu_is_not_waited_for_at_every_loss():
    """What is not finite is still told with its own place, at the next look."""
    watch = LossWatch(CUDA)
    for iteration in range(7):
        value = float("nan") if iteration >= 4 else 0.5
        watch.total(terms(value), f"in iteration {iteration}")
    with pytest.raises(TgbenchError, match="the alpha loss is nan in iteration 4;"):
        watch.look()
    watch.look()

    for iteration in range(99):
        watch.total(terms(float("nan")), f"in iteration {iteration}")
    with pytest.raises(TgbenchError, match="iteration 0;"):
        watch.total(terms(), "in iteration 99")
