"""What each operation of the IR becomes: one function an operation, in one total table.

    Alu(kind="mul", rhs=8)         lsh64i        a power of two is a shift
    x << 13 | x >> 51              rotl64i
    bswap.16 of a load             ldb2, at the place of the load
    lookup in a known array        map_index, without the helper

Operations are visited from last to first, so `emit` puts an instruction before those that are there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bpfcc.backends.binding import (
    INDEXED_MAPS,
    KEYED_MAPS,
    extern_address,
    function_handle,
    helper_address,
    map_handle,
    refuse_ancillary,
    refuse_extern_call,
    value_address,
)
from bpfcc.backends.interp.library import map_lookup_address
from bpfcc.backends.interp.machine import FRAME_BYTES, FRAME_REGISTERS, signed32
from bpfcc.bpfir import semantics
from bpfcc.bpfir.ops import (
    Alu,
    Atomic,
    AtomicFetch,
    ByteSwap,
    Call,
    CallExtern,
    CallFunction,
    CallIndirect,
    Cast,
    CompareExchange,
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

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bpfcc.backends.interp.select import Selector
    from bpfcc.bpfir.ops import Op, Operand
    from bpfcc.bpfir.semantics import AluKind

COMMUTATIVE: Final = frozenset(("add", "mul", "and", "or", "xor"))


# ---- arithmetic ---------------------------------------------------------------------------------------------------------


def _alu(s: Selector, op: Alu) -> None:
    lhs, rhs, kind, width = s.resolve(op.lhs), s.resolve(op.rhs), op.kind, op.width_bits
    if width == 32:
        lhs, rhs = s.low_half(lhs), s.low_half(rhs)
    if type(lhs) is int and type(rhs) is int:
        value = semantics.ALU[kind](width, lhs, rhs)
        constant = s.constant(value, op.result)
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
    constant = s.constant(semantics.mask(64, value), result)
    constant.origin = insn
    s.out.append(constant)


def _map_addr(s: Selector, op: MapAddr) -> None:
    _number(s, op.result, map_handle(s.environment, op), op.insn)


def _map_value_addr(s: Selector, op: MapValueAddr) -> None:
    _number(s, op.result, value_address(s.module, s.environment, op), op.insn)


def _func_addr(s: Selector, op: FuncAddr) -> None:
    _number(s, op.result, function_handle(s.indices[op.function]), op.insn)


def _extern_addr(s: Selector, op: ExternAddr) -> None:
    _number(s, op.result, extern_address(s.module, s.environment, op), op.insn)


def _undef(s: Selector, op: Undef) -> None:
    _number(s, op.result, 0, op.insn)


# ---- memory -------------------------------------------------------------------------------------------------------------


def _load(s: Selector, op: Load) -> None:
    field = s.fields.get(op)
    if field is not None:
        s.unuse(s.resolve(op.base))
        s.emit(field, op.result, [], (), op.insn)
        return
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
    refuse_ancillary(op, index)
    displacement = semantics.signed(32, op.offset)
    s.emit("packet_load", op.result, [s.register(index)], (displacement, op.size_bytes), op.insn)


# ---- calls ---------------------------------------------------------------------------------------------------------------


def _call(s: Selector, op: Call) -> None:
    environment = s.environment
    address = helper_address(environment, op)
    if op.helper == environment.lookup_helper and address == map_lookup_address() and _lookup(s, op):
        return
    args = [s.register(s.resolve(arg)) for arg in op.args]
    if op.helper == environment.tail_call_helper:
        name = "call_tail"
    elif op.helper in environment.quiet_helpers:
        name = f"call{len(args)}_keeps"
    else:
        name = f"call{len(args)}"
    s.emit(name, op.result, args, (FRAME_REGISTERS, address), op.insn)


def _lookup(s: Selector, op: Call) -> bool:
    """A lookup in a map that is known, under a key in the frame or in an array: without the helper."""
    map_operand, key = s.resolve(op.args[0]), s.resolve(op.args[1])
    made = s.defs.get(map_operand) if type(map_operand) is Value else None
    if type(made) is not MapAddr or type(key) is not Value:
        return False
    spec, number = s.module.maps[made.map], s.environment.maps[made.map].id
    if spec.type in INDEXED_MAPS:
        suffix, registers, offset = s.address(key, 0, 4, indexed=False)
        place = s.caches_of(op.result)
        imms = (offset, number, place) if suffix else (s.cache(registers, write=False), offset, number, place)
        s.emit(f"map_index{suffix}", op.result, registers, imms, op.insn)
        s.flush()
    else:
        frame = s.defs.get(key)
        if spec.type not in KEYED_MAPS or type(frame) is not FrameAddr or not -FRAME_BYTES <= frame.offset <= -spec.key_size:
            return False
        s.unuse(key)
        s.emit("map_get_f", op.result, [], (frame.offset, number, s.caches_of(op.result)), op.insn)
    s.unuse(map_operand)
    return True


def _call_function(s: Selector, op: CallFunction) -> None:
    callee = s.indices[op.function]
    count = min(len(op.args), len(s.module.functions[callee].params))
    args = [s.register(s.resolve(arg)) for arg in op.args]
    s.emit("call_function", op.result, args, (count, callee, FRAME_REGISTERS), op.insn)


def _call_indirect(s: Selector, op: CallIndirect) -> None:
    args = [s.register(s.resolve(arg)) for arg in op.args]
    s.emit("call_indirect", op.result, [s.register(s.resolve(op.target)), *args], (len(args), FRAME_REGISTERS), op.insn)


def _call_extern(s: Selector, op: CallExtern) -> None:
    refuse_extern_call(s.module, op)


# The total table: an operation without an entry is an error at import (`tests/unit/test_interp_lowering.py`).
HANDLERS: Final[Mapping[type[Op], Callable[[Selector, Any], None]]] = {
    Alu: _alu, Cast: _cast, ByteSwap: _byte_swap, FrameAddr: _frame_addr, MapAddr: _map_addr, MapValueAddr: _map_value_addr,
    FuncAddr: _func_addr, ExternAddr: _extern_addr, Undef: _undef, Load: _load, Store: _store, LoadAcquire: _load_acquire,
    StoreRelease: _store_release, Atomic: _atomic, AtomicFetch: _atomic_fetch, CompareExchange: _compare_exchange,
    PacketLoad: _packet_load, Call: _call, CallFunction: _call_function, CallExtern: _call_extern, CallIndirect: _call_indirect,
}  # fmt: skip
