"""Maps as Python sees them: mappings, per-CPU lists, prefixes, queues, errors, life."""

from __future__ import annotations

import gc
import struct
import sys
from typing import Any

import pytest

from bpfcc.bpfir.module import MapSpec
from bpfcc.errors import InputError, UnsupportedError
from bpfcc.runtime.library import native
from bpfcc.runtime.maps import (
    BPF_EXIST,
    BPF_F_LOCK,
    BPF_NOEXIST,
    MAP_TYPES,
    BloomFilter,
    EmptyError,
    KeyedMap,
    MapError,
    MissingKeyError,
    OuterMap,
    PerCpuMap,
    QueueMap,
    StackTraceMap,
    create_map,
    format_prefix,
    parse_prefix,
)


def keyed(kind: str, key: int, value: int, entries: int, **more: Any) -> KeyedMap:
    """A map that is a mapping."""
    cpus = more.pop("cpus", 1)
    codec = more.pop("codec", None)
    made = create_map(MapSpec("m", kind, key, value, entries, **more), cpus=cpus, codec=codec)
    assert isinstance(made, KeyedMap)
    return made


def test_hash_is_a_mapping() -> None:
    with keyed("hash", 8, 8, 4) as table:
        table[1] = 10
        table[b"\2" + bytes(7)] = (20).to_bytes(8, "little")
        assert dict(table) == {1: 10, 2: 20}
        assert (len(table), 2 in table, 3 in table, table.get(3)) == (2, True, False, None)
        table[1] = -1
        assert table[1] == 2**64 - 1
        del table[1]
        with pytest.raises(KeyError):
            table[1]
        with pytest.raises(MissingKeyError) as missing:
            del table[1]
        assert missing.value.errno == 2
        assert "no entry 1" in str(missing.value)


def test_update_flags_and_a_full_map() -> None:
    with keyed("hash", 4, 4, 2) as table:
        with pytest.raises(MapError) as error:
            table.put(1, 1, BPF_EXIST)
        assert error.value.errno_name == "ENOENT"
        table.put(1, 1, BPF_NOEXIST)
        with pytest.raises(MapError) as error:
            table.put(1, 1, BPF_NOEXIST)
        assert error.value.errno_name == "EEXIST"
        table[2] = 2
        with pytest.raises(MapError) as error:
            table[3] = 3
        assert error.value.errno_name == "E2BIG"
        table[2] = 22
        assert table.take(1) == 1
        table[3] = 3
        assert dict(table) == {2: 22, 3: 3}
        with pytest.raises(MissingKeyError):
            table.take(1)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 17, 24, 40, 100])
def test_keys_of_every_size(size: int) -> None:
    with keyed("hash", size, 3, 200) as table:
        keys = [i.to_bytes(min(size, 2), "little").rjust(size, b"\xee") for i in range(200)]
        for key in keys:
            table[key] = key[-1:] * 3
        assert len(table) == 200
        assert all(table[key] == key[-1:] * 3 for key in keys)
        assert sorted(k if isinstance(k, bytes) else k.to_bytes(size, "little") for k in table) == sorted(keys)
        assert keys[0][:-1] + b"\xfe" * 1 not in table or size == 1


def test_many_entries_in_one_bucket_chain() -> None:
    """64 entries have 16 lines of 11: some lines overflow, and deleting while walking visits everything once."""
    with keyed("hash", 8, 8, 20000) as table:
        for i in range(20000):
            table[i] = i
        seen = []
        for key in table:
            seen.append(key)
            del table[key]
        assert sorted(seen) == list(range(20000))
        assert len(table) == 0


def test_walking_while_updating_meets_every_key() -> None:
    with keyed("hash", 8, 8, 5000) as table:
        for i in range(5000):
            table[i] = 0
        seen, key = [], table.next_key(None)
        while key is not None:
            seen.append(key)
            table[key] = 1
            key = table.next_key(key)
        assert sorted(seen) == list(range(5000))


def test_array() -> None:
    with keyed("array", 4, 4, 3) as array:
        assert list(array) == [0, 1, 2]
        array[1] = 5
        assert dict(array.entries()) == {0: 0, 1: 5, 2: 0}
        for action, errno in (
            (lambda: array.put(3, 1), 7),
            (lambda: array.__delitem__(0), 22),
            (lambda: array.put(0, 1, 1), 17),
            (array.clear, 22),
        ):
            with pytest.raises(MapError) as error:
                action()
            assert error.value.errno == errno
        with pytest.raises(KeyError):
            array[3]


def test_per_cpu_values_are_lists() -> None:
    with create_map(MapSpec("c", "percpu_hash", 4, 6, 4), cpus=3) as counters:
        assert isinstance(counters, PerCpuMap)
        counters[1] = [b"aaaaaa", b"bbbbbb", b"cccccc"]
        assert counters[1] == [b"aaaaaa", b"bbbbbb", b"cccccc"]
        counters[2] = b"dddddd"
        assert counters[2] == [b"dddddd"] * 3
        with pytest.raises(InputError, match="2 values for 3 CPUs"):
            counters[1] = [b"aaaaaa", b"bbbbbb"]
    with create_map(MapSpec("c", "percpu_array", 4, 8, 2), cpus=4) as sums:
        assert isinstance(sums, PerCpuMap)
        sums[1] = [1, 2, 3, 4]
        assert sums.total(1) == 10
        area = sums.area()
        assert area.cpu_bytes % area.stride == 0
        assert area.cpu_bytes % 64 == 0


def test_a_program_sees_its_own_copy() -> None:
    with create_map(MapSpec("c", "percpu_hash", 4, 8, 4), cpus=2) as counters:
        key, value = struct.pack("<I", 7), struct.pack("<Q", 5)
        counters_as: Any = counters
        counters_as[7] = [9, 9]
        del counters_as[7]
        assert native().bpfcc_map_update(counters.handle, key, value, 0, 1) == 0
        assert counters_as[7] == [0, 5]  # the others' copies begin at zero
        assert native().bpfcc_map_update(counters.handle, key, value, 0, 2) == -22
        assert native().bpfcc_map_lookup(counters.handle, key, 2) is None


def test_prefixes() -> None:
    with keyed("lpm_trie", 8, 4, 10, flags=1) as routes:
        routes["10.0.0.0/8"] = 1
        routes["10.1.0.0/16"] = 2
        routes[struct.pack("<I4B", 0, 0, 0, 0, 0)] = 9
        assert (routes["10.1.2.3"], routes["10.2.0.1"], routes["192.168.0.1"]) == (2, 1, 9)
        # The more specific comes first, as in Linux.
        assert routes.next_key(None) == "10.1.0.0/16"
        assert routes.next_key("10.1.0.0/16") == "10.0.0.0/8"
        assert routes.next_key("10.0.0.0/8") == "0.0.0.0/0"
        assert routes.next_key("0.0.0.0/0") is None
        del routes["0.0.0.0/0"]
        assert "192.168.0.1" not in routes
        for wrong in ("10.0.0.0/33", "10.0.0/8", "10.0.0.0/x", "2001:db8::/32", 7):
            with pytest.raises(InputError):
                routes[wrong]


@pytest.mark.parametrize("text", ["10.1.2.3/8", "0.0.0.0/0", "2001:db8::/32", "::1/128", "0x0a0b0c/20"])
def test_prefix_text_round_trips(text: str) -> None:
    size = {".": 4, ":": 16}.get(next((c for c in text if c in ".:"), ""), 3)
    assert format_prefix(parse_prefix(text, size)) == text


@pytest.mark.parametrize(("kind", "order"), [("queue", [1, 2, 3]), ("stack", [3, 2, 1])])
def test_queue_and_stack(kind: str, order: list[int]) -> None:
    with create_map(MapSpec("q", kind, 0, 4, 3)) as jobs:
        assert isinstance(jobs, QueueMap)
        with pytest.raises(IndexError):
            jobs.pop()
        with pytest.raises(EmptyError):
            jobs.peek()
        for i in (1, 2, 3):
            jobs.push(i)
        with pytest.raises(MapError) as error:
            jobs.push(4)
        assert error.value.errno == 7
        assert list(jobs) == order
        assert jobs.peek() == order[0]
        assert [jobs.pop() for _ in range(3)] == order
        assert len(jobs) == 0


def test_a_full_queue_gives_up_its_oldest_value_when_asked() -> None:
    with create_map(MapSpec("q", "queue", 0, 4, 2)) as jobs:
        assert isinstance(jobs, QueueMap)
        for i in range(5):
            jobs.push(i, BPF_EXIST)
        assert list(jobs) == [3, 4]


def test_bloom_filter_never_forgets() -> None:
    with create_map(MapSpec("b", "bloom_filter", 0, 4, 1000, map_extra=4)) as seen:
        assert isinstance(seen, BloomFilter)
        for i in range(1000):
            seen.add(i)
        assert all(i in seen for i in range(1000))
        false = sum(i in seen for i in range(10_000, 20_000))
        assert false < 1500  # 4 hashes: about 1 in 16


def test_stack_traces() -> None:
    with create_map(MapSpec("s", "stack_trace", 4, 4 * 8, 64)) as stacks:
        assert isinstance(stacks, StackTraceMap)
        first = stacks.add([1, 2, 3])
        assert stacks.add([1, 2, 3]) == first
        assert stacks[first] == [1, 2, 3]
        assert stacks[stacks.add([1, 2, 3, 4, 5, 6])] == [1, 2, 3, 4]
        other = next(i for i in range(1, 10_000) if _collides(stacks, i, first))
        with pytest.raises(MapError) as error:
            stacks.add([other])
        assert error.value.errno == 17
        assert stacks.add([other], 1 << 10) == first  # BPF_F_REUSE_STACKID
        assert stacks[first] == [other]
        with pytest.raises(MapError):
            stacks.add([])


def _collides(stacks: StackTraceMap, address: int, bucket: int) -> bool:
    try:
        found = stacks.add([address])
    except MapError:
        # Some occupied bucket; is it the one?
        with create_map(stacks.spec) as fresh:
            assert isinstance(fresh, StackTraceMap)
            return fresh.add([address]) == bucket
    del stacks[found]
    return False


def test_lru_forgets_what_is_not_used() -> None:
    with keyed("lru_hash", 4, 4, 100) as cache:
        for i in range(100):
            cache[i] = i
        for i in range(50):  # by a program: reading from outside does not count as use
            assert native().bpfcc_map_lookup(cache.handle, struct.pack("<I", i), 0)
        for i in range(1000, 1050):
            cache[i] = i
        assert len(cache) == 100
        assert all(i in cache for i in range(50))
        assert all(i not in cache for i in range(50, 100))
        cache[7] = 8
        assert cache[7] == 8
        for i in range(2000, 4000):
            cache[i] = i
        assert len(cache) == 100


def test_maps_in_maps() -> None:
    inner = MapSpec("inner", "hash", 4, 4, 8)
    outer = create_map(MapSpec("outer", "hash_of_maps", 4, 4, 4, inner=inner))
    one = create_map(inner)
    assert isinstance(outer, OuterMap)
    with pytest.raises(InputError, match="no id"):
        outer[1] = one
    one.id = 5
    outer[1] = one
    outer[2] = 77
    assert outer[1] is one
    assert outer[2] == 77
    other = create_map(MapSpec("other", "hash", 4, 8, 8))
    other.id = 6
    with pytest.raises(MapError) as error:
        outer[3] = other
    assert error.value.errno == 22
    for made in (outer, one, other):
        made.close()


def test_arrays_of_numbers_know_which_slots_are_occupied() -> None:
    with keyed("prog_array", 4, 4, 4) as programs:
        assert list(programs) == []
        programs[2] = 0
        assert dict(programs) == {2: 0}
        del programs[2]
        with pytest.raises(KeyError):
            programs[2]
        with pytest.raises(KeyError):
            del programs[2]
        assert native().bpfcc_map_update(programs.handle, bytes(4), bytes(4), 0, 0) == -95


def test_object_storage_is_keyed_by_a_number() -> None:
    with keyed("task_storage", 4, 8, 0, flags=1) as storage:
        storage[0xFFFF_8880_1234_5678] = 5
        assert dict(storage) == {0xFFFF_8880_1234_5678: 5}
        assert storage.key_size == 8


def test_frozen_and_read_only_maps() -> None:
    with keyed("array", 4, 4, 1, flags=0x80, initial=b"\5\0\0\0") as constants:
        assert constants[0] == 5
        with pytest.raises(MapError) as error:
            constants[0] = 6
        assert error.value.errno_name == "EPERM"
        assert native().bpfcc_map_update(constants.handle, bytes(4), bytes(4), 0, 0) == -13
    with keyed("hash", 4, 4, 1, flags=1 << 3) as read_only:
        with pytest.raises(MapError):
            read_only[0] = 6
        assert native().bpfcc_map_update(read_only.handle, bytes(4), bytes(4), 0, 0) == 0
        assert dict(read_only) == {0: 0}
    with keyed("hash", 4, 4, 1, flags=1 << 4) as write_only:
        write_only[0] = 6
        with pytest.raises(MapError):
            write_only[0]
        with pytest.raises(MapError):
            list(write_only)


def test_locks_and_timers_are_not_copied() -> None:
    with keyed("hash", 4, 24, 4) as table:
        with pytest.raises(MapError) as error:
            table.put(1, bytes(24), BPF_F_LOCK)
        assert error.value.errno == 22
        table.set_fields(lock_offset=0, timer_offset=8)
        table[1] = b"\xff" * 24
        assert table[1] == bytes(4) + b"\xff" * 4 + bytes(16)
        table.put(1, b"\1" * 24, BPF_F_LOCK)
        assert table[1] == bytes(4) + b"\1" * 4 + bytes(16)
        for wrong in ({"lock_offset": 22}, {"lock_offset": 2}, {"timer_offset": 16}):
            with pytest.raises(MapError):
                table.set_fields(**wrong)


class FixedCodec:
    """A stand-in for BTF: type 1 is {a: u32, b: u32}."""

    def decode(self, type_id: int, data: bytes) -> Any:
        assert type_id == 1
        a, b = struct.unpack("<II", data)
        return {"a": a, "b": b}

    def encode(self, type_id: int, value: Any) -> bytes:
        assert type_id == 1
        return struct.pack("<II", value.get("a", 0), value.get("b", 0))


def test_typed_keys_and_values() -> None:
    with keyed("hash", 8, 8, 4, btf_key_type_id=1, btf_value_type_id=1, codec=FixedCodec()) as flows:
        flows[{"a": 1, "b": 2}] = {"a": 3}
        assert list(flows.entries()) == [({"a": 1, "b": 2}, {"a": 3, "b": 0})]
        flows[struct.pack("<II", 1, 2)] = bytes(8)
        assert flows[{"a": 1, "b": 2}] == {"a": 0, "b": 0}
    with keyed("hash", 4, 8, 4, btf_key_type_id=1, codec=FixedCodec()) as wrong, pytest.raises(InputError, match="8 bytes"):
        wrong[{"a": 1}] = 1


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, "text", 1.5, None, b"short", b"longer than eight"])
def test_values_that_do_not_fit(value: Any) -> None:
    with keyed("hash", 8, 8, 4) as table:
        with pytest.raises(InputError):
            table[1] = value
        with pytest.raises(InputError):
            table[value]


@pytest.mark.parametrize("kind", ["user_ringbuf", "struct_ops", "arena"])
def test_kinds_without_a_meaning_are_unsupported(kind: str) -> None:
    with pytest.raises(UnsupportedError, match=kind):
        create_map(MapSpec("m", kind, 4, 4, 4))


def test_an_unknown_kind_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="lpm_trie"):
        create_map(MapSpec("m", "hashh", 4, 4, 4))


@pytest.mark.parametrize(
    "spec",
    [
        MapSpec("m", "hash", 0, 4, 4),
        MapSpec("m", "array", 8, 4, 4),
        MapSpec("m", "lpm_trie", 8, 4, 4),
        MapSpec("m", "ringbuf", 0, 0, 0),
        MapSpec("m", "perf_event_array", 4, 4, 4, map_extra=1),
        MapSpec("m", "hash", 4, 4, 4, map_extra=1),
    ],
)
def test_definitions_that_linux_refuses(spec: MapSpec) -> None:
    with pytest.raises(MapError) as error:
        create_map(spec)
    assert error.value.errno == 22


@pytest.mark.parametrize("field", ["key_size", "value_size", "max_entries", "flags", "map_extra"])
def test_numbers_outside_of_the_definition(field: str) -> None:
    spec = MapSpec("m", "hash", 4, 4, 4)
    setattr(spec, field, -1)
    with pytest.raises(InputError, match=field):
        create_map(spec)
    with pytest.raises(InputError, match="CPUs"):
        create_map(MapSpec("m", "hash", 4, 4, 4), cpus=0)


@pytest.mark.parametrize("kind", ["hash", "lru_hash", "percpu_hash", "array", "lpm_trie", "queue", "prog_array"])
def test_huge_maps_cost_nothing_until_they_are_used(kind: str) -> None:
    if sys.platform == "win32":
        return  # there the whole map is charged; the next test is about refusing
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    key = {"lpm_trie": 8, "queue": 0}.get(kind, 4)
    with create_map(MapSpec("m", kind, key, 4 if kind == "prog_array" else 64, 1 << 24, flags=int(kind == "lpm_trie"))) as huge:
        if isinstance(huge, KeyedMap):
            huge.write_bytes(bytes(key), bytes(huge._value_bytes))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10


def test_no_room_is_an_error() -> None:
    with pytest.raises(MapError) as error:
        create_map(MapSpec("m", "array", 4, 0x7FFF_FFFF, 0xFFFF_FFFF))
    assert error.value.errno == 12


def test_closed_maps_say_so_and_are_closed_once() -> None:
    table = keyed("hash", 4, 4, 4)
    assert not table.closed
    table.close()
    table.close()
    assert table.closed
    assert "closed" in repr(table)
    with pytest.raises(MapError) as error:
        table[1] = 1
    assert error.value.errno_name == "EBADF"


def test_memory_goes_with_the_last_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform != "linux":
        return

    def mapped() -> int:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - a kernel file
            return int(file.read().split()[0])

    keyed("array", 4, 1 << 16, 1 << 12)
    gc.collect()
    before = mapped()
    for _ in range(20):
        keyed("array", 4, 1 << 16, 1 << 12)  # 256 MiB each
    gc.collect()
    assert mapped() - before < 1 << 16  # pages


def test_every_supported_kind_can_be_made() -> None:
    shapes = {
        "queue": (0, 8, 4, 0),
        "stack": (0, 8, 4, 0),
        "bloom_filter": (0, 8, 4, 0),
        "ringbuf": (0, 0, 4096, 0),
        "lpm_trie": (8, 8, 4, 1),
        "stack_trace": (4, 64, 4, 0),
        "cgroup_storage": (8, 8, 0, 0),
        "percpu_cgroup_storage": (16, 8, 0, 0),
        "sk_storage": (4, 8, 0, 1),
        "inode_storage": (4, 8, 0, 1),
        "task_storage": (4, 8, 0, 1),
        "cgrp_storage": (4, 8, 0, 1),
    }
    for kind in sorted(set(MAP_TYPES) - {"user_ringbuf", "struct_ops", "arena"}):
        small = kind in ("array_of_maps", "hash_of_maps", "prog_array", "cgroup_array", "perf_event_array", "xskmap")
        key, value, entries, flags = shapes.get(kind, (4, 4 if small else 8, 4, 0))
        with create_map(MapSpec("m", kind, key, value, entries, flags=flags), cpus=2) as made:
            assert made.type == kind
            assert kind in repr(made)
