"""Use the renamed value wherever an `assume` dominates: what slot promotion and folding uncovered gets the facts too.

v2 = assume v1 where ult.64 v1, 9
v3 = add.64 v1, 1                          v3 = add.64 v2, 1
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from bpfcc.bpfir.dominance import Dominators
from bpfcc.bpfir.ops import Assume, Op, Operand, Value, replace_operands, used_values

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Block, Function
    from bpfcc.bpfir.passes.context import Context


def rename_assumed(fn: Function, _context: Context) -> bool:
    """Walk the dominator tree with the newest name of each value at hand."""
    if not any(isinstance(op, Assume) for block in fn.blocks for op in block.ops):
        return False
    return _Renamer(Dominators(fn)).run()


@final
class _Renamer:
    def __init__(self, dominators: Dominators) -> None:
        self.dominators = dominators
        # The value that an assume, or a chain of them, renames.
        self.root: dict[Value, Value] = {}
        self.newest: dict[Value, Value] = {}
        self.changed = False

    def run(self) -> bool:
        # (block, []) to enter; (None, undo) to leave: the names as they were before.
        stack: list[tuple[Block | None, list[tuple[Value, Value | None]]]] = [(self.dominators.order[0], [])]
        while stack:
            block, undo = stack.pop()
            if block is None:
                self._leave(undo)
                continue
            undo = []
            for op in block.all_ops():
                if self.newest:
                    self._rename_uses(op)
                if isinstance(op, Assume) and type(op.value) is Value:
                    root = self.root.get(op.value, op.value)
                    self.root[op.result] = root
                    undo.append((root, self.newest.get(root)))
                    self.newest[root] = op.result
            stack.append((None, undo))
            stack.extend((child, []) for child in self.dominators.children[block])
        return self.changed

    def _leave(self, undo: list[tuple[Value, Value | None]]) -> None:
        for root, before in reversed(undo):
            if before is None:
                del self.newest[root]
            else:
                self.newest[root] = before

    def _rename_uses(self, op: Op) -> None:
        """Whatever older name of a value `op` uses, the newest one here dominates it too."""
        replacement: dict[Value, Operand] = {}
        for value in used_values(op):
            newest = self.newest.get(self.root.get(value, value))
            if newest is not None and newest is not value:
                replacement[value] = newest
        if replacement:
            replace_operands(op, replacement)
            self.changed = True
