from __future__ import annotations

import itertools

import numpy as np
import pytest

from doubles import Clock
from live_classify.flow.meter import Meter
from live_classify.flow.percentiles import Percentiles


@pytest.fixture
def clock() -> Clock:
    return Clock()


def ticked(clock: Clock, every_s: float, times: int, frames: int = 1) -> Meter:
    meter = Meter(clock)
    meter.tick(frames)
    for _ in range(times - 1):
        clock.now_s += every_s
        meter.tick(frames)
    return meter


def test_the_rate_counts_intervals_not_ticks() -> None:
    meter = Meter(clock=itertools.count(0.0, 0.25).__next__)
    for _ in range(9):
        meter.tick()
    assert meter.frames == 9
    assert meter.fps == pytest.approx(4.0)


@pytest.mark.parametrize("fps", [0.2, 0.9, 1.0, 5.0, 30.0, 1000.0])
@pytest.mark.parametrize("ticks", [2, 3, 50])
def test_a_steady_rate_is_read_as_it_is(clock: Clock, fps: float, ticks: int) -> None:
    assert ticked(clock, 1 / fps, ticks).fps == pytest.approx(fps)


def test_frames_of_a_batch_all_count(clock: Clock) -> None:
    meter = ticked(clock, every_s=0.5, times=7, frames=8)
    assert meter.frames == 56
    assert meter.fps == pytest.approx(16.0)


def test_there_is_no_rate_before_the_second_frame(clock: Clock) -> None:
    meter = Meter(clock)
    assert meter.fps == 0
    meter.tick()
    assert meter.fps == 0


def test_frames_at_the_same_instant_give_no_rate_and_no_error(clock: Clock) -> None:
    assert ticked(clock, every_s=0.0, times=5).fps == 0


def test_the_rate_follows_a_change_within_a_second(clock: Clock) -> None:
    meter = ticked(clock, every_s=0.01, times=300)
    for _ in range(11):
        clock.now_s += 0.1
        meter.tick()
    assert meter.fps == pytest.approx(10.0, rel=0.05)


def test_the_rate_falls_steadily_while_nothing_comes(clock: Clock) -> None:
    meter = ticked(clock, every_s=0.04, times=50)
    rates = []
    for _ in range(1000):
        clock.now_s += 0.1
        rates.append(meter.fps)
    assert rates[0] == pytest.approx(25.0)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(1 / 100)


def test_a_long_silence_is_soon_forgotten(clock: Clock) -> None:
    meter = ticked(clock, every_s=0.04, times=50)
    clock.now_s += 1000
    meter.tick()
    assert meter.fps == pytest.approx(1 / 1000)
    clock.now_s += 0.04
    meter.tick()
    assert meter.fps == pytest.approx(25.0)


@pytest.mark.parametrize("silent_s", [0.0, 0.9, 1.1, 60.0])
def test_the_rate_at_a_time_is_the_one_that_was_read_then(clock: Clock, silent_s: float) -> None:
    meter = ticked(clock, every_s=0.04, times=50)
    clock.now_s += silent_s
    then_s, read = clock.now_s, meter.fps
    clock.now_s += 1000
    assert meter.fps_at(then_s) == read


def test_the_mean_is_of_all_frames_where_the_rate_is_of_the_last_second(clock: Clock) -> None:
    meter = ticked(clock, every_s=0.125, times=17)
    for _ in range(32):
        clock.now_s += 0.0625
        meter.tick()
    assert meter.fps == 16
    assert meter.mean_fps == (16 + 32) / 4


def test_the_mean_of_batches_counts_each_frame(clock: Clock) -> None:
    assert ticked(clock, every_s=0.5, times=7, frames=8).mean_fps == 16


def test_the_mean_leaves_out_the_time_before_the_first_frame_and_after_the_last(clock: Clock) -> None:
    meter = Meter(clock)
    clock.now_s += 10
    meter.tick()
    assert meter.mean_fps == 0
    clock.now_s += 0.5
    meter.tick()
    clock.now_s += 10
    assert meter.mean_fps == 2


def test_the_mean_counts_a_pause_once_frames_come_again(clock: Clock) -> None:
    meter = ticked(clock, every_s=0.125, times=9)
    clock.now_s += 3
    meter.tick()
    assert meter.mean_fps == 9 / 4


@pytest.mark.parametrize("times", [1, 5])
def test_there_is_no_mean_of_an_instant(clock: Clock, times: int) -> None:
    assert ticked(clock, every_s=0.0, times=times).mean_fps == 0


def test_busy_time_adds_up_even_when_the_work_fails(clock: Clock) -> None:
    meter = Meter(clock)
    with meter.busy():
        clock.now_s += 2

    def fail() -> None:
        with meter.busy():
            clock.now_s += 3
            raise ZeroDivisionError("work")

    with pytest.raises(ZeroDivisionError, match="work"):
        fail()
    clock.now_s += 10
    assert meter.busy_s == pytest.approx(5.0)


def test_percentiles_of_nothing_are_none() -> None:
    assert Percentiles().percentile(50) is None


@pytest.mark.parametrize("percent", [0, 1, 25, 50, 95, 99, 100])
@pytest.mark.parametrize("seed", range(5))
def test_percentiles_agree_with_numpy_within_one_percent(seed: int, percent: float) -> None:
    durations = np.random.default_rng(seed).lognormal(mean=-5, sigma=1.5, size=3000)
    percentiles = Percentiles()
    for seconds in durations:
        percentiles.add(float(seconds))
    exact = np.percentile(durations, percent, method="inverted_cdf")
    assert percentiles.percentile(percent) == pytest.approx(max(exact, 1e-5), rel=0.01)


def test_one_duration_is_every_percentile() -> None:
    percentiles = Percentiles()
    percentiles.add(0.007)
    for percent in (0, 50, 100):
        assert percentiles.percentile(percent) == pytest.approx(0.007, rel=0.01)


@pytest.mark.parametrize("seconds", [0.0, -1.0, 1e-9])
def test_very_short_durations_count_as_ten_microseconds(seconds: float) -> None:
    percentiles = Percentiles()
    percentiles.add(seconds)
    assert percentiles.percentile(50) == pytest.approx(1e-5)


def test_merged_percentiles_are_those_of_all_durations() -> None:
    one, other = Percentiles(), Percentiles()
    for ms in range(1, 51):
        one.add(ms / 1000)
        other.add((ms + 50) / 1000)
    one.merge(other)
    assert one.percentile(50) == pytest.approx(0.050, rel=0.01)
    assert one.percentile(100) == pytest.approx(0.100, rel=0.01)


def test_the_histogram_has_every_duration_once() -> None:
    percentiles = Percentiles()
    for seconds in (0.02, 0.02, 0.004):
        percentiles.add(seconds)
    (short_s, shorts), (long_s, longs) = percentiles.histogram()
    assert (shorts, longs) == (1, 2)
    assert short_s == pytest.approx(0.004, rel=0.01)
    assert long_s == pytest.approx(0.02, rel=0.01)
