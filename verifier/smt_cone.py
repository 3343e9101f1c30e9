"""The part of a function that a query is about: what lies between a dominator and an operation, without going round.

    b1 -> b2 -> b3, b2 -> b2          Cone(start=b1, target=b3): [b1, b2, b3], and parameters of b2 are anything

Of any run that comes to the target, look at what follows the last visit of the start; where it goes round loops, leave out all but the
last round. What is left is a path through the cone, and the values on it are those that the run has at the target: a value that is
used was made in the last round of each loop around its definition, as its definition dominates its use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir.frame import WRITERS
from bpfcc.bpfir.ops import Call, CallExtern, CallFunction, CallIndirect, Op
from bpfcc.verifier.epochs import Epochs
from bpfcc.verifier.facts import Fact, pointers_of
from bpfcc.verifier.versions import may_be_packet, takes_dynptr

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Block
    from bpfcc.bpfir.ops import Operand
    from bpfcc.verifier.solver import Facts
    from bpfcc.verifier.unit import Unit

CALLS: Final = (Call, CallExtern, CallFunction, CallIndirect)
NEAR_BLOCKS: Final = 12
MAX_BLOCKS: Final = 400


@final
class Cone:
    """`blocks` in an order in which each comes after those before it; `entering`: ways into each, as (block, edge number)."""

    __slots__ = ("blocks", "cut", "entering", "members", "start", "target")

    def __init__(self, unit: Unit, facts: Facts, start: Block, target: Block) -> None:
        self.start: Final = start
        self.target: Final = target
        self.entering: Final[dict[Block, list[tuple[Block, int]]]] = {start: []}
        self.members: Final = {start, target}
        self.cut: Final[set[Block]] = set()
        work = [target]
        dominates = unit.dominators.dominates
        while work:
            block = work.pop()
            if block is start:
                continue
            ways = self.entering[block] = []
            for source in dict.fromkeys(unit.dominators.predecessors[block]):
                if (source, block) in unit.back_edges:
                    self.cut.add(block)
                    continue
                if source not in facts.reached or not dominates(start, source):
                    continue
                found = [(source, at) for at, edge in enumerate(source.edges()) if edge.block is block and (source, at) not in facts.dead]
                ways += found
                if found and source not in self.members:
                    self.members.add(source)
                    work.append(source)
        self.blocks: Final = sorted(self.members, key=unit.number.__getitem__)


def cones(unit: Unit, facts: Facts, target: Block) -> list[Cone]:
    """A near one, one from the innermost loop's header, and one from the entry; none twice."""
    if unit.loops.irreducible:
        return []
    chain = [target]
    while chain[-1] is not unit.order[0]:
        chain.append(unit.dominators.idom[chain[-1]])
    loop = unit.loops.innermost.get(target)
    starts: list[Block] = []
    header = loop.header if loop is not None else unit.order[0]
    near = target
    for block in chain:
        if len(Cone(unit, facts, block, target).blocks) > NEAR_BLOCKS:
            break
        near = block
        if block is header:
            break
    for start in (near, header, unit.order[0]):
        if start not in starts:
            starts.append(start)
    found = [Cone(unit, facts, start, target) for start in starts]
    return [cone for cone in found if len(cone.blocks) <= MAX_BLOCKS]


@final
class Writes:
    """Which state of the packet or the context a load sees: equal numbers, equal bytes."""

    def __init__(self, unit: Unit, facts: Facts) -> None:
        self._unit = unit
        self._facts = facts
        self._epochs: dict[str, Epochs] = {}

    def version(self, kind: str, op: Op) -> int:
        """The number before `op`; `kind` is "ctx" or "packet" (which the metadata belongs to)."""
        epochs = self._epochs.get(kind)
        if epochs is None:
            kinds = {"ctx", "unknown"} if kind == "ctx" else {"packet", "meta", "unknown"}
            epochs = self._epochs[kind] = Epochs(self._unit.dominators, self._unit.loops, lambda each: self._may_write(each, kinds))
        block = self._unit.block_of[op]
        version = epochs.at_start[block]
        if epochs.moves:
            for other in block.ops:
                if other is op:
                    break
                version = epochs.after.get(other, version)
        return version

    def _may_write(self, op: Op, kinds: set[str]) -> bool:
        if isinstance(op, WRITERS):
            return self._points(op.base, kinds)
        if not isinstance(op, CALLS):
            return False
        # What is given the context may change its fields and the packet.
        around = self._unit.around
        return around.moves_packet(op) or takes_dynptr(around, op) or any(self._points(arg, kinds | {"ctx"}) for arg in op.args)

    def _points(self, operand: Operand, kinds: set[str]) -> bool:
        fact = self._facts.known(operand)
        return type(fact) is Fact and any(p.region.kind in kinds or may_be_packet(p.region) for p in pointers_of(fact))


__all__ = ["Cone", "Writes", "cones"]
