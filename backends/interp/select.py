"""Choose instructions of the native loop for the operations of a function.

    v3 = add.64 v1, v2
    v4 = load.1 v3, 0          ld1_x v4 = [v1 + v2 + 0]
    v5 = bswap.16 v4           …

Nodes are visited from last to first and operations from last to first, with the number of uses of each value at hand: an operation
whose result is no longer used, because what used it took it in, is not emitted. Only pure operations are taken in, and a load
never moves: what traps, traps in the order of the IR.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, final

from bpfcc.backends.interp.folds import fold_loops
from bpfcc.backends.interp.machine import FRAME_REGISTERS, Code, Insn, signed16, signed32
from bpfcc.bpfir import semantics
from bpfcc.bpfir.ops import (
    Alu,
    Atomic,
    AtomicFetch,
    Branch,
    ByteSwap,
    Call,
    CallExtern,
    CallFunction,
    CallIndirect,
    Cast,
    CompareExchange,
    Effect,
    Exit,
    ExternAddr,
    FrameAddr,
    FuncAddr,
    Load,
    LoadAcquire,
    MapAddr,
    MapValueAddr,
    PacketLoad,
    Store,
    StoreRelease,
    Undef,
    Value,
)  # fmt: skip
from bpfcc.errors import InternalError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bpfcc.backends.base import Environment
    from bpfcc.backends.interp.flow import Flow, Node
    from bpfcc.bpfir.function import Module
    from bpfcc.bpfir.ops import AluKind, CompareKind, Op, Operand

# Pieces of memory that the fast path of a checked access knows at once: half for loads, half for stores.
CACHES: Final = 16
CACHE_BYTES: Final = 64
FRAME_BYTES: Final = 512
HANDLE_BITS: Final = 4
MAP_HANDLES: Final = 4 << 24
FUNCTION_HANDLES: Final = 8 << 24
COMMUTATIVE: Final = frozenset(("add", "mul", "and", "or", "xor"))
# Constants kept in registers for the whole function, because a loop needs them.
MAX_HOISTED: Final = 64
# SKF_AD_OFF of linux/filter.h, which classic filters load fields of the socket buffer from.
ANCILLARY: Final = -0x1000
ANCILLARY_FIELDS: Final = 64


@final
class Selector:
    """The state of selecting one function."""

    def __init__(self, flow: Flow, module: Module, environment: Environment) -> None:
        self.flow = flow
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

    def run(self) -> list[Code]:
        """The instructions of every node, in the order of the flow."""
        self._count()
        codes = [self._node(node) for node in reversed(self.flow.nodes)]
        codes.reverse()
        fold_loops(codes, self.hoist)
        codes[0].insns[:0] = [self._constant(value, register) for value, register in self.hoisted.items()]
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

    def _constant(self, value: int, register: Value) -> Insn:
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
        constants = [self._constant(value, register) for value, register in self.constants.items()]
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

    def address(self, base: Operand, offset: int, size: int) -> tuple[str, list[Value], int]:
        """How to reach `size` bytes at base + offset: suffix of the handler, registers, displacement."""
        while type(base) is Value:
            made = self.defs.get(base)
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
            found = self._indexed(base, made.kind, lhs, rhs, offset)
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


# ---- arithmetic ---------------------------------------------------------------------------------------------------------


def _alu(s: Selector, op: Alu) -> None:
    lhs, rhs, kind, width = s.resolve(op.lhs), s.resolve(op.rhs), op.kind, op.width_bits
    if width == 32:
        lhs, rhs = s.low_half(lhs), s.low_half(rhs)
    if type(lhs) is int and type(rhs) is int:
        value = semantics.ALU[kind](width, lhs, rhs)
        constant = s._constant(value, op.result)
        s.out.append(constant)
        return
    if type(lhs) is int:
        if kind in COMMUTATIVE:
            lhs, rhs = rhs, lhs
        elif kind == "sub" and signed32(semantics.signed(width, lhs)):
            s.emit(f"rsub{width}i", op.result, [s.register(rhs)], (semantics.signed(width, lhs),), op.insn)
            return
    if type(rhs) is int:
        kind, rhs = _cheaper(kind, width, rhs)
        immediate = semantics.signed(width, rhs)
        if signed32(immediate):
            s.emit(f"{kind}{width}i", op.result, [s.register(lhs)], (immediate,), op.insn)
            return
    elif kind in ("or", "add", "xor") and _rotate(s, op, lhs, rhs):
        return
    s.emit(f"{kind}{width}", op.result, [s.register(lhs), s.register(rhs)], (), op.insn)


def _cheaper(kind: AluKind, width: int, rhs: int) -> tuple[AluKind, int]:
    """The same with a power of two as a shift or a mask."""
    number = semantics.mask(width, rhs)
    if number and not number & (number - 1):
        if kind == "mul":
            return "lsh", number.bit_length() - 1
        if kind == "div":
            return "rsh", number.bit_length() - 1
        if kind == "mod":
            return "and", number - 1
    return kind, rhs


def _rotate(s: Selector, op: Alu, lhs: Operand, rhs: Operand) -> bool:
    """x << k | x >> width - k."""
    for first, second in ((lhs, rhs), (rhs, lhs)):
        left = s.defs.get(first) if type(first) is Value else None
        right = s.defs.get(second) if type(second) is Value else None
        if not (type(left) is Alu and type(right) is Alu and left.kind == "lsh" and right.kind == "rsh"):
            continue
        if not left.width_bits == right.width_bits == op.width_bits:
            continue
        value, left_by, right_by = s.resolve(left.lhs), s.resolve(left.rhs), s.resolve(right.rhs)
        if value is not s.resolve(right.lhs) or type(value) is not Value or type(left_by) is not int or type(right_by) is not int:
            continue
        if left_by + right_by != op.width_bits or not left_by or not right_by:
            continue
        s.unuse(first)
        s.unuse(second)
        s.use(value)
        s.emit(f"rotl{op.width_bits}i", op.result, [value], (left_by,), op.insn)
        return True
    return False


def _cast(s: Selector, op: Cast) -> None:
    value = s.register(s.resolve(op.value))
    if op.kind == "zext":
        bits = min(op.from_bits, op.width_bits)
        if bits == 32:
            s.emit("zext32", op.result, [value], (), op.insn)
        else:
            s.emit("and64i", op.result, [value], ((1 << bits) - 1,), op.insn)
    elif op.from_bits >= op.width_bits:
        s.emit("zext32", op.result, [value], (), op.insn)
    else:
        s.emit(f"sext{op.from_bits}_{op.width_bits}", op.result, [value], (), op.insn)


def _byte_swap(s: Selector, op: ByteSwap) -> None:
    value = s.resolve(op.value)
    made = s.defs.get(value) if type(value) is Value else None
    if (
        type(value) is Value and type(made) is Load and made.size_bytes * 8 == op.width_bits
        and not made.signed and s.uses[value] == 1 and value not in s.swapped
    ):  # fmt: skip
        # The swap moves up to the load, which stays where it is.
        s.swapped[value] = op.result
        s.home[op.result] = s.home[value]
        return
    s.emit(f"bswap{op.width_bits}", op.result, [s.register(value)], (), op.insn)


# ---- values that the environment knows --------------------------------------------------------------------------------------


def _frame_addr(s: Selector, op: FrameAddr) -> None:
    s.emit("frame", op.result, [], (op.offset,), op.insn)


def _number(s: Selector, result: Value, value: int, insn: int) -> None:
    constant = s._constant(semantics.mask(64, value), result)
    constant.origin = insn
    s.out.append(constant)


def _map_addr(s: Selector, op: MapAddr) -> None:
    _number(s, op.result, MAP_HANDLES + (s.environment.maps[op.map].id << HANDLE_BITS), op.insn)


def _map_value_addr(s: Selector, op: MapValueAddr) -> None:
    binding = s.environment.maps[op.map]
    base = binding.guest_base if s.environment.checked else binding.host_base
    if not base:
        name = s.module.maps[op.map].name
        raise UnsupportedError(f"the value of map {name!r} as an address", insn=op.insn)
    _number(s, op.result, base + op.offset, op.insn)


def _func_addr(s: Selector, op: FuncAddr) -> None:
    _number(s, op.result, FUNCTION_HANDLES + (s.indices[op.function] << HANDLE_BITS), op.insn)


def _extern_addr(s: Selector, op: ExternAddr) -> None:
    extern = s.module.externs[op.extern]
    address = s.environment.externs.get(extern.name)
    if address is None and extern.weak:
        address = 0
    if address is None:
        raise UnsupportedError(f"{extern.kind} {extern.name}", insn=op.insn)
    _number(s, op.result, address, op.insn)


def _undef(s: Selector, op: Undef) -> None:
    _number(s, op.result, 0, op.insn)


# ---- memory -------------------------------------------------------------------------------------------------------------


def _load(s: Selector, op: Load) -> None:
    result = op.result
    prefix = "lds" if op.signed and op.size_bytes < 8 else "ld"
    if result in s.swapped:
        result, prefix = s.swapped[result], "ldb"
    suffix, registers, offset = s.address(s.resolve(op.base), op.offset, op.size_bytes)
    name = f"{prefix}{op.size_bytes}{suffix}"
    cache = s.cache(registers, write=False)
    imms = (offset,) if suffix == "_f" else (offset, cache) if suffix == "_x" else (cache, offset)
    s.emit(name, result, registers, imms, op.insn)
    s.flush()


def _store(s: Selector, op: Store) -> None:
    value = s.resolve(op.value)
    suffix, registers, offset = s.address(s.resolve(op.base), op.offset, op.size_bytes)
    name = f"st{op.size_bytes}"
    cache = s.cache(registers, write=True)
    constant = semantics.signed(8 * op.size_bytes, value) if type(value) is int else None
    if constant is not None and signed32(constant) and suffix in ("", "_f"):
        if suffix:
            s.emit(f"{name}_fi", None, [], (offset, constant), op.insn)
        else:
            s.emit(f"{name}_i", None, registers, (cache, offset, constant), op.insn)
    else:
        source = s.register(value)
        imms = (offset,) if suffix == "_f" else (offset, cache) if suffix == "_x" else (cache, offset)
        s.emit(f"{name}{suffix}", None, [*registers, source], imms, op.insn)
    s.flush()


def _load_acquire(s: Selector, op: LoadAcquire) -> None:
    registers, offset = s.near(s.resolve(op.base), op.offset)
    s.emit(f"lda{op.size_bytes}", op.result, registers, (s.cache(registers, write=False), offset), op.insn)
    s.flush()


def _store_release(s: Selector, op: StoreRelease) -> None:
    registers, offset = s.near(s.resolve(op.base), op.offset)
    value = s.register(s.resolve(op.value))
    s.emit(f"str{op.size_bytes}", None, [*registers, value], (s.cache(registers, write=True), offset), op.insn)
    s.flush()


def _atomic(s: Selector, op: Atomic) -> None:
    registers, offset = s.near(s.resolve(op.base), op.offset)
    value = s.register(s.resolve(op.value))
    s.emit(f"at_{op.kind}{op.size_bytes}", None, [*registers, value], (s.cache(registers, write=True), offset), op.insn)
    s.flush()


def _atomic_fetch(s: Selector, op: AtomicFetch) -> None:
    registers, offset = s.near(s.resolve(op.base), op.offset)
    value = s.register(s.resolve(op.value))
    name = f"af_{op.kind}{op.size_bytes}"
    s.emit(name, op.result, [*registers, value], (offset, s.cache(registers, write=True)), op.insn)
    s.flush()


def _compare_exchange(s: Selector, op: CompareExchange) -> None:
    registers, offset = s.near(s.resolve(op.base), op.offset)
    sources = [*registers, s.register(s.resolve(op.expected)), s.register(s.resolve(op.value))]
    s.emit(f"cmpxchg{op.size_bytes}", op.result, sources, (s.cache(registers, write=True), offset), op.insn)
    s.flush()


def _packet_load(s: Selector, op: PacketLoad) -> None:
    index = s.resolve(op.index)
    if type(index) is int:
        offset = semantics.signed(32, index + op.offset)
        if ANCILLARY <= offset < ANCILLARY + ANCILLARY_FIELDS:
            raise UnsupportedError(f"packet load of ancillary data (field {offset - ANCILLARY})", insn=op.insn)
    displacement = semantics.signed(32, op.offset)
    s.emit("packet_load", op.result, [s.register(index)], (displacement, op.size_bytes), op.insn)


# ---- calls ---------------------------------------------------------------------------------------------------------------


def _call(s: Selector, op: Call) -> None:
    environment = s.environment
    address = environment.helper_address(op.helper)
    if not address:
        raise UnsupportedError(f"helper {environment.helper_name(op.helper)}", insn=op.insn)
    args = [s.register(s.resolve(arg)) for arg in op.args]
    if op.helper == environment.tail_call_helper:
        name = "call_tail"
    elif op.helper in environment.quiet_helpers:
        name = f"call{len(args)}_keeps"
    else:
        name = f"call{len(args)}"
    s.emit(name, op.result, args, (FRAME_REGISTERS, address), op.insn)


def _call_function(s: Selector, op: CallFunction) -> None:
    callee = s.indices[op.function]
    count = min(len(op.args), len(s.module.functions[callee].params))
    args = [s.register(s.resolve(arg)) for arg in op.args]
    s.emit("call_function", op.result, args, (count, callee, FRAME_REGISTERS), op.insn)


def _call_indirect(s: Selector, op: CallIndirect) -> None:
    args = [s.register(s.resolve(arg)) for arg in op.args]
    s.emit("call_indirect", op.result, [s.register(s.resolve(op.target)), *args], (len(args), FRAME_REGISTERS), op.insn)


def _call_extern(s: Selector, op: CallExtern) -> None:
    extern = s.module.externs[op.extern]
    raise UnsupportedError(f"{extern.kind} {extern.name}", insn=op.insn)


def _renamed(_s: Selector, op: Op) -> None:
    raise InternalError(f"a renaming reached selection: {op}")


# The total table: an operation without an entry is an error at import (`tests/unit/test_interp_lowering.py`).
HANDLERS: Final[Mapping[type[Op], Callable[[Selector, Any], None]]] = {
    Alu: _alu, Cast: _cast, ByteSwap: _byte_swap, FrameAddr: _frame_addr, MapAddr: _map_addr, MapValueAddr: _map_value_addr,
    FuncAddr: _func_addr, ExternAddr: _extern_addr, Undef: _undef, Load: _load, Store: _store, LoadAcquire: _load_acquire,
    StoreRelease: _store_release, Atomic: _atomic, AtomicFetch: _atomic_fetch, CompareExchange: _compare_exchange,
    PacketLoad: _packet_load, Call: _call, CallFunction: _call_function, CallExtern: _call_extern, CallIndirect: _call_indirect,
}  # fmt: skip
