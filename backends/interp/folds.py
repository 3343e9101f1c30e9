"""Loops that fold memory into one register become one instruction.

    b1(v5, v6): v7 = load.1 v0 + v6; v8 = add.64 v5, v7; v9 = add.64 v6, 1; if ne.64 v9, 1024 then b1(v8, v9) else b2

becomes `loop_ld1_add64_ne64`, which changes the registers of v5 and v6 in place. Checksums and hashes over packets look like this.
The instruction does turn by turn what the single ones would: it stops in the middle for a trap, a refilled budget or a cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from bpfcc.backends.interp.formats import FOLD_CONDITIONS, FOLDS, LOADS_THEN
from bpfcc.backends.interp.machine import Insn
from bpfcc.bpfir.ops import Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpfcc.backends.interp.flow import Node
    from bpfcc.backends.interp.machine import Code
    from bpfcc.bpfir.ops import Operand

MAX_INSNS: Final = 4
OPERATIONS: Final = frozenset(("add64", "add32", "xor64", "mul64", "mul64i"))


class _Found(NamedTuple):
    """A loop as the instruction wants it."""

    name: str
    sum: Value
    sum_next: Value
    counter: Value
    counter_next: Value
    base: Value
    offset: int
    cache: int
    factor: Operand | None
    step: int
    limit: Operand
    exit: int


def fold_loops(codes: list[Code], constant: Callable[[int], Value]) -> None:
    """Replace such loops; `constant` gives a value that holds a number throughout the function."""
    uses = _uses(codes)
    renamed: dict[Value, Value] = {}
    for code in codes:
        if code.test is None or code.node not in code.node.targets or len(code.insns) > MAX_INSNS:
            continue
        found = _match(code, uses)
        if found is not None:
            renamed[found.sum_next] = found.sum
            renamed[found.counter_next] = found.counter
            _replace(code, found, constant)
    if renamed:
        _rename(codes, renamed)


def _uses(codes: list[Code]) -> dict[Value, int]:
    uses: dict[Value, int] = {}
    for code in codes:
        tests = [code.test] if code.test is not None else []
        for insn in [*code.insns, *tests]:
            for value in insn.srcs:
                uses[value] = uses.get(value, 0) + 1
        for operand in [code.leaves, *(arg for args in code.node.args for arg in args)]:
            if type(operand) is Value:
                uses[operand] = uses.get(operand, 0) + 1
    return uses


def _match(code: Code, uses: dict[Value, int]) -> _Found | None:
    node, insns = code.node, code.insns
    load = next((insn for insn in insns if insn.name.removesuffix("_x") in LOADS_THEN and insn.name.endswith("_x")), None)
    if load is None or load.dst is None or len(node.params) != 2 or len(node.targets) != 2:
        return None
    back = node.targets.index(node)
    if node.targets[1 - back] is node:
        return None
    following = dict(zip(node.params, node.args[back], strict=True))
    counter = _counter(code, following, back)
    if counter is None:
        return None
    index, step, condition, limit = counter
    total = node.params[0] if node.params[1] is index else node.params[1]
    chain = _chain(code, total, load.dst, following[total])
    index_next = following[index]
    if chain is None or type(index_next) is not Value or index not in load.srcs or load.srcs.count(index) > 1:
        return None
    how, factor, total_next = chain
    base = load.srcs[1] if load.srcs[0] is index else load.srcs[0]
    inside = {insn.dst for insn in insns}
    if base in inside or base is total or limit in inside or limit in node.params or factor in inside or factor in node.params:
        return None
    # Only the loop itself may see the old values; the load's, only the fold.
    if uses[total] != 1 or uses[index] != 2 or uses[load.dst] != 1:
        return None
    numbers = [imm for imm in load.imms if type(imm) is int]
    name = f"loop_{load.name.removesuffix('_x')}_{how}_{condition}"
    return _Found(name, total, total_next, index, index_next, base, numbers[0], numbers[1], factor, step, limit, 1 - back)


def _counter(code: Code, following: dict[Value, Operand], back: int) -> tuple[Value, int, str, Operand] | None:
    """The parameter that counts, its step, the condition to go on, and the limit."""
    test = code.test
    if test is None:
        return None
    for insn in code.insns:
        if insn.name != "add64i" or insn.dst is not test.srcs[0]:
            continue
        index = insn.srcs[0]
        condition = test.name.removesuffix("i")
        if back == 1:
            condition = {"eq64": "ne64", "uge64": "ult64"}.get(condition, "")
        step, number = insn.imms[0], test.imms[0] if test.imms else None
        limit: Operand | None = test.srcs[1] if len(test.srcs) > 1 else number if type(number) is int else None
        if condition in FOLD_CONDITIONS and following.get(index) is insn.dst and type(step) is int and limit is not None:
            return index, step, condition, limit
    return None


def _chain(code: Code, total: Value, loaded: Value, total_next: Operand) -> tuple[str, Operand | None, Value] | None:
    """How `total` becomes `total_next`: the name of the fold, its factor, and the value."""
    steps = [insn for insn in code.insns if insn.name in OPERATIONS]
    if type(total_next) is not Value or len(steps) != len(code.insns) - 2 or not steps or steps[-1].dst is not total_next:
        return None
    value, names, met = total, [], False
    factor: Operand | None = None
    for insn in steps:
        if value not in insn.srcs or insn.dst is None:
            return None
        other = insn.srcs[1] if len(insn.srcs) > 1 and insn.srcs[0] is value else insn.srcs[0]
        if other is loaded:
            met = True
        elif insn.name == "mul64i" and type(insn.imms[0]) is int:
            factor = insn.imms[0] & (1 << 64) - 1
        elif insn.name == "mul64" and other is not value:
            factor = other
        else:
            return None
        names.append(insn.name.removesuffix("i"))
        value = insn.dst
    how = "_".join(names)
    return (how, factor, total_next) if met and how in FOLDS else None


def _replace(code: Code, found: _Found, constant: Callable[[int], Value]) -> None:
    node: Node = code.node
    # The test compares with a sign-extended immediate.
    limit = found.limit if type(found.limit) is Value else constant(found.limit & (1 << 64) - 1)
    factor = found.factor
    if type(factor) is int:
        factor = constant(factor)
    sources = [found.sum, found.base, found.counter, limit, *([factor] if type(factor) is Value else [])]
    load = next(insn for insn in code.insns if insn.name.endswith("_x"))
    insn = Insn(found.name, None, sources, (), load.origin)
    way_out = node.targets[found.exit]
    extra, turn = node.extra[found.exit], node.charge + node.extra[1 - found.exit]
    cost = way_out.charge + extra if way_out.index > node.index else 0
    insn.fields = (
        found.sum, found.base, found.counter, limit, found.cache, factor, found.offset, found.step, max(turn, 1), cost,
    )  # fmt: skip
    code.insns = [insn]
    code.test = None
    node.targets = [way_out]
    node.args = [node.args[found.exit]]
    node.extra = [extra]


def _rename(codes: list[Code], renamed: dict[Value, Value]) -> None:
    """The last values of a folded loop are what its registers hold behind it."""
    for code in codes:
        tests = [code.test] if code.test is not None else []
        for insn in [*code.insns, *tests]:
            if insn.fields is None:
                insn.srcs = [renamed.get(value, value) for value in insn.srcs]
        if type(code.leaves) is Value:
            code.leaves = renamed.get(code.leaves, code.leaves)
        code.node.args = [[renamed.get(arg, arg) if type(arg) is Value else arg for arg in args] for args in code.node.args]
