"""Cycles of the part of a function that is run: a forest over the edges that something may take.

    b1 -> b2 -> b1, b2 -> b2         Cycle(b1, blocks {b1, b2}) with the child Cycle(b2, blocks {b2})

Every strongly connected component is a cycle; without the edges into its header it falls apart into inner ones (after Bourdoncle,
"Efficient chaotic iteration strategies with widenings", 1993). Where control enters elsewhere than at the header, the cycle is
`irreducible`. Edges that the facts show to be dead are none, so that this forest may have fewer loops than `bpfcc.bpfir.loops` finds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bpfcc.bpfir.function import Block
    from bpfcc.bpfir.ops import Edge
    from bpfcc.verifier.solver import Facts
    from bpfcc.verifier.unit import Unit

# Cycles nested deeper are taken for unbounded, their inner ones are not looked at.
MAX_DEPTH: Final = 40
# So are those that are left when so many blocks were looked at: a factor on the size of the function, and a number.
EFFORT: Final = (8, 4_000)
Way = tuple["Block", int]


@final
class Cycle:
    """`header` comes first in reverse postorder. `parts`: blocks and inner cycles, each before what it leads to.

    `back`: edges of the cycle into its header. `deep`: nested too deeply to be looked into.
    """

    __slots__ = ("back", "blocks", "deep", "header", "irreducible", "parent", "parts")

    def __init__(self, header: Block, blocks: frozenset[Block], parent: Cycle | None) -> None:
        self.header = header
        self.blocks = blocks
        self.parent = parent
        self.parts: list[Block | Cycle] = []
        self.back: list[Way] = []
        self.irreducible = False
        self.deep = False

    def __repr__(self) -> str:
        return f"cycle at b{self.header.id}"


@final
class Cycles:
    """`parts` of the whole function, `inner_first` all cycles, `innermost` the smallest cycle around a block."""

    __slots__ = ("_facts", "_unit", "inner_first", "innermost", "parts")

    def __init__(self, unit: Unit, facts: Facts) -> None:
        self._unit = unit
        self._facts = facts
        self.innermost: dict[Block, Cycle] = {}
        self.inner_first: list[Cycle] = []
        self.parts: list[Block | Cycle] = []
        self._split()

    def ways(self, block: Block) -> Iterator[tuple[int, Edge]]:
        """Edges out of a block that may be taken."""
        facts = self._facts
        for index, edge in enumerate(block.edges()):
            if (block, index) not in facts.dead and edge.block in facts.reached:
                yield index, edge

    def into(self, block: Block) -> Iterator[tuple[Block, Edge]]:
        """Edges into a block that may be taken, with their sources."""
        for source in dict.fromkeys(self._unit.dominators.predecessors[block]):
            if source in self._facts.reached:
                for _, edge in self.ways(source):
                    if edge.block is block:
                        yield source, edge

    def _split(self) -> None:
        reached = [block for block in self._unit.order if block in self._facts.reached]
        if not self._unit.back_edges:
            self.parts = list(reached)
            return
        work: list[tuple[Cycle | None, int]] = [(None, 0)]
        found: list[Cycle] = []
        left = EFFORT[0] * len(reached) + EFFORT[1]
        while work:
            outer, depth = work.pop()
            left -= len(outer.blocks) if outer is not None else 0
            parts = self._parts(reached if outer is None else outer.blocks, outer)
            if outer is None:
                self.parts = parts
            else:
                outer.parts = parts
            for part in parts:
                if isinstance(part, Cycle):
                    found.append(part)
                    part.deep = depth >= MAX_DEPTH or left < 0
                    for block in part.blocks:
                        self.innermost[block] = part
                    if not part.deep:
                        work.append((part, depth + 1))
        self.inner_first = found[::-1]

    def _parts(self, blocks: Iterable[Block], outer: Cycle | None) -> list[Block | Cycle]:
        number = self._unit.number
        allowed = set(blocks)
        without = outer.header if outer is not None else None
        parts: list[Block | Cycle] = []
        for component in self._components(sorted(allowed, key=number.__getitem__), allowed, without):
            first = min(component, key=number.__getitem__)
            back = [(b, i) for b in component for i, edge in self.ways(b) if edge.block is first] if first is not without else []
            if not back:
                parts.append(first)
                continue
            cycle = Cycle(first, frozenset(component), outer)
            cycle.back = sorted(back, key=lambda way: (number[way[0]], way[1]))
            cycle.irreducible = any(
                source not in cycle.blocks for block in component if block is not first for source, _ in self.into(block)
            )
            parts.append(cycle)
        return parts

    def _components(self, blocks: list[Block], allowed: set[Block], without: Block | None) -> list[list[Block]]:
        """Strongly connected components in topological order, without edges into `without` (Tarjan, 1972)."""
        index: dict[Block, int] = {}
        low: dict[Block, int] = {}
        path: list[Block] = []
        on_path: set[Block] = set()
        found: list[list[Block]] = []
        for root in blocks:
            if root in index:
                continue
            stack: list[tuple[Block, Iterator[Block]]] = [(root, self._successors(root, allowed, without))]
            index[root] = low[root] = len(index)
            path.append(root)
            on_path.add(root)
            while stack:
                block, successors = stack[-1]
                for successor in successors:
                    if successor not in index:
                        index[successor] = low[successor] = len(index)
                        path.append(successor)
                        on_path.add(successor)
                        stack.append((successor, self._successors(successor, allowed, without)))
                        break
                    if successor in on_path:
                        low[block] = min(low[block], index[successor])
                else:
                    stack.pop()
                    if stack:
                        low[stack[-1][0]] = min(low[stack[-1][0]], low[block])
                    if low[block] == index[block]:
                        found.append(_popped(path, on_path, block))
        found.reverse()
        return found

    def _successors(self, block: Block, allowed: set[Block], without: Block | None) -> Iterator[Block]:
        return (edge.block for _, edge in self.ways(block) if edge.block in allowed and edge.block is not without)


def _popped(path: list[Block], on_path: set[Block], block: Block) -> list[Block]:
    at = len(path) - 1
    while path[at] is not block:
        at -= 1
    component = path[at:]
    del path[at:]
    on_path.difference_update(component)
    return component
