"""Which values get a variable, and which are written where they are used.

    v3 = zext.8.64 v2; v4 = add.64 v3, 1; store.8 v0, 0, v4          st64(memory(ctx), (v2 & 0xff) + 1)

A value that is used once, in its own block, is folded into its use, if nothing in between could change what it reads. Operations
without uses and without effects are left out.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir.ops import (
    Alu,
    Assume,
    ByteSwap,
    Cast,
    Effect,
    ExternAddr,
    FrameAddr,
    FuncAddr,
    Load,
    MapAddr,
    MapValueAddr,
    Undef,
    Value,
    edges,
    operands,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpfcc.bpfir.function import Block, Function
    from bpfcc.bpfir.ops import Op, Operand

# What is the same everywhere in its function is written wherever it is used.
FIXED: Final = (FrameAddr, MapAddr, MapValueAddr, FuncAddr, ExternAddr, Undef)
PURE: Final = (Alu, Cast, ByteSwap)
MAX_DEPTH: Final = 4


@final
class Folding:
    """`folded`: values without a variable. `uses` of each that something needs; `needed`: operations that are written.

    `resolve` follows renamings, `may_fold_load` says of which loads the place in the order of things does not matter.
    """

    def __init__(self, fn: Function, resolve: Callable[[Operand], Operand], may_fold_load: Callable[[Load], bool]) -> None:
        self.fn = fn
        self.resolve = resolve
        self.may_fold_load = may_fold_load
        self.needed = self._needed()
        self.uses = self._count()
        self.folded: set[Value] = set()
        self._depth: dict[Value, int] = {}
        for block in fn.blocks:
            self._block(block)

    def operands_of(self, op: Op) -> list[Value]:
        """Values that an operation itself uses, through renamings."""
        found = (self.resolve(operand) for operand in operands(op))
        return [operand for operand in found if type(operand) is Value]

    def _needed(self) -> set[Value]:
        """Values that something with an effect depends on, in the end."""
        work: list[Value] = []
        for op in self.fn.ops():
            if op.EFFECT is not Effect.NONE:
                work += self.operands_of(op)
        params = {}
        incoming: dict[Value, list[Operand]] = {}
        for block in self.fn.blocks:
            params.update(dict.fromkeys(block.params))
            for edge in edges(block.terminator):
                for param, arg in zip(edge.block.params, edge.args, strict=True):
                    incoming.setdefault(param, []).append(arg)
        needed: set[Value] = set()
        while work:
            value = work.pop()
            if value in needed:
                continue
            needed.add(value)
            if value in params:
                found = (self.resolve(arg) for arg in incoming.get(value, ()))
                work += [arg for arg in found if type(arg) is Value]
            elif value.definition is not None and hasattr(value.definition, "insn"):
                work += self.operands_of(value.definition)  # type: ignore[arg-type]
        return needed

    def is_written(self, op: Op) -> bool:
        """Whether it is there at all."""
        if type(op) is Assume or op.EFFECT is not Effect.NONE:
            return type(op) is not Assume
        return op.result in self.needed  # type: ignore[attr-defined]

    def _count(self) -> Counter[Value]:
        found: Counter[Value] = Counter()
        for block in self.fn.blocks:
            for op in block.all_ops():
                if op.EFFECT is not Effect.NONE or self.is_written(op):
                    found.update(self.operands_of(op))
                for edge in edges(op):
                    for param, arg in zip(edge.block.params, edge.args, strict=True):
                        resolved = self.resolve(arg)
                        if type(resolved) is Value and param in self.needed:
                            found[resolved] += 1
        return found

    def _block(self, block: Block) -> None:
        """From the end to the start: where a value's only use is written is known before the value is met."""
        ops = list(block.all_ops())
        # The only user of a value in this block, and where that is written.
        user: dict[Value, int] = {}
        candidates: list[tuple[Op, Value]] = []
        for at in range(len(ops) - 1, -1, -1):
            op = ops[at]
            if not self.is_written(op):
                continue
            written, result = at, getattr(op, "result", None)
            if result is not None:
                root = self._root(op, result, at, ops, user)
                if root is not None:
                    candidates.append((op, result))
                    written = root
            for value in self.operands_of(op):
                user[value] = written
            for edge in edges(op):
                for param, arg in zip(edge.block.params, edge.args, strict=True):
                    resolved = self.resolve(arg)
                    if type(resolved) is Value and param in self.needed:
                        user[resolved] = at
        for op, result in reversed(candidates):
            self._fold(op, result)

    def _root(self, op: Op, result: Value, at: int, ops: list[Op], user: dict[Value, int]) -> int | None:
        """Where the value would be written, were it folded; None where it cannot be."""
        if isinstance(op, FIXED):
            return at
        root = user.get(result)
        if root is None or self.uses[result] != 1:
            return None
        if isinstance(op, PURE):
            return root
        if type(op) is Load and self.may_fold_load(op):
            between = ops[at + 1 : root]
            return root if all(other.EFFECT in (Effect.NONE, Effect.READS) for other in between) else None
        return None

    def _fold(self, op: Op, result: Value) -> None:
        """Unless the expression becomes too long to be read. One that is cut short is written earlier than assumed: no harm."""
        depth = 0 if isinstance(op, FIXED) else 1 + max((self._depth.get(value, 0) for value in self.operands_of(op)), default=0)
        if depth <= MAX_DEPTH:
            self.folded.add(result)
            self._depth[result] = depth
