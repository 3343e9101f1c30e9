"""Use the renamed value wherever an `assume` dominates: what slot promotion and folding uncovered gets the facts too.

v2 = assume v1 where ult.64 v1, 9
v3 = add.64 v1, 1                          v3 = add.64 v2, 1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpfcc.bpfir.dominance import Dominators
from bpfcc.bpfir.ops import Assume, Op, Operand, Value, edges, operands, replace_operands

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Block, Function
    from bpfcc.bpfir.passes.context import Context


def rename_assumed(fn: Function, _context: Context) -> bool:
    """Walk the dominator tree with the newest name of each value at hand."""
    if not any(isinstance(op, Assume) for block in fn.blocks for op in block.ops):
        return False
    dominators = Dominators(fn)
    newest: dict[Value, Operand] = {}
    changed = False
    # (block, None) to enter; (None, undo) to leave: the names as they were before.
    stack: list[tuple[Block | None, list[tuple[Value, Operand | None]]]] = [(dominators.order[0], [])]
    while stack:
        block, undo = stack.pop()
        if block is None:
            for value, before in reversed(undo):
                if before is None:
                    del newest[value]
                else:
                    newest[value] = before
            continue
        undo = []
        for op in block.all_ops():
            if newest and _uses_any(op, newest):
                replace_operands(op, newest)
                changed = True
            if isinstance(op, Assume) and type(op.value) is Value:
                _rename(op, newest, undo)
        stack.append((None, undo))
        stack.extend((child, []) for child in dominators.children[block])
    return changed


def _rename(op: Assume, newest: dict[Value, Operand], undo: list[tuple[Value, Operand | None]]) -> None:
    """From here on `op.result` stands for its value and for every older name of it."""
    value: Operand = op.value
    while type(value) is Value:
        undo.append((value, newest.get(value)))
        newest[value] = op.result
        value = value.definition.value if isinstance(value.definition, Assume) else 0


def _uses_any(op: Op, names: dict[Value, Operand]) -> bool:
    if any(v in names for v in operands(op) if type(v) is Value):
        return True
    return any(v in names for edge in edges(op) for v in edge.args if type(v) is Value)
