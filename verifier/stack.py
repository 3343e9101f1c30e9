"""What a load from the frame gives, by the frame's memory SSA: only for the loads that slot promotion left.

store.8 v1, -8, v3             m1
call helper 4(v2, 8, v5)       m2: may write bytes -16 … -9
v4 = load.8 v1, -8             walks m2 -> m1: the bytes are those of v3
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from bpfcc.bpfir.effects import Touch
from bpfcc.bpfir.frame import WRITERS, Join, Version, Write, byte_mask
from bpfcc.bpfir.function import Block
from bpfcc.bpfir.ops import Call, CallExtern, Load, Op, Operand, Store, Value
from bpfcc.bpfir.renamed import renamed
from bpfcc.verifier.compare import refine
from bpfcc.verifier.domains import scalar as sc
from bpfcc.verifier.edges import STALE, cross
from bpfcc.verifier.facts import PLAIN_MEMORY, Fact, Ptr, Region, join, number_of, pointers_of

if TYPE_CHECKING:
    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.unit import Unit

Known = Callable[[Operand], "Scalar | Fact"]
Cell = tuple[int, int]
MAX_WALK: Final = 4_000
# Memory that was lent out of memory that was lent.
MAX_LENT: Final = 8


def frame_cell(fact: Scalar | Fact, offset: int, size: int) -> Cell | None:
    """(offset from the outermost r10, size) where the address is one place in a frame."""
    found = pointers_of(fact)
    frames = [p for p in found if p.region.kind == "frame"]
    if len(frames) != 1 or not frames[0].offset.is_const():
        return None
    return frames[0].offset.smin + offset, size


def load_frame(unit: Unit, op: Load, plain: Scalar, known: Known) -> Scalar | Fact:
    """The fact of a load whose base may be in the frame."""
    version = unit.frame.sees.get(op)
    cell = frame_cell(known(op.base), op.offset, op.size_bytes)
    if version is None:
        return plain
    if cell is None:
        # Somewhere in the frame: what was stored as an address anywhere may come back.
        return _anything_stored(unit, plain, known) if op.size_bytes == 8 else plain
    found = read_cell(unit, version, cell, plain, known, unit.block_of[op])
    if found is None:
        return plain
    return loaded(op, found, plain)


def loaded(op: Load, found: Scalar | Fact, plain: Scalar) -> Scalar | Fact:
    """What a load makes of the bytes that it finds."""
    if type(found) is Fact:
        return found if op.size_bytes == 8 else plain
    if op.size_bytes == 8:
        return found
    return sc.cast("sext" if op.signed else "zext", op.size_bytes * 8, 64, found)


def read_cell(
    unit: Unit, version: Version, cell: Cell, plain: Scalar, known: Known, here: Block | None = None
) -> Scalar | Fact | None:  # fmt: skip
    """What the bytes of `cell` may hold in `version`; None where nothing was found that reaches it. `here`: where it is read.

    What a path knows of a value (see `ever`) says nothing of what an earlier round of a loop stored under the same name.
    """
    mask = byte_mask(*cell, unit.fn.frame_bytes)
    found: Scalar | Fact | None = None
    # What reaches the cell both in this round of a loop and from an earlier one is looked at twice.
    seen: set[tuple[Version, bool]] = set()
    work: list[tuple[Version, bool]] = [(version, False)]
    steps = MAX_WALK
    sources = unit.sources
    around = False
    while work:
        at, rounds = work.pop()
        if sources is not None:
            at = sources.resolve(at, cell)
        while type(at) is Write and not at.mask & mask:
            at = at.before
            steps -= 1
        steps -= 1
        if (at, rounds) in seen:
            continue
        if steps < 0:
            return _anything_stored(unit, plain, known)
        seen.add((at, rounds))
        around = around or rounds
        now = ever(known) if rounds else known
        value: Scalar | Fact = plain
        if type(at) is Write:
            if not may_write(unit, at, cell, now):
                work.append((at.before, rounds))
                continue
            value, covers = stored(unit, at.op, cell, plain, now)
            if covers and here is not None and type(at.op) is Store:
                value = newest(unit, at.op, here, value, now, rounds=rounds)
            if not covers:
                work.append((at.before, rounds))
        elif type(at) is Join:
            rounds = rounds or at.block in unit.loop_headers
            work += [(each, rounds) for each in at.incoming]
            continue
        found = value if found is None else join(found, value)
    return _of_any_round(unit, found) if around and type(found) is Fact else found


def _of_any_round(unit: Unit, fact: Fact) -> Scalar | Fact:
    """What came through the frame into another round of a loop: packet pointers may be of an earlier epoch with the same number,
    and what was acquired may be of an earlier round."""
    found: Scalar | Fact = fact
    for p in fact.ptrs:
        if p.region.kind in ("packet", "meta") and unit.epochs.moves:
            found = join(found, Fact(None, (Ptr(unit.packet(STALE), p.offset),)))
        elif p.region.ref is not None and unit.repeats(unit.block_of.get(p.region.site)):
            found = join(found, Fact(None, (Ptr(unit.older(p.region), p.offset),)))
    return found


def stored_values(unit: Unit, version: Version, cell: Cell, known: Known) -> list[object]:
    """Values of the stores that the bytes of `cell` may come from."""
    mask = byte_mask(*cell, unit.fn.frame_bytes)
    found: list[object] = []
    seen: set[Version] = set()
    work: list[Version] = [version]
    while work and len(seen) < MAX_WALK:
        at = work.pop()
        if unit.sources is not None:
            at = unit.sources.resolve(at, cell)
        while type(at) is Write and not at.mask & mask:
            at = at.before
        if at in seen:
            continue
        seen.add(at)
        if type(at) is Join:
            work += at.incoming
        elif type(at) is Write:
            covers = False
            if may_write(unit, at, cell, known):
                _, covers = stored(unit, at.op, cell, sc.TOP, known)
                if type(at.op) is Store:
                    found += [at.op.value] if covers else [at.op.value, at.op.base]
            if not covers:
                work.append(at.before)
    return found


def newest(unit: Unit, op: Store, here: Block, fact: Scalar | Fact, known: Known, *, rounds: bool) -> Scalar | Fact:
    """A stored value has been tested since: what every way to `here` found out about it.

    The tests must be of the value that was stored, not of one that the same operation made in a later round of a loop.
    """
    value = renamed(op.value)
    if type(value) is not Value or value not in unit.tested or fact != known(op.value):
        return fact
    home = value.definition if type(value.definition) is Block else unit.block_of.get(value.definition)  # type: ignore[arg-type]
    if rounds and unit.repeats(home):
        return fact
    found: Scalar | Fact = fact
    for target, branch, first in unit.tested[value]:
        if not unit.dominators.dominates(target, here):
            continue
        left = renamed(branch.lhs) is value
        pair = refine(branch.kind, branch.width_bits, first, found if left else known(branch.lhs), known(branch.rhs) if left else found)
        if pair is not None:
            found = pair[0] if left else pair[1]
    return found


def may_write(unit: Unit, at: Write, cell: Cell, known: Known) -> bool:
    """Whether a write of the frame's memory SSA, which goes by the shape of the code, is one by what is known of addresses."""
    return op_may_write(unit, at.op, cell, known)


def op_may_write(unit: Unit, op: Op, cell: Cell, known: Known) -> bool:
    """Whether an operation may change bytes of the cell."""
    if isinstance(op, WRITERS):
        return _reaches(unit, known, known(op.base), op.offset, op.size_bytes, cell)
    touches = _touches(unit, op)
    if touches is None:
        # It may write behind every address that it gets, and behind those that were stored before.
        given = [p for a in getattr(op, "args", ()) for p in pointers_of(known(a))]
        mine = any(p.region.kind in ("frame", "unknown") or lent_from(unit, p, known) for p in given)
        return mine or unit.frame.footprints.pointers.escaped
    args: list[Operand] = op.args  # type: ignore[attr-defined]
    for touch in touches:
        if touch.argument >= len(args):
            continue
        size = touch.size
        if touch.size_argument is not None and touch.size_argument < len(args):
            most = number_of(known(args[touch.size_argument]))
            size = most.umax if most is not None else None
        if _reaches(unit, known, known(args[touch.argument]), 0, size, cell):
            return True
    return False


def _touches(unit: Unit, op: Op) -> tuple[Touch, ...] | None:
    """What a call writes behind its arguments; None where that is not known."""
    if isinstance(op, Call):
        effects = unit.around.effects(op.helper)
        return effects.writes if effects is not None and not effects.calls_back else None
    if isinstance(op, CallExtern) and unit.module.externs[op.extern].name in PLAIN_MEMORY:
        return () if unit.module.externs[op.extern].name == "memcmp" else (Touch(0, None, 2),)
    return None


def _reaches(unit: Unit, known: Known, address: Scalar | Fact, offset: int, size: int | None, cell: Cell) -> bool:
    """Whether `size` bytes there (None: any number) may be bytes of the cell."""
    for p in pointers_of(address):
        if p.region.kind == "unknown":
            return True
        if p.region.kind == "frame":
            low = p.offset.smin + offset
            if low < cell[0] + cell[1] and (size is None or cell[0] < p.offset.smax + offset + size):
                return True
        elif any(low < cell[0] + cell[1] and cell[0] < high for _, low, high in lent_from(unit, p, known)):
            return True
    return False


def lent_from(unit: Unit, p: Ptr, known: Known, depth: int = 0) -> list[tuple[Region, int, int]]:
    """Bytes of frames (frame, from, to) that memory may be which a kernel function returned."""
    return buffers_of(unit, p.region.site, known, depth) if p.region.kind == "mem" else []


def buffers_of(unit: Unit, site: object, known: Known, depth: int = 0) -> list[tuple[Region, int, int]]:
    """Bytes of frames that a kernel function was given as memory: what it returns may lie there."""
    if not isinstance(site, CallExtern) or depth > MAX_LENT:
        return []
    from bpfcc.verifier.kfuncs import MEMORY, kfunc_of, memory_size

    row = kfunc_of(unit.around, site.extern)
    found: list[tuple[Region, int, int]] = []
    # Of whatever round of a loop it is.
    known = ever(known)
    for index, each in enumerate(row.arguments[: len(site.args)] if row is not None else ()):
        if row is None or each.kind not in MEMORY:
            continue
        _, most = memory_size(row, site, index, known) or (0, unit.fn.frame_bytes)
        for q in pointers_of(known(site.args[index])):
            if q.region.kind == "frame":
                found.append((q.region, q.offset.smin, q.offset.smax + most))
            else:
                found += lent_from(unit, q, known, depth + 1)
    return found


def stored(unit: Unit, op: Op, cell: Cell, plain: Scalar, known: Known) -> tuple[Scalar | Fact, bool]:
    """What an operation that may write the cell leaves in it, and whether nothing older shows through."""
    if type(op) is not Store:
        return plain, _overwrites(unit, op, cell, known)
    base = known(op.base)
    place = _only_place(base, op.offset, op.size_bytes)
    if place is None:
        # Somewhere around here: the value may lie just in this cell.
        return (join(plain, known(op.value)) if op.size_bytes == 8 else plain), False
    if place == cell:
        value = known(op.value)
        if op.size_bytes < 8:
            value = plain if type(value) is Fact else sc.cast("zext", 8 * op.size_bytes, 64, value)
        return value, True
    return plain, _within(cell, place)


def _only_place(address: Scalar | Fact, offset: int, size: int) -> Cell | None:
    """The frame place at that address, where it can be no other."""
    return frame_cell(address, offset, size) if number_of(address) is None and len(pointers_of(address)) == 1 else None


def _within(cell: Cell, place: Cell) -> bool:
    return place[0] <= cell[0] and cell[0] + cell[1] <= place[0] + place[1]


def _overwrites(unit: Unit, op: Op, cell: Cell, known: Known) -> bool:
    """Whether a call fills the whole cell, with numbers.

    Where a helper fails and leaves bytes as they were, what they held is a number from then on: less is known of it than before.
    """
    args: list[Operand] = getattr(op, "args", [])
    for touch in _touches(unit, op) or ():
        size = touch.size
        if touch.size_argument is not None and touch.size_argument < len(args):
            exact = number_of(known(args[touch.size_argument]))
            size = exact.umin if exact is not None and exact.is_const() else None
        place = _only_place(known(args[touch.argument]), 0, size) if size is not None and touch.argument < len(args) else None
        if place is not None and _within(cell, place):
            return True
    return False


def ever(known: Known) -> Known:
    """What holds of values on every path and in every round, where `known` is of one path."""
    found: Known = getattr(known, "ever", known)
    return found


def _anything_stored(unit: Unit, plain: Scalar, known: Known) -> Scalar | Fact:
    found: Scalar | Fact = plain
    known = ever(known)
    for block in unit.order:
        for op in block.ops:
            if type(op) is Store and op.size_bytes == 8:
                value = known(op.value)
                if type(value) is Fact:
                    found = join(found, value)
    return found


def constant_at(unit: Unit, op: Op, address: Scalar | Fact, size: int, known: Known) -> int | None:
    """The number in `size` bytes of the frame before `op`, where it is one constant."""
    version = unit.frame.sees.get(op)
    cell = frame_cell(address, 0, size)
    if version is None or cell is None or len(pointers_of(address)) != 1:
        return None
    found = read_cell(unit, version, cell, sc.of_bytes(size), known)
    return found.umin if found is not None and type(found) is not Fact and found.is_const() else None


__all__ = ["constant_at", "cross", "frame_cell", "load_frame", "read_cell"]
