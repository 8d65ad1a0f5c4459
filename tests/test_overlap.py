from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator

import cv2
import pytest

from tgbench.overlap import Stopped, beside, drawn_ahead, in_order, opencv_alone


def test_results_come_in_order_however_long_each_takes() -> None:
    def slow_first(number: int) -> int:
        time.sleep(0.01 if number % 3 == 0 else 0.0)
        return number * number

    assert [*in_order(slow_first, range(20))] == [number**2 for number in range(20)]


def test_few_items_are_drawn_ahead_of_what_was_taken() -> None:
    drawn: list[int] = []

    def items() -> itertools.chain[int]:
        return itertools.chain.from_iterable((drawn.append(i) or (i,)) for i in itertools.count())

    results = in_order(lambda item: item, items(), workers=2)
    for taken in range(10):
        assert next(results) == taken
        assert len(drawn) <= taken + 7
    results.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_ends_the_work_and_its_threads(workers: int) -> None:
    before = threading.active_count()
    done: list[int] = []

    def work(number: int) -> None:
        if number == 3:
            raise ValueError("three")
        done.append(number)

    with pytest.raises(ValueError, match="three"):
        list(in_order(work, range(1000), workers))
    assert max(done) < 12
    assert threading.active_count() == before


def test_work_beside_stops_when_the_block_is_interrupted() -> None:
    begun = threading.Event()

    def endless(stop: threading.Event) -> None:
        for _ in in_order(lambda _: begun.set(), itertools.count()):
            if stop.is_set():
                raise Stopped

    def interrupt() -> None:
        begun.wait(5.0)
        raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt), beside(endless):
        interrupt()
    assert threading.active_count() == before


def test_an_error_beside_is_raised_at_the_end_of_the_block() -> None:
    def fails(stop: threading.Event) -> None:
        raise OSError("disk full")

    reached = False
    with pytest.raises(OSError, match="disk full"), beside(fails):
        reached = True
    assert reached


def test_items_are_drawn_ahead_in_order_and_an_error_comes_after_those_before_it() -> None:
    def items() -> Iterator[int]:
        yield from range(20)
        raise ValueError("drawn")

    seen: list[int] = []
    drawn = drawn_ahead(items())
    seen.extend(itertools.islice(drawn, 20))
    assert seen == [*range(20)]
    with pytest.raises(ValueError, match="drawn"):
        next(drawn)
    assert [*drawn_ahead(iter([None, 1, None]))] == [None, 1, None]


def test_what_is_drawn_ahead_is_bounded_and_ends_with_the_caller() -> None:
    begun: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1000):
            begun.append(number)
            yield number

    drawn = drawn_ahead(items())
    assert [next(drawn) for _ in range(5)] == [0, 1, 2, 3, 4]
    drawn.close()
    assert len(begun) < 12


def test_opencv_gets_its_threads_back() -> None:
    before = cv2.getNumThreads()
    with opencv_alone():
        assert cv2.getNumThreads() == 1
    assert cv2.getNumThreads() == before
