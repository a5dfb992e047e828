"""What was measured, as text: sections of aligned columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from live_classify.measure.result import RUNS, STAGES, noisy
from live_classify.measure.rounds import NOISY

if TYPE_CHECKING:
    from live_classify.measure.result import Measurement
    from live_classify.measure.rounds import Ms, Rate
    from live_classify.measure.whole import Whole
    from live_classify.outputs.stats import Latency

_STAGE_REMARKS = {"infer": "one picture at a time", "draw": "as in the window", "encode": "H.264, as with --output"}


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under a line of headings; without headings, sentences."""

    headings: tuple[str, ...]
    rows: list[tuple[str, ...]]


def sections(result: Measurement) -> Iterator[Section]:
    """What is known of a measurement so far."""
    yield Section((), [*_subject(result)])
    yield Section(
        ("each stage alone", "a second", "ms p50", "p95", "p99", "CPU ms", "spread", "frames", ""), [*_stages(result)]
    )
    yield Section(
        ("together", "a second", "latency ms p50", "p95", "p99", "CPU ms", "spread", ""), [*_together(result)]
    )
    yield Section((), [*_limits(result)])
    headings = ("for", "network", "engine", "precision", "device", "batch", "workers", "ms", "a second", "spread")
    yield Section((*headings, "agree", ""), [*_table(result)])


def lines(parts: Sequence[Section]) -> Iterator[str]:
    """Sections as lines of text, an empty one between two; sections of nothing are left out."""
    shown = [part for part in parts if part.rows]
    for number, part in enumerate(shown):
        if number:
            yield ""
        if part.headings:
            yield from aligned([part.headings, *part.rows])
        else:
            yield from (": ".join(row) for row in part.rows)


def aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Rows of a table, the first of them headings, as lines with columns of equal width, numbers to the right."""
    columns = [*zip(*rows, strict=True)]
    pads = [str.rjust if all(not cell or cell[0].isdigit() for cell in column[1:]) else str.ljust for column in columns]
    widths = [max(map(len, column)) for column in columns]
    for row in rows:
        yield "  ".join(pad(cell, width) for pad, cell, width in zip(pads, row, widths, strict=True)).rstrip()


def noise_warning(result: Measurement) -> str | None:
    """What to say of a machine on which rounds of the same work differ; None where they don't."""
    names = noisy(result)
    if not names:
        return None
    load = result["machine"]["load"]
    busy = "" if load is None else f" (load {load:g} on {result['machine']['cores']} cores at the beginning)"
    return (
        f"this machine is busy or noisy{busy}: rounds of the same work differ by more than {NOISY:.0%}, "
        f"in {f'{len(names)} cases' if len(names) > 1 else f'1 case: {names[0]}'}"
    )


def _subject(result: Measurement) -> Iterator[tuple[str, ...]]:
    machine, subject, startup = result["machine"], result["subject"], result["startup"]
    gpus = "".join(f", {name}" for name in machine["gpus"])
    cores = f"{machine['cores']} core{'s' if machine['cores'] > 1 else ''}"
    yield "machine", f"{machine['processor']}, {cores}{gpus}; {machine['system']}, Python {machine['python']}"
    what = f"{subject['source']}, {subject['width']}x{subject['height']}"
    yield (
        "measured",
        f"{what}, with {subject['model']} on {subject['engine']} {subject['precision']}, {subject['device']}",
    )
    if startup is not None:
        first = f"{startup['first_ms']:.1f} ms for the first picture"
        yield (
            "before that",
            f"{startup['process_s']:.2f} s to start, {startup['ready_s']:.2f} s to make the network ready, {first}",
        )


def _stages(result: Measurement) -> Iterator[tuple[str, ...]]:
    for name in STAGES:
        figures = result["stages"][name]  # type: ignore[literal-required]
        if figures is not None:
            cells = _rate(figures, figures["ms"], f"{figures['cpu_ms']:.2f}")
            yield (name, *cells, str(figures["frames"]), _STAGE_REMARKS.get(name, ""))
        elif name == "decode" and result["subject"]["live"]:
            yield (name, *[""] * 7, "not measured: reading a camera is waiting for it")


def _together(result: Measurement) -> Iterator[tuple[str, ...]]:
    remarks = {"live": "as a camera of 30 fps", "recorded_with_output": "writes an annotated video"}
    for name in RUNS:
        whole: Whole | None = result["together"][name]  # type: ignore[literal-required]
        if whole is None:
            continue
        remark = remarks.get(name, "")
        live = result["together"]["live"]
        if name == "live" and live is not None:
            remark = "" if result["subject"]["live"] else f"{remark}, "
            remark += f"{live['captured_fps']:.1f} captured, {live['dropped']:.1%} dropped"
        cpu_s = whole["cpu_s_per_frame"]
        cpu = "" if cpu_s is None else f"{1000 * cpu_s:.2f}"
        yield (
            name.replace("recorded_with_output", "recorded --output"),
            *_rate(whole, whole["latency_ms"], cpu),
            remark,
        )


def _rate(rate: Rate, ms: Ms | Latency, cpu: str) -> tuple[str, ...]:
    times = ("" if value is None else f"{value:.2f}" for value in (ms["p50"], ms["p95"], ms["p99"]))
    return (f"{rate['fps']:.1f}", *times, cpu, f"{rate['spread']:.0%}")


def _limits(result: Measurement) -> Iterator[tuple[str, ...]]:
    for name, limit in (("recorded", result["limit"]["recorded"]), ("live", result["limit"]["live"])):
        if limit is not None:
            yield name, limit["text"]
    cameras, subject = result["cameras"], result["subject"]
    if cameras is not None:
        tried = ", ".join(f"with {run['cameras']} {run['share']:.0%}" for run in cameras["runs"])
        least = "at least " if cameras["at_least"] else ""
        text = f"{least}{cameras['sustained']} of {subject['width']}x{subject['height']} at {cameras['fps']:.0f} fps"
        yield "cameras", f"{text}, each with 95% of its frames classified or more; the one that fared worst: {tried}"


def _table(result: Measurement) -> Iterator[tuple[str, ...]]:
    for row in result["table"]:
        yield (
            row["goal"],
            row["model"],
            row["engine"],
            row["precision"],
            row["device"],
            str(row["batch"]),
            str(row["workers"]),
            f"{row['ms']:.2f}",
            f"{row['fps']:.1f}",
            f"{row['spread']:.0%}",
            f"{row['agreement']:.0%}",
            "fastest" if row["best"] else "",
        )
