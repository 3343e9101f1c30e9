"""What the kernel keeps in a program's frame: dynptrs, iterators, and memory that is lent as long as they are there.

    dynptr_from_mem(…, r10 - 16)        Handle(-16, None, "local", 16)
    v5 = dynptr_data(r10 - 16, 0, 4)    Lent(-16, ("slice", op))
    store.8 r10, -8, 0                  the dynptr is spoilt, and with it what was lent: Gone(("slice", op))

    v7 = bpf_iter_task_next(r10 - 24)   Lent("rcu", ("slice", op)): until bpf_rcu_read_unlock
    v9 = FRESH(…)                       Lent(("callback", …), ("slice", op)): what a callback is given, until it returns

`State.dynptrs` is a set of handles; where paths meet, those of both are left. What was lent and what is gone is noted in `State.may`,
where what one path knows is enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bpfcc.verifier.facts import number_of, pointers_of
from bpfcc.verifier.stack import buffers_of, frame_cell

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpfcc.bpfir.ops import Call, CallExtern, Op
    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.facts import Fact
    from bpfcc.verifier.flow import State
    from bpfcc.verifier.view import View

DYNPTR_BYTES: Final = 16
SLICE: Final = "slice"
# Dynptrs whose memory is the packet: what they lend is gone when the packet moves.
OF_PACKETS: Final = frozenset({"skb", "xdp", "skb_meta"})
# Iterators are of kind `iter:num`, `iter:task` …
ITERATOR: Final = "iter:"
# Who lends what RCU keeps.
RCU: Final = "rcu"


class Handle(NamedTuple):
    """`size` bytes of the frame at `offset` from the outermost r10. `ref`: what has to be released, or None."""

    offset: int
    ref: Any
    kind: str
    size: int = DYNPTR_BYTES


class Lent(NamedTuple):
    """What is known by `ref` was lent by the handle at `slot`, or by another keeper; `packet`: it is the packet's."""

    slot: Any
    ref: Any
    packet: bool = False


class Gone(NamedTuple):
    """Memory that was lent is not there any more."""

    ref: Any


NOTES: Final = (Lent, Gone)


def slice_ref(op: Op) -> tuple[str, Op]:
    """What a slice is known by: the call that lent it."""
    return (SLICE, op)


def borrowed(ref: Any) -> Any:
    """What is known by this was found in what was acquired, and kept by that."""
    return ("older", borrowed(ref[1])) if isinstance(ref, tuple) and ref[0] == "older" else (SLICE, ref)


def is_slice(ref: Any) -> bool:
    """Whether a region's reference is of something lent, which nobody releases for itself."""
    while isinstance(ref, tuple) and ref[0] == "older":
        ref = ref[1]
    return isinstance(ref, tuple) and ref[0] == SLICE


def slot_of(fact: Scalar | Fact, size: int = DYNPTR_BYTES) -> int | None:
    """Where in the frame a handle lies, if the value is the address of just one place there."""
    cell = frame_cell(fact, 0, size)
    return cell[0] if cell is not None and number_of(fact) is None and len(pointers_of(fact)) == 1 else None


def handle_at(state: State, slot: int | None) -> Handle | None:
    """What lies at that place on every path."""
    return next((h for h in state.dynptrs if h.offset == slot), None)


def overlapping(view: View, state: State, mask: int) -> frozenset[Handle]:
    """Handles that have bytes of `mask`."""
    from bpfcc.verifier.steps import bits

    return frozenset(h for h in state.dynptrs if mask & bits(view, h.offset, h.offset + h.size))


def overwritten(view: View, state: State, mask: int) -> State:
    """The state after something else was written there. What had to be released still has to be."""
    gone = overlapping(view, state, mask)
    if not gone:
        return state
    return _taken_back(state.with_dynptrs(state.dynptrs - gone), {h.offset for h in gone})


def _taken_back(state: State, slots: set[Any]) -> State:
    lent = {note for note in state.may if isinstance(note, Lent) and note.slot in slots}
    return _gone(state, lent)


def _gone(state: State, lent: set[Lent]) -> State:
    return state.with_refs(state.may - lent | {Gone(note.ref) for note in lent}, state.must) if lent else state


def begin(view: View, state: State, handle: Handle) -> State:
    """A handle is made."""
    from bpfcc.verifier.steps import bits

    mask = bits(view, handle.offset, handle.offset + handle.size)
    state = _taken_back(overwritten(view, state, mask), {handle.offset})
    state = state.with_dynptrs(state.dynptrs | {handle}).with_init(state.init | mask)
    return hold(state, handle.ref) if handle.ref is not None else state


def end(state: State, handle: Handle) -> State:
    """A handle is released, with its clones and with what they lent."""
    gone = {h for h in state.dynptrs if h.offset == handle.offset or (handle.ref is not None and h.ref == handle.ref)}
    return _taken_back(let_go(state.with_dynptrs(state.dynptrs - gone), handle.ref), {h.offset for h in gone})


def lend(state: State, handle: Handle, op: Op) -> State:
    """A part of what the handle stands for is lent, as the result of `op`."""
    ref = slice_ref(op)
    return state.with_refs(state.may - {Gone(ref)} | {Lent(handle.offset, ref, handle.kind in OF_PACKETS)}, state.must)


def lend_of_lent(view: View, state: State, op: Call | CallExtern, index: int) -> State:
    """A part is lent of what a dynptr stands for that a callback was given: it is there as long as that is."""
    for p in pointers_of(view.known(op.args[index])):
        keepers = {note.slot for note in state.may if isinstance(note, Lent) and note.ref == p.region.ref}
        for keeper in keepers if p.region.kind == "dynptr" else ():
            state = lent_by(state, keeper, slice_ref(op))
    return state


def lent_by(state: State, keeper: Any, ref: Any) -> State:
    """Something is lent that is no part of a handle."""
    return state.with_refs(state.may - {Gone(ref)} | {Lent(keeper, ref)}, state.must)


def taken_back(state: State, keeper: Any) -> State:
    """The keeper does not keep any more what it lent."""
    return _taken_back(state, {keeper})


def of_callback(chain: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
    """The keeper of what is given to callbacks that are called by an activation."""
    return ("callback", chain)


def packet_moved(state: State) -> State:
    """What was lent of the packet is gone."""
    return _gone(state, {note for note in state.may if isinstance(note, Lent) and note.packet})


def frame_left(view: View, state: State, chain: tuple[int, ...]) -> State:
    """What was lent out of a buffer in the frame of an activation is gone with that."""
    lent = {note for note in state.may if isinstance(note, Lent) and _in_frame(view, note.ref, len(chain))}
    return _gone(state, lent)


def _in_frame(view: View, ref: Any, depth: int) -> bool:
    while ref[0] == "older":
        ref = ref[1]
    return any(len(frame.type) >= depth for frame, _, _ in buffers_of(view.unit, ref[1], view.known))


def is_lent(state: State, ref: Any) -> bool:
    """Whether that slice may still be used."""
    return is_slice(ref) and Gone(ref) not in state.may


def owed(state: State) -> list[Any]:
    """What has to be released on some path."""
    return [ref for ref in state.may if not isinstance(ref, NOTES)]


def older(state: State, in_loop: Callable[[Op], bool]) -> State:
    """The state in the next round of a loop: what this round acquired and was lent has another name there."""
    may = frozenset(_older(ref, in_loop) for ref in state.may)
    if may == state.may:
        return state
    dynptrs = frozenset(h._replace(ref=_older(h.ref, in_loop)) for h in state.dynptrs)
    return state.with_refs(may, frozenset(_older(ref, in_loop) for ref in state.must)).with_dynptrs(dynptrs)


def _older(ref: Any, in_loop: Callable[[Op], bool]) -> Any:
    if isinstance(ref, NOTES):
        return ref._replace(ref=_older(ref.ref, in_loop))
    if ref is None or (isinstance(ref, tuple) and ref[0] == "older"):
        return ref
    site = ref[1] if isinstance(ref, tuple) else ref
    return ("older", ref) if in_loop(site) else ref


def hold(state: State, *refs: Any) -> State:
    """References are held from here on."""
    gone = {Gone(borrowed(ref)) for ref in refs} & state.may
    state = state.with_refs(state.may - gone, state.must) if gone else state
    return state.with_refs(state.may | set(refs), state.must | set(refs))


def given_back(state: State, *refs: Any) -> State:
    """Kernel objects may have been released: what was found in them may be gone."""
    return state.with_refs(state.may | {Gone(borrowed(ref)) for ref in refs}, state.must)


def let_go(state: State, *refs: Any) -> State:
    """References are not held any more."""
    return state.with_refs(state.may - set(refs), state.must - set(refs))
