"""Which values decide an obligation: what its operands are made of, and where these values are alive.

    v9 = load.4 v7, 0        v7 = param of b5; passed v3 from b2 and v4 from b4: the slice is {v7, v3, v4, …}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from bpfcc.bpfir.function import Block
from bpfcc.bpfir.ops import Assume, Branch, Call, CallExtern, FrameAddr, Load, Op, Store, Value, edges, operands

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bpfcc.verifier.unit import Unit


def closure(unit: Unit, values: Iterable[Value], into: set[Value]) -> bool:
    """Add `values` and what they are made of to `into`; whether that was more than before."""
    work = [v for v in values if v not in into]
    grown = bool(work)
    stores = False
    while work:
        value = work.pop()
        if value in into:
            continue
        into.add(value)
        definition = value.definition
        if isinstance(definition, Block):
            if definition in unit.incoming:
                at = definition.params.index(value) if value in definition.params else -1
                if at >= 0:
                    work += [edge.args[at] for edge in unit.incoming[definition] if type(edge.args[at]) is Value]  # type: ignore[misc]
        elif definition is not None:
            work += [v for v in inputs(definition) if type(v) is Value]
            if type(definition) is Load and definition in unit.frame.sees and not stores:
                stores = True
                for block in unit.order:
                    for op in block.ops:
                        if type(op) is Store and type(op.value) is Value and op.size_bytes == 8:
                            work.append(op.value)
    return grown


def inputs(op: Op) -> list[object]:
    """Operands that the fact of the result depends on."""
    if isinstance(op, Assume):
        return [op.lhs, op.rhs]
    if isinstance(op, (Call, CallExtern)):
        return list(op.args[:1])
    if isinstance(op, (Load, FrameAddr)):
        return list(operands(op))
    return list(operands(op))


@final
class Slice:
    """The values, and those of them that are alive at the start of each block."""

    __slots__ = ("live", "values")

    def __init__(self, unit: Unit, values: set[Value], target: Op, home: Block) -> None:
        self.values = values
        self.live: dict[Block, set[Value]] = {}
        uses: list[tuple[Block, Value]] = [(home, v) for v in operands(target) if type(v) is Value and v in values]
        for block in unit.order:
            for op in block.ops:
                if op.HAS_RESULT and op.result in values:  # type: ignore[attr-defined]
                    uses += [(block, v) for v in operands(op) if type(v) is Value and v in values]
            ending = block.terminator
            if type(ending) is Branch:
                uses += [(block, v) for v in (ending.lhs, ending.rhs) if type(v) is Value and v in values]
            for edge in edges(ending):
                for param, arg in zip(edge.block.params, edge.args, strict=True):
                    if param in values and type(arg) is Value and arg in values:
                        uses.append((block, arg))
        for block, value in uses:
            self._up(unit, value, block)

    def _up(self, unit: Unit, value: Value, user: Block) -> None:
        definition = value.definition
        home = definition if isinstance(definition, Block) else unit.block_of.get(definition) if definition is not None else None
        work = [user]
        while work:
            block = work.pop()
            if block is home and not (isinstance(definition, Block) and value in block.params):
                continue
            found = self.live.setdefault(block, set())
            if value in found:
                continue
            found.add(value)
            if block is home:
                continue
            work += unit.dominators.predecessors[block]
