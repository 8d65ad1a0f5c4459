from __future__ import annotations

import threading
from collections import Counter

import pytest
import torch

from tgbench.methods.shared import threads
from tgbench.methods.shared.hashgrid import TriPlaneHashGrid
from tgbench.methods.shared.rasterizer import Camera, rasterize
from tgbench.methods.shared.spherical_harmonics import sh_to_rgb
from tgbench.methods.shared.ssim import l1_ssim_loss
from tgbench.methods.shared.threads import halves, in_halves, with_halves


@pytest.fixture
def two_cores(monkeypatch):
    monkeypatch.setattr(threads, "cores", lambda: 2)
    monkeypatch.setattr(threads, "_WORTH_HALVING", 0)


def done_at_once() -> list[str]:
    """Return the halves that were done, each while the other was."""
    done: list[str] = []
    meeting = threading.Barrier(2)

    def work(part: str) -> None:
        meeting.wait(timeout=10)
        done.append(part)

    with with_halves():
        halves(work, ("first", "second"), "whole")
    return sorted(done)


def test_a_free_core_does_the_second_half(two_cores):
    assert done_at_once() == ["first", "second"]


def test_the_whole_is_done_where_no_core_is_free(two_cores):
    done: list[str] = []
    halves(done.append, ("first", "second"), "whole")
    with with_halves():
        inside = threading.Thread(target=_beside, args=(done,))
        inside.start()
        inside.join()
    assert done == ["whole", "whole", "first", "second"]


def _beside(done: list[str]) -> None:
    """Do two works while the thread that started this one keeps the other core."""
    with with_halves():
        halves(done.append, ("first", "second"), "whole")
        halves(done.append, ("first", "second"))


def test_several_threads_have_a_helper_each(monkeypatch):
    monkeypatch.setattr(threads, "cores", lambda: 8)
    done: list[str] = []

    def beside() -> None:
        with with_halves():
            for _ in range(200):
                halves(done.append, ("first", "second"))

    workers = [threading.Thread(target=beside) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert Counter(done) == {"first": 800, "second": 800}


@pytest.mark.parametrize("broken", ["first", "second"])
def test_an_error_of_either_half_is_raised_and_the_core_is_free_again(two_cores, broken):
    def fail(part: str) -> None:
        if part == broken:
            raise ValueError(part)

    for _ in range(3):
        with with_halves(), pytest.raises(ValueError, match=broken):
            halves(fail, ("first", "second"))
    assert done_at_once() == ["first", "second"]


def drawn() -> list[torch.Tensor]:
    """Return a loss and its gradients by way of hash grid, rasterizer and SSIM."""
    generator = torch.Generator().manual_seed(0)
    count, size = 300, 67
    grid = TriPlaneHashGrid(
        levels=3, features=1, base_resolution=8, finest_resolution=32, generator=generator
    )
    means = ((torch.rand(count, 3, generator=generator) - 0.5) * 0.3).requires_grad_()
    higher = 1e3 * grid(means)[:, :9].view(count, 3, 3)
    colors = sh_to_rgb(torch.rand(count, 3, generator=generator), higher, means, 1)
    camera = Camera(torch.eye(4).numpy(), 2.0 * size, 2.0 * size, size / 2, size / 2, size, size)
    image = rasterize(
        means + torch.tensor([0.0, 0.0, 1.0]),
        torch.randn(count, 4, generator=generator),
        torch.full((count, 3), 0.02),
        torch.rand(count, generator=generator),
        colors,
        camera,
    ).colors
    loss = l1_ssim_loss(image, torch.rand(image.shape, generator=generator))
    loss.backward()
    return [loss.detach(), image.detach(), means.grad, grid.table.grad]


def test_halves_give_the_same_bits_as_one_thread(two_cores, monkeypatch):
    alone = drawn()
    handed_over: list[object] = []
    begin = threads._Helper.begin
    monkeypatch.setattr(
        threads._Helper, "begin", lambda *arguments: (handed_over.append(1), begin(*arguments))
    )
    with with_halves():
        assert all(torch.equal(a, b) for a, b in zip(alone, drawn(), strict=True))
    # Grid, harmonics, projection and blending in both directions, and SSIM.
    assert len(handed_over) == 9
    assert all(tensor.any() for tensor in alone)


def test_what_takes_less_than_a_hand_over_is_not_halved(monkeypatch):
    monkeypatch.setattr(threads, "cores", lambda: 2)
    done: list[slice] = []
    with with_halves():
        in_halves(done.append, 10, cost=threads._WORTH_HALVING / 11)
        in_halves(done.append, 10, cost=threads._WORTH_HALVING / 10)
    assert done[0] == slice(0, 10)
    assert sorted(done[1:], key=lambda part: part.start) == [slice(0, 5), slice(5, 10)]
