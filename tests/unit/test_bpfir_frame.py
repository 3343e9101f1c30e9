"""Memory SSA of the frame: which bytes an operation touches, what may point there, and which version it sees."""

from __future__ import annotations

from bpfcc.bpfir.effects import HelperEffects, Touch
from bpfcc.bpfir.frame import ALL_BYTES, Footprints, FrameMemory, Join, Pointers, Start, Write, byte_mask
from bpfcc.bpfir.function import Function, Module
from bpfcc.bpfir.ops import Call, CallFunction, Load, Op, Store
from bpfcc.bpfir.parser import parse_module
from bpfcc.bpfir.reach import Reach

EFFECTS = {
    1: HelperEffects(2, reads=(Touch(1, size=4),)),
    2: HelperEffects(3, writes=(Touch(0, size_argument=1),)),
    3: HelperEffects(1, calls_back=True),
}


def module_of(body: str, params: str = "v0") -> Module:
    return parse_module(f"bpfir 1\nfn @f({params}) global {{\n{body}\n}}\nfn @g(v0) static {{\nb0:\n  exit 0\n}}\n")


def fn_of(body: str, params: str = "v0") -> Function:
    return module_of(body, params).entry


def reach_of(fn: Function) -> Reach:
    return Reach(Module([fn]), EFFECTS.get)


def ops(fn: Function, kind: type[Op]) -> list[Op]:
    return [op for op in fn.ops() if type(op) is kind]


def test_masks_stay_inside_the_frame() -> None:
    assert byte_mask(-1, 1) == 1 << 511
    assert byte_mask(-512, 512) == ALL_BYTES
    assert byte_mask(-4, 8) == 0b1111 << 508
    assert byte_mask(-520, 16) == 0xFF
    assert byte_mask(0, 8) == byte_mask(-600, 8) == 0


def test_frame_addresses_spread_through_arithmetic_and_joins() -> None:
    fn = fn_of(
        "b0:\n  v1 = frame -8\n  v2 = add.64 v1, v0\n  v3 = load.8 v0, 0\n  if eq.64 v0, 0 then b1(v2) else b1(v3)\nb1(v4):\n"
        "  v5 = assume v4 where ne.64 v4, 0\n  exit v5"
    )
    assert {v.id for v in Pointers(fn).values} == {1, 2, 4, 5}


def test_a_stored_frame_address_makes_every_loaded_word_suspicious() -> None:
    fn = fn_of("b0:\n  v1 = frame -8\n  v2 = frame -16\n  store.8 v1, 0, v2\n  v3 = load.8 v0, 0\n  v4 = call helper 9()\n  exit v3")
    pointers = Pointers(fn)
    assert pointers.escaped
    assert {v.id for v in pointers.values} == {1, 2, 3, 4}


def test_footprints_of_calls_come_from_what_is_known_of_them() -> None:
    module = module_of(
        "b0:\n  v1 = frame -16\n  v2 = call helper 1(v0, v1)\n  v3 = call helper 2(v1, 8, v0)\n  v4 = call helper 2(v1, v0, v0)\n"
        "  v5 = call helper 77(v1)\n  v6 = call helper 77(v0)\n  v7 = call @g(v1)\n  exit 0"
    )
    fn = module.entry
    footprints = Footprints(fn, Reach(module, EFFECTS.get))
    found = [(f.reads, f.writes) for f in map(footprints.of, [*ops(fn, Call), *ops(fn, CallFunction)])]
    assert found == [
        (byte_mask(-16, 4), 0),
        (0, byte_mask(-16, 8)),
        (0, byte_mask(-16, 16)),
        (ALL_BYTES, ALL_BYTES),
        (0, 0),
        (0, 0),
    ]


def test_what_may_call_anything_may_do_anything() -> None:
    module = module_of("b0:\n  v1 = frame -16\n  v2 = call helper 3(v1)\n  v3 = call helper 1(v0, v0)\n  v4 = call @g(v0)\n  exit 0")
    footprints = Footprints(module.entry, Reach(module, EFFECTS.get))
    (first, second), (third,) = (map(footprints.of, ops(module.entry, kind)) for kind in (Call, CallFunction))
    assert footprints.pointers.escaped
    assert (first.reads, first.writes) == (third.reads, third.writes) == (ALL_BYTES, ALL_BYTES)
    assert (second.reads, second.writes) == (ALL_BYTES, 0)


def test_a_load_sees_the_store_behind_unrelated_ones() -> None:
    fn = fn_of(
        "b0:\n  v1 = frame 0\n  store.8 v1, -8, 1\n  store.8 v1, -16, 2\n  v2 = call helper 2(v1, 0, v0)\n  store.4 v0, 0, 5\n"
        "  v3 = load.8 v1, -8\n  exit v3"
    )
    memory = FrameMemory(fn, reach_of(fn))
    version = memory.sees[ops(fn, Load)[0]]
    assert isinstance(version, Write)
    assert version.op is ops(fn, Store)[1]
    assert isinstance(version.before, Write)
    assert isinstance(version.before.before, Start)


def test_versions_join_where_paths_differ() -> None:
    fn = fn_of(
        "b0:\n  v1 = frame -8\n  store.8 v1, 0, 1\n  if eq.64 v0, 0 then b1 else b2\nb1:\n  store.8 v1, 0, 2\n  jump b2\n"
        "b2:\n  v2 = load.8 v1, 0\n  exit v2"
    )
    version = FrameMemory(fn, reach_of(fn)).sees[ops(fn, Load)[0]]
    assert isinstance(version, Join)
    assert [type(v) for v in version.incoming] == [Write, Write]
    assert version.incoming[0] is not version.incoming[1]


def test_an_access_through_an_unknown_frame_pointer_touches_everything() -> None:
    fn = fn_of("b0:\n  v1 = frame -8\n  v2 = add.64 v1, v0\n  store.1 v2, 0, 1\n  exit 0")
    footprint = Footprints(fn, reach_of(fn)).of(ops(fn, Store)[0])
    assert (footprint.reads, footprint.writes, footprint.exact) == (0, ALL_BYTES, None)
