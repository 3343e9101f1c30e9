"""Loops of a function: natural ones as a forest, irreducible cycles named as such.

    b1: … if ult.64 v2, 10 then b1 else b2         Loop(header=b1, latches=[b1], blocks={b1}, parent=None)

A back edge is an edge whose target dominates its source. A cycle without such an edge is irreducible: `irreducible` holds the
edges that go back in reverse postorder to a block that does not dominate them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

from bpfcc.bpfir.dominance import reverse_postorder

if TYPE_CHECKING:
    from bpfcc.bpfir.dominance import Dominators
    from bpfcc.bpfir.function import Block, Function


@final
@dataclass(slots=True, eq=False)
class Loop:
    """A natural loop: `latches` are the sources of its back edges; `depth` is 1 for an outermost loop."""

    header: Block
    latches: list[Block]
    blocks: set[Block] = field(default_factory=set)
    parent: Loop | None = None
    children: list[Loop] = field(default_factory=list)

    @property
    def depth(self) -> int:
        """Loops around a block of this one, itself included."""
        count, loop = 1, self.parent
        while loop is not None:
            count, loop = count + 1, loop.parent
        return count

    def exits(self) -> list[tuple[Block, Block]]:
        """(source, target) of the edges that leave."""
        inside = sorted(self.blocks, key=lambda b: b.id)
        return [(block, successor) for block in inside for successor in block.successors() if successor not in self.blocks]


@final
@dataclass(slots=True, eq=False)
class Loops:
    """Every loop of a function, inner ones before outer ones; `innermost` by block."""

    loops: list[Loop]
    innermost: dict[Block, Loop]
    irreducible: list[tuple[Block, Block]]


def turning_points(fn: Function) -> frozenset[Block]:
    """Blocks that every circle passes one of: where edges lead back to, in reverse postorder."""
    order = reverse_postorder(fn)
    number = {block: at for at, block in enumerate(order)}
    return frozenset(successor for block in order for successor in block.successors() if number[successor] <= number[block])


def find_loops(dominators: Dominators) -> Loops:
    """The loop forest; each block is visited once for each loop around it at most."""
    number = dominators.number
    latches: dict[Block, list[Block]] = {}
    irreducible = []
    for block in dominators.order:
        for successor in block.successors():
            if number[successor] > number[block]:
                continue
            if dominators.dominates(successor, block):
                latches.setdefault(successor, []).append(block)
            else:
                irreducible.append((block, successor))
    found: list[Loop] = []
    innermost: dict[Block, Loop] = {}
    # Inner headers come later in reverse postorder, so walking it backwards meets inner loops first.
    for header in sorted(latches, key=lambda b: number[b], reverse=True):
        loop = Loop(header, latches[header])
        _collect(loop, dominators, innermost)
        found.append(loop)
    for loop in found:
        loop.blocks.add(loop.header)
        parent = loop.parent
        if parent is not None:
            parent.children.append(loop)
            parent.blocks |= loop.blocks
    return Loops(found, innermost, irreducible)


def _collect(loop: Loop, dominators: Dominators, innermost: dict[Block, Loop]) -> None:
    """Blocks of `loop` that no inner loop has yet, and the inner loops' parents."""
    work = list(loop.latches)
    innermost.setdefault(loop.header, loop)
    loop.blocks.add(loop.header)
    while work:
        block = work.pop()
        inner = innermost.get(block)
        if inner is None:
            innermost[block] = loop
            loop.blocks.add(block)
            if block is not loop.header:
                work += dominators.predecessors[block]
            continue
        while inner.parent is not None:
            inner = inner.parent
        if inner is not loop:
            inner.parent = loop
            work += dominators.predecessors[inner.header]
