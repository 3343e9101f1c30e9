"""What each operation of the IR becomes in LLVM: one function an operation, in one total table.

v3 = div.64 v1, v2         a division by one where v2 is zero, and a choice: RFC 9669 defines it
lookup in a known array    the index compared, an address computed
tail_call                  a tail call
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bpfcc.backends.binding import (
    FUNCTION_HANDLES,
    HANDLE_BITS,
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
from bpfcc.backends.kinds import known_map
from bpfcc.backends.llvm.access import reach
from bpfcc.backends.llvm.text import map_head, number, tag
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
)  # fmt: skip
from bpfcc.runtime.library import MapHead

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bpfcc.backends.llvm.function import FunctionWriter
    from bpfcc.bpfir.module import MapSpec
    from bpfcc.bpfir.ops import Op, Value

MAX_ARGS: Final = 5
TRAP_CALL: Final = 4
TRAP_MISALIGNED: Final = 6
PLAIN: Final = {"add": "add", "sub": "sub", "mul": "mul", "and": "and", "or": "or", "xor": "xor"}
SHIFTS: Final = {"lsh": "shl", "rsh": "lshr", "arsh": "ashr"}
DIVISIONS: Final = {"div": "udiv", "mod": "urem", "sdiv": "sdiv", "smod": "srem"}
RMW: Final = {"add": "add", "or": "or", "and": "and", "xor": "xor", "xchg": "xchg"}


# ---- arithmetic -------------------------------------------------------------------------------------------------------


def _alu(w: FunctionWriter, op: Alu) -> None:
    if w.is_address(op.result):
        _move(w, op)
        return
    width = op.width_bits
    lhs, rhs = w.low(op.lhs, width), w.low(op.rhs, width)
    name = f"%v{op.result.id}" if width == 64 else w.fresh()
    if op.kind in PLAIN:
        w.put(f"{name} = {PLAIN[op.kind]} i{width} {lhs}, {rhs}")
    elif op.kind in SHIFTS:
        by = w.let(f"and i{width} {rhs}, {width - 1}")
        w.put(f"{name} = {SHIFTS[op.kind]} i{width} {lhs}, {by}")
    else:
        _divide(w, op, name, lhs, rhs)
    if width == 32:
        w.define(op.result, f"zext i32 {name} to i64")


def _move(w: FunctionWriter, op: Alu) -> None:
    """An address and a number."""
    base, by = (op.lhs, op.rhs) if w.kind(op.lhs).address else (op.rhs, op.lhs)
    word = w.word(by)
    if op.kind == "sub":
        word = w.let(f"sub i64 0, {word}")
    w.define(op.result, f"getelementptr i8, ptr {w.address(base)}, i64 {word}")


def _divide(w: FunctionWriter, op: Alu, name: str, lhs: str, rhs: str) -> None:
    """Division by zero gives zero, its remainder the dividend; the least number by minus one is itself, and leaves nothing."""
    type_name, instruction = f"i{op.width_bits}", DIVISIONS[op.kind]
    divisor = w.resolve(op.rhs)
    if type(divisor) is int and semantics.mask(op.width_bits, divisor) not in (0, semantics.mask(op.width_bits, -1)):
        w.put(f"{name} = {instruction} {type_name} {lhs}, {rhs}")
        return
    zero = w.let(f"icmp eq {type_name} {rhs}, 0")
    where_zero = "0" if op.kind in ("div", "sdiv") else lhs
    if op.kind in ("div", "mod"):
        safe = w.let(f"select i1 {zero}, {type_name} 1, {type_name} {rhs}")
        found = w.let(f"{instruction} {type_name} {lhs}, {safe}")
    else:
        one_less = w.let(f"icmp eq {type_name} {rhs}, -1")
        either = w.let(f"or i1 {zero}, {one_less}")
        safe = w.let(f"select i1 {either}, {type_name} 1, {type_name} {rhs}")
        plain = w.let(f"{instruction} {type_name} {lhs}, {safe}")
        negated = w.let(f"sub {type_name} 0, {lhs}") if op.kind == "sdiv" else "0"
        found = w.let(f"select i1 {one_less}, {type_name} {negated}, {type_name} {plain}")
    w.put(f"{name} = select i1 {zero}, {type_name} {where_zero}, {type_name} {found}")


def _cast(w: FunctionWriter, op: Cast) -> None:
    if not w.checked and w.kinds.is_extended_field(op):
        w.alias[op.result] = op.value
        return
    bits = min(op.from_bits, op.width_bits)
    low = w.low(op.value, bits)
    if op.kind == "zext" or bits == op.width_bits:
        w.define(op.result, f"zext i{bits} {low} to i64")
        return
    wide = w.let(f"sext i{bits} {low} to i{op.width_bits}")
    w.define(op.result, f"zext i32 {wide} to i64" if op.width_bits == 32 else f"add i64 {wide}, 0")


def _byte_swap(w: FunctionWriter, op: ByteSwap) -> None:
    width = op.width_bits
    low = w.low(op.value, width)
    call = f"call i{width} @llvm.bswap.i{width}(i{width} {low})"
    w.define(op.result, call if width == 64 else f"zext i{width} {w.let(call)} to i64")


def compare(w: FunctionWriter, op: Branch) -> str:
    """The condition of a branch."""
    width = op.width_bits
    if op.kind == "test":
        both = w.let(f"and i{width} {w.low(op.lhs, width)}, {w.low(op.rhs, width)}")
        return w.let(f"icmp ne i{width} {both}, 0")
    if width == 64 and op.kind[0] != "s" and any(w.is_address(w.resolve(v)) for v in (op.lhs, op.rhs) if type(v) is not int):
        return w.let(f"icmp {op.kind} ptr {w.address(op.lhs)}, {w.address(op.rhs)}")
    return w.let(f"icmp {op.kind} i{width} {w.low(op.lhs, width)}, {w.low(op.rhs, width)}")


# ---- values that the environment knows ----------------------------------------------------------------------------------


def _frame_addr(w: FunctionWriter, op: FrameAddr) -> None:
    if w.checked:
        w.define(op.result, f"add i64 %guest, {op.offset}")
    else:
        w.define(op.result, f"getelementptr i8, ptr %frame, i64 {op.offset}")


def _constant(w: FunctionWriter, result: Value, value: int) -> None:
    w.alias[result] = semantics.mask(64, value)


def _map_addr(w: FunctionWriter, op: MapAddr) -> None:
    _constant(w, op.result, map_handle(w.module.environment, op))


def _map_value_addr(w: FunctionWriter, op: MapValueAddr) -> None:
    address = value_address(w.module.module, w.module.environment, op)
    if w.checked:
        _constant(w, op.result, address)
    else:
        # The address is of this process; the code is not.
        w.define(op.result, f"getelementptr i8, ptr {w.table('map values', op.map)}, i64 {op.offset}")


def _func_addr(w: FunctionWriter, op: FuncAddr) -> None:
    _constant(w, op.result, function_handle(w.module.indices[op.function]))


def _extern_addr(w: FunctionWriter, op: ExternAddr) -> None:
    _constant(w, op.result, extern_address(w.module.module, w.module.environment, op))


def _undef(w: FunctionWriter, op: Undef) -> None:
    _constant(w, op.result, 0)


# ---- memory -------------------------------------------------------------------------------------------------------------


def _load(w: FunctionWriter, op: Load) -> None:
    place = reach(w, op.base, op.offset, op.size_bytes, op.insn, write=False)
    bits = 8 * op.size_bytes
    text = f"load {place.volatile}i{bits}, ptr {place.address}, align 1{place.tag}"
    if w.is_address(op.result):
        w.define(op.result, text.replace("i64", "ptr", 1))
    elif bits == 64:
        w.define(op.result, text)
    else:
        w.define(op.result, f"{'sext' if op.signed else 'zext'} i{bits} {w.let(text)} to i64")


def _store(w: FunctionWriter, op: Store) -> None:
    bits = 8 * op.size_bytes
    value = w.low(op.value, bits)
    place = reach(w, op.base, op.offset, op.size_bytes, op.insn, write=True)
    w.put(f"store {place.volatile}i{bits} {value}, ptr {place.address}, align 1{place.tag}")


def _aligned(w: FunctionWriter, op: Any, size: int, *, write: bool) -> str:
    """Where an atomic operation goes: checked code traps where that is not aligned."""
    place = reach(w, op.base, op.offset, size, op.insn, write=write)
    if w.checked and size > 1:
        address = w.let(f"add i64 {w.word(op.base)}, {number(op.offset)}")
        wrong = w.let(f"icmp ne i64 {w.let(f'and i64 {address}, {size - 1}')}, 0")
        bad, on = w.label(), w.label()
        w.branch(wrong, bad, on)
        w.begin(bad)
        w.put(f"call void @bpfcc_trap(ptr %run, i32 {TRAP_MISALIGNED}, i64 {address}, i32 {size})")
        w.trap(op.insn)
        w.begin(on)
    return place.address


def _load_acquire(w: FunctionWriter, op: LoadAcquire) -> None:
    bits = 8 * op.size_bytes
    address = _aligned(w, op, op.size_bytes, write=False)
    text = f"load atomic i{bits}, ptr {address} acquire, align {op.size_bytes}"
    w.define(op.result, text if bits == 64 else f"zext i{bits} {w.let(text)} to i64")


def _store_release(w: FunctionWriter, op: StoreRelease) -> None:
    bits = 8 * op.size_bytes
    value = w.low(op.value, bits)
    address = _aligned(w, op, op.size_bytes, write=True)
    w.put(f"store atomic i{bits} {value}, ptr {address} release, align {op.size_bytes}")


def _atomic(w: FunctionWriter, op: Atomic) -> None:
    bits = 8 * op.size_bytes
    value = w.low(op.value, bits)
    address = _aligned(w, op, op.size_bytes, write=True)
    w.let(f"atomicrmw {RMW[op.kind]} ptr {address}, i{bits} {value} monotonic, align {op.size_bytes}")


def _atomic_fetch(w: FunctionWriter, op: AtomicFetch) -> None:
    bits = 8 * op.size_bytes
    value = w.low(op.value, bits)
    address = _aligned(w, op, op.size_bytes, write=True)
    text = f"atomicrmw {RMW[op.kind]} ptr {address}, i{bits} {value} seq_cst, align {op.size_bytes}"
    w.define(op.result, text if bits == 64 else f"zext i{bits} {w.let(text)} to i64")


def _compare_exchange(w: FunctionWriter, op: CompareExchange) -> None:
    bits = 8 * op.size_bytes
    expected, value = w.low(op.expected, bits), w.low(op.value, bits)
    address = _aligned(w, op, op.size_bytes, write=True)
    pair = w.let(f"cmpxchg ptr {address}, i{bits} {expected}, i{bits} {value} seq_cst seq_cst, align {op.size_bytes}")
    text = f"extractvalue {{ i{bits}, i1 }} {pair}, 0"
    w.define(op.result, text if bits == 64 else f"zext i{bits} {w.let(text)} to i64")


def _packet_load(w: FunctionWriter, op: PacketLoad) -> None:
    refuse_ancillary(op, w.resolve(op.index))
    at = w.let(f"add i32 {w.low(op.index, 32)}, {semantics.signed(32, op.offset)}")
    wide = w.let(f"sext i32 {at} to i64")
    function = w.table("runtime", "bpfcc_load_packet")
    w.define(op.result, f"call i64 {function}(ptr %run, i64 {wide}, i32 {op.size_bytes})")
    w.leave_if(w.let(f"icmp slt i64 %v{op.result.id}, 0"))


# ---- calls --------------------------------------------------------------------------------------------------------------


def _call(w: FunctionWriter, op: Call) -> None:
    environment = w.module.environment
    helper_address(environment, op)
    found = known_map(op, environment)
    if found is not None and _lookup(w, op, found):
        return
    args = [w.word(arg) for arg in op.args] + ["0"] * (MAX_ARGS - len(op.args))
    quiet = op.helper in environment.quiet_helpers or op.helper == environment.tail_call_helper
    if (w.checked or w.counts_rounds) and not quiet:
        w.give_back_steps()
    text = f"call i64 {w.table('helper', op.helper)}({', '.join(f'i64 {arg}' for arg in args)}, ptr %run)"
    w.define(op.result, text)
    if w.caches is not None and not quiet:
        w.caches.forget()
    w.check_trap(op.insn)
    if op.helper == environment.tail_call_helper:
        _tail_call(w, op)


def _tail_call(w: FunctionWriter, op: Call) -> None:
    """Where the helper chose a program, that takes the place of this function."""
    target = w.load_field("tail_target", "i32")
    gone, on = w.label(), w.label()
    w.branch(w.let(f"icmp sge i32 {target}, 0"), gone, on)
    w.begin(gone)
    w.put(f"store i32 -1, ptr {w.run_field('tail_target')}, align 4{tag(['run'])}")
    count, targets = w.table("target count", "", "i64"), w.table("targets", "")
    wide = w.let(f"zext i32 {target} to i64")
    inside, known = w.label(), w.label()
    nowhere = w.label()
    w.branch(w.let(f"icmp ult i64 {wide}, {count}"), inside, nowhere)
    w.begin(inside)
    # A program and its table each; this code knows its own.
    program = w.let(f"load ptr, ptr {w.let(f'getelementptr [2 x ptr], ptr {targets}, i64 {wide}')}, align 8")
    w.branch(w.let(f"icmp ne ptr {program}, null"), known, nowhere)
    w.begin(nowhere)
    w.put(f"call void @bpfcc_trap(ptr %run, i32 {TRAP_CALL}, i64 {wide}, i32 0)")
    w.trap(op.insn)
    w.begin(known)
    context = w.as_kind(op.args[0], w.module.program_kind)
    arguments = f"ptr %run, i32 %depth, ptr %steps, {w.module.program_type} {context}, i64 0"
    must = "musttail" if w.index == 0 else "tail"
    result = w.let(f"{must} call i64 {program}({arguments})")
    w.put(f"ret i64 {result}")
    w.begin(on)


def _lookup(w: FunctionWriter, op: Call, found: MapAddr) -> bool:
    """A lookup in a map that is known: without the helper, and without looking for the map."""
    spec: MapSpec = w.module.module.maps[found.map]
    if spec.type in INDEXED_MAPS:
        key = reach(w, op.args[1], 0, 4, op.insn, write=False)
        index = w.let(f"load {key.volatile}i32, ptr {key.address}, align 1{key.tag}")
        wide = w.let(f"zext i32 {index} to i64")
        base = w.table("map values", found.map)
        if spec.type == "percpu_array":
            cpu = w.let(f"zext i32 {w.load_field('cpu', 'i32')} to i64")
            far = w.let(f"mul i64 {cpu}, {w.table('map cpu bytes', found.map, 'i64')}")
            base = w.let(f"getelementptr i8, ptr {base}, i64 {far}")
        # What the map says of itself: values may be further apart than they are long.
        head = MapHead.from_address(w.module.environment.maps[found.map].pointer)
        distance = w.let(f"mul i64 {wide}, {head.stride}")
        value = w.let(f"getelementptr i8, ptr {base}, i64 {distance}")
        inside = w.let(f"icmp ult i32 {index}, {head.entries}")
        w.define(op.result, f"select i1 {inside}, ptr {value}, ptr null")
        return True
    if spec.type not in KEYED_MAPS:
        return False
    this = w.table("map", found.map)
    place = w.let(f"getelementptr i8, ptr {this}, i64 {map_head('lookup')}")
    function = w.let(f"load ptr, ptr {place}, align 8{tag(['table'])}, !invariant.load !1")
    w.define(op.result, f"call ptr {function}(ptr {this}, ptr {w.address(op.args[1])}, i32 {w.load_field('cpu', 'i32')})")
    return True


def _call_function(w: FunctionWriter, op: CallFunction) -> None:
    callee = w.module.functions[op.function]
    count = w.module.parameter_count(callee)
    given = list(op.args)[:count]
    values = []
    for at in range(count):
        kind = w.module.parameter_kind(callee, at)
        value = w.as_kind(given[at], kind) if at < len(given) else "null" if kind.address and not w.checked else "0"
        values.append(f"{w.module.parameter_type(callee, at)} {value}")
    _enter(w, op.insn)
    below = w.let("add i32 %depth, 1")
    arguments = ", ".join([f"ptr %run, i32 {below}, ptr %steps", *values])
    result = w.let(f"call i64 @{w.module.name_of(op.function)}({arguments})")
    if w.is_address(op.result):
        w.define(op.result, f"inttoptr i64 {result} to ptr")
    else:
        w.define(op.result, f"add i64 {result}, 0")
    _leave(w)


def _enter(w: FunctionWriter, insn: int) -> None:
    if w.checked:
        below = w.let("add i32 %depth, 1")
        ok = w.let(f"call i32 {w.table('runtime', 'bpfcc_push_frame')}(ptr %run, i32 {below})")
        w.trap_if(w.let(f"icmp eq i32 {ok}, 0"), insn)
    elif w.module.kinds.called_back:
        # Functions that helpers call back go below the frame that is in use.
        w.put(f"store i32 {w.let('add i32 %depth, 1')}, ptr {w.run_field('depth')}, align 4{tag(['run'])}")


def _leave(w: FunctionWriter) -> None:
    trap = w.load_field("trap", "i32")
    w.leave_if(w.let(f"icmp ne i32 {trap}, 0"))
    if w.checked:
        w.put(f"call void {w.table('runtime', 'bpfcc_pop_frame')}(ptr %run, i32 %depth)")
        if w.caches is not None:
            w.caches.forget()
    elif w.module.kinds.called_back:
        w.put(f"store i32 %depth, ptr {w.run_field('depth')}, align 4{tag(['run'])}")


def _call_indirect(w: FunctionWriter, op: CallIndirect) -> None:
    target = w.word(op.target)
    offset = w.let(f"sub i64 {target}, {FUNCTION_HANDLES}")
    index = w.let(f"lshr i64 {offset}, {HANDLE_BITS}")
    crooked = w.let(f"icmp ne i64 {w.let(f'and i64 {offset}, {(1 << HANDLE_BITS) - 1}')}, 0")
    beyond = w.let(f"icmp uge i64 {index}, {len(w.module.functions)}")
    bad, on = w.label(), w.label()
    w.branch(w.let(f"or i1 {crooked}, {beyond}"), bad, on)
    w.begin(bad)
    w.put(f"call void @bpfcc_trap(ptr %run, i32 {TRAP_CALL}, i64 {target}, i32 0)")
    w.trap(op.insn)
    w.begin(on)
    args = [w.word(arg) for arg in op.args] + ["0"] * (MAX_ARGS - len(op.args))
    _enter(w, op.insn)
    below = w.let("add i32 %depth, 1")
    number_ = w.let(f"trunc i64 {index} to i32")
    text = ", ".join(f"i64 {arg}" for arg in args)
    w.define(op.result, f"call i64 @bpfcc_call(ptr %run, i32 {below}, ptr %steps, i32 {number_}, {text})")
    _leave(w)


def _call_extern(w: FunctionWriter, op: CallExtern) -> None:
    refuse_extern_call(w.module.module, op)


# The total table: an operation without an entry is an error where it is met, and a test asks for every one.
OPERATIONS: Final[Mapping[type[Op], Callable[[FunctionWriter, Any], None]]] = {
    Alu: _alu, Cast: _cast, ByteSwap: _byte_swap, FrameAddr: _frame_addr, MapAddr: _map_addr, MapValueAddr: _map_value_addr,
    FuncAddr: _func_addr, ExternAddr: _extern_addr, Undef: _undef, Load: _load, Store: _store, LoadAcquire: _load_acquire,
    StoreRelease: _store_release, Atomic: _atomic, AtomicFetch: _atomic_fetch, CompareExchange: _compare_exchange,
    PacketLoad: _packet_load, Call: _call, CallFunction: _call_function, CallExtern: _call_extern, CallIndirect: _call_indirect,
}  # fmt: skip
