"""Map definitions: BTF, records of three sizes, global data; and definitions that lie."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from bpfcc.bpfir.module import MapSpec
from bpfcc.errors import InputError
from bpfcc.frontend.clang import compile_c
from bpfcc.frontend.conventions import LINUX
from bpfcc.frontend.elf import ElfFile
from bpfcc.frontend.map_table import LINUX_MAP_TYPES
from bpfcc.frontend.maps import read_maps
from bpfcc.frontend.objects import load
from bpfcc.frontend.toolchain import find_toolchain
from tests.data import btf_of, compiled
from tests.data.btf_builder import BtfBuilder
from tests.property.mutations import parts_of

OBJECT, LEGACY = "programs.bpf.c", "legacy.bpf.c"


def summary(spec: MapSpec) -> tuple[str, int, int, int, int]:
    return spec.type, spec.key_size, spec.value_size, spec.max_entries, spec.flags


def test_btf_definitions() -> None:
    obj = load(compiled(OBJECT))
    maps = obj.maps
    assert summary(maps["flows"]) == ("hash", 12, 16, 1024, 1)
    assert maps["flows"].pinning == "by_name"
    assert obj.btf is not None
    assert obj.btf.name(maps["flows"].btf_key_type_id) == "flow"
    assert obj.btf.name(maps["flows"].btf_value_type_id) == "counters"
    assert maps["flows"].btf is obj.btf
    assert summary(maps["events"]) == ("ringbuf", 0, 0, 1 << 20, 0)
    assert maps["events"].map_extra == 0x123456789ABC
    assert list(maps)[-5:] == [".data", ".rodata", ".data.special", ".bss", ".kconfig"]


def test_maps_of_maps_and_programs() -> None:
    maps = load(compiled(OBJECT)).maps
    outer = maps["outer"]
    assert summary(outer) == ("array_of_maps", 4, 4, 8, 0)
    assert outer.values == {0: "first", 5: "second"}
    assert outer.inner is not None
    assert summary(outer.inner) == ("array", 4, 8, 4, 0)
    assert "outer.inner" not in maps
    assert maps["jumps"].values == {1: "other", 2: "filter"}
    assert summary(maps["jumps"]) == ("prog_array", 4, 4, 3, 0)


def test_struct_ops() -> None:
    obj = load(compiled(OBJECT))
    spec = obj.maps["congestion"]
    assert summary(spec) == ("struct_ops", 4, 40, 1, 1 << 13)
    assert spec.values == {1: "ops_init", 2: "ops_threshold"}
    assert spec.initial is not None
    assert (spec.initial[:4], spec.initial[24:29]) == (b"\x09\0\0\0", b"mine\0")
    assert spec.btf.name(spec.btf_value_type_id) == "congestion_ops"
    assert (obj.programs["ops_init"].type, obj.programs["ops_init"].attach_target) == ("struct_ops", "init")
    assert obj.programs["ops_threshold"].sleepable


def test_struct_ops_that_lie() -> None:
    data = bytearray(compiled(OBJECT))
    part = next(p for p in parts_of(bytes(data))[1] if p.name == ".rel.struct_ops.link")
    struct.pack_into("<Q", data, part.offset, 20)
    with pytest.raises(InputError, match="outside its members") as caught:
        load(bytes(data))
    assert caught.value.section == ".struct_ops.link"


def test_global_data() -> None:
    maps = load(compiled(OBJECT)).maps
    assert maps[".data"].initial == struct.pack("<Q", 42)
    assert maps[".rodata"].initial is not None
    assert maps[".rodata"].initial[:10] == struct.pack("<I", 7) + b"hello\0"
    assert maps[".bss"].initial == bytes(16)
    assert maps[".data.special"].initial == struct.pack("<I", 0x11223344)
    assert [maps[n].read_only_program for n in (".rodata", ".data", ".bss")] == [True, False, False]
    for name in (".data", ".rodata", ".bss", ".data.special"):
        spec = maps[name]
        assert summary(spec)[:2] == ("array", 4)
        assert (spec.value_size, spec.max_entries) == (len(spec.initial or b""), 1)
        assert spec.btf.size_of(spec.btf_value_type_id) == spec.value_size


def test_variables_have_their_places() -> None:
    spec = load(compiled(OBJECT)).maps[".bss"]
    found = {spec.btf.name(v.type_id): v.offset for v in spec.btf.type(spec.btf_value_type_id).variables}
    assert set(found) == {"hidden_counter", "zeros"}
    assert min(found.values()) == 0
    assert len(set(found.values())) == 2


def test_records_of_five_fields() -> None:
    maps = load(compiled(LEGACY)).maps
    assert list(maps) == ["inner_a", "outer"]
    assert summary(maps["inner_a"]) == ("hash", 4, 8, 2, 1)
    assert summary(maps["outer"]) == ("array", 4, 16, 4, 0)
    reader = load(compiled(LEGACY)).programs["reader"]
    assert [m.name for m in reader.bytecode.maps] == ["inner_a", "outer"]
    assert reader.type == "socket_filter"


def test_records_of_the_kernel_s_samples() -> None:
    maps = load(compiled(LEGACY, defines=("SAMPLE_MAPS",))).maps
    assert summary(maps["outer"]) == ("hash_of_maps", 4, 4, 4, 0)
    assert maps["outer"].inner is not None
    assert summary(maps["outer"].inner) == ("array", 4, 8, 2, 0)
    assert maps["outer"].values == {}
    assert maps["on_node"].numa_node == 1
    assert maps["on_node"].pinning == "none"


@pytest.mark.parametrize("endian", ["little", "big"])
def test_records_of_iproute2(endian: str) -> None:
    maps = load(compiled(LEGACY, defines=("ELF_MAPS",), endian="big" if endian == "big" else "little")).maps
    assert summary(maps["outer"]) == ("array_of_maps", 4, 4, 4, 0)
    assert maps["outer"].pinning == "by_name"
    assert maps["outer"].values == {1: "inner_a", 3: "inner_b"}
    assert maps["outer"].inner is not None
    assert summary(maps["outer"].inner) == ("array", 4, 8, 2, 0)


def test_type_names() -> None:
    assert len(LINUX_MAP_TYPES) == 35
    assert (LINUX.map_type(27), LINUX.map_type(9), LINUX.map_type(33)) == ("ringbuf", "lru_hash", "arena")
    assert LINUX.map_type(77) == "type_77"


def test_btf_maps_need_btf() -> None:
    with pytest.raises(InputError, match=r"without BTF.*-g") as caught:
        load(compiled(OBJECT, debug=False))
    assert caught.value.section == ".maps"


# -- definitions that lie -----------------------------------------------------------------------------------------


def with_section_field(name: str, at: int, code: str, value: int, *defines: str) -> bytes:
    data = bytearray(compiled(LEGACY, defines=defines))
    part = next(p for p in parts_of(bytes(data))[1] if p.name == name)
    struct.pack_into("<" + code, data, part.header + at, value)
    return bytes(data)


def test_records_that_lie() -> None:
    with pytest.raises(InputError, match="leaves the section") as caught:
        load(with_section_field("maps", 32, "Q", 24))
    assert caught.value.section == "maps"
    with pytest.raises(InputError, match="no type is given"):
        load(with_section_field("maps", 4, "I", 8))


class Definition:
    """A `.maps` section described by hand, over the sections and symbols of a compiled object."""

    def __init__(self) -> None:
        self.b = BtfBuilder()
        self.int = self.b.int("int", 4, 1)

    def number(self, value: int) -> int:
        return self.b.ptr(self.b.array(self.int, value))

    def read(self, members: list[tuple[str, int]], *, kind: str = "struct", size: int = 8) -> MapSpec:
        fields = [(name, type_id, 64 * i) for i, (name, type_id) in enumerate(members)]
        definition = self.b.struct("", 8 * len(fields), fields) if kind == "struct" else self.int
        self.b.datasec(".maps", 32, [(self.b.var("m", definition), 0, size)])
        data = bytearray(compiled(OBJECT, defines=("FOR_LIBBPF",)))
        for part in parts_of(bytes(data))[1]:
            if part.name == ".rel.maps":
                struct.pack_into("<I", data, part.header + 44, 0)
        from bpfcc.frontend.btf import Btf

        return read_maps(ElfFile(bytes(data)), Btf.from_bytes(self.b.blob())).places[0].spec


def test_a_definition_by_hand() -> None:
    d = Definition()
    members = [
        ("type", d.number(1)),
        ("key", d.b.ptr(d.int)),
        ("value_size", d.number(24)),
        ("max_entries", d.number(3)),
        ("numa_node", d.number(2)),
    ]
    spec = d.read(members)
    assert (summary(spec), spec.numa_node, spec.name) == (("hash", 4, 24, 3, 0), 2, "m")


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("no type", "no type is given"),
        ("unknown", "unknown field 'colour'"),
        ("not a number", "not written with __uint"),
        ("disagree", "says 8 bytes, another 4"),
        ("key no pointer", "not a pointer"),
        ("sizeless", "has no size"),
        ("values in hash", "'values' in a map of type hash"),
        ("values no array", "not written with __array"),
        ("no programs", "not functions"),
        ("nested twice", "one deep"),
        ("inner pinned", "cannot be pinned"),
        ("no struct", "not a struct"),
        ("outside", "leaves the section"),
        ("many", "65 fields"),
        ("self", "one deep|nest"),
    ],
)
def test_definitions_that_lie(what: str, message: str) -> None:
    d = Definition()
    hash_type, array_type = ("type", d.number(1)), ("type", d.number(12))
    inner = d.b.struct("", 8, [("type", d.number(1), 0), ("pinning", d.number(1), 64)])
    nested = d.b.struct("", 16, [("type", d.number(12), 0), ("values", d.b.array(d.b.ptr(d.int), 0), 64)])
    members: dict[str, list[tuple[str, int]]] = {
        "no type": [("max_entries", d.number(1))],
        "unknown": [hash_type, ("colour", d.number(1))],
        "not a number": [("type", d.int)],
        "disagree": [hash_type, ("key_size", d.number(4)), ("key", d.b.ptr(d.b.int("u64", 8)))],
        "key no pointer": [hash_type, ("key", d.int)],
        "sizeless": [hash_type, ("key", d.b.ptr(0))],
        "values in hash": [hash_type, ("values", d.b.array(d.b.ptr(d.int), 0))],
        "values no array": [array_type, ("values", d.b.ptr(d.int))],
        "no programs": [("type", d.number(3)), ("values", d.b.array(d.b.ptr(d.int), 0))],
        "nested twice": [array_type, ("values", d.b.array(d.b.ptr(nested), 0))],
        "inner pinned": [array_type, ("values", d.b.array(d.b.ptr(inner), 0))],
        "no struct": [],
        "outside": [hash_type],
        "many": [hash_type] * 65,
        "self": [array_type, ("values", d.b.array(d.b.ptr(nested), 0))],
    }
    with pytest.raises(InputError, match=message):
        d.read(members[what], kind="int" if what == "no struct" else "struct", size=1 << 30 if what == "outside" else 8)


def test_values_have_to_lie_in_their_array() -> None:
    data = bytearray(compiled(OBJECT))
    part = next(p for p in parts_of(bytes(data))[1] if p.name == ".rel.maps")
    for offset, message in ((3, "outside its values|has no values|outside every map"), (1 << 40, "outside every map")):
        struct.pack_into("<Q", data, part.offset, offset)
        with pytest.raises(InputError, match=message):
            load(bytes(data))


def test_layout_of_sections_comes_from_symbols() -> None:
    assert btf_of(compiled(OBJECT)).type(btf_of(compiled(OBJECT)).find(".maps", "datasec") or 0).size == 0
    btf = load(compiled(OBJECT)).btf
    assert btf is not None
    section = btf.type(btf.find(".maps", "datasec") or 0)
    assert section.size > 0
    assert len({v.offset for v in section.variables}) == len(section.variables)


NESTED_IN_SECTIONS = """
struct samples_map { unsigned type, key_size, value_size, max_entries, map_flags, inner_map_idx, numa_node; };
__attribute__((section("maps/outer"), used)) struct samples_map outer = {12, 4, 4, 3, 0, 1, 0};
__attribute__((section("maps/inner"), used)) struct samples_map inner = {2, 4, 8, 5, 0, 0, 0};
__attribute__((section("xdp"), used)) int run(void *ctx) { return 2; }
"""


def test_nested_records_are_counted_over_all_sections(tmp_path: Path) -> None:
    source = tmp_path / "nested.c"
    source.write_text(NESTED_IN_SECTIONS)
    outer = load(compile_c(source, toolchain=find_toolchain()).object).maps["outer"]
    assert outer.inner is not None
    assert summary(outer.inner) == ("array", 4, 8, 5, 0)
