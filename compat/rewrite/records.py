"""Records of ring buffers: built on the stack, or in a map of each CPU's own, and copied out when they are submitted.

    v6 = call helper 131(v7, 24, 0)     ringbuf_reserve     becomes     24 zeroed bytes of the frame
    call helper 132(v6, 0)              ringbuf_submit                  call helper 11(v7, v6, 24, 0)

Each reservation has bytes of its own, so a record may not be reserved while the last one from the same call is still held. Records that
the frame has no room for lie in a per-CPU array: nothing else of the program runs on a CPU before it has returned, as its hooks run
at DISPATCH_LEVEL, so between reservation and submission nobody else gets the bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir.module import MapSpec
from bpfcc.bpfir.ops import Alu, Branch, Call, CallFunction, Edge, Effect, FrameAddr, Jump, MapAddr, Store, Value, edges
from bpfcc.compat.rewrite.uses import Reservations, map_number, root

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
FULL: Final = "a full buffer shows when the record is submitted: the program has gone on as if there were room, and the record is lost"
# Helpers of Linux that leave nothing behind.
QUIET: Final = ("map_lookup_elem", "ktime_get_ns", "ktime_get_boot_ns", "ktime_get_coarse_ns", "get_smp_processor_id",
                "get_current_pid_tgid", "get_socket_cookie", "jiffies64")  # fmt: skip


@final
class Records:
    """What is known of one function's reservations before it is rewritten."""

    def __init__(self, module: Module, fn: Function, reserve: int, release: frozenset[int], quiet: frozenset[int]) -> None:
        self._module = module
        self._release, self._quiet = release, quiet
        self.calls: Mapping[Value, set[Call]] = Reservations(fn, reserve).calls
        # Calls are rewritten in place: what is asked of them is kept.
        self.made = {value: {(map_number(op.args[0]), op.args[1]) for op in found} for value, found in self.calls.items()}
        self._blocks = {call: block for block in fn.blocks for call in block.ops if isinstance(call, Call) and call.helper == reserve}
        self.twice = self._held_twice()
        self.matter = {call for call in self._blocks if not self._alike(call)}

    def _held_twice(self) -> set[Call]:
        """Reservations that may be reached again while their record is held.

        Where no two records are held at once, whatever is released is the one that is: of a value that may be one of several records too.
        """
        met = {call: self._met_while_held(call, sure=False) for call in self._blocks}
        joined = [found for found in self.calls.values() if len(found) > 1]
        twice = set()
        for call, others in met.items():
            beside = others | {other for other, found in met.items() if call in found}
            unclear = any(call in found and found & (beside - {call}) for found in joined)
            if call in (self._met_while_held(call, sure=True) if unclear else others):
                twice.add(call)
        return twice

    def _met_while_held(self, call: Call, *, sure: bool) -> set[Call]:
        """Reservations on the ways from one to where its record is released; `sure`: what may be another record releases nothing."""
        found: set[Call] = set()
        seen: set[Block] = set()
        start = self._blocks[call]
        work = [(start, start.ops.index(call) + 1)]
        while work:
            block, at = work.pop()
            for op in block.ops[at:]:
                if isinstance(op, Call) and op in self._blocks:
                    found.add(op)
                if self._releases(op, call, sure=sure):
                    break
            else:
                following = [edge.block for edge in self._holding(block, call)]
                work += [(each, 0) for each in following if each not in seen]
                seen.update(following)
        return found

    def _releases(self, op: Op, call: Call, *, sure: bool) -> bool:
        return isinstance(op, Call) and op.helper in self._release and self._is(op.args[0], call, sure=sure)

    def _is(self, operand: Operand, call: Call, *, sure: bool = True) -> bool:
        """Whether a value is the record of that call, and surely of no other."""
        found = self.calls.get(operand, set()) if type(operand) is Value else set()
        return found == {call} if sure else call in found

    def _holding(self, block: Block, call: Call) -> Iterator[Edge]:
        """The ways out of a block on which there is a record."""
        null = self._null_edge(block.terminator, call)
        yield from (edge for edge in edges(block.terminator) if edge is not null)

    def _null_edge(self, op: Op, call: Call) -> Edge | None:
        if isinstance(op, Branch) and op.width_bits == 64 and op.rhs == 0 and op.kind in ("eq", "ne") and self._is(op.lhs, call):
            return op.then if op.kind == "eq" else op.otherwise
        return None

    # ---- whether a full buffer can be told from one with room

    def _alike(self, call: Call) -> bool:
        """Whether nothing but the record itself depends on its being there: both sides of the test come to the same place."""
        block = self._blocks[call]
        rest = block.ops[block.ops.index(call) + 1 :]
        null = self._null_edge(block.terminator, call)
        if null is None or not all(self._harmless(op, call) for op in rest):
            return False
        seen: set[Block] = set()
        work = list(self._holding(block, call))
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
                return op.helper in self._quiet or self._releases(op, call, sure=False)
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
                    if each.helper not in self._quiet:
                        return False
                case _:
                    if each.EFFECT not in (Effect.NONE, Effect.READS, Effect.LEAVES):
                        return False
        return True

    def _inside(self, operand: Operand, call: Call) -> bool:
        """Whether an address is of the record."""
        return self._is(start_of(operand), call, sure=False)


def start_of(operand: Operand) -> Operand:
    """What an address was before constants were added to it."""
    found = root(operand)
    while type(found) is Value and isinstance(found.definition, Alu) and type(found.definition.rhs) is int:
        found = root(found.definition.lhs)
    return found


def _same_args(left: list[Operand], right: list[Operand]) -> bool:
    """Whether a block gets the same values; constants equal, others identical."""
    return all(a == b if type(a) is int else root(a) is root(b) for a, b in zip(left, right, strict=True))


# ---- the recipes


def ringbuf_reserve(helpers: Helpers, op: Call, row: Row, editor: Editor) -> None:
    """A record, zeroed: what is not written has to be known too."""
    size, flags = op.args[1], op.args[2]
    if flags != 0:
        _refuse_flags(helpers, op, row, editor)
        return
    if type(size) is not int or not 0 < size < 1 << 30:
        helpers.absent("ringbuf_reserve", "a record whose size is not constant", op, editor)
        return
    number = map_number(op.args[0])
    ring = helpers.module.maps[number].max_entries if number is not None else None
    if ring is not None and (size + HEADER_BYTES + 7) // 8 * 8 > ring:
        helpers.note(op, row, editor, reason=f"the record never fits: there are {ring} bytes in all")
        editor.replaced[op.result] = 0
        return
    if op in helpers.records.twice:
        text = "a record may be reserved here while the last one from here is still held: both would have the same bytes"
        helpers.absent("ringbuf_reserve", text, op, editor)
        return
    needed = (size + 7) // 8 * 8
    used = helpers.frame_used
    if used is None:
        helpers.absent("ringbuf_reserve", "it cannot be told how much of the stack is in use", op, editor)
        return
    room = FRAME_BYTES - used
    matters = op in helpers.records.matter
    if needed <= room:
        _note(helpers, op, row, editor, matters=matters, where="the record is built on the stack and copied when it is submitted")
        editor.replaced[op.result] = _on_stack(helpers, op, needed, editor)
    elif room >= HEADER_BYTES and needed <= MAX_SCRATCH_BYTES:
        scratch = helpers.scratch_map(needed)
        where = f"the record is built in a map of each CPU's own ({helpers.maps[scratch].name}) and copied when it is submitted"
        _note(helpers, op, row, editor, matters=matters, where=where)
        editor.replaced[op.result] = _in_map(helpers, op, (scratch, needed), editor)
    else:
        text = f"a record of {size} bytes does not fit on the stack beside the {used} bytes in use"
        helpers.absent("ringbuf_reserve", text, op, editor)


def _refuse_flags(helpers: Helpers, op: Call, row: Row, editor: Editor) -> None:
    if type(op.args[2]) is int:
        helpers.note(op, row, editor, reason="flags that are not 0 give no record, as on Linux")
        editor.replaced[op.result] = 0
    else:
        helpers.absent("ringbuf_reserve", "flags that are not constant", op, editor)


def _note(helpers: Helpers, op: Call, row: Row, editor: Editor, *, matters: bool, where: str) -> None:
    """With what a full buffer makes of the program."""
    if matters:
        helpers.note(op, row, editor, kind="differs", reason=f"{where}; {FULL}", depends=True)
    else:
        helpers.note(op, row, editor, reason=f"{where}; a full buffer shows then, and the record is lost")


def _frame(helpers: Helpers, op: Call, size: int, editor: Editor) -> Value:
    """More bytes of the frame."""
    fn = editor.fn
    fn.stack_bytes = helpers.frame_used = (helpers.frame_used or 0) + size
    address = FrameAddr(fn.new_value(), -fn.stack_bytes, op.insn)
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
    key = _frame(helpers, op, HEADER_BYTES, editor)
    editor.store(4, key, 0, 0)
    found = editor.call(helpers.windows_id("map_lookup_elem"), [_map(op, number, editor), key])
    after, there = editor.block(1), editor.block()
    editor.branch("eq", 64, found, 0, then=Edge(after, [0]), otherwise=Edge(there, []))
    editor.enter(there)
    if needed <= MAX_STORED:
        for at in range(0, needed, 8):
            editor.store(8, found, at, 0)
    else:
        editor.call(helpers.windows_id("memset"), [found, needed, 0])
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
    editor.replaced[op.result] = editor.call(helpers.windows_id(row.to or ""), [_map(op, number, editor), op.args[0], size, 0])


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
    helpers.absent(helpers.linux.helper(op.helper).name, "it cannot be told where the record was reserved", op, editor)
    return None
