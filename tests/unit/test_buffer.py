from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from live_classify.flow.buffer import Buffer, Policy

DEADLINE_S = 20.0  # a test that waits this long has failed
POLICIES: tuple[Policy, ...] = ("latest", "lossless")


@contextmanager
def in_thread(work: Callable[[], object]) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=work)
    thread.start()
    yield thread
    thread.join(DEADLINE_S)
    assert not thread.is_alive()


@pytest.mark.parametrize("policy", POLICIES)
def test_items_come_out_in_the_order_in_which_they_went_in(policy: Policy) -> None:
    buffer = Buffer[int](5, policy)
    assert all(buffer.put(item) for item in range(5))
    assert buffer.take(2) == [0, 1]
    assert buffer.take(9) == [2, 3, 4]
    assert not buffer.dropped


def test_latest_replaces_the_oldest_and_counts_it() -> None:
    buffer = Buffer[int](2, "latest")
    for item in range(10):
        assert buffer.put(item)
    assert buffer.take(9) == [8, 9]
    assert buffer.dropped == {"": 8}


def test_latest_a_fast_source_does_not_push_a_slow_one_out() -> None:
    buffer = Buffer[tuple[str, int]](2, "latest", source_of=lambda item: item[0])
    buffer.put(("slow", 0))
    for number in range(10):
        buffer.put(("fast", number))
    assert buffer.take(9) == [("slow", 0), ("fast", 9)]
    assert buffer.dropped == {"fast": 9}


def test_latest_a_source_of_which_nothing_waits_takes_the_oldest_place() -> None:
    buffer = Buffer[tuple[str, int]](2, "latest", source_of=lambda item: item[0])
    for item in (("a", 0), ("b", 0), ("c", 0)):
        buffer.put(item)
    assert buffer.take(9) == [("b", 0), ("c", 0)]
    assert buffer.dropped == {"a": 1}


def test_latest_of_each_source_as_many_wait_as_are_allowed_and_keep_their_turn() -> None:
    buffer = Buffer[tuple[str, int]](4, "latest", source_of=lambda item: item[0], each=1)
    for item in (("a", 0), ("b", 0), ("a", 1), ("c", 0), ("b", 1), ("a", 2)):
        buffer.put(item)
    assert buffer.take(1) == [("a", 2)]  # its turn came with its first frame, however often it was replaced
    assert buffer.take(9) == [("b", 1), ("c", 0)]
    assert buffer.dropped == {"a": 2, "b": 1}


def test_latest_the_frames_of_a_source_stay_in_order_when_one_is_replaced() -> None:
    buffer = Buffer[tuple[str, int]](3, "latest", source_of=lambda item: item[0])
    for item in (("a", 0), ("b", 0), ("a", 1), ("a", 2)):
        buffer.put(item)
    assert buffer.take(9) == [("a", 1), ("b", 0), ("a", 2)]


def test_lossless_a_full_buffer_makes_the_writer_wait_until_something_is_taken() -> None:
    buffer = Buffer[int](2, "lossless")
    accepted: list[int] = []

    def write() -> None:
        for item in range(50):
            assert buffer.put(item)
            accepted.append(item)

    taken: list[int] = []
    with in_thread(write):
        while len(taken) < 50:
            taken += buffer.take(1, DEADLINE_S)
            assert len(accepted) <= len(taken) + 3  # two wait, and one may be between put and append
    assert taken == list(range(50))
    assert not buffer.dropped


def test_lossless_every_item_is_taken_once_by_many_readers_and_writers() -> None:
    buffer = Buffer[int](3, "lossless")
    taken: list[list[int]] = [[] for _ in range(4)]

    def read(mine: list[int]) -> None:
        while items := buffer.take(2):
            mine += items

    readers = [threading.Thread(target=read, args=(mine,)) for mine in taken]
    writers = [
        threading.Thread(target=lambda first=first: [buffer.put(first + n) for n in range(100)])
        for first in (0, 100, 200)
    ]
    for thread in readers + writers:
        thread.start()
    for thread in writers:
        thread.join(DEADLINE_S)
    buffer.close()
    for thread in readers:
        thread.join(DEADLINE_S)
    assert sorted(item for mine in taken for item in mine) == list(range(300))
    # What one reader takes of one writer is in that writer's order.
    for mine in taken:
        for first in (0, 100, 200):
            part = [item for item in mine if first <= item < first + 100]
            assert part == sorted(part)


def test_a_reader_waits_for_the_first_item_but_never_for_more() -> None:
    buffer = Buffer[int](8, "latest")
    taken: list[list[int]] = []
    with in_thread(lambda: taken.append(buffer.take(8, DEADLINE_S))) as reader:
        buffer.put(1)
        reader.join(DEADLINE_S)
        assert taken == [[1]]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_reader_gives_up_when_the_time_is_over(policy: Policy) -> None:
    buffer = Buffer[int](1, policy)
    assert buffer.take(1, timeout=0.001) == []
    assert not buffer.finished


@pytest.mark.parametrize("policy", POLICIES)
def test_what_is_stored_at_the_close_is_still_delivered(policy: Policy) -> None:
    buffer = Buffer[int](2, policy)
    buffer.put(1)
    buffer.put(2)
    buffer.close()
    assert not buffer.put(3)
    assert buffer.take(1) == [1]
    assert buffer.take(9) == [2]
    assert buffer.take(1) == []
    assert not buffer.dropped


def test_it_is_finished_once_it_is_closed_and_empty() -> None:
    buffer = Buffer[int](2, "lossless")
    finished = [buffer.finished]
    buffer.put(1)
    buffer.close()
    finished.append(buffer.finished)
    buffer.take(1)
    finished.append(buffer.finished)
    assert finished == [False, False, True]


def test_closing_turns_a_waiting_writer_away() -> None:
    buffer = Buffer[int](1, "lossless")
    buffer.put(1)
    answers: list[bool] = []
    with in_thread(lambda: answers.append(buffer.put(2))):
        buffer.close()
    assert answers == [False]
    assert buffer.take(9) == [1]


@pytest.mark.parametrize("end", [Buffer.close, Buffer.discard])
def test_closing_wakes_all_waiting_readers(end: Callable[[Buffer[int]], None]) -> None:
    buffer = Buffer[int](1, "lossless")
    answers: list[list[int]] = []
    with in_thread(lambda: answers.append(buffer.take(1))), in_thread(lambda: answers.append(buffer.take(1))):
        end(buffer)
    assert answers == [[], []]


def test_discarding_forgets_what_waits_and_wakes_the_writer() -> None:
    buffer = Buffer[int](1, "lossless")
    buffer.put(1)
    answers: list[bool] = []
    with in_thread(lambda: answers.append(buffer.put(2))):
        buffer.discard()
    assert answers == [False]
    assert buffer.finished
    assert buffer.take(1) == []
