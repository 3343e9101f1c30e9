"""Calls that need more than another number: each recipe rewrites one, or notes why it cannot.

v5 = call helper 6(v1, 14, v2, v3, v4)     trace_printk      becomes      v5 = call helper 13(v1, 14, v2)
v6 = call helper 88(v7, v1)                map_pop_elem                   zeroes at v1, and call helper 17(v7, v1)
v8 = call helper 188(v0)                   xdp_get_buff_len               data_end - data
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bpfcc.bpfir.frame import frame_offset
from bpfcc.bpfir.ops import Assume, CallFunction, Edge, FuncAddr, Jump, Undef, Value
from bpfcc.bpfir.renamed import renamed
from bpfcc.compat.rewrite.checksums import csum_diff
from bpfcc.compat.rewrite.linux_errors import E2BIG, EFAULT, EINVAL, failed
from bpfcc.compat.rewrite.records import ringbuf_discard, ringbuf_reserve, ringbuf_submit
from bpfcc.compat.rewrite.updates import ARRAYS, map_update

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bpfcc.bpfir.ops import Call, Operand
    from bpfcc.compat.rewrite.editor import Editor
    from bpfcc.compat.rewrite.helpers import Helpers, Recipe
    from bpfcc.compat.rewrite.table import Row

QUEUES: Final = frozenset({"queue", "stack"})
# What Windows prints, and how long a format may be.
PRINTED: Final = re.compile(rb"%(?:%|l{0,2}[diux])")
MAX_FORMAT_BYTES: Final = 511
MAX_PRINTED: Final = 3
MAX_COPIED: Final = 64
MAX_PACKET_OFFSET: Final = 0xFFFF
MAX_ROUNDS: Final = 1 << 23
NOTHING: Final = "nothing is printed"


# ---- maps, time, checksums


def map_delete(helpers: Helpers, op: Call, row: Row, editor: Editor) -> None:
    """Elements of arrays cannot be deleted on Linux; Windows zeroes them."""
    kinds = helpers.map_types(op.args[0])
    if kinds and kinds <= ARRAYS:
        helpers.note(
            op, row, editor, kind="emulated", reason="elements of arrays are not deleted: EINVAL, as Linux has it; Windows would zero them"
        )
        editor.replaced[op.result] = failed(EINVAL)
    elif kinds & ARRAYS:
        text = "it is not known here which map is meant: of an array the element is zeroed, where Linux gives EINVAL"
        helpers.plain(op, row, editor, kind="differs", reason=text, depends=True)
    else:
        helpers.plain(op, row, editor)


def divide(helpers: Helpers, op: Call, row: Row, editor: Editor) -> None:
    """A clock in other units."""
    helpers.note(op, row, editor)
    value = helpers.call(row.to or "", [], editor)
    editor.replaced[op.result] = editor.alu("div", value, int(row.data["by"]))


def map_pop(helpers: Helpers, op: Call, row: Row, editor: Editor) -> None:
    """Of an empty map Linux gives zeroes; Windows leaves what was there."""
    address = op.args[1]
    sizes = {spec.value_size for spec in helpers.maps_of(op.args[0]) if spec.type in QUEUES}
    size = max(sizes, default=0)
    if len(sizes) != 1 or size > MAX_COPIED:
        text = "where the map is empty, the value stays as it was; Linux fills it with zeroes"
        helpers.plain(op, row, editor, kind="differs", reason=text, depends=True)
        return
    start = frame_offset(address)
    step = 8 if start is not None and start % 8 == 0 else 1
    for at in range(0, size - size % step, step):
        editor.store(8 if step == 8 else 1, address, at, 0)
    for at in range(size - size % step, size):
        editor.store(1, address, at, 0)
    helpers.plain(op, row, editor)


def tail_call(helpers: Helpers, op: Call, row: Row, editor: Editor) -> None:
    """From the program itself: a function that makes one would go on, and its caller too."""
    if editor.fn is not helpers.module.entry:
        helpers.absent(
            "tail_call",
            "in a function: there the other program starts when the whole program has returned; make it in the program itself",
            op,
            editor,
        )
        return
    helpers.plain(op, row, editor)


# ---- printed lines


def printk(helpers: Helpers, op: Call, row: Row, editor: Editor) -> None:
    """One helper for each number of arguments."""
    text = format_text(helpers, op, editor)
    taken = printed_arguments(text) if text is not None else given_arguments(op)
    args = helpers.arguments(op, helpers.linux.helper(op.helper), editor)
    note_format(helpers, op, row, editor, text, MAX_PRINTED)
    _print(helpers, op, [*args[:2], *op.args[2 : 2 + min(taken, MAX_PRINTED)]], editor)


def vprintk(helpers: Helpers, op: Call, row: Row, editor: Editor) -> None:
    """Its arguments lie in memory, eight bytes each."""
    size = op.args[3]
    if type(size) is not int or size % 8 or size > 8 * MAX_PRINTED:
        used = helpers.uses.looked_at(op.result) != "never"
        helpers.note(op, row, editor, kind="differs", reason=f"{NOTHING}: at most {MAX_PRINTED} numbers at once", depends=used)
        editor.replaced[op.result] = failed(EINVAL)
        return
    args = helpers.arguments(op, helpers.linux.helper(op.helper), editor)
    text = format_text(helpers, op, editor)
    note_format(helpers, op, row, editor, text, size // 8)
    taken = min(printed_arguments(text), size // 8) if text is not None else size // 8
    values = [editor.load(8, op.args[2], 8 * number) for number in range(taken)]
    _print(helpers, op, [*args[:2], *values], editor)


def _print(helpers: Helpers, op: Call, args: list[Operand], editor: Editor) -> None:
    op.helper, op.args = helpers.windows_id(f"trace_printk{len(args)}"), args
    helpers.put(op, editor)


def format_text(helpers: Helpers, op: Call, editor: Editor) -> bytes | None:
    """The format up to its end, None where it is not known."""
    address, size = op.args[:2]
    if type(address) is not Value or type(size) is not int or not 0 < size <= MAX_FORMAT_BYTES + 1:
        return None
    found = helpers.texts.at(address, size)
    return found.split(b"\0", 1)[0] if found is not None else None


def printed_arguments(text: bytes) -> int:
    """How many numbers the format takes."""
    return len(re.findall(rb"%", text.replace(b"%%", b"")))


def given_arguments(op: Call) -> int:
    """How many registers hold something."""
    count = 0
    for arg in op.args[2:]:
        if type(arg) is Value and isinstance(arg.definition, Undef):
            break
        count += 1
    return count


def note_format(helpers: Helpers, op: Call, row: Row, editor: Editor, text: bytes | None, most: int) -> None:
    """Numbers alone are printed, as many as there are in the format."""
    used = helpers.uses.looked_at(op.result) != "never"
    if text is None:
        reason = f"the format is not known here: with another number of arguments, or other ones than %d %i %u %x, {NOTHING}"
        helpers.note(op, row, editor, kind="differs", reason=reason, depends=used)
        return
    shown = text.decode("ascii", "replace").rstrip("\n")
    if b"%" in PRINTED.sub(b"", text):
        helpers.note(op, row, editor, kind="differs", reason=f"{NOTHING}: of {shown!r} Windows takes %d %i %u %x alone", depends=used)
    elif printed_arguments(text) > most:
        helpers.note(op, row, editor, kind="differs", reason=f"{NOTHING}: {shown!r} has too many arguments", depends=used)
    elif used:
        reason = "what it returns: 0 where nobody listens, and -1 where something is wrong; Linux counts what was printed"
        helpers.note(op, row, editor, kind="differs", reason=reason, depends=True)
    else:
        helpers.note(op, row, editor)


# ---- loops


def loop(helpers: Helpers, op: Call, row: Row, editor: Editor) -> None:
    """A loop that calls the function until it answers something else than 0."""
    rounds, target, context, flags = op.args[:4]
    found = renamed(target)
    definition = found.definition if type(found) is Value else None
    if not isinstance(definition, FuncAddr) or flags != 0:
        what = "it cannot be told which function is called: name it here" if flags == 0 else "flags that are not 0: Linux refuses them"
        helpers.absent("loop", what, op, editor)
        return
    params = len(helpers.module.function(definition.function).params)
    if params > 2:
        helpers.absent("loop", "the function takes more than a number and an address: put the rest behind the address", op, editor)
        return
    helpers.note(op, row, editor)
    count = helpers.low_half(rounds, editor)
    after, head, body = editor.block(1), editor.block(1), editor.block()
    begin = editor.block()
    editor.branch("ugt", 64, count, MAX_ROUNDS, then=Edge(after, [failed(E2BIG)]), otherwise=Edge(begin, []))
    editor.enter(begin)
    editor.end(Jump(Edge(head, [0]), op.insn))
    editor.enter(head)
    head.steps = 1
    number = head.params[0]
    editor.branch("ult", 64, number, count, then=Edge(body, []), otherwise=Edge(after, [number]))
    editor.enter(body)
    called = CallFunction(editor.fn.new_value(), definition.function, [number, context][:params], op.insn)
    called.result.definition = called
    editor.put(called)
    following = editor.alu("add", number, 1)
    editor.branch("eq", 64, called.result, 0, then=Edge(head, [following]), otherwise=Edge(after, [following]))
    editor.enter(after)
    editor.replaced[op.result] = after.params[0]


# ---- packets


def packet_bounds(helpers: Helpers, context: Operand, editor: Editor) -> tuple[Value, Value]:
    """The packet's start and end."""
    spec = helpers.windows.context_of(helpers.type)
    start = spec.of_kind("packet_start") if spec is not None else None
    end = spec.of_kind("packet_end") if spec is not None else None
    return editor.load(8, context, start.offset if start else 0), editor.load(8, context, end.offset if end else 0)


def xdp_get_buff_len(helpers: Helpers, op: Call, row: Row, editor: Editor) -> None:
    """The length of the first buffer."""
    helpers.note(op, row, editor)
    data, end = packet_bounds(helpers, op.args[0], editor)
    editor.replaced[op.result] = editor.alu("sub", end, data)


def xdp_load_bytes(helpers: Helpers, op: Call, row: Row, editor: Editor) -> None:
    """Copy from the packet."""
    _copy(helpers, op, row, editor, into_packet=False)


def xdp_store_bytes(helpers: Helpers, op: Call, row: Row, editor: Editor) -> None:
    """Copy into the packet."""
    _copy(helpers, op, row, editor, into_packet=True)


def _copy(helpers: Helpers, op: Call, row: Row, editor: Editor, *, into_packet: bool) -> None:
    context, offset, memory, size = op.args[:4]
    if type(size) is not int or not 0 < size <= MAX_COPIED:
        name = helpers.linux.helper(op.helper).name
        helpers.absent(name, f"more than {MAX_COPIED} bytes, or a number that is not constant: copy between data and data_end", op, editor)
        return
    helpers.note(op, row, editor)
    data, end = packet_bounds(helpers, context, editor)
    after, near, inside = editor.block(1), editor.block(), editor.block()
    beyond = Edge(after, [failed(EFAULT)])
    low = helpers.low_half(offset, editor)
    editor.branch("ugt", 64, low, MAX_PACKET_OFFSET, then=beyond, otherwise=Edge(near, []))
    editor.enter(near)
    at = editor.alu("add", data, _assumed(low, editor))
    editor.branch("ugt", 64, editor.alu("add", at, size), end, then=Edge(after, [failed(EINVAL)]), otherwise=Edge(inside, []))
    editor.enter(inside)
    source, target = (memory, at) if into_packet else (at, memory)
    for number in range(size):
        editor.store(1, target, number, editor.load(1, source, number))
    editor.end(Jump(Edge(after, [0]), op.insn))
    editor.enter(after)
    editor.replaced[op.result] = after.params[0]


def _assumed(offset: Operand, editor: Editor) -> Operand:
    """The offset, where it is known to be small."""
    if type(offset) is int:
        return offset
    op = Assume(editor.fn.new_value(), offset, False, "ule", 64, offset, MAX_PACKET_OFFSET, editor.insn)
    op.result.definition = op
    editor.put(op)
    return op.result


RECIPES: Final[Mapping[str, Recipe]] = {
    "map_update": map_update, "map_delete": map_delete, "map_pop": map_pop, "divide": divide, "csum_diff": csum_diff, "printk": printk,
    "vprintk": vprintk, "tail_call": tail_call, "ringbuf_reserve": ringbuf_reserve, "ringbuf_submit": ringbuf_submit,
    "ringbuf_discard": ringbuf_discard, "loop": loop, "xdp_get_buff_len": xdp_get_buff_len, "xdp_load_bytes": xdp_load_bytes,
    "xdp_store_bytes": xdp_store_bytes,
}  # fmt: skip
