from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from live_classify.core.errors import EngineError, ModelFileError
from live_classify.models.records.labels import Labels, named_labels, read_labels

TABLE = "0\tn01\ttench\n1\tn02\tgreat_white_shark\n2\tn03\tcock\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "labels.txt"


def test_one_name_a_line(path: Path) -> None:
    path.write_text("tench\n great white shark \ncock")
    assert read_labels(path, 3) == Labels(("", "", ""), ("tench", "great white shark", "cock"))


def test_a_table_of_index_id_and_name(path: Path) -> None:
    path.write_text(TABLE)
    labels = read_labels(path, 3)
    assert labels == Labels(("n01", "n02", "n03"), ("tench", "great_white_shark", "cock"))
    assert len(labels) == 3


def test_indices_before_the_names_are_left_out(path: Path) -> None:
    """As Teachable Machine writes them."""
    path.write_text("0 Class 1\n1 2 apples\n2 cock\n")
    assert read_labels(path, 3) == Labels(("", "", ""), ("Class 1", "2 apples", "cock"))


@pytest.mark.parametrize(
    "lines", [["0 a", "1 b", "3 c"], ["1 a", "2 b", "3 c"], ["0 a", "b", "2 c"], ["0a", "1b", "2c"]]
)
def test_numbers_that_are_no_indices_belong_to_the_names(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines))
    assert read_labels(path, 3).names == tuple(lines)


def test_labels_of_names_alone() -> None:
    assert named_labels(["a", " b "], "here", 2) == Labels(("", ""), ("a", "b"))


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["a"], "here doesn't fit the network: it names 1 classes, the network has 2"),
        (["a", ""], "here, label 2: the name is missing"),
        (["a\tb", "c"], "here, label 1: tabs or control characters in a name"),
    ],
)
def test_names_that_do_not_fit_are_refused(names: list[str], says: str) -> None:
    with pytest.raises(ModelFileError, match=says):
        named_labels(names, "here", 2)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("last", ["", "\n", "\n\n\n"])
def test_files_of_other_systems(path: Path, end: str, mark: bytes, last: str) -> None:
    path.write_bytes(mark + ("naïve\ncafé\n日本" + last).replace("\n", end).encode())
    assert read_labels(path, 3).names == ("naïve", "café", "日本")


def test_rare_characters_do_not_end_a_line(path: Path) -> None:
    path.write_text("a\u2028b\nc\u2029d\n", encoding="utf-8")
    assert read_labels(path, 2).names == ("a\u2028b", "c\u2029d")


@pytest.mark.parametrize("name", ["cat\x1b[2J", "cat\x07", "cat\x0c", "cat\tdog", "n02123045\ttabby"])
def test_a_name_that_would_command_the_terminal_is_refused(path: Path, name: str) -> None:
    path.write_text(f"dog\n{name}\n", encoding="utf-8")
    with pytest.raises(ModelFileError, match=r"line 2: tabs or control characters"):
        read_labels(path, 2)


@pytest.mark.parametrize(
    ("contents", "says"),
    [
        (b"cat\ndog\n", "labels.txt doesn't fit the network: it names 2 classes, the network has 3"),
        (b"a\nb\nc\nd\n", "it names 4 classes, the network has 3"),
        (b"", "it names 0 classes, the network has 3"),
        (b"\n\n\n", "it names 0 classes"),
        (b"cat\n\ndog\n", "line 2: the name is missing"),
        (b"cat\n  \t \ndog\n", "line 2: the name is missing"),
        (b"0\tn1\tcat\n1\tn2\t\n2\tn3\tdog\n", "line 2: the name is missing"),
        (b"0\tn1\tcat\n2\tn2\tdog\n1\tn3\tcow\n", "line 2: expected 1, an id and a name, parted by tabs"),
        (b"0 cat\n1  \n2 dog\n", "line 2: the name is missing"),
        (b"0\tn\x1b1\tcat\n1\tn2\tdog\n2\tn3\tcow\n", "line 1: tabs or control characters"),
        (b"1\tn1\tcat\n2\tn2\tdog\n3\tn3\tcow\n", "line 1: expected 0"),
        (b"0\tn1\tcat\ndog\n2\tn3\tcow\n", "line 2: expected 1"),
        (b"cat\n\xff\xfe\ndog\n", "labels.txt is not a labels file: it isn't UTF-8 text"),
        (b"\x89PNG\r\n\x1a\n\0\0", "isn't UTF-8 text"),
        (b"x" * (17 * 2**20), "labels.txt is too large for a list of labels"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(path: Path, contents: bytes, says: str) -> None:
    path.write_bytes(contents)
    with pytest.raises(ModelFileError, match=says):
        read_labels(path, 3)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"there is no labels file .*missing"):
        read_labels(tmp_path / "missing", 3)
    with pytest.raises(ModelFileError, match=r"cannot read labels file .*: Is a directory"):
        read_labels(tmp_path, 3)


def letters(count: int) -> Labels:
    return Labels(tuple(f"n{number}" for number in range(count)), tuple(f"class_{number}" for number in range(count)))


@pytest.mark.parametrize("top", [1, 3, 10, 50])
@pytest.mark.parametrize("seed", range(5))
def test_ranking_is_best_first_and_of_equals_the_lower_index_first(top: int, seed: int) -> None:
    rows = np.random.default_rng(seed).integers(0, 6, 40).astype(np.float32) / np.float32(100)
    expected = sorted(range(40), key=lambda index: (-rows[index], index))[:top]
    ranked = letters(40).rank(rows, top)
    assert [label.index for label in ranked] == expected
    assert [label.probability for label in ranked] == [float(rows[index]) for index in expected]
    assert ranked[0].index == rows.argmax()


def test_a_ranked_label_carries_its_id_and_name() -> None:
    (label,) = letters(4).rank(np.array([0.1, 0.2, 0.6, 0.1], np.float32), 1)
    assert (label.index, label.id, label.name) == (2, "n2", "class_2")
    assert label.text == "class 2"


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_has_no_rank(value: float) -> None:
    with pytest.raises(EngineError, match="probabilities aren't finite"):
        letters(4).rank(np.array([0.1, value, 0.6, 0.1], np.float32), 2)


def test_a_rank_list_is_never_empty() -> None:
    (label,) = letters(4).rank(np.array([0.1, 0.2, 0.6, 0.1], np.float32), 0)
    assert label.index == 2
