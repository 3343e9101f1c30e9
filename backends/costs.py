"""What a block costs of a run's budget, where its IR does not say: IR that was read as text knows only of instructions that left an
operation.

    cost_of(fn, block)          instructions that the block's operations came from
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpfcc.bpfir.ops import Assume, Jump

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Block, Function


def cost_of(fn: Function, block: Block) -> int:
    """A block for the renamings of one way of a branch has no instructions of its own."""
    found = {op.insn for op in block.all_ops()} - {-1}
    ending = block.terminator
    renames = type(ending) is Jump and not block.params and all(type(op) is Assume for op in block.ops)
    shared = renames and any(
        other.terminator.insn == ending.insn and other is not block for other in fn.blocks for edge in other.edges() if edge.block is block
    )
    return len(found) - (1 if shared and found else 0)
