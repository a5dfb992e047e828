from __future__ import annotations

import threading

from live_classify.flow.newest import Newest

DEADLINE_S = 20.0  # a test that waits this long has failed


def test_before_the_first_value_there_is_none() -> None:
    newest = Newest[str]()
    assert newest.get() is None
    assert newest.wait(0, timeout=0.001) == (0, None)


def test_only_the_last_value_is_kept() -> None:
    newest = Newest[int]()
    for value in (5, 6, 7):
        newest.set(value)
    assert newest.get() == 7
    assert newest.wait(0, DEADLINE_S) == (3, 7)


def test_a_value_that_was_seen_is_waited_past() -> None:
    newest = Newest[str]()
    newest.set("old")
    version, _ = newest.wait(0, DEADLINE_S)
    assert newest.wait(version, timeout=0.001) == (version, "old")
    setter = threading.Timer(0, newest.set, ("new",))
    setter.start()
    assert newest.wait(version, DEADLINE_S) == (version + 1, "new")
    setter.join()


def test_an_equal_value_set_again_is_a_new_one() -> None:
    newest = Newest[int]()
    newest.set(1)
    newest.set(1)
    assert newest.wait(1, DEADLINE_S) == (2, 1)


def test_every_waiting_thread_is_woken() -> None:
    newest = Newest[int]()
    seen: list[int | None] = []
    threads = [threading.Thread(target=lambda: seen.append(newest.wait(0, DEADLINE_S)[1])) for _ in range(3)]
    for thread in threads:
        thread.start()
    newest.set(4)
    for thread in threads:
        thread.join(DEADLINE_S)
    assert seen == [4, 4, 4]
