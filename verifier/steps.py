"""How operations and edges change what is known at a place.

store.8 v1, -8, v3              bytes -8 … -1 are written
v2 = call helper 131(…)         a reference is held (ringbuf_reserve)
if eq.64 v2, 0 then b2 else b3  in b2 it is not
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bpfcc.bpfir.frame import FRAME_BYTES
from bpfcc.bpfir.ops import (
    Atomic,
    AtomicFetch,
    Branch,
    Call,
    CallExtern,
    CallFunction,
    CompareExchange,
    Op,
    Operand,
    Store,
    StoreRelease,
    Value,
)
from bpfcc.verifier.compare import MAY_BE_ZERO, comparable
from bpfcc.verifier.edges import STALE, cross, made_in_loop
from bpfcc.verifier.facts import MAX_OFFSET, Fact, number_of, pointers_of
from bpfcc.verifier.flow import MAX_ORDER_FACTS, State
from bpfcc.verifier.linear import MAX_TERMS, Linear, Sum, Terms, add
from bpfcc.verifier.stack import lent_from
from bpfcc.verifier.view import FAR

if TYPE_CHECKING:
    from bpfcc.bpfir.effects import Touch
    from bpfcc.bpfir.function import Block
    from bpfcc.bpfir.ops import Edge
    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.unit import Unit
    from bpfcc.verifier.view import View

ORDERS = {
    "ult": (1, False),
    "ule": (0, False),
    "ugt": (1, True),
    "uge": (0, True),
    "slt": (1, False),
    "sle": (0, False),
    "sgt": (1, True),
    "sge": (0, True),
}
OPPOSITE = {
    "ult": "uge",
    "ule": "ugt",
    "ugt": "ule",
    "uge": "ult",
    "slt": "sge",
    "sle": "sgt",
    "sgt": "sle",
    "sge": "slt",
    "eq": "ne",
    "ne": "eq",
}


# ---- edges ------------------------------------------------------------------------------------------------------------


def edge_state(view: View, source: Block, index: int) -> State:
    """The state after the terminator's edge number `index`, before the target's parameters are looked at."""
    ending = source.terminator
    state = view.state
    if type(ending) is Branch:
        kind = ending.kind
        if index == 1:
            if kind == "test":
                return state
            kind = OPPOSITE[kind]  # type: ignore[assignment]
        if kind == "test":
            return state
        state = _order(view, state, kind, ending.width_bits, ending.lhs, ending.rhs)
        if (state.may or state.must) and kind == "eq" and ending.width_bits == 64:
            state = _null_branch(view, state, ending.lhs, ending.rhs)
    return state


def _order(view: View, state: State, kind: str, width: int, lhs: Operand, rhs: Operand) -> State:
    """Remember which of two is larger, where that is more than the range of one value."""
    linear = view.linear
    if type(lhs) is not Value or type(rhs) is not Value:
        terms = linear.of(lhs if type(lhs) is Value else rhs).terms
        if len(terms) < 2 or width == 32:
            return state
    a, b = view.known(lhs), view.known(rhs)
    if not _integers(kind, width, a, b):
        return state
    difference = add(linear.of(rhs), linear.of(lhs), -1)
    if kind in ("eq", "ne"):
        if kind == "ne":
            return _not_equal(state, difference)
        return _at_least(_at_least(state, difference, 0), Sum(tuple((s, -c) for s, c in difference.terms), -difference.constant), 0)
    strict, swapped = ORDERS[kind]
    if swapped:
        difference = Sum(tuple((s, -c) for s, c in difference.terms), -difference.constant)
    return _at_least(state, difference, strict)


def implied(view: View, ending: Branch) -> bool | None:
    """Whether what is known of the order decides a comparison of two values."""
    kind, lhs, rhs = ending.kind, ending.lhs, ending.rhs
    if kind not in ORDERS or (type(lhs) is not Value and type(rhs) is not Value):
        return None
    if not _integers(kind, ending.width_bits, view.known(lhs), view.known(rhs)):
        return None
    difference = add(view.linear.of(rhs), view.linear.of(lhs), -1)
    strict, swapped = ORDERS[kind]
    if swapped:
        difference = _negated(difference)
    if view.at_least_zero(Sum(difference.terms, difference.constant - strict)):
        return True
    opposite = _negated(difference)
    return False if view.at_least_zero(Sum(opposite.terms, opposite.constant - (1 - strict))) else None


def _negated(found: Sum) -> Sum:
    return Sum(tuple((s, -c) for s, c in found.terms), -found.constant)


def _at_least(state: State, difference: Sum, bound: int) -> State:
    if not difference.terms or len(difference.terms) > MAX_TERMS:
        return state
    wanted = bound - difference.constant
    # The constant is a word; bounds are compared and added as integers, so that they have to be far from wrapping around.
    if abs(wanted) > FAR:
        return state
    if state.lower.get(difference.terms, -(1 << 70)) >= wanted:
        return state
    lower = dict(state.lower)
    lower.pop(difference.terms, None)
    lower[difference.terms] = wanted
    if len(lower) > MAX_ORDER_FACTS:
        del lower[next(iter(lower))]
    return state.with_lower(lower)


def _not_equal(state: State, difference: Sum) -> State:
    """a <= b and a != b give a < b."""
    for terms, sign in ((difference.terms, 1), (tuple((s, -c) for s, c in difference.terms), -1)):
        bound = state.lower.get(terms)
        if bound is not None and bound == -sign * difference.constant:
            return _at_least(state, Sum(terms, sign * difference.constant), 1)
    return state


def _integers(kind: str, width: int, a: Scalar | Fact, b: Scalar | Fact) -> bool:
    """Whether both are integers that compare and subtract without wrapping around."""
    if type(a) is Fact or type(b) is Fact:
        return width == 64 and (comparable(a, b) is not None or _metadata(a, b))
    bound = MAX_OFFSET if width == 64 else 1 << 31
    if kind[0] == "s" or kind in ("eq", "ne"):
        if width == 32:
            return a.umax < bound and b.umax < bound
        return -bound <= a.smin and a.smax <= bound and -bound <= b.smin and b.smax <= bound
    limit = 1 << 32 if width == 32 else bound
    return a.umax < limit and b.umax < limit


def _metadata(a: Scalar | Fact, b: Scalar | Fact) -> bool:
    """Metadata lies before the packet: addresses of the two are compared as well."""
    p, q = pointers_of(a), pointers_of(b)
    if len(p) != 1 or len(q) != 1 or number_of(a) is not None or number_of(b) is not None:
        return False
    if {p[0].region.kind, q[0].region.kind} != {"packet", "meta"} or p[0].region.epoch != q[0].region.epoch or p[0].region.epoch == STALE:
        return False
    return all(o.smin >= -MAX_OFFSET and o.smax <= MAX_OFFSET for o in (p[0].offset, q[0].offset))


def _null_branch(view: View, state: State, lhs: Operand, rhs: Operand) -> State:
    """Where what was acquired is null, nothing is held."""
    for value, other in ((lhs, rhs), (rhs, lhs)):
        if type(other) is int and other == 0:
            fact = view.known(value)
            refs = [p.region.ref for p in pointers_of(fact) if p.region.ref is not None and p.region.kind not in MAY_BE_ZERO - {"btf"}]
            if len(refs) == 1 and len(pointers_of(fact)) == 1 and number_of(fact) is not None and is_the_acquired(view, value, refs[0]):
                return state.with_refs(state.may - {refs[0]}, state.must - {refs[0]})
    return state


def is_the_acquired(view: View, value: Operand, ref: Any) -> bool:
    """Whether the value is what the acquiring call returned (and not null for another reason)."""
    result = ref.result if isinstance(ref, Op) and ref.HAS_RESULT else None  # type: ignore[attr-defined]
    if result is None:
        return False
    value = view.origin(value)
    if view.linear.of(value) == view.linear.of(result):
        return True
    # Through parameters every way into which carries it.
    return _only_from(view, value, result, set())


def _only_from(view: View, value: Operand, result: Value, seen: set[Value]) -> bool:
    from bpfcc.bpfir.function import Block
    from bpfcc.bpfir.ops import Assume

    while type(value) is Value and type(value.definition) is Assume:
        value = value.definition.value
    if value is result:
        return True
    if type(value) is not Value or type(value.definition) is not Block or value in seen:
        return type(value) is Value and value in seen
    seen.add(value)
    block = value.definition
    at = block.params.index(value)
    return all(_only_from(view, edge.args[at], result, seen) for edge in view.unit.incoming[block])


def enter(view: View, source: Block, edge: Edge, state: State) -> State:
    """The state in the target: parameters take the place of their arguments, old names go."""
    unit, target = view.unit, edge.block
    back = (source, target) in unit.back_edges
    if state.lower:
        lower = _renamed(view, source, edge, state.lower, back=back)
        if lower is not state.lower:
            state = state.with_lower(lower)
    if back and (state.may or state.must):
        state = _older_refs(unit, target, state)
    if back and state.lock is not None:
        from bpfcc.verifier.calls import next_round

        state = next_round(unit, view.linear, state, target)
    return state


def _renamed(view: View, source: Block, edge: Edge, lower: dict[Terms, int], *, back: bool) -> dict[Terms, int]:
    unit, target, linear = view.unit, edge.block, view.linear
    if unit.epochs.moves:
        lower = _of_epoch(linear, lower, unit.epochs.at_end[source])
    crosses = unit.epochs.crosses(source, target)
    if not target.params and not crosses and not back:
        return lower
    found = dict(lower)
    if crosses:
        found = _other_epoch(unit, linear, source, target, found)
    # Parameters that are symbols of their own: what was said of them was said of the last time.
    gone = {linear.of(param).terms[0][0] for param in target.params if _is_symbol(linear, param)}
    fresh: dict[Terms, int] = {}
    for param, arg in zip(target.params, edge.args, strict=True):
        own = linear.of(param)
        if not _is_symbol(linear, param) or type(arg) is not Value:
            continue
        was = linear.of(arg)
        if crosses:
            was = _moved_sum(unit, linear, source, target, was)
        if not was.terms or not _wanted(view, cross(unit, source, target, view.known(arg))):
            continue
        for terms, bound in found.items():
            _substitute(terms, bound, was, own, fresh, gone)
    kept = {terms: bound for terms, bound in found.items() if not any(symbol in gone for symbol, _ in terms)}
    kept.update(fresh)
    return kept


def _is_symbol(linear: Linear, param: Value) -> bool:
    own = linear.of(param)
    return len(own.terms) == 1 and own.constant == 0 and linear.values.get(own.terms[0][0]) is param


def _of_epoch(linear: Linear, lower: dict[Terms, int], epoch: int) -> dict[Terms, int]:
    """Without what is said of other epochs: where a loop comes to one of them again, it is another packet."""
    epochs = linear.epochs
    kept = {terms: bound for terms, bound in lower.items() if all(epochs.get(symbol, epoch) == epoch for symbol, _ in terms)}
    return kept if len(kept) < len(lower) else lower


def _wanted(view: View, fact: Scalar | Fact) -> bool:
    return type(fact) is Fact or fact.umax <= MAX_OFFSET


def _substitute(terms: Terms, bound: int, was: Sum, own: Sum, fresh: dict[Terms, int], gone: set[int]) -> None:
    """terms >= bound, where arg = was: the same of the parameter, in both directions."""
    have = dict(terms)
    for sign in (1, -1):
        if all(have.get(symbol) == sign * coefficient for symbol, coefficient in was.terms):
            # terms = rest + sign * (arg - constant)
            rest = add(Sum(terms, 0), Sum(was.terms, 0), -sign)
            if any(symbol in gone for symbol, _ in rest.terms):
                continue  # the old name of another parameter
            new = add(rest, Sum(own.terms, 0), sign)
            if new.terms and len(new.terms) <= MAX_TERMS:
                value = bound + sign * (was.constant - own.constant)
                if abs(value) <= FAR and fresh.get(new.terms, -(1 << 70)) < value:
                    fresh[new.terms] = value


def _epoch_map(unit: Unit, linear: Linear, source: Block, target: Block) -> dict[int, int]:
    old, new = unit.epochs.at_end[source], unit.epochs.at_start[target]
    pairs = zip(
        (*linear.limits(unit.packet(old)), linear.limits(unit.meta(old))[0]),
        (*linear.limits(unit.packet(new)), linear.limits(unit.meta(new))[0]),
        strict=True,
    )
    return dict(pairs)


def _other_epoch(unit: Unit, linear: Linear, source: Block, target: Block, lower: dict[Terms, int]) -> dict[Terms, int]:
    names = _epoch_map(unit, linear, source, target)
    return {tuple(sorted((names.get(s, s), c) for s, c in terms)): bound for terms, bound in lower.items()}


def _moved_sum(unit: Unit, linear: Linear, source: Block, target: Block, found: Sum) -> Sum:
    names = _epoch_map(unit, linear, source, target)
    return Sum(tuple(sorted((names.get(s, s), c) for s, c in found.terms)), found.constant)


def _older_refs(unit: Unit, header: Block, state: State) -> State:
    from bpfcc.verifier.handles import older

    return older(state, lambda site: made_in_loop(unit, site, header))


# ---- operations -------------------------------------------------------------------------------------------------------


def step(view: View, op: Op) -> State:
    """The state after `op`."""
    kind = type(op)
    if kind is Store or kind is StoreRelease:
        return _store(view, op)  # type: ignore[arg-type]
    if isinstance(op, (Atomic, AtomicFetch, CompareExchange)):
        base = view.known(op.base)
        if type(base) is not Fact:
            return view.state
        return spoilt(view, aliased(view, view.state, base), frame_mask(view, base, op.offset, op.size_bytes)[0])
    if kind is Call or kind is CallExtern or kind is CallFunction:
        from bpfcc.verifier.calls import after_call

        return after_call(view, op)  # type: ignore[arg-type]
    return view.state


def frame_mask(view: View, address: Scalar | Fact, offset: int, size: int) -> tuple[int, bool]:
    """Frame bytes that `size` bytes there may be, and whether they are sure to be these."""
    total = 0
    sure = True
    found = pointers_of(address)
    for p in found:
        if p.region.kind != "frame":
            sure = sure and p.region.kind != "unknown"
            continue
        low, high = p.offset.smin + offset, p.offset.smax + offset + size
        sure = sure and p.offset.is_const()
        total |= bits(view, low, high)
    return total, sure and len(found) == 1


def bits(view: View, low: int, high: int) -> int:
    """Bits of frame bytes [low, high)."""
    size = view.unit.fn.frame_bytes
    first, last = max(low + size, 0), min(high + size, size)
    return ((1 << (last - first)) - 1) << first if first < last else 0


def _store(view: View, op: Store | StoreRelease) -> State:
    base = view.known(op.base)
    if type(base) is not Fact:
        return view.state
    mask, sure = frame_mask(view, base, op.offset, op.size_bytes)
    state = view.state
    if mask and sure:
        init = state.init | mask
        if init != state.init:
            state = state.with_init(init)
    if mask and state.dynptrs:
        from bpfcc.verifier.handles import overwritten

        state = overwritten(view, state, mask)
    return aliased(view, state, base)


def aliased(view: View, state: State, address: Scalar | Fact) -> State:
    """The state after something was written there, if that is lent memory: it may be the buffer in the frame that was given for it."""
    if not state.dynptrs:
        return state
    from bpfcc.verifier.handles import overwritten

    mask = 0
    for p in pointers_of(address):
        for _, low, high in lent_from(view.unit, p, view.known):
            mask |= bits(view, low, high)
    return overwritten(view, state, mask) if mask else state


def spoilt(view: View, state: State, mask: int) -> State:
    """The state where those frame bytes may have been written otherwise than by a store: what was kept there is not there any more.

    Where it is kept on every path the check refuses that. Where it is on some only, these show it.
    """
    if not mask or not state.dynptrs or not hasattr(view.known, "ever"):
        return state
    from bpfcc.verifier.handles import overwritten

    return overwritten(view, state, mask)


def reached(view: View, op: Call, touch: Touch) -> int:
    """Frame bytes behind an argument that may be touched."""
    if touch.argument >= len(op.args):
        return 0
    size = touch.size
    if touch.size_argument is not None and touch.size_argument < len(op.args):
        most = number_of(view.known(op.args[touch.size_argument]))
        size = most.umax if most is not None else None
    total = view.unit.fn.frame_bytes
    return frame_mask(view, view.known(op.args[touch.argument]), 0, total if size is None else min(size, total))[0]


def touched(view: View, op: Call, touch: Touch) -> tuple[int, bool]:
    """Frame bytes behind an argument, and whether all of them are touched for sure."""
    if touch.argument >= len(op.args):
        return 0, False
    address = view.known(op.args[touch.argument])
    if type(address) is not Fact:
        return 0, False
    if touch.size_argument is not None and touch.size_argument < len(op.args):
        size = number_of(view.known(op.args[touch.size_argument]))
        if size is None or size.umax > FRAME_BYTES:
            return frame_mask(view, address, 0, view.unit.fn.frame_bytes)[0], False
        least, _ = frame_mask(view, address, 0, size.umin)
        most, sure = frame_mask(view, address, 0, size.umax)
        return (least, sure) if size.umin == size.umax else (least if sure else most, sure)
    if touch.size is not None:
        return frame_mask(view, address, 0, touch.size)
    return frame_mask(view, address, 0, view.unit.fn.frame_bytes)[0], False


__all__ = ["aliased", "bits", "edge_state", "enter", "frame_mask", "implied", "is_the_acquired", "reached", "spoilt", "step", "touched"]
