"""How many threads torch uses, and threads that make frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

from tgbench.interfaces import Drive
from tgbench.machine import cores
from tgbench.overlap import in_order

Output = TypeVar("Output")


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread of the CPU inside.

    With more, they wait for each other at every small layer, on a busy machine ten times as long as
    one thread takes for all.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def frame_threads(
    make: Callable[[int], Output], drive: Drive, device: torch.device
) -> Iterator[Output]:
    """Yield what is made of each frame of a drive, in order.

    Threads of one frame each scale better than threads inside a frame, which wait for each other.

    Args:
        make: of the frame of an index; called from several threads at once on a CPU.
        drive: whose frames.
        device: where frames are made; a GPU gets them one by one.
    """
    workers = cores() if device.type == "cpu" else 1
    return in_order(make, range(len(drive)), workers, start=lambda: torch.set_num_threads(1))
