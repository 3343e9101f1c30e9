"""The control-flow graph of linked bytecode, before it is SSA.

    0: if r1 == 0 goto +1        blocks 0, 1, 2     0 -> 1, 2
    1: r0 = 1                                       1 -> 2
    2: exit

Blocks are named by their first slot. Only what the entry reaches is there, in reverse postorder, so that every block comes after
its predecessors but for the sources of back edges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from bpfcc.bpfir.module import FunctionSpan
from bpfcc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from bpfcc.bpfir.insn import Insn

EXIT = 0x95
CALL = 0x85
CALLX = 0x8D
JA = 0x05
GOTOL = 0x06
LDDW = 0x18
PSEUDO_CALL = 1
PSEUDO_FUNC = 4


@final
@dataclass(slots=True, eq=False)
class RawBlock:
    """Slots `[start, end)`; `last` is the slot of its last instruction.

    `successors` are slots: of a conditional jump first the target, then the fall-through. `entries` counts the edges into it.
    """

    start: int
    end: int
    last: int
    successors: tuple[int, ...]
    entries: int = 0
    order: int = -1  # position in reverse postorder


@final
@dataclass(slots=True, eq=False)
class RawCfg:
    """Reachable blocks of one function in reverse postorder, and by first slot."""

    span: FunctionSpan
    blocks: list[RawBlock]
    by_start: dict[int, RawBlock]

    def predecessors(self) -> dict[int, list[RawBlock]]:
        """Predecessors of each block; one with two edges to it comes twice."""
        found: dict[int, list[RawBlock]] = {block.start: [] for block in self.blocks}
        for block in self.blocks:
            for successor in block.successors:
                found[successor].append(block)
        return found


def jump_target(insn: Insn, slot: int) -> int:
    """The slot that a jump goes to (RFC 9669 section 4.3: counted from the next instruction)."""
    return slot + 1 + (insn.imm if insn.opcode == GOTOL else insn.off)


def _ends(insns: Sequence[Insn | None], span: FunctionSpan, stops: Collection[int]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """(slot, successors) of each instruction that ends a block."""
    end = span.start + span.length
    for slot in range(span.start, end):
        insn = insns[slot]
        if insn is None:
            continue
        opcode = insn.opcode
        if slot in stops:
            yield slot, ()
        elif opcode & 7 not in (5, 6) or opcode in (CALL, CALLX):
            continue
        elif opcode == EXIT:
            yield slot, ()
        else:
            target = jump_target(insn, slot)
            if not span.start <= target < end:
                raise InputError(f"jump leaves function {span.name!r} (to {target})", insn=slot)
            if insns[target] is None:
                raise InputError(f"jump into the middle of a 16-byte instruction (to {target})", insn=slot)
            yield slot, ((target,) if opcode in (JA, GOTOL) else (target, slot + 1))


def build_cfg(insns: Sequence[Insn | None], span: FunctionSpan, stops: Collection[int] = ()) -> RawCfg:
    """Blocks of `span` that its first instruction reaches. `stops` are slots that end a block without a successor.

    InputError: a jump out of the function or into an `lddw`, or control that falls off its end.
    """
    end = span.start + span.length
    if span.length <= 0 or end > len(insns) or insns[span.start] is None:
        raise InputError(f"function {span.name!r} has no instructions", insn=span.start)
    ends = dict(_ends(insns, span, stops))
    leaders = {span.start}
    for slot, successors in ends.items():
        leaders.update(successors)
        leaders.add(slot + 1)
    ordered = sorted(leader for leader in leaders if leader < end)
    by_start: dict[int, RawBlock] = {}
    for start, following in zip(ordered, [*ordered[1:], end], strict=True):
        last = following - 1 if insns[following - 1] is not None else following - 2
        by_start[start] = RawBlock(start, following, last, ends.get(last, (following,)))
    return _reachable(span, by_start)


def _reachable(span: FunctionSpan, by_start: dict[int, RawBlock]) -> RawCfg:
    """Number what the entry reaches in reverse postorder; without recursion, for functions of any depth."""
    postorder: list[RawBlock] = []
    seen = {span.start}
    stack: list[tuple[RawBlock, int]] = [(by_start[span.start], 0)]
    while stack:
        block, at = stack.pop()
        if at < len(block.successors):
            stack.append((block, at + 1))
            # The fall-through is walked last, so that it comes first in the order, as in the source.
            successor = block.successors[at]
            target = by_start.get(successor)
            if target is None:
                raise InputError(f"control falls off the end of function {span.name!r}", insn=block.last)
            target.entries += 1
            if successor not in seen:
                seen.add(successor)
                stack.append((target, 0))
        else:
            postorder.append(block)
    postorder.reverse()
    for order, block in enumerate(postorder):
        block.order = order
    return RawCfg(span, postorder, {block.start: block for block in postorder})


def call_target(insn: Insn, slot: int) -> int | None:
    """The slot of the function that `call` src 1 or `lddw` src 4 refers to, else None."""
    if insn.opcode == CALL and insn.src == PSEUDO_CALL:
        return slot + 1 + insn.imm
    if insn.opcode == LDDW and insn.src == PSEUDO_FUNC:
        # The kernel counts from the first of the two slots (kernel/bpf/verifier.c, add_subprog_and_kfunc).
        return slot + 1 + insn.imm
    return None


def discover_functions(insns: Sequence[Insn | None], entry: str = "main") -> tuple[FunctionSpan, ...]:
    """Functions of bare bytecode: the entry at slot 0, and every slot that a call or a function address names.

    >>> discover_functions(decode(assemble("call sub\\nexit\\nsub: r0 = 0\\nexit")))
    (FunctionSpan(name='main', start=0, length=2, …), FunctionSpan(name='sub_2', start=2, length=2, …))
    """
    starts = {0}
    for slot, insn in enumerate(insns):
        target = call_target(insn, slot) if insn is not None else None
        if target is None:
            continue
        if not 0 <= target < len(insns) or insns[target] is None:
            raise InputError(f"call to slot {target}, which is no instruction", insn=slot)
        starts.add(target)
    ordered = sorted(starts)
    return tuple(
        FunctionSpan(entry if start == 0 else f"sub_{start}", start, following - start)
        for start, following in zip(ordered, [*ordered[1:], len(insns)], strict=True)
    )
