"""SSA values as C variables: parameters of blocks and what is passed to them share one wherever they can.

    variables = Variables(fn, folding, names)
    variables.of[v4]                    Variable(name="sum", bits=64)

Two values may share a variable if neither is defined while the other is still needed (and something else than a copy of it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.backends.aot.expressions import POINTER
from bpfcc.bpfir.ops import (
    Alu,
    AtomicFetch,
    ByteSwap,
    Cast,
    CompareExchange,
    Load,
    LoadAcquire,
    PacketLoad,
    Value,
    edges,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bpfcc.backends.aot.folding import Folding
    from bpfcc.bpfir.function import Block, Function
    from bpfcc.bpfir.ops import Op, Operand

MASK32: Final = (1 << 32) - 1


class Variable(NamedTuple):
    """Its name, and the bits of its type (POINTER for an address)."""

    name: str
    bits: int


def bits_of(op: Op) -> int:
    """Of the expression that an operation is written as: 32 where the upper half is zero for certain and the text says so."""
    match op:
        case Alu():
            return op.width_bits
        case Cast():
            return 64 if op.kind == "sext" and op.width_bits == 64 else 32
        case ByteSwap():
            return min(32, op.width_bits) if op.width_bits < 64 else 64
        case Load():
            return 64 if op.size_bytes == 8 or op.signed else 32
        case LoadAcquire() | AtomicFetch() | CompareExchange():
            return 64 if op.size_bytes == 8 else 32
        case PacketLoad():
            return 32
        case _:
            return 64


@final
class Variables:
    """The variables of one function. `names`: what the C source calls a value; `taken`: names that mean something else."""

    def __init__(
        self, fn: Function, folding: Folding, names: Mapping[Value, str], taken: frozenset[str], is_pointer: Callable[[Value], bool]
    ) -> None:
        """`is_pointer`: which values are known to be addresses."""
        self.fn = fn
        self.folding = folding
        self._is_pointer = is_pointer
        self._leaves: dict[Value, frozenset[Value]] = {}
        self._live_in: dict[Block, set[Value]] = {}
        self._apart: dict[Value, set[Value]] = {}
        self._parent: dict[Value, Value] = {}
        self._members: dict[Value, list[Value]] = {}
        self._solve()
        self._interfere()
        self._coalesce(names)
        self.of = self._name(names, taken)

    # ---- what a written operation reads

    def leaves(self, operand: Operand) -> frozenset[Value]:
        """Values with variables that the text of an operand reads."""
        operand = self.folding.resolve(operand)
        if type(operand) is not Value:
            return frozenset()
        if operand not in self.folding.folded:
            return frozenset((operand,))
        if operand not in self._leaves:
            made: Op = operand.definition  # type: ignore[assignment]
            found: frozenset[Value] = frozenset()
            for inner in self.folding.operands_of(made):
                found |= self.leaves(inner)
            self._leaves[operand] = found
        return self._leaves[operand]

    def _passed(self, block: Block) -> set[Value]:
        """What edges out of a block read."""
        found: set[Value] = set()
        for edge in edges(block.terminator):
            for param, arg in zip(edge.block.params, edge.args, strict=True):
                if param in self.folding.needed:
                    found |= self.leaves(arg)
        return found

    def _live_out(self, block: Block) -> set[Value]:
        found: set[Value] = set()
        for edge in edges(block.terminator):
            found |= self._live_in.get(edge.block, set()).difference(edge.block.params)
        return found

    def _written(self, block: Block) -> list[Op]:
        """Operations that are statements, from the last to the first."""
        folding = self.folding
        return [op for op in reversed(block.ops) if folding.is_written(op) and getattr(op, "result", None) not in folding.folded]

    def _solve(self) -> None:
        """What is needed at the start of each block."""
        defined: dict[Block, set[Value]] = {}
        used: dict[Block, set[Value]] = {}
        for block in self.fn.blocks:
            reads = set(self._passed(block))
            for operand in self.folding.operands_of(block.terminator):
                reads |= self.leaves(operand)
            made: set[Value] = set()
            for op in self._written(block):
                result = getattr(op, "result", None)
                if result is not None:
                    made.add(result)
                    reads.discard(result)
                for operand in self.folding.operands_of(op):
                    reads |= self.leaves(operand)
            used[block], defined[block] = reads, made
        sources: dict[Block, set[Block]] = {block: set() for block in self.fn.blocks}
        for block in self.fn.blocks:
            for successor in block.successors():
                sources[successor].add(block)
        work = dict.fromkeys(reversed(self.fn.blocks))
        while work:
            block = next(iter(work))
            del work[block]
            live = used[block] | (self._live_out(block) - defined[block])
            if live != self._live_in.get(block):
                self._live_in[block] = live
                work.update(dict.fromkeys(sources[block]))

    def _interfere(self) -> None:
        for block in self.fn.blocks:
            live = self._live_out(block) | self._passed(block)
            for operand in self.folding.operands_of(block.terminator):
                live |= self.leaves(operand)
            for op in self._written(block):
                result = getattr(op, "result", None)
                if result is not None:
                    live.discard(result)
                    self._keep_apart(result, live)
                for operand in self.folding.operands_of(op):
                    live |= self.leaves(operand)
            for param in block.params:
                if param in self.folding.needed:
                    self._keep_apart(param, live)
        for param in self.fn.params:
            self._keep_apart(param, self._live_in[self.fn.entry] | set(self.fn.params))

    def _keep_apart(self, value: Value, others: set[Value]) -> None:
        mine = self._apart.setdefault(value, set())
        for other in others:
            if other is not value:
                mine.add(other)
                self._apart.setdefault(other, set()).add(value)
        self._parent.setdefault(value, value)
        self._members.setdefault(value, [value])

    # ---- sharing

    def _root(self, value: Value) -> Value:
        while self._parent.setdefault(value, value) is not value:
            value = self._parent[value]
        self._members.setdefault(value, [value])
        return value

    def _share(self, a: Value, b: Value) -> bool:
        first, second = self._root(a), self._root(b)
        if first is second:
            return True
        if self._is_pointer(first) != self._is_pointer(second):
            return False
        mine, theirs = self._members[first], self._members[second]
        if len(mine) < len(theirs):
            first, second, mine, theirs = second, first, theirs, mine
        others = set(mine)
        if any(not others.isdisjoint(self._apart.get(member, ())) for member in theirs):
            return False
        self._parent[second] = first
        mine += theirs
        return True

    def _coalesce(self, names: Mapping[Value, str]) -> None:
        folded, needed = self.folding.folded, self.folding.needed
        for block in self.fn.blocks:
            for edge in edges(block.terminator):
                for param, arg in zip(edge.block.params, edge.args, strict=True):
                    value = self.folding.resolve(arg)
                    if param in needed and type(value) is Value and value not in folded:
                        self._share(param, value)
        # Values of one variable of the source, where they are not needed side by side.
        first: dict[str, Value] = {}
        for value, name in names.items():
            if value in self._parent and value not in folded:
                self._share(first.setdefault(name, value), value)

    # ---- names and types

    def _bits(self) -> dict[Value, int]:
        """Of each variable, by its root."""
        incoming: dict[Value, list[Operand]] = {}
        for block in self.fn.blocks:
            for edge in edges(block.terminator):
                for param, arg in zip(edge.block.params, edge.args, strict=True):
                    if param in self.folding.needed:
                        incoming.setdefault(self._root(param), []).append(self.folding.resolve(arg))
        found: dict[Value, int] = {}
        for root, members in self._members.items():
            if self._parent[root] is root:
                made = [member.definition for member in members]
                ops = [op for op in made if op is not None and hasattr(op, "insn")]
                wide = any(bits_of(op) == 64 for op in ops)  # type: ignore[arg-type]
                narrow = 64 if wide or any(member in self.fn.params for member in members) else 32
                found[root] = POINTER if self._is_pointer(root) else narrow
        changed = True
        while changed:
            changed = False
            for root, args in incoming.items():
                if found.get(root) == 32 and any(self._wider(arg, found) for arg in args):
                    found[root] = 64
                    changed = True
        return found

    def _wider(self, arg: Operand, found: Mapping[Value, int]) -> bool:
        if type(arg) is not Value:
            return arg > MASK32
        if self._is_pointer(arg):
            return True
        if arg not in self.folding.folded:
            return found.get(self._root(arg), 64) == 64
        made: Op = arg.definition  # type: ignore[assignment]
        return bits_of(made) == 64

    def _name(self, names: Mapping[Value, str], taken: frozenset[str]) -> dict[Value, Variable]:
        used = set(taken)
        bits = self._bits()
        found: dict[Value, Variable] = {}
        for root, members in self._members.items():
            if self._parent[root] is not root:
                continue
            wanted = next((names[member] for member in members if member in names), None)
            if wanted is None:
                at = next((at for at, param in enumerate(self.fn.params) if param in members), None)
                first = "ctx" if self._is_pointer(root) and at == 0 else f"r{(at or 0) + 1}"
                wanted = first if at is not None else f"v{min(member.id for member in members)}"
            name, count = wanted, 1
            while name in used:
                count += 1
                name = f"{wanted}_{count}"
            used.add(name)
            found |= dict.fromkeys(members, Variable(name, bits[root]))
        return found
