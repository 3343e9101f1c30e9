"""Map operations: ns each, 64 in a loop, next to the kernel's for the same loop by BPF_PROG_TEST_RUN.

    python bench/maps.py [--quick] [--only WORD]

Ours is a C loop that calls the native library as a helper does (no interpreter in it); the kernel's is an XDP program of
the same loop, where bpf(2) can be called. The two take turns; medians, with the smallest in brackets. Keys come from
64 rows of 64 ("spread") or from one ("hot"). Then: 8 threads on one map, a million prefixes, 8 producers on a ring.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import random
import statistics
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bpfcc.bpfir.module import MapSpec
from bpfcc.runtime.library import declare, native
from bpfcc.runtime.maps import Map, create_map
from bpfcc.runtime.maps.types import MAP_TYPES
from tests import kernel

LOOKUP, UPDATE, ARRAY, INSERT, DELETE, RING = range(6)
ROWS: Final = 64
U64 = ctypes.c_uint64
P = ctypes.c_void_p

declare(
    native(),
    {
        "bpfcc_bench_map": (U64, (P, ctypes.c_uint32, P, ctypes.c_uint32, ctypes.c_uint32, U64, U64, ctypes.POINTER(U64))),
        "bpfcc_test_mixed": (U64, (P, ctypes.c_uint32, ctypes.c_uint32, U64, U64, ctypes.c_int, P, P)),
        "bpfcc_test_count": (U64, (P, ctypes.c_uint32, U64, U64)),
        "bpfcc_test_prefixes": (U64, (P, ctypes.c_uint32, ctypes.c_int, U64)),
        "bpfcc_test_produce": (U64, (P, ctypes.c_uint32, U64)),
        "bpfcc_test_consume": (U64, (P, ctypes.c_uint32, U64, P)),
    },
)


@dataclass(frozen=True)
class Case:
    """One line of the table."""

    name: str
    spec: MapSpec
    operation: int
    entries: list[bytes]  # keys stored beforehand
    keys: list[bytes]  # 64 * rows keys that the loop uses
    rows: int
    kernel_operation: int | None = None


# ---- the kernel's side ----


def insn(opcode: int, dst: int = 0, src: int = 0, off: int = 0, imm: int = 0) -> bytes:
    """One 8-byte slot."""
    return struct.pack("<BBhi", opcode, src << 4 | dst, off, imm)


def map_address(dst: int, fd: int) -> bytes:
    """lddw of a map."""
    return insn(0x18, dst, 1, 0, fd) + insn(0)


def lookup_zero(fd: int, at: int, out: int) -> bytes:
    """r0 = lookup(fd, the u32 at r10 + at), leaving the program when it is NULL (`out` slots further)."""
    return map_address(1, fd) + insn(0xBF, 2, 10) + insn(0x07, 2, 0, 0, at) + insn(0x85, 0, 0, 0, 1) + insn(0x15, 0, 0, out, 0)


def loop_body(operation: int, fd: int) -> bytes:
    """One operation on the key at r9 + r8; r7 is a sum."""
    key = insn(0xBF, 2, 9) + insn(0x0F, 2, 8)
    value = insn(0xBF, 3, 10) + insn(0x07, 3, 0, 0, -16)
    match operation:
        case 0 | 2:
            return map_address(1, fd) + key + insn(0x85, 0, 0, 0, 1) + insn(0x15, 0, 0, 2, 0) + insn(0x79, 1, 0) + insn(0x0F, 7, 1)
        case 1:
            return map_address(1, fd) + key + value + insn(0xB7, 4) + insn(0x85, 0, 0, 0, 2) + insn(0x0F, 7, 0)
        case 3:
            fresh = insn(0x79, 1, 10, -24) + insn(0x07, 1, 0, 0, 1) + insn(0x7B, 10, 1, -24)
            key = insn(0xBF, 2, 10) + insn(0x07, 2, 0, 0, -24)
            return fresh + map_address(1, fd) + key + value + insn(0xB7, 4) + insn(0x85, 0, 0, 0, 2) + insn(0x0F, 7, 0)
        case 4:
            return map_address(1, fd) + key + insn(0x85, 0, 0, 0, 3) + insn(0x0F, 7, 0)
        case _:
            data = insn(0xBF, 2, 9) + insn(0x0F, 2, 8)
            return map_address(1, fd) + data + insn(0xB7, 3, 0, 0, 8) + insn(0xB7, 4, 0, 0, 1) + insn(0x85, 0, 0, 0, 130) + insn(0x0F, 7, 0)


def kernel_program(operation: int, fd: int, keys_fd: int, cursor_fd: int, stride: int, rows: int) -> int:
    """The loop as an XDP program; its file descriptor."""
    body = loop_body(operation, fd)
    loop = body + insn(0x07, 8, 0, 0, stride) + insn(0xA5, 8, 0, -(len(body) // 8) - 2, 64 * stride)
    tail = insn(0xB7, 7) + insn(0xB7, 8) + loop
    row = insn(0x57, 6, 0, 0, rows - 1) + insn(0x63, 10, 6, -4)
    rest = lookup_zero(keys_fd, -4, 0)
    second = len(rest) + len(insn(0xBF, 9, 0)) + len(tail)
    first_out = (len(insn(0x79, 6, 0)) * 7 + len(row) + second) // 8
    code = insn(0x62, 10, 0, -4, 0) + insn(0x7A, 10, 0, -16, 1)
    code += lookup_zero(cursor_fd, -4, first_out)
    code += (
        insn(0x79, 6, 0)
        + insn(0xBF, 1, 6)
        + insn(0x07, 1, 0, 0, 1)
        + insn(0x7B, 0, 1)
        + insn(0xBF, 1, 6)
        + insn(0x67, 1, 0, 0, 6)
        + insn(0x7B, 10, 1, -24)
    )
    code += row + lookup_zero(keys_fd, -4, 1 + len(tail) // 8) + insn(0xBF, 9, 0) + tail
    code += insn(0xB7, 0, 0, 0, 2) + insn(0x95)
    loaded = kernel.prog_load(kernel.XDP, code)
    if isinstance(loaded, kernel.Refused):
        raise SystemExit(f"the kernel refused the benchmark's program: {loaded.errno}\n{loaded.log[-2000:]}")
    return loaded


@contextmanager
def kernel_case(case: Case) -> Iterator[Callable[[int], float] | None]:
    """A function that measures `rounds` rounds in the kernel, None without bpf(2)."""
    if not kernel.kernel_available():
        yield None
        return
    spec, stride = case.spec, len(case.keys[0])
    fds = [kernel.map_create(MAP_TYPES[spec.type], spec.key_size, spec.value_size, spec.max_entries, spec.flags)]
    fds.append(kernel.map_create(MAP_TYPES["array"], 4, 64 * stride, case.rows))
    fds.append(kernel.map_create(MAP_TYPES["array"], 4, 8, 1))
    try:
        cpus = int(Path("/sys/devices/system/cpu/possible").read_text().strip().rpartition("-")[2]) + 1
        for key in case.entries:
            kernel.map_update(fds[0], key, bytes(range(8)) * (cpus if "percpu" in spec.type else 1))
        for row in range(case.rows):
            kernel.map_update(fds[1], struct.pack("<I", row), b"".join(case.keys[64 * row : 64 * row + 64]))
        fds.append(kernel_program(case.operation, fds[0], fds[1], fds[2], stride, case.rows))
        yield lambda rounds: kernel.prog_test_run(fds[3], bytes(64), repeat=rounds)[2] / 64
    finally:
        for fd in fds:
            os.close(fd)


# ---- our side ----


def our_rounds(subject: Map, case: Case) -> Callable[[int], float]:
    """A function that measures `rounds` rounds here."""
    keys, total, first = b"".join(case.keys), U64(0), [0]

    def run(rounds: int) -> float:
        ns = native().bpfcc_bench_map(
            subject.handle, case.operation, keys, len(case.keys[0]), case.rows, first[0], rounds, ctypes.byref(total)
        )
        first[0] += 64 * rounds
        return float(ns) / (64 * rounds)

    return run


def fill(subject: Map, entries: list[bytes]) -> None:
    """Store entries, quickly."""
    write, handle, value = native().bpfcc_map_write, subject.handle, bytes(range(8)) * subject.cpus
    for key in entries:
        if write(handle, key, value, 0) < 0:
            raise SystemExit(f"cannot fill {subject!r}")


# ---- cases ----


def numbers(count: int, size: int, first: int = 0) -> list[bytes]:
    """Keys of `size` bytes."""
    return [(first + i).to_bytes(size, "little") for i in range(count)]


def prefixes(count: int) -> tuple[list[bytes], list[bytes]]:
    """Distinct IPv4 prefixes as an internet table has them (half of them /24), and addresses below them."""
    rng, found = random.Random(7), {}
    while len(found) < count:
        length, address = rng.choice([16, 18, 20, 22, 23, 24, 24, 24, 24, 24, 28, 32]), rng.getrandbits(32)
        masked = address >> (32 - length) << (32 - length)
        found[struct.pack("<I", length) + struct.pack(">I", masked)] = address
    keys = [struct.pack("<I", 32) + struct.pack(">I", address) for address in found.values()]
    rng.shuffle(keys)
    return list(found), keys


def cases() -> Iterator[Case]:
    """Every line of the table."""
    array = MapSpec("array", "array", 4, 8, 4096)
    yield Case("array lookup, inlined", array, ARRAY, [], numbers(64, 4), 1)
    yield Case("array lookup, called", array, LOOKUP, [], numbers(64, 4), 1)
    yield Case("percpu_array lookup, called", MapSpec("percpu", "percpu_array", 4, 8, 4096), LOOKUP, [], numbers(64, 4), 1)
    yield Case("array update", array, UPDATE, [], numbers(64, 4), 1)
    for size in (4, 8, 16):
        table = MapSpec("hash", "hash", size, 8, 10000)
        yield Case(f"hash hit, {size}-byte keys", table, LOOKUP, numbers(9000, size), numbers(64, size), 1)
        yield Case(f"hash miss, {size}-byte keys", table, LOOKUP, numbers(9000, size), numbers(64, size, 10**6), 1)
        yield Case(f"hash update, {size}-byte keys", table, UPDATE, numbers(9000, size), numbers(64, size), 1)
    table = MapSpec("hash", "hash", 8, 8, 10000)
    spread = numbers(64 * ROWS, 8)
    yield Case("hash hit, spread", table, LOOKUP, numbers(9000, 8), spread, ROWS)
    yield Case("hash miss, spread", table, LOOKUP, numbers(9000, 8), numbers(64 * ROWS, 8, 10**6), ROWS)
    yield Case("hash update, spread", table, UPDATE, numbers(9000, 8), spread, ROWS)
    percpu = MapSpec("percpu", "percpu_hash", 8, 8, 10000)
    yield Case("percpu_hash hit", percpu, LOOKUP, numbers(9000, 8), numbers(64, 8), 1)
    yield Case("percpu_hash update", percpu, UPDATE, numbers(9000, 8), numbers(64, 8), 1)
    lru = MapSpec("lru", "lru_hash", 8, 8, 10000)
    yield Case("lru_hash hit", lru, LOOKUP, numbers(9000, 8), numbers(64, 8), 1)
    yield Case("lru_hash update", lru, UPDATE, numbers(9000, 8), numbers(64, 8), 1)
    yield Case("lru_hash insert with eviction", lru, INSERT, [], numbers(64, 8), 1)
    for count in (10_000, 1_000_000):
        stored, keys = prefixes(count)
        trie = MapSpec("lpm", "lpm_trie", 8, 8, count, flags=1)
        yield Case(f"lpm_trie lookup, {count:,} prefixes, hot", trie, LOOKUP, stored, keys[:64], 1)
        yield Case(f"lpm_trie lookup, {count:,} prefixes, spread", trie, LOOKUP, stored, keys[: 64 * ROWS], ROWS)


@dataclass
class Options:
    """How long."""

    turns: int
    rounds: int
    only: str


def measure(case: Case, options: Options) -> None:
    """One line: medians of turns taken in alternation."""
    with create_map(case.spec, cpus=2) as subject, kernel_case(case) as kernel_rounds:
        fill(subject, case.entries)
        ours, theirs = [], []
        run = our_rounds(subject, case)
        if case.operation == INSERT:  # until the map is full
            run(400)
            if kernel_rounds:
                kernel_rounds(400)
        for _ in range(options.turns):
            ours.append(run(options.rounds))
            if kernel_rounds:
                theirs.append(kernel_rounds(options.rounds))
    text = f"{statistics.median(theirs):8.1f} ({min(theirs):.1f})" if theirs else "       -"
    print(f"{case.name:44} {statistics.median(ours):8.1f} ({min(ours):.1f}) {text:>18}", flush=True)


# ---- threads ----


def on_threads(count: int, work: Callable[[int], Any]) -> tuple[float, list[Any]]:
    """Seconds, and what each thread returned."""
    results: list[Any] = [None] * count

    def run(index: int) -> None:
        results[index] = work(index)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begin, results


def report(name: str, operations: int, seconds: float, wrong: int) -> None:
    """One line of the second table."""
    print(
        f"{name:52} {operations / seconds / 1e6:8.2f} million/s  {seconds * 1e9 / operations:8.1f} ns each  wrong results: {wrong}",
        flush=True,
    )


def mixed(kind: str, threads: int, keys: int, steps: int) -> None:
    """Lookups, updates and deletes by many threads on one map, every result checked."""
    spec = MapSpec("mixed", kind, 8, 24, keys if kind == "hash" else keys // 2)
    versions = [(U64 * keys)() for _ in range(threads)]
    counts = [(U64 * 5)() for _ in range(threads)]
    with create_map(spec) as subject:
        call, handle = native().bpfcc_test_mixed, subject.handle
        seconds, wrong = on_threads(threads, lambda i: call(handle, i, threads, keys, steps, int(kind != "hash"), versions[i], counts[i]))
    report(f"{kind}: {threads} threads, lookup 3 : change 1", threads * steps, seconds, sum(wrong))


def counting(threads: int, keys: int, steps: int) -> None:
    """Per-CPU counters: the sums must come out."""
    with create_map(MapSpec("counts", "percpu_hash", 8, 8, keys), cpus=threads) as subject:
        call, handle = native().bpfcc_test_count, subject.handle
        seconds, wrong = on_threads(threads, lambda i: call(handle, i, keys, steps))
        total = sum(sum(values) for _, values in subject.entries())  # type: ignore[attr-defined]
    report(f"percpu_hash: {threads} threads counting", threads * steps, seconds, sum(wrong) + abs(total - threads * steps))


def prefix_writers(steps: int) -> None:
    """Lookups while prefixes come and go."""
    with create_map(MapSpec("lpm", "lpm_trie", 8, 8, 1 << 20, flags=1)) as subject:
        for first in range(256):
            value = struct.pack("<Q", 8 << 32 | first << 24)
            native().bpfcc_map_write(subject.handle, struct.pack("<IBBBB", 8, first, 0, 0, 0), value, 0)
        call, handle = native().bpfcc_test_prefixes, subject.handle
        seconds, wrong = on_threads(8, lambda i: call(handle, i, int(i < 2), steps))
    report("lpm_trie: 6 readers, 2 writers", 8 * steps, seconds, sum(wrong))


def producing(producers: int, records: int) -> None:
    """A ring with many producers and one consumer."""
    expected = (U64 * producers)()
    with create_map(MapSpec("ring", "ringbuf", 0, 0, 1 << 16)) as subject:
        handle = subject.handle

        def work(index: int) -> int:
            if index == producers:
                return int(native().bpfcc_test_consume(handle, producers, producers * records, expected))
            native().bpfcc_test_produce(handle, index, records)
            return 0

        seconds, wrong = on_threads(producers + 1, work)
    report(f"ringbuf: {producers} producers, 1 consumer", producers * records, seconds, sum(wrong))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="a few turns only")
    parser.add_argument("--only", default="", help="lines whose name contains this")
    arguments = parser.parse_args()
    options = Options(5 if arguments.quick else 61, 200, arguments.only)
    print(f"{'ns each: median (smallest)':44} {'bpfcc':>14} {'kernel':>18}")
    for case in cases():
        if options.only in case.name:
            measure(case, options)
    steps = 100_000 if arguments.quick else 1_000_000
    if options.only in "threads":
        print()
        mixed("hash", 8, 20_000, steps)
        mixed("lru_hash", 8, 20_000, steps)
        counting(8, 5_000, steps)
        prefix_writers(steps // 2)
        producing(8, steps // 4)


if __name__ == "__main__":
    main()
