"""Operations put into a function while it is walked: straight lines, choices between constants, loops.

    v5 = load.4 v0, 0            becomes        v5 = load.4 v0, 4
                                                if eq.32 v5, 23 then b7(10) else b6
                                                b6: jump b7(v5)
                                                b7(v6): …            and v6 stands for what was v5

The editor copies a function block by block. Each block keeps its identity, so edges to it stay; where a choice is put in, what comes
after it moves into a new block.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, final

from bpfcc.bpfir.ops import Alu, Branch, Edge, Exit, Jump, Load, Store, Value
from bpfcc.bpfir.semantics import COMPARE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpfcc.bpfir.function import Block, Function
    from bpfcc.bpfir.ops import Op, Operand, Terminator, Width
    from bpfcc.bpfir.semantics import AluKind, CompareKind

MASK64: Final = (1 << 64) - 1
Size = Literal[1, 2, 4, 8]


class Test(NamedTuple):
    """A comparison of a value with a constant, and what stands for the value where it holds."""

    kind: CompareKind
    constant: int
    outcome: int


@final
class Editor:
    """One function in work. `current` takes operations; `replaced` says what stands for results that are gone."""

    def __init__(self, fn: Function) -> None:
        self.fn = fn
        self.current: Block = fn.entry
        self.replaced: dict[Value, Operand] = {}
        self.insn = -1
        self._old = list(fn.blocks)
        self._order: list[Block] = []
        self._number = max((block.id for block in fn.blocks), default=-1) + 1

    # ---- the walk

    def start(self, block: Block) -> tuple[list[Op], Terminator]:
        """Begin with a block: its operations, which are to be put in again, and its end."""
        ops, block.ops = block.ops, []
        self.current = block
        self._order.append(block)
        return ops, block.terminator

    def finish(self) -> None:
        """After the last block: replace what is gone."""
        self.fn.blocks = self._order
        self.fn.replace(self.replaced)

    @property
    def blocks(self) -> list[Block]:
        """The function's blocks as they were."""
        return self._old

    # ---- operations

    def put(self, op: Op) -> None:
        """Add an operation as it is."""
        self.current.ops.append(op)

    def end(self, terminator: Terminator) -> None:
        """End the current block."""
        self.current.terminator = terminator

    def block(self, params: int = 0) -> Block:
        """A new block with parameters, not yet in the function's order."""
        from bpfcc.bpfir.function import Block

        made = Block(self._number)
        self._number += 1
        made.params = [self.fn.new_value(made) for _ in range(params)]
        return made

    def enter(self, block: Block) -> None:
        """Go on in a new block."""
        self._order.append(block)
        self.current = block

    def alu(self, kind: AluKind, lhs: Operand, rhs: Operand, width: Width = 64) -> Value:
        """lhs kind rhs."""
        op = Alu(self.fn.new_value(), kind, width, lhs, rhs, self.insn)
        op.result.definition = op
        self.put(op)
        return op.result

    def load(self, size: Size, base: Operand, offset: int) -> Value:
        """Bytes from memory, zero-extended."""
        op = Load(self.fn.new_value(), False, size, base, offset, self.insn)
        op.result.definition = op
        self.put(op)
        return op.result

    def store(self, size: Size, base: Operand, offset: int, value: Operand) -> None:
        """Bytes to memory."""
        self.put(Store(size, base, offset, value, self.insn))

    # ---- control

    def branch(self, kind: CompareKind, width: Width, lhs: Operand, rhs: Operand, *, then: Edge, otherwise: Edge) -> None:
        """End the current block with a branch."""
        self.end(Branch(kind, width, lhs, rhs, then, otherwise, self.insn))

    def choose(self, value: Operand, tests: Sequence[Test], otherwise: Operand, *, width: Width = 32) -> Operand:
        """The outcome of the first test that holds, else `otherwise`."""
        if type(value) is int:
            return self._chosen(value, tests, otherwise, width)
        if not tests:
            return otherwise
        after = self.block(1)
        for test in tests:
            following = self.block()
            constant = test.constant & (MASK64 >> (64 - width))
            self.branch(test.kind, width, value, constant, then=Edge(after, [test.outcome & MASK64]), otherwise=Edge(following, []))
            self.enter(following)
        self.end(Jump(Edge(after, [otherwise]), self.insn))
        self.enter(after)
        return after.params[0]

    @staticmethod
    def _chosen(value: int, tests: Sequence[Test], otherwise: Operand, width: Width) -> Operand:
        for test in tests:
            if COMPARE[test.kind](width, value, test.constant & (MASK64 >> (64 - width))):
                return test.outcome & MASK64
        return otherwise

    def exit(self, value: Operand, insn: int) -> None:
        """End the program."""
        self.end(Exit(value, insn))
