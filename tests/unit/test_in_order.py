from __future__ import annotations

import threading

import numpy as np
import pytest

from live_classify.flow.in_order import InOrder

DEADLINE_S = 20.0  # a test that waits this long has failed


def started(*threads: threading.Thread) -> None:
    for thread in threads:
        thread.start()


def joined(*threads: threading.Thread) -> None:
    for thread in threads:
        thread.join(DEADLINE_S)
        assert not thread.is_alive()


def test_work_is_handed_on_as_soon_as_nothing_before_it_is_missing() -> None:
    handed: list[str] = []
    order = InOrder(handed.append, ahead=10)
    order.put(2, "c")
    order.put(1, "b")
    assert handed == []
    order.put(0, "a")
    assert handed == ["a", "b", "c"]
    order.put(3, "d")
    assert handed == ["a", "b", "c", "d"]


@pytest.mark.parametrize("threads", [1, 2, 7])
@pytest.mark.parametrize("seed", range(3))
def test_any_order_of_finishing_becomes_the_right_one(threads: int, seed: int) -> None:
    handed: list[int] = []
    order = InOrder(handed.append, ahead=2 * threads)
    numbers, taking, rng, never = iter(range(200)), threading.Lock(), np.random.default_rng(seed), threading.Event()

    def work() -> None:
        while True:
            with taking:
                number = next(numbers, None)
                wait_s = rng.random() / 2000
            if number is None:
                return
            never.wait(wait_s)
            order.put(number, number)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    started(*workers)
    joined(*workers)
    assert handed == list(range(200))


def test_work_too_far_ahead_waits_for_the_missing() -> None:
    handed: list[int] = []
    order = InOrder(handed.append, ahead=2)
    order.put(1, 1)
    through = threading.Event()

    def far_ahead() -> None:
        order.put(2, 2)
        through.set()

    thread = threading.Thread(target=far_ahead)
    started(thread)
    assert not through.wait(0.05)  # long enough to fail where nothing holds it back
    order.put(0, 0)
    assert through.wait(DEADLINE_S)
    joined(thread)
    assert handed == [0, 1, 2]


def test_work_is_handed_on_by_one_thread_at_a_time() -> None:
    inside = threading.Lock()

    def hand_on(_: int) -> None:
        assert inside.acquire(blocking=False)
        inside.release()

    order = InOrder(hand_on, ahead=100)
    failures: list[Exception] = []

    def put(number: int) -> None:
        try:
            order.put(number, number)
        except AssertionError as error:
            failures.append(error)

    threads = [threading.Thread(target=put, args=(number,)) for number in range(50)]
    started(*threads)
    joined(*threads)
    assert not failures


def test_aborting_wakes_all_that_wait_and_hands_nothing_on() -> None:
    handed: list[int] = []
    order = InOrder(handed.append, ahead=1)
    waiting = [threading.Thread(target=order.put, args=(number, number)) for number in (1, 2, 3)]
    started(*waiting)
    order.abort()
    joined(*waiting)
    order.put(0, 0)
    assert handed == []


def test_aborting_during_a_hand_on_stops_what_would_follow() -> None:
    handed: list[int] = []
    handing, let_go = threading.Event(), threading.Event()

    def hand_on(work: int) -> None:
        handed.append(work)
        handing.set()
        assert let_go.wait(DEADLINE_S)

    order = InOrder(hand_on, ahead=5)
    order.put(1, 1)
    putting = threading.Thread(target=order.put, args=(0, 0))
    aborting = threading.Thread(target=order.abort)
    started(putting)
    assert handing.wait(DEADLINE_S)
    started(aborting)
    # The flag is set before abort() waits for the lock; there is no event for that, so what is asserted holds
    # whichever of the two comes first: nothing hangs, and order is kept.
    let_go.set()
    joined(putting, aborting)
    assert handed in ([0], [0, 1])


def test_a_failure_to_hand_on_reaches_whoever_brought_the_work() -> None:
    def refuse(_: int) -> None:
        raise RuntimeError("full")

    order = InOrder(refuse, ahead=1)
    with pytest.raises(RuntimeError, match="full"):
        order.put(0, 0)
