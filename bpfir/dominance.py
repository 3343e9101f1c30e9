"""Dominators and dominance frontiers of a function's blocks.

        b0            idom(b1) = idom(b2) = idom(b3) = b0
       /  \\           frontier(b1) = frontier(b2) = {b3}
      b1   b2
       \\  /
        b3

After Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm" (2001); any control flow, irreducible too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Block, Function


def reverse_postorder(fn: Function) -> list[Block]:
    """Blocks that the entry reaches, each before its successors but for back edges."""
    order: list[Block] = []
    seen = {fn.entry}
    # Blocks whose successors are still to come, each with those that are left, the next one last.
    stack = [(fn.entry, fn.entry.successors()[::-1])]
    while stack:
        block, successors = stack[-1]
        if not successors:
            order.append(block)
            stack.pop()
            continue
        successor = successors.pop()
        if successor not in seen:
            seen.add(successor)
            stack.append((successor, successor.successors()[::-1]))
    order.reverse()
    return order


@final
class Dominators:
    """The dominator tree of the blocks that the entry reaches.

    `order` is reverse postorder, `number` its inverse; `idom` of the entry is the entry itself; `children` are in `order`.
    """

    __slots__ = ("_first", "_last", "children", "idom", "number", "order", "predecessors")

    def __init__(self, fn: Function) -> None:
        self.order = reverse_postorder(fn)
        self.number = {block: at for at, block in enumerate(self.order)}
        self.predecessors: dict[Block, list[Block]] = {block: [] for block in self.order}
        for block in self.order:
            for successor in block.successors():
                self.predecessors[successor].append(block)
        self.idom = self._solve()
        self.children: dict[Block, list[Block]] = {block: [] for block in self.order}
        for block in self.order[1:]:
            self.children[self.idom[block]].append(block)
        self._first: dict[Block, int] = {}
        self._last: dict[Block, int] = {}
        self._number_tree()

    def _solve(self) -> dict[Block, Block]:
        number = self.number
        idom = [0] + [-1] * (len(self.order) - 1)
        changed = True
        while changed:
            changed = False
            for at in range(1, len(self.order)):
                new = -1
                for predecessor in self.predecessors[self.order[at]]:
                    other = number[predecessor]
                    if idom[other] < 0:
                        continue
                    while new >= 0 and other != new:
                        if other > new:
                            other = idom[other]
                        else:
                            new = idom[new]
                    new = other
                if new != idom[at]:
                    idom[at] = new
                    changed = True
        return {block: self.order[idom[at]] for at, block in enumerate(self.order)}

    def _number_tree(self) -> None:
        clock = 0
        stack = [(self.order[0], False)]
        while stack:
            block, done = stack.pop()
            if done:
                self._last[block] = clock
                continue
            self._first[block] = clock
            clock += 1
            stack.append((block, True))
            stack.extend((child, False) for child in reversed(self.children[block]))

    def dominates(self, a: Block, b: Block) -> bool:
        """Whether every path from the entry to `b` passes `a`; a block dominates itself."""
        return self._first[a] <= self._first[b] < self._last[a]

    def frontiers(self) -> dict[Block, set[Block]]:
        """For each block, where its dominance ends."""
        found: dict[Block, set[Block]] = {block: set() for block in self.order}
        for block in self.order:
            if len(self.predecessors[block]) < 2 and block is not self.order[0]:
                continue
            for predecessor in self.predecessors[block]:
                runner = predecessor
                while runner is not self.idom[block] or (block is self.order[0] and runner is block):
                    found[runner].add(block)
                    if runner is self.idom[runner]:
                        break
                    runner = self.idom[runner]
        return found
