"""CO-RE relocations: every kind, against types of our own, of libbpf's opinion, and of the running kernel."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import pytest

from bpfcc.errors import InputError
from bpfcc.frontend import core_spec as core
from bpfcc.frontend.btf import Btf, CoreRelocation
from bpfcc.frontend.core_compat import Comparison
from bpfcc.frontend.core_spec import NoMatchError
from bpfcc.frontend.objects import Object, Program, load
from tests import libbpf
from tests.data import btf_of, compiled
from tests.data.btf_builder import BtfBuilder

LOCAL, TARGET = "core_local.bpf.c", "core_target.bpf.c"


@pytest.fixture(scope="module")
def adapted() -> Object:
    return load(compiled(LOCAL), target_btf=btf_of(compiled(TARGET)))


def numbers(program: Program) -> list[tuple[str, int]]:
    """Kind and patched number of each relocation of a program, in order of kind and number."""
    obj, bytecode = program.object, program.bytecode
    assert obj.btf_ext is not None
    found = []
    for relocation in obj.btf_ext.core_relocations[program.section]:
        slot = relocation.insn_offset // 8 - program.function.start
        if not 0 <= slot < program.function.length or slot in bytecode.unresolved:
            continue
        opcode, _, off, imm = struct.unpack_from("<BBhi", bytecode.code, 8 * slot)
        if opcode == 0x18:
            value = imm & 0xFFFF_FFFF | struct.unpack_from("<I", bytecode.code, 8 * slot + 12)[0] << 32
        else:
            value = off if opcode & 7 in (1, 2, 3) else imm
        found.append((core.KIND_NAMES[relocation.kind], value))
    return sorted(found)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("offsets", [("field_byte_offset", n) for n in (8, 12, 40, 72, 184, 232)]),
        ("widened", [("field_byte_offset", 48)]),
        ("flavoured", [("field_byte_offset", 216)]),
        ("sizes", [("field_byte_size", n) for n in (4, 8, 32)]),
        ("exist", [("field_exists", n) for n in (0, 0, 1)]),
        ("bitfield", [("field_byte_offset", 16), ("field_byte_size", 4), ("field_lshift_u64", 49), ("field_rshift_u64", 58)]),
        ("signs", [("field_signed", n) for n in (0, 0, 1)]),
        ("types", [("type_exists", 0), ("type_exists", 1), ("type_size", 16)]),
        ("matches", [("type_matches", 0), ("type_matches", 1)]),
        ("enums", [("enumval_exists", 0), ("enumval_exists", 1), ("enumval_value", 77)]),
        ("enum_wide", [("enumval_value", 0x300000004)]),
    ],
)
def test_every_kind(adapted: Object, name: str, expected: list[tuple[str, int]]) -> None:
    program = adapted.programs[name]
    assert numbers(program) == expected
    assert program.bytecode.unresolved == {}


def test_type_ids(adapted: Object) -> None:
    assert adapted.btf is not None
    assert adapted.target_btf is not None
    assert numbers(adapted.programs["local_id"]) == [("type_id_local", adapted.btf.find("leaf", "struct"))]
    assert numbers(adapted.programs["target_id"]) == [("type_id_target", adapted.target_btf.find("leaf", "struct"))]


def test_an_unsigned_field_that_grew_is_loaded_whole(adapted: Object) -> None:
    code = adapted.programs["widened"].bytecode.code
    assert (code[0], code[2]) == (0x79, 48)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing", "field 'missing' of struct node is missing: the target BTF has the type, but not this"),
        ("gone", "field 'x' of struct absent is missing: the target BTF has no type of that name"),
        ("narrowed", "field 'narrowed' of struct node has 2 bytes in the target, 4 in the program"),
        ("enum_gone", "enumerator 'STATE_GONE' of enum state is missing"),
    ],
)
def test_what_is_missing_leaves_the_instruction_and_says_why(adapted: Object, name: str, reason: str) -> None:
    bytecode = adapted.programs[name].bytecode
    ((slot, text),) = bytecode.unresolved.items()
    assert reason in text
    assert text.startswith("CO-RE: ")
    plain = load(compiled(LOCAL), target_btf=btf_of(compiled(LOCAL))).programs[name].bytecode
    assert plain.unresolved == {}
    assert bytecode.code[8 * slot : 8 * slot + 8] == plain.code[8 * slot : 8 * slot + 8]


def test_against_its_own_types_nothing_changes() -> None:
    own = load(compiled(LOCAL), target_btf=btf_of(compiled(LOCAL)))
    for program in own.programs.values():
        assert program.bytecode.unresolved == {}
    assert own.programs["missing"].bytecode.code[2] != 0


def test_a_big_endian_object_is_adapted_alike() -> None:
    obj = load(compiled(LOCAL, endian="big"), target_btf=btf_of(compiled(TARGET, endian="big")))
    assert numbers(obj.programs["offsets"]) == [("field_byte_offset", n) for n in (8, 12, 40, 72, 184, 232)]
    # Bits are numbered from the other end: 9 bits before, 4 bytes loaded into the low half.
    assert ("field_lshift_u64", 32 + 9) in numbers(obj.programs["bitfield"])


def test_the_order_of_asking_does_not_matter() -> None:
    def codes(names: list[str]) -> dict[str, bytes]:
        obj = load(compiled(LOCAL), target_btf=btf_of(compiled(TARGET)))
        return {name: obj.programs[name].bytecode.code for name in names}

    names = list(load(compiled(LOCAL)).programs)
    assert codes(names) == codes(names[::-1])


# -- candidates -------------------------------------------------------------------------------------------------


def two_structs(first: int, second: int) -> Btf:
    b = BtfBuilder()
    b.int("int", 4, 1)
    for index, offset in enumerate((first, second)):
        b.struct("node" if not index else "node___two", 400, [("a", 1, offset), ("b", 1, 64)])
    return Btf.from_bytes(b.blob())


def test_candidates_that_agree_are_one() -> None:
    obj = load(compiled(LOCAL), target_btf=two_structs(800, 800))
    assert ("field_byte_offset", 100) in numbers(obj.programs["offsets"])


def test_candidates_that_differ_are_ambiguous() -> None:
    obj = load(compiled(LOCAL), target_btf=two_structs(800, 1600))
    assert any("ambiguous" in reason and "'a'" in reason for reason in obj.programs["offsets"].bytecode.unresolved.values())


def test_a_field_too_far_for_an_instruction_is_unresolved() -> None:
    b = BtfBuilder()
    b.int("int", 4, 1)
    b.struct("node", 1 << 20, [("missing", 1, 8 << 16)])
    obj = load(compiled(LOCAL), target_btf=Btf.from_bytes(b.blob()))
    assert "too far" in next(iter(obj.programs["missing"].bytecode.unresolved.values()))


# -- what a compiler would not write ------------------------------------------------------------------------------


def own_types() -> Btf:
    b = BtfBuilder()
    b.int("int", 4, 1)
    b.array(1, 3)
    b.struct("s", 16, [("a", 1, 0), ("list", 2, 32)])
    b.enum("e", [("ONE", 1)])
    return Btf.from_bytes(b.blob())


@pytest.mark.parametrize(
    ("type_id", "access", "kind"),
    [
        (3, "", core.FIELD_EXISTS),
        (3, ":", core.FIELD_EXISTS),
        (3, "0:x", core.FIELD_EXISTS),
        (3, "-1", core.FIELD_EXISTS),
        (3, "0:2", core.FIELD_EXISTS),
        (3, "0:1:3", core.FIELD_EXISTS),
        (3, "0:0:0", core.FIELD_EXISTS),
        (3, "0" + ":0" * 100, core.FIELD_EXISTS),
        (3, "0:99999999999", core.FIELD_EXISTS),
        (3, "1", core.TYPE_EXISTS),
        (3, "0", core.ENUMVAL_VALUE),
        (4, "1", core.ENUMVAL_VALUE),
        (4, "0:0", core.ENUMVAL_VALUE),
        (99, "0", core.TYPE_EXISTS),
        (99, "0", core.FIELD_EXISTS),
    ],
)
def test_malformed_relocations_are_refused(type_id: int, access: str, kind: int) -> None:
    with pytest.raises(InputError):
        core.parse(own_types(), CoreRelocation(0, type_id, access, kind))


def test_flexible_arrays_have_any_index() -> None:
    b = BtfBuilder()
    b.int("int", 4, 1)
    b.array(1, 0)
    b.struct("s", 4, [("a", 1, 0), ("rest", 2, 32)])
    btf = Btf.from_bytes(b.blob())
    local = core.parse(btf, CoreRelocation(0, 3, "0:1:7", core.FIELD_BYTE_OFFSET))
    assert (local.bit_offset, local.path()) == (32 + 7 * 32, "rest[7]")
    found = core.find_in(local, btf, 3, core.FIELD_BYTE_OFFSET)
    assert found is not None
    assert found.bit_offset == local.bit_offset


def test_comparing_types_that_multiply_or_contain_themselves_ends() -> None:
    b = BtfBuilder()
    b.int("int", 4)
    inner = 1
    for level in range(28):
        inner = b.struct(f"s{level}", 8, [("a", inner, 0), ("b", inner, 0)])
    loop = b.count + 1
    b.struct("loop", 8, [("again", loop, 0)])
    deep = 1
    for _ in range(40):
        deep = b.ptr(deep)
    one, two = Btf.from_bytes(b.blob()), Btf.from_bytes(b.blob())
    start = time.monotonic()
    comparison = Comparison(one, two)
    assert comparison.matches(inner, inner)
    for type_id in (loop, deep):
        with pytest.raises(NoMatchError):
            comparison.matches(type_id, type_id)
    with pytest.raises(NoMatchError):
        comparison.exists(deep, deep)
    assert time.monotonic() - start < 2


def test_looking_up_relocations_has_a_limit() -> None:
    btf = own_types()
    local = core.parse(btf, CoreRelocation(0, 3, "0:1:2", core.FIELD_EXISTS))
    assert core.find_in(local, btf, 3, core.FIELD_EXISTS, core.Budget(10)) is not None
    with pytest.raises(InputError, match="take too long"):
        core.find_in(local, btf, 3, core.FIELD_EXISTS, core.Budget(2))
    with pytest.raises(InputError, match="take too long"):
        Comparison(btf, btf, core.Budget(2)).matches(3, 3)


def test_anonymous_members_that_multiply_end() -> None:
    b = BtfBuilder()
    b.int("int", 4, 1)
    inner = 1
    for _ in range(40):
        inner = b.struct("", 4, [("", inner, 0), ("", inner, 0)], union=True)
    b.struct("node", 4, [("", inner, 0)])
    obj = load(compiled(LOCAL), target_btf=Btf.from_bytes(b.blob()))
    assert "nest too deeply" in next(iter(obj.programs["missing"].bytecode.unresolved.values()))


# -- oracles ------------------------------------------------------------------------------------------------------


@pytest.mark.kernel
@pytest.mark.parametrize("source", [LOCAL, "programs.bpf.c"])
def test_libbpf_agrees(source: str, tmp_path: Path) -> None:
    if libbpf.library() is None:
        pytest.skip("no libbpf.so.1 here, or not root")
    (tmp_path / "local.o").write_bytes(compiled(source, defines=("FOR_LIBBPF",)))
    (tmp_path / "target.o").write_bytes(compiled(TARGET))
    path, target = str(tmp_path / "local.o"), str(tmp_path / "target.o")
    obj = load(path, target_btf=target)
    theirs = libbpf.relocated(path, target)
    assert len(theirs) >= len(obj.programs)
    compared = 0
    for (section, name), expected in theirs.items():
        program = obj.program(name, section)
        bytecode = program.bytecode
        if len(expected.code) < len(bytecode.code) or name in ("kernel_symbols", "optional"):
            continue  # Not loaded: unresolved kernel symbols, or switched off.
        ignored = frozenset(s for slot in bytecode.unresolved for s in ((slot, slot + 1) if bytecode.code[8 * slot] == 0x18 else (slot,)))
        assert libbpf.comparable(bytecode.code, ignored) == libbpf.comparable(expected.code, ignored), name
        assert (program.type or "unspec", program.attach_type) == (expected.type, expected.attach_type)
        compared += 1
    assert compared >= 4


@pytest.mark.kernel
def test_against_the_running_kernel_in_tens_of_milliseconds() -> None:
    kernel = Btf.kernel()
    if kernel is None:
        pytest.skip("no BTF of the kernel here")
    b = BtfBuilder()
    b.int("int", 4, 1)
    b.struct("task_struct", 4, [("pid", 1, 0)])
    local = Btf.from_bytes(b.blob())
    relocation = CoreRelocation(0, 2, "0:0", core.FIELD_BYTE_OFFSET)
    start = time.monotonic()
    target = Btf.kernel()
    assert target is not None
    found = core.find_in(core.parse(local, relocation), target, next(iter(target.names.candidates(target, "task_struct"))), relocation.kind)
    elapsed = time.monotonic() - start
    assert found is not None
    task = kernel.find("task_struct", "struct")
    assert task is not None
    place = kernel.field(task, "pid")
    assert place is not None
    assert found.bit_offset == place.bit_offset
    # Tens of milliseconds; ten times that for a busy machine.
    assert elapsed < 0.5
