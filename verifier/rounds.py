"""Callbacks as the loops that call them.

    v5 = call helper 181(n, step, ctx, 0)        b2(i): if ult.64 i, n then b3 else b9
                                                 b3:    the blocks of step, with i and ctx for its parameters
                                                 b4(r): if eq.64 r, 0 then b5 else b9
                                                 b5:    jump b2(i + 1)

The call stays, as one that calls nothing: its arguments are checked there, and its result is that of the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bpfcc.bpfir.ops import Alu, Assume, Branch, Call, CallExtern, Cast, Edge, Jump, MapAddr, Operand, Value
from bpfcc.verifier import pseudo

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Block
    from bpfcc.runtime.specs.model import Callback
    from bpfcc.verifier.inline import Inliner, Instance

# kernel/bpf/ringbuf.c, BPF_MAX_USER_RINGBUF_SAMPLES.
MAX_SAMPLES: Final = 128 * 1024
MASK32: Final = (1 << 32) - 1
ARRAYS: Final = frozenset({"array", "percpu_array"})
_NONE: Final = Value(-1)


def call_back(inliner: Inliner, inst: Instance, block: Block, op: Call | CallExtern, callback: Callback, name: str) -> Block:
    """The call with the calls that it makes; where it goes on."""
    args = [inst.get(arg) for arg in op.args]
    made: Any = inliner.copied(inst, op)
    if type(op) is Call:
        made.helper = pseudo.EXPANDED - op.helper
        number = op.helper
    else:
        number = -1 - op.extern
    block.ops.append(made)
    rounds = _Rounds(inliner, inst, callback, name, number, args, op.insn)
    after = inliner.block(inst.chain)
    which = inliner.around.helper(number) if number >= 0 else None
    if which is not None and which.name == "loop":
        rounds.counted(block, after)
    elif which is not None and which.name == "for_each_map_elem":
        rounds.repeated(block, after, _entries(inliner, args))
    elif which is not None and which.name == "user_ringbuf_drain":
        rounds.repeated(block, after, MAX_SAMPLES)
    elif which is not None and which.name == "find_vma":
        rounds.once(block, after)
    else:
        rounds.repeated(block, after, MASK32)
    return after


def _entries(inliner: Inliner, args: list[Operand]) -> int:
    """How many elements are visited at most: those of an array, where the code says which.

    Of a hash those are visited too that come into later buckets meanwhile, from the callback or from elsewhere.
    """
    handle = args[0]
    if type(handle) is Value and type(handle.definition) is MapAddr:
        spec = inliner.around.module.maps[handle.definition.map]
        if spec.type in ARRAYS:
            return max(spec.max_entries, 1)
    return MASK32


class _Rounds:
    """The blocks of one loop."""

    def __init__(
        self, inliner: Inliner, inst: Instance, callback: Callback, name: str, number: int, args: list[Operand], insn: int
    ) -> None:  # fmt: skip
        self.inliner = inliner
        self.inst = inst
        self.callback = callback
        self.name = name
        self.number = number
        self.args = args
        self.insn = insn

    def counted(self, block: Block, after: Block) -> None:
        """bpf_loop: as often as argument 0 says, none at all where that is too often."""
        inliner, insn, limit = self.inliner, self.insn, self.inliner.around.platform.limits.loop_iterations
        count = self.args[0]
        if isinstance(count, int):
            count &= MASK32
            self._loop(block, after, count if count <= limit else 0, choice=False)
            return
        short = inliner.define(block, Cast(_NONE, "zext", 32, 64, count, insn))
        start = inliner.block(self.inst.chain)
        block.terminator = Branch("ugt", 64, short, limit, Edge(after, []), Edge(start, []), insn)
        bounded = inliner.define(start, Assume(_NONE, short, False, "ule", 64, short, limit, insn))
        self._loop(start, after, bounded, choice=False)

    def repeated(self, block: Block, after: Block, limit: int) -> None:
        """At most `limit` times."""
        self._loop(block, after, limit, choice=True)

    def once(self, block: Block, after: Block) -> None:
        """Once or not at all."""
        none, one = self.inliner.perhaps(self.inst, block, self.insn)
        none.terminator = Jump(Edge(after, []), self.insn)
        end = self._end()
        end.terminator = Jump(Edge(after, []), self.insn)
        self._called(one, end, 0)

    def _loop(self, block: Block, after: Block, count: Operand, *, choice: bool) -> None:
        inliner, insn, chain = self.inliner, self.insn, self.inst.chain
        header, body, latch = inliner.block(chain), inliner.block(chain), inliner.block(chain)
        index = inliner.out.new_value(header)
        header.params = [index]
        block.terminator = Jump(Edge(header, [0]), insn)
        header.terminator = Branch("ult", 64, index, count, Edge(body, []), Edge(after, []), insn)
        inside = inliner.define(body, Assume(_NONE, index, False, "ult", 64, index, count, insn))
        if choice:
            none, body = inliner.perhaps(self.inst, body, insn)
            none.terminator = Jump(Edge(after, []), insn)
        end = self._end()
        end.terminator = Branch("eq", 64, end.params[0], 0, Edge(latch, []), Edge(after, []), insn)
        following = inliner.define(latch, Alu(_NONE, "add", 64, inside, 1, insn))
        latch.terminator = Jump(Edge(header, [following]), insn)
        self._called(body, end, inside)

    def _end(self) -> Block:
        """Where the callback returns to."""
        end = self.inliner.block(self.inst.chain)
        end.params = [self.inliner.out.new_value(end)]
        return end

    def _called(self, block: Block, end: Block, index: Operand) -> None:
        given = [self._argument(block, at, index) for at in range(len(self.callback.arguments))]
        self.inliner.callee(self.inst, block, self.name, given, end, self.insn, self.callback.returns)

    def _argument(self, block: Block, at: int, index: Operand) -> Operand:
        kind = self.callback.arguments[at]
        if kind == "number":
            return index
        if kind == "context":
            return self.args[self.callback.context] if self.callback.context is not None else 0
        if kind == "map":
            return self.args[0]
        return self.inliner.call(block, pseudo.FRESH, [self.args[0], pseudo.constant(self.number), at], self.insn)


__all__ = ["call_back"]
