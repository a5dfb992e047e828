"""The engines there are. Whatever lists, offers, checks or opens one goes by this table.

A new engine is one file, with a function that opens it, and one line, its :class:`EngineSpec` in ``_BUILT_IN``. Another
package gives its spec to :func:`register`, or names it as an entry point of the group ``live_classify.engines``.
Nothing of an engine is imported before it is used.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, cast

from live_classify.core.errors import EngineError, UsageError
from live_classify.core.one_line import one_line

if TYPE_CHECKING:
    from live_classify.core.protocols import Engine, Goal
    from live_classify.engines.stored import Choice
    from live_classify.models.convert.cache import Calibration
    from live_classify.models.records.network import Network, Precision
    from live_classify.models.weights.origin import Progress

Form: TypeAlias = Literal["keras", "litert"]
"""What a network may come as: something Keras can build, or a LiteRT file of the user's own."""

_GROUP = "live_classify.engines"


class Open(Protocol):
    """Makes the engines of a choice ready."""

    def __call__(
        self, network: Network, choice: Choice, goal: Goal, calibration: Calibration, progress: Progress
    ) -> list[Engine]:
        """Return the engines that work side by side, one for each inference thread, at least one.

        Args:
            network: what to run.
            choice: in which precision, on which device; batch and workers where they aren't left to the engine.
            goal: whether one answer shall come soon, or many a second.
            calibration: what to convert to int8 with, if need be.
            progress: told of what takes long: weights that are fetched, a conversion.

        Raises:
            EngineError: the runtime isn't there or refuses the network.
            ModelFileError: a file of the network is missing or damaged.
            UsageError: there is no such device.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSpec:
    """What is known of an engine without importing it. Functions are named: ``module:function``, or given."""

    name: str
    """As the user says it."""
    title: str
    """As its maker writes it."""
    open: str | Open
    precisions: tuple[Precision, ...]
    """That it computes Keras networks in, float32 first."""
    reads: frozenset[Form] = frozenset({"keras"})
    runs_litert: bool = False
    """Whether it runs a Keras network as the LiteRT file that is made of it."""
    requires: str = ""
    """The top-level module of its runtime, where that may be missing."""
    package: str = ""
    """The distribution of its runtime, whose version decides how fast it is."""
    extra: str = ""
    """The extra of this package that brings the runtime; none where that comes along, or from elsewhere."""
    runs_on: str = "CPU"
    """In words."""
    gpu: str | Callable[[], bool] = ""
    """Whether it can use a GPU of this machine; empty if it can use none."""
    refusal: str | Callable[[Precision], str | None] = ""
    """Why this machine's processor can't be had to compute in a precision, None if it can; empty if all can."""
    slow_on_cpu: frozenset[Precision] = frozenset()
    """Precisions that gain nothing on a CPU, so that measuring doesn't try them there."""
    batches: Mapping[str, tuple[int, ...]] = field(default_factory=dict, hash=False)
    """Batches worth trying for throughput, by kind of device; of none given, workers are tried instead."""

    @property
    def installed(self) -> bool:
        """Whether its runtime is installed, be it broken."""
        if not self.requires or sys.modules.get(self.requires) is not None:
            return True
        return find_spec(self.requires) is not None

    @property
    def how_to_install(self) -> str:
        """The command that brings its runtime."""
        return (
            f"pip install 'live_classify[{self.extra}]'" if self.extra else f"pip install {self.package or self.name}"
        )

    @property
    def gpu_usable(self) -> bool:
        """Whether it can use a GPU of this machine; asking may import its runtime."""
        return bool(self.gpu) and cast("Callable[[], bool]", self._function(self.gpu))()

    def refuses(self, precision: Precision) -> str | None:
        """Why it can't compute in a precision on this machine, and what to use instead; None if it can."""
        if not self.refusal:
            return None
        return cast("Callable[[Precision], str | None]", self._function(self.refusal))(precision)

    def open_engines(
        self, network: Network, choice: Choice, goal: Goal, calibration: Calibration, progress: Progress
    ) -> list[Engine]:
        """Make engines ready; see :class:`Open`.

        Raises:
            EngineError: also where the runtime is missing or broken, or this machine can't compute in the precision.
        """
        if not self.installed:  # said before minutes go into a conversion
            raise EngineError(f"{self.title} isn't installed: {self.how_to_install}")
        reason = self.refuses(choice.precision)
        if reason is not None:
            raise EngineError(reason)
        opener = cast("Open", self._function(self.open))
        return opener(network, choice, goal, calibration, progress)

    def _function(self, named: object) -> Any:
        if not isinstance(named, str):
            return named
        module, _, function = named.partition(":")
        try:
            return getattr(importlib.import_module(module), function)
        except (ImportError, AttributeError) as error:
            raise broken(self.title, error) from error


def broken(title: str, error: Exception) -> EngineError:
    """The error that a runtime is there, but can't be imported."""
    return EngineError(f"{title} is broken: {one_line(error)}; reinstall it")


_BUILT_IN = (
    EngineSpec(
        name="litert",
        title="LiteRT",
        open="live_classify.engines.litert:open_litert",
        precisions=("float32", "int8"),
        reads=frozenset({"keras", "litert"}),
        runs_litert=True,
        package="ai-edge-litert",
    ),
    EngineSpec(
        name="keras",
        title="Keras",
        open="live_classify.engines.keras:open_keras",
        precisions=("float32", "float16"),
        package="keras",
        runs_on="CPU, GPU",
        gpu="live_classify.engines.keras_gpu:gpu_usable",
        slow_on_cpu=frozenset({"float16"}),
        batches={"gpu": (8, 32, 128), "cpu": (1, 8, 32)},
    ),
    EngineSpec(
        name="openvino",
        title="OpenVINO",
        open="live_classify.engines.openvino:open_openvino",
        precisions=("float32", "float16", "int8"),
        runs_litert=True,
        requires="openvino",
        package="openvino",
        extra="openvino",
        runs_on="CPU (x86)",
        refusal="live_classify.engines.openvino:refusal",
    ),
)

_known = {spec.name: spec for spec in _BUILT_IN}
_changing = threading.Lock()


def register(spec: EngineSpec) -> None:
    """Add an engine, for this process.

    Raises:
        UsageError: there is one of that name already, or the name can't be one.
    """
    if not spec.name.isidentifier() or spec.name == "auto" or not spec.precisions:
        raise UsageError(f"an engine needs a name in letters, and a precision; received {spec.name!r}")
    with _changing:
        if _known.setdefault(spec.name, spec) != spec:
            raise UsageError(f"there is an engine {spec.name} already")


def unregister(name: str) -> None:
    """Take an engine that was registered away again."""
    with _changing:
        _known.pop(name, None)


def engines() -> tuple[EngineSpec, ...]:
    """All engines, installed or not: those of this package first."""
    load_plugins()
    return tuple(_known.values())


def names() -> tuple[str, ...]:
    """Their names."""
    return tuple(spec.name for spec in engines())


def find_engine(name: str) -> EngineSpec:
    """The engine of a name.

    Raises:
        UsageError: there is none.
    """
    spec = _known.get(name)  # without looking at other packages where that isn't needed: it takes a while
    if spec is None:
        known = {spec.name: spec for spec in engines()}
        if name not in known:
            raise UsageError(f"unknown engine {name}: {', '.join(('auto', *known))} are known")
        spec = known[name]
    return spec


@cache
def load_plugins() -> None:
    """Add the engines of other packages, once."""
    from importlib.metadata import entry_points

    for point in entry_points(group=_GROUP):
        try:
            register(point.load())
        except Exception as error:  # noqa: BLE001, PERF203 (whatever a foreign module does when it is imported)
            with _changing:
                _known.setdefault(point.name, _unloadable(point.name, broken(f"the engine {point.name}", error)))


def _unloadable(name: str, why: EngineError) -> EngineSpec:
    """An engine that is known by its name only: who asks for it is told, the others are none the worse."""

    def fail(*_: object, **__: object) -> list[Engine]:
        raise why

    return EngineSpec(name=name, title=name, open=fail, precisions=("float32",))
