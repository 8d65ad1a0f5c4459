"""Work on the frames of a clip on several threads, in order, a few frames ahead at most."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Stopped(Exception):
    """Work beside something else ends early, because that failed."""


def in_order(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int = 2,
    start: Callable[[], None] | None = None,
) -> Generator[Result, None, None]:
    """Yield `work(item)` of every item, in their order.

    `items` are drawn in the caller's thread, so that several of these can follow one another. Of
    threads rather than processes: most of what frames need is native code, which runs in parallel.
    Where an item or its work fails, or the caller ends early, what has not begun is dropped.

    Args:
        work: of one item; called from several threads at once if there are several workers.
        items: may be endless; at most three times `workers` are held at a time.
        workers: threads; with one, work is done in order too.
        start: is called once in each thread, before its work.
    """
    pool = ThreadPoolExecutor(workers, initializer=start)
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) >= 3 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def drawn_ahead(items: Iterable[Item]) -> Generator[Item, None, None]:
    """Yield items in their order, which another thread draws, at most three ahead."""
    source, end = iter(items), object()
    with closing(in_order(lambda _: next(source, end), itertools.count(), workers=1)) as drawn:
        yield from itertools.takewhile(lambda item: item is not end, drawn)


@contextmanager
def opencv_alone() -> Iterator[None]:
    """Have OpenCV work in the calling thread only, in the whole process, while the block runs.

    Where threads take a frame each, OpenCV's own compete with them and wait in busy loops.
    """
    import cv2

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


@contextmanager
def beside(work: Callable[[threading.Event], Result]) -> Iterator[Future[Result]]:
    """Run `work` on a thread of its own beside the block, and wait for it at the block's end.

    If the block fails, or is interrupted, the event that `work` gets is set: it should end soon,
    and what it raises is dropped. Its own error is raised at the end of the block.
    """
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(work, stop)
        try:
            yield running
            running.result()
        except BaseException:
            stop.set()
            raise
