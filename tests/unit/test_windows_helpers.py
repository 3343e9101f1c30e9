"""What helpers of Windows do where those of Linux do something else: maps, strings, sums, tail calls; and what its tables say of them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

import pytest

import bpfcc
from bpfcc.bpfir.module import MapSpec
from bpfcc.compat.native.info_hash import program_info
from bpfcc.errors import InputError
from bpfcc.judgement import Rules
from bpfcc.program import Program
from bpfcc.runtime.maps.keyed import KeyedMap
from bpfcc.runtime.options import RunOptions
from bpfcc.runtime.specs import load_platform
from bpfcc.runtime.specs.tables import FOLDER
from bpfcc.verification import judge_here
from tests.runtime_harness import Lab

if TYPE_CHECKING:
    from pathlib import Path

WINDOWS: Final = load_platform("windows")
INVALID_ARGUMENT, NOT_FOUND, EXISTS, NO_MEMORY, KEY_NOT_FOUND, NO_MORE_TAIL_CALLS, OUT_OF_SPACE = -6, -7, -8, -12, -19, -27, -29
EINVAL: Final = -22
STATUS_INVALID_PARAMETER, STATUS_BUFFER_OVERFLOW = 0xC000000D - (1 << 32), 0x80000005 - (1 << 32)
NOEXIST, EXIST = 1, 2
ARRAYS: Final = ("array", "percpu_array")


@pytest.mark.parametrize("kind", ARRAYS)
def test_an_element_that_is_deleted_is_zeroed(kind: str) -> None:
    with Lab(maps=[MapSpec("m", kind, 4, 8, 2)], platform="windows", options=RunOptions(cpus=2)) as lab:
        m, key, value = lab.handle("m"), lab.put(b"\1\0\0\0"), lab.put(b"\xaa" * 8)
        assert lab.call("map_update_elem", m, key, value, 0) == 0
        found = lab.call("map_lookup_elem", m, key)
        assert lab.get(found, 8) == b"\xaa" * 8
        assert lab.call("map_delete_elem", m, key) == 0
        assert lab.call("map_lookup_elem", m, key) == found
        assert lab.get(found, 8) == bytes(8)
        assert lab.call("map_delete_elem", m, lab.put(b"\2\0\0\0")) == INVALID_ARGUMENT


def test_an_element_of_each_cpu_is_zeroed() -> None:
    spec = MapSpec("m", "percpu_array", 4, 8, 1)
    with Lab(maps=[spec], platform="windows", options=RunOptions(cpus=3), cpu=1) as lab:
        m = lab.maps["m"]
        assert isinstance(m, KeyedMap)
        m[0] = [1, 2, 3]
        assert lab.call("map_delete_elem", lab.handle("m"), lab.put(bytes(4))) == 0
        assert m[0] == [0, 0, 0]


@pytest.mark.parametrize(
    ("kind", "there", "flags", "result"),
    [
        ("array", True, NOEXIST, INVALID_ARGUMENT), ("array", True, EXIST, 0), ("array", True, 4, 0), ("array", False, 0, INVALID_ARGUMENT),
        # Where a CPU has a value, it is written whatever the flags say.
        ("percpu_array", True, NOEXIST, 0), ("percpu_array", False, 0, INVALID_ARGUMENT),
        ("percpu_hash", True, NOEXIST, 0), ("percpu_hash", True, EXIST, 0), ("percpu_hash", False, EXIST, KEY_NOT_FOUND),
        ("percpu_hash", False, NOEXIST, 0),
        ("hash", True, NOEXIST, EXISTS), ("hash", False, EXIST, KEY_NOT_FOUND), ("hash", True, 4, INVALID_ARGUMENT),
        # Flags are an int there.
        ("hash", True, 1 << 32, 0),
    ],
)  # fmt: skip
def test_flags_of_updates(kind: str, there: bool, flags: int, result: int) -> None:
    with Lab(maps=[MapSpec("m", kind, 4, 8, 2)], platform="windows") as lab:
        m, value = lab.handle("m"), lab.put(b"\xbb" * 8)
        if there and "array" not in kind:
            assert lab.call("map_update_elem", m, lab.put(b"\1\0\0\0"), lab.put(bytes(8)), 0) == 0
        key = lab.put(b"\1\0\0\0" if there or "array" not in kind else b"\2\0\0\0")
        assert lab.call("map_update_elem", m, key, value, flags) == result
        found = lab.call("map_lookup_elem", m, key)
        assert (found != 0 and lab.get(found, 8) == b"\xbb" * 8) == (result == 0)


@pytest.mark.parametrize("kind", ["queue", "stack"])
def test_queues(kind: str) -> None:
    for size in (40, 300):
        with Lab(maps=[MapSpec("m", kind, 0, size, 1)], platform="windows") as lab:
            m, room = lab.handle("m"), lab.put(b"\xcc" * size)
            for helper in ("map_pop_elem", "map_peek_elem"):
                assert lab.call(helper, m, room) == NOT_FOUND
                assert lab.get(room, size) == b"\xcc" * size
    with Lab(maps=[MapSpec("m", kind, 0, 40, 1)], platform="windows") as lab:
        m, room, one, two = lab.handle("m"), lab.room(40), lab.put(b"\1" * 40), lab.put(b"\2" * 40)
        assert lab.call("map_push_elem", m, one, NOEXIST) == 0
        assert lab.call("map_push_elem", m, two, NOEXIST) == OUT_OF_SPACE
        assert lab.call("map_push_elem", m, two, EXIST | NOEXIST) == 0
        assert lab.call("map_pop_elem", m, room) == 0
        assert lab.get(room, 40) == b"\2" * 40


def test_records_that_never_fit() -> None:
    with Lab(maps=[MapSpec("m", "ringbuf", 0, 0, 4096)], platform="windows") as lab:
        data = lab.put(bytes(408))
        assert lab.call("ringbuf_output", lab.handle("m"), data, 4089, 0) == INVALID_ARGUMENT
        assert [lab.call("ringbuf_output", lab.handle("m"), data, 408, 0) for _ in range(10)] == [0] * 9 + [NO_MEMORY]


def test_tail_calls_that_fail() -> None:
    with Lab(maps=[MapSpec("m", "prog_array", 4, 4, 2)], platform="windows") as lab:
        for taken in (0, 33):
            lab.run.native.tail_calls = taken
            for index in (0, 1, 2):
                assert lab.call("tail_call", lab.ctx, lab.handle("m"), index) == INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("start", "source", "size", "count", "result", "after"),
    [
        (b"", b"ab\0zz", 6, 5, 0, b"ab\0\0\0\0"),
        (b"", b"abcdef", 6, 6, STATUS_BUFFER_OVERFLOW, b"abcde\0"),
        (b"", b"abcdef", 6, 5, 0, b"abcde\0"),
        (b"xy", b"ab", 6, 2, 0, b"xyab\0\0"),
        (b"xyz", b"abc", 6, 3, STATUS_BUFFER_OVERFLOW, b"xyzab\0"),
        (b"xyzuvw", b"a", 6, 1, STATUS_INVALID_PARAMETER, b"xyzuvw"),
    ],
)
def test_strings(start: bytes, source: bytes, size: int, count: int, result: int, after: bytes) -> None:
    with Lab(platform="windows") as lab:
        room = lab.put(start.ljust(size, b"\0") if start else b"\xee" * size)
        assert lab.call("strncat_s" if start else "strncpy_s", room, size, lab.put(source), count) == result
        assert lab.get(room, size) == after


@pytest.mark.parametrize(
    ("before", "after", "seed", "result"),
    [
        (b"", b"\1\0\2\0", 0, 3),
        (b"\1\0\2\0", b"", 0, 0xFFFE + 0xFFFD),
        (b"\1\0\2\0", b"\1\0\2\0", 7, 7 + 2 * 0xFFFF),
        (b"", b"\xff\xff\xff\xff", 0x7FFF_FFFF, EINVAL),
        (b"", b"", 0xFFFF_0000, EINVAL),
        (b"", b"\1\0", 0, EINVAL),
    ],
)
def test_sums(before: bytes, after: bytes, seed: int, result: int) -> None:
    """They are of half words, and one that is negative is an error."""
    with Lab(platform="windows") as lab:
        given = [part for text in (before, after) for part in (lab.put(text) if text else 0, len(text))]
        assert lab.call("csum_diff", *given, seed) == result


# ---- what the tables say


def row_of(number: int, program_type: str) -> Any:
    return WINDOWS.program_type(program_type).own_helpers.get(number) or WINDOWS.helpers_by_id[number]


def test_every_helper_takes_memory_of_the_packet() -> None:
    """Windows' verifier has one kind of memory (stack, packet, value of a map) for keys, values, and buffers of either way."""
    every = [*WINDOWS.helpers_by_id.values(), *(each for kind in WINDOWS.program_types.values() for each in kind.own_helpers.values())]
    assert all(each.packet for each in every)
    assert not any(each.packet for each in load_platform("linux").helpers_by_id.values() if each.name == "trace_printk")


PACKET: Final = "r6 = r1\nr2 = *(u64 *)(r1 + 0)\nr3 = *(u64 *)(r1 + 8)\nr4 = r2\nr4 += 16\nif r4 > r3 goto out\n"
ENDS: Final = "\nout: r0 = 1\nexit"
MAPS: Final = {
    "hash": MapSpec("hash", "hash", 4, 8, 4), "queue": MapSpec("queue", "queue", 0, 8, 4), "array": MapSpec("array", "array", 4, 8, 4),
    "ringbuf": MapSpec("ringbuf", "ringbuf", 0, 0, 4096), "perf_event_array": MapSpec("perf_event_array", "perf_event_array", 0, 0, 4096),
}  # fmt: skip
IN_PACKETS: Final = {
    "key": ("hash", "r1 = map[0] ll\ncall 1"),
    "key to delete": ("hash", "r1 = map[0] ll\ncall 4"),
    "value": ("hash", "r1 = map[0] ll\nr3 = r2\nr4 = 0\ncall 2"),
    "readable": ("ringbuf", "r1 = map[0] ll\nr3 = 8\nr4 = 0\ncall 11"),
    "event": ("perf_event_array", "r1 = r6\nr4 = r2\nr2 = map[0] ll\nr3 = 4294967295 ll\nr5 = 8\ncall 32"),
    "format": ("hash", "r1 = r2\nr2 = 8\ncall 12"),
    "popped": ("queue", "r1 = map[0] ll\ncall 17"),
    "writable": ("hash", "r1 = r2\nr2 = 16\nr3 = 5\ncall 24"),
    "both": ("hash", "r1 = r2\nr3 = r2\nr2 = 8\nr4 = 8\nr3 += 8\ncall 22"),
}


@pytest.mark.parametrize("name", IN_PACKETS)
def test_arguments_in_packets(name: str) -> None:
    kind, text = IN_PACKETS[name]
    for checked, accepted in ((PACKET, True), (PACKET.replace("r4 += 16", "r4 += 2"), False)):
        program = Program.from_bytes(bpfcc.assemble(checked + text + ENDS), type="xdp", maps=[MAPS[kind]])
        assert bpfcc.verify(program, "windows", cache=None).accepted == accepted, name


# ---- buffers that are not written whole

LEFT: Final = {
    "popped": ("r1 = map[0] ll\nr2 = r10\nr2 += -8\ncall 17", True),
    "copied": ("*(u64 *)(r10 - 16) = 0\nr1 = r10\nr1 += -8\nr2 = 8\nr3 = r10\nr3 += -16\nr4 = 4\ncall 22", True),
    "set": ("r1 = r10\nr1 += -8\nr2 = 8\nr3 = 1\ncall 24", False),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_helpers_leave_as_it_was_is_not_what_others_left(name: str) -> None:
    """Such bytes count as written, so their frames begin with zeros."""
    text, zeroed = LEFT[name]
    program = Program.from_bytes(bpfcc.assemble(f"{text}\nr0 = *(u64 *)(r10 - 8)\nexit"), type="xdp", maps=[MAPS["queue"]])
    verdict = judge_here(program, Rules("windows"))
    assert verdict.accepted
    assert bool(verdict.zeroed) == zeroed


def test_linux_writes_buffers_whole() -> None:
    program = Program.from_bytes(
        bpfcc.assemble("r1 = map[0] ll\nr2 = r10\nr2 += -8\ncall 88\nr0 = *(u64 *)(r10 - 8)\nexit"), type="xdp", maps=[MAPS["queue"]]
    )
    verdict = judge_here(program, Rules("linux"))
    assert verdict.accepted and not verdict.zeroed


def test_a_helper_that_does_not_write_a_buffer_whole(tmp_path: Path) -> None:
    """It is said of one, where the others of its platform do."""
    table = json.loads((FOLDER / "windows.json").read_text(encoding="utf-8")) | {"name": "filled", "fills_buffers": True}
    path = tmp_path / "filled.json"
    found = []
    for fills in (True, False):
        table["helpers"] = [row | {"fills": fills} if row["name"] == "map_pop_elem" else row for row in table["helpers"]]
        copy = path.with_stem(f"filled{fills}")
        copy.write_text(json.dumps(table), encoding="utf-8")
        code = bpfcc.assemble(f"{LEFT['popped'][0]}\nr0 = *(u64 *)(r10 - 8)\nexit")
        verdict = judge_here(Program.from_bytes(code, type="xdp", maps=[MAPS["queue"]]), Rules(str(copy)))
        assert verdict.accepted
        found.append(bool(verdict.zeroed))
    assert found == [False, True]


# ---- prototypes as they are published


def test_published_prototypes() -> None:
    """Of the sample extension: what it says of its helpers is not in every case what they take."""
    head = program_info(WINDOWS, "sample", [])[:-8]

    def entry(number: int, name: str, returns: int, *arguments: int) -> bytes:
        words = (returns, *arguments, *[0] * (5 - len(arguments)))
        return number.to_bytes(4, "little") + name.encode() + b"".join(word.to_bytes(4, "little") for word in words)

    for number, name, returns, arguments in (
        (65537, "sample_ebpf_extension_find", 0, (9, 2, 9, 2)),
        (65538, "sample_ebpf_extension_replace", 0, (9, 2, 1, 9, 2)),
        (65540, "sample_ebpf_extension_helper_implicit_2", 0, ()),
        (65541, "sample_ext_helper_map_lookup_element", 1, (5, 7)),
        (65542, "sample_ext_helper_map_get_value", 0, (5, 7, 11, 2)),
    ):
        want = head + (1).to_bytes(8, "little") + entry(number, name, returns, *arguments)
        assert hashlib.sha256(program_info(WINDOWS, "sample", [number])).digest() == hashlib.sha256(want).digest(), name


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"result": "int16"}, "result: must be one of int32, uint32"),
        ({"result": ["int32"]}, "result: must be one of"),
        ({"fills": 1}, "fills: must be true or false"),
        ({"published_args": ["memory"]}, r"published_args\[0\]: unknown argument kind 'memory'"),
        ({"published_args": "mem"}, "published_args: must be a list"),
    ],
)
def test_faults_of_rows(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    path = tmp_path / "more.json"
    helper = {"id": 36, "name": "more", "args": [], **row}
    path.write_text(json.dumps({"schema": "bpfcc.platform/1", "name": "more", "extends": "windows", "helpers": [helper]}))
    with pytest.raises(InputError, match=said):
        load_platform(str(path))
