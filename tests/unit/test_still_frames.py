from __future__ import annotations

import numpy as np
import pytest

from doubles import Collector, GreyEngine, ListSource, grey_classifier, grey_frame
from live_classify.flow.pipeline import Pipeline
from live_classify.imaging.still_frames import StillFrames
from media import photograph


def test_noise_is_still_and_a_small_change_is_not() -> None:
    rng = np.random.default_rng(0)
    picture = photograph(224, 224)
    noisy = np.clip(picture + rng.normal(0, 2, picture.shape), 0, 255).astype(np.uint8)
    changed = picture.copy()
    changed[100:124, 100:124] = 255 - changed[100:124, 100:124]
    still = StillFrames()
    assert still.is_fresh(picture, "a", "")
    assert not still.is_fresh(noisy, "a", "")
    assert still.is_fresh(changed, "a", "")
    assert still.is_fresh(picture, "a", "door")


def test_a_slow_change_adds_up() -> None:
    still = StillFrames()
    fresh = [still.is_fresh(np.full((56, 56, 3), level, np.uint8), "a", "") for level in range(20)]
    assert fresh == [level % 5 == 0 for level in range(20)]


def test_the_first_frame_of_every_source_is_fresh() -> None:
    still, picture = StillFrames(), photograph(56, 56)
    assert [still.is_fresh(picture, source, "") for source in "aab"] == [True, False, True]


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("batch", [1, 4])
def test_still_frames_take_the_answer_of_the_last_classified_one(workers: int, batch: int) -> None:
    levels = [10, 10, 11, 50, 50, 50, 90, 50, 50, 10] * 20
    engines = [GreyEngine(batch) for _ in range(workers)]
    out = Collector()
    source = ListSource([grey_frame(level, index) for index, level in enumerate(levels)])
    with Pipeline([source], grey_classifier(*engines), live=False, sinks=[out], fresh_filter=StillFrames()) as pipeline:
        assert pipeline.wait(20)
    assert out.indices == list(range(len(levels)))
    assert [prediction.top.index for _, prediction in out.written] == [10 if x == 11 else x for x in levels]
    classified = sum(size for engine in engines for size in engine.sizes)
    assert pipeline.monitor.snapshot().still == len(levels) - classified
    # Of each ten: 50, 90, 50 and 10 differ from what was classified before; the very first is fresh as well.
    assert classified == 1 + 20 * 4
