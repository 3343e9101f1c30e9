"""The same operations on a map of the running kernel and on ours: the same errno, the same bytes.

What Linux leaves open is not compared: the order of hash maps, and which entry an LRU map evicts.
"""

from __future__ import annotations

import ctypes
import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpfcc.runtime.library import native
from tests import kernel
from tests.property.map_oracle import AnyMap, Definition, KernelMap, OurMap, all_keys

EXAMPLES = 60

SIZES = st.sampled_from(
    [0, 1, 3, 4, 5, 8, 12, 16, 20, 64, 260, 261, 512, 513, 1016, 1024, 4096, 32768, 32769, 1 << 20, 1 << 22, 0x80000000]
)
ENTRIES = st.sampled_from([0, 1, 3, 16, 4095, 4096, 4097, 8192, 12288])
FLAGS = st.one_of(
    st.just(0),
    st.just(1),
    st.integers(0, 12).map(lambda bit: 1 << bit),
    st.tuples(st.integers(0, 12), st.integers(0, 12)).map(lambda bits: 1 << bits[0] | 1 << bits[1]),
)
# Not cpumap: its bound is how the kernel was configured. Maps of maps need an inner one.
KINDS = st.sampled_from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 15, 17, 18, 20, 22, 23, 25, 27, 30])


def both(definition: Definition) -> tuple[KernelMap, OurMap]:
    """The two maps."""
    theirs, ours = KernelMap.create(definition), OurMap.create(definition)
    assert not isinstance(theirs, int)
    assert not isinstance(ours, int)
    return theirs, ours


def errno_of(made: AnyMap | int) -> int:
    """Of a creation; the map is closed."""
    if isinstance(made, int):
        return made
    made.close()
    return 0


@kernel.needs_kernel
@settings(max_examples=400)
@given(kind=KINDS, key=SIZES, value=SIZES, entries=ENTRIES, flags=FLAGS, extra=st.sampled_from([0, 0, 0, 1, 15, 16]))
def test_definitions(kind: int, key: int, value: int, entries: int, flags: int, extra: int) -> None:
    if kind == 4 and extra:
        return  # ours gives it a meaning; create_map refuses it
    definition = Definition(kind, key, value, entries, flags, extra)
    assert errno_of(OurMap.create(definition)) == errno_of(KernelMap.create(definition))


@kernel.needs_kernel
@pytest.mark.parametrize("kind", [1, 2, 5, 6, 9, 10, 11, 14, 22, 23, 25, 27, 30])
@pytest.mark.parametrize("flags", [0, 1, 2, 1 << 3, 1 << 4, 3 << 3, 1 << 5, 1 << 6, 1 << 7, 1 << 8, 3 << 7, 1 << 10, 1 << 11, 1 << 12])
def test_usual_definitions_with_every_flag(kind: int, flags: int) -> None:
    key = {11: 8, 22: 0, 23: 0, 27: 0, 30: 0}.get(kind, 4)
    for value in (4, 8) if kind != 27 else (0,):
        for more in (0, 1):
            definition = Definition(kind, key, value, 4096, flags | more)
            assert errno_of(OurMap.create(definition)) == errno_of(KernelMap.create(definition)), definition


Operation = tuple[str, int, int, int]

OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["update", "update", "update", "lookup", "lookup", "delete", "next", "take"]),
        st.integers(0, 1 << 16),  # which key
        st.integers(0, 255),  # which value
        st.sampled_from([0, 0, 0, 0, 1, 2, 3, 4, 5, 8, 1 << 32]),
    ),
    max_size=60,
)


def value_for(definition: Definition, seed: int, size: int) -> bytes:
    """A value of `size` bytes whose padding is zero."""
    if not definition.percpu:
        return random.Random(seed).randbytes(size)
    stride = (definition.value_size + 7) // 8 * 8
    return b"".join(random.Random(seed + i).randbytes(definition.value_size).ljust(stride, b"\0") for i in range(size // stride))


def answer(subject: KernelMap | OurMap, operation: Operation, key: bytes | None) -> tuple[int, bytes]:
    """What one side says."""
    name, which, seed, flags = operation
    match name:
        case "update":
            return subject.update(key, value_for(subject.definition, seed, subject.bytes), flags)
        case "lookup":
            return subject.lookup(key, value_for(subject.definition, seed, subject.bytes), flags)
        case "delete":
            return subject.delete(key)
        case "next":
            return subject.next_key(None if which % 3 == 0 else key)
        case _:
            return subject.take(key)


def compare(definition: Definition, operations: list[Operation], keys: list[bytes | None], *, ordered: bool) -> None:
    """Run both and compare every answer, and the contents afterwards."""
    theirs, ours = both(definition)
    try:
        for operation in operations:
            key = keys[operation[1] % len(keys)]
            expected, found = answer(theirs, operation, key), answer(ours, operation, key)
            if operation[0] == "next" and not ordered:
                expected = found = (0, b"")
            assert found == expected, (operation, key)
        if keys != [None]:
            left, right = all_keys(theirs), all_keys(ours)
            assert (right == left) if ordered else (sorted(right) == sorted(left))
            assert [ours.lookup(key) for key in left] == [theirs.lookup(key) for key in left]
    finally:
        theirs.close()
        ours.close()


def small_keys(size: int, count: int) -> list[bytes | None]:
    """Few keys, so that they meet."""
    return [i.to_bytes(size, "little") for i in range(count)]


HASHES = [
    Definition(1, 8, 12, 10),
    Definition(1, 3, 8, 10, 1),
    Definition(1, 20, 40, 10, 1 << 6),
    Definition(5, 4, 12, 8),
    Definition(5, 16, 3, 8, 1),
    Definition(1, 4, 4, 8, 1 << 3),
    Definition(1, 4, 4, 8, 1 << 4),
    # Few enough keys that nothing is evicted.
    Definition(9, 4, 8, 1000),
    Definition(10, 4, 8, 1000),
    Definition(9, 4, 8, 1000, 2),
]
ORDERED = [
    Definition(2, 4, 12, 8),
    Definition(6, 4, 12, 8),
    Definition(2, 4, 4, 8, 1 << 3),
    Definition(2, 4, 4, 8, 1 << 4),
    Definition(7, 4, 64, 8),
]


@kernel.needs_kernel
@pytest.mark.parametrize("definition", HASHES, ids=str)
@settings(max_examples=EXAMPLES)
@given(operations=OPERATIONS)
def test_hashes(definition: Definition, operations: list[Operation]) -> None:
    compare(definition, operations, small_keys(definition.key_size, 16), ordered=False)


@kernel.needs_kernel
@pytest.mark.parametrize("definition", ORDERED, ids=str)
@settings(max_examples=EXAMPLES)
@given(operations=OPERATIONS)
def test_arrays(definition: Definition, operations: list[Operation]) -> None:
    compare(definition, operations, small_keys(4, 11), ordered=True)


@kernel.needs_kernel
@pytest.mark.parametrize("definition", [Definition(22, 0, 8, 5), Definition(23, 0, 5, 5), Definition(22, 0, 8, 5, 1 << 3)], ids=str)
@settings(max_examples=EXAMPLES)
@given(operations=OPERATIONS)
def test_queues_and_stacks(definition: Definition, operations: list[Operation]) -> None:
    compare(definition, operations, [None], ordered=True)


@st.composite
def prefix_keys(draw: st.DrawFn, data_bytes: int) -> list[bytes | None]:
    """Keys that nest; some are longer than can be, and the bits after the prefix are anything."""
    lengths = st.one_of(
        st.sampled_from([0, 1, 7, 8, 9, 8 * data_bytes - 1, 8 * data_bytes, 8 * data_bytes + 1]), st.integers(0, 8 * data_bytes)
    )
    byte = st.sampled_from([0, 0, 1, 0x80, 0xFF])
    one = st.tuples(lengths, st.lists(byte, min_size=data_bytes, max_size=data_bytes))
    return [struct.pack("<I", length) + bytes(data) for length, data in draw(st.lists(one, min_size=1, max_size=30))]


@kernel.needs_kernel
@pytest.mark.parametrize("data_bytes", [1, 4, 6, 16])
@settings(max_examples=EXAMPLES)
@given(data=st.data(), operations=OPERATIONS)
def test_prefixes(data_bytes: int, data: st.DataObject, operations: list[Operation]) -> None:
    keys = data.draw(prefix_keys(data_bytes))
    compare(Definition(11, 4 + data_bytes, 8, 12, 1), operations, keys, ordered=True)


@kernel.needs_kernel
@pytest.mark.parametrize("data_bytes", [4, 16])
def test_many_prefixes(data_bytes: int) -> None:
    """Enough of them for jump tables: matches and the whole order, while inserting and after deleting most."""
    rng = random.Random(data_bytes)
    theirs, ours = both(Definition(11, 4 + data_bytes, 8, 5000, 1))

    def key(longest: int) -> bytes:
        address = rng.getrandbits(12).to_bytes(2, "big") + rng.randbytes(data_bytes - 2)
        return struct.pack("<I", rng.randrange(longest + 1)) + address

    def agree() -> None:
        order = all_keys(theirs)
        assert all_keys(ours) == order
        probes = [struct.pack("<I", 8 * data_bytes) + key(0)[4:] for _ in range(1500)] + [
            struct.pack("<I", 8 * data_bytes) + k[4:] for k in order
        ]
        assert [ours.lookup(k) for k in probes] == [theirs.lookup(k) for k in probes]

    for _ in range(3000):
        new, value = key(8 * data_bytes), rng.randbytes(8)
        assert ours.update(new, value) == theirs.update(new, value)
    agree()
    stored = all_keys(theirs)
    assert len(stored) > 1000
    for old in rng.sample(stored, len(stored) * 4 // 5):
        assert ours.delete(old) == theirs.delete(old) == (0, b"")
    agree()
    theirs.close()
    ours.close()


@kernel.needs_kernel
def test_arrays_of_devices() -> None:
    """Interface 1 is the loopback device."""
    for kind, size in ((14, 4), (14, 8), (25, 4), (25, 8)):
        theirs, ours = both(Definition(kind, 4, size, 3))
        rng = random.Random(size)
        for _ in range(300):
            key, value = struct.pack("<I", rng.choice([0, 1, 2, 3, 9])), rng.choice([0, 1, 1, 1]).to_bytes(size, "little")
            match rng.randrange(4):
                case 0 | 1:
                    flags = rng.choice([0, 0, 1, 2, 3, 4])
                    assert ours.update(key, value, flags) == theirs.update(key, value, flags), (kind, key, value, flags)
                case 2:
                    assert ours.lookup(key) == theirs.lookup(key)
                case _:
                    assert ours.delete(key) == theirs.delete(key)
        theirs.close()
        ours.close()


@kernel.needs_kernel
@pytest.mark.parametrize("kind", [3, 4, 8, 15, 17, 18, 20])
def test_empty_arrays_of_numbers(kind: int) -> None:
    """What needs a file descriptor of the kernel cannot be stored on both sides; everything else can be asked."""
    for size in (4, 8) if kind in (15, 18, 20) else (4,):
        theirs, ours = both(Definition(kind, 4, size, 3))
        for index in (0, 2, 3, 99):
            key = struct.pack("<I", index)
            for call in ("lookup", "delete", "next_key", "take"):
                assert getattr(ours, call)(key) == getattr(theirs, call)(key), (call, index, size)
        theirs.close()
        ours.close()


@kernel.needs_kernel
def test_program_arrays() -> None:
    program = kernel.prog_load(kernel.XDP, bytes.fromhex("b700000002000000 9500000000000000"))
    assert isinstance(program, int)
    theirs, ours = both(Definition(3, 4, 4, 3))
    for index in (0, 2, 3):
        for flags in (0, 1, 2, 4):
            key, value = struct.pack("<I", index), struct.pack("<I", program)
            assert ours.update(key, value, flags) == theirs.update(key, value, flags)
            assert ours.lookup(key)[0] == theirs.lookup(key)[0]
        assert ours.delete(key) == theirs.delete(key)
        assert ours.delete(key) == theirs.delete(key)
    theirs.close()
    ours.close()


@kernel.needs_kernel
@pytest.mark.parametrize(
    "definition", [Definition(1, 4, 4, 4), Definition(2, 4, 4, 4, 1 << 7), Definition(14, 4, 4, 4), Definition(1, 4, 4, 4, 1 << 3)], ids=str
)
def test_frozen_maps(definition: Definition) -> None:
    theirs, ours = both(definition)
    one = bytes(4)
    for call, arguments in (
        ("freeze", ()),
        ("freeze", ()),
        ("update", (one, one)),
        ("lookup", (one,)),
        ("delete", (one,)),
        ("take", (one,)),
        ("next_key", (None,)),
    ):
        assert getattr(ours, call)(*arguments) == getattr(theirs, call)(*arguments), call
    theirs.close()
    ours.close()


@kernel.needs_kernel
def test_bloom_filters_and_rings_from_outside() -> None:
    for definition in (Definition(30, 0, 8, 16, 0, 3), Definition(27, 0, 0, 4096), Definition(22, 0, 8, 4)):
        theirs, ours = both(definition)
        value = b"12345678"
        for call, arguments in (
            ("lookup", (None, value)),
            ("update", (None, value)),
            ("lookup", (None, value)),
            ("update", (None, value, 1)),
            ("update", (None, value, 2)),
            ("delete", (None,)),
            ("next_key", (None,)),
            ("take", (None,)),
        ):
            expected, found = getattr(theirs, call)(*arguments), getattr(ours, call)(*arguments)
            assert found[0] == expected[0], (definition, call, arguments)
        theirs.close()
        ours.close()


@kernel.needs_kernel
@pytest.mark.parametrize("size", [0, 1, 8, 9, 100, 1000, 4080])
def test_as_many_records_fit_into_a_ring(size: int) -> None:
    """An XDP program fills the kernel's ring; its answer is how many records fitted."""
    theirs, ours = both(Definition(27, 0, 0, 4096))
    scratch = KernelMap.create(Definition(2, 4, 4096, 1))
    assert isinstance(scratch, KernelMap)
    fitted = 0
    while native().bpfcc_ring_output(ours.handle, ctypes.create_string_buffer(max(1, size)), size, 0) == 0:
        fitted += 1
    assert filled_by_kernel(theirs.fd, scratch.fd, size) == fitted
    for made in (theirs, ours, scratch):
        made.close()


def filled_by_kernel(ring: int, scratch: int, size: int) -> int:
    """How often bpf_ringbuf_output(ring, scratch value, size) succeeds, of 600 times."""

    def insn(opcode: int, dst: int = 0, src: int = 0, off: int = 0, imm: int = 0) -> bytes:
        return struct.pack("<BBhi", opcode, src << 4 | dst, off, imm)

    def address(dst: int, fd: int) -> bytes:
        return insn(0x18, dst, 1, 0, fd) + insn(0)

    code = insn(0x62, 10, 0, -4, 0) + address(1, scratch) + insn(0xBF, 2, 10) + insn(0x07, 2, 0, 0, -4) + insn(0x85, 0, 0, 0, 1)
    code += insn(0x55, 0, 0, 2, 0) + insn(0xB7, 0) + insn(0x95)
    code += insn(0xBF, 9, 0) + insn(0xB7, 6) + insn(0xB7, 7)
    body = address(1, ring) + insn(0xBF, 2, 9) + insn(0xB7, 3, 0, 0, size) + insn(0xB7, 4) + insn(0x85, 0, 0, 0, 130)
    body += insn(0x55, 0, 0, 1, 0) + insn(0x07, 6, 0, 0, 1) + insn(0x07, 7, 0, 0, 1)
    code += body + insn(0xA5, 7, 0, -(len(body) // 8) - 1, 600) + insn(0xBF, 0, 6) + insn(0x95)
    program = kernel.prog_load(kernel.XDP, code)
    assert isinstance(program, int), program
    return kernel.prog_test_run(program, bytes(64))[0]
