"""What calls do to the state: bytes written, references and locks taken and given back, dynptrs made.

    v3 = call helper 131(map, 16, 0)      ringbuf_reserve: a reference is held until it is submitted or v3 is found null
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bpfcc.bpfir.ops import Call, CallExtern, CallFunction, Op
from bpfcc.verifier.facts import pointers_of
from bpfcc.verifier.pseudo import after_pseudo, is_pseudo
from bpfcc.verifier.stack import dynptr_slot
from bpfcc.verifier.steps import bits, touched

if TYPE_CHECKING:
    from bpfcc.runtime.specs.model import Helper
    from bpfcc.verifier.facts import Region
    from bpfcc.verifier.flow import State
    from bpfcc.verifier.view import View

SPIN_LOCK: Final = "spin_lock"
SPIN_UNLOCK: Final = "spin_unlock"
DYNPTR_BYTES: Final = 16
ACQUIRING_MAPS: Final = frozenset({"sockmap", "sockhash"})


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
    state = _written(view, op, state)
    state = _references(view, op, helper, state)
    if helper.name == SPIN_LOCK:
        return state.with_lock(lock_key(view, op) if state.lock is None else state.lock)
    if helper.name == SPIN_UNLOCK:
        return state.with_lock(None)
    if "dynptr" in helper.name:
        state = _dynptrs(view, op, helper, state)
    return state


def lock_key(view: View, op: Call) -> Any:
    """Which lock an argument means: the value and the offset."""
    found = pointers_of(view.known(op.args[0])) if op.args else ()
    if len(found) != 1:
        return "unknown"
    return (found[0].region, found[0].offset.smin)


def _written(view: View, op: Call, state: State) -> State:
    effects = view.unit.around.effects(op.helper)
    if effects is None:
        return state
    init = state.init
    for touch in effects.writes:
        mask, sure = touched(view, op, touch)
        if sure:
            init |= mask
        if mask and state.dynptrs:
            state = state.with_dynptrs(frozenset(d for d in state.dynptrs if not mask & bits(view, d[0], d[0] + DYNPTR_BYTES)))
    for index, argument in enumerate(view.unit.around.helper(op.helper).arguments):  # type: ignore[union-attr]
        size = _map_bytes(view, op, argument.kind)
        if size is not None and index < len(op.args):
            from bpfcc.verifier.steps import frame_mask

            mask, sure = frame_mask(view, view.known(op.args[index]), 0, size)
            if sure:
                init |= mask
    return state.with_init(init) if init != state.init else state


def _map_bytes(view: View, op: Call, kind: str) -> int | None:
    """Bytes that a helper writes into a buffer for a map's value."""
    if kind != "map_value_uninit":
        return None
    found = [p.region.map for p in pointers_of(view.known(op.args[0])) if p.region.map is not None]
    return found[0].value_size if len(found) == 1 else None


def acquires(view: View, op: Call, helper: Helper) -> bool:
    """Whether the result has to be released."""
    if helper.name == "map_lookup_elem" and op.args:
        return any(p.region.map is not None and p.region.map.type in ACQUIRING_MAPS for p in pointers_of(view.known(op.args[0])))
    return helper.acquires and helper.returns not in ("integer", "void")


def released(view: View, op: Call) -> Region | None:
    """What a releasing call gives back: the first argument that has a reference."""
    for argument in op.args:
        for p in pointers_of(view.known(argument)):
            if p.region.ref is not None:
                return p.region
    return None


def _references(view: View, op: Call, helper: Helper, state: State) -> State:
    if helper.releases and "dynptr" not in helper.name:
        region = released(view, op)
        if region is not None:
            state = state.with_refs(state.may - {region.ref}, state.must - {region.ref})
    if acquires(view, op, helper):
        state = state.with_refs(state.may | {op}, state.must | {op})
    return state


def _dynptrs(view: View, op: Call, helper: Helper, state: State) -> State:
    for index, argument in enumerate(helper.arguments):
        if index >= len(op.args):
            break
        slot = dynptr_slot(view.known(op.args[index]))
        if slot is None:
            continue
        if argument.kind == "dynptr_uninit":
            ref: Op | None = op if helper.acquires else None
            state = state.with_dynptrs(frozenset(d for d in state.dynptrs if d[0] != slot) | {(slot, ref)})
            state = state.with_init(state.init | bits(view, slot, slot + DYNPTR_BYTES))
            if ref is not None:
                state = state.with_refs(state.may | {ref}, state.must | {ref})
        elif argument.kind == "dynptr" and helper.releases:
            gone = {d for d in state.dynptrs if d[0] == slot}
            refs = {d[1] for d in gone}
            state = state.with_dynptrs(state.dynptrs - gone).with_refs(state.may - refs, state.must - refs)
    return state
