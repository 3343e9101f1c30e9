"""Records of ring buffers: built on the stack, or in a map of each CPU's own, and copied out when they are submitted.

    v6 = call helper 131(v7, 24, 0)     ringbuf_reserve     becomes     24 zeroed bytes of the frame
    call helper 132(v6, 0)              ringbuf_submit                  call helper 11(v7, v6, 24, 0)

Each reservation has bytes of its own, so a record may not be reserved while the last one from the same call is still held. Records that
the frame has no room for lie in a per-CPU array. XDP runs at DISPATCH_LEVEL, where nothing else of the program runs on a CPU before it has
returned, so between reservation and submission nobody else gets the bytes. Other hooks run at whatever level their caller is at: there it
is a difference.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.bpfir.module import MapSpec
from bpfcc.bpfir.ops import Alu, Assume, Branch, Call, CallFunction, Edge, Effect, FrameAddr, FuncAddr, Jump, MapAddr, Store, Value, edges
from bpfcc.bpfir.renamed import renamed
from bpfcc.compat.rewrite.uses import MAX_RESERVATIONS, Reservations, map_number
from bpfcc.runtime.maps.create import ring_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bpfcc.bpfir.function import Block, Function, Module
    from bpfcc.bpfir.ops import Op, Operand
    from bpfcc.compat.rewrite.editor import Editor
    from bpfcc.compat.rewrite.helpers import Helpers
    from bpfcc.compat.rewrite.table import Row

FRAME_BYTES: Final = 512
HEADER_BYTES: Final = 8
# Larger ones are zeroed by a helper.
MAX_STORED: Final = 128
MAX_SCRATCH_BYTES: Final = 32768
BUDGET: Final = 500_000
FULL: Final = "a full buffer shows when the record is submitted: the program has gone on as if there were room, and the record is lost"
OVERTAKEN: Final = "records come in the order in which they are submitted; on Linux in that in which they were reserved"
SHARED: Final = "where the hook runs below DISPATCH_LEVEL, a run that takes this one's place on the CPU gets the same bytes for its record"
# Types whose programs run at DISPATCH_LEVEL, whoever calls them.
AT_DISPATCH: Final = frozenset({"xdp"})
RECORDS: Final = ("ringbuf_reserve", "ringbuf_submit", "ringbuf_discard", "ringbuf_output")
# Helpers of Linux that leave nothing behind.
QUIET: Final = ("map_lookup_elem", "ktime_get_ns", "ktime_get_boot_ns", "ktime_get_coarse_ns", "get_smp_processor_id",
                "get_current_pid_tgid", "get_socket_cookie", "jiffies64")  # fmt: skip


class Numbers(NamedTuple):
    """Linux's numbers of the helpers that matter: what reserves, gives back, writes records, and leaves nothing behind."""

    reserve: int
    release: frozenset[int]
    output: int
    quiet: frozenset[int]


@final
class Records:
    """What is known of one function's reservations before it is rewritten.

    `twice`: those that may be reached again while their record is held. `overtaken`: those whose record may be held while another one
    goes out. `matter`: those where the program does something else when the buffer is full.
    """

    def __init__(self, module: Module, fn: Function, numbers: Numbers) -> None:
        self._module, self._numbers = module, numbers
        self.calls: Mapping[Value, set[Call]] = Reservations(fn, numbers.reserve).calls
        # Calls are rewritten in place: what is asked of them is kept.
        self.made = {value: {(map_number(op.args[0]), op.args[1]) for op in found} for value, found in self.calls.items()}
        self._blocks = {op: block for block in fn.blocks for op in block.ops if isinstance(op, Call) and op.helper == numbers.reserve}
        self.count = len(self._blocks)
        # Operations that may be looked at, all in all.
        self._budget = BUDGET
        known = len(self._blocks) <= MAX_RESERVATIONS
        met = {call: self._met_while_held(call) if known else None for call in self._blocks}
        self.twice = {call for call, found in met.items() if found is None or call in found}
        self.overtaken = {call for call, found in met.items() if found}
        self.matter = {call for call in self._blocks if not known or not self._alike(call)}

    def _met_while_held(self, call: Call) -> set[Op] | None:
        """What makes records on the ways from a reservation to where its own is given back; None where there are too many ways.

        A value is this record, and not the one of the round before, where it comes from the call on the way at hand.
        """
        found: set[Op] = set()
        start = self._blocks[call]
        work = [(start, start.ops.index(call) + 1, frozenset((call.result,)))]
        seen: set[tuple[Block, frozenset[Value]]] = set()
        while work:
            block, at, names = work.pop()
            held = self._through(block.ops[at:], call, names, found)
            self._budget -= 1 + len(block.ops)
            if self._budget < 0:
                return None
            if held is None:
                continue
            null = _null_edge(block.terminator, held)
            for edge in edges(block.terminator):
                following = edge.block, _passed(edge, held)
                if edge is not null and following not in seen:
                    seen.add(following)
                    work.append((edge.block, 0, following[1]))
        return found

    def _through(self, ops: list[Op], call: Call, names: frozenset[Value], found: set[Op]) -> frozenset[Value] | None:
        """The record's names after some operations; None where it was given back, or is reserved anew."""
        for op in ops:
            if self._makes_records(op):
                found.add(op)
            if op is call or (isinstance(op, Call) and op.helper in self._numbers.release and op.args[0] in names):
                return None
            if isinstance(op, Assume):
                names = names | {op.result} if op.value in names else names - {op.result}
        return names

    def _makes_records(self, op: Op) -> bool:
        if isinstance(op, Call) and op.helper in (self._numbers.reserve, self._numbers.output):
            return True
        calls_back = isinstance(op, Call) and any(isinstance(root_of(arg), FuncAddr) for arg in op.args)
        return (calls_back or isinstance(op, CallFunction)) and self._others_make_records

    @cached_property
    def _others_make_records(self) -> bool:
        """Whether any function of the program does; which one is called is not asked."""
        made = (self._numbers.reserve, self._numbers.output)
        return any(isinstance(op, Call) and op.helper in made for fn in self._module.functions[1:] for op in fn.ops())

    def _is(self, operand: Operand, call: Call) -> bool:
        """Whether a value may be the record of that call."""
        return type(operand) is Value and call in self.calls.get(operand, ())

    # ---- whether a full buffer can be told from one with room

    def _alike(self, call: Call) -> bool:
        """Whether nothing but the record itself depends on its being there: both sides of the test come to the same place."""
        block = self._blocks[call]
        rest = block.ops[block.ops.index(call) + 1 :]
        null = _null_edge(block.terminator, frozenset((call.result,)))
        if null is None or not all(self._harmless(op, call) for op in rest):
            return False
        seen: set[Block] = set()
        work = [edge for edge in edges(block.terminator) if edge is not null]
        while work:
            edge = work.pop()
            if edge.block is null.block:
                if not _same_args(edge.args, null.args):
                    return False
                continue
            if edge.block in seen:
                continue
            seen.add(edge.block)
            if edge.block is block or not edges(edge.block.terminator) or not all(self._harmless(op, call) for op in edge.block.ops):
                return False
            work += edges(edge.block.terminator)
        return True

    def _harmless(self, op: Op, call: Call) -> bool:
        match op:
            case Store():
                return self._inside(op.base, call)
            case Call():
                return op.helper in self._numbers.quiet or (op.helper in self._numbers.release and self._is(op.args[0], call))
            case CallFunction():
                return self._fills_alone(op, call)
            case _:
                return op.EFFECT in (Effect.NONE, Effect.READS)

    def _fills_alone(self, op: CallFunction, call: Call) -> bool:
        """Whether a function does nothing but write to the record, where it gets one."""
        fn = self._module.function(op.function)
        given = {param for param, arg in zip(fn.params, op.args, strict=False) if self._inside(arg, call)}
        for each in fn.ops():
            match each:
                case Store():
                    if start_of(each.base) not in given:
                        return False
                case Call():
                    if each.helper not in self._numbers.quiet:
                        return False
                case _:
                    if each.EFFECT not in (Effect.NONE, Effect.READS, Effect.LEAVES):
                        return False
        return True

    def _inside(self, operand: Operand, call: Call) -> bool:
        """Whether an address is of the record."""
        return self._is(start_of(operand), call)


def root_of(operand: Operand) -> object:
    """What makes a value."""
    found = renamed(operand)
    return found.definition if type(found) is Value else None


def _null_edge(op: Op, names: frozenset[Value]) -> Edge | None:
    """Of a test on the record the way on which there is none."""
    if isinstance(op, Branch) and op.width_bits == 64 and op.rhs == 0 and op.kind in ("eq", "ne") and op.lhs in names:
        return op.then if op.kind == "eq" else op.otherwise
    return None


def _passed(edge: Edge, names: frozenset[Value]) -> frozenset[Value]:
    """The record's names at the other end."""
    given = {param for param, arg in zip(edge.block.params, edge.args, strict=True) if arg in names}
    return names.difference(edge.block.params) | given


def start_of(operand: Operand) -> Operand:
    """What an address was before constants were added to it."""
    found = renamed(operand)
    while type(found) is Value and isinstance(found.definition, Alu) and type(found.definition.rhs) is int:
        found = renamed(found.definition.lhs)
    return found


def _same_args(left: list[Operand], right: list[Operand]) -> bool:
    """Whether a block gets the same values; constants equal, others identical."""
    return all(a == b if type(a) is int else renamed(a) is renamed(b) for a, b in zip(left, right, strict=True))


# ---- the recipes


def ringbuf_reserve(helpers: Helpers, op: Call, row: Row, editor: Editor) -> None:
    """A record, zeroed: what is not written has to be known too."""
    size, flags = op.args[1], op.args[2]
    if flags != 0:
        _refuse_flags(helpers, op, row, editor)
        return
    if type(size) is not int or not 0 < size < 1 << 30:
        helpers.absent(
            "ringbuf_reserve", "a record whose size is not constant: build it where it lies, and use bpf_ringbuf_output", op, editor
        )
        return
    number = map_number(op.args[0])
    ring = ring_bytes(helpers.module.maps[number].max_entries) if number is not None else None
    # Linux keeps one byte free.
    if ring is not None and (size + HEADER_BYTES + 7) // 8 * 8 >= ring:
        helpers.note(op, row, editor, reason=f"the record never fits: there are {ring} bytes in all")
        editor.replaced[op.result] = 0
        return
    if op in helpers.records.twice:
        text = "a record may be reserved here while the last one from here is still held: both would have the same bytes; submit it before"
        helpers.absent("ringbuf_reserve", text, op, editor)
        return
    needed = (size + 7) // 8 * 8
    used = helpers.frame_used
    if used is None:
        helpers.absent("ringbuf_reserve", "it cannot be told how much of the stack is in use: use bpf_ringbuf_output", op, editor)
        return
    room = FRAME_BYTES - used
    # Another one may need room for a key.
    left = HEADER_BYTES if helpers.records.count > 1 and helpers.scratch_key is None else 0
    if needed <= room - left:
        _note(helpers, op, row, editor, where="the record is built on the stack and copied when it is submitted")
        editor.replaced[op.result] = _on_stack(helpers, op, needed, editor)
    elif (room >= HEADER_BYTES or helpers.scratch_key is not None) and needed <= MAX_SCRATCH_BYTES:
        scratch = helpers.scratch_map(needed)
        where = f"the record is built in a map of each CPU's own ({helpers.maps[scratch].name}) and copied when it is submitted"
        _note(helpers, op, row, editor, where=where, shared=helpers.type not in AT_DISPATCH)
        editor.replaced[op.result] = _in_map(helpers, op, (scratch, needed), editor)
    else:
        text = f"a record of {size} bytes does not fit on the stack beside the {used} bytes in use: use bpf_ringbuf_output"
        helpers.absent("ringbuf_reserve", text, op, editor)


def _refuse_flags(helpers: Helpers, op: Call, row: Row, editor: Editor) -> None:
    if type(op.args[2]) is int:
        helpers.note(op, row, editor, reason="flags that are not 0 give no record, as on Linux")
        editor.replaced[op.result] = 0
    else:
        helpers.absent("ringbuf_reserve", "flags that are not constant: Linux takes 0 alone", op, editor)


def _note(helpers: Helpers, op: Call, row: Row, editor: Editor, *, where: str, shared: bool = False) -> None:
    """With what a full buffer makes of the program, and of the order of records; `shared`: others may get the bytes."""
    differing = [FULL] * (op in helpers.records.matter) + [OVERTAKEN] * (op in helpers.records.overtaken) + [SHARED] * shared
    if differing:
        helpers.note(op, row, editor, kind="differs", reason="; ".join([where, *differing]), depends=True)
    else:
        helpers.note(op, row, editor, reason=f"{where}; a full buffer shows then, and the record is lost")


def _frame(helpers: Helpers, op: Call, size: int, editor: Editor) -> Value:
    """More bytes of the frame."""
    fn = editor.fn
    fn.stack_bytes = helpers.frame_used = (helpers.frame_used or 0) + size
    return _frame_address(op, -fn.stack_bytes, editor)


def _frame_address(op: Call, offset: int, editor: Editor) -> Value:
    address = FrameAddr(editor.fn.new_value(), offset, op.insn)
    address.result.definition = address
    editor.put(address)
    return address.result


def _on_stack(helpers: Helpers, op: Call, needed: int, editor: Editor) -> Value:
    address = _frame(helpers, op, needed, editor)
    for at in range(0, needed, 8):
        editor.store(8, address, at, 0)
    return address


def _in_map(helpers: Helpers, op: Call, scratch: tuple[int, int], editor: Editor) -> Value:
    """The only element of a per-CPU array; 0 where there is none, as if the buffer were full."""
    number, needed = scratch
    if helpers.scratch_key is None:
        _frame(helpers, op, HEADER_BYTES, editor)
        helpers.scratch_key = -editor.fn.stack_bytes
    key = _frame_address(op, helpers.scratch_key, editor)
    editor.store(4, key, 0, 0)
    found = helpers.call("map_lookup_elem", [_map(op, number, editor), key], editor)
    after, there = editor.block(1), editor.block()
    editor.branch("eq", 64, found, 0, then=Edge(after, [0]), otherwise=Edge(there, []))
    editor.enter(there)
    if needed <= MAX_STORED:
        for at in range(0, needed, 8):
            editor.store(8, found, at, 0)
    else:
        helpers.call("memset", [found, needed, 0], editor)
    editor.end(Jump(Edge(after, [found]), op.insn))
    editor.enter(after)
    return after.params[0]


def _map(op: Call, number: int, editor: Editor) -> Value:
    address = MapAddr(editor.fn.new_value(), number, op.insn)
    address.result.definition = address
    editor.put(address)
    return address.result


def scratch_spec(name: str, size: int) -> MapSpec:
    """The map of records of that size."""
    return MapSpec(name, "percpu_array", 4, size, 1)


def ringbuf_submit(helpers: Helpers, op: Call, row: Row, editor: Editor) -> None:
    """The record is copied into the buffer."""
    reserved = _reserved(helpers, op, editor)
    if reserved is None:
        return
    number, size = reserved
    helpers.note(op, row, editor)
    editor.replaced[op.result] = helpers.call(row.to or "", [_map(op, number, editor), op.args[0], size, 0], editor)


def ringbuf_discard(helpers: Helpers, op: Call, row: Row, editor: Editor) -> None:
    """Nothing is left to do."""
    if _reserved(helpers, op, editor) is not None:
        helpers.note(op, row, editor)
        editor.replaced[op.result] = 0


def _reserved(helpers: Helpers, op: Call, editor: Editor) -> tuple[int, int] | None:
    """Map and size of the record that a call gives back; noted as absent where that is not one answer."""
    found: set[tuple[int | None, Operand]] = helpers.records.made.get(op.args[0], set()) if type(op.args[0]) is Value else set()
    if len(found) == 1:
        number, size = next(iter(found))
        if number is not None and type(size) is int:
            return number, size
    helpers.absent(
        helpers.linux.helper(op.helper).name,
        "it cannot be told where the record was reserved: submit it where it is known, or use bpf_ringbuf_output",
        op,
        editor,
    )
    return None
