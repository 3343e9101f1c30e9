"""Which loads of private memory give the same value: those of one place with no write to it between them.

    v3 = load.1 v1, 14        store.1 v1, 20, 0        v9 = load.1 v1, 14        v9 is v3

Only the packet and the context are private to a run; values of maps may change under the program's hands at any time.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir.frame import WRITERS
from bpfcc.bpfir.ops import Call, CallExtern, CallFunction, CallIndirect, Load, Op, Operand
from bpfcc.verifier.epochs import Epochs
from bpfcc.verifier.facts import number_of, pointers_of
from bpfcc.verifier.handles import is_slice

if TYPE_CHECKING:
    from bpfcc.verifier.facts import Region
    from bpfcc.verifier.solver import Facts
    from bpfcc.verifier.unit import Surroundings, Unit

MAX_PLACES: Final = 64
CALLS: Final = (Call, CallExtern, CallFunction, CallIndirect)
Place = tuple[str, int, int]


@final
class Versions:
    """`of(load)`: a number that is the same for loads of one place that see the same writes; None where nothing is known."""

    __slots__ = ("_epochs", "_facts", "_places", "_unit", "_writers")

    def __init__(self, unit: Unit, facts: Facts) -> None:
        self._unit = unit
        self._facts = facts
        self._epochs: dict[Place, Epochs] = {}
        counted: Counter[Place] = Counter()
        self._writers: list[Op] = []
        for block in unit.order:
            for op in block.ops:
                if type(op) is Load:
                    place = self._place(op.base, op.offset, op.size_bytes)
                    if place is not None:
                        counted[place] += 1
                elif isinstance(op, (*WRITERS, *CALLS)):
                    self._writers.append(op)
        twice = [place for place, count in counted.items() if count > 1]
        self._places = set(twice[:MAX_PLACES])

    def _place(self, base: Operand, offset: int, size: int) -> Place | None:
        fact = self._facts.known(base)
        found = pointers_of(fact)
        if len(found) != 1 or number_of(fact) is not None:
            return None
        (p,) = found
        known = p.region.kind in ("packet", "ctx") and p.offset.is_const()
        return (p.region.kind, p.offset.smin + offset, size) if known else None

    def of(self, op: Load) -> int | None:
        """The version that a load sees."""
        place = self._place(op.base, op.offset, op.size_bytes)
        if place is None or place not in self._places:
            return None
        if place not in self._epochs:
            writers = {w for w in self._writers if self._may_write(w, place)}
            self._epochs[place] = Epochs(self._unit.dominators, self._unit.loops, writers.__contains__)
        epochs = self._epochs[place]
        block = self._unit.block_of[op]
        version = epochs.at_start[block]
        if epochs.moves:
            for other in block.ops:
                if other is op:
                    break
                version = epochs.after.get(other, version)
        return version

    def _may_write(self, op: Op, place: Place) -> bool:
        """Whether an operation may change the bytes of a place. Helpers change fields of contexts and bytes of packets."""
        if isinstance(op, CALLS):
            if takes_dynptr(self._unit.around, op):
                return True
            found = [p for arg in op.args for p in pointers_of(self._facts.known(arg))]
            return any(p.region.kind in ("ctx", "packet", "unknown") or may_be_packet(p.region) for p in found)
        if not isinstance(op, WRITERS):
            return False
        for p in pointers_of(self._facts.known(op.base)):
            if p.region.kind == "unknown" or may_be_packet(p.region):
                return True
            if p.region.kind == place[0]:
                low, high = p.offset.smin + op.offset, p.offset.smax + op.offset + op.size_bytes
                if low < place[1] + place[2] and place[1] < high:
                    return True
        return False


def takes_dynptr(around: Surroundings, op: Op) -> bool:
    """Whether the call is given a dynptr, which may be one of the packet."""
    if type(op) is Call:
        helper = around.helper(op.helper)
        return helper is not None and any(each.kind == "dynptr" for each in helper.arguments)
    if type(op) is not CallExtern:
        return False
    from bpfcc.verifier.kfuncs import kfunc_of

    row = kfunc_of(around, op.extern)
    return row is None or any(each.kind == "dynptr" for each in row.arguments)


def may_be_packet(region: Region) -> bool:
    """What dynptrs lend and what a global function is given may be a part of the packet."""
    return region.kind == "mem" and (region.ref is None or is_slice(region.ref))
