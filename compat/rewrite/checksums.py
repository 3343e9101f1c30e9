"""bpf_csum_diff: the sum that Linux makes, written out where the sizes are known, else what the helper of Windows makes of it.

    v5 = call helper 28(v1, 4, v2, 4, v3)      becomes      v6 = load.4 v2, 0; v7 = add.64 v3, v6; …; v9 = rsh.32 v8, 16

Linux adds words of 32 bits in ones' complement and folds the sum to 16 bits (since 6.13), so 0 is told from -0 (0xffff) by the words.
Windows adds words of 16 bits, has an error for sums of more than 31, and takes multiples of 4 bytes alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from bpfcc.bpfir.frame import frame_offset
from bpfcc.bpfir.ops import Edge, Jump
from bpfcc.compat.rewrite.linux_errors import EINVAL, failed

if TYPE_CHECKING:
    from bpfcc.bpfir.ops import Call, Operand, Value
    from bpfcc.compat.rewrite.editor import Editor
    from bpfcc.compat.rewrite.helpers import Helpers
    from bpfcc.compat.rewrite.table import Row

MASK32: Final = (1 << 32) - 1
# Bytes that are added up in the program itself.
MAX_WRITTEN_OUT: Final = 128
# More of them may be an error there.
MAX_SUMMED: Final = 1 << 15
WRITTEN_OUT: Final = "added up in the program as Linux does since 6.13, folded to 16 bits"
SIGNED_ZERO: Final = "a sum that is 0 may be 0xffff, which is 0 as well in ones' complement"
SIZES: Final = "sizes that are no multiples of 4, or sums of more than 31 bits, give EINVAL, where Linux sums them up"


def csum_diff(helpers: Helpers, op: Call, row: Row, editor: Editor) -> None:
    """Written out, or by the helper."""
    args = helpers.arguments(op, helpers.linux.helper(op.helper), editor)
    before, after = args[1], args[3]
    if type(before) is int and type(after) is int and before + after <= MAX_WRITTEN_OUT:
        helpers.note(op, row, editor, reason=WRITTEN_OUT)
        editor.replaced[op.result] = _written_out(args, (before, after), helpers.low_half(op.args[4], editor), editor)
        return
    plain = all(type(size) is int and size % 4 == 0 and size <= MAX_SUMMED for size in (before, after))
    if plain and before == 0:
        helpers.note(op, row, editor)
    else:
        text = f"{row.reason}; {SIGNED_ZERO}" if plain else f"{row.reason}; {SIGNED_ZERO}; {SIZES}"
        helpers.note(op, row, editor, kind="differs", reason=text, depends=True)
    _called(helpers, op, row, args, editor)


def _written_out(args: list[Operand], sizes: tuple[int, int], seed: Operand, editor: Editor) -> Value:
    before, after = sizes
    if before and after:
        # csum_sub: what is taken off is added as its complement.
        taken = editor.alu("xor", _fold(_sum(args[0], before, 0, editor), editor), MASK32)
        total = _fold(editor.alu("add", _fold(_sum(args[2], after, seed, editor), editor), taken), editor)
    elif before:
        total = editor.alu("xor", _fold(_sum(args[0], before, editor.alu("xor", seed, MASK32), editor), editor), MASK32)
    else:
        total = _fold(_sum(args[2], after, seed, editor), editor)
    return _to_half(total, editor)


def _sum(address: Operand, size: int, start: Operand, editor: Editor) -> Operand:
    """Words of 32 bits; at the end what is left, as if zeroes followed."""
    total = start
    for at in range(0, size, 4):
        total = editor.alu("add", total, _word(address, at, min(4, size - at), editor))
    return total


def _word(address: Operand, at: int, size: int, editor: Editor) -> Operand:
    """Up to four bytes, in loads that suit where they lie on the stack."""
    start = frame_offset(address)
    found: Operand = 0
    done = 0
    while done < size:
        here = 0 if start is None else start + at + done
        step: Literal[1, 2, 4] = 4 if size - done == 4 and here % 4 == 0 else 2 if size - done >= 2 and here % 2 == 0 else 1
        part = editor.load(step, address, at + done)
        found = part if not done else editor.alu("or", found, editor.alu("lsh", part, 8 * done))
        done += step
    return found


def _fold(value: Operand, editor: Editor) -> Value:
    """To 32 bits, what is carried added again: twice, as adding may carry once more."""
    once = editor.alu("add", editor.alu("and", value, MASK32), editor.alu("rsh", value, 32))
    return editor.alu("add", editor.alu("and", once, MASK32), editor.alu("rsh", once, 32))


def _to_half(value: Operand, editor: Editor) -> Value:
    """csum_from32to16."""
    turned = editor.alu("or", editor.alu("rsh", value, 16, 32), editor.alu("lsh", value, 16, 32), 32)
    return editor.alu("rsh", editor.alu("add", value, turned, 32), 16, 32)


def _called(helpers: Helpers, op: Call, row: Row, args: list[Operand], editor: Editor) -> None:
    # A seed of 32 bits would be a negative number there.
    seed = helpers.low_half(args[4], editor)
    args[4] = editor.alu("add", editor.alu("and", seed, 0xFFFF), editor.alu("rsh", seed, 16))
    value = helpers.call(row.to or "", args, editor)
    after, fold = editor.block(1), editor.block()
    editor.branch("slt", 64, value, 0, then=Edge(after, [failed(EINVAL)]), otherwise=Edge(fold, []))
    editor.enter(fold)
    editor.end(Jump(Edge(after, [_to_half(value, editor)]), op.insn))
    editor.enter(after)
    editor.replaced[op.result] = after.params[0]
