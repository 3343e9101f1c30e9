"""The state at the start of each block: a forward analysis over facts that are settled.

places = find_places(unit, facts, linear)        places[b3].lower: end - data >= 14
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final

from bpfcc.bpfir.ops import Atomic, AtomicFetch, Call, CallExtern, CallFunction, CompareExchange, Op, Store, StoreRelease
from bpfcc.verifier.flow import START, State, join
from bpfcc.verifier.steps import edge_state, enter, step
from bpfcc.verifier.view import View

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Block
    from bpfcc.verifier.linear import Linear
    from bpfcc.verifier.solver import Facts
    from bpfcc.verifier.unit import Unit

CHANGES: Final = frozenset({Store, StoreRelease, Call, CallExtern, CallFunction, Atomic, AtomicFetch, CompareExchange})
PATIENCE: Final = 4


def find_places(unit: Unit, facts: Facts, linear: Linear) -> dict[Block, State]:
    """States of the blocks that are reached."""
    found: dict[Block, State] = {unit.order[0]: START}
    visits: dict[Block, int] = {}
    queue = [0]
    queued = {0}
    while queue:
        at = heapq.heappop(queue)
        queued.discard(at)
        block = unit.order[at]
        view = View(unit, facts.known, found[block], linear)
        end = run_block(view, block)
        for index, edge in enumerate(block.edges()):
            target = edge.block
            if (block, index) in facts.dead or target not in facts.reached:
                continue
            out = View(unit, facts.known, end, linear)
            state = enter(out, block, edge, edge_state(out, block, index))
            before = found.get(target)
            if before is not None:
                state = join(before, state)
                if state is before:
                    continue
                visits[target] = visits.get(target, 0) + 1
                if visits[target] > PATIENCE and state.lower:
                    # Bounds that shrink with every round: what changes is given up.
                    state = state.with_lower({t: b for t, b in state.lower.items() if before.lower.get(t) == b})
            found[target] = state
            number = unit.number[target]
            if number not in queued:
                queued.add(number)
                heapq.heappush(queue, number)
    return found


def run_block(view: View, block: Block) -> State:
    """The state at the end of a block; `view` is at its start, and is moved."""
    for op in block.ops:
        if type(op) in CHANGES:
            view.state = step(view, op)
    return view.state


def changes(op: Op) -> bool:
    """Whether the operation may change the state."""
    return type(op) in CHANGES
