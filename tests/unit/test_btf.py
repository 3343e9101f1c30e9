"""BTF: all kinds, references, names, sizes; and blobs that lie."""

from __future__ import annotations

import struct
import time

import pytest

from bpfcc.errors import InputError
from bpfcc.frontend.btf import Btf, BtfExt
from bpfcc.frontend.btf.dump import dump
from bpfcc.frontend.btf.names import essential_name
from tests.data import btf_of, compiled
from tests.data.btf_builder import BtfBuilder


def every_kind(order: str = "<") -> BtfBuilder:
    """One type of each kind, ids 1 to 19 in order of kind."""
    b = BtfBuilder(order)
    b.int("int", 4, 1)
    b.ptr(1)
    b.array(1, 5)
    b.struct("s", 24, [("a", 1, 0), ("bits", 1, 3 << 24 | 32), ("", 5, 64)], kflag=True)
    b.struct("u", 8, [("x", 1, 0), ("p", 2, 0)], union=True)
    b.enum("e", [("ONE", 1), ("MINUS", -1)], signed=True)
    b.fwd("later", union=True)
    b.typedef("int_t", 1)
    b.modifier(9, 8)
    b.modifier(10, 9)
    b.modifier(11, 2)
    b.func("f", 13, 0)
    b.proto(1, [("ctx", 2), ("", 0)])
    b.var("v", 4, 1)
    b.datasec(".data", 24, [(14, 0, 24)])
    b.float("double", 8)
    b.decl_tag("note", 4, 1)
    b.type_tag("user", 10)
    b.enum64("wide", [("BIG", 0x1_0000_0002), ("LOW", -5)], signed=True)
    return b


@pytest.mark.parametrize("order", ["<", ">"])
def test_every_kind_is_read(order: str) -> None:
    btf = Btf.from_bytes(every_kind(order).blob())
    kinds = [t.kind for t in btf.types()]
    assert kinds == [
        "int", "ptr", "array", "struct", "union", "enum", "fwd", "typedef", "volatile", "const", "restrict", "func", "func_proto",
        "var", "datasec", "float", "decl_tag", "type_tag", "enum64",
    ]  # fmt: skip
    assert btf.type(4).members == (("a", 1, 0, 0), ("bits", 1, 32, 3), ("", 5, 64, 0))
    assert btf.type(6).enumerators == (("ONE", 1), ("MINUS", -1))
    assert btf.type(19).enumerators == (("BIG", 0x1_0000_0002), ("LOW", -5))
    assert btf.type(12).linkage == "static"
    assert btf.type(13).parameters == (("ctx", 2), ("", 0))
    assert btf.type(15).variables == ((14, 0, 24),)
    assert btf.type(17).component == 1
    assert btf.type(0).kind == "void"
    assert btf.endian == ("little" if order == "<" else "big")


def test_dump_is_one_line_a_type_and_one_a_member() -> None:
    lines = list(dump(Btf.from_bytes(every_kind().blob())))
    assert lines[0] == "[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED"
    assert "[2] PTR '(anon)' type_id=1" in lines
    assert "[3] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=5" in lines
    assert lines[3:6] == [
        "[4] STRUCT 's' size=24 vlen=3",
        "\t'a' type_id=1 bits_offset=0",
        "\t'bits' type_id=1 bits_offset=32 bitfield_size=3",
    ]
    assert "[7] FWD 'later' fwd_kind=union" in lines
    assert "[12] FUNC 'f' type_id=13 linkage=static" in lines
    assert "[17] DECL_TAG 'note' type_id=4 component_idx=1" in lines
    assert "\ttype_id=14 offset=0 size=24 (VAR 'v')" in lines
    assert "[19] ENUM64 'wide' encoding=SIGNED size=8 vlen=2" in lines
    assert len(lines) == 19 + 3 + 2 + 2 + 2 + 1 + 2


def test_sizes_and_alignments() -> None:
    btf = Btf.from_bytes(every_kind().blob())
    assert [btf.size_of(i) for i in (1, 2, 3, 4, 5, 6, 10, 14, 15, 16, 18, 19)] == [4, 8, 20, 24, 8, 4, 4, 24, 24, 8, 4, 8]
    assert [btf.align_of(i) for i in (1, 2, 3, 4, 5, 10, 16)] == [4, 8, 4, 8, 8, 4, 8]
    for sizeless in (0, 7, 12, 13):
        with pytest.raises(InputError, match="has no size"):
            btf.size_of(sizeless)


def test_names_and_fields() -> None:
    btf = Btf.from_bytes(every_kind().blob())
    assert btf.find("s", "struct") == 4
    assert btf.find("s", "union") is None
    assert btf.find("nobody") is None
    assert btf.field(4, "p") == (2, 64, 0)
    assert btf.field(4, "bits") == (1, 32, 3)
    assert btf.field(4, "nothing") is None
    assert btf.field(14, "a") is None


@pytest.mark.parametrize(
    ("name", "essential"),
    [
        ("task", "task"),
        ("task___old", "task"),
        ("a___b___c", "a___b"),
        ("___x", "___x"),
        ("a____b", "a____b"),
        ("a___", "a___"),
        ("a__b", "a__b"),
    ],
)
def test_flavours(name: str, essential: str) -> None:
    assert essential_name(name) == essential


def test_a_name_finds_its_flavours_too() -> None:
    b = BtfBuilder()
    b.int("int", 4)
    plain, flavoured = b.struct("task", 4, [("a", 1, 0)]), b.struct("task___v2", 4, [("b", 1, 0)])
    b.decl_tag("task", plain)
    btf = Btf.from_bytes(b.blob())
    assert list(btf.names.candidates(btf, "task")) == [plain, flavoured]
    assert btf.find("task___v2") == flavoured


def test_split_btf_continues_its_base() -> None:
    base = Btf.from_bytes(every_kind().blob())
    b = BtfBuilder()
    b.count = base.count - 1
    shift = base.string_bytes
    b.string = lambda text, plain=b.string: plain(text) + shift if text else 0  # type: ignore[method-assign]
    own = b.struct("module_struct", 4, [("field", 1, 0)])
    module = Btf.from_bytes(b.blob(), base=base)
    assert own == base.count == module.first_id
    assert module.type(own).members == (("field", 1, 0, 0),)
    assert module.name(4) == "s"
    assert module.size_of(4) == 24
    assert module.find("s", "struct") == 4
    assert module.find("module_struct") == own


def test_old_bit_fields_are_integers_of_few_bits() -> None:
    b = BtfBuilder()
    three = b.int("int", 4, 1, bits=3)
    shifted = b.int("int", 4, 0, bits=5, offset=2)
    b.struct("s", 4, [("a", three, 0), ("b", shifted, 8)])
    assert Btf.from_bytes(b.blob()).type(3).members == (("a", 1, 0, 3), ("b", 2, 10, 5))


# -- blobs that lie ---------------------------------------------------------------------------------------------


def header(**change: int) -> bytes:
    """A blob of one integer type with some header fields changed."""
    b = BtfBuilder()
    b.int("int", 4)
    blob = bytearray(b.blob())
    places = {
        "magic": (0, "H"),
        "version": (2, "B"),
        "flags": (3, "B"),
        "hdr": (4, "I"),
        "toff": (8, "I"),
        "tlen": (12, "I"),
        "soff": (16, "I"),
        "slen": (20, "I"),
    }
    for name, value in change.items():
        at, code = places[name]
        struct.pack_into("<" + code, blob, at, value)
    return bytes(blob)


@pytest.mark.parametrize(
    "change",
    [
        {"magic": 0x1234}, {"version": 2}, {"flags": 1}, {"hdr": 8}, {"hdr": 1 << 31}, {"toff": 2}, {"toff": 1 << 31}, {"tlen": 15},
        {"tlen": 1 << 31}, {"soff": 1 << 31}, {"slen": 1 << 31}, {"slen": 0}, {"slen": 3}, {"tlen": 12}, {"tlen": 4},
    ],
)  # fmt: skip
def test_headers_that_lie_are_refused(change: dict[str, int]) -> None:
    with pytest.raises(InputError) as caught:
        Btf.from_bytes(header(**change), file="x.o")
    assert caught.value.section == ".BTF"
    assert caught.value.offset is not None
    assert caught.value.file == "x.o"


@pytest.mark.parametrize("length", [0, 1, 23, 24, 30])
def test_truncated_blobs_are_refused(length: int) -> None:
    with pytest.raises(InputError):
        Btf.from_bytes(header()[:length])


@pytest.mark.parametrize("kind", [0, 20, 31])
def test_unknown_kinds_are_refused(kind: int) -> None:
    b = BtfBuilder()
    b.int("int", 4)
    b.add("what", kind, 0)
    with pytest.raises(InputError, match=f"type 2 is of unknown kind {kind}"):
        Btf.from_bytes(b.blob())


def test_members_beyond_the_section_are_refused() -> None:
    b = BtfBuilder()
    b.add("s", 4, 4, vlen=0xFFFF)
    with pytest.raises(InputError, match="type 1 is cut off"):
        Btf.from_bytes(b.blob())


@pytest.mark.parametrize("kind", [8, 9, 10, 11, 18])
def test_chains_that_end_in_themselves_are_refused(kind: int) -> None:
    b = BtfBuilder()
    b.add("a" if kind == 8 else "", kind, 2)
    b.add("b" if kind == 8 else "", kind, 1)
    btf = Btf.from_bytes(b.blob())
    for question in (btf.skip_modifiers, btf.size_of, btf.align_of):
        with pytest.raises(InputError, match="cycle"):
            question(1)


def test_structs_and_arrays_inside_themselves_are_refused() -> None:
    b = BtfBuilder()
    b.struct("s", 8, [("again", 1, 0)])
    b.array(2, 2)
    btf = Btf.from_bytes(b.blob())
    assert btf.size_of(1) == 8
    for type_id in (1, 2):
        with pytest.raises(InputError, match="cycle"):
            btf.align_of(type_id)
    with pytest.raises(InputError, match="4 GiB"):
        btf.size_of(2)


def test_sizes_beyond_32_bits_are_refused() -> None:
    b = BtfBuilder()
    b.int("int", 4)
    b.array(1, 0xFFFF_FFFF)
    with pytest.raises(InputError, match="4 GiB"):
        Btf.from_bytes(b.blob()).size_of(2)


def test_references_and_strings_outside_are_refused() -> None:
    b = BtfBuilder()
    b.ptr(77)
    b.types[0:4] = struct.pack("<I", 5000)
    btf = Btf.from_bytes(b.blob())
    for question in (lambda: btf.name(1), lambda: btf.type(1), lambda: btf.kind(77), lambda: btf.size_of(77), lambda: btf.find("x")):
        with pytest.raises(InputError):
            question()


def test_a_name_without_end_is_refused() -> None:
    b = BtfBuilder()
    b.fwd("x" * 2000)
    btf = Btf.from_bytes(b.blob())
    with pytest.raises(InputError, match="a name of more than"):
        btf.type(1)
    assert btf.find("x") is None


def test_anonymous_members_that_multiply_end() -> None:
    b = BtfBuilder()
    b.int("int", 4)
    inner = b.struct("", 4, [("found", 1, 0)])
    for _ in range(60):
        inner = b.struct("", 4, [("", inner, 0), ("", inner, 0)], union=True)
    btf = Btf.from_bytes(b.blob())
    start = time.monotonic()
    with pytest.raises(InputError, match="nest too deeply"):
        btf.field(inner, "absent")
    assert btf.field(inner, "found") is not None
    assert time.monotonic() - start < 5


# -- .BTF.ext ---------------------------------------------------------------------------------------------------


def ext_blob(line_words: list[int], *, record: int = 16, order: str = "<") -> bytes:
    """A `.BTF.ext` with a line table of these words."""
    body = struct.pack(f"{order}I{len(line_words)}I", record, *line_words)
    return struct.pack(order + "HBBIIIIIII", 0xEB9F, 1, 0, 32, 0, 0, 0, len(body), 0, 0) + body


def ext_base() -> Btf:
    b = BtfBuilder()
    b.int("int", 4)
    assert b.string("xdp") == 5
    return Btf.from_bytes(b.blob())


def test_line_tables_are_sorted_and_joined_by_section() -> None:
    words = [5, 2, 16, 1, 1, 10 << 10, 0, 1, 1, 9 << 10, 5, 1, 8, 1, 1, 11 << 10]
    table = BtfExt.from_bytes(ext_blob(words), ext_base()).lines["xdp"]
    assert list(table.offsets) == [0, 8, 16]
    assert [w >> 10 for w in table.column(3)] == [9, 11, 10]
    assert len(table) == 3


@pytest.mark.parametrize(
    ("words", "record"),
    [
        ([5, 1], 16),
        ([5, 0xFFFF_FFFF, 0, 0, 0, 0], 16),
        ([5], 16),
        ([5, 1, 0, 0, 0, 0], 8),
        ([5, 1, 0, 0, 0, 0], 0),
        ([5000, 1, 0, 0, 0, 0], 16),
    ],
)
def test_tables_that_lie_are_refused(words: list[int], record: int) -> None:
    ext = BtfExt.from_bytes(ext_blob(words, record=record), ext_base())
    with pytest.raises(InputError):
        _ = ext.lines


@pytest.mark.parametrize("data", [b"", b"\x9f\xeb", b"\0" * 40, ext_blob([])[:20], ext_blob([])[:33]])
def test_ext_headers_that_lie_are_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        BtfExt.from_bytes(data, ext_base())


def test_declaration_tags_of_a_compiled_object() -> None:
    btf = btf_of(compiled("values.bpf.c"))
    struct_id = btf.find("everything", "struct")
    assert struct_id is not None
    assert btf.size_of(struct_id) == 112
    assert btf.field(struct_id, "high") == (btf.field(struct_id, "low")[0], 400, 0)  # type: ignore[index]
