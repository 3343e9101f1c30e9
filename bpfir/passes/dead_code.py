"""Drop pure operations and block parameters that nothing uses.

    v3 = add.64 v1, 4        (v3 unused)        gone
    b2(v5): …                (v5 unused)        b2: …, and the argument of each edge to it

Loads stay, even unused: whether they are allowed is the verifier's business, and a checked run traps at them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpfcc.bpfir.ops import Edge, Effect, Op, Value, edges, operands

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Block, Function
    from bpfcc.bpfir.passes.context import Context


def drop_dead_ops(fn: Function, _context: Context) -> bool:
    """Mark from what has an effect, then sweep."""
    live = _mark(fn)
    changed = False
    for block in fn.blocks:
        kept = [op for op in block.ops if op.EFFECT is not Effect.NONE or op.result in live]  # type: ignore[attr-defined]
        if len(kept) != len(block.ops):
            block.ops = kept
            changed = True
    dead: dict[Block, list[int]] = {}
    for block in fn.blocks:
        gone = [at for at, param in enumerate(block.params) if param not in live]
        if gone:
            dead[block] = gone
            block.params = [param for param in block.params if param in live]
    if dead:
        for block in fn.blocks:
            for edge in edges(block.terminator):
                if edge.block in dead:
                    gone = dead[edge.block]
                    edge.args = [arg for at, arg in enumerate(edge.args) if at not in gone]
    return changed or bool(dead)


def _mark(fn: Function) -> set[Value]:
    live: set[Value] = set()
    work: list[Value] = []
    incoming: dict[Value, list[tuple[Edge, int]]] = {}
    for block in fn.blocks:
        for op in block.all_ops():
            if op.EFFECT is not Effect.NONE:
                work += [v for v in operands(op) if type(v) is Value]
        for edge in edges(block.terminator):
            for at, param in enumerate(edge.block.params):
                incoming.setdefault(param, []).append((edge, at))
    while work:
        value = work.pop()
        if value in live:
            continue
        live.add(value)
        definition = value.definition
        if isinstance(definition, Op):
            work += [v for v in operands(definition) if type(v) is Value]
        elif value in incoming:
            work += [arg for edge, at in incoming[value] if type(arg := edge.args[at]) is Value]
    return live
