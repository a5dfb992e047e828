"""The buffer against a model of it, in any order of calls that one thread can make without waiting."""

from __future__ import annotations

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from live_classify.flow.buffer import Buffer, Policy

Item = tuple[str, int]


class BufferMachine(RuleBasedStateMachine):
    """Under ``latest`` the newest of each source win; under ``lossless`` all come out, in order."""

    @initialize(
        size=st.integers(1, 5),
        policy=st.sampled_from(["latest", "lossless"]),
        each=st.none() | st.integers(1, 3),
    )
    def begin(self, size: int, policy: Policy, each: int | None) -> None:
        self.buffer: Buffer[Item] = Buffer(size, policy, lambda item: item[0], each)
        self.size, self.policy, self.each = size, policy, each or size
        self.number = 0
        self.closed = self.released = False
        self.put_in: list[Item] = []
        self.taken: list[Item] = []
        self.forgotten: list[Item] = []

    @property
    def waiting(self) -> int:
        """How many items wait: all that were put in and did not come out in one way or another."""
        gone = len(self.taken) + len(self.forgotten) + self.buffer.dropped.total()
        return len(self.put_in) - gone

    @property
    def would_wait(self) -> bool:
        full = self.waiting >= self.size
        return self.policy == "lossless" and full and not (self.closed or self.released)

    @precondition(lambda self: not self.would_wait)
    @rule(source=st.sampled_from("abc"))
    def put(self, source: str) -> None:
        item = (source, self.number)
        self.number += 1
        accepted = self.buffer.put(item)
        assert accepted is not self.closed
        if accepted:
            self.put_in.append(item)

    @rule(most=st.integers(1, 4))
    def take(self, most: int) -> None:
        before = self.waiting
        taken = self.buffer.take(most, timeout=0)
        assert len(taken) == min(most, before)
        self.taken += taken

    @rule()
    def close(self) -> None:
        self.buffer.close()
        self.closed = True

    @rule()
    def discard(self) -> None:
        self.forgotten += self.buffer.discard()
        self.closed = True
        assert self.waiting == 0

    @rule()
    def release(self) -> None:
        self.buffer.release()
        self.released = True

    @invariant()
    def nothing_comes_twice_or_from_nowhere(self) -> None:
        out = Counter(self.taken) + Counter(self.forgotten)
        assert out <= Counter(self.put_in)
        assert all(count == 1 for count in out.values())

    @invariant()
    def each_source_keeps_its_order(self) -> None:
        for source in "abc":
            numbers = [number for name, number in [*self.taken, *self.forgotten] if name == source]
            assert numbers == sorted(numbers)

    @invariant()
    def it_is_bounded_until_it_is_released(self) -> None:
        assert self.released or self.waiting <= self.size

    @invariant()
    def lossless_loses_nothing(self) -> None:
        if self.policy == "lossless":
            assert not self.buffer.dropped
            assert [*self.taken, *self.forgotten] == self.put_in[: len(self.taken) + len(self.forgotten)]

    @invariant()
    def it_is_finished_when_closed_and_empty(self) -> None:
        assert self.buffer.finished is (self.closed and self.waiting == 0)


TestBuffer = BufferMachine.TestCase
TestBuffer.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
