"""Merge blocks that only follow each other, skip empty ones, and drop parameters that are always one value and branches
whose two ways are one.

    b0: …; jump b1            b0: …; exit v1          (b1 has no other entry)
    b1: exit v1

    b2(v5): every edge passes v1 (or v5 itself)       v5 becomes v1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpfcc.bpfir.ops import Branch, Edge, Jump, Op, Operand, Value, edges
from bpfcc.bpfir.passes.unreachable import drop_unreachable

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Block, Function
    from bpfcc.bpfir.passes.context import Context


def merge_blocks(fn: Function, _context: Context) -> bool:
    """All three, then number the blocks in order."""
    changed = drop_unreachable(fn)
    changed |= drop_trivial_params(fn)
    changed |= _skip_empty(fn)
    changed |= _drop_idle_branches(fn)
    changed |= _join_chains(fn)
    for number, block in enumerate(fn.blocks):
        block.id = number
    return changed


def drop_trivial_params(fn: Function) -> bool:
    """Parameters that every edge gives one value (or the parameter itself) become that value."""
    predecessors = fn.predecessors()
    replacement: dict[Value, Operand] = {}
    # A parameter fewer may make those trivial that it was passed to.
    passed_to: dict[Value, set[Value]] = {}
    owner = {param: block for block in fn.blocks for param in block.params}
    work = list(owner)
    for block in fn.blocks:
        for edge in predecessors[block]:
            for param, arg in zip(block.params, edge.args, strict=True):
                if type(arg) is Value:
                    passed_to.setdefault(arg, set()).add(param)

    def root(operand: Operand) -> Operand:
        found = operand
        while type(found) is Value and found in replacement:
            found = replacement[found]
        while type(operand) is Value and operand in replacement:
            # The next one who asks takes one step.
            replacement[operand], operand = found, replacement[operand]
        return found

    changed = False
    while work:
        param = work.pop()
        block = owner[param]
        if param in replacement:
            continue
        at = block.params.index(param)
        only = _only_argument(param, [root(edge.args[at]) for edge in predecessors[block]])
        if only is None:
            continue
        changed = True
        replacement[param] = only
        del block.params[at]
        for edge in predecessors[block]:
            del edge.args[at]
        users = passed_to.pop(param, set())
        work += sorted(users, key=lambda value: value.id)
        if type(only) is Value:
            passed_to.setdefault(only, set()).update(users)
    fn.replace(replacement)
    return changed


def _only_argument(param: Value, args: list[Operand]) -> Operand | None:
    only: Operand | None = None
    for arg in args:
        if arg is param:
            continue
        if only is None:
            only = arg
        elif not (arg is only or (type(arg) is int and type(only) is int and arg == only)):
            return None
    return only


def _skip_empty(fn: Function) -> bool:
    """Edges to a block that holds nothing but a jump go where the jump goes."""
    changed = False
    for block in fn.blocks:
        for edge in edges(block.terminator):
            end = _end_of_chain(edge.block)
            if end is not None:
                edge.block, edge.args, edge.steps = end.block, list(end.args), edge.steps + end.steps
                changed = True
    if changed:
        drop_unreachable(fn)
    return changed


def _end_of_chain(block: Block) -> Edge | None:
    """Where the chain of empty blocks that begins with `block` leads, with its steps; None where it is not empty, or in an empty loop."""
    chain: list[Jump] = []
    steps: list[int] = []
    seen: set[Block] = set()
    while not block.ops and not block.params and isinstance(block.terminator, Jump):
        if block in seen:
            return None
        seen.add(block)
        chain.append(block.terminator)
        steps.append(block.steps)
        block = block.terminator.target.block
    if not chain:
        return None
    end = chain[-1].target
    total = end.steps
    for jump, following in zip(chain[-2::-1], steps[:0:-1], strict=True):
        # The next edge that comes here takes one step.
        total += following + jump.target.steps
        jump.target = Edge(end.block, list(end.args), total)
    return Edge(end.block, end.args, total + steps[0])


def _drop_idle_branches(fn: Function) -> bool:
    """A branch whose two edges are the same, and take as many steps, is a jump."""
    changed = False
    for block in fn.blocks:
        end = block.terminator
        if not isinstance(end, Branch) or end.then.block is not end.otherwise.block or end.then.steps != end.otherwise.steps:
            continue
        if all(a is b or (type(a) is int and a == b) for a, b in zip(end.then.args, end.otherwise.args, strict=True)):
            block.terminator = Jump(end.then, end.insn)
            changed = True
    return changed


def _join_chains(fn: Function) -> bool:
    """Append a block to its only predecessor where that only jumps to it."""
    count: dict[Block, int] = dict.fromkeys(fn.blocks, 0)
    for block in fn.blocks:
        for edge in edges(block.terminator):
            count[edge.block] += 1
    replacement: dict[Value, Operand] = {}
    gone: set[Block] = set()
    for block in fn.blocks:
        if block in gone:
            continue
        while isinstance(block.terminator, Jump):
            edge = block.terminator.target
            target = edge.block
            if count[target] != 1 or target is block or target is fn.entry:
                break
            replacement.update(zip(target.params, edge.args, strict=True))
            block.steps += edge.steps + target.steps
            appended: list[Op] = target.ops
            block.ops.extend(appended)
            block.terminator = target.terminator
            gone.add(target)
    if not gone:
        return False
    fn.blocks = [block for block in fn.blocks if block not in gone]
    fn.replace(replacement)
    return True
