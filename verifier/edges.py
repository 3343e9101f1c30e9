"""What happens to a pointer on an edge: into another epoch of the packet, or into the next round of a loop.

b1 -> b3, b3 begins epoch 2:    packet pointers that are fresh at the end of b1 are of epoch 2 in b3, all others are stale
latch -> header                 what was acquired in this round is, in the next one, of an earlier round
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bpfcc.bpfir.ops import Branch, Value
from bpfcc.verifier.compare import refine
from bpfcc.verifier.facts import Fact, Ptr, Region, join

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpfcc.bpfir.function import Block
    from bpfcc.bpfir.ops import Edge, Operand
    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.unit import Unit

STALE = -1
OUTERMOST = (0,)
# The activation of no block.
NOWHERE = (-1,)


def cross(unit: Unit, source: Block, target: Block, fact: Scalar | Fact) -> Scalar | Fact:
    """The fact of an argument, as the parameter has it."""
    if type(fact) is not Fact or not fact.ptrs:
        return fact
    crosses = unit.epochs.crosses(source, target)
    back = (source, target) in unit.back_edges
    if not crosses and not back:
        return fact
    moved = [Ptr(region_across(unit, source, target, p.region), p.offset) for p in fact.ptrs]
    if all(m.region is p.region for m, p in zip(moved, fact.ptrs, strict=True)):
        return fact
    found: Scalar | Fact = Fact(fact.num, (moved[0],), undef=fact.undef)
    for p in moved[1:]:
        found = join(found, Fact(None, (p,)))
    return found


def passed(unit: Unit, source: Block, edge: Edge, arg: Operand, known: Callable[[Operand], Scalar | Fact]) -> Scalar | Fact:
    """The fact of an argument of `edge`, as the parameter has it: what the branch tests is known better on its ways out."""
    fact = known(arg)
    ending = source.terminator
    if type(ending) is Branch and type(arg) is Value and (arg is ending.lhs or arg is ending.rhs):
        found = refine(ending.kind, ending.width_bits, edge is ending.then, known(ending.lhs), known(ending.rhs))
        if found is not None:
            fact = found[0] if arg is ending.lhs else found[1]
    return cross(unit, source, edge.block, fact) if type(fact) is Fact else fact


def region_across(unit: Unit, source: Block, target: Block, region: Region) -> Region:
    """The region's name on the other side of the edge."""
    if region.kind in ("packet", "meta") and region.name != "the option's value" and unit.epochs.crosses(source, target):
        fresh = region.epoch == unit.epochs.at_end[source]
        epoch = unit.epochs.at_start[target] if fresh else STALE
        return unit.packet(epoch) if region.kind == "packet" else unit.meta(epoch)
    back = (source, target) in unit.back_edges
    if region.kind == "frame" and back and len(region.type) > len(unit.form.activations.get(target, OUTERMOST)):
        # The frame is gone; the one of the next round is another.
        return unit.region("gone", "frame", "the frame of a call that has returned", region.size, site=region.site, type=NOWHERE)
    if region.ref is not None and back and made_in_loop(unit, region.site, target):
        return unit.older(region)
    return region


def made_in_loop(unit: Unit, site: Any, header: Block) -> bool:
    """Whether the operation that made something lies in a loop with that header."""
    block = unit.block_of.get(site)
    if block is None:
        return False
    loop = unit.loops.innermost.get(block)
    while loop is not None:
        if loop.header is header:
            return True
        loop = loop.parent
    return any(target is header for _, target in unit.loops.irreducible)
