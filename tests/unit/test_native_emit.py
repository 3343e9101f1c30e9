"""C of native modules: names, tables, what is refused; and the command that writes it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from bpfcc.bpfir.module import Bytecode, FunctionSpan, MapSpec
from bpfcc.bpfir.parser import parse_module
from bpfcc.cli.app import run
from bpfcc.compat.native.emit import NativeOptions, NativeProgram, c_guid, emit_native, module_name
from bpfcc.compat.native.names import PeSections, checked_name
from bpfcc.compat.native.tables import global_sections, initial_values, map_entries
from bpfcc.compat.native.unit import WindowsUnit, reserved_names
from bpfcc.errors import InputError, InternalError, RejectedError, UnsupportedError
from bpfcc.native_images import ImageRequest, emit_image, judged_for_windows
from bpfcc.pipeline import lift_bytecode
from bpfcc.program import Program
from bpfcc.runtime.specs import load_platform
from bpfcc.runtime.specs.tables import FOLDER

if TYPE_CHECKING:
    from pathlib import Path

    from bpfcc.compat.native.emit import Native

WINDOWS: Final = load_platform("windows")
EXIT: Final = "b700000001000000 9500000000000000"


def lifted(code: str, *maps: MapSpec) -> NativeProgram:
    """Bytecode as a program of type xdp."""
    data = bytes.fromhex(code)
    bytecode = Bytecode(data, (FunctionSpan("main", 0, len(data) // 8),), maps)
    return NativeProgram(lift_bytecode(bytecode, "xdp", "windows"), "xdp", "xdp", "main", "xdp", instructions=len(data) // 8)


def emitted(*programs: NativeProgram, **options: object) -> Native:
    """Their file."""
    return emit_native(programs, NativeOptions("test.bpf.c", **options))  # type: ignore[arg-type]


def test_maps_of_one_name_are_one_map() -> None:
    """Each program was proven with its own sizes."""
    load = "18110000 00000000 00000000 00000000 b700000001000000 9500000000000000"
    small, large = (MapSpec("m", "percpu_array", 4, size, 1) for size in (8, 600))
    assert [each.value_size for each in emitted(lifted(load, small), replace_name(lifted(load, small))).maps] == [8]
    with pytest.raises(InputError, match="'m', and not the same"):
        emitted(lifted(load, small), replace_name(lifted(load, large)))


def replace_name(program: NativeProgram) -> NativeProgram:
    """The same under another name."""
    return program._replace(name="other")


# ---- names


def test_sections_of_the_image() -> None:
    pe = PeSections()
    names = [
        pe.name(each) for each in ("xdp", "cgroup/connect4", "cgroup/connect6", "cgroup/connect4", "maps", ".text", "a$b", "", "12345678")
    ]
    assert names == ["xdp", "cgroup~1", "cgroup~2", "cgroup~1", "maps~3", ".text~4", "a_b", "~5", "12345678"]
    many = [pe.name(f"section/number/{at}") for at in range(1200)]
    assert len(set(many)) == len(many) and all(0 < len(name) <= 8 for name in many)


def test_names_have_lengths() -> None:
    assert checked_name("x" * 63)
    for name in ("", "x" * 64, "ö" * 32):
        with pytest.raises(UnsupportedError, match="1 to 63 bytes"):
            checked_name(name)


def test_modules_are_named_after_their_files() -> None:
    assert module_name("cgroup-count.bpf.c") == "cgroup_count"
    assert module_name("7up.c") == "p_7up" and module_name(".c") == "module"


def test_guids() -> None:
    assert c_guid("f1832a85-85d5-45b0-98a0-7069d63013b0") == (
        "{0xf1832a85, 0x85d5, 0x45b0, {0x98, 0xa0, 0x70, 0x69, 0xd6, 0x30, 0x13, 0xb0}}"
    )


def test_no_name_of_a_program_is_one_of_windows() -> None:
    assert {"program_entry_t", "far", "bpfcc_detach", "ld32", "context", "get_maps"} <= reserved_names()
    text = emitted(lifted(EXIT)).text
    assert "static uint64_t bpf_main(void *context" in text


# ---- tables


def test_maps_of_maps_have_templates() -> None:
    inner = MapSpec("outer.inner", "hash", 4, 8, 16)
    outer = MapSpec("outer", "array_of_maps", 4, 4, 2, inner=inner, values={1: "like"})
    like, other = MapSpec("like", "hash", 4, 8, 16), MapSpec("other", "hash", 4, 8, 17)
    entries, numbers = map_entries(WINDOWS, [outer, other, like])
    assert [each.inner_id for each in entries] == [3, 0, 0] and numbers["like"] == 2
    entries, _ = map_entries(WINDOWS, [outer, other])
    assert [(each.name, each.inner_id) for each in entries] == [("outer", 3), ("other", 0), ("__anonymous_3", 0)]
    with pytest.raises(UnsupportedError, match="does not say of what kind"):
        map_entries(WINDOWS, [replace(outer, inner=None)])


def test_maps_that_windows_has_not() -> None:
    with pytest.raises(UnsupportedError, match="windows has no map type devmap; there are array, "):
        map_entries(WINDOWS, [MapSpec("m", "devmap", 4, 4, 1)])
    with pytest.raises(UnsupportedError, match="Windows takes 1048576 bytes"):
        map_entries(WINDOWS, [MapSpec(".bss", "array", 4, (1 << 20) + 1, 1, initial=b"")])
    with pytest.raises(InputError, match="at most 65535"):
        map_entries(WINDOWS, [MapSpec(f"m{at}", "hash", 4, 4, 1) for at in range(65536)])


@pytest.mark.parametrize(
    ("kind", "sizes", "said"),
    [
        ("array", (0, 8, 4), "keys of 0 bytes"),
        ("prog_array", (2, 4, 4), "keys of 2 bytes, not 4"), ("hash", (0, 8, 4), "keys of 0 bytes"),
        ("hash", (4, 0, 4), "values of 0 bytes"),
        ("hash", (4, 8, 0), "no entries"), ("queue", (4, 8, 4), "keys of 4 bytes, where there are none"),
        ("lpm_trie", (4, 8, 4), "keys of 4 bytes: no prefix behind its length"),
        ("ringbuf", (0, 0, 5000), "5000 bytes, which are no whole pages"),
        ("ringbuf", (0, 0, 0), "no entries"), ("perf_event_array", (4, 4, 4096), "keys of 4 bytes"),
        ("perf_event_array", (0, 0, 2), "2 bytes, which are no whole pages"),
    ],
)  # fmt: skip
def test_maps_that_the_loader_refuses(kind: str, sizes: tuple[int, int, int], said: str) -> None:
    with pytest.raises(UnsupportedError, match=f"map 'm' \\({kind}\\): {said}"):
        map_entries(WINDOWS, [MapSpec("m", kind, *sizes)])


@pytest.mark.parametrize(
    ("kind", "sizes"),
    [
        ("array", (4, 1, 1)), ("prog_array", (4, 0, 1)), ("queue", (0, 1, 1)), ("ringbuf", (0, 0, 4096)), ("lpm_trie", (5, 1, 1)),
        ("perf_event_array", (0, 4, 8192)), ("hash", (1, 1, 1)),
    ],
)  # fmt: skip
def test_maps_that_the_loader_makes(kind: str, sizes: tuple[int, int, int]) -> None:
    assert map_entries(WINDOWS, [MapSpec("m", kind, *sizes)])[0][0].key_size == sizes[0]


def test_initial_values() -> None:
    spec = MapSpec("jumps", "prog_array", 4, 4, 4, values={0: "one", 2: "two"})
    entries, numbers = map_entries(WINDOWS, [spec])
    assert initial_values(entries, {"one", "two"}, numbers) == [{"map": "jumps", "names": ["one", None, "two"]}]
    with pytest.raises(InputError, match="holds 'two', which the module does not have"):
        initial_values(entries, {"one"}, numbers)
    with pytest.raises(InputError, match="has 2 entries, none at 2"):
        initial_values(map_entries(WINDOWS, [replace(spec, max_entries=2)])[0], {"one", "two"}, numbers)
    outer = MapSpec("outer", "hash_of_maps", 4, 4, 2, inner=MapSpec("i", "hash", 4, 4, 1), values={0: "one"})
    assert initial_values(map_entries(WINDOWS, [outer])[0], set(), {"one": 0}) == [{"map": "outer", "names": ["one"]}]
    with pytest.raises(UnsupportedError, match="maps of maps and of programs only: plain"):
        initial_values(map_entries(WINDOWS, [MapSpec("plain", "array", 4, 4, 2, values={0: "one"})])[0], set(), {"one": 0})


def test_global_variables() -> None:
    entries, _ = map_entries(
        WINDOWS, [MapSpec(".data", "array", 4, 4, 1, initial=b"\1"), MapSpec(".bss", "array", 4, 8, 1, initial=bytes(8))]
    )
    assert global_sections(entries) == [
        {"name": ".data", "size": 4, "lines": ["1, 0, 0, 0"]}, {"name": ".bss", "size": 8, "lines": []},
    ]  # fmt: skip


# ---- programs


def test_an_array_is_indexed_where_it_is_known() -> None:
    # r2 = fp-4, *(u32 *)r2 = 3, r1 = map 0, call 1, exit with 1
    code = "620afcff03000000 bfa2000000000000 07020000fcffffff 1811000000000000 0000000000000000 8500000001000000" + EXIT
    use = code.removesuffix(EXIT) + "1500010000000000 6100000000000000 9500000000000000"
    for kind, inlined in (("array", True), ("hash", False), ("percpu_array", False)):
        for text in (code, use):
            found = emitted(lifted(text, MapSpec("m", kind, 4, 12, 5)))
            assert ("array_data + (uint64_t)array_index * 12" in found.text) == inlined
            assert ("helper_data[0].address(runtime_context->map_data[0].address" in found.text) != inlined
            assert found.helpers == ((() if inlined else (1,)),)


def test_what_native_images_have_no_way_to_do() -> None:
    old = "bf16000000000000 3000000000000000 9500000000000000"
    with pytest.raises(UnsupportedError, match="LD_ABS, LD_IND"):
        emitted(lifted(old))
    with pytest.raises(UnsupportedError, match="calls through a register"):
        emitted(lifted("b701000000000000 8d00000001000000 9500000000000000"))
    with pytest.raises(UnsupportedError, match="helper helper 999"):
        emitted(lifted("85000000e7030000 9500000000000000"))
    with pytest.raises(InputError, match="1 to 65535 programs, not 0"):
        emitted()
    with pytest.raises(UnsupportedError, match="no GUID of type xdp, attached as elsewhere"):
        emitted(lifted(EXIT)._replace(attach_type="elsewhere"))
    with pytest.raises(UnsupportedError, match="1 to 63 bytes"):
        emitted(lifted(EXIT)._replace(name="x" * 64))


def test_programs_that_check_themselves_are_none() -> None:
    from bpfcc.backends.aot.emit import Part, Shared
    from bpfcc.backends.base import Environment

    with pytest.raises(InternalError, match="proven programs only"):
        WindowsUnit(Part(lifted(EXIT).module), Environment(checked=True), Shared(), alone=True)


def test_a_tail_call_in_a_function_that_is_called() -> None:
    module = parse_module("""bpfir 1
type "xdp"
map 0 {"name": "jumps", "type": "prog_array", "key_size": 4, "value_size": 4, "max_entries": 1}
fn @main(v0) global {
b0:
  v1 = call @below(v0)
  exit v1
}
fn @below(v0) static {
b0:
  v1 = map 0
  v2 = call helper 5(v0, v1, 0)
  exit v2
}
""")
    with pytest.raises(UnsupportedError, match="in a function that is called"):
        emitted(NativeProgram(module, "xdp", "xdp", "main"))


def test_the_elf_hash_is_there_or_not() -> None:
    found = emitted(lifted(EXIT), elf_hash=bytes(range(32)))
    assert 'BPFCC_DATA("hash")' in found.text and "sizeof(elf_hash)" in found.text
    plain = emitted(lifted(EXIT))
    assert 'BPFCC_DATA("hash")' not in plain.text


# ---- from programs to images


def test_only_what_is_accepted_becomes_an_image() -> None:
    wild = Program.from_bytes(bytes.fromhex("6112000000000000 6120000000000000 9500000000000000"), type="xdp")
    for origin in ("linux", "windows"):
        found = judged_for_windows([wild], origin=origin)  # type: ignore[arg-type]
        assert not found[0].accepted
        with pytest.raises((RejectedError, UnsupportedError)):
            emit_image(found, ImageRequest("x.o", "c", origin=origin))  # type: ignore[arg-type]
    good = judged_for_windows([Program.from_bytes(bytes.fromhex(EXIT), type="xdp", attach_type="xdp")], origin="windows")
    assert good[0].accepted and "bpfcc.record/1" in bytes_of_record(emit_image(good, ImageRequest("x.o", "c")).text)
    other = judged_for_windows(
        [Program.from_bytes(bytes.fromhex(EXIT.replace("01", "02", 1)), type="xdp", attach_type="xdp")], origin="windows"
    )
    with pytest.raises(RejectedError, match="not accepted"):
        emit_image([good[0]._replace(module=other[0].module)], ImageRequest("x.o", "c"))
    with pytest.raises(UnsupportedError, match="does not tell the type"):
        judged_for_windows([Program.from_bytes(bytes.fromhex(EXIT))])


def bytes_of_record(text: str) -> str:
    """The record in emitted C."""
    body = text.split("bpfcc_record[", 1)[1].split("{", 1)[1].split("}", 1)[0]
    return bytes(int(each) for each in body.replace("\n", " ").split(",") if each.strip()).decode()


def test_what_linux_has_and_windows_has_not_is_named() -> None:
    # XDP that asks for the time of the day: helper 5 of Linux is there, 65 (xdp_adjust_tail) is not.
    program = Program.from_bytes(bytes.fromhex("b702000000000000 8500000041000000 b700000002000000 9500000000000000"), type="xdp")
    found = judged_for_windows([program])
    assert not found[0].accepted and any(entry.kind == "absent" for entry in found[0].entries)
    with pytest.raises(UnsupportedError, match="does not port to Windows: bpf_xdp_adjust_tail"):
        emit_image(found, ImageRequest("x.o", "c"))


# ---- the command

SOURCE: Final = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64); } sizes SEC(".maps");
SEC("xdp") int measure(struct xdp_md *x)
{
    void *data = (void *)(long)x->data, *end = (void *)(long)x->data_end;
    __u32 key = end - data > 100;
    __u64 *value = bpf_map_lookup_elem(&sizes, &key);
    if (value)
        __sync_fetch_and_add(value, 1);
    return key ? XDP_DROP : XDP_PASS;
}
char LICENSE[] SEC("license") = "GPL";
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "measure.bpf.c"
    path.write_text(SOURCE)
    return path


@pytest.mark.parametrize(("emit", "start"), [("c", b"/* Made by bpfcc"), ("dll", b"MZ"), ("sys", b"MZ")])
def test_build(source: Path, emit: str, start: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["build", str(source), "--target", "windows", "--emit", emit, "--arch", "arm64"]) == 0
    made = source.parent / {"c": "measure.native.c", "dll": "measure.dll", "sys": "measure.sys"}[emit]
    assert made.read_bytes().startswith(start)
    assert "accepted by the rules of Windows" in capsys.readouterr().err
    first = made.read_bytes()
    assert run(["build", str(source), "--target", "windows", "--emit", emit, "--arch", "arm64", "-q"]) == 0
    assert made.read_bytes() == first


def test_names_of_the_source_go_along(source: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """A program for Linux is rewritten, and what is left of its variables is called what it was."""
    text = SOURCE.replace("__u32 key", "__u64 length = end - data, copy = length * 7; __u32 key").replace("value, 1)", "value, copy)")
    source.write_text(text)
    assert run(["build", str(source), "--target", "windows", "--emit", "c", "-o", "-", "-q"]) == 0
    found = capsysbinary.readouterr().out.decode().split("---- program measure", 1)[1]
    for declared in ("uint8_t *x = ", "uint64_t length = ", "uint8_t *value = "):
        assert declared in found


UNUSED: Final = """
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, __u32); __type(value, __u64); } found_by_name SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(key_size, 4); __uint(value_size, 4); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_DEVMAP); __uint(max_entries, 8); __uint(key_size, 4); __uint(value_size, 4); } ports SEC(".maps");
int other(struct xdp_md *x);
struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 4); __uint(key_size, 4); __array(values, int(void *)); }
    jumps SEC(".maps") = {.values = {[1] = (void *)&measure, [2] = (void *)&other}};
SEC("xdp") int other(struct xdp_md *x) { return XDP_PASS; }
"""


def test_maps_that_no_program_uses(source: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Applications find them by their names, so they are made; what Windows has not nobody can use there."""
    source.write_text(SOURCE + UNUSED)
    assert run(["build", str(source), "--target", "windows", "--emit", "c", "-o", "-", "-q", "--program", "measure"]) == 0
    text = capsysbinary.readouterr().out.decode()
    table = text.split("module_maps[] = {", 1)[1].split("};", 1)[0]
    assert sorted(line.split('"')[1] for line in table.strip().splitlines()) == ["events", "found_by_name", "jumps", "sizes"]
    assert "{14, 0, 0, 65536U, 0, 0, " in table
    values = text.split("initial_0[] = {", 1)[1].split("};", 1)[0]
    assert values.split() == ["NULL,", '"measure",']


def test_inner_maps_keep_their_names(tmp_path: Path) -> None:
    source = tmp_path / "nested.c"
    source.write_text("""
#define SEC(name) __attribute__((section(name), used))
struct record { unsigned type, key_size, value_size, max_entries, inner_map_idx, pinning, id, inner_id; };
struct record outer SEC("maps") = {6, 4, 4, 2, 0, 0, 0, 10};
struct record inner SEC("maps") = {2, 4, 16, 3, 0, 0, 10, 0};
static void *(*lookup)(void *, const void *) = (void *)1;
SEC("bind") int program(void *context) { unsigned key = 0; return !!lookup(&outer, &key); }
""")
    assert run(["build", str(source), "--target", "windows", "--from", "windows", "--emit", "c", "-q"]) == 0
    table = (tmp_path / "nested.native.c").read_text().split("module_maps[] = {", 1)[1].split("};", 1)[0]
    assert '{6, 4, 4, 2U, 0, 0, 1, 2}, "outer"' in table and '{2, 4, 16, 3U, 0, 0, 2, 0}, "inner"' in table
    assert len(table.strip().splitlines()) == 2


def test_build_takes_compiled_objects(source: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["build", str(source), "-q"]) == 0
    compiled = source.with_name("measure.bpf.o")
    assert run(["build", str(compiled), "--target", "windows", "--emit", "c", "--hash", "none", "-o", "-", "-q"]) == 0
    text = capsysbinary.readouterr().out.decode()
    assert '"measure"' in text and "elf_hash" not in text and "return 2" in text


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--emit", "so"], 3, "c, dll, sys are what there is"),
        (["--emit", "sys", "--no-verify"], 3, "of accepted programs only"),
        (["--emit", "sys", "--cc", "cl"], 3, "--emit c is for others"),
        (["--emit", "sys", "--arch", "vax"], 2, "no machine 'vax'"),
        (["--emit", "sys", "--run", "SOURCE"], 2, "--run goes with"),
        (["--emit", "sys", "--program", "nobody"], 2, "no program 'nobody'"),
        (["--emit", "c", "-o", "SOURCE"], 2, "would overwrite the input"),
        (["--emit", "sys", "--from", "windows"], 1, "nothing is written"),
    ],
)
def test_what_cannot_be(source: Path, arguments: list[str], status: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    given = [str(source) if word == "SOURCE" else word for word in arguments]
    assert run(["build", str(source), "--target", "windows", *given]) == status
    assert said in capsys.readouterr().err
    assert [path.name for path in source.parent.iterdir()] == ["measure.bpf.c"]


def test_what_windows_has_not_is_said_with_its_place(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source.write_text(
        SOURCE.replace("__u32 key", "bpf_xdp_adjust_tail(x, 0); data = (void *)(long)x->data; end = (void *)(long)x->data_end; __u32 key")
    )
    assert run(["build", str(source), "--target", "windows", "--emit", "sys"]) == 1
    said = capsys.readouterr().err
    assert "measure.bpf.c:8" in said and "absent on Windows: bpf_xdp_adjust_tail" in said


@pytest.mark.parametrize("option", [["--from", "windows"], ["--emit", "dll"]])
def test_options_of_windows_go_with_it(source: Path, option: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["build", str(source), *option]) == 2
    assert "goes with --target windows" in capsys.readouterr().err


def test_tables_of_newer_extensions(tmp_path: Path) -> None:
    """A program type that only a file knows becomes an image."""
    table = json.loads((FOLDER / "windows.json").read_bytes())
    table["program_types"]["watch"] = {
        "number": 40, "guid": "00112233-4455-6677-8899-aabbccddeeff", "context": "bpf_sock_ops_t", "helpers": "1-3",
        "attach_types": {"watch": {"number": 41, "guid": "ffeeddcc-bbaa-9988-7766-554433221100"}},
    }  # fmt: skip
    table["sections"]["watch"] = {"type": "watch", "attach_type": "watch"}
    table["name"] = "newer"
    tables = tmp_path / "newer.json"
    tables.write_text(json.dumps(table))
    source = tmp_path / "watch.c"
    source.write_text('__attribute__((section("watch/all"), used)) int all(unsigned *context) { return context[0] == 7; }\n')
    given = ["build", str(source), "--target", "windows", "--from", "windows", "--emit", "c"]
    assert run([*given, "--platform", str(tables)]) == 0
    text = (tmp_path / "watch.native.c").read_text()
    assert c_guid("00112233-4455-6677-8899-aabbccddeeff") in text and '"watch/all"' in text
    assert run(given) == 3
