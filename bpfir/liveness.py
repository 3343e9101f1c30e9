"""Which registers are live where, in bytecode: what the lifter needs to make no parameter that nobody reads.

    r2 = r1         use {r1}, define {r2}
    call 5          use the helper's arguments, define r0 … r5

Sets of registers are bit masks: bit n is rn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bpfcc.bpfir.cfg import CALL, CALLX, EXIT, PSEUDO_CALL, call_target

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bpfcc.bpfir.cfg import RawCfg
    from bpfcc.bpfir.insn import Insn

ARGUMENTS: Final = 0b111110
CLOBBERED: Final = 0b111111
SKB_CONTEXT: Final = 1 << 6

# What each opcode does with its two register fields: (uses dst, uses src, defines dst), or None for the special ones.
_SIMPLE: Final[list[tuple[bool, bool, bool] | None]] = [None] * 256
ATOMIC: Final = frozenset({0xC3, 0xDB, 0xCB, 0xD3})
PACKET_LOADS: Final = frozenset({0x20, 0x28, 0x30, 0x40, 0x48, 0x50})


def _fill() -> None:
    for opcode in range(256):
        kind, operation, register = opcode & 7, opcode & 0xF0, bool(opcode & 8)
        if kind in (4, 7):
            if operation == 0xB0:
                _SIMPLE[opcode] = (False, register, True)
            elif operation in (0x80, 0xD0):
                _SIMPLE[opcode] = (True, False, True)
            else:
                _SIMPLE[opcode] = (True, register, True)
        elif kind == 1:
            _SIMPLE[opcode] = (False, True, True)
        elif kind == 2:
            _SIMPLE[opcode] = (True, False, False)
        elif kind == 3 and opcode not in ATOMIC:
            _SIMPLE[opcode] = (True, True, False)
        elif kind in (5, 6) and opcode not in (CALL, CALLX, EXIT):
            _SIMPLE[opcode] = (False, False, False) if operation == 0 else (True, register, False)
    _SIMPLE[0x18] = (False, False, True)


_fill()


def atomic_masks(insn: Insn) -> tuple[int, int]:
    """(use, define) of an atomic instruction, by the operation in its imm."""
    both = 1 << insn.dst | 1 << insn.src
    if insn.imm == 0x100:  # load-acquire
        return 1 << insn.src, 1 << insn.dst
    if insn.imm == 0xF1:  # cmpxchg compares with r0
        return both | 1, 1
    return both, (1 << insn.src if insn.imm & 1 else 0)


def masks(insn: Insn, slot: int, arity: Callable[[Insn, int], int]) -> tuple[int, int]:
    """(use, define) of one instruction; `arity` tells how many arguments a call takes."""
    simple = _SIMPLE[insn.opcode]
    if simple is not None:
        return (simple[0] << insn.dst) | (simple[1] << insn.src), simple[2] << insn.dst
    opcode = insn.opcode
    if opcode == CALL:
        return (2 << arity(insn, slot)) - 2, CLOBBERED
    if opcode == EXIT:
        return 1, 0
    if opcode in PACKET_LOADS:
        return SKB_CONTEXT | (1 << insn.src if opcode & 0x40 else 0), CLOBBERED
    if opcode in ATOMIC:
        return atomic_masks(insn)
    # callx: newer compilers name the register in dst, older ones in imm; the decoder lets one of them through.
    return ARGUMENTS | 1 << callx_register(insn), CLOBBERED


def callx_register(insn: Insn) -> int:
    """The register that `callx` calls through."""
    return insn.dst or insn.imm


class Liveness:
    """Live registers at the start of each block, and what each block defines."""

    __slots__ = ("defined", "live_in", "used_frame")

    def __init__(self, insns: Sequence[Insn | None], cfg: RawCfg, arity: Callable[[Insn, int], int]) -> None:
        self.defined: dict[int, int] = {}
        self.used_frame = False
        used: dict[int, int] = {}
        for block in cfg.blocks:
            use = define = 0
            for slot in range(block.start, block.end):
                insn = insns[slot]
                if insn is None:
                    continue
                read, written = masks(insn, slot, arity)
                use |= read & ~define
                define |= written
            used[block.start] = use
            self.defined[block.start] = define
            if use & 1 << 10:
                self.used_frame = True
        self.live_in = self._solve(cfg, used)

    def _solve(self, cfg: RawCfg, used: dict[int, int]) -> dict[int, int]:
        live = dict(used)
        predecessors = cfg.predecessors()
        # Postorder first: most blocks see their successors' final sets at once.
        work = list(cfg.blocks)
        queued = {block.start for block in work}
        while work:
            block = work.pop()
            queued.discard(block.start)
            out = 0
            for successor in block.successors:
                out |= live[successor]
            new = used[block.start] | (out & ~self.defined[block.start])
            if new != live[block.start]:
                live[block.start] = new
                for predecessor in predecessors[block.start]:
                    if predecessor.start not in queued:
                        queued.add(predecessor.start)
                        work.append(predecessor)
        return live


def arities(
    insns: Sequence[Insn | None], cfgs: Sequence[RawCfg], helper_arity: Callable[[int], int]
) -> tuple[dict[int, int], list[Liveness]]:
    """Number of arguments of each function by first slot, and the liveness of each.

    A function takes r1 … rn where rn is the last argument register live at its entry; since that depends on what its own calls
    take, the numbers grow until nothing changes (at most five times a function).
    """
    count = {cfg.span.start: 0 for cfg in cfgs}

    def arity(insn: Insn, slot: int) -> int:
        if insn.src == PSEUDO_CALL:
            target = call_target(insn, slot)
            return count.get(target, 0) if target is not None else 0
        return helper_arity(insn.imm) if insn.src == 0 else 5

    found = [Liveness(insns, cfg, arity) for cfg in cfgs]
    changed = {cfg.span.start for cfg, live in zip(cfgs, found, strict=True) if _raise(count, cfg, live)}
    while changed:
        again = set()
        for at, cfg in enumerate(cfgs):
            if any(call_target(i, s) in changed for s, i in _calls(insns, cfg)):
                found[at] = Liveness(insns, cfg, arity)
                if _raise(count, cfg, found[at]):
                    again.add(cfg.span.start)
        changed = again
    return count, found


def _raise(count: dict[int, int], cfg: RawCfg, live: Liveness) -> bool:
    number = (live.live_in[cfg.span.start] & ARGUMENTS).bit_length() - 1
    if number <= count[cfg.span.start]:
        return False
    count[cfg.span.start] = number
    return True


def _calls(insns: Sequence[Insn | None], cfg: RawCfg) -> list[tuple[int, Insn]]:
    return [
        (slot, insn)
        for block in cfg.blocks
        for slot in range(block.start, block.end)
        if (insn := insns[slot]) is not None and insn.opcode == CALL and insn.src == PSEUDO_CALL
    ]
