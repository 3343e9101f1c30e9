"""Which values decide an obligation: what its operands are made of, and where these values are alive.

v9 = load.4 v7, 0        v7 = param of b5; passed v3 from b2 and v4 from b4: the slice is {v7, v3, v4, …}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir.function import Block
from bpfcc.bpfir.ops import (
    Assume,
    Atomic,
    AtomicFetch,
    Branch,
    Call,
    CallExtern,
    CallFunction,
    CallIndirect,
    CompareExchange,
    Load,
    Op,
    Store,
    StoreRelease,
    Value,
    edges,
    operands,
)
from bpfcc.verifier.facts import Fact, pointers_of
from bpfcc.verifier.stack import frame_cell, stored_values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.solver import Facts
    from bpfcc.verifier.unit import Unit


def closure(unit: Unit, facts: Facts, values: Iterable[Value], into: set[Value]) -> bool:
    """Add `values` and what their facts depend on to `into`; whether that was more than before."""
    work = [v for v in values if v not in into]
    grown = bool(work)
    while work:
        value = work.pop()
        if value in into:
            continue
        into.add(value)
        if not settled(facts.known(value)):
            work += [v for v in inputs(unit, facts, value) if v not in into]
    return grown


def settled(fact: Scalar | Fact) -> bool:
    """Whether no path can know more: one number, or one place in one region."""
    if type(fact) is not Fact:
        return fact.is_const()
    return fact.num is None and len(fact.ptrs) == 1 and fact.ptrs[0].offset.is_const() and not fact.undef


def inputs(unit: Unit, facts: Facts, value: Value) -> list[Value]:
    """Values that the fact of `value` is made of."""
    definition = value.definition
    if isinstance(definition, Block):
        if value not in definition.params:
            return []
        at = definition.params.index(value)
        return [a for edge in unit.incoming[definition] if type(a := edge.args[at]) is Value]
    if definition is None:
        return []
    found: list[object]
    if type(definition) is Load:
        found = _load_inputs(unit, facts, definition)
    elif isinstance(definition, Assume):
        found = [definition.lhs, definition.rhs]
    elif isinstance(definition, (Call, CallExtern)):
        found = [a for a in definition.args[:3] if type(a) is Value and not settled(facts.known(a))]
    else:
        found = list(operands(definition))
    return [v for v in found if type(v) is Value]


def _load_inputs(unit: Unit, facts: Facts, op: Load) -> list[object]:
    """Where it is read from, if that is not clear, and what was stored there, if it is the frame."""
    base = facts.known(op.base)
    kinds = {p.region.kind for p in pointers_of(base)}
    found: list[object] = [op.base] if len(pointers_of(base)) > 1 or kinds == {"ctx"} else []
    version = unit.frame.sees.get(op)
    cell = frame_cell(base, op.offset, op.size_bytes)
    if version is not None and cell is not None:
        found += stored_values(unit, version, cell, facts.known)
    return found


Cell = tuple[int, int]
WRITES: Final[frozenset[type[Op]]] = frozenset(
    {Store, StoreRelease, Atomic, AtomicFetch, CompareExchange, Call, CallExtern, CallFunction, CallIndirect}
)


def cells_of(unit: Unit, facts: Facts, values: set[Value]) -> dict[Op, Cell]:
    """Loads among the definitions of `values` that read one place of the frame."""
    found: dict[Op, Cell] = {}
    for value in values:
        op = value.definition
        if type(op) is Load and op in unit.frame.sees:
            cell = frame_cell(facts.known(op.base), op.offset, op.size_bytes)
            if cell is not None:
                found[op] = cell
    return found


@final
class Slice:
    """The values; those of them that are alive at the start of each block; the operations that have to be looked at."""

    __slots__ = ("cells", "live", "live_cells", "ops", "places", "tests", "values")

    def __init__(
        self, unit: Unit, values: set[Value], target: Op, home: Block, region: set[Block], keep: frozenset[type[Op]], cells: dict[Op, Cell]
    ) -> None:
        self.values = values
        self.live: dict[Block, set[Value]] = {}
        self.ops: dict[Block, list[Op]] = {}
        # Blocks that end with a test of such a value.
        self.tests: set[Block] = set()
        # Loads of one place of the frame, whose bytes are followed along paths.
        self.cells = cells
        self.places = set(cells.values())
        self.live_cells: dict[Block, set[Cell]] = {}
        if cells:
            keep = WRITES
        uses: list[tuple[Block, Value]] = [(home, v) for v in operands(target) if type(v) is Value and v in values]
        for block in region:
            # What the check of the target wants to know, whatever else is wrong, is known where its block begins.
            kept = keep if block is not home else WRITES
            chosen = []
            for op in block.ops:
                if op.HAS_RESULT and op.result in values:  # type: ignore[attr-defined]
                    uses += [(block, v) for v in operands(op) if type(v) is Value and v in values]
                    chosen.append(op)
                elif op is target:
                    chosen.append(op)
                if type(op) in kept:
                    uses += [(block, v) for v in operands(op) if type(v) is Value and v in values]
                    if not chosen or chosen[-1] is not op:
                        chosen.append(op)
            if chosen:
                self.ops[block] = chosen
            ending = block.terminator
            if type(ending) is Branch:
                tested = [(block, v) for v in (ending.lhs, ending.rhs) if type(v) is Value and v in values]
                if tested:
                    uses += tested
                    self.tests.add(block)
            for edge in edges(ending):
                if edge.args:
                    for param, arg in zip(edge.block.params, edge.args, strict=True):
                        if type(arg) is Value and param in values and arg in values:
                            uses.append((block, arg))
        for block, value in uses:
            self._up(unit, value, block)
        for op, cell in cells.items():
            self._up_cell(unit, cell, unit.block_of[op], region)

    def _up_cell(self, unit: Unit, cell: Cell, user: Block, region: set[Block]) -> None:
        work = [user]
        while work:
            block = work.pop()
            found = self.live_cells.setdefault(block, set())
            if cell in found or block not in region:
                continue
            found.add(cell)
            work += unit.dominators.predecessors[block]

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
