"""Guest memory: every region ends where it ends, and refuses one byte more on either side."""

from __future__ import annotations

import ctypes

import pytest

from bpfcc.bpfir.module import MapSpec
from bpfcc.errors import InputError, UnsupportedError
from bpfcc.runtime.memory import (
    CONTEXT_BASE,
    PACKET_BASE,
    STACK_BASE,
    USER_BASE,
    abi_differences,
    describe_address,
    frame_top,
    function_handle,
    map_handle,
    state_library,
)
from bpfcc.runtime.options import RunOptions
from bpfcc.runtime.run import Run, Runtime
from bpfcc.runtime.specs import load_platform
from tests.back_ends import each_back_end
from tests.runtime_harness import Lab

back_end = each_back_end("tests.runtime_harness")
HASH = MapSpec("flows", "hash", 4, 12, 8)
ARRAY = MapSpec("counters", "array", 4, 6, 3)
# Between two values of a multiple of 8 bytes.
GUARD = 8
RODATA = MapSpec(".rodata", "array", 4, 16, 1, flags=0x80, initial=b"constants")


def test_mirrors_fit_the_library() -> None:
    assert abi_differences() == []


@pytest.mark.parametrize("size", [1, 2, 4, 8, 13])
def test_packet_edges(size: int) -> None:
    with Lab("xdp", packet=bytes(60)) as lab:
        start, end = lab.data, lab.data_end
        assert end - start == 60
        assert lab.access(start, size) is None
        assert lab.access(start, size, write=True) is None
        assert lab.access(end - size, size, write=True) is None
        assert lab.access(start - 1, size) == "access"
        assert lab.access(end - size + 1, size) == "access"
        assert lab.access(end, size) == "access"
        assert lab.access(start, 61) == "access"


def test_stack_edges() -> None:
    with Lab("xdp", packet=b"") as lab:
        top = frame_top(0)
        assert top == STACK_BASE + 4096
        assert lab.access(top - 512, 512, write=True) is None
        assert lab.access(top - 512, 513) == "access"
        # Frames of functions that have not been called are not there.
        assert lab.access(top - 513, 1) == "access"
        assert lab.access(top, 1) == "access"


def test_context_edges_and_bits() -> None:
    with Lab("sched_cls", packet=bytes(60)) as lab:
        mark, hidden, padding = CONTEXT_BASE + 8, CONTEXT_BASE + 88, CONTEXT_BASE + 181
        assert lab.access(mark, 4, write=True) is None
        assert lab.access(CONTEXT_BASE, 4) is None
        assert lab.access(CONTEXT_BASE, 4, write=True) == "access"
        assert lab.access(hidden, 4) == "access"
        assert lab.access(padding, 1) == "access"
        # Half in a writable field, half in one that is not.
        assert lab.access(CONTEXT_BASE + 34, 4, write=True) == "access"
        assert lab.access(CONTEXT_BASE + 191, 2) == "access"
        assert lab.access(CONTEXT_BASE - 1, 1) == "access"
        assert lab.access(CONTEXT_BASE + 192, 1) == "access"


@pytest.mark.parametrize(
    "address", [0, 8, 0xFFFFFF, map_handle(1), function_handle(0), 0x0500_0000, USER_BASE, 0xFFFF_FFFF, 1 << 32, 1 << 63, (1 << 64) - 1]
)
def test_nothing_is_there(address: int) -> None:
    with Lab("xdp", packet=bytes(60), maps=[HASH]) as lab:
        assert lab.access(address, 1) == "access"
        assert lab.access(address, 8, write=True) == "access"


def test_sizes_that_wrap_are_refused() -> None:
    with Lab("xdp", packet=bytes(60)) as lab:
        for size in (1 << 32, (1 << 63) + 1, (1 << 64) - 1, (1 << 64) - PACKET_BASE):
            assert lab.access(lab.data, size) == "access"


def test_first_trap_stays() -> None:
    with Lab("xdp", packet=bytes(60)) as lab:
        state_library().bpfcc_access_slow(lab.run.pointer, 16, 4, 0)
        state_library().bpfcc_access_slow(lab.run.pointer, 32, 8, 0)
        assert (lab.run.native.trap_address, lab.run.native.trap_size) == (16, 4)


def test_nothing_may_be_read_of_no_bytes() -> None:
    with Lab("xdp", packet=bytes(60)) as lab:
        assert lab.access(0, 0) is None


@pytest.mark.parametrize(("spec", "stride"), [(HASH, 16), (ARRAY, 8)])
def test_map_values_do_not_overrun(spec: MapSpec, stride: int) -> None:
    with Lab("xdp", packet=b"", maps=[spec]) as lab:
        lab.maps[spec.name][1] = bytes(spec.value_size)
        value = lab.call("map_lookup_elem", lab.handle(spec.name), lab.put(b"\1\0\0\0"))
        size = spec.value_size
        assert value >= 0x1000_0000
        assert lab.access(value, size, write=True) is None
        assert lab.access(value + size - 1, 1) is None
        assert lab.access(value + size, 1) == "access"
        assert lab.access(value, size + 1) == "access"
        assert lab.access(value - 1, 1) == "access"


def test_map_area_ends() -> None:
    with Lab("xdp", packet=b"", maps=[ARRAY]) as lab:
        base, size = lab.runtime.binding("counters").guest_base, lab.maps["counters"].area().size
        assert lab.access(base, 6) is None
        assert lab.access(base + size, 1) == "access"
        assert lab.access(base - 1, 1) == "access"


def test_frozen_data_cannot_be_written() -> None:
    with Lab("xdp", packet=b"", maps=[RODATA]) as lab:
        base = lab.runtime.binding(".rodata").guest_base
        assert lab.get(base, 9) == b"constants"
        assert lab.access(base, 1, write=True) == "access"


@pytest.mark.parametrize(
    ("helper", "delta"), [("xdp_adjust_head", 14), ("xdp_adjust_head", -14), ("xdp_adjust_tail", -10), ("xdp_adjust_meta", -4)]
)
def test_pointers_from_before_a_move_are_stale(helper: str, delta: int) -> None:
    with Lab("xdp", packet=bytes(60)) as lab:
        before = lab.data
        assert lab.call(helper, lab.ctx, delta) == 0
        assert lab.access(before + 20, 1) == "access"
        assert lab.access(lab.data, lab.data_end - lab.data, write=True) is None
        assert lab.access(lab.data_end, 1) == "access"


def test_pointers_are_stale_after_many_moves() -> None:
    with Lab("xdp", packet=bytes(60)) as lab:
        old = []
        for _ in range(7):
            old.append(lab.data)
            lab.call("xdp_adjust_tail", lab.ctx, 1)
        assert len(set(old)) == 7
        assert all(lab.access(address, 1) == "access" for address in old)


def test_supplied_memory() -> None:
    with Lab("xdp", packet=b"") as lab:
        base = lab.run.set_memory(0, b"abcdef")
        other = lab.run.set_memory(1, b"read", writable=False)
        assert (base, other) == (USER_BASE, USER_BASE + (1 << 24))
        assert lab.access(base, 6, write=True) is None
        assert lab.access(base + 5, 2) == "access"
        assert lab.access(other, 4) is None
        assert lab.access(other, 1, write=True) == "access"
        with pytest.raises(MemoryError):
            lab.run.set_memory(2, b"x")
        with pytest.raises(InputError, match="too large"):
            lab.run.set_memory(0, bytes((1 << 24) + 1))


def test_maps_beyond_guest_memory_are_unsupported_in_checked_runs() -> None:
    specs = [MapSpec(f"m{index}", "array", 4, 8, 1) for index in range(241)]
    with pytest.raises(AssertionError), Lab("xdp", packet=b"", maps=specs):
        pass
    with Lab("xdp", packet=b"", maps=specs, checked=False):
        pass


def test_values_of_a_large_map_take_several_slots() -> None:
    spec = MapSpec("large", "array", 4, 64, 1 << 19)
    with Lab("xdp", packet=b"", maps=[spec, HASH]) as lab:
        base = lab.runtime.binding("large").guest_base
        last = lab.call("map_lookup_elem", lab.handle("large"), lab.put(((1 << 19) - 1).to_bytes(4, "little")))
        assert last == base + (64 + GUARD) * ((1 << 19) - 1)
        assert lab.access(last, 64, write=True) is None
        assert lab.access(last + 64, 1) == "access"
        assert lab.runtime.binding("flows").guest_base >= last + 64


@pytest.mark.parametrize("kind", ["array", "hash", "lru_hash", "lpm_trie"])
def test_no_value_ends_where_the_next_one_begins(kind: str) -> None:
    keys = {"array": (bytes(4), b"\1\0\0\0"), "lpm_trie": (b"\x20\0\0\0" + bytes(4), b"\x20\0\0\0" + b"\1" * 4)}.get(
        kind, (bytes(8), b"\1" * 8)
    )
    with Lab("xdp", packet=b"", maps=[MapSpec("m", kind, len(keys[0]), 8, 4, int(kind == "lpm_trie"))]) as lab:
        found = []
        for key in keys:
            at = lab.put(key + bytes(8))
            lab.call("map_update_elem", lab.handle("m"), at, at + len(key), 0)
            found.append(lab.call("map_lookup_elem", lab.handle("m"), at))
        first, second = sorted(found)
        assert second - first >= 16
        assert lab.access(first, 8, write=True) is None
        assert [lab.access(at, size) for at, size in ((first + 8, 1), (first + 4, 8), (second - 1, 1))] == ["access"] * 3


def test_map_added_while_runs_exist_is_seen() -> None:
    from bpfcc.runtime.maps import create_map

    with Lab("xdp", packet=b"") as lab, create_map(HASH) as late:
        lab.runtime.add_map(late)
        late[1] = bytes(12)
        value = lab.call("map_lookup_elem", lab.handle("flows"), lab.put(b"\1\0\0\0"))
        assert lab.access(value, 12) is None
        # The harness must not free the map before the runtime.
        lab.end()


def test_packet_and_context_sizes_are_bounded() -> None:
    with Lab("xdp", packet=b"") as lab:
        with pytest.raises(InputError, match="packet: too large"):
            lab.run.prepare(bytes((1 << 19) + 1))
        with pytest.raises(InputError, match="has 24 bytes, not 25"):
            lab.run.prepare(b"", bytes(25))
        with pytest.raises(InputError, match="get no packet"), Lab("raw_tracepoint") as other:
            other.run.prepare(b"packet")


def test_cpu_must_exist() -> None:
    with Runtime(load_platform("linux"), (), RunOptions(cpus=2)) as runtime:
        Run(runtime, "xdp", cpu=1).close()
        for cpu in (-1, 2):
            with pytest.raises(InputError, match="there are 2"):
                Run(runtime, "xdp", cpu=cpu)
        with pytest.raises(UnsupportedError, match="no program type"):
            Run(runtime, "xpd")


def test_nothing_of_an_earlier_packet_shows() -> None:
    with Lab("xdp", packet=b"\xff" * 2000) as lab:
        lab.call("xdp_adjust_head", lab.ctx, -200)
        ctypes.memset(lab.run.native.packet + lab.run.native.packet_data, 0xFF, 200)
        lab.run.prepare(b"\xee" * 60)
        lab.begin()
        lab.call("xdp_adjust_head", lab.ctx, -200)
        lab.call("xdp_adjust_tail", lab.ctx, 1000)
        assert lab.run.packet() == bytes(200) + b"\xee" * 60 + bytes(1000)


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (frame_top(0) - 8, "stack -8"),
        (PACKET_BASE + 60, "packet buffer + 60"),
        (PACKET_BASE + (3 << 20) + 60, "packet buffer + 60"),
        (CONTEXT_BASE + 4, "context + 4"),
        (USER_BASE + 1, "supplied memory 0 + 1"),
        (0x1000_0010, "values of map flows + 16"),
        (0, "address 0x0"),
        (map_handle(2), "map handle 0x4000020"),
        (0xFFFF_FFFF_FFFF, "address 0xffffffffffff"),
    ],
)
def test_addresses_in_words(address: int, text: str) -> None:
    assert describe_address(address, {"flows": (0x1000_0000, 128)}) == text
