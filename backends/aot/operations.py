"""What each operation of the IR becomes in C: `VALUES` the expressions of those without effects, `OPERATIONS` the statements of the rest.

v3 = div.64 v1, v2          div64(v1, v2)
store.4 v1, 8, v2           st32(memory(v1 + 8), v2);
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bpfcc.backends.aot.expressions import (
    MASK32,
    OTHER,
    POINTER,
    SUM,
    Expr,
    as_pointer,
    as_word,
    binary,
    call,
    constant,
    inside,
    low,
    offset,
    plus,
    reads,
    typed,
)
from bpfcc.backends.binding import (
    FUNCTION_HANDLES,
    HANDLE_BITS,
    INDEXED_MAPS,
    KEYED_MAPS,
    extern_address,
    function_handle,
    helper_address,
    refuse_ancillary,
    value_address,
)
from bpfcc.backends.kinds import known_map
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

    from bpfcc.backends.aot.function import FunctionWriter
    from bpfcc.bpfir.ops import Op, Operand

MAX_ARGS: Final = 5
SYMBOLS: Final = {"add": "+", "sub": "-", "mul": "*", "and": "&", "or": "|", "xor": "^"}
COMPARE: Final = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
OPPOSITE: Final = {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
# 64-bit results of operands that fit 32 bits, where the upper half cannot come into it.
NARROW: Final = frozenset(("and", "or", "xor", "div", "mod"))


# ---- arithmetic ---------------------------------------------------------------------------------------------------------


def _alu(w: FunctionWriter, op: Alu) -> Expr:
    width = op.width_bits
    if w.is_pointer(op.result):
        return _move(w, op)
    a, b = w.low(op.lhs, width), w.low(op.rhs, width)
    if op.kind in ("lsh", "rsh", "arsh"):
        return _shift(op, a, b)
    if op.kind not in SYMBOLS:
        return _divide(op, a, b)
    if op.kind in ("add", "sub") and b.value is not None:
        return _step(op, a, semantics.signed(width, b.value))
    if op.kind == "add" and a.value is not None:
        return _step(op, b, semantics.signed(width, a.value))
    # Of the type that C gives it: of two narrow operands the narrow one.
    return binary(SYMBOLS[op.kind], *_widened(op.kind, width, a, b))


def _move(w: FunctionWriter, op: Alu) -> Expr:
    """A pointer and a number."""
    base, by = w.raw(op.lhs), w.raw(op.rhs)
    if base.bits != POINTER and by.bits == POINTER:
        base, by = by, base
    base, by = as_pointer(base), as_word(by)
    if by.value is not None:
        return offset(base, by.value if op.kind == "add" else -by.value)
    return plus(base, by if op.kind == "add" else binary("-", typed(constant(0), 64), by))


def _step(op: Alu, a: Expr, by: int) -> Expr:
    """A number more or less: what is nearer to zero is written."""
    by = by if op.kind == "add" else -by
    width = op.width_bits
    if a.value is not None or (width == 64 and a.bits == 32):
        a = typed(a, width)
    return binary("+" if by >= 0 else "-", a, constant(abs(by), width), width)


def _widened(kind: str, width: int, a: Expr, b: Expr) -> tuple[Expr, Expr]:
    """One operand has the type of the result, and neither becomes signed."""
    if a.value is not None and b.value is not None:
        return typed(a, width), b
    if width == 64 and a.bits == b.bits == 32 and (kind not in NARROW):
        return (typed(a, 64), b) if a.value is None else (a, typed(b, 64))
    return a, b


def _shift(op: Alu, a: Expr, b: Expr) -> Expr:
    width = op.width_bits
    a = typed(a, width)
    by = constant(b.value & (width - 1)) if b.value is not None else binary("&", b, constant(width - 1))
    if op.kind == "arsh":
        count = by if b.value is not None else typed(by, 32)
        return call(f"arsh{width}", a, count, bits=width)
    text = by.text if by.value is not None else f"({by.text})"
    return Expr(f"{inside(a)} {'<<' if op.kind == 'lsh' else '>>'} {text}", width, OTHER, None, reads(a, b))


def _divide(op: Alu, a: Expr, b: Expr) -> Expr:
    width = op.width_bits
    if op.kind in ("div", "mod") and b.value:
        return binary("/" if op.kind == "div" else "%", typed(a, width) if a.value is not None or width == 64 else a, b, width)._replace(
            level=OTHER
        )
    return call(f"{op.kind}{width}", a, b, bits=width)


def _cast(w: FunctionWriter, op: Cast) -> Expr:
    bits = min(op.from_bits, op.width_bits)
    value = w.expr(op.value)
    if op.kind == "zext" or bits == op.width_bits:
        return low(value, 32) if bits == 32 else _low_bits(value, bits)
    if op.width_bits == 64:
        return call("sext32", value) if bits == 32 else call("sext32", call(f"sext{bits}", value, bits=32))
    return call(f"sext{bits}", value, bits=32)


def _low_bits(e: Expr, bits: int) -> Expr:
    """The low 8 or 16 bits, of type uint32_t."""
    if e.value is not None:
        return constant(e.value & ((1 << bits) - 1))
    return binary("&", low(e, 32), constant((1 << bits) - 1), 32)


def _byte_swap(w: FunctionWriter, op: ByteSwap) -> Expr:
    return call(f"swapped{op.width_bits}", w.expr(op.value), bits=64 if op.width_bits == 64 else 32)


def conditions(w: FunctionWriter, op: Branch) -> tuple[str, str]:
    """The test of a branch, and its opposite."""
    width = op.width_bits
    a, b = w.low(op.lhs, width), w.low(op.rhs, width)
    if op.kind == "test":
        both = binary("&", *_widened("and", width, a, b))
        return f"({both.text}) != 0", f"({both.text}) == 0"
    signed = op.kind[0] == "s"
    symbol = COMPARE[op.kind.removeprefix("s").removeprefix("u")]
    if signed:
        left, right = _signed(a, width), _signed(b, width)
    else:
        always = _always(symbol, a, b)
        if always is not None:
            return str(int(always)), str(int(not always))
        if a.value is not None and b.value is not None:
            a = typed(a, width)
        left, right = _side(a), _side(b)
    return f"{left} {symbol} {right}", f"{left} {OPPOSITE[symbol]} {right}"


def _side(e: Expr) -> str:
    return e.text if e.level <= SUM else f"({e.text})"


def _signed(e: Expr, width: int) -> str:
    if e.value is not None:
        value = semantics.signed(width, e.value)
        least = value == -(1 << (width - 1))
        shown = f"(-{-value - 1}{'LL' if width == 64 else ''} - 1)" if least else str(value)
        return shown if least or -MASK32 >> 1 <= value <= MASK32 >> 1 else f"{shown}LL"
    return f"(int{width}_t){inside(typed(e, width))}"


def _always(symbol: str, a: Expr, b: Expr) -> bool | None:
    """What compilers warn of: comparisons that the types decide."""
    if b.value == 0 and symbol in (">=", "<"):
        return symbol == ">="
    if a.value == 0 and symbol in ("<=", ">"):
        return symbol == "<="
    for one, other, of_left in ((a, b, True), (b, a, False)):
        if one.value is None and one.bits == 32 and other.value is not None and other.value > MASK32:
            less = of_left
            return {"==": False, "!=": True, "<": less, "<=": less, ">": not less, ">=": not less}[symbol]
    return None


# ---- addresses ------------------------------------------------------------------------------------------------------------


def _frame_addr(w: FunctionWriter, op: FrameAddr) -> Expr:
    if w.checked:
        w.has_frame = True
        return offset(Expr("guest", 64), 512 + op.offset)
    text = w.frame_byte(op.offset)
    return Expr(text, POINTER, SUM if " " in text else 0)


def _map_addr(w: FunctionWriter, op: MapAddr) -> Expr:
    return Expr(w.unit.slot("map handle", op.map), 64)


def _map_value_addr(w: FunctionWriter, op: MapValueAddr) -> Expr:
    if not w.unit.environment.offline:
        value_address(w.unit.module, w.unit.environment, op)
    if w.checked:
        return offset(Expr(w.unit.slot("map guest values", op.map), 64), op.offset)
    slot = w.unit.slot("map values", op.map)
    return Expr(f"{slot} + {op.offset}", POINTER, SUM) if op.offset else Expr(slot, POINTER)


def _func_addr(w: FunctionWriter, op: FuncAddr) -> Expr:
    return constant(function_handle(w.unit.indices[op.function]))


def _extern_addr(w: FunctionWriter, op: ExternAddr) -> Expr:
    return constant(extern_address(w.unit.module, w.unit.environment, op))


def _undef(_w: FunctionWriter, _op: Undef) -> Expr:
    return constant(0)


# ---- memory -----------------------------------------------------------------------------------------------------------------


def _loaded(w: FunctionWriter, op: Load) -> Expr:
    """A load of proven memory."""
    place, once = w.place(op.base, op.offset, op.size_bytes)
    return _extended(op, f"ld{8 * op.size_bytes}{once}({place.text})", place.reads)


def _extended(op: Load, text: str, used: frozenset[str] = frozenset()) -> Expr:
    bits = 8 * op.size_bytes
    plain = Expr(text, 64 if bits == 64 else 32, 0, None, used)
    if not op.signed or bits == 64:
        return plain
    return call("sext32", plain if bits == 32 else call(f"sext{bits}", plain, bits=32))


def _load(w: FunctionWriter, op: Load) -> None:
    """A load that is looked up."""
    place = w.reached(op.base, op.offset, op.size_bytes, op.insn, write=False)
    w.assign(op.result, _extended(op, f"ld{8 * op.size_bytes}({place})"), op.insn)


def _store(w: FunctionWriter, op: Store) -> None:
    if w.checked:
        place, once = w.reached(op.base, op.offset, op.size_bytes, op.insn, write=True), ""
    else:
        found, once = w.place(op.base, op.offset, op.size_bytes)
        place = found.text
    value = w.expr(op.value)
    bits = 8 * op.size_bytes
    # What is stored of a constant is what is written of it.
    shown = constant(value.value & ((1 << bits) - 1)) if value.value is not None else value
    w.put(f"st{bits}{once}({place}, {shown.text});", op.insn)


def _aligned(w: FunctionWriter, op: Any, size: int, *, write: bool) -> str:
    """Where an atomic operation goes: code that checks itself traps where that is not aligned."""
    if not w.checked:
        return w.place(op.base, op.offset, size)[0].text
    place = w.reached(op.base, op.offset, size, op.insn, write=write)
    if size > 1:
        address = typed(w.address(op.base, op.offset), 64)
        w.put(
            f"if (({address.text}) & {size - 1}) {{\n    raise_trap(run, BPFCC_TRAPPED_MISALIGNED, {address.text}, {size});\n"
            f"    {w.trap_return(op.insn)}\n}}",
            op.insn,
        )
    return place


def _load_acquire(w: FunctionWriter, op: LoadAcquire) -> None:
    place = _aligned(w, op, op.size_bytes, write=False)
    w.assign(op.result, Expr(f"ld{8 * op.size_bytes}_acquire({place})", 64 if op.size_bytes == 8 else 32), op.insn)


def _store_release(w: FunctionWriter, op: StoreRelease) -> None:
    place = _aligned(w, op, op.size_bytes, write=True)
    w.put(f"st{8 * op.size_bytes}_release({place}, {w.word(op.value)});", op.insn)


def _atomic(w: FunctionWriter, op: Atomic) -> None:
    place = _aligned(w, op, op.size_bytes, write=True)
    w.put(f"atomic_{op.kind}{8 * op.size_bytes}({place}, {w.word(op.value)});", op.insn)


def _atomic_fetch(w: FunctionWriter, op: AtomicFetch) -> None:
    place = _aligned(w, op, op.size_bytes, write=True)
    bits = 8 * op.size_bytes
    w.assign(op.result, Expr(f"fetch_{op.kind}{bits}({place}, {w.word(op.value)})", bits), op.insn)


def _compare_exchange(w: FunctionWriter, op: CompareExchange) -> None:
    place = _aligned(w, op, op.size_bytes, write=True)
    bits = 8 * op.size_bytes
    w.assign(op.result, Expr(f"cmpxchg{bits}({place}, {w.word(op.expected)}, {w.word(op.value)})", bits), op.insn)


def _packet_load(w: FunctionWriter, op: PacketLoad) -> None:
    refuse_ancillary(op, w.resolve(op.index))
    by = semantics.signed(32, op.offset)
    index = w.low(op.index, 32)
    if index.value is not None:
        at = str(semantics.signed(32, index.value + by))
        at = "INT32_MIN" if at == str(-(1 << 31)) else at
    else:
        moved = binary("+" if by >= 0 else "-", index, constant(abs(by)), 32) if by else index
        at = f"(int32_t){inside(moved)}"
    w.temporary("packet_field", "int64_t ")
    w.put(f"packet_field = {w.unit.slot('runtime', 'bpfcc_load_packet')}(run, {at}, {op.size_bytes});", op.insn)
    w.put(f"if (packet_field < 0)\n    {w.left_by('0')}", op.insn)
    w.assign(op.result, Expr("(uint32_t)packet_field", 32, 1), op.insn)


# ---- calls --------------------------------------------------------------------------------------------------------------------


def _arguments(w: FunctionWriter, args: list[Operand]) -> str:
    return ", ".join([*(w.word(arg) for arg in args), *["0"] * (MAX_ARGS - len(args))])


def _call(w: FunctionWriter, op: Call) -> None:
    environment = w.unit.environment
    helper_address(environment, op)
    found = known_map(op, environment)
    if found is not None and w.unit.lookup(w, op, found):
        return
    quiet = op.helper in environment.quiet_helpers or op.helper == environment.tail_call_helper
    if w.checked and not quiet:
        w.put("give_back(run, &left);", op.insn)
    text = w.unit.helper_call(op.helper, _arguments(w, op.args))
    if op.helper == environment.tail_call_helper:
        w.unit.tail_call(w, op, text)
        return
    w.assign(op.result, Expr(text, 64), op.insn)
    if not quiet:
        w.forget()
    w.check_trap(op.insn)


def enter_target(w: FunctionWriter, op: Call, text: str) -> None:
    """A tail call: where the helper chose a program, that takes the place of this function."""
    w.assign(op.result, Expr(text, 64), op.insn)
    w.check_trap(op.insn)
    targets, count = w.unit.slot("targets", ""), w.unit.slot("target count", "")
    depth = "depth, steps" if w.checked else "0, NULL"
    w.temporary("next_program", "uint32_t ")
    before = "*steps = left;\n    " if w.checked else ""
    tail = "BPFCC_TAIL " if w.index == 0 else ""
    w.put(
        "if (run->tail_target >= 0) {\n"
        "    next_program = (uint32_t)run->tail_target;\n"
        "    run->tail_target = -1;\n"
        f"    if (next_program >= {count} || !{targets}[next_program].program) {{\n"
        "        raise_trap(run, BPFCC_TRAPPED_CALL, next_program, 0);\n"
        f"        {w.trap_return(op.insn)}\n"
        "    }\n"
        f"    {before}{tail}return {targets}[next_program].program(run, {targets}[next_program].table, {depth}, {w.word(op.args[0])}, 0);\n"
        "}",
        op.insn,
    )


def index_array(w: FunctionWriter, op: Call, found: MapAddr, first: Callable[[], str]) -> None:
    """A lookup in an array; `first` gives where its values begin."""
    key, once = w.place(op.args[1], 0, 4)
    stride, entries = w.unit.array_shape(found.map)
    w.temporary("array_index", "uint32_t ")
    base = first()
    w.put(f"array_index = ld32{once}({key.text});", op.insn)
    e = Expr(f"array_index < {entries} ? {base} + (uint64_t)array_index * {stride} : NULL", POINTER, OTHER)
    w.assign(op.result, e, op.insn)


def look_up(w: FunctionWriter, op: Call, found: MapAddr) -> bool:
    """A lookup in a map that is known: without the helper, and without looking for the map. Whether there is such a way."""
    spec = w.unit.module.maps[found.map]
    if spec.type in INDEXED_MAPS:

        def first() -> str:
            values = w.unit.slot("map values", found.map)
            return f"{values} + run->cpu * {w.unit.slot('map cpu bytes', found.map)}" if spec.type == "percpu_array" else values

        index_array(w, op, found, first)
        return True
    if spec.type not in KEYED_MAPS:
        return False
    this = w.unit.slot("map", found.map)
    key_address = w.pointer(op.args[1])
    w.assign(op.result, Expr(f"{this}->lookup((struct bpfcc_map *){this}, {key_address.text}, run->cpu)", POINTER), op.insn)
    return True


def _call_function(w: FunctionWriter, op: CallFunction) -> None:
    callee = w.unit.functions[op.function]
    count = w.unit.parameter_count(callee)
    args = list(op.args)[:count] + [0] * (count - len(op.args))
    given = [w.pointer(arg).text if w.unit.takes_pointer(callee, at) else w.word(arg) for at, arg in enumerate(args)]
    _enter(w, op.insn)
    w.assign(op.result, Expr(w.unit.call_text(callee, given), 64), op.insn)
    _left(w, op.insn)


def _enter(w: FunctionWriter, insn: int) -> None:
    if w.checked:
        push = w.unit.slot("runtime", "bpfcc_push_frame")
        w.put(f"if (!{push}(run, depth + 1))\n    {w.trap_return(insn)}", insn)
        w.put("*steps = left;", insn)


def _left(w: FunctionWriter, insn: int) -> None:
    if not w.checked:
        if w.unit.traps:
            w.put("if (run->trap)\n    return 0;", insn)
        return
    w.put("left = *steps;", insn)
    w.put("if (run->trap)\n    return 0;", insn)
    w.put(f"{w.unit.slot('runtime', 'bpfcc_pop_frame')}(run, depth);", insn)
    w.forget()


def _call_indirect(w: FunctionWriter, op: CallIndirect) -> None:
    target = w.word(op.target)
    handle = f"({typed(w.expr(op.target), 64).text} - {FUNCTION_HANDLES:#x}U)"
    w.put(
        f"if ({handle} % {1 << HANDLE_BITS} || {handle} >> {HANDLE_BITS} >= {len(w.unit.module.functions)}) {{\n"
        f"    raise_trap(run, BPFCC_TRAPPED_CALL, {target}, 0);\n    {w.trap_return(op.insn)}\n}}",
        op.insn,
    )
    args = _arguments(w, op.args)
    _enter(w, op.insn)
    w.assign(op.result, Expr(w.unit.call_by_number(f"(uint32_t)({handle} >> {HANDLE_BITS})", args), 64), op.insn)
    _left(w, op.insn)


def _call_extern(w: FunctionWriter, op: CallExtern) -> None:
    w.assign(op.result, Expr(w.unit.extern_call(op, _arguments(w, op.args)), 64), op.insn)
    w.forget()


VALUES: Final[Mapping[type[Op], Callable[[FunctionWriter, Any], Expr]]] = {
    Alu: _alu, Cast: _cast, ByteSwap: _byte_swap, FrameAddr: _frame_addr, MapAddr: _map_addr, MapValueAddr: _map_value_addr,
    FuncAddr: _func_addr, ExternAddr: _extern_addr, Undef: _undef, Load: _loaded,
}  # fmt: skip
OPERATIONS: Final[Mapping[type[Op], Callable[[FunctionWriter, Any], None]]] = {
    Load: _load, Store: _store, LoadAcquire: _load_acquire, StoreRelease: _store_release, Atomic: _atomic, AtomicFetch: _atomic_fetch,
    CompareExchange: _compare_exchange, PacketLoad: _packet_load, Call: _call, CallFunction: _call_function, CallExtern: _call_extern,
    CallIndirect: _call_indirect,
}  # fmt: skip
__all__ = ["OPERATIONS", "VALUES", "Value", "conditions", "enter_target", "index_array", "look_up"]
