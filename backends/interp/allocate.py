"""Give every value a register of the frame; values that a loop or a join passes on share one where they can.

    b1(v3): v4 = add.64 v3, 1; … then b1(v4)        v3 and v4 in register 2: the back edge moves nothing

Live ranges are exact to the instruction (segments in the order of the code, with holes); parameters are merged with their arguments
where the ranges do not meet, and what is left is assigned in one scan over whole ranges. Reading and writing are different
moments of an instruction, so a result may take the register of an operand that ends there.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, final

from bpfcc.bpfir.ops import Value
from bpfcc.errors import UnsupportedError

if TYPE_CHECKING:
    from bpfcc.backends.interp.flow import Node
    from bpfcc.backends.interp.machine import Code

MAX_REGISTERS = 65_000
# Ranges with more pieces are not merged: what the merge would save is less than what looking costs.
MAX_PIECES = 64

Segment = tuple[int, int]


@final
class Allocator:
    """`registers` after `run`: the register of each value; `count`: how many there are."""

    def __init__(self, codes: list[Code], params: list[Value], home: dict[Value, Node]) -> None:
        self.codes = codes
        self.params = params
        self.home = home
        self.registers: dict[Value, int] = {}
        self.count = 0
        self.parent: dict[Value, Value] = {}
        self.segments: dict[Value, list[Segment]] = {}
        self.live_in: list[set[Value]] = [set() for _ in codes]
        self.live_out: list[set[Value]] = [set() for _ in codes]
        self.predecessors: list[list[int]] = [[] for _ in codes]

    def run(self) -> None:
        """Everything."""
        self._liveness()
        self._ranges()
        self._merge()
        self._scan()

    # ---- where values live -----------------------------------------------------------------------------------------

    def _liveness(self) -> None:
        for code in self.codes:
            for target in code.node.targets:
                self.predecessors[target.index].append(code.node.index)
        home = self.home
        for code in self.codes:
            node = code.node
            for insn in code.insns:
                for value in insn.srcs:
                    if home[value] is not node:
                        self._up(value, node.index)
            for value in _ends(code):
                if home[value] is not node:
                    self._up(value, node.index)
            for args in node.args:
                for arg in args:
                    if type(arg) is Value:
                        self.live_out[node.index].add(arg)
                        if home[arg] is not node:
                            self._up(arg, node.index)

    def _up(self, value: Value, user: int) -> None:
        """`value` is needed at the start of `user`, so at the ends of its predecessors, up to its home."""
        home = self.home[value].index
        work = [user]
        while work:
            index = work.pop()
            if index == home or value in self.live_in[index]:
                continue
            self.live_in[index].add(value)
            for predecessor in self.predecessors[index]:
                self.live_out[predecessor].add(value)
                work.append(predecessor)

    def _ranges(self) -> None:
        """Segments [start, end), last node first, so that each list grows at its front; reversed at the end."""
        position = 2 * sum(len(code.insns) + 3 for code in self.codes)
        segments = self.segments
        for code in reversed(self.codes):
            node = code.node
            end = position
            last: dict[Value, int] = dict.fromkeys(self.live_out[node.index], end)
            position -= 4
            test = code.test
            if test is not None and test.dst is not None:
                _add(segments, test.dst, position + 1, last.pop(test.dst, position + 2))
            for value in _ends(code):
                last.setdefault(value, position)
            for insn in reversed(code.insns):
                position -= 2
                dst = insn.dst
                if dst is not None:
                    _add(segments, dst, position + 1, last.pop(dst, position + 2))
                    if insn.also is not None:
                        _add(segments, insn.also, position + 1, last.pop(insn.also, position + 2))
                for value in insn.srcs:
                    last.setdefault(value, position)
            position -= 2
            for param in node.params:
                _add(segments, param, position, last.pop(param, position + 1))
            for value, until in last.items():
                _add(segments, value, position, until)
        for param in self.params:
            _add(segments, param, -1, 1)
        for pieces in segments.values():
            pieces.reverse()

    # ---- sharing ---------------------------------------------------------------------------------------------------

    def _find(self, value: Value) -> Value:
        parent = self.parent
        while value in parent:
            up = parent[value]
            if up in parent:
                parent[value] = parent[up]
            value = up
        return value

    def _merge(self) -> None:
        wishes = []
        for code in self.codes:
            node = code.node
            for target, args in zip(node.targets, node.args, strict=True):
                weight = min(node.loop, target.loop)
                wishes += [(-weight, param, arg) for param, arg in zip(target.params, args, strict=True) if type(arg) is Value]
        wishes.sort(key=lambda wish: wish[0])
        for _, param, arg in wishes:
            a, b = self._find(param), self._find(arg)
            if a is b:
                continue
            first, second = self.segments[a], self.segments[b]
            if len(first) + len(second) > MAX_PIECES or _meet(first, second):
                continue
            merged = sorted(first + second)
            self.parent[b] = a
            self.segments[a] = merged
            del self.segments[b]

    def _scan(self) -> None:
        order = [(pieces[0][0], pieces[-1][1], value) for value, pieces in self.segments.items()]
        first = {self._find(param): number for number, param in enumerate(self.params)}
        order.sort(key=lambda item: (item[0], first.get(item[2], len(first))))
        free: list[int] = []
        active: list[tuple[int, int]] = []
        taken = 0
        registers: dict[Value, int] = {}
        for start, end, value in order:
            while active and active[0][0] <= start:
                heappush(free, heappop(active)[1])
            if free:
                register = heappop(free)
            else:
                register = taken
                taken += 1
            registers[value] = register
            heappush(active, (end, register))
        if taken > MAX_REGISTERS:
            raise UnsupportedError("a function with more than 65,000 values alive at once")
        self.count = taken
        for value in self.parent:
            registers[value] = registers[self._find(value)]
        self.registers = registers


def _ends(code: Code) -> list[Value]:
    """What the end of the node reads."""
    found = list(code.test.srcs) if code.test is not None else []
    if type(code.leaves) is Value:
        found.append(code.leaves)
    return found


def _add(segments: dict[Value, list[Segment]], value: Value, start: int, end: int) -> None:
    """Put a piece before those that are there."""
    pieces = segments.get(value)
    if pieces is None:
        segments[value] = [(start, end)]
    elif pieces[-1][0] <= end:
        pieces[-1] = (start, max(end, pieces[-1][1]))
    else:
        pieces.append((start, end))


def _meet(first: list[Segment], second: list[Segment]) -> bool:
    i = j = 0
    while i < len(first) and j < len(second):
        a, b = first[i], second[j]
        if a[0] < b[1] and b[0] < a[1]:
            return True
        if a[1] <= b[1]:
            i += 1
        else:
            j += 1
    return False
