"""Maps as programs of the interpreter reach them: lookups without the helper, global data."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import CFUNCTYPE, c_uint32, c_uint64, c_void_p

import pytest

from bpfcc.backends.base import Environment, MapBinding
from bpfcc.backends.interp import Interpreter
from bpfcc.backends.interp import Interpreter as InterpreterBackEnd
from bpfcc.backends.llvm.lower import lower
from bpfcc.bpfir.function import Module
from bpfcc.bpfir.module import MapSpec
from bpfcc.bpfir.parser import parse_module
from bpfcc.errors import InternalError, Trap
from bpfcc.runtime.maps import Map, create_map
from tests.back_ends import each_back_end
from tests.interp_harness import NativeMemory, helper_address

back_end = each_back_end(__name__, "tests.interp_harness")
HELPER = CFUNCTYPE(c_uint64, c_uint64, c_uint64, c_uint64, c_uint64, c_uint64, c_void_p)


@contextmanager
def with_map(spec: MapSpec) -> Iterator[tuple[Map, NativeMemory, MapBinding]]:
    """A map bound to a fresh state."""
    with create_map(spec) as made, NativeMemory(user=bytes(8)) as memory:
        number = c_uint32()
        assert memory.library.bpfcc_state_add_map(memory.state, made.handle, 0, ctypes.byref(number)) == 0
        base = memory.library.bpfcc_state_map_base(memory.state, number.value)
        host = memory.library.bpfcc_state_map_host(memory.state, number.value)
        yield made, memory, MapBinding(number.value, base, host or 0, made.handle)


def lookup_module(spec: MapSpec, key: int, *, dynamic: bool) -> Module:
    """Looks `key` up and adds one to the value found; 0xdead where there is none."""
    pointer = "v9 = add.64 v3, v1 #2\n  v10 = sub.64 v9, v1 #2" if dynamic else "v10 = add.64 v3, 0 #2"
    text = f"""bpfir 1
fn @main(v0, v1) global {{
b0:
  v2 = map 0 #0
  v3 = frame -8 #1
  {pointer}
  store.{spec.key_size} v3, 0, {key} #3
  v4 = call helper 1(v2, v10) #4
  if eq.64 v4, 0 then b1() else b2() #5
b1:
  exit 57005 #6
b2:
  v5 = load.8 v4, 0 #7
  v6 = add.64 v5, 1 #8
  store.8 v4, 0, v6 #9
  exit v6 #10
}}
"""
    module = parse_module(text)
    module.maps = (spec,)
    module.type = "raw"
    return module


@pytest.mark.parametrize("dynamic", [False, True])
@pytest.mark.parametrize(
    "spec",
    [MapSpec("a", "array", 4, 12, 5), MapSpec("h", "hash", 4, 16, 5), MapSpec("h", "lru_hash", 8, 8, 5), MapSpec("a", "array", 4, 8, 5)],
    ids=lambda s: f"{s.type}{s.key_size}",
)
def test_lookups_find_what_is_there(spec: MapSpec, dynamic: bool) -> None:
    with with_map(spec) as (made, memory, binding):
        made[3] = (41).to_bytes(spec.value_size, "little")
        environment = Environment(maps=[binding], helper_address=helper_address)
        for key, expected in ((3, 42), (3, 43), (5, 0xDEAD), (1 << 31, 0xDEAD)):
            exe = Interpreter().compile(lookup_module(spec, key, dynamic=dynamic), environment)
            with exe.bind(memory) as bound:
                assert bound.run().return_value == expected
        left = made[3]
        assert (left if isinstance(left, int) else int.from_bytes(left, "little")) == 43


@pytest.mark.parametrize("index", range(5))
def test_values_are_where_the_map_says(back_end: str, index: int) -> None:
    # Values of 12 bytes: further apart than they are long.
    spec = MapSpec("a", "array", 4, 12, 5)
    with with_map(spec) as (made, memory, binding):
        environment = Environment(maps=[binding], helper_address=helper_address, checked=False)
        memory.run.checked = 0
        exe = Interpreter().compile(lookup_module(spec, index, dynamic=False), environment)
        with exe.bind(memory) as bound:
            bound.run()
        stored = [int.from_bytes(made.read_bytes(key.to_bytes(4, "little"))[:8], "little") for key in range(5)]
        assert stored == [int(key == index) for key in range(5)], back_end


def asks_the_helper(back_end: str, environment: Environment) -> bool:
    """Whether a lookup in an array that is known calls the helper."""
    module = lookup_module(MapSpec("a", "array", 4, 8, 5), 1, dynamic=False)
    if back_end == "interp":
        return "map_index_f" not in InterpreterBackEnd().compile(module, environment).lowered.names()
    return any(slot.kind == "helper" for slot in lower(module, environment).table.slots)


def test_known_lookups_do_without_the_helper(back_end: str) -> None:
    with with_map(MapSpec("a", "array", 4, 8, 5)) as (_, _memory, binding):
        assert not asks_the_helper(back_end, Environment(maps=[binding], helper_address=helper_address, checked=False))
        own = HELPER(lambda *_: 0)
        address = ctypes.cast(own, c_void_p).value or 0
        environment = Environment(maps=[binding], helper_address=lambda _: address, checked=False)
        assert asks_the_helper(back_end, environment), "a helper of the caller's own is called"


@pytest.mark.parametrize("at", [0, 8])
def test_global_data_is_reached_and_nothing_beside_it(at: int) -> None:
    spec = MapSpec(".data", "array", 4, 12, 1)
    text = (
        f"bpfir 1\nfn @main(v0) global {{\nb0:\n  v1 = map_value 0, 0 #0\n  v2 = load.4 v1, {at} #2\n"
        f"  v3 = load.8 v1, {at} #3\n  exit v2 #4\n}}\n"
    )
    with with_map(spec) as (made, memory, binding):
        made[0] = bytes(range(1, 13))
        module = parse_module(text)
        module.maps = (spec,)
        module.type = "raw"
        exe = Interpreter().compile(module, Environment(maps=[binding]))
        with exe.bind(memory) as bound:
            if at == 0:
                assert bound.run().return_value == 0x04030201
            else:
                with pytest.raises(Trap, match="8 bytes"):
                    bound.run()


def test_the_environment_must_bind_the_maps() -> None:
    with pytest.raises(InternalError, match="binds 0 of 1"):
        Interpreter().compile(lookup_module(MapSpec("a", "array", 4, 8, 5), 1, dynamic=False), Environment())


def value_module(spec: MapSpec, access: str) -> Module:
    """Looks key 1 up, reads the first byte of the value, then does `access` with v4, the value's address."""
    text = f"""bpfir 1
fn @main(v0, v1) global {{
b0:
  v2 = map 0 #0
  v3 = frame -8 #1
  store.{spec.key_size} v3, 0, 1 #3
  v4 = call helper 1(v2, v3) #4
  if eq.64 v4, 0 then b1() else b2() #5
b1:
  exit 57005 #6
b2:
  v5 = load.1 v4, 0 #7
  {access} #8
  exit v5 #9
}}
"""
    module = parse_module(text)
    module.maps = (spec,)
    module.type = "raw"
    return module


VALUES = [
    MapSpec("a", "array", 4, 12, 5),
    MapSpec("h", "hash", 4, 12, 5),
    MapSpec("a", "array", 4, 1, 5),
    MapSpec("p", "percpu_array", 4, 3, 5),
]


@pytest.mark.parametrize("spec", VALUES, ids=lambda s: f"{s.type}{s.value_size}")
@pytest.mark.parametrize("size", [1, 2, 4, 8])
@pytest.mark.parametrize("kind", ["load", "store", "atomic"])
def test_accesses_stay_inside_the_value_that_was_found(spec: MapSpec, size: int, kind: str) -> None:
    with with_map(spec) as (made, memory, binding):
        if spec.type == "hash":
            made[1] = bytes(range(spec.value_size))
        environment = Environment(maps=[binding], helper_address=helper_address)
        for offset in range(-2, spec.value_size + 2):
            access = {
                "load": f"v6 = load.{size} v4, {offset}",
                "store": f"store.{size} v4, {offset}, 7",
                "atomic": f"atomic_add.{size} v4, {offset}, 1",
            }[kind]
            if kind == "atomic" and (size < 4 or offset % size):
                continue
            exe = Interpreter().compile(value_module(spec, access), environment)
            with exe.bind(memory) as bound:
                if offset >= 0 and offset + size <= spec.value_size:
                    assert bound.run().return_value != 0xDEAD
                else:
                    with pytest.raises(Trap) as caught:
                        bound.run()
                    assert (caught.value.kind, caught.value.insn, caught.value.size) == ("access", 8, size)


@pytest.mark.parametrize("kind", ["array", "hash"])
def test_values_that_programs_may_only_read_are_not_written(kind: str) -> None:
    spec = MapSpec("m", kind, 4, 16, 5)
    with create_map(spec) as made, NativeMemory(user=bytes(8)) as memory:
        made[1] = bytes(range(5, 21))
        number = c_uint32()
        assert memory.library.bpfcc_state_add_map(memory.state, made.handle, 1, ctypes.byref(number)) == 0
        environment = Environment(maps=[MapBinding(number.value)], helper_address=helper_address)
        exe = Interpreter().compile(value_module(spec, "v6 = load.8 v4, 8"), environment)
        with exe.bind(memory) as bound:
            assert bound.run().return_value == 5
        exe = Interpreter().compile(value_module(spec, "store.4 v4, 4, 9"), environment)
        with exe.bind(memory) as bound, pytest.raises(Trap) as caught:
            bound.run()
        assert (caught.value.kind, caught.value.insn) == ("access", 8)
