"""Which state of the packet an operation sees: each call that may move it begins a new epoch.

    v1 = load.4 v0, 0            epoch 0
    call helper 44(v0, -14)      xdp_adjust_head
    v3 = load.1 v1, 0            epoch 1: v1 is of epoch 0, and stale

Where epochs meet a new one begins; a pointer that is passed to a parameter there, fresh on each way, becomes one of the new epoch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpfcc.bpfir.dominance import Dominators
    from bpfcc.bpfir.function import Block
    from bpfcc.bpfir.loops import Loops
    from bpfcc.bpfir.ops import Op


@final
class Epochs:
    """`at_start` and `at_end` of blocks; `after` a call that moves the packet."""

    __slots__ = ("after", "at_end", "at_start", "moves")

    def __init__(self, dominators: Dominators, loops: Loops, moves: Callable[[Op], bool]) -> None:
        self.after: dict[Op, int] = {}
        self.moves = False
        movers: dict[Block, list[Op]] = {}
        for block in dominators.order:
            found = [op for op in block.ops if moves(op)]
            if found:
                movers[block] = found
        self.at_start: dict[Block, int] = dict.fromkeys(dominators.order, 0)
        self.at_end: dict[Block, int] = dict.fromkeys(dominators.order, 0)
        if movers:
            self.moves = True
            self._number(dominators, loops, movers)

    def _number(self, dominators: Dominators, loops: Loops, movers: dict[Block, list[Op]]) -> None:
        fresh = 0
        restarts = {loop.header for loop in loops.loops if any(block in movers for block in loop.blocks)}
        restarts |= {target for _, target in loops.irreducible}
        done: set[Block] = set()
        for block in dominators.order:
            ends = {self.at_end[p] for p in dominators.predecessors[block] if p in done}
            if block is dominators.order[0]:
                epoch = 0
            elif block in restarts or len(ends) != 1:
                fresh += 1
                epoch = fresh
            else:
                (epoch,) = ends
            self.at_start[block] = epoch
            for op in movers.get(block, ()):
                fresh += 1
                epoch = fresh
                self.after[op] = epoch
            self.at_end[block] = epoch
            done.add(block)

    def crosses(self, source: Block, target: Block) -> bool:
        """Whether the edge leads into an epoch that begins at its target."""
        return self.moves and self.at_end[source] != self.at_start[target]
