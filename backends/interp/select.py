"""Choose instructions of the native loop for the operations of a function.

    v3 = add.64 v1, v2
    v4 = load.1 v3, 0          ld1_x v4 = [v1 + v2 + 0]
    v5 = bswap.16 v4           …

Nodes are visited from last to first and operations from last to first, with the number of uses of each value at hand: an operation
whose result is no longer used, because what used it took it in, is not emitted. Only pure operations are taken in, and a load
never moves: what traps, traps in the order of the IR.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from bpfcc.backends.interp.folds import fold_loops
from bpfcc.backends.interp.machine import FRAME_BYTES, Code, Insn, signed16, signed32
from bpfcc.backends.interp.operations import HANDLERS
from bpfcc.bpfir import semantics
from bpfcc.bpfir.ops import (
    Alu,
    Branch,
    Cast,
    Effect,
    Exit,
    FrameAddr,
    Value,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bpfcc.backends.base import Environment
    from bpfcc.backends.interp.flow import Flow, Node
    from bpfcc.bpfir.function import Module
    from bpfcc.bpfir.ops import Op, Operand
    from bpfcc.bpfir.semantics import AluKind, CompareKind

# Pieces of memory that the fast path of a checked access knows at once: half for loads, half for stores.
CACHES: Final = 16
CACHE_BYTES: Final = 64
NO_CACHES: Final = 0xFFFF
# Additions that one address takes in.
MAX_SUMS: Final = 8
# Constants kept in registers for the whole function, because a loop needs them.
MAX_HOISTED: Final = 64


@final
class Selector:
    """The state of selecting one function."""

    def __init__(self, flow: Flow, module: Module, environment: Environment, fields: Mapping[Op, str]) -> None:
        self.flow = flow
        # Loads of the context that mean a packet address, and the handler that gives it.
        self.fields = fields
        self.module = module
        self.environment = environment
        self.resolve = flow.resolve
        self.uses: dict[Value, int] = {}
        self.defs: dict[Value, Op] = {}
        self.home: dict[Value, Node] = {}
        self.node = flow.nodes[0]
        self.out: list[Insn] = []
        self.swapped: dict[Value, Value] = {}
        self.constants: dict[int, Value] = {}
        self.hoisted: dict[int, Value] = {}
        self.caches: dict[Value, int] = {}
        self.next_value = flow.fn.next_value
        self.indices = {fn.name: index for index, fn in enumerate(module.functions)}

    def run(self, *, fold: bool = True) -> list[Code]:
        """The instructions of every node, in the order of the flow; `fold`: with loops as single instructions."""
        self._count()
        codes = [self._node(node) for node in reversed(self.flow.nodes)]
        codes.reverse()
        if fold:
            fold_loops(codes, self.hoist)
        codes[0].insns[:0] = [self.constant(value, register) for value, register in self.hoisted.items()]
        return codes

    # ---- values ----------------------------------------------------------------------------------------------------

    def _count(self) -> None:
        uses, defs, home, resolve = self.uses, self.defs, self.home, self.resolve
        for param in self.flow.fn.params:
            home[param] = self.flow.nodes[0]
        for node in self.flow.nodes:
            for param in node.params:
                home[param] = node
            for op in node.ops:
                if op.HAS_RESULT:
                    result: Value = op.result  # type: ignore[attr-defined]
                    defs[result] = op
                    home[result] = node
                for operand in self.operands(op):
                    if type(operand) is Value:
                        uses[operand] = uses.get(operand, 0) + 1
            terminator = node.block.terminator
            if not (type(terminator) is Branch and len(node.targets) == 1):
                for name in terminator.USES:
                    operand = resolve(getattr(terminator, name))
                    if type(operand) is Value:
                        uses[operand] = uses.get(operand, 0) + 1
            for args in node.args:
                for operand in args:
                    if type(operand) is Value:
                        uses[operand] = uses.get(operand, 0) + 1

    def operands(self, op: Op) -> list[Operand]:
        """What `op` uses, renamings followed."""
        alias = self.flow.alias
        found = []
        for name in op.USES:
            operand = getattr(op, name)
            while operand in alias:
                operand = alias[operand]
            found.append(operand)
        if op.ARGS is not None:
            found += [self.resolve(operand) for operand in getattr(op, op.ARGS)]
        return found

    def use(self, operand: Operand) -> None:
        """One use more."""
        if type(operand) is Value:
            self.uses[operand] = self.uses.get(operand, 0) + 1

    def unuse(self, operand: Operand) -> None:
        """One use fewer."""
        if type(operand) is Value:
            self.uses[operand] -= 1

    def fresh(self) -> Value:
        """A value of the lowering's own."""
        value = Value(self.next_value)
        self.next_value += 1
        return value

    def register(self, operand: Operand) -> Value:
        """`operand` as something that lies in a register."""
        if type(operand) is Value:
            return operand
        value = self.hoisted.get(operand) or self.constants.get(operand)
        if value is None:
            value = self.fresh()
            if self.node.loop and len(self.hoisted) < MAX_HOISTED:
                self.hoisted[operand] = value
                self.home[value] = self.flow.nodes[0]
            else:
                self.constants[operand] = value
                self.home[value] = self.node
        return value

    def hoist(self, number: int) -> Value:
        """A register that holds `number` throughout the function."""
        value = self.hoisted.get(number)
        if value is None:
            value = self.hoisted[number] = self.fresh()
            self.home[value] = self.flow.nodes[0]
        return value

    def constant(self, value: int, register: Value) -> Insn:
        """The instruction that loads a number."""
        low = semantics.signed(64, value)
        if signed32(low):
            return Insn("movi", register, [], (low,), -1)
        return Insn("movq", register, [], (value,), -1)

    def emit(self, name: str, dst: Value | None, srcs: list[Value], imms: tuple[int | str, ...], origin: int) -> None:
        """Add an instruction before those that are there."""
        self.out.append(Insn(name, dst, srcs, imms, origin))

    # ---- nodes -----------------------------------------------------------------------------------------------------

    def _node(self, node: Node) -> Code:
        self.node = node
        self.out = []
        self.constants = {}
        code = Code(node)
        terminator = node.block.terminator
        if type(terminator) is Branch and len(node.targets) == 2:
            code.test = self._test(terminator)
        elif type(terminator) is Exit:
            code.leaves = self.resolve(terminator.value)
            if type(code.leaves) is int and not signed32(semantics.signed(64, code.leaves)):
                code.leaves = self.register(code.leaves)
        elif not node.targets:
            self.emit("unresolved", None, [], (), terminator.insn)
        uses = self.uses
        for op in reversed(node.ops):
            if op.HAS_RESULT and not uses.get(op.result) and op.EFFECT is Effect.NONE:  # type: ignore[attr-defined]
                for operand in self.operands(op):
                    self.unuse(operand)
                continue
            HANDLERS[type(op)](self, op)
        self.out.reverse()
        constants = [self.constant(value, register) for value, register in self.constants.items()]
        code.insns = constants + self.out
        return code

    def _test(self, op: Branch) -> Insn:
        kind: CompareKind = op.kind
        lhs, rhs = self.resolve(op.lhs), self.resolve(op.rhs)
        if op.width_bits == 32:
            lhs, rhs = self.low_half(lhs), self.low_half(rhs)
        if type(lhs) is int:
            lhs, rhs, kind = rhs, lhs, semantics.SWAPPED[kind]
        name = f"{kind}{op.width_bits}"
        if type(rhs) is int and signed32(semantics.signed(op.width_bits, rhs)):
            return Insn(name + "i", None, [self.register(lhs)], (semantics.signed(op.width_bits, rhs),), op.insn)
        return Insn(name, None, [self.register(lhs), self.register(rhs)], (), op.insn)

    def low_half(self, operand: Operand) -> Operand:
        """The same for an operation that reads only the low 32 bits: without a zero extension that only it would need."""
        made = self.defs.get(operand) if type(operand) is Value else None
        if type(made) is Cast and made.kind == "zext" and made.from_bits == 32 and type(operand) is Value:
            inner = self.resolve(made.value)
            self._replace_use(operand, inner)
            return inner
        return operand

    # ---- addresses -------------------------------------------------------------------------------------------------

    def address(self, base: Operand, offset: int, size: int, *, indexed: bool = True) -> tuple[str, list[Value], int]:
        """How to reach `size` bytes at base + offset: suffix of the handler, registers, displacement; `indexed`: as a sum, too."""
        for _ in range(MAX_SUMS):
            made = self.defs.get(base) if type(base) is Value else None
            if type(base) is not Value:
                break
            if type(made) is FrameAddr:
                if -FRAME_BYTES <= offset + made.offset <= -size:
                    self.unuse(base)
                    return "_f", [], offset + made.offset
                break
            if type(made) is not Alu or made.width_bits != 64 or made.kind not in ("add", "sub"):
                break
            lhs, rhs = self.resolve(made.lhs), self.resolve(made.rhs)
            if type(rhs) is int:
                delta = semantics.signed(64, rhs if made.kind == "add" else -rhs)
                if not signed16(offset + delta) or not self._near(base, lhs):
                    break
                self._replace_use(base, lhs)
                base, offset = lhs, offset + delta
                continue
            found = self._indexed(base, made.kind, lhs, rhs, offset) if indexed else None
            if found is not None:
                return found
            break
        if not signed16(offset):
            total = self.fresh()
            register = self.register(base)
            self.home[total] = self.node
            self._deferred = Insn("add64i", total, [register], (offset,), -1)
            return "", [total], 0
        return "", [self.register(base)], offset

    _deferred: Insn | None = None

    def _near(self, value: Value, inner: Operand) -> bool:
        """Whether using `inner` here instead of `value` costs no register: both lie in this node, and no loop carries `inner` on."""
        if type(inner) is not Value:
            return False
        if type(self.defs.get(inner)) is FrameAddr:
            return True
        return self.home[value] is self.node and (self.uses[value] == 1 or inner not in self.node.params)

    def _replace_use(self, value: Value, inner: Operand) -> None:
        self.unuse(value)
        self.use(inner)

    def _indexed(self, base: Value, kind: AluKind, lhs: Operand, rhs: Operand, offset: int) -> tuple[str, list[Value], int] | None:
        if kind != "add" or type(lhs) is not Value or type(rhs) is not Value:
            return None
        for frame, index in ((lhs, rhs), (rhs, lhs)):
            made = self.defs.get(frame)
            if type(made) is FrameAddr and signed16(offset + made.offset) and self._near(base, index):
                self._replace_use(base, index)
                return "_fx", [index], offset + made.offset
        if self.uses[base] == 1 and self.home[base] is self.node:
            self.unuse(base)
            self.use(lhs)
            self.use(rhs)
            return "_x", [lhs, rhs], offset
        return None

    def cache(self, registers: list[Value], *, write: bool) -> int:
        """Byte offset of the cache for accesses through these registers: the same for pointers of the same origin."""
        if not registers:
            return 0
        value = registers[0]
        for _ in range(4):
            made = self.defs.get(value)
            if type(made) is not Alu or made.kind != "add" or type(made.lhs) is not Value:
                break
            inner = self.resolve(made.lhs)
            if type(inner) is not Value:
                break
            value = inner
        number = self.caches.setdefault(value, len(self.caches)) % (CACHES // 2)
        return (2 * number + write) * CACHE_BYTES

    def caches_of(self, value: Value) -> int:
        """Where the caches for accesses through `value` lie, or that there are none."""
        number = self.caches.get(value)
        return NO_CACHES if number is None else 2 * (number % (CACHES // 2)) * CACHE_BYTES

    def near(self, base: Operand, offset: int) -> tuple[list[Value], int]:
        """A register and a displacement, for handlers that know no other way."""
        if signed16(offset):
            return [self.register(base)], offset
        total = self.fresh()
        self.home[total] = self.node
        self._deferred = Insn("add64i", total, [self.register(base)], (offset,), -1)
        return [total], 0

    def flush(self) -> None:
        """Emit the addition that an address needed, before the instruction that uses it."""
        if self._deferred is not None:
            self.out.append(self._deferred)
            self._deferred = None
