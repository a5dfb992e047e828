from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from live_classify.core.values import BgrImage, Label
from live_classify.imaging.overlay import Caption, draw

BOTTLE = Label(898, "n04557648", "water_bottle", 0.953)
RANKING = (BOTTLE, *(Label(i, "", f"class_{i}", 0.02 / i) for i in range(1, 5)))
LIVE = Caption(BOTTLE, camera_fps=30.0, classifier_fps=152.0, classifier_mean_fps=148.0, age_s=0.033)
EVERYTHING = replace(LIVE, ranking=RANKING, message="signal lost for 4 s", help=True)


def background(kind: str, width: int, height: int) -> BgrImage:
    if kind == "noise":
        return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return np.full((height, width, 3), {"white": 255, "grey": 128, "black": 0}[kind], np.uint8)


def drawn(caption: Caption, width: int = 640, height: int = 480, kind: str = "grey") -> BgrImage:
    picture = background(kind, width, height)
    draw(picture, caption)
    return picture


def changed(caption: Caption, width: int = 640, height: int = 480, kind: str = "grey") -> tuple[slice, slice]:
    """Return the rows and columns of the smallest rectangle that holds every pixel that was drawn on."""
    touched = (drawn(caption, width, height, kind) != background(kind, width, height)).any(axis=2)
    rows, columns = np.flatnonzero(touched.any(axis=1)), np.flatnonzero(touched.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def contrast(lighter: float, darker: float) -> float:
    """Return the contrast ratio of two grey values, as WCAG 2 defines it for sRGB."""
    light, dark = (((value / 255 + 0.055) / 1.055) ** 2.4 for value in (lighter, darker))
    return float((light + 0.05) / (dark + 0.05))


@pytest.mark.parametrize("size", [(320, 240), (640, 480), (1920, 1080), (1080, 1920), (64, 64)])
@pytest.mark.parametrize("kind", ["white", "grey", "black", "noise"])
def test_the_label_is_white_on_a_calm_dark_card(kind: str, size: tuple[int, int]) -> None:
    caption = Caption(BOTTLE)
    rows, columns = changed(caption, *size, kind)
    card = drawn(caption, *size, kind)[rows, columns].mean(axis=2)
    inside = card[len(card) // 10 : -len(card) // 10]
    assert contrast(inside.max(), np.median(inside)) > 6
    nameless = drawn(Caption(replace(BOTTLE, name=" ")), *size, kind)[rows, columns]
    behind_name = nameless[len(card) // 4 : len(card) // 2, : card.shape[1] // 2]
    assert behind_name.std() < 3


def test_the_rates_keep_a_readable_contrast_on_white() -> None:
    with_rates, without = (drawn(caption, kind="white") for caption in (LIVE, replace(LIVE, age_s=None)))
    age = (with_rates != without).any(axis=2)
    assert contrast(with_rates[age].mean(axis=1).max(), np.median(without[age])) > 4.5


@pytest.mark.parametrize("size", [(64, 64), (160, 120), (320, 240), (640, 480), (1920, 1080), (1080, 1920), (2000, 60)])
def test_the_card_stays_in_the_lower_left_and_leaves_most_of_the_picture_free(size: tuple[int, int]) -> None:
    rows, columns = changed(LIVE, *size)
    assert rows.start > size[1] / 3
    assert rows.stop < size[1]
    assert 0 < columns.start < size[0] * 0.1
    assert columns.stop < size[0]
    assert (rows.stop - rows.start) * (columns.stop - columns.start) < 0.45 * size[0] * size[1]


def test_text_grows_with_the_picture() -> None:
    heights = [changed(LIVE, width, width * 3 // 4)[0] for width in (320, 640, 1280, 2560)]
    assert [rows.stop - rows.start for rows in heights] == sorted({rows.stop - rows.start for rows in heights})


@pytest.mark.parametrize("kind", ["white", "noise"])
@pytest.mark.parametrize(
    "size", [(1, 1), (1, 300), (300, 1), (2, 3), (7, 7), (16, 16), (33, 47), (50, 500), (500, 50), (3840, 2160)]
)
def test_any_size_of_picture_can_be_drawn_on(size: tuple[int, int], kind: str) -> None:
    assert drawn(EVERYTHING, *size, kind).shape == (size[1], size[0], 3)


@pytest.mark.parametrize("width", range(40, 90))
def test_every_width_between_too_small_and_just_enough(width: int) -> None:
    drawn(EVERYTHING, width, 64)
    drawn(LIVE, width, width)


@pytest.mark.parametrize("side", [24, 32, 40])
def test_a_picture_too_small_for_letters_is_left_alone(side: int) -> None:
    assert np.array_equal(drawn(LIVE, side, side), background("grey", side, side))


@pytest.mark.parametrize("width", range(64, 400, 16))
def test_the_ranking_never_hides_most_of_the_picture(width: int) -> None:
    rows, _columns = changed(replace(LIVE, ranking=RANKING), width, width * 3 // 4)
    assert rows.stop - rows.start < 0.65 * width * 3 / 4


@pytest.mark.parametrize(
    ("caption", "other"),
    [
        (LIVE, replace(LIVE, stable=replace(BOTTLE, name="espresso"))),
        (LIVE, replace(LIVE, stable=replace(BOTTLE, probability=0.5))),
        (LIVE, replace(LIVE, camera_fps=29.0)),
        (LIVE, replace(LIVE, classifier_fps=9.5)),
        (LIVE, replace(LIVE, classifier_mean_fps=150.0)),
        (LIVE, replace(LIVE, age_s=1.5)),
        (LIVE, replace(LIVE, stable=None)),
        (replace(LIVE, stable=None), replace(LIVE, stable=None, starting=True)),
        (LIVE, replace(LIVE, ranking=RANKING)),
        (LIVE, replace(LIVE, message="paused")),
        (replace(LIVE, message="paused"), replace(LIVE, message="saved picture-3.png")),
        (LIVE, replace(LIVE, help=True)),
    ],
)
def test_everything_that_is_said_can_be_seen(caption: Caption, other: Caption) -> None:
    assert not np.array_equal(drawn(caption), drawn(other))


def test_not_sure_is_muted() -> None:
    assert drawn(Caption(None)).max() < 220 < drawn(Caption(BOTTLE)).max()


def test_before_the_first_answer_no_name_is_shown() -> None:
    assert np.array_equal(drawn(Caption(None, starting=True)), drawn(Caption(BOTTLE, starting=True)))


def test_a_name_is_written_without_its_underscores() -> None:
    assert np.array_equal(drawn(Caption(replace(BOTTLE, name="water bottle"))), drawn(Caption(BOTTLE)))


def test_unknown_rates_take_no_room() -> None:
    label_only, with_rates = changed(Caption(BOTTLE))[0], changed(LIVE)[0]
    assert label_only.stop - label_only.start < with_rates.stop - with_rates.start


@pytest.mark.parametrize("width", [160, 320])
def test_where_the_card_is_narrow_the_mean_goes_before_the_rest(width: int) -> None:
    without = replace(LIVE, classifier_mean_fps=None)
    assert np.array_equal(drawn(LIVE, width, width * 3 // 4), drawn(without, width, width * 3 // 4))


@pytest.mark.parametrize("size", [(640, 480), (1280, 720), (1920, 1080)])
def test_where_there_is_room_the_mean_is_beside_the_age(size: tuple[int, int]) -> None:
    longest = replace(LIVE, camera_fps=120.0, age_s=0.312)
    assert not np.array_equal(drawn(longest, *size), drawn(replace(longest, classifier_mean_fps=None), *size))
    assert not np.array_equal(drawn(longest, *size), drawn(replace(longest, age_s=0.313), *size))


@pytest.mark.parametrize("size", [(320, 240), (640, 480), (1280, 720), (360, 640)])
def test_the_ranking_fits_where_a_camera_would_show_it(size: tuple[int, int]) -> None:
    alone, ranked = changed(LIVE, *size)[0], changed(replace(LIVE, ranking=RANKING), *size)[0]
    assert alone.stop - alone.start < ranked.stop - ranked.start < 0.65 * size[1]


def test_bars_of_the_ranking_are_as_long_as_the_probability() -> None:
    def tinted(probability: float) -> int:
        only = (replace(BOTTLE, name="", probability=probability),)
        picture = drawn(Caption(None, ranking=only), kind="black").astype(int)
        return int((picture[..., 1] > picture[..., 2] + 20).any(axis=0).sum())

    quarter, full = tinted(0.25), tinted(1.0)
    columns = changed(Caption(None))[1]
    assert full > 0.92 * (columns.stop - columns.start)
    assert quarter == pytest.approx(full / 4, abs=2)


@pytest.mark.parametrize("size", [(64, 64), (320, 240), (640, 480)])
def test_a_long_name_is_shortened_to_the_card(size: tuple[int, int]) -> None:
    long = "wire-haired pointing griffon of the northern provinces " * 50
    assert changed(Caption(replace(BOTTLE, name=long)), *size) == changed(Caption(BOTTLE), *size)
    ended = drawn(Caption(replace(BOTTLE, name=long)), *size)
    assert np.array_equal(ended, drawn(Caption(replace(BOTTLE, name=long + "!")), *size))


@pytest.mark.parametrize("names", [("Käse", "Kase"), ("日本語", "???"), ("Ελληνικά", "????????"), ("кот", "???")])
def test_names_in_other_scripts_are_drawn(names: tuple[str, str]) -> None:
    first, second = (drawn(Caption(replace(BOTTLE, name=name))) for name in names)
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("text", ["two\nlines", "a\0b", "half a pair \udc80", "tab\tbell\a", "", "👩‍🔬", "مرحبا"])
def test_no_text_is_too_odd(text: str) -> None:
    plain = Caption(replace(BOTTLE, name="x"), message="y")
    odd = Caption(replace(BOTTLE, name=text), message=text)
    assert changed(replace(odd, message=None)) == changed(replace(plain, message=None))
    drawn(odd)


def test_a_line_break_stays_on_the_line() -> None:
    assert np.array_equal(drawn(Caption(None, message="two\nlines")), drawn(Caption(None, message="two lines")))


@pytest.mark.parametrize("size", [(128, 96), (640, 480), (1920, 1080)])
def test_help_hides_the_ranking_and_stays_apart_from_it(size: tuple[int, int]) -> None:
    helped, both = replace(LIVE, help=True), replace(LIVE, help=True, ranking=RANKING)
    assert np.array_equal(drawn(helped, *size), drawn(both, *size))
    assert not np.array_equal(drawn(helped, *size), drawn(LIVE, *size))


def test_help_that_does_not_fit_leaves_the_label() -> None:
    assert np.array_equal(drawn(replace(LIVE, help=True), 64, 64), drawn(LIVE, 64, 64))


def test_a_part_of_a_larger_picture_can_be_drawn_on() -> None:
    whole = background("noise", 700, 500)
    part = whole[10:490, 30:670]
    alone = part.copy()
    draw(part, LIVE)
    draw(alone, LIVE)
    assert np.array_equal(part, alone)
    assert np.array_equal(whole[:10], background("noise", 700, 500)[:10])


def test_threads_draw_the_same_at_the_same_time() -> None:
    captions = [replace(LIVE, ranking=RANKING), Caption(None, message="paused", help=True)]
    expected = [drawn(caption) for caption in captions]
    right = [0, 0]

    def work(which: int) -> None:
        right[which] = sum(np.array_equal(drawn(captions[which]), expected[which]) for _ in range(200))

    threads = [threading.Thread(target=work, args=(which,)) for which in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert right == [200, 200]
