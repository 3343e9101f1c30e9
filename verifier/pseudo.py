"""Pseudo helpers: what the judged form says with a `call` that no program can make, as their numbers are negative.

    v9 = call helper -1(v8)          ENTER_FRAME: the frame at v8 begins, nothing in it is written
    v5 = call helper -2(v1, 164, 2)  FRESH: what for_each_map_elem gives its callback as argument 2, for the map v1

Helpers whose callback was put beside them are calls of `EXPANDED - number`, which do everything but call back; calls of a global
function are calls of `GLOBAL - index`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bpfcc.bpfir.effects import UNKNOWN_CALL, HelperEffects, Touch
from bpfcc.errors import InternalError
from bpfcc.verifier.checks.problem import Problem, Problems
from bpfcc.verifier.domains import scalar as sc
from bpfcc.verifier.facts import TOP, Fact, join, number_of, pointer, pointers_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpfcc.bpfir.ops import Call, Operand
    from bpfcc.runtime.specs.model import Callback
    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.flow import State
    from bpfcc.verifier.unit import Surroundings, Unit
    from bpfcc.verifier.view import View

    Known = Callable[[Operand], Scalar | Fact]

ENTER_FRAME: Final = -1
# (map handle or 0, number of the helper (kernel functions: -1 - number of the extern), index of the callback's argument)
FRESH: Final = -2
# (value returned[, lowest, highest allowed]): a function that was put in the place of its call returns.
LEAVE: Final = -3
# A number that nothing is known of: whether a tail call succeeds, whether there is another element.
CHOICE: Final = -4
# The packet may have moved.
MOVED: Final = -5
GLOBAL: Final = -(1 << 16)
EXPANDED: Final = -(1 << 33)
FRAME_BYTES: Final = 512
WORD: Final = 1 << 64

_EFFECTS: Final = {
    ENTER_FRAME: HelperEffects(1, writes=(Touch(0, FRAME_BYTES),)),
    FRESH: HelperEffects(3),
    LEAVE: HelperEffects(3),
    CHOICE: HelperEffects(0),
    MOVED: HelperEffects(0, moves_packet=True),
}


def real_number(number: int) -> int:
    """The helper that a call means, one whose callback was put beside it included."""
    return EXPANDED - number if number <= EXPANDED else number


def is_pseudo(number: int) -> bool:
    """Whether no helper of the platform is meant."""
    return EXPANDED < number < 0


def effects_of(around: Surroundings, number: int) -> HelperEffects | None:
    """What a call of a negative number does to memory."""
    if number <= EXPANDED:
        found = around.effects(EXPANDED - number)
        return found._replace(calls_back=False) if found is not None else None
    if number <= GLOBAL:
        return _effects_of_function(around, GLOBAL - number)
    return _EFFECTS.get(number, UNKNOWN_CALL)


def _effects_of_function(around: Surroundings, index: int) -> HelperEffects:
    """A global function may read and write the memory that its prototype names, and no other."""
    from bpfcc.verifier.globals import prototype_of

    fn = around.module.functions[index]
    prototype = prototype_of(around, fn)
    if prototype is None:
        return UNKNOWN_CALL
    touches = tuple(
        Touch(at, parameter.size or None) for at, parameter in enumerate(prototype.parameters) if parameter.kind not in ("number", "ctx")
    )
    return HelperEffects(len(fn.params), touches, touches, around.graph.moves_packet(fn.name))


def moves_packet(around: Surroundings, number: int) -> bool:
    """Whether packet pointers are stale after a call of a negative number."""
    found = effects_of(around, number)
    return found is None or found.moves_packet


# ---- results ----------------------------------------------------------------------------------------------------------


def pseudo_result(unit: Unit, op: Call, known: Known) -> Scalar | Fact:
    """What a pseudo helper returns."""
    from bpfcc.verifier.handles import slice_ref

    if op.helper != FRESH or len(op.args) < 3:
        return TOP
    callback = _callback(unit.around, op.args[1])
    index = op.args[2]
    if callback is None or not isinstance(index, int) or index >= len(callback.arguments):
        return TOP
    kind, _, name = callback.arguments[index].partition(":")
    if kind == "btf":
        types = unit.around.request.kernel_types
        found = types.named(name) if types is not None else None
        return pointer(unit.object(op, "btf", f"struct {name}", type=found, ref=slice_ref(op)))
    if kind == "dynptr":
        return pointer(unit.region((op, "dynptr"), "dynptr", "the dynptr", site=op, ref=slice_ref(op)))
    if kind in ("map_key", "map_value"):
        return _of_map(unit, op, kind, known)
    return TOP


def _callback(around: Surroundings, number: Operand) -> Callback | None:
    if not isinstance(number, int):
        return None
    number = number - WORD if number >> 63 else number
    if number >= 0:
        helper = around.helper(number)
        return helper.callback if helper is not None else None
    kfunc = around.platform.kfuncs.by_name.get(around.module.externs[-1 - number].name)
    return kfunc.callback if kfunc is not None else None


def _of_map(unit: Unit, op: Call, kind: str, known: Known) -> Scalar | Fact:
    found: Scalar | Fact | None = None
    for p in pointers_of(known(op.args[0])):
        spec = p.region.map
        if p.region.kind != "map" or spec is None:
            continue
        if kind == "map_value":
            one = pointer(unit.map_value(op, spec))
        else:
            one = pointer(unit.memory((op, "key", id(spec)), f"a key of map {spec.name}", spec.key_size, read_only=True))
        found = one if found is None else join(found, one)
    return found if found is not None else TOP


# ---- states -----------------------------------------------------------------------------------------------------------


def after_pseudo(view: View, op: Call) -> State:
    """The state after a pseudo helper."""
    from bpfcc.verifier.handles import frame_left, lent_by, of_callback, overwritten, packet_moved, slice_ref, taken_back
    from bpfcc.verifier.steps import aliased, frame_mask, touched

    state = view.state
    if op.helper == ENTER_FRAME:
        mask, _ = frame_mask(view, view.known(op.args[0]), 0, FRAME_BYTES)
        return overwritten(view, state.with_init(state.init & ~mask), mask)
    if op.helper == FRESH:
        return lent_by(state, of_callback(view.unit.chain_of(op)), slice_ref(op)) if _is_lent(view, op) else state
    if op.helper == LEAVE:
        chain = view.unit.chain_of(op)
        state = taken_back(state, of_callback(chain[:-1])) if len(op.args) > 1 else state
        return frame_left(view, state, chain)
    if op.helper == MOVED:
        # What the function holds when it makes a tail call is reported there.
        gone = _acquired_in(view, view.unit.chain_of(op))
        return packet_moved(state).with_refs(state.may - gone, state.must - gone)
    if op.helper <= GLOBAL:
        effects = view.unit.around.effects(op.helper)
        if effects is None or effects.moves_packet:
            state = packet_moved(state)
        for touch in effects.writes if effects is not None and state.dynptrs else ():
            state = overwritten(view, aliased(view, state, view.known(op.args[touch.argument])), touched(view, op, touch)[0])
    return state


def _is_lent(view: View, op: Call) -> bool:
    """Whether a callback is given something that is there only until it returns."""
    return any(p.region.kind in ("btf", "dynptr") for p in pointers_of(view.known(op.result)))


# ---- checks -----------------------------------------------------------------------------------------------------------


def check_pseudo(view: View, op: Call, problems: Problems) -> None:
    """What must hold at a pseudo helper."""
    if op.helper == LEAVE:
        _check_leave(view, op, problems)
    elif op.helper <= GLOBAL:
        from bpfcc.verifier.globals import check_global_call

        check_global_call(view, op, view.unit.module.functions[GLOBAL - op.helper], problems)


def _check_leave(view: View, op: Call, problems: Problems) -> None:
    chain = view.unit.chain_of(op)
    value = view.known(op.args[0])
    is_callback = len(op.args) > 1
    for p in pointers_of(value):
        if p.region.kind == "frame" and len(p.region.type) >= len(chain):
            problems.append(Problem("V010", "the function returns an address in its own frame, which is gone then", role="value"))
            return
    if is_callback:
        _check_callback_result(value, op, problems)
        _check_references(view, chain, problems)


def _check_callback_result(value: Scalar | Fact, op: Call, problems: Problems) -> None:
    low, high = (_signed(bound) for bound in op.args[1:3])
    num = number_of(value)
    if type(value) is Fact and value.undef:
        problems.append(Problem("V001", "the callback returns, and on some path no value was given", role="value"))
    elif pointers_of(value) or num is None:
        problems.append(Problem("V050", "the callback returns an address", required=_range(low, high), role="value"))
    elif not (low <= num.smin and num.smax <= high):
        known = f"{{value}} is in [{num.smin}, {num.smax}]"
        problems.append(
            Problem("V050", "the callback may return a value out of range", required=_range(low, high), known=known, role="value")
        )


def _signed(bound: Operand) -> int:
    if not isinstance(bound, int):
        raise InternalError("the bounds of a callback's result are constants")
    return bound - WORD if bound >> 63 else bound


def _range(low: int, high: int) -> str:
    return f"a value from {low} to {high}" if low != high else str(low)


def _check_references(view: View, chain: tuple[int, ...], problems: Problems) -> None:
    """What was acquired in the callback is released in it."""
    if _acquired_in(view, chain):
        problems.append(Problem("V040", "a reference that the callback acquired is not released on some path to this end"))


def _acquired_in(view: View, chain: tuple[int, ...]) -> frozenset[object]:
    """References that are held and that the activation, or what it called, acquired."""
    unit = view.unit
    found: list[object] = []
    for ref in view.state.may:
        site = ref
        while isinstance(site, tuple) and site and site[0] == "older":
            site = site[1]
        if site in unit.block_of and unit.chain_of(site)[: len(chain)] == chain:
            found.append(ref)
    return frozenset(found)


def constant(number: int) -> int:
    """A number as an operand."""
    return number & (WORD - 1)


__all__ = [
    "CHOICE", "ENTER_FRAME", "EXPANDED", "FRESH", "GLOBAL", "LEAVE", "MOVED", "after_pseudo", "check_pseudo", "constant", "effects_of",
    "is_pseudo", "moves_packet", "pseudo_result", "real_number", "sc",
]  # fmt: skip
