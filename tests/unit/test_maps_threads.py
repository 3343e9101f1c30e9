"""Many threads on one map: every result is checked by native drivers, which run without the interpreter lock."""

from __future__ import annotations

import ctypes
import struct
import threading
from collections.abc import Callable

import pytest

from bpfcc.bpfir.module import MapSpec
from bpfcc.runtime.library import declare, native
from bpfcc.runtime.maps import KeyedMap, PerCpuMap, RingBuffer, create_map

THREADS = 8
U32, U64, P = ctypes.c_uint32, ctypes.c_uint64, ctypes.c_void_p

declare(
    native(),
    {
        "bpfcc_test_mixed": (U64, (P, U32, U32, U64, U64, ctypes.c_int, P, P)),
        "bpfcc_test_churn": (U64, (P, U32, U32, U64, U64)),
        "bpfcc_test_count": (U64, (P, U32, U64, U64)),
        "bpfcc_test_prefixes": (U64, (P, U32, ctypes.c_int, U64)),
        "bpfcc_test_produce": (U64, (P, U32, U64)),
        "bpfcc_test_consume": (U64, (P, U32, U64, P)),
    },
)


def on_threads(count: int, work: Callable[[int], int]) -> int:
    """The sum of what the threads return."""
    results = [1_000_000] * count  # a thread that dies is wrong

    def run(index: int) -> None:
        results[index] = int(work(index))

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(results)


def mixed(kind: str, keys: int, entries: int, steps: int, flags: int = 0) -> None:
    """Lookups, updates and deletes; afterwards the map holds what the threads remember."""
    may_vanish = int(kind == "lru_hash")
    versions = [(U64 * keys)() for _ in range(THREADS)]
    counts = [(U64 * 5)() for _ in range(THREADS)]
    with create_map(MapSpec("m", kind, 8, 24, entries, flags=flags)) as table:
        assert isinstance(table, KeyedMap)
        call, handle = native().bpfcc_test_mixed, table.handle
        assert on_threads(THREADS, lambda i: call(handle, i, THREADS, keys, steps, may_vanish, versions[i], counts[i])) == 0
        found = {int.from_bytes(key, "little"): struct.unpack("<QQQ", value)[:2] for key, value in table.raw_items()}
        assert len(found) == len(table) <= entries
        for key, (own, version) in found.items():
            assert own == key
            assert versions[key % THREADS][key] == version
        if not may_vanish:
            expected = {key for thread in range(THREADS) for key in range(thread, keys, THREADS) if versions[thread][key]}
            assert set(found) == expected
        assert sum(count[2] for count in counts) > steps  # updates were made at all


@pytest.mark.parametrize(("keys", "entries"), [(4000, 4000), (64, 64), (3000, 1000)])
def test_hash(keys: int, entries: int) -> None:
    mixed("hash", keys, entries, 50_000)


def test_hash_without_preallocation() -> None:
    mixed("hash", 500, 500, 50_000, flags=1)


@pytest.mark.parametrize(("keys", "entries"), [(4000, 2000), (200, 20)])
def test_lru(keys: int, entries: int) -> None:
    mixed("lru_hash", keys, entries, 50_000)


def test_values_used_again_within_a_run_are_found_whole() -> None:
    with create_map(MapSpec("m", "hash", 8, 24, 64)) as table:
        call, handle = native().bpfcc_test_churn, table.handle
        assert on_threads(THREADS, lambda i: call(handle, i, THREADS, 64, 50_000)) == 0
        assert isinstance(table, KeyedMap)
        assert len(table) == 64


@pytest.mark.parametrize("kind", ["percpu_hash", "lru_percpu_hash"])
def test_per_cpu_counters_add_up(kind: str) -> None:
    with create_map(MapSpec("m", kind, 8, 8, 500), cpus=THREADS) as counters:
        assert isinstance(counters, PerCpuMap)
        call, handle = native().bpfcc_test_count, counters.handle
        assert on_threads(THREADS, lambda i: call(handle, i, 500, 50_000)) == 0
        totals = [sum(values) for _, values in counters.entries()]
        assert len(totals) == 500
        assert sum(totals) == THREADS * 50_000


def test_prefixes_are_right_while_others_come_and_go() -> None:
    with create_map(MapSpec("m", "lpm_trie", 8, 8, 100_000, flags=1)) as routes:
        for first in range(256):
            native().bpfcc_map_write(routes.handle, struct.pack("<I4B", 8, first, 0, 0, 0), struct.pack("<Q", 8 << 32 | first << 24), 0)
        call, handle = native().bpfcc_test_prefixes, routes.handle
        assert on_threads(THREADS, lambda i: call(handle, i, int(i < 2), 40_000)) == 0


def produce_and_consume(producers: int, records: int) -> None:
    """Every record arrives once, each producer's in order."""
    expected = (U64 * producers)()
    with create_map(MapSpec("m", "ringbuf", 0, 0, 1 << 15)) as ring:
        assert isinstance(ring, RingBuffer)
        handle = ring.handle

        def work(index: int) -> int:
            if index == producers:
                return int(native().bpfcc_test_consume(handle, producers, producers * records, expected))
            native().bpfcc_test_produce(handle, index, records)
            return 0

        assert on_threads(producers + 1, work) == 0
        assert list(expected) == [records] * producers
        list(ring.consume())  # what was discarded at the end
        assert ring.query() == 0


def test_ring_with_eight_producers() -> None:
    produce_and_consume(8, 5_000)


def test_the_ring_s_checker_finds_a_wrong_record() -> None:
    """The driver that says that all is well must be able to say the opposite."""
    with create_map(MapSpec("m", "ringbuf", 0, 0, 1 << 15)) as ring:
        assert isinstance(ring, RingBuffer)
        ring.output(bytes(23) + b"\1")
        assert native().bpfcc_test_consume(ring.handle, 1, 1, (U64 * 1)()) == 1


def test_the_map_s_checker_finds_a_wrong_value() -> None:
    with create_map(MapSpec("m", "hash", 8, 24, 16)) as table:
        assert isinstance(table, KeyedMap)
        for key in range(16):
            table[key] = bytes(24)
        assert native().bpfcc_test_mixed(table.handle, 0, 1, 16, 100, 0, (U64 * 16)(), (U64 * 5)()) > 0


@pytest.mark.soak
def test_everything_for_longer() -> None:
    mixed("hash", 4000, 4000, 3_000_000)
    mixed("lru_hash", 4000, 2000, 3_000_000)
    produce_and_consume(8, 500_000)
