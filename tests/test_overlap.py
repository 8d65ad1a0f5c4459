from __future__ import annotations

import itertools
import threading
import time

import pytest

from tgbench.overlap import Stopped, beside, in_order


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
        for _ in in_order(lambda _: begun.set(), itertools.count(), stop=stop):
            pass

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


def test_stopped_work_says_so() -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        list(in_order(str, range(3), stop=stop))
