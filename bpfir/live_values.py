"""SSA values live at the ends of blocks, for register allocation and for telling what a point knows.

    b0: v1 = …; jump b1        live_out(b0) = {v1}
    b1: exit v1                live_in(b1)  = {v1}

Arguments of an edge are used at the end of its source; parameters are defined at the start of their block.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from bpfcc.bpfir.ops import Op, used_values

if TYPE_CHECKING:
    from bpfcc.bpfir.dominance import Dominators
    from bpfcc.bpfir.function import Block, Function
    from bpfcc.bpfir.ops import Value


@final
class LiveValues:
    """`live_in` and `live_out` of each block that the entry reaches.

    Each value is followed backwards from its uses to its definition (Boissinot and others, 2011), so the time is that of the answer.
    """

    __slots__ = ("live_in", "live_out")

    def __init__(self, fn: Function, dominators: Dominators) -> None:
        self.live_in: dict[Block, set[Value]] = {block: set() for block in dominators.order}
        self.live_out: dict[Block, set[Value]] = {block: set() for block in dominators.order}
        home: dict[Value, Block] = {}
        for block in dominators.order:
            home.update(dict.fromkeys(block.params, block))
            for op in block.ops:
                if op.HAS_RESULT:
                    home[result_of(op)] = block
        home.update(dict.fromkeys(fn.params, fn.entry))
        for block in dominators.order:
            for op in block.all_ops():
                for value in used_values(op):
                    if home[value] is not block:
                        self._up(value, block, home[value], dominators)

    def _up(self, value: Value, user: Block, home: Block, dominators: Dominators) -> None:
        work = [user]
        while work:
            block = work.pop()
            if block is home or value in self.live_in[block]:
                continue
            self.live_in[block].add(value)
            for predecessor in dominators.predecessors[block]:
                self.live_out[predecessor].add(value)
                work.append(predecessor)


def result_of(op: Op) -> Value:
    """The result of an operation that has one."""
    value: Value = op.result  # type: ignore[attr-defined]
    return value
