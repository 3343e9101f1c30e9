"""Objects: programs, types from section names, linking, lines, externs."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest

from bpfcc.bpfir.module import Bytecode
from bpfcc.errors import InputError
from bpfcc.frontend import sections
from bpfcc.frontend.link import Linker
from bpfcc.frontend.objects import Object, load
from bpfcc.frontend.reloc import canonical
from tests.data import compiled
from tests.property.mutations import parts_of

OBJECT = "programs.bpf.c"


@pytest.fixture(scope="module")
def obj() -> Object:
    return load(compiled(OBJECT), file="programs.o")


def insns(bytecode: Bytecode) -> list[tuple[int, int, int, int, int]]:
    """Opcode, destination, source, offset, imm."""
    return [(o, r & 15, r >> 4, f, i) for o, r, f, i in struct.iter_unpack("<BBhi", bytecode.code)]


def function_of(bytecode: Bytecode, slot: int) -> str:
    return next(f.name for f in bytecode.functions if f.start <= slot < f.start + f.length)


def symbol_places(data: bytes, name: str) -> tuple[int, int]:
    """File offsets of a symbol and of its name."""
    parts = {p.name: p for p in parts_of(data)[1]}
    strings = parts[".strtab"].offset
    for at in range(parts[".symtab"].offset, parts[".symtab"].offset + parts[".symtab"].size, 24):
        text = strings + struct.unpack_from("<I", data, at)[0]
        if data[text : data.index(0, text)] == name.encode():
            return at, text
    raise AssertionError(name)


def symbol_field(name: str, field: int, code: str, value: int) -> bytes:
    """The object with one field of a symbol changed."""
    data = bytearray(compiled(OBJECT))
    struct.pack_into("<" + code, data, symbol_places(bytes(data), name)[0] + field, value)
    return bytes(data)


def renamed(old: str, new: str) -> bytes:
    """The object with a symbol renamed, in the symbol table only."""
    data = bytearray(compiled(OBJECT))
    at = symbol_places(bytes(data), old)[1]
    assert len(new) <= len(old)
    data[at : at + len(old)] = new.encode().ljust(len(old), b"\0")
    return bytes(data)


# -- section names ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "type_", "attach", "target", "sleepable"),
    [
        ("xdp", "xdp", "xdp", None, False),
        ("xdp.frags/devmap", "xdp", "xdp_devmap", None, False),
        ("tc", "sched_cls", None, None, False),
        ("tcx/ingress", "sched_cls", "tcx_ingress", None, False),
        ("kprobe/do_x", "kprobe", None, "do_x", False),
        ("kprobe", "kprobe", None, None, False),
        ("uprobe.s//bin/sh:main", "kprobe", None, "/bin/sh:main", True),
        ("tracepoint/sched/sched_switch", "tracepoint", None, "sched/sched_switch", False),
        ("fentry.s/tcp_connect", "tracing", "trace_fentry", "tcp_connect", True),
        ("lsm_cgroup/x", "lsm", "lsm_cgroup", "x", False),
        ("cgroup/connect4", "cgroup_sock_addr", "cgroup_inet4_connect", None, False),
        ("cgroup/skb", "cgroup_skb", None, None, False),
        ("syscall", "syscall", None, None, True),
        ("raw_tp.w/x", "raw_tracepoint_writable", None, "x", False),
        ("struct_ops.s/init", "struct_ops", None, "init", True),
        ("socket", "socket_filter", None, None, False),
        ("iter/task", "tracing", "trace_iter", "task", False),
        ("freplace/f", "ext", None, "f", False),
        ("netfilter", "netfilter", "netfilter", None, False),
        ("sk_lookup", "sk_lookup", "sk_lookup", None, False),
        ("sockops", "sock_ops", "cgroup_sock_ops", None, False),
        ("perf_event", "perf_event", None, None, False),
    ],
)
def test_what_names_tell(name: str, type_: str, attach: str | None, target: str | None, sleepable: bool) -> None:
    found = sections.match(name)
    assert (found.type, found.attach_type, found.target, found.sleepable) == (type_, attach, target, sleepable)
    assert found.autoload
    assert not found.legacy
    off = sections.match("?" + name)
    assert (off.type, off.attach_type, off.target, off.autoload) == (type_, attach, target, False)


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("xdp_drop", "xdp"),
        ("socket1", "socket_filter"),
        ("tc/entry", "sched_cls"),
        ("tc_mark", "sched_cls"),
        ("xdp/tail", "xdp"),
        ("cgroup/sock1", "cgroup_sock"),
    ],
)
def test_names_of_old_objects(name: str, type_: str) -> None:
    found = sections.match(name)
    assert (found.type, found.legacy) == (type_, True)


@pytest.mark.parametrize(
    "name", ["", "?", "tcp_drop", "XDP", "kprobes/x", "kprobe_x", "filter", "2/1", "sock", "fentryx", ".text", "actionable", "xdpx"]
)
def test_nothing_is_guessed(name: str) -> None:
    assert sections.match(name).type is None


def test_every_row_of_the_table_matches_itself() -> None:
    for rule in sections.rules():
        plain = rule.section.removesuffix("+")
        assert sections.match(plain).rule is rule
        if rule.takes_target:
            assert sections.match(plain + "/target").rule is rule
            assert not rule.legacy_prefix


# -- programs -----------------------------------------------------------------------------------------------------


def test_programs_of_several_sections(obj: Object) -> None:
    found = {n: (p.section, p.type, p.attach_type, p.attach_target, p.sleepable, p.autoload) for n, p in obj.programs.items()}
    assert found == {
        "filter": ("xdp", "xdp", "xdp", None, False, True),
        "other": ("xdp", "xdp", "xdp", None, False, True),
        "optional": ("tc", "sched_cls", None, None, False, False),
        "traced": ("fentry.s/tcp_connect", "tracing", "trace_fentry", "tcp_connect", True, True),
        "kernel_symbols": ("syscall", "syscall", None, None, True, True),
        "ops_init": ("struct_ops/init", "struct_ops", None, "init", False, True),
        "ops_threshold": ("struct_ops.s", "struct_ops", None, None, True, True),
        "unknown_type": ("mystery", None, None, None, False, True),
    }
    assert (obj.license, obj.version, obj.endian) == ("Dual MIT/GPL", 0x60102, "little")


@pytest.mark.parametrize("key", ["mystery", "mystery:unknown_type", "mystery:mystery", ""])
def test_types_are_given_by_section_or_function(key: str) -> None:
    given = load(compiled(OBJECT), types={key: "sched_cls"})
    assert given.programs["unknown_type"].type == "sched_cls"
    assert given.programs["filter"].type == ("xdp" if key else "sched_cls")


def test_a_given_type_wins_and_drops_what_the_name_implied() -> None:
    program = load(compiled(OBJECT), types={"fentry.s/tcp_connect:traced": "kprobe"}).programs["traced"]
    assert (program.type, program.attach_type, program.sleepable) == ("kprobe", None, False)


def test_text_holds_programs_only_when_named(obj: Object) -> None:
    assert "shared" not in obj.programs
    assert obj.program("shared").section == ".text"
    assert obj.program("shared").bytecode.functions[0].name == "shared"
    named = load(compiled(OBJECT), types={".text:shared": "xdp"}).programs
    assert named["shared"].type == "xdp"
    assert "checksum" not in named
    alone = load(compiled("core_target.bpf.c"))
    assert {p.section for p in alone.programs.values()} == {".text"}
    assert list(alone.programs) == ["use"]


def test_finding_programs(obj: Object) -> None:
    assert obj.program("filter") is obj.programs["filter"]
    assert obj.program("xdp:filter") is obj.programs["filter"]
    assert obj.program("mystery") is obj.programs["unknown_type"]
    assert obj.program("filter", "xdp") is obj.programs["filter"]
    with pytest.raises(InputError, match="no program 'nobody'; there are: filter, kernel_symbols"):
        obj.program("nobody")
    with pytest.raises(InputError, match="ambiguous: xdp:"):
        obj.program("xdp")
    with pytest.raises(InputError, match="in section 'tc'"):
        obj.program("filter", "tc")


def test_functions_of_one_name_in_two_sections() -> None:
    both = load(renamed("traced", "filter"))
    assert {"xdp:filter", "fentry.s/tcp_connect:filter"} <= set(both.programs)
    assert both.program("filter", "xdp").section == "xdp"
    with pytest.raises(InputError, match="ambiguous"):
        both.program("filter")


# -- linking ------------------------------------------------------------------------------------------------------


def test_subprograms_follow_their_callers(obj: Object) -> None:
    bytecode = obj.programs["filter"].bytecode
    assert [(f.name, f.linkage) for f in bytecode.functions] == [("filter", "global"), ("shared", "global"), ("checksum", "static")]
    ends = [f.start + f.length for f in bytecode.functions]
    assert [f.start for f in bytecode.functions] == [0, *ends[:-1]]
    assert ends[-1] * 8 == len(bytecode.code)
    calls = [(slot, i[4]) for slot, i in enumerate(insns(bytecode)) if i[0] == 0x85 and i[2] == 1]
    assert {function_of(bytecode, slot + 1 + imm) for slot, imm in calls} == {"shared", "checksum"}
    starts = {f.start for f in bytecode.functions}
    assert all(slot + 1 + imm in starts for slot, imm in calls)
    assert all(f.btf_type_id for f in bytecode.functions)


def test_maps_are_the_program_s_own(obj: Object) -> None:
    bytecode = obj.programs["filter"].bytecode
    names = [m.name for m in bytecode.maps]
    assert names == ["flows", "jumps", ".data", ".bss", ".rodata"]
    loads = [(i[2], names[i[4]], insns(bytecode)[slot + 1][4]) for slot, i in enumerate(insns(bytecode)) if i[0] == 0x18]
    assert ("flows" in names) and (1, "flows", 0) in loads
    assert (2, ".data", 0) in loads
    # `hidden_counter` is static: found through its section and an addend.
    assert any(source == 2 and name == ".bss" for source, name, _ in loads)
    assert all(m is obj.maps[m.name] for m in bytecode.maps)


def test_callbacks_are_addresses_of_functions(obj: Object) -> None:
    bytecode = obj.programs["other"].bytecode
    assert [f.name for f in bytecode.functions] == ["other", "each"]
    ((slot, imm),) = [(s, i[4]) for s, i in enumerate(insns(bytecode)) if i[0] == 0x18 and i[2] == 4]
    assert function_of(bytecode, slot + 1 + imm) == "each"
    assert insns(bytecode)[slot + 1] == (0, 0, 0, 0, 0)


def test_kernel_symbols(obj: Object) -> None:
    bytecode = obj.programs["kernel_symbols"].bytecode
    assert [(e.name, e.kind, e.weak) for e in bytecode.externs] == [("init_ish", "ksym", True), ("kernel_does", "kfunc", False)]
    code = insns(bytecode)
    assert [(i[3], i[4]) for i in code if i[0] == 0x85] == [(0, 1)]
    assert [i[2] for i in code if i[0] == 0x85] == [2]
    assert [(i[2], i[4]) for i in code if i[0] == 0x18] == [(3, 0)]
    assert bytecode.unresolved == {}
    assert {e.kind for e in obj.externs} == {"kfunc", "ksym", "kconfig"}


def test_lines_quote_the_source(obj: Object) -> None:
    bytecode = obj.programs["filter"].bytecode
    first = bytecode.lines[0]
    assert first.file.endswith("programs.bpf.c")
    assert any("ctx->ingress_ifindex" in (position.text or "") for position in bytecode.lines.values())
    text = {function_of(bytecode, slot): position.text or "" for slot, position in bytecode.lines.items()}
    assert "return" in text["checksum"]
    assert list(bytecode.lines) == sorted(bytecode.lines)
    assert bytecode.lines[0] is first
    assert len(bytecode.lines) == len(list(bytecode.lines))
    assert 0 in bytecode.lines
    assert 10_000 not in bytecode.lines


def test_the_position_that_holds_at_a_slot(obj: Object) -> None:
    lines = obj.programs["filter"].bytecode.lines
    gap = next(slot for slot in range(1, 40) if slot not in lines)
    before = max(slot for slot in lines if slot < gap)
    assert lines.at(gap) is lines[before]  # type: ignore[attr-defined]
    assert lines.at(0) is lines[0]  # type: ignore[attr-defined]


def test_big_endian_objects_link_alike(obj: Object) -> None:
    big = load(compiled(OBJECT, endian="big"))
    assert big.endian == "big"
    assert list(big.programs) == list(obj.programs)
    for name, program in big.programs.items():
        ours, theirs = program.bytecode, obj.programs[name].bytecode
        assert ours.endian == "big"
        assert [(f.name, f.start, f.length) for f in ours.functions] == [(f.name, f.start, f.length) for f in theirs.functions]
        assert {m.name for m in ours.maps} == {m.name for m in theirs.maps}
        assert [i[:1] for i in insns(ours)] == [i[:1] for i in insns(theirs)]
        assert len(ours.lines) == len(theirs.lines)
    assert big.maps[".data.special"].initial == b"\x11\x22\x33\x44"
    assert big.version == 0x60102


def test_canonical_field_order() -> None:
    assert canonical(b"\xb7\x12\x00\x05\x00\x00\x01\x02", "big") == b"\xb7\x21\x05\x00\x02\x01\x00\x00"
    assert canonical(b"\xb7\x12\x00\x05\x00\x00\x01\x02", "little") == b"\xb7\x12\x00\x05\x00\x00\x01\x02"


# -- configuration ------------------------------------------------------------------------------------------------


def test_kconfig_has_documented_defaults(obj: Object) -> None:
    spec = obj.maps[".kconfig"]
    assert spec.initial == struct.pack("<IIB", 1000, 6 << 16 | 18 << 8, 0)
    assert spec.read_only_program
    bytecode = obj.programs["traced"].bytecode
    assert [m.name for m in bytecode.maps] == [".kconfig"]
    assert bytecode.unresolved == {}


def test_kconfig_takes_given_values() -> None:
    given = load(compiled(OBJECT), kconfig={"LINUX_KERNEL_VERSION": 0x50F00, "CONFIG_BPF": "y", "CONFIG_HZ": "0x64"})
    assert given.maps[".kconfig"].initial == struct.pack("<IIB", 100, 0x50F00, 1)


@pytest.mark.parametrize(("name", "value"), [("CONFIG_HZ", 1 << 40), ("CONFIG_HZ", "many"), ("CONFIG_BPF", "m"), ("CONFIG_BPF", 2)])
def test_kconfig_values_have_to_fit(name: str, value: int | str) -> None:
    with pytest.raises(InputError, match=name):
        load(compiled(OBJECT), kconfig={name: value})


def test_a_strong_value_that_nobody_gives_is_unresolved() -> None:
    data = compiled(OBJECT).replace(b"CONFIG_HZ\0", b"CONFIG_HX\0")
    bytecode = load(data).programs["traced"].bytecode
    assert ["CONFIG_HX is not given" in reason for reason in bytecode.unresolved.values()] == [True]
    assert load(data, kconfig={"CONFIG_HX": 5}).programs["traced"].bytecode.unresolved == {}


# -- objects that lie ---------------------------------------------------------------------------------------------


def edited(section: str, offset: int, code: str, value: int, source: str = OBJECT) -> bytes:
    data = bytearray(compiled(source))
    part = next(p for p in parts_of(bytes(data))[1] if p.name == section)
    struct.pack_into("<" + code, data, part.offset + offset, value)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (symbol_field("filter", 8, "Q", 4), "function 'filter'"),
        (symbol_field("filter", 8, "Q", 1 << 40), "function 'filter'"),
        (symbol_field("filter", 16, "Q", 1 << 40), "function 'filter' leaves the section"),
        (symbol_field("filter", 16, "Q", 12), "function 'filter'"),
        (symbol_field("flows", 8, "Q", 0), "a second map at its place"),
        (symbol_field("flows", 6, "H", 0), "map 'flows' has no symbol"),
        (symbol_field("flows", 8, "Q", 1 << 20), "map 'flows' leaves the section"),
        (compiled(OBJECT).replace(b"\0second\0", b"\0first\0\0"), "a second map named 'first'"),
    ],
)
def test_symbols_that_lie(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (edited(".relxdp", 0, "Q", 1 << 40), "outside the code"),
        (edited(".relxdp", 0, "Q", 4), "outside the code"),
        (edited(".relxdp", 12, "I", 60_000), "relocation against symbol"),
        (symbol_field("shared", 6, "H", 0xFFF2), "no function|not defined"),
        (symbol_field("shared", 8, "Q", 3), "function 'shared'|middle"),
        (symbol_field("total", 6, "H", 0xFFF2), "without a section"),
        (symbol_field("total", 6, "H", 0x7000), "does not exist"),
        (symbol_field("total", 6, "H", 0), "not defined"),
    ],
)
def test_relocations_that_lie(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        _ = load(data).programs["filter"].bytecode


def test_other_machines_are_refused() -> None:
    data = bytearray(compiled(OBJECT))
    struct.pack_into("<H", data, 18, 62)
    with pytest.raises(InputError, match="not for BPF"):
        load(bytes(data))


def test_nothing_is_imported_after_the_warm_up() -> None:
    """A confined child cannot import: what reading needs is loaded before."""
    script = (
        "import sys\n"
        # Where PYTHONSAFEPATH is set, the working directory is not on the path.
        f"sys.path.insert(0, {str(Path(__file__).parents[2])!r})\n"
        "from bpfcc.pipeline import warm_up\n"
        "from tests.data import HERE, btf_of, compiled\n"
        "objects = [compiled('programs.bpf.c'), compiled('core_local.bpf.c'), compiled('legacy.bpf.c', debug=False)]\n"
        "target = btf_of(compiled('core_target.bpf.c'))\n"
        "warm_up(lift=False)\n"
        "before = set(sys.modules)\n"
        "from bpfcc.frontend.objects import load\n"
        "for data in objects:\n"
        "    obj = load(data, target_btf=target)\n"
        "    for program in obj.programs.values():\n"
        "        len(program.bytecode.code)\n"
        "print(sorted(set(sys.modules) - before))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert done.stdout.strip() == "[]"


def test_files_that_are_not_there() -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load("/nonexistent/x.o")


def test_a_program_has_a_limit(obj: Object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpfcc.frontend.link.MAX_SLOTS", 20)
    linker: Linker = load(compiled(OBJECT)).linker
    with pytest.raises(InputError, match="more than 20 instructions"):
        linker.link(obj.programs["filter"].function)


def test_a_program_s_functions_have_a_limit(obj: Object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpfcc.frontend.link.MAX_FUNCTIONS", 2)
    with pytest.raises(InputError, match="more than 2 functions"):
        load(compiled(OBJECT)).linker.link(obj.programs["filter"].function)


def test_an_object_s_maps_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpfcc.frontend.map_table.MAX_MAPS", 5)
    with pytest.raises(InputError, match="more than 5 maps"):
        load(compiled(OBJECT))


def test_functions_that_cover_each_other_many_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpfcc.frontend.reloc.MAX_OVERLAP", 0)
    with pytest.raises(InputError, match="over each other"):
        load(compiled(OBJECT))


def test_an_unrelocated_map_reference_is_unresolved() -> None:
    """`lddw` with source 1 and no relocation would name a file descriptor."""
    data = bytearray(compiled(OBJECT))
    part = next(p for p in parts_of(bytes(data))[1] if p.name == ".relmystery")
    struct.pack_into("<I", data, part.header + 44, 0)
    code = next(p for p in parts_of(bytes(data))[1] if p.name == "mystery")
    at = next(i for i in range(code.offset, code.offset + code.size, 8) if data[i] == 0x18)
    data[at + 1] |= 0x10
    bytecode = load(bytes(data)).programs["unknown_type"].bytecode
    assert any("has no relocation" in reason for reason in bytecode.unresolved.values())


def test_memory_functions_that_clang_calls_are_externs() -> None:
    bytecode = load(renamed("kernel_does", "memcpy")).programs["kernel_symbols"].bytecode
    assert [(e.name, e.kind, e.btf_type_id) for e in bytecode.externs if e.name == "memcpy"] == [("memcpy", "kfunc", 0)]
    with pytest.raises(InputError, match="'elsewhere' is not defined"):
        _ = load(renamed("kernel_does", "elsewhere")).programs["kernel_symbols"].bytecode


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no such device")
def test_endless_files_are_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpfcc.frontend.objects.MAX_FILE_BYTES", 1000)
    with pytest.raises(InputError, match="too many for a BPF object"):
        load("/dev/zero")
