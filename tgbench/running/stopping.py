"""Being ended from outside."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stopped_by_terminate() -> Iterator[None]:
    """Take SIGTERM as Ctrl-C, so that whoever ends this process ends its children, too.

    So does a terminal that is closed (SIGHUP), unless `nohup` has that ignored.
    """

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    former = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    if former[signal.SIGHUP] is signal.SIG_IGN:
        del former[signal.SIGHUP]
    try:
        for number in former:
            signal.signal(number, interrupt)
    except ValueError:
        # Not the main thread, which alone gets signals.
        yield
        return
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
