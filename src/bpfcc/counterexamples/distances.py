"""How far a block is from the target: edges of the control-flow graph, calls and returns followed.

far = Distances(module, fn, blocks)
far.of(fn, block)                 0 in a block of the target, None where it cannot be reached from there
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir.ops import CallFunction, Exit, FuncAddr

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bpfcc.bpfir.function import Block, Function, Module

FAR: Final = 1 << 20


@final
class Distances:
    """Distances to `blocks` of `fn`."""

    def __init__(self, module: Module, fn: Function, blocks: Iterable[Block]) -> None:
        self.module = module
        self.targets = {fn.name: frozenset(blocks)}
        self.calls = {each.name: _calls(each) for each in module.functions}
        self.predecessors = {each.name: _predecessors(each) for each in module.functions}
        # From each block to the target without returning, and to the function's end.
        self.down: dict[str, dict[Block, int]] = {each.name: {} for each in module.functions}
        self.up = {each.name: self._walk(each, {b: 0 for b in each.blocks if type(b.terminator) is Exit}) for each in module.functions}
        self.returning: dict[str, int] = {}
        self._settle_down()
        self._settle_up()

    def _walk(self, fn: Function, starts: Mapping[Block, int]) -> dict[Block, int]:
        """The shortest way from each block to one of `starts`, which have a cost of their own."""
        found = dict(starts)
        queue = deque(sorted(starts, key=lambda block: starts[block]))
        before = self.predecessors[fn.name]
        while queue:
            block = queue.popleft()
            cost = found[block] + 1
            for each in before[block]:
                if cost < found.get(each, FAR):
                    found[each] = cost
                    queue.append(each)
        return found

    def _settle_down(self) -> None:
        for _ in self.module.functions:
            before = dict(self.down)
            for fn in self.module.functions:
                starts = dict.fromkeys(self.targets.get(fn.name, ()), 0)
                for block, names in self.calls[fn.name].items():
                    for name in names:
                        callee = self._entry_cost(name)
                        if callee is not None and callee + 1 < starts.get(block, FAR):
                            starts[block] = callee + 1
                self.down[fn.name] = self._walk(fn, starts)
            if self.down == before:
                return

    def _entry_cost(self, name: str) -> int | None:
        return self.down[name].get(self.module.function(name).entry)

    def _settle_up(self) -> None:
        """What is left after a function has returned to the nearest of its callers."""
        for _ in self.module.functions:
            before = dict(self.returning)
            for fn in self.module.functions:
                for block, names in self.calls[fn.name].items():
                    after = self.of(fn, block)
                    for name in names if after is not None else ():
                        self.returning[name] = min(self.returning.get(name, FAR), (after or 0) + 1)
            if self.returning == before:
                return

    def of(self, fn: Function, block: Block) -> int | None:
        """From the beginning of the block."""
        found = self.down[fn.name].get(block)
        out = self.up[fn.name].get(block)
        back = self.returning.get(fn.name)
        if out is not None and back is not None and (found is None or out + back + 1 < found):
            found = out + back + 1
        return found


def _calls(fn: Function) -> dict[Block, list[str]]:
    """Functions that each block calls, or hands out as callbacks."""
    found: dict[Block, list[str]] = {}
    for block in fn.blocks:
        names = [op.function for op in block.ops if isinstance(op, (CallFunction, FuncAddr))]
        if names:
            found[block] = names
    return found


def _predecessors(fn: Function) -> dict[Block, list[Block]]:
    found: dict[Block, list[Block]] = {block: [] for block in fn.blocks}
    for block in fn.blocks:
        for successor in block.successors():
            found[successor].append(block)
    return found
