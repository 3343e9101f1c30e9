"""What calls do to the state: bytes written, references and locks taken and given back, dynptrs made.

v3 = call helper 131(map, 16, 0)      ringbuf_reserve: a reference is held until it is submitted or v3 is found null
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bpfcc.bpfir.function import Block
from bpfcc.bpfir.ops import Call, CallExtern, CallFunction
from bpfcc.verifier.facts import number_of, pointers_of
from bpfcc.verifier.flow import UNSURE
from bpfcc.verifier.handles import (
    Handle,
    begin,
    end,
    given_back,
    handle_at,
    hold,
    is_slice,
    lend,
    lend_of_lent,
    let_go,
    packet_moved,
    slot_of,
)
from bpfcc.verifier.pseudo import after_pseudo, is_pseudo
from bpfcc.verifier.steps import aliased, frame_mask, is_the_acquired, reached, spoilt, touched

if TYPE_CHECKING:
    from bpfcc.bpfir.ops import Operand, Value
    from bpfcc.runtime.specs.model import Helper
    from bpfcc.verifier.facts import Region
    from bpfcc.verifier.flow import State
    from bpfcc.verifier.linear import Linear, Sum
    from bpfcc.verifier.unit import Unit
    from bpfcc.verifier.view import View

SPIN_LOCK: Final = "spin_lock"
SPIN_UNLOCK: Final = "spin_unlock"
# A buffer that a value of the map is copied to.
MAP_VALUE: Final = "map_value_uninit"
# What kind of dynptr a helper makes.
DYNPTR_KINDS: Final = {"dynptr_from_mem": "local", "ringbuf_reserve_dynptr": "ringbuf"}
ACQUIRING_MAPS: Final = frozenset({"sockmap", "sockhash"})


class LockKey(NamedTuple):
    """A lock: `place` is the value of a map and the offset, where there is one; `value` the address, where it is computed only once."""

    place: Any
    value: Sum | None


def after_call(view: View, op: Call | CallExtern | CallFunction) -> State:
    """The state after a call."""
    state = view.state
    if isinstance(op, CallExtern):
        from bpfcc.verifier.kfuncs import after_kfunc

        return after_kfunc(view, op)
    if isinstance(op, CallFunction):
        return state
    if is_pseudo(op.helper):
        return after_pseudo(view, op)
    helper = view.unit.around.helper(op.helper)
    if helper is None:
        return state
    if helper.moves_packet:
        state = packet_moved(state)
    if any(argument.kind.startswith("dynptr") for argument in helper.arguments):
        return _dynptrs(view, op, helper, _written(view, op, state, spared=_slots(view, op, helper)))
    state = _references(view, op, helper, _written(view, op, state))
    if helper.name == SPIN_LOCK:
        return state.with_lock((lock_key(view, op) or UNSURE) if state.lock is None else state.lock)
    if helper.name == SPIN_UNLOCK:
        return state.with_lock(None)
    return state


def lock_key(view: View, op: Call) -> LockKey | None:
    """Which lock an argument means; None where it may be one of several, and not the same one each time."""
    found = pointers_of(view.known(op.args[0])) if op.args else ()
    place: Any = None
    if len(found) == 1 and found[0].offset.is_const():
        region = found[0].region
        # What a loop looks up again is another value in every round.
        place = (region, found[0].offset.smin, None if region.unique else view.linear.of(op.args[0]))
    value = view.linear.of(op.args[0]) if found and _once(view, op.args[0]) else None
    return LockKey(place, value) if place is not None or value is not None else None


def same_lock(held: Any, other: LockKey | None) -> bool:
    """Whether two calls mean one lock."""
    if not isinstance(held, LockKey) or other is None:
        return False
    return (held.place is not None and held.place == other.place) or (held.value is not None and held.value == other.value)


def next_round(unit: Unit, linear: Linear, state: State, header: Block) -> State:
    """The state in the next round of a loop: an address that the round made means another lock there."""
    held = state.lock
    if not isinstance(held, LockKey):
        return state
    sums = (held.value, held.place[2] if held.place is not None else None)
    symbols = {symbol for found in sums if found is not None for symbol, _ in found.terms}
    return state if all(_older(unit, linear.values.get(symbol), header) for symbol in symbols) else state.with_lock(UNSURE)


def _older(unit: Unit, value: Value | None, header: Block) -> bool:
    definition = value.definition if value is not None else None
    home = definition if isinstance(definition, Block) else unit.block_of.get(definition) if definition is not None else None
    return home is None or (home is not header and unit.dominators.dominates(home, header))


def _once(view: View, operand: Operand) -> bool:
    """Whether the value, and what it is the sum of, is computed once in a run: then it is one place, whichever of several that is."""
    unit = view.unit
    values = [view.linear.values.get(symbol) for symbol, _ in view.linear.of(operand).terms]
    for value in values:
        definition = value.definition if value is not None else None
        block = definition if isinstance(definition, Block) else unit.block_of.get(definition) if definition is not None else None
        if block is None or unit.repeats(block):
            return False
    return True


def _written(view: View, op: Call, state: State, spared: frozenset[int] = frozenset()) -> State:
    """Bytes that the helper writes; `spared`: arguments that are handles, which are looked at for themselves."""
    effects = view.unit.around.effects(op.helper)
    helper = view.unit.around.helper(op.helper)
    if effects is None or helper is None:
        return state
    init = state.init
    for touch in effects.writes:
        if touch.argument in spared:
            continue
        mask, sure = touched(view, op, touch)
        if sure:
            init |= mask
        state = aliased(view, state, view.known(op.args[touch.argument])) if touch.argument < len(op.args) else state
        if state.dynptrs and helper.arguments[touch.argument].kind != MAP_VALUE:
            state = spoilt(view, state, reached(view, op, touch))
    for index, argument in enumerate(helper.arguments[: len(op.args)]):
        sizes = _map_bytes(view, op) if argument.kind == MAP_VALUE else []
        if sizes:
            mask, sure = frame_mask(view, view.known(op.args[index]), 0, max(sizes))
            state = spoilt(view, state, mask)
            if sure and len(sizes) == 1:
                init |= mask
    return state.with_init(init) if init != state.init else state


def _map_bytes(view: View, op: Call) -> list[int]:
    """Bytes that a helper writes into a buffer for a map's value, by the map that it may be."""
    return [p.region.map.value_size for p in pointers_of(view.known(op.args[0])) if p.region.map is not None]


def acquires(view: View, op: Call, helper: Helper) -> bool:
    """Whether the result has to be released."""
    if helper.name == "map_lookup_elem" and op.args:
        return any(p.region.map is not None and p.region.map.type in ACQUIRING_MAPS for p in pointers_of(view.known(op.args[0])))
    return helper.acquires and helper.returns not in ("integer", "void")


def released(view: View, op: Call | CallExtern) -> tuple[Operand, list[Region]]:
    """What a releasing call gives back, one of several where it depends on the path: the first argument that has a reference."""
    for argument in op.args:
        found = [p.region for p in pointers_of(view.known(argument)) if p.region.ref is not None]
        if found:
            return argument, found
    return 0, []


def give_back(view: View, op: Call | CallExtern, state: State) -> State:
    """The state after a releasing call. Of what may have been another thing, or nothing, it is not known whether it is still held."""
    argument, found = released(view, op)
    refs = {region.ref for region in found}
    objects = {region.ref for region in found if region.kind == "btf" and not is_slice(region.ref)}
    state = given_back(state, *objects) if objects else state
    fact = view.known(argument)
    if len(refs) == 1 and (number_of(fact) is None or is_the_acquired(view, argument, *refs)):
        return let_go(state, *refs)
    return state.with_refs(state.may, state.must - refs) if refs else state


def _references(view: View, op: Call, helper: Helper, state: State) -> State:
    if helper.releases:
        state = give_back(view, op, state)
    return hold(state, op) if acquires(view, op, helper) else state


def _slots(_view: View, op: Call, helper: Helper) -> frozenset[int]:
    """Arguments that are dynptrs."""
    return frozenset(at for at, argument in enumerate(helper.arguments[: len(op.args)]) if argument.kind.startswith("dynptr"))


def _dynptrs(view: View, op: Call, helper: Helper, state: State) -> State:
    for index in sorted(_slots(view, op, helper)):
        slot = slot_of(view.known(op.args[index]))
        if slot is None:
            state = lend_of_lent(view, state, op, index) if helper.returns.startswith("dynptr_mem") else state
            continue
        if helper.arguments[index].kind == "dynptr_uninit":
            # What reserves has to be given back even where it failed (ringbuf_reserve_dynptr).
            kind = DYNPTR_KINDS.get(helper.name, "other")
            state = begin(view, state, Handle(slot, op if helper.acquires else None, kind))
            continue
        handle = handle_at(state, slot)
        if handle is not None and helper.releases:
            state = end(state, handle)
        elif handle is not None and helper.returns.startswith("dynptr_mem"):
            state = lend(state, handle, op)
    return state
