"""What is judged by itself: the program, the global functions that it calls, and what runs later.

Subject(main, "entry")                      r1 = the context, returns what the type wants
Subject(parse, "global")                    parameters by its prototype
Subject(fires, "deferred", spec=timers)     (map, key, value): the callback of a timer in a value of that map
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from bpfcc.bpfir.ops import Call, CallExtern
from bpfcc.verifier import pseudo
from bpfcc.verifier.domains import scalar as sc
from bpfcc.verifier.facts import UNDEFINED, pointer, pointers_of
from bpfcc.verifier.globals import is_supported, parameters, prototype_of

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Function
    from bpfcc.bpfir.module import MapSpec
    from bpfcc.runtime.specs.model import Callback
    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.facts import Fact
    from bpfcc.verifier.solver import Facts
    from bpfcc.verifier.unit import Surroundings, Unit

Kind = Literal["entry", "global", "deferred"]
# Bytes that the memory of a program of type `raw` has at most.
MAX_RAW: Final = (1 << 32) - 1


class Subject(NamedTuple):
    """A function to judge. `returns`: what it may return, None: any number."""

    fn: Function
    kind: Kind
    returns: tuple[int, int] | None = None
    callback: Callback | None = None
    spec: MapSpec | None = None
    # Timers fire where nothing may sleep, work queues run where it may, and so do the global functions that they call.
    sleepable: bool | None = None

    def surroundings(self, around: Surroundings) -> Surroundings:
        """What it is judged in."""
        return around if self.sleepable is None else around.where(sleepable=self.sleepable)

    @property
    def key(self) -> tuple[str, Kind, int, bool | None]:
        """Equal for what need not be judged twice."""
        return self.fn.name, self.kind, id(self.spec), self.sleepable


def program(around: Surroundings) -> Subject:
    """The program itself."""
    return Subject(around.module.entry, "entry", around.return_range)


def called_by(unit: Unit, facts: Facts) -> list[Subject]:
    """What else has to be judged, as the unit calls it or has it called."""
    around = unit.around
    found: list[Subject] = []
    for block in unit.order:
        if block not in facts.reached:
            continue
        for op in block.ops:
            if type(op) is Call and pseudo.EXPANDED < op.helper <= pseudo.GLOBAL:
                fn = around.module.functions[pseudo.GLOBAL - op.helper]
                prototype = prototype_of(around, fn)
                # Else the call is refused.
                if prototype is not None and is_supported(prototype):
                    found.append(Subject(fn, "global", sleepable=around.request.sleepable))
            elif type(op) is Call or type(op) is CallExtern:
                callback = around.graph.callback_of(op)
                if callback is not None and callback.deferred:
                    found += _deferred(unit, facts, op, callback)
    return found


def _deferred(unit: Unit, facts: Facts, op: Call | CallExtern, callback: Callback) -> list[Subject]:
    """Every function that it may be, with every map that it may be for."""
    if callback.function >= len(op.args):
        return []
    names = [p.region.site for p in pointers_of(facts.known(op.args[callback.function])) if p.region.kind == "func"]
    regions = [p.region for arg in op.args for p in pointers_of(facts.known(arg)) if p.region.map is not None]
    values = [r.map for r in regions if r.kind == "map_value"] or [r.map for r in regions] or [None]
    specs = list({id(spec): spec for spec in values}.values())
    functions = unit.around.graph.functions
    sleepable = type(op) is CallExtern
    return [Subject(functions[name], "deferred", callback.returns, callback, spec, sleepable) for name in names for spec in specs]


def parameters_of(unit: Unit, subject: Subject) -> list[Scalar | Fact]:
    """What is known of the parameters."""
    prototype = prototype_of(unit.around, subject.fn) if subject.kind == "global" else None
    if prototype is not None:
        return parameters(unit, prototype)
    given = _of_callback(unit, subject) if subject.kind == "deferred" else _of_program(unit)
    return (given + [UNDEFINED] * len(unit.fn.params))[: len(unit.fn.params)]


def _of_program(unit: Unit) -> list[Any]:
    if unit.around.request.type == "raw":
        # r1 = memory, r2 = its length: as a packet is between data and data_end.
        length = unit.fn.params[1] if len(unit.fn.params) > 1 else None
        return [pointer(unit.region("raw", "mem", "the memory", 0, unique=True, type=length)), sc.urange(0, MAX_RAW)]
    return [pointer(unit.ctx)] if unit.around.context is not None else []


def _of_callback(unit: Unit, subject: Subject) -> list[Any]:
    spec, callback = subject.spec, subject.callback
    if spec is None or callback is None:
        return []
    key = unit.memory("key", f"a key of map {spec.name}", spec.key_size, read_only=True)
    value = unit.region(
        "value", "map_value", f"a value of map {spec.name}", spec.value_size, map=spec, read_only=spec.read_only_program, unique=True
    )
    made = {"map": pointer(unit.map_handle(spec)), "map_key": pointer(key), "map_value": pointer(value)}
    return [made.get(kind, UNDEFINED) for kind in callback.arguments]


__all__ = ["Subject", "called_by", "parameters_of", "program"]
