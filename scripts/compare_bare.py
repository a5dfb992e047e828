"""Compare the pipeline with a bare loop around LiteRT, on the same recording, in alternating rounds.

The bare loop is the least that could do the work: one thread decodes, a thread pool crops and runs the interpreter. It
writes nothing and handles no error. It is run in both layouts (an interpreter a core with one thread each, one
interpreter with all cores), and the better one is what the pipeline is measured against.

    python scripts/compare_bare.py RECORDING [--precision float32|int8] [--rounds 5] [--output]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from _peers import Loop, litert, recording, run_over
from live_classify import Classifier, load_classifier
from live_classify.core.cores import usable_cores
from live_classify.core.protocols import Sink
from live_classify.core.quiet import native_stderr_silenced, silence_native_code
from live_classify.core.values import Answered
from live_classify.flow.outlet import Outlet
from live_classify.flow.pipeline import Pipeline
from live_classify.models.catalogue.lite_weights import LITE0
from live_classify.outputs.factory import video_outlet
from live_classify.sources.recording import Recording


def bare_run(path: Path, loop: Loop) -> list[int]:
    """Classify every frame in a bare loop; returns the best class of each."""
    return run_over(loop, recording(str(path))).answers


def pipeline_run(path: Path, classifier: Classifier, output: Path | None) -> list[int]:
    """Classify every frame through the whole program; returns the best class of each."""
    answers: list[int] = []

    class Collect:
        def write(self, answered: Answered) -> None:
            answers.append(answered.prediction.top.index)

        def close(self) -> None:
            pass

    source = Recording(path)
    sinks: list[Sink | Outlet] = [Collect()]
    if output is not None:
        sinks.append(video_outlet(output, source, path))
    with Pipeline([source], classifier, live=False, sinks=sinks) as pipeline:
        pipeline.wait()
    return answers


def timed(run: Callable[[], list[int]]) -> tuple[float, list[int]]:
    """Frames a second, and the answers."""
    start_s = time.perf_counter()
    answers = run()
    return len(answers) / (time.perf_counter() - start_s), answers


def main() -> None:
    """Print the rates of each round, their medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--precision", choices=["auto", "float32", "int8"], default="auto")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", action="store_true", help="measure the pipeline writing an annotated video too")
    options = parser.parse_args()

    classifier = load_classifier(engine="litert", precision=options.precision)
    precision = classifier.engines("throughput")[0].precision
    model, cores = LITE0.litert["int8" if precision == "int8" else "float32"](), usable_cores()
    annotated = Path(tempfile.mkdtemp()) / "annotated.mp4"
    bare = [f"bare, {cores} interpreters x 1 thread", f"bare, 1 interpreter x {cores} threads"]
    runs: dict[str, Callable[[], list[int]]] = {
        bare[0]: partial(bare_run, options.recording, litert(str(model), cores, 1)),
        bare[1]: partial(bare_run, options.recording, litert(str(model), 1, cores)),
        "pipeline": lambda: pipeline_run(options.recording, classifier, None),
    }
    if options.output:
        runs["pipeline with --output"] = lambda: pipeline_run(options.recording, classifier, annotated)

    rates: dict[str, list[float]] = {name: [] for name in runs}
    silence_native_code()
    with native_stderr_silenced():  # warms up, too: now the interpreters are made
        answers = {name: run() for name, run in runs.items()}
    expected = answers[bare[0]]
    for name, ones in answers.items():
        same = sum(one == other for one, other in zip(ones, expected, strict=True))
        print(f"{name}: {same} of {len(expected)} answers agree with the bare loop's")
    for _ in range(options.rounds):
        for name, run in runs.items():
            rates[name].append(timed(run)[0])

    print(f"\n{options.recording.name}, {len(expected)} frames, {classifier.describe('throughput')}")
    best = max(bare, key=lambda name: statistics.median(rates[name]))
    for name, values in rates.items():
        ratio = statistics.median(value / base for value, base in zip(values, rates[best], strict=True))
        spread = (max(values) - min(values)) / statistics.median(values)
        print(
            f"{name:34} {statistics.median(values):7.1f} fps (spread {spread:4.0%})  {ratio:.2f} of the best bare loop"
        )


if __name__ == "__main__":
    main()
