"""How many instructions of bytecode a run executes at most: the longest path, loops collapsed innermost first.

    b1: 6 steps, at most 1024 times        6 + 1024 * 6 + 1

A loop whose header is entered n times makes n - 1 whole rounds and the part of one that leaves. Inner loops are one part of the path
with a cost of their own for each way out, so that bounds multiply; a call adds the bound of the function that is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir.ops import Call, CallFunction, CallIndirect
from bpfcc.verifier.cycles import Cycle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bpfcc.bpfir.function import Block
    from bpfcc.bpfir.ops import Op
    from bpfcc.verifier.cycles import Cycles

Exits = dict["Block", int]
CALLS: Final = frozenset({Call, CallFunction, CallIndirect})


@final
class Cost:
    """`most` steps of any run; None where a loop or a callee has no bound. `callee(call)` is the bound of what a call runs."""

    __slots__ = ("_callee", "_counted", "_cycles", "_known", "_visits", "most")

    def __init__(
        self, cycles: Cycles, visits: Mapping[Block, int | None], callee: Callable[[Op], int | None], *, counted: bool
    ) -> None:  # fmt: skip
        self._cycles = cycles
        self._visits = visits
        self._callee = callee
        self._counted = counted
        self._known: dict[Cycle, tuple[int, Exits] | None] = {}
        self.most = self._run()

    def _run(self) -> int | None:
        for cycle in self._cycles.inner_first:
            self._known[cycle] = self._cycle(cycle)
        found = self._longest(self._cycles.parts, None)
        return max(found[1].values(), default=0) if found is not None else None

    def steps_of(self, block: Block) -> int | None:
        """Steps of one pass through a block, its calls included."""
        total = block.steps
        if not self._counted:
            # IR that was read as text knows only of instructions that left an operation.
            total = len({op.insn for op in block.all_ops()} - {-1})
        for op in block.ops:
            more = self._callee(op) if type(op) in CALLS else 0
            if more is None:
                return None
            total += more
        return total

    def _cycle(self, cycle: Cycle) -> tuple[int, Exits] | None:
        """Steps until each block of the cycle is left for good, the block included; the largest of them first."""
        visits = self._visits.get(cycle.header)
        if visits is None:
            return None
        found = self._longest(cycle.parts, cycle)
        if found is None:
            return None
        around, ends = found
        # Where control enters elsewhere than at the header, a first part of a round comes before.
        rounds = visits if cycle.irreducible else max(visits - 1, 0)
        ends = {block: rounds * around + steps for block, steps in ends.items()}
        return max(ends.values()), ends

    def _longest(self, parts: list[Block | Cycle], cycle: Cycle | None) -> tuple[int, Exits] | None:
        """(The longest way round into the header, the longest way to the end of each block)."""
        at: dict[Block, int] = {}
        ends: Exits = {}
        around = 0
        header = cycle.header if cycle is not None else None
        for part in parts:
            if isinstance(part, Cycle):
                inner = self._known.get(part)
                if inner is None:
                    return None
                before = max((at[b] for b in part.blocks if b in at), default=0)
                left = {block: before + steps for block, steps in inner[1].items()}
            else:
                own = self.steps_of(part)
                if own is None:
                    return None
                left = {part: at.get(part, 0) + own}
            ends.update(left)
            for block, steps in left.items():
                for _, edge in self._cycles.ways(block):
                    target = edge.block
                    if target is header:
                        around = max(around, steps + edge.steps)
                    elif not isinstance(part, Cycle) or target not in part.blocks:
                        at[target] = max(at.get(target, 0), steps + edge.steps)
        return around, ends
