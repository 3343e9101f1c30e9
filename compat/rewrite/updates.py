"""bpf_map_update_elem with BPF_NOEXIST: where Windows does not ask whether an entry is there, the program does.

    v5 = call helper 2(v1, v2, v3, 1)      percpu_hash      becomes      v4 = call helper 1(v1, v2)
                                                                        if ne.64 v4, 0 then b2(-EEXIST) else b1
                                                                        b1: v5 = call helper 2(v1, v2, v3, 1)

Windows writes a CPU's value where the entry has one, whatever the flags say, and of an array takes no BPF_NOEXIST at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bpfcc.bpfir.ops import Edge, Jump
from bpfcc.compat.rewrite.linux_errors import E2BIG, EEXIST, failed

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Block
    from bpfcc.bpfir.ops import Call
    from bpfcc.compat.rewrite.editor import Editor
    from bpfcc.compat.rewrite.helpers import Helpers
    from bpfcc.compat.rewrite.table import Row

NOEXIST: Final = 1
EXIST: Final = 2
ARRAYS: Final = frozenset({"array", "percpu_array"})
ASKED: Final = ARRAYS | {"percpu_hash", "lru_percpu_hash"}
UNKNOWN: Final = (
    "it is not known here which map is meant: of each CPU's own values BPF_NOEXIST replaces one that is there, "
    "and of an array the errors are others"
)
BEFORE: Final = (
    "whether there is an entry is asked before: with BPF_NOEXIST Windows replaces each CPU's own value, and tells nothing of arrays"
)


def map_update(helpers: Helpers, op: Call, row: Row, editor: Editor) -> None:
    """As Linux does it, for maps that are known."""
    kinds, flags = helpers.map_types(op.args[0]), op.args[3]
    if kinds <= ASKED and (kinds <= ARRAYS or kinds.isdisjoint(ARRAYS)):
        if type(flags) is int and flags != NOEXIST:
            helpers.plain(op, row, editor)
        else:
            _asked(helpers, op, row, editor)
    elif kinds & ASKED:
        helpers.plain(op, row, editor, kind="differs", reason=UNKNOWN, depends=True)
    else:
        helpers.plain(op, row, editor)


def _asked(helpers: Helpers, op: Call, row: Row, editor: Editor) -> None:
    flags, old = op.args[3], op.result
    after, ask, call = editor.block(1), editor.block(), editor.block()
    editor.branch("eq", 64, flags, NOEXIST, then=Edge(ask, []), otherwise=Edge(call, []))
    editor.enter(ask)
    _ask(helpers, op, (call, after), editor)
    editor.enter(call)
    helpers.plain(op, row, editor, kind="emulated", reason=BEFORE)
    editor.end(Jump(Edge(after, [editor.replaced[old]]), op.insn))
    editor.enter(after)
    editor.replaced[old] = after.params[0]


def _ask(helpers: Helpers, op: Call, blocks: tuple[Block, Block], editor: Editor) -> None:
    call, after = blocks
    array = helpers.map_types(op.args[0]) <= ARRAYS
    missing = Edge(after, [failed(E2BIG)]) if array else Edge(call, [])
    found = helpers.call("map_lookup_elem", list(op.args[:2]), editor)
    editor.branch("eq", 64, found, 0, then=missing, otherwise=Edge(after, [failed(EEXIST)]))
