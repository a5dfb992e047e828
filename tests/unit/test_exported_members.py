from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import live_classify
from live_classify.core import errors
from program import environment


def test_every_name_that_is_promised_can_be_imported() -> None:
    for name in live_classify.__all__:
        assert getattr(live_classify, name).__name__ == name


def test_the_names_are_sorted_and_none_is_there_twice() -> None:
    assert live_classify.__all__ == sorted(set(live_classify.__all__))


def test_nothing_else_is_offered() -> None:
    with pytest.raises(AttributeError, match="module 'live_classify' has no attribute 'Clasifier'"):
        _ = live_classify.Clasifier
    with pytest.raises(ImportError, match="cannot import name 'fast'"):
        from live_classify import fast  # noqa: F401 (that it is missing is the test)


def own_errors() -> list[type[errors.LiveClassifyError]]:
    classes = (one for _, one in inspect.getmembers(errors, inspect.isclass) if one.__module__ == errors.__name__)
    return [one for one in classes if issubclass(one, errors.LiveClassifyError)]


def test_all_errors_are_exported_and_have_one_root() -> None:
    for error in own_errors():
        assert getattr(live_classify, error.__name__) is error
    assert {name for name in live_classify.__all__ if name.endswith("Error")} == {e.__name__ for e in own_errors()}


def test_the_exit_status_tells_wrong_usage_from_failure() -> None:
    usage = {live_classify.UsageError, live_classify.UnknownModelError}
    assert {error: error.exit_status for error in own_errors()} == {
        error: 2 if error in usage else 1 for error in own_errors()
    }


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (errors.UsageError, ValueError),
        (errors.SourceOpenError, OSError),
        (errors.SourceReadError, OSError),
        (errors.UnknownModelError, ValueError),
        (errors.ModelFileError, ValueError),
        (errors.EngineError, RuntimeError),
        (errors.OutputError, OSError),
        (errors.WindowError, RuntimeError),
    ],
)
def test_errors_are_also_what_a_caller_would_guess(error: type[Exception], builtin: type[Exception]) -> None:
    assert issubclass(error, builtin)
    assert str(error("one line")) == "one line"


@pytest.mark.parametrize("module", ["live_classify", "live_classify.cli", "live_classify.core.errors"])
def test_importing_it_imports_nothing_heavy(module: str) -> None:
    heavy = {"numpy", "cv2", "av", "tensorflow", "keras", "ai_edge_litert", "imutils"}
    program = f"import sys, {module}; print(*{heavy!r} & {{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment()
    )
    assert done.stdout.split() == []
