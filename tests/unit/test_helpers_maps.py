"""Helpers on maps, rings, dynptrs, locks, timers and storage: results, memory, and arguments that they refuse."""

from __future__ import annotations

import ctypes
import struct
import threading

import pytest

from bpfcc.bpfir.module import MapSpec
from bpfcc.errors import UnsupportedError
from bpfcc.runtime.memory import map_handle
from bpfcc.runtime.options import RunOptions, Task
from tests.back_ends import each_back_end
from tests.runtime_harness import Lab, prepare_here, run_here

ENOENT, E2BIG, EAGAIN, EFAULT, EBUSY, EEXIST, EINVAL, ENOSPC = -2, -7, -11, -14, -16, -17, -22, -28
back_end = each_back_end("tests.runtime_harness")
HASH = MapSpec("flows", "hash", 4, 8, 4)
ARRAY = MapSpec("counters", "array", 4, 8, 3)
PERCPU = MapSpec("cpus", "percpu_array", 4, 8, 2)
QUEUE = MapSpec("queue", "queue", 0, 4, 2)
BLOOM = MapSpec("bloom", "bloom_filter", 0, 4, 100)
RING = MapSpec("ring", "ringbuf", 0, 0, 4096)
PERF = MapSpec("events", "perf_event_array", 4, 4, 2)
PROGS = MapSpec("progs", "prog_array", 4, 4, 4, values={1: "second"})


def u32(value: int) -> bytes:
    return struct.pack("<I", value)


def u64(value: int) -> bytes:
    return struct.pack("<Q", value)


# ---- lookup, update, delete


def test_lookup_update_delete() -> None:
    with Lab(packet=b"", maps=[HASH]) as lab:
        key, handle = lab.put(u32(7)), lab.handle("flows")
        assert lab.call("map_lookup_elem", handle, key) == 0
        assert lab.call("map_delete_elem", handle, key) == ENOENT
        assert lab.call("map_update_elem", handle, key, lab.put(u64(99)), 0) == 0
        assert lab.call("map_update_elem", handle, key, lab.put(u64(5)), 1) == EEXIST
        assert lab.get(lab.call("map_lookup_elem", handle, key), 8) == u64(99)
        assert lab.call("map_update_elem", handle, lab.put(u32(8)), lab.put(u64(5)), 2) == ENOENT
        assert lab.call("map_delete_elem", handle, key) == 0
        assert lab.run.native.trap == 0


def test_maps_get_full() -> None:
    with Lab(packet=b"", maps=[HASH]) as lab:
        value = lab.put(u64(1))
        results = [lab.call("map_update_elem", lab.handle("flows"), lab.put(u32(key)), value, 0) for key in range(6)]
        assert results == [0, 0, 0, 0, E2BIG, E2BIG]


@pytest.mark.parametrize("handle", [0, 1, 0x0400_0000, 0x0400_0011, map_handle(2), map_handle(1 << 19), 1 << 40, (1 << 64) - 1])
@pytest.mark.parametrize(
    "helper", ["map_lookup_elem", "map_update_elem", "map_delete_elem", "map_push_elem", "for_each_map_elem", "redirect_map"]
)
def test_what_is_no_map_traps(handle: int, helper: str) -> None:
    with Lab(packet=b"", maps=[HASH]) as lab:
        memory = lab.put(bytes(8))
        lab.call(helper, handle, memory, memory, 0)
        assert lab.take_trap() == "helper"


@pytest.mark.parametrize(("key", "value"), [(0, 1), (1, 0)])
def test_keys_and_values_must_be_memory(key: int, value: int) -> None:
    with Lab(packet=b"", maps=[HASH]) as lab:
        good = lab.put(bytes(8))
        lab.call("map_update_elem", lab.handle("flows"), good if key else 8, good if value else 8, 0)
        assert lab.take_trap() == "access"
        assert len(lab.maps["flows"]) == 0  # type: ignore[arg-type]


def test_value_at_the_frame_s_edge_is_not_read_beyond_it() -> None:
    with Lab(packet=b"", maps=[HASH]) as lab:
        top = lab.put(bytes(4), align=4)
        lab.call("map_update_elem", lab.handle("flows"), top, top, 0)
        assert lab.take_trap() == "access"


def test_percpu_copies() -> None:
    with Lab(packet=b"", maps=[PERCPU], options=RunOptions(cpus=3), cpu=1) as lab:
        lab.maps["cpus"][0] = [10, 20, 30]  # type: ignore[index]
        key, handle = lab.put(u32(0)), lab.handle("cpus")
        assert lab.get(lab.call("map_lookup_elem", handle, key), 8) == u64(20)
        assert [lab.get(lab.call("map_lookup_percpu_elem", handle, key, cpu), 8) for cpu in range(3)] == [u64(10), u64(20), u64(30)]
        assert lab.call("map_lookup_percpu_elem", handle, key, 3) == 0
        assert lab.call("map_lookup_percpu_elem", handle, key, (1 << 32) - 1) == 0
        assert lab.call("get_smp_processor_id") == 1


def test_queue_and_bloom() -> None:
    with Lab(packet=b"", maps=[QUEUE, BLOOM]) as lab:
        queue, room = lab.handle("queue"), lab.room(4)
        for value, flags, expected in ((1, 0, 0), (2, 0, 0), (3, 0, E2BIG), (3, 2, 0)):
            assert lab.call("map_push_elem", queue, lab.put(u32(value)), flags) == expected
        assert lab.call("map_peek_elem", queue, room) == 0
        assert lab.get(room, 4) == u32(2)
        assert [lab.call("map_pop_elem", queue, room) for _ in range(3)] == [0, 0, ENOENT]
        bloom = lab.handle("bloom")
        assert lab.call("map_push_elem", bloom, lab.put(u32(5)), 0) == 0
        assert lab.call("map_peek_elem", bloom, lab.put(u32(5))) == 0
        assert lab.call("map_peek_elem", bloom, lab.put(u32(6))) == ENOENT
        assert lab.call("map_pop_elem", queue, 0) == EFAULT
        assert lab.take_trap() == "access"


def test_maps_in_maps() -> None:
    outer = MapSpec("outer", "array_of_maps", 4, 4, 3, inner=ARRAY, values={1: "counters"})
    with Lab(packet=b"", maps=[outer, ARRAY]) as lab:
        assert lab.call("map_lookup_elem", lab.handle("outer"), lab.put(u32(1))) == lab.handle("counters")
        assert lab.call("map_lookup_elem", lab.handle("outer"), lab.put(u32(0))) == 0
        assert lab.call("map_update_elem", lab.handle("outer"), lab.put(u32(0)), lab.put(u32(2)), 0) == EINVAL
        inner = lab.call("map_lookup_elem", lab.handle("outer"), lab.put(u32(1)))
        assert lab.access(lab.call("map_lookup_elem", inner, lab.put(u32(2))), 8, write=True) is None


@pytest.mark.parametrize("spec", [RING, PERF, PROGS, QUEUE])
def test_values_of_such_maps_are_not_shown(spec: MapSpec) -> None:
    with Lab(packet=b"", maps=[spec]) as lab:
        assert lab.call("map_lookup_elem", lab.handle(spec.name), lab.put(u32(1))) == 0


# ---- callbacks


def test_for_each() -> None:
    text = """
        r1 = map[0] ll
        r2 = func visit ll
        r3 = r10
        r3 += -8
        r4 = 0
        *(u64 *)(r10 - 8) = r4
        call 164
        r1 = *(u64 *)(r10 - 8)
        r0 <<= 32
        r0 += r1
        exit
    visit:
        r5 = *(u32 *)(r2 + 0)
        r6 = *(u64 *)(r3 + 0)
        r0 = *(u64 *)(r4 + 0)
        r0 += r6
        *(u64 *)(r4 + 0) = r0
        r0 = 0
        if r5 != 2 goto more
        r0 = 1
    more:
        exit
    """
    with Lab(packet=b"", maps=[ARRAY]) as lab:
        assert _run_with_callbacks(lab, text, {0: 5, 1: 6, 2: 7}) == 3 << 32 | 18
    with Lab(packet=b"", maps=[HASH]) as lab:
        assert _run_with_callbacks(lab, text, {10: 5, 11: 6}) == 2 << 32 | 11


def test_loop() -> None:
    text = """
        r1 = 10
        r2 = func body ll
        r3 = r10
        r3 += -8
        r4 = 0
        *(u64 *)(r10 - 8) = r4
        call 181
        r1 = *(u64 *)(r10 - 8)
        r0 <<= 32
        r0 += r1
        exit
    body:
        r0 = *(u64 *)(r2 + 0)
        r0 += r1
        *(u64 *)(r2 + 0) = r0
        r0 = 0
        if r1 != 4 goto done
        r0 = 1
    done:
        exit
    """
    with Lab(packet=b"") as lab:
        assert _run_with_callbacks(lab, text, {}) == 5 << 32 | 10


def _run_with_callbacks(lab: Lab, text: str, entries: dict[int, int]) -> int:
    for key, value in entries.items():
        next(iter(lab.maps.values()))[key] = value  # type: ignore[index]
    lab.end()
    _, exe = prepare_here(text, lab)
    lab.run.prepare(b"")
    with exe.bind(lab.run):  # type: ignore[attr-defined]
        result = lab.run.repeat(exe.entry)  # type: ignore[attr-defined]
    assert result.trap is None
    return result.return_value


@pytest.mark.parametrize(("count", "flags", "expected"), [(8 * 1024 * 1024 + 1, 0, E2BIG), (1, 1, EINVAL), (0, 0, 0)])
def test_loop_limits(count: int, flags: int, expected: int) -> None:
    text = f"r1 = {count}\nr2 = func body ll\nr3 = 0\nr4 = {flags}\ncall 181\nexit\nbody:\nr0 = 0\nexit"
    with Lab(packet=b"") as lab:
        assert _run_with_callbacks(lab, text, {}) == expected & (1 << 64) - 1


@pytest.mark.parametrize("function", [0, 5, map_handle(1), 1 << 40])
def test_callbacks_must_be_functions(function: int) -> None:
    with Lab(packet=b"") as lab:
        lab.call("loop", 3, function, 0, 0)
        assert lab.take_trap() == "call"


# ---- tail calls


def test_tail_call_picks_a_program() -> None:
    with Lab(packet=b"", maps=[PROGS]) as lab:
        lab.runtime.set_programs(["first", "second"])
        assert lab.call("tail_call", lab.ctx, lab.handle("progs"), 1) == 0
        assert lab.run.native.tail_target == 1
        assert lab.call("tail_call", lab.ctx, lab.handle("progs"), 0) == ENOENT
        assert lab.call("tail_call", lab.ctx, lab.handle("progs"), 4) == ENOENT
        # The index has 32 bits.
        assert lab.call("tail_call", lab.ctx, lab.handle("progs"), 1 << 32 | 1) == 0


def test_tail_call_limit() -> None:
    with Lab(packet=b"", maps=[PROGS]) as lab:
        lab.runtime.set_programs(["first", "second"])
        results = [lab.call("tail_call", lab.ctx, lab.handle("progs"), 1) for _ in range(34)]
        assert results == [0] * 33 + [ENOENT]


def test_tail_call_wants_programs() -> None:
    with Lab(packet=b"", maps=[ARRAY]) as lab:
        lab.call("tail_call", lab.ctx, lab.handle("counters"), 0)
        assert lab.take_trap() == "helper"


# ---- ring buffers, dynptrs


def test_ring_output_and_reservations() -> None:
    with Lab(packet=b"", maps=[RING]) as lab:
        ring = lab.handle("ring")
        assert lab.call("ringbuf_output", ring, lab.put(b"first"), 5, 0) == 0
        address = lab.call("ringbuf_reserve", ring, 16, 0)
        assert address
        assert lab.access(address, 16, write=True) is None
        assert lab.access(address + 16, 1) == "access"
        assert lab.access(address - 1, 1) == "access"
        assert lab.call("ringbuf_query", ring, 0) > 16
        assert lab.call("ringbuf_submit", address, 0) == 0
        # It is the consumer's now.
        assert lab.access(address, 1) == "access"
        dropped = lab.call("ringbuf_reserve", ring, 8, 0)
        lab.call("ringbuf_discard", dropped, 0)
        lab.end()
        assert lab.run.native.trap == 0
        assert [bytes(each) for each in lab.maps["ring"].consume()] == [b"first", bytes(16)]  # type: ignore[attr-defined]


def test_several_reservations_at_once() -> None:
    with Lab(packet=b"", maps=[RING]) as lab:
        addresses = [lab.call("ringbuf_reserve", lab.handle("ring"), 8, 0) for _ in range(5)]
        assert len(set(addresses)) == 5
        for _ in range(2):
            assert all(lab.access(address, 8, write=True) is None for address in addresses)
        lab.call("ringbuf_submit", addresses[2], 0)
        assert [lab.access(address, 8) for address in addresses] == [None, None, "access", None, None]


@pytest.mark.parametrize(("size", "flags"), [(4096, 0), (1 << 40, 0), (8, 1)])
def test_reservations_that_fail(size: int, flags: int) -> None:
    with Lab(packet=b"", maps=[RING]) as lab:
        assert lab.call("ringbuf_reserve", lab.handle("ring"), size, flags) == 0
        lab.end()
        assert lab.run.native.trap == 0


def test_reservation_left_is_a_trap_and_is_given_back() -> None:
    with Lab(packet=b"", maps=[RING]) as lab:
        lab.call("ringbuf_reserve", lab.handle("ring"), 8, 0)
        lab.end()
        assert lab.take_trap() == "reference"
        lab.begin()
        assert lab.call("ringbuf_output", lab.handle("ring"), lab.put(b"x"), 1, 0) == 0
        lab.end()
        assert [bytes(each) for each in lab.maps["ring"].consume()] == [b"x"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("helper", ["ringbuf_submit", "ringbuf_discard"])
def test_what_was_not_reserved_traps(helper: str) -> None:
    with Lab(packet=b"", maps=[RING]) as lab:
        address = lab.call("ringbuf_reserve", lab.handle("ring"), 8, 0)
        lab.call(helper, address + 1, 0)
        assert lab.take_trap() == "helper"
        lab.call(helper, address, 0)
        assert lab.take_trap() is None
        lab.call(helper, address, 0)
        assert lab.take_trap() == "helper"


def test_more_reservations_than_fit_are_refused() -> None:
    with Lab(packet=b"", maps=[RING]) as lab:
        addresses = [lab.call("ringbuf_reserve", lab.handle("ring"), 8, 0) for _ in range(40)]
        assert addresses[31]
        assert addresses[32:] == [0] * 8
        for address in addresses[:32]:
            lab.call("ringbuf_discard", address, 0)
        lab.end()
        assert lab.run.native.trap == 0


def test_dynptr_on_memory() -> None:
    with Lab(packet=b"", maps=[ARRAY]) as lab:
        value = lab.runtime.binding("counters").guest_base
        pointer = lab.put(bytes(16))
        assert lab.call("dynptr_from_mem", value, 8, 0, pointer) == 0
        assert lab.call("dynptr_write", pointer, 2, lab.put(b"abcd"), 4, 0) == 0
        room = lab.room(4)
        assert lab.call("dynptr_read", room, 4, pointer, 3, 0) == 0
        assert lab.get(room, 4) == b"bcd\0"
        assert lab.call("dynptr_read", room, 4, pointer, 5, 0) == E2BIG
        assert lab.call("dynptr_write", pointer, 5, room, 4, 0) == E2BIG
        assert lab.call("dynptr_read", room, 4, pointer, 0, 1) == EINVAL
        assert lab.call("dynptr_data", pointer, 2, 6) == value + 2
        assert lab.call("dynptr_data", pointer, 2, 7) == 0
        assert lab.call("dynptr_from_mem", value, 1 << 24, 0, pointer) == E2BIG
        assert lab.call("dynptr_from_mem", value, 8, 1, pointer) == EINVAL
        assert lab.call("dynptr_data", pointer, 0, 1) == 0


def test_forged_dynptr_reaches_nothing_else() -> None:
    with Lab(packet=b"", maps=[RING]) as lab:
        forged = lab.put(struct.pack("<QII", 0x7FFF_0000_0000, 64, 1 << 28))
        assert lab.call("dynptr_read", lab.room(4), 4, forged, 0, 0) == EINVAL
        assert lab.take_trap() == "access"
        ring = lab.put(struct.pack("<QII", 0x0500_0000, 64, 2 << 28))
        lab.call("ringbuf_submit_dynptr", ring, 0)
        assert lab.take_trap() == "helper"


def test_dynptr_on_a_reservation() -> None:
    with Lab(packet=b"", maps=[RING]) as lab:
        pointer, ring = lab.put(bytes(16)), lab.handle("ring")
        assert lab.call("ringbuf_reserve_dynptr", ring, 8, 0, pointer) == 0
        assert lab.call("dynptr_write", pointer, 0, lab.put(b"12345678"), 8, 0) == 0
        assert lab.access(lab.call("dynptr_data", pointer, 0, 8), 8, write=True) is None
        lab.call("ringbuf_submit_dynptr", pointer, 0)
        assert lab.call("ringbuf_reserve_dynptr", ring, 5000, 0, pointer) == EINVAL
        # A failed reservation has to be submitted or discarded, too, which does nothing.
        lab.call("ringbuf_discard_dynptr", pointer, 0)
        lab.end()
        assert lab.run.native.trap == 0
        assert [bytes(each) for each in lab.maps["ring"].consume()] == [b"12345678"]  # type: ignore[attr-defined]


# ---- perf buffers


CURRENT_CPU = (1 << 32) - 1


def samples(lab: Lab) -> list[bytes]:
    return [bytes(event.data) for event in lab.maps["events"].consume()]  # type: ignore[attr-defined]


def test_perf_output_with_packet_bytes() -> None:
    with Lab(packet=bytes(range(64)), maps=[PERF], options=RunOptions(cpus=2)) as lab:
        data, events = lab.put(b"head"), lab.handle("events")
        assert lab.call("perf_event_output", lab.ctx, events, CURRENT_CPU, data, 4) == 0
        assert lab.call("perf_event_output", lab.ctx, events, 10 << 32 | CURRENT_CPU, data, 4) == 0
        assert lab.call("perf_event_output", lab.ctx, events, 65 << 32 | CURRENT_CPU, data, 4) == EFAULT
        assert lab.call("perf_event_output", lab.ctx, events, 1 << 52 | CURRENT_CPU, data, 4) == EINVAL
        assert lab.call("perf_event_output", lab.ctx, events, 5, data, 4) == E2BIG
        assert [each[:4] for each in samples(lab)] == [b"head", b"head"]
        lab.call("perf_event_output", lab.ctx, lab.handle("events"), CURRENT_CPU, 8, 4)
        assert lab.take_trap() == "access"


def test_packet_bytes_follow_the_data() -> None:
    with Lab(packet=bytes(range(64)), maps=[PERF]) as lab:
        lab.call("perf_event_output", lab.ctx, lab.handle("events"), 10 << 32 | CURRENT_CPU, lab.put(b"head"), 4)
        assert samples(lab)[0].startswith(b"head" + bytes(range(10)))


def test_perf_output_of_tracing_types_has_no_packet() -> None:
    with Lab("raw_tracepoint", maps=[PERF], context=bytes(16)) as lab:
        events, data = lab.handle("events"), lab.put(b"head")
        assert lab.call("perf_event_output", lab.ctx, events, CURRENT_CPU, data, 4) == 0
        assert lab.call("perf_event_output", lab.ctx, events, 1 << 32 | CURRENT_CPU, data, 4) == EINVAL


# ---- locks


def test_spin_lock() -> None:
    with Lab(packet=b"", maps=[ARRAY]) as lab:
        lock = lab.runtime.binding("counters").guest_base
        lab.call("spin_lock", lock)
        assert lab.get(lock, 4) == u32(1)
        lab.call("spin_unlock", lock)
        assert lab.get(lock, 4) == u32(0)
        lab.end()
        assert lab.run.native.trap == 0


def test_lock_that_is_kept_is_a_trap_and_is_released() -> None:
    with Lab(packet=b"", maps=[ARRAY]) as lab:
        lock = lab.runtime.binding("counters").guest_base
        lab.call("spin_lock", lock)
        lab.end()
        assert lab.take_trap() == "reference"
        assert lab.get(lock, 4) == u32(0)


def test_locks_are_taken_one_at_a_time_and_given_back_by_their_owner() -> None:
    with Lab(packet=b"", maps=[ARRAY]) as lab:
        lock = lab.runtime.binding("counters").guest_base
        lab.call("spin_unlock", lock)
        assert lab.take_trap() == "helper"
        lab.call("spin_lock", lock)
        lab.call("spin_lock", lock + 16)
        assert lab.take_trap() == "helper"
        lab.call("spin_unlock", lock + 16)
        assert lab.take_trap() == "helper"
        lab.call("spin_unlock", lock)
        assert lab.take_trap() is None
        lab.call("spin_lock", lock + 1)
        assert lab.take_trap() == "helper"
        lab.call("spin_lock", 64)
        assert lab.take_trap() == "access"


def test_waiting_for_a_lock_is_paid_for() -> None:
    with Lab(packet=b"", maps=[ARRAY]) as lab:
        lab.maps["counters"][0] = 1  # type: ignore[index]
        lab.call("spin_lock", lab.runtime.binding("counters").guest_base)
        assert lab.take_trap() == "budget"


def test_waiting_for_a_lock_can_be_stopped() -> None:
    with Lab(packet=b"", maps=[ARRAY]) as lab:
        lab.maps["counters"][0] = 1  # type: ignore[index]
        flag = ctypes.c_int32(0)
        lab.run.stop_on(flag)
        lab.run.native.steps_left = (1 << 64) - 1
        timer = threading.Timer(0.05, lambda: setattr(flag, "value", 1))
        timer.start()
        lab.call("spin_lock", lab.runtime.binding("counters").guest_base)
        timer.join()
        assert lab.take_trap() == "stopped"


# ---- timers


TIMER_PROGRAM = """
    r6 = map_value[0] +0 ll
    r1 = r6
    r2 = map[0] ll
    r3 = 1
    call 169
    r1 = r6
    r2 = func fired ll
    call 170
    r1 = r6
    r2 = 1000
    r3 = 0
    call 171
    exit
fired:
    r1 = *(u32 *)(r2 + 0)
    r1 += 1
    r4 = *(u64 *)(r3 + 16)
    r4 += r1
    *(u64 *)(r3 + 16) = r4
    r0 = 0
    exit
"""


def test_timer_fires_on_the_driven_clock() -> None:
    spec = MapSpec("timers", "array", 4, 24, 2)
    with Lab(packet=b"", maps=[spec], options=RunOptions(clock_ns=5000)) as lab:
        lab.end()
        _, exe = prepare_here(TIMER_PROGRAM, lab)
        with exe.bind(lab.run):  # type: ignore[attr-defined]
            assert lab.run.repeat(exe.entry).return_value == 0  # type: ignore[attr-defined]
            assert lab.runtime.next_timer() == 6000
            lab.runtime.set_clock(5999)
            assert lab.run.fire_timers() == 0
            lab.runtime.set_clock(6000)
            assert lab.run.fire_timers() == 1
            assert lab.run.fire_timers() == 0
            assert lab.runtime.next_timer() is None
        lab.begin()
        assert lab.get(lab.runtime.binding("timers").guest_base + 16, 8) == u64(1)


def test_timer_results() -> None:
    spec = MapSpec("timers", "array", 4, 24, 2)
    with Lab(packet=b"", maps=[spec, ARRAY], options=RunOptions(clock_ns=0)) as lab:
        timer, handle = lab.runtime.binding("timers").guest_base, lab.handle("timers")
        assert lab.call("timer_start", timer, 5, 0) == EINVAL
        assert lab.call("timer_cancel", timer) == EINVAL
        assert lab.call("timer_init", timer, handle, 5) == EINVAL
        assert lab.call("timer_init", timer, handle, 1) == 0
        assert lab.call("timer_init", timer, handle, 1) == EBUSY
        assert lab.call("timer_start", timer, 5, 0) == EINVAL
        assert lab.call("timer_cancel", timer) == 0
        assert lab.call("timer_init", lab.put(bytes(16)), handle, 1) == EINVAL
        assert lab.take_trap() == "helper"
        assert lab.call("timer_init", timer, lab.handle("counters"), 1) == EINVAL
        assert lab.take_trap() == "helper"


# ---- storage of objects


@pytest.mark.parametrize("kind", ["sk", "task", "inode", "cgrp"])
def test_object_storage(kind: str) -> None:
    spec = MapSpec("store", f"{kind}_storage", 4, 8, 0, flags=1)
    with Lab("raw_tracepoint", maps=[spec], context=bytes(16)) as lab:
        store, initial = lab.handle("store"), lab.put(u64(7))
        get, delete = f"{kind}_storage_get", f"{kind}_storage_delete"
        assert lab.call(get, store, 0x1234, 0, 0) == 0
        assert lab.get(lab.call(get, store, 0x1234, initial, 1), 8) == u64(7)
        assert lab.get(lab.call(get, store, 0x5678, 0, 1), 8) == u64(0)
        assert lab.call(get, store, 0x1234, 0, 0) == lab.call(get, store, 0x1234, 0, 1)
        assert lab.call(get, store, 0, 0, 1) == 0
        assert lab.call(get, store, 0x9999, 0, 2) == 0
        assert lab.call(delete, store, 0x1234) == 0
        assert lab.call(delete, store, 0x1234) == ENOENT
        # Through the ordinary helpers nothing of it may be read past the program's own key.
        lab.call("map_lookup_elem", store, lab.put(bytes(4), align=4))
        assert lab.call(get, store, 0x77, 8, 1) == 0
        assert lab.take_trap() == "access"


def test_local_storage_of_the_cgroup() -> None:
    spec = MapSpec("store", "cgroup_storage", 8, 8, 0)
    with Lab("cgroup_skb", packet=b"", maps=[spec], options=RunOptions(task=Task(cgroup_id=42))) as lab:
        address = lab.call("get_local_storage", lab.handle("store"), 0)
        assert lab.access(address, 8, write=True) is None
        assert lab.call("get_local_storage", lab.handle("store"), 0) == address


# ---- what cannot be had is refused when a program is prepared


@pytest.mark.parametrize(
    "name", ["sk_lookup_tcp", "snprintf_btf", "per_cpu_ptr", "msg_push_data", "skb_get_tunnel_key", "sys_bpf", "d_path"]
)
def test_helpers_without_a_meaning_are_named(name: str) -> None:
    with Lab(packet=b"") as lab, pytest.raises(UnsupportedError, match=f"bpf_{name}") as caught:
        lab.call(name)
    assert caught.value.feature == f"helper bpf_{name}"


def test_a_program_with_such_a_helper_is_refused_before_it_runs() -> None:
    with pytest.raises(UnsupportedError, match="bpf_sk_release"):
        run_here("r0 = 0\nif r1 != 0 goto +2\nr1 = 0\ncall 86\nr0 = 0\nexit", packet=b"")
