"""Copying functions into their callers: the machinery of `bpfcc.verifier.expand`.

    v3 = call @clamp(v1)             jump b7           b7: the blocks of clamp, with v1 for its parameter and its frame
    v4 = add.64 v3, 1                b9(v3): …              512 bytes lower; each `exit v` of it is `jump b9(v)`

Constants are folded on the way, so that what a call's arguments rule out is not copied.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

from bpfcc.bpfir.dominance import reverse_postorder
from bpfcc.bpfir.function import Block, Function
from bpfcc.bpfir.ops import (
    OPERATIONS,
    Branch,
    Call,
    CallExtern,
    CallFunction,
    CallIndirect,
    Edge,
    Exit,
    FrameAddr,
    Jump,
    Op,
    Operand,
    PacketLoad,
    Undef,
    Value,
)
from bpfcc.bpfir.passes.constants import FOLDERS
from bpfcc.bpfir.semantics import COMPARE
from bpfcc.verifier import pseudo
from bpfcc.verifier.callgraph import function_named_by
from bpfcc.verifier.globals import prototype_of

if TYPE_CHECKING:
    from bpfcc.bpfir.ops import Terminator
    from bpfcc.verifier.unit import Surroundings

Chain = tuple[int, ...]
FRAME_BYTES: Final = 512
# What becomes of a field when its operation is copied.
USE, USES, RESULT, PLAIN = range(4)
_MODES: Final = {"Operand": USE, "list[Operand]": USES, "Value": RESULT}
RECIPES: Final = {cls: tuple((name, _MODES.get(kind, PLAIN)) for name, kind in cls.FIELDS.items()) for cls in OPERATIONS}


class TooLarge(Exception):
    """The judged form has too many operations, or too many frames."""

    def __init__(self, function: str, op: Op, *, code: str) -> None:
        super().__init__()
        self.function = function
        self.op = op
        self.code = code


class Home(NamedTuple):
    """Where an activation comes from: the function, and the call of it."""

    function: str
    caller: Chain
    insn: int


@final
class Instance:
    """One copy of a function. `follow` is where its exits lead, None for the outermost; `returns`: what a callback may return."""

    __slots__ = ("blocks", "called_back", "chain", "fn", "follow", "pending", "queue", "returns", "uses_frame", "values")

    def __init__(
        self, fn: Function, chain: Chain, follow: Block | None, returns: tuple[int, int] | None = None, *, called_back: bool = False
    ) -> None:  # fmt: skip
        self.fn = fn
        self.chain = chain
        self.follow = follow
        self.returns = returns
        # A callback, or what one calls.
        self.called_back = called_back or returns is not None
        self.uses_frame = any(type(op) is FrameAddr for block in fn.blocks for op in block.ops)
        self.values: dict[Value, Operand] = {}
        self.blocks: dict[Block, Block] = {}
        # Arguments of edges, to be filled in when all values are there.
        self.pending: list[tuple[Edge, Edge]] = []
        self.queue: list[int] = []

    def get(self, operand: Operand) -> Operand:
        """The copy of an operand."""
        return self.values[operand] if type(operand) is Value else operand


@final
class Inliner:
    """Makes one function out of many."""

    def __init__(self, around: Surroundings, name: str, max_ops: int) -> None:
        self.around: Final = around
        self.graph: Final = around.graph
        self.out: Final = Function(name)
        self.activations: Final[dict[Block, Chain]] = {}
        self.frames: Final[dict[Op, Chain]] = {}
        self.homes: Final[dict[Chain, Home]] = {}
        # (function, value or block of it) and the copy: what facts are brought back by.
        self.origins: Final[list[tuple[str, Value]]] = []
        self.copies: Final[list[Operand]] = []
        self.blocks: Final[list[tuple[str, Block, Block]]] = []
        self.max_ops: Final = max_ops
        self.spent = 0
        self._orders: dict[str, list[Block]] = {}
        self._numbers: dict[str, dict[Block, int]] = {}
        self._next_activation = 0

    # ---- making

    def block(self, chain: Chain) -> Block:
        """A fresh block of an activation."""
        made = Block(len(self.activations))
        self.out.blocks.append(made)
        self.activations[made] = chain
        return made

    def value(self, inst: Instance, old: Value, definition: Op | Block) -> Value:
        """The copy of a value."""
        made = self.out.new_value(definition)
        self.bind(inst, old, made)
        return made

    def bind(self, inst: Instance, old: Value, operand: Operand) -> None:
        """`operand` stands for `old` in this copy."""
        inst.values[old] = operand
        self.origins.append((inst.fn.name, old))
        self.copies.append(operand)

    def define(self, block: Block, op: Any) -> Value:
        """Append an operation that a pass made; its result is given a value."""
        result = self.out.new_value(op)
        op.result = result
        block.ops.append(op)
        return result

    def call(self, block: Block, number: int, args: list[Operand], insn: int) -> Value:
        """Append a call of a pseudo helper."""
        return self.define(block, Call(_NONE, number, args, insn))

    def enter(self, caller: Chain, fn: Function, insn: int) -> Chain:
        """A new activation of `fn`."""
        self._next_activation += 1
        chain = (*caller, self._next_activation)
        self.homes[chain] = Home(fn.name, caller, insn)
        return chain

    # ---- functions

    def outermost(self, fn: Function) -> None:
        """The function that is judged."""
        chain = (0,)
        self.homes[chain] = Home(fn.name, (), -1)
        inst = Instance(fn, chain, None)
        self.out.params = [self.out.new_value() for _ in fn.params]
        for old, new in zip(fn.params, self.out.params, strict=True):
            self.bind(inst, old, new)
        self.body(inst)

    def callee(
        self, inst: Instance, block: Block, name: str, args: list[Operand], follow: Block, insn: int, returns: tuple[int, int] | None = None
    ) -> None:  # fmt: skip
        """End `block` with a jump into a copy of function `name`."""
        fn = self.graph.functions[name]
        made = Instance(fn, self.enter(inst.chain, fn, insn), follow, returns, called_back=inst.called_back)
        if len(made.chain) > self.around.platform.limits.call_depth:
            raise TooLarge(inst.fn.name, _At(insn), code="V063")
        given = list(args[: len(fn.params)])
        while len(given) < len(fn.params):
            given.append(self.define(block, Undef(_NONE, len(given) + 1, insn)))
        for old, operand in zip(fn.params, given, strict=True):
            self.bind(made, old, operand)
        entry = self.body(made)
        block.terminator = Jump(Edge(entry, []), insn)

    def body(self, inst: Instance) -> Block:
        """Copy the blocks that are reached; the copy of the entry."""
        fn = inst.fn
        order = self._orders.get(fn.name)
        if order is None:
            order = self._orders[fn.name] = reverse_postorder(fn)
            self._numbers[fn.name] = {block: at for at, block in enumerate(order)}
        entry = self._target(inst, fn.entry)
        if inst.follow is not None and inst.uses_frame:
            low = FrameAddr(_NONE, -FRAME_BYTES * len(inst.chain), -1)
            address = self.define(entry, low)
            self.frames[low] = inst.chain
            self.call(entry, pseudo.ENTER_FRAME, [address], -1)
        while inst.queue:
            self._block(inst, order[heapq.heappop(inst.queue)])
        for edge, old in inst.pending:
            edge.args = [inst.get(arg) for arg in old.args]
        return entry

    def _target(self, inst: Instance, old: Block) -> Block:
        made = inst.blocks.get(old)
        if made is None:
            made = inst.blocks[old] = self.block(inst.chain)
            self.blocks.append((inst.fn.name, old, made))
            made.params = [self.value(inst, param, made) for param in old.params]
            heapq.heappush(inst.queue, self._numbers[inst.fn.name][old])
        return made

    def _edge(self, inst: Instance, old: Edge) -> Edge:
        made = Edge(self._target(inst, old.block), [], old.steps)
        if old.args:
            inst.pending.append((made, old))
        return made

    # ---- blocks

    def _block(self, inst: Instance, source: Block) -> None:
        block = inst.blocks[source]
        block.steps = source.steps
        self.spent += len(source.ops) + 1
        if self.spent > self.max_ops:
            raise TooLarge(inst.fn.name, source.terminator, code="V071")
        for op in source.ops:
            handler = _CALLS.get(type(op))
            if handler is not None:
                block = handler(self, inst, block, op)
            else:
                self._plain(inst, block, op)
        self._end(inst, block, source.terminator)

    def _plain(self, inst: Instance, block: Block, op: Op) -> None:
        made = self.copied(inst, op)
        folder = FOLDERS.get(type(op))
        folded = folder(made) if folder is not None else None
        if folded is None:
            if type(made) is FrameAddr:
                made.offset -= FRAME_BYTES * (len(inst.chain) - 1)
                self.frames[made] = inst.chain
            block.ops.append(made)
        elif isinstance(folded, Op):
            if type(folded) is FrameAddr:
                self.frames[folded] = self.frames[made.lhs.definition]  # type: ignore[attr-defined]
            block.ops.append(folded)
        else:
            # The value made for the result is no one's.
            inst.values[op.result] = folded  # type: ignore[attr-defined]
            self.copies[-1] = folded

    def copied(self, inst: Instance, op: Op) -> Op:
        """The same operation on the copies of its operands."""
        values = inst.values
        fields: list[Any] = []
        for name, mode in RECIPES[type(op)]:
            field = getattr(op, name)
            if mode == USE:
                field = values[field] if type(field) is Value else field
            elif mode == USES:
                field = [values[v] if type(v) is Value else v for v in field]
            fields.append(field)
        make: Any = type(op)
        made: Any = make(*fields)
        if op.HAS_RESULT:
            made.result = self.value(inst, made.result, made)
        found: Op = made
        return found

    def _end(self, inst: Instance, block: Block, op: Terminator) -> None:
        if type(op) is Exit:
            self.leave(inst, block, inst.get(op.value), op.insn)
        elif type(op) is Jump:
            block.terminator = Jump(self._edge(inst, op.target), op.insn)
        elif type(op) is Branch:
            lhs, rhs = inst.get(op.lhs), inst.get(op.rhs)
            if type(lhs) is int and type(rhs) is int:
                taken = COMPARE[op.kind](op.width_bits, lhs, rhs)
                block.terminator = Jump(self._edge(inst, op.then if taken else op.otherwise), op.insn)
            else:
                block.terminator = Branch(
                    op.kind, op.width_bits, lhs, rhs, self._edge(inst, op.then), self._edge(inst, op.otherwise), op.insn
                )
        else:
            made: Any = self.copied(inst, op)
            block.terminator = made

    def leave(self, inst: Instance, block: Block, value: Operand, insn: int) -> None:
        """End `block` as the function's end."""
        if inst.follow is None:
            block.terminator = Exit(value, insn)
            return
        if inst.returns is not None:
            self.call(block, pseudo.LEAVE, [value, *map(pseudo.constant, inst.returns)], insn)
        elif inst.uses_frame:
            self.call(block, pseudo.LEAVE, [value], insn)
        block.terminator = Jump(Edge(inst.follow, [value]), insn)

    # ---- calls

    def call_function(self, inst: Instance, block: Block, op: CallFunction | CallIndirect, name: str) -> Block:
        """A static function takes the place of its call, a global one is called by its prototype."""
        fn = self.graph.functions[name]
        args = [inst.get(arg) for arg in op.args]
        if prototype_of(self.around, fn) is not None:
            made = Call(_NONE, pseudo.GLOBAL - self.around.module.functions.index(fn), args[: len(fn.params)], op.insn)
            made.result = self.value(inst, op.result, made)
            block.ops.append(made)
            return block
        follow = self.block(inst.chain)
        follow.params = [self.value(inst, op.result, follow)]
        self.callee(inst, block, name, args, follow, op.insn)
        return follow

    def perhaps(self, inst: Instance, block: Block, insn: int) -> tuple[Block, Block]:
        """Two ways on, nobody knows which."""
        chosen = self.call(block, pseudo.CHOICE, [], insn)
        one, other = self.block(inst.chain), self.block(inst.chain)
        block.terminator = Branch("eq", 64, chosen, 0, Edge(one, []), Edge(other, []), insn)
        return one, other


def _function(inliner: Inliner, inst: Instance, block: Block, op: Any) -> Block:
    return inliner.call_function(inst, block, op, op.function)


def _indirect(inliner: Inliner, inst: Instance, block: Block, op: Any) -> Block:
    name = function_named_by(inst.get(op.target))
    if name is not None and inliner.around.platform.indirect_calls:
        return inliner.call_function(inst, block, op, name)
    block.ops.append(inliner.copied(inst, op))
    return block


def _helper(inliner: Inliner, inst: Instance, block: Block, op: Any) -> Block:
    callback = inliner.graph.callback_of(op)
    if callback is not None and not callback.deferred and callback.function < len(op.args):
        name = function_named_by(inst.get(op.args[callback.function]))
        if name is not None:
            from bpfcc.verifier.rounds import call_back

            return call_back(inliner, inst, block, op, callback, name)
    made: Any = inliner.copied(inst, op)
    block.ops.append(made)
    # In a callback it is refused.
    if inst.follow is None or inst.called_back or not inliner.graph.is_tail_call(op):
        return block
    # Where it succeeds, the program that was called returns in the place of this function, and may have moved the packet.
    gone, rest = inliner.perhaps(inst, block, op.insn)
    inliner.call(gone, pseudo.MOVED, [], op.insn)
    inliner.leave(inst, gone, made.result, op.insn)
    return rest


def _packet_load(inliner: Inliner, inst: Instance, block: Block, op: Any) -> Block:
    if inst.follow is not None:
        # Where the packet ends before, the function returns 0.
        gone, block = inliner.perhaps(inst, block, op.insn)
        inliner.leave(inst, gone, 0, op.insn)
    block.ops.append(inliner.copied(inst, op))
    return block


class _At(Op):
    """Stands for an operation where only its instruction matters."""

    __slots__ = ("insn",)

    def __init__(self, insn: int) -> None:
        self.insn = insn


_CALLS: Final = {CallFunction: _function, CallIndirect: _indirect, Call: _helper, CallExtern: _helper, PacketLoad: _packet_load}
_NONE: Final = Value(-1)

__all__ = ["Chain", "Home", "Inliner", "Instance", "TooLarge"]
