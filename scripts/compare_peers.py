"""Compare the whole program with others that could do its work: same recording, same network, interleaved rounds.

- `live-classify video`, as users run it, with a log;
- bare loops around LiteRT and ONNX Runtime, in both layouts (a worker a core with one thread each, one worker with all
  cores), and OpenVINO's asynchronous queue: the least that could do the work;
- MediaPipe's ImageClassifier in video mode; Ultralytics' loaders in front of bare LiteRT;
- the tutorial's loop: Keras's `predict` or `predict_on_batch`.

Each runs in a process of its own. Its start and a few frames to warm up aren't in the times; its peak of memory is that
of the whole process. Latency is from a decoded frame (with Ultralytics, from where its loader hands the frame over) to
its answer. Answers are compared before times are believed. What can't be had is left out, with the reason on standard
error. What isn't in this environment is installed into others, once. The slow ones get the first frames only.

    python scripts/compare_peers.py [RECORDING] [--rounds 3] [--json FILE] [--with-ultralytics]
"""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

from platformdirs import user_cache_path

from _console import SetupError, end_with, say
from _peer_contenders import Contender, contenders
from _peer_table import Result, Round, table
from live_classify.assets import asset
from live_classify.core.cores import usable_cores
from live_classify.engines.processor import processor_name


class Comparison:
    """Everyone's results. The first contender of each precision is its reference, the first of all the float32 one."""

    def __init__(self, candidates: Sequence[Contender], recording: Path) -> None:
        self._results = {one: Result(one.name, one.precision, one.ours) for one in candidates}
        self._recording = recording
        self.references: dict[str, Sequence[int]] = {}
        """The answers of each precision's reference."""
        self.versions = {"Python": platform.python_version()}
        """Of what took part."""

    @property
    def results(self) -> list[Result]:
        """Of all who didn't fail."""
        return list(self._results.values())

    def run_round(self) -> None:
        """Run everyone once. Who fails is left out from then on; who answers otherwise isn't run again.

        Raises:
            SetupError: the reference failed.
        """
        for contender, result in list(self._results.items()):
            if not result.believed:
                continue
            try:
                done = contender.run(self._recording)
            except SetupError as error:
                if not self.references:
                    raise
                say(f"{contender.name} is left out: {error}")
                del self._results[contender]
                continue
            self.versions |= done.pop("versions")
            one = Round(**done)
            own = self.references.setdefault(contender.precision, one.answers)
            result.add(one, self.references["float32"][: contender.most], own[: contender.most])
            say(f"  {contender.name}: {one.fps:.1f} frames a second, {result.agreement:.0%} agreement")


def main() -> int:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", type=Path, nargs="?", help="default: the clip of `live-classify demo`")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every round, too")
    parser.add_argument("--environments", type=Path, metavar="DIR", help="where they are kept; default: user's cache")
    parser.add_argument(
        "--with-ultralytics", action="store_true", help="installs PyTorch: 1 GB, or 6 where no build for CPUs is found"
    )
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    if options.json and not options.json.absolute().parent.is_dir():
        parser.error(f"there is no folder {options.json.parent}")
    recording = (options.recording or asset("demo.mp4")).absolute()
    if not recording.is_file():
        parser.error(f"{recording} is not a file")
    folder = (options.environments or user_cache_path("live_classify") / "peers").absolute()

    comparison = Comparison(list(contenders(folder, options.with_ultralytics)), recording)
    for number in range(options.rounds):
        say(f"Round {number + 1} of {options.rounds}")
        comparison.run_round()

    facts = {
        "recording": recording.name,
        "frames": len(comparison.references["float32"]),
        "processor": processor_name(),
        "cores": usable_cores(),
        "versions": ", ".join(f"{name} {version}" for name, version in comparison.versions.items()),
        "date": datetime.now(tz=timezone.utc).date().isoformat(),
    }
    if options.json:
        results = [asdict(one) for one in comparison.results]
        options.json.write_text(json.dumps({**facts, "results": results}), encoding="utf-8")
    print("{recording}, {frames} frames; {processor}, {cores} cores; {versions}; {date}\n".format(**facts))
    print(table(comparison.results))
    return 0


if __name__ == "__main__":
    end_with(main)
