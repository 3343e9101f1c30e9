"""Faults to put into the engine, each with a twin that shows it: with the fault, the unsafe one gets by.

    with applied("read_only_ignored"): judge(case.program(UNSAFE).ir, case.request(UNSAFE)).status         "accepted"

A function is replaced wherever the engine has it by name: in modules, and in tables of modules. Twins are below tests/twins, and
below tests/soundness/witnesses in the same form.
"""

# Faults reach into what the engine keeps to itself.
from __future__ import annotations

import importlib
import pkgutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest

import bpfcc.verifier
from bpfcc.verifier import (
    compare,
    differences,
    epochs,
    facts,
    flow,
    linear,
    pseudo,
    stack,
    steps,
    termination,
    unit,
    versions,
    view,
)
from bpfcc.verifier.checks import arguments
from bpfcc.verifier.domains import arith, bits, refine, scalar
from bpfcc.verifier.domains.number import const

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Patch = Callable[[pytest.MonkeyPatch], None]


class Fault(NamedTuple):
    """`shown_by`: twins, one of which is enough."""

    patch: Patch
    shown_by: tuple[str, ...]


def modules() -> list[Any]:
    """Every module of the engine."""
    found = pkgutil.walk_packages(bpfcc.verifier.__path__, "bpfcc.verifier.")
    return [importlib.import_module(each.name) for each in found if ".catalogue" not in each.name]


def replace(patch: pytest.MonkeyPatch, old: Any, new: Any) -> None:
    """Put `new` wherever the engine has `old` by name. LookupError where it has it nowhere."""
    places = 0
    for module in modules():
        for name, value in list(vars(module).items()):
            if value is old:
                patch.setattr(module, name, new)
                places += 1
            elif isinstance(value, dict):
                for key in [key for key, each in value.items() if each is old]:
                    patch.setitem(value, key, new)
                    places += 1
    if not places:
        raise LookupError(f"{old} is nowhere in the engine")


def operation(kind: str, made: Callable[[Any, Any], Any]) -> Patch:
    """A fault in an operation on words, and on their halves."""

    def half(a: Any, b: Any) -> Any:
        return bits.zext_half(made(bits.zext_half(a), bits.zext_half(b)))

    def both(patch: pytest.MonkeyPatch) -> None:
        patch.setitem(scalar._WORD, kind, made)  # type: ignore[arg-type]
        patch.setitem(scalar._HALF, kind, half)  # type: ignore[arg-type]

    return both


def swap(old: str, new: Any) -> Patch:
    """A fault that puts one function in the place of another, which is named by module."""

    def put(patch: pytest.MonkeyPatch) -> None:
        module, _, name = old.rpartition(".")
        replace(patch, getattr(importlib.import_module(f"bpfcc.verifier.{module}"), name), new)

    return put


def method(owner: Any, name: str, make: Callable[[Any], Any]) -> Patch:
    """A fault in a method: `make` is given the true one."""
    return lambda patch: patch.setattr(owner, name, make(getattr(owner, name)))


def entry(table: Any, key: Any, value: Any) -> Patch:
    """A fault in a table."""
    return lambda patch: patch.setitem(table, key, value)


def entries(table: Any, found: dict[Any, Any]) -> Patch:
    """The same with several rows."""
    return lambda patch: [patch.setitem(table, key, value) for key, value in found.items()][-1]


def nothing(*_: Any, **__: Any) -> None:
    """A check that finds nothing."""


def first(a: Any, *_: Any, **__: Any) -> Any:
    """An operation that ignores all but its first operand."""
    return a


def _state(view_: Any, *_: Any) -> Any:
    return view_.state


def _unsigned_order(patch: pytest.MonkeyPatch) -> None:
    for table in (refine._WORD, refine._HALF):
        for kind in ("lt", "le", "gt", "ge"):
            patch.setitem(table, f"s{kind}", table[f"u{kind}"])  # type: ignore[index]


def _null_is_kept_out(patch: pytest.MonkeyPatch) -> None:
    def made(region: Any, offset: Any = facts.ZERO, **_: Any) -> Any:
        return facts.Fact(None, (facts.Ptr(region, offset),))

    replace(patch, facts.pointer, made)


def _larger_value(true: Any) -> Any:
    def map_value(self: Any, site: Any, spec: Any) -> Any:
        region = true(self, site, spec)
        region.size = spec.value_size + 8
        return region

    return map_value


def _writable(true: Any) -> Any:
    def region(self: Any, key: Any, kind: str, name: str, size: int = 0, **more: Any) -> Any:
        return true(self, key, kind, name, size, **{**more, "read_only": False})

    return region


def _one_byte_more(true: Any) -> Any:
    return lambda self, wanted: true(self, linear.Sum(wanted.terms, wanted.constant + 1))


def _no_wrap(_true: Any) -> Any:
    def careless(self: Any, _op: Any, lhs: Any, rhs: Any, sign: int) -> tuple[int, int]:
        num = facts.number_of(self.facts.known(rhs))
        span = (num.smin, num.smax) if num is not None else (0, 0)
        seen = self._seen(lhs)
        return (seen[0] + span[0], seen[1] + span[1]) if sign > 0 else (seen[0] - span[1], seen[1] - span[0])

    return careless


def _counting_without_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(differences.Differences, "_sum", _no_wrap(None))
    patch.setattr(differences.Differences, "by_facts", lambda _self, _operand: (-(1 << 100), 1 << 100))


def _join_with(**chosen: Callable[[Any, Any], Any]) -> Patch:
    """A fault in what is left where paths meet: parts of the state chosen otherwise."""

    def join(a: Any, b: Any) -> Any:
        parts = {name: getattr(JOIN(a, b), name) for name in flow.State.__slots__}
        parts |= {name: choose(getattr(a, name), getattr(b, name)) for name, choose in chosen.items()}
        made = flow.State(**parts)
        return a if made.same(a) else made

    return swap("flow.join", join)


def _always_frame(true: Any) -> Any:
    def entered(view_: Any, op: Any) -> Any:
        return view_.state if op.helper == pseudo.ENTER_FRAME else true(view_, op)

    return entered


def _mask_is_less(a: Any, b: Any) -> Any:
    return scalar.urange(0, b.umax >> 1) if b.is_const() else bits.and_(a, b)


def _keeping(true: Any) -> Patch:
    def renamed(view_: Any, source: Any, edge: Any, lower: Any, **more: Any) -> Any:
        return {**true(view_, source, edge, lower, **more), **lower}

    return swap("steps._renamed", renamed)


def _only_plain_stores(unit_: Any, op: Any, cell: Any, known: Any) -> Any:
    base = getattr(op, "base", None)
    return base is not None and stack.frame_cell(known(base), op.offset, 8) is not None and MAY_WRITE(unit_, op, cell, known)


def _without_writes(true: Any) -> Any:
    def effects(self: Any, number: int, /) -> Any:
        found = true(self, number)
        return None if found is None else found._replace(writes=())

    return effects


def _any_size(patch: pytest.MonkeyPatch) -> None:
    for kind in ("size", "size_or_zero"):
        patch.setitem(arguments.ARGUMENTS, kind, nothing)


def _remainder_is_less(a: Any, b: Any) -> Any:
    return scalar.urange(0, max(b.umax - 2, 0)) if b.is_const() else arith.mod(a, b)


def _product_does_not_overflow(a: Any, b: Any) -> Any:
    return scalar.urange(0, min(a.umax, 63)) if b.is_const() else arith.mul(a, b)


def _decided(kind: Any, width: int, a: Any, b: Any) -> Any:
    found = DECIDE(kind, width, a, b)
    return False if found is None and kind == "eq" else found


JOIN: Final = flow.join
DECIDE: Final = compare.decide
MAY_WRITE: Final = stack.op_may_write
PSEUDO_STATE: Final = pseudo.after_pseudo

FAULTS: Final[dict[str, Fault]] = {
    # ---- numbers
    "add_ignores_its_operand": Fault(operation("add", first), ("stack_bounds/08_one_path", "stack_bounds/12_half_compare")),
    "and_is_less_than_it_is": Fault(operation("and", _mask_is_less), ("stack_bounds/03_mask",)),
    "mod_is_less_than_it_is": Fault(operation("mod", _remainder_is_less), ("witnesses/01_remainder",)),
    "mul_does_not_overflow": Fault(operation("mul", _product_does_not_overflow), ("map_value_bounds/14_top_bits",)),
    "lsh_ignored": Fault(operation("lsh", first), ("map_value_bounds/15_arithmetic_shift", "map_value_bounds/03_wrong_operator")),
    "arsh_is_rsh": Fault(operation("arsh", bits.rsh), ("map_value_bounds/15_arithmetic_shift",)),
    "sext_is_zext": Fault(swap("domains.bits.sext", bits.zext), ("witnesses/02_sign_extended",)),
    "cast_does_not_truncate": Fault(swap("domains.bits.zext", lambda _bits, _width, a: a), ("witnesses/09_borrow_cut_off",)),
    "signed_order_is_unsigned": Fault(_unsigned_order, ("map_value_bounds/21_beside_a_far_address", "map_value_bounds/04_signed_index")),
    "half_compare_says_the_word": Fault(
        entries(refine._HALF, dict(refine._WORD)), ("map_value_bounds/04_signed_index", "stack_bounds/12_half_compare")
    ),
    "not_above_is_below": Fault(
        entry(refine._WORD, "ule", refine._ult), ("map_value_bounds/17_more_on_one_path", "map_value_bounds/21_beside_a_far_address")
    ),
    "join_is_its_first": Fault(
        swap("domains.lattice.join", first), ("map_value_bounds/17_more_on_one_path", "map_value_bounds/18_computed_again")
    ),
    "widening_dropped": Fault(swap("facts.widen", first), ("stack_bounds/06_copy_loop", "map_value_bounds/21_beside_a_far_address")),
    # ---- values and addresses
    "one_way_of_a_join": Fault(swap("domains.lattice.join", first), ("stack_bounds/15_correlated", "stack_bounds/06_copy_loop")),
    "join_of_facts_is_its_first": Fault(swap("facts.join", first), ("init_register/01_one_path", "init_register/06_correlated")),
    "nothing_is_null": Fault(_null_is_kept_out, ("null/03_inverted_check", "null/06_correlated")),
    "unwritten_register_is_zero": Fault(
        swap("transfer._undef", lambda *_: const(0)), ("init_register/01_one_path", "init_register/02_result_not_set")
    ),
    "undecided_is_decided": Fault(
        swap("compare.decide", _decided), ("packet_bounds/26_check_before_the_join", "map_value_bounds/19_the_other_was_tested")
    ),
    "value_of_a_map_is_longer": Fault(
        method(unit.Unit, "map_value", _larger_value), ("map_value_bounds/17_more_on_one_path", "map_value_bounds/21_beside_a_far_address")
    ),
    "read_only_ignored": Fault(method(unit.Unit, "region", _writable), ("read_only/04_counted_atomically", "read_only/08_one_of_two")),
    "epoch_never_changes": Fault(
        method(epochs.Epochs, "_number", lambda _: nothing), ("stale_pointer/08_spilled", "stale_pointer/09_old_end")
    ),
    # ---- order
    "order_is_strict": Fault(
        entries(steps.ORDERS, {k: (1, s) for k, (_, s) in steps.ORDERS.items()}),
        ("packet_bounds/01_constant_offset", "packet_bounds/03_offset_one_short"),
    ),
    "one_byte_more": Fault(
        method(view.View, "at_least_zero", _one_byte_more), ("packet_bounds/28_at_the_end", "packet_bounds/01_constant_offset")
    ),
    "truncation_changes_nothing": Fault(method(linear.Linear, "_small", lambda _: lambda *_a: True), ("witnesses/04_low_half",)),
    "half_sums_are_exact": Fault(method(linear.Linear, "_exact32", lambda _: lambda *_a: True), ("witnesses/05_half_sum",)),
    "memory_never_changes": Fault(
        method(versions.Versions, "_may_write", lambda _: lambda *_a: False), ("packet_bounds/15_offset_read_twice",)
    ),
    "order_of_one_way_is_kept": Fault(
        _join_with(lower=lambda a, b: {**b, **a}), ("packet_bounds/14_correlated_flag", "packet_bounds/30_moved_in_a_loop")
    ),
    "old_names_are_kept": Fault(_keeping(steps._renamed), ("witnesses/06_old_name",)),
    # ---- places
    "frame_is_written_already": Fault(swap("pseudo.after_pseudo", _always_frame(PSEUDO_STATE)), ("witnesses/03_frame_of_another_call",)),
    "written_on_one_way": Fault(_join_with(init=lambda a, b: a | b), ("init_stack/06_one_path", "init_stack/07_correlated")),
    "reference_of_one_way_is_forgotten": Fault(
        _join_with(may=lambda a, b: a & b), ("references/01_one_path_forgets", "references/06_one_in_each_round")
    ),
    "released_twice": Fault(
        swap("checks.calls._check_release", nothing), ("references/18_one_of_two_is_submitted", "references/02_submitted_twice")
    ),
    "rounds_hold_one_reference": Fault(swap("steps._older_refs", lambda _u, _h, state: state), ("references/06_one_in_each_round",)),
    "lock_of_one_way_is_forgotten": Fault(
        _join_with(lock=lambda a, b: None if a is None or b is None else a),
        ("spin_lock/01_left_with_the_lock", "spin_lock/10_next_round_locks_again"),
    ),
    "calls_under_a_lock": Fault(
        swap("checks.calls._check_places", nothing), ("spin_lock/02_unlocked_only", "spin_lock/03_helper_under_the_lock")
    ),
    "held_at_the_end": Fault(
        swap("checks.sections.check_held_nothing", nothing), ("references/01_one_path_forgets", "references/06_one_in_each_round")
    ),
    "address_of_a_frame_returned": Fault(swap("pseudo._check_leave", nothing), ("callbacks/01_neither_goes_on_nor_stops",)),
    # ---- obligations
    "size_of_a_helper_ignored": Fault(
        swap("checks.arguments._sized_memory", nothing),
        ("helper_memory_args/01_one_byte_too_many", "helper_memory_args/04_bound_off_by_one"),
    ),
    "size_may_be_negative": Fault(_any_size, ("helper_memory_args/21_warned_on_one_path", "helper_memory_args/06_signed_length")),
    "context_may_be_written": Fault(swap("checks.context._check_field", nothing), ("context/01_past_the_end", "context/04_wide_read")),
    "alignment_ignored": Fault(swap("checks.access._unaligned", lambda *_: False), ("alignment/01_frame", "alignment/02_frame_word")),
    "any_helper": Fault(
        swap("checks.calls._allowed", lambda *_: True), ("allowed_for_type/01_skb_helper_in_xdp", "allowed_for_type/02_xdp_helper_in_tc")
    ),
    "any_map": Fault(
        swap("checks.arguments._check_map_type", nothing),
        ("map_type_args/01_tail_call_into_hash", "map_type_args/02_redirect_through_array"),
    ),
    "return_range_ignored": Fault(
        swap("checks.exits.check_result", nothing), ("return_range/01_neither_drop_nor_allow", "return_range/02_more_than_congestion")
    ),
    "leaks_ignored": Fault(
        swap("checks.stores.check_stored", nothing), ("pointer_leak/01_frame_into_a_map", "pointer_leak/05_value_into_another")
    ),
    "any_arithmetic": Fault(
        swap("checks.arithmetic.check_alu", nothing), ("pointer_arithmetic/01_sum_of_pointers", "div_zero/02_remainder")
    ),
    # ---- loops, and memory by way of the frame
    "counters_do_not_wrap": Fault(_counting_without_end, ("termination/02_not_equal", "termination/03_downwards")),
    "every_loop_ends": Fault(
        method(termination.Termination, "_bound", lambda _: lambda *_a: 1), ("termination/01_counted", "termination/02_not_equal")
    ),
    "helpers_write_nothing": Fault(method(unit.Surroundings, "effects", _without_writes), ("witnesses/07_helper_wrote",)),
    "stores_are_not_seen": Fault(swap("stack.op_may_write", _only_plain_stores), ("witnesses/08_stored_elsewhere",)),
}


@contextmanager
def applied(name: str) -> Iterator[None]:
    """The engine with that fault."""
    with pytest.MonkeyPatch.context() as patch:
        FAULTS[name].patch(patch)
        yield
