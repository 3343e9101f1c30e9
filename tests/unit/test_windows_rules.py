"""Windows as a platform: how its objects are read, pairs of programs at its limits, and extensions that are a file of data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

import bpfcc
from bpfcc.bpfir.module import MapSpec
from bpfcc.cli.app import run
from bpfcc.errors import InputError
from bpfcc.frontend.conventions import LINUX, conventions_of
from bpfcc.frontend.elf import ElfFile
from bpfcc.program import Program
from bpfcc.runtime.specs import load_platform
from bpfcc.runtime.specs.tables import FOLDER

if TYPE_CHECKING:
    from pathlib import Path

    from bpfcc.program import Object

HEADER = """
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; typedef unsigned long long u64;
#define SEC(name) __attribute__((section(name), used))
#define __uint(name, value) int (*name)[value]
#define __type(name, kind) __typeof__(kind) *name
#define __array(name, kind) __typeof__(kind) *name[]
static void *(*lookup)(void *, const void *) = (void *)1;
static long (*update)(void *, const void *, const void *, u64) = (void *)2;
static long (*tail_call)(void *, void *, u32) = (void *)5;
static long (*ringbuf_output)(void *, void *, u64, u64) = (void *)11;
static long (*printk3)(const char *, u32, u64) = (void *)13;
struct record { u32 type, key_size, value_size, max_entries, inner_map_idx, pinning, id, inner_id; };
struct bind { u8 *start, *end; u64 process_id; };
"""


def compiled(tmp_path: Path, text: str, platform: str = "windows") -> Object:
    path = tmp_path / "unit.c"
    path.write_text(HEADER + text)
    return bpfcc.compile(path, mcpu="v1", platform=platform)


def codes(program: Program, platform: str = "windows") -> set[str]:
    """Codes of the errors."""
    verdict = bpfcc.verify(program, platform, cache=None)
    found = {finding.code for finding in verdict.findings if finding.level == "error"}
    assert verdict.accepted == (not found)
    return found


def assembled(text: str, program_type: str = "xdp", *maps: MapSpec, attach_type: str | None = None) -> Program:
    return Program.from_bytes(bpfcc.assemble(text), type=program_type, maps=maps, attach_type=attach_type)


# ---- objects

MAPS = """
struct { __uint(type, 4); __type(key, u32); __type(value, u64); __uint(max_entries, 8); __uint(map_flags, 1); } counts SEC(".maps");
struct inner { __uint(type, 2); __type(key, u32); __type(value, u64); __uint(max_entries, 1); __uint(pinning, 1); };
struct { __uint(type, 7); __type(key, u32); __uint(max_entries, 2); __array(values, struct inner); } outer SEC(".maps");
struct { __uint(type, 13); __uint(max_entries, 4096); __uint(some_day, 7); } events SEC(".maps");
const volatile u32 limit = 5;
SEC("cgroup/connect4/mine") int first(void *ctx) { u32 key = 0; return !!lookup(&counts, &key) + limit; }
SEC("cgroup/connect") int second(void *ctx) { return 0; }
"""


def test_numbers_and_members_of_maps(tmp_path: Path) -> None:
    found = compiled(tmp_path, MAPS)
    assert [(name, each.type, each.flags) for name, each in found.maps.items()] == [
        ("counts", "percpu_hash", 0), ("outer", "array_of_maps", 0), ("events", "ringbuf", 0), (".rodata", "array", 0),
    ]  # fmt: skip
    assert found.maps["outer"].inner is not None and found.maps["outer"].inner.pinning == "by_name"
    assert (found.programs["first"].type, found.programs["first"].attach_type) == ("cgroup_sock_addr", "cgroup_inet4_connect")
    assert found.programs["second"].type is None
    assert found.platform == "windows"


def test_the_same_object_is_another_one_on_linux(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'values' in a map of type stack_trace"):
        compiled(tmp_path, MAPS, "linux")
    text = MAPS.replace("__uint(some_day, 7);", "").replace("__uint(pinning, 1);", "").replace("__uint(type, 7)", "__uint(type, 12)")
    found = compiled(tmp_path, text, "linux")
    assert (found.maps["counts"].type, found.maps["counts"].flags) == ("perf_event_array", 1)
    assert found.maps[".rodata"].read_only_program


RECORDS = """
struct record plain SEC("maps") = { .type = 1, .key_size = 4, .value_size = 8, .max_entries = 2, .pinning = 1 };
struct record by_id SEC("maps") = { .type = 7, .key_size = 4, .value_size = 4, .max_entries = 1, .inner_id = 10 };
struct record by_place SEC("maps") = { .type = 6, .key_size = 4, .value_size = 4, .max_entries = 1, .inner_map_idx = 3 };
struct record inner SEC("maps") = { .type = 2, .key_size = 4, .value_size = 16, .max_entries = 3, .id = 10 };
SEC("bind") int program(void *ctx) { u32 key = 0; return !!lookup(&plain, &key); }
"""


def test_records(tmp_path: Path) -> None:
    maps = compiled(tmp_path, RECORDS).maps
    assert [each.type for each in maps.values()] == ["hash", "array_of_maps", "hash_of_maps", "array"]
    assert (maps["plain"].pinning, maps["plain"].flags) == ("by_name", 0)
    for name in ("by_id", "by_place"):
        inner = maps[name].inner
        assert inner is not None and (inner.type, inner.value_size) == ("array", 16)
        assert not maps[name].values


def test_short_records_are_zero_padded(tmp_path: Path) -> None:
    text = 'struct { u32 a, b, c, d; } short_one SEC("maps") = {2, 4, 8, 1};\nSEC("bind") int p(void *ctx) { return 0; }'
    spec = compiled(tmp_path, text).maps["short_one"]
    assert (spec.type, spec.value_size, spec.pinning) == ("array", 8, "none")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (".inner_id = 10", ".inner_id = 11", "map 'by_id' names no inner map"),
        (".inner_map_idx = 3", ".inner_map_idx = 9", "map 'by_place' names no inner map"),
        (".pinning = 1", ".pinning = 10", "map 'plain': pinning 10: 0 is not at all, 1 is by name"),
        (".type = 2", ".type = 100", "map 'inner': windows has no type 'type_100'"),
    ],
)
def test_records_that_cannot_be_loaded(tmp_path: Path, before: str, after: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        compiled(tmp_path, RECORDS.replace(before, after))


def test_definitions_that_cannot_be_loaded(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="map 'counts': pinning 2"):
        compiled(tmp_path, MAPS.replace("__uint(map_flags, 1)", "__uint(pinning, 2)"))
    with pytest.raises(InputError, match="maps nest one deep only"):
        nested = "struct { __uint(type, 7); __array(values, struct inner); }"
        compiled(tmp_path, MAPS.replace("__array(values, struct inner)", f"__array(values, {nested})"))


def test_a_relocation_of_an_instruction_that_takes_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is built of the object; the verdict names the place, and other programs of the object are judged."""
    text = """struct { __uint(type, 2); __type(key, u32); __type(value, u64); __uint(max_entries, 1); } counts SEC(".maps");
        SEC("bind/0") int whole(void *ctx) { u32 key = 0; return !!lookup(&counts, &key); }
        SEC("bind/1") int broken(void *ctx) { u32 key = 0; return !!lookup(&counts, &key) + 2; }"""
    data = bytearray(compiled(tmp_path, text).data)
    section = next(each for each in ElfFile(bytes(data)).sections if each.name == "bind/1")
    at = data.index(b"\x18\x01", section.offset)
    data[at] = 0xB7
    path = tmp_path / "broken.o"
    path.write_bytes(data)
    place = (
        f"section 'bind/1': offset {at - section.offset:#x}: a relocation against 'counts' of an instruction that is neither call nor lddw"
    )
    assert run(["build", str(path), "--target", "windows", "--from", "windows", "--emit", "c"]) == 2
    assert place in capsys.readouterr().err
    assert run(["verify", str(path), "--platform", "windows", "--no-cache", "--json"]) == 1
    programs = {each["name"]: each for each in json.loads(capsys.readouterr().out)["programs"]}
    assert programs["whole"]["verdict"] == "accepted"
    assert place in programs["broken"]["findings"][0]["message"]


def test_conventions() -> None:
    assert conventions_of("linux") is LINUX
    assert LINUX.map_type(5) == "percpu_hash"
    assert conventions_of("windows").map_type(5) == "percpu_array"
    assert conventions_of("windows").match("?xdp").type is None
    with pytest.raises(InputError, match="no platform 'macos'"):
        conventions_of("macos")


# ---- pairs: what is accepted, and its neighbour that is not


def rounds(most: int) -> str:
    return f"""r7 = *(u32 *)(r1 + 24)
if r7 > {most} goto out
*(u64 *)(r10 - 8) = r7
r6 = 0
again: r7 = *(u64 *)(r10 - 8)
if r6 >= r7 goto out
call 6
r6 += 1
goto again
out: r0 = 1
exit"""


def frames(count: int) -> str:
    inner = [f"f{n}: *(u64 *)(r10 - 512) = 1\n" + (f"call f{n + 1}\n" if n < count - 1 else "r0 = 1\n") + "exit" for n in range(1, count)]
    return "*(u64 *)(r10 - 512) = 1\ncall f1\nexit\n" + "\n".join(inner)


def looked_up(name: str, kind: str) -> tuple[str, MapSpec]:
    text = "*(u32 *)(r10 - 4) = 0\nr2 = r10\nr2 += -4\nr1 = map[0] ll\ncall 1\nr0 = 0\nexit"
    return text, MapSpec(name, kind, 4, 8, 1)


NAME = "m" * 63


def stored(value: str) -> str:
    return f"""r6 = r1
*(u32 *)(r10 - 4) = 0
r2 = r10
r2 += -4
r1 = map[0] ll
call 1
if r0 == 0 goto out
*(u64 *)(r0 + 0) = {value}
out: r0 = 0
exit"""


def added(offset: int, size: int = 64) -> str:
    return f"""*(u32 *)(r10 - 4) = 0
r2 = r10
r2 += -4
r1 = map[0] ll
call 1
if r0 == 0 goto out
r1 = 1
lock *(u{size} *)(r0 + {offset}) += r1
out: r0 = 0
exit"""


KEY = "*(u64 *)(r10 - 8) = 0\nr2 = r10\nr2 += {start}\nr1 = map[0] ll\ncall 1\nr0 = 0\nexit"
NUMBERS = MapSpec("numbers", "array", 4, 8, 1)
CALLED = assembled("r2 = 7\ncall f\nexit\nf: r0 = r2\nexit")
# lddw r3, the function at slot 0 + 1 + 4; r2 = 7; callx r3; exit; r0 = r2; exit
BY_ADDRESS = Program.from_bytes(
    bytes.fromhex("1843000004000000 0000000000000000 b702000007000000 8d03000000000000 9500000000000000 bf20000000000000 9500000000000000"),
    type="xdp",
)

PAIRS: dict[str, tuple[Program, Program, str]] = {
    "rounds": (assembled(rounds(100_000)), assembled(rounds(100_001)), "V060"),
    "frames": (assembled(frames(8)), assembled(frames(9)), "V063"),
    "stack": (
        assembled("*(u64 *)(r10 - 512) = 1\nr0 = 1\nexit"), assembled("*(u64 *)(r10 - 520) = 1\nr0 = 1\nexit"), "V010",
    ),
    "name": (
        assembled(looked_up(NAME, "hash")[0], "xdp", looked_up(NAME, "hash")[1]),
        assembled(looked_up(NAME + "m", "hash")[0], "xdp", looked_up(NAME + "m", "hash")[1]), "V039",
    ),
    "custom map": (
        assembled(looked_up("m", "sample_hash_map")[0], "sample", looked_up("m", "sample_hash_map")[1]),
        assembled(looked_up("m", "sample_hash_map")[0], "bind", looked_up("m", "sample_hash_map")[1]), "V039",
    ),
    "cookie": (assembled("call 26\nexit", "cgroup_sock_addr"), assembled("call 26\nexit", "sample"), "V031"),
    "redirect": (
        assembled("r1 = map[0] ll\nr2 = 0\nr3 = 0\ncall 35\nexit", "sample", NUMBERS),
        assembled("r1 = map[0] ll\nr2 = 0\nr3 = 0\ncall 35\nexit", "bind", NUMBERS), "V031",
    ),
    "redirect by address": (
        assembled("r2 = 1\nr3 = 0\nr1 = map[0] ll\ncall 35\nexit", "sample", NUMBERS),
        assembled("r2 = r1\nr3 = 0\nr1 = map[0] ll\ncall 35\nexit", "sample", NUMBERS),
        "V024",
    ),
    "address kept": (assembled(stored("7"), "bind", NUMBERS), assembled(stored("r6"), "bind", NUMBERS), "V024"),
    "packet load": (
        assembled("r0 = 1\nexit"), assembled("r6 = r1\nr0 = *(u8 *)skb[0]\nexit"), "V031",
    ),
    "values side by side": (
        assembled(added(0), "xdp", MapSpec("m", "array", 4, 16, 2)), assembled(added(0), "xdp", MapSpec("m", "array", 4, 12, 2)), "V017",
    ),
    "half words side by side": (
        assembled(added(8, 32), "xdp", MapSpec("m", "array", 4, 12, 2)), assembled(added(4, 32), "xdp", MapSpec("m", "array", 4, 10, 2)),
        "V017",
    ),
    "one value alone": (
        assembled(added(0), "xdp", MapSpec("m", "array", 4, 12, 1)), assembled(added(4), "xdp", MapSpec("m", "array", 4, 12, 1)), "V017",
    ),
    # An array's helpers read four bytes, though keys are said to have two.
    "keys of two bytes": (
        assembled(KEY.format(start=-4), "xdp", MapSpec("m", "array", 2, 8, 2)),
        assembled(KEY.format(start=-2), "xdp", MapSpec("m", "array", 2, 8, 2)), "V034",
    ),
    "keys of two bytes of a hash": (
        assembled(KEY.format(start=-2), "xdp", MapSpec("m", "hash", 2, 8, 2)),
        assembled(KEY.format(start=-1), "xdp", MapSpec("m", "hash", 2, 8, 2)), "V034",
    ),
    "values of a hash": (
        assembled(added(0), "xdp", MapSpec("m", "hash", 4, 12, 2)), assembled(added(4), "xdp", MapSpec("m", "hash", 4, 12, 2)), "V017",
    ),
    "call by address": (CALLED, BY_ADDRESS, "V066"),
    "pointer of the context": (
        assembled("r0 = *(u64 *)(r1 + 0)\nr0 = 1\nexit"), assembled("r2 = 0\n*(u64 *)(r1 + 0) = r2\nr0 = 1\nexit"), "V016",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_pairs(name: str) -> None:
    good, bad, code = PAIRS[name]
    assert codes(good) == set()
    assert codes(bad) == {code}


def test_values_of_linux_arrays_are_aligned() -> None:
    assert codes(assembled(added(0), "xdp", MapSpec("m", "array", 4, 12, 2)), "linux") == set()


def test_calls_by_address_are_linux() -> None:
    assert codes(BY_ADDRESS, "linux") == set()


def test_division_by_zero_is_defined() -> None:
    verdict = bpfcc.verify(assembled("r2 = *(u32 *)(r1 + 24)\nr0 = 7\nr0 /= r2\nexit"), "windows", cache=None)
    assert verdict.accepted
    assert [(finding.code, finding.level) for finding in verdict.findings] == [("V021", "warning")]


C_PAIRS: dict[str, tuple[str, str, str, str]] = {
    # Functions that are not static are judged where they are called.
    "global function": (
        """__attribute__((noinline)) u64 read(u64 *place) { return *place; }
        SEC("bind") int program(struct bind *ctx) { return read(&ctx->process_id) == WRONG; }""",
        "5", "5 + read(0)", "V020",
    ),
    "inner map that is not there": (
        """struct inner { __uint(type, 2); __type(key, u32); __type(value, u32); __uint(max_entries, 1); };
        struct { __uint(type, 7); __type(key, u32); __uint(max_entries, 1); __array(values, struct inner); } outer SEC(".maps");
        SEC("bind") int program(void *ctx) {
            u32 key = 0; void *inner = lookup(&outer, &key); if (WRONG) return 0;
            u32 *found = lookup(inner, &key); return found ? *found : 0;
        }""",
        "!inner", "0", "V020",
    ),
    "programs of an inner map": (
        """int callee(void *ctx); SEC("bind/0") int callee(void *ctx) { return 1; }
        struct { __uint(type, 3); __type(key, u32); __uint(max_entries, 1); __array(values, int(void *)); } inner SEC(".maps") =
            { .values = { callee } };
        struct { __uint(type, 7); __type(key, u32); __uint(max_entries, 1); __array(values, inner); } outer SEC(".maps") =
            { .values = { &inner } };
        SEC("bind") int program(void *ctx) {
            u32 key = 0; void *inner = lookup(&outer, &key); if (WRONG) return 0; tail_call(ctx, inner, 0); return 2;
        }""",
        "!inner", "0", "V020",
    ),
    "address printed": (
        'SEC("bind") int program(struct bind *ctx) { char text[] = "%llu"; printk3(text, sizeof text, WRONG); return 0; }',
        "ctx->process_id", "(u64)ctx", "V024",
    ),
    "application's name": (
        """SEC("bind") int program(struct bind *ctx) {
            u16 *at = (u16 *)ctx->start; if ((u8 *)(at + 1) > ctx->end) return 0; return at[WRONG] == 'c'; }""",
        "0", "1", "V011",
    ),
    "data that is not protected": (
        """const volatile u32 limit = 3; struct { __uint(type, 2); __type(key, u32); __type(value, u32[4]); __uint(max_entries, 1); } m
            SEC(".maps");
        SEC("bind") int program(void *ctx) {
            u32 key = 0, *found = lookup(&m, &key), at = limit; if (!found || WRONG) return 0; return found[at]; }""",
        "at > 3", "0", "V013",
    ),
    "function of a module": (
        """extern int sample_ebpf_extension_btf_lookup(u64, void *, u32) __attribute__((section(".ksyms")));
        SEC("sample_ext") int program(void *ctx) { u64 value; return sample_ebpf_extension_btf_lookup(1, &value, WRONG); }""",
        "8", "16", "V034",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", C_PAIRS)
def test_pairs_in_c(tmp_path: Path, name: str) -> None:
    text, good, bad, code = C_PAIRS[name]
    accepted = compiled(tmp_path, text.replace("WRONG", good))
    assert {key: codes(program) for key, program in accepted.programs.items()} == {key: set() for key in accepted.programs}
    assert codes(compiled(tmp_path, text.replace("WRONG", bad)).program("program")) == {code}


# ---- an extension that nobody here knows

EXTENSION: dict[str, Any] = {
    "schema": "bpfcc.platform/1",
    "name": "windows with files",
    "extends": "windows",
    "contexts": {
        "file_md_t": {
            "size": 32, "types": ["file_md_t"], "bytewise": True,
            "fields": [["name", 0, 8, "memory_start"], ["name_end", 8, 8, "memory_end"], ["process_id", 16, 8], ["access", 24, 4]],
        }
    },
    "sections": {"file/open": {"type": "file", "attach_type": "open"}},
    "program_types": {
        "file": {
            "number": 40, "guid": "11111111-2222-3333-4444-555555555555", "context": "file_md_t", "writable": ["access"],
            "helpers": "general",
            "attach_types": {"open": {"number": 41, "guid": "11111111-2222-3333-4444-555555555556", "return_range": [0, 1]}},
            "own_helpers": [{"id": 65536, "name": "file_volume", "args": ["ctx", "mem_uninit", "size"]}],
        },
        "bind": {"helpers": "general 36"},
    },
    "helpers": [{"id": 36, "name": "get_session_id", "args": ["ctx"], "result_range": [0, 15]}],
    "map_types": {"file_map": {"number": 20, "helpers": ["map_lookup_elem"], "types": ["file"]}},
    "kfuncs": {"file_digest": {"args": ["ctx", "mem_uninit:32"], "returns": "number", "types": "file"}},
}  # fmt: skip
USER = """
struct file { u8 *name, *end; u64 process_id; u32 access; };
static long (*volume)(void *, void *, u32) = (void *)65536;
static long (*session)(void *) = (void *)36;
extern int file_digest(void *, u8 *) __attribute__((section(".ksyms")));
struct { __uint(type, 20); __type(key, u64); __type(value, u32); __uint(max_entries, 9); } files SEC(".maps");
struct { __uint(type, 2); __type(key, u32); __type(value, u8[16]); __uint(max_entries, 9); } sessions SEC(".maps");
SEC("file/open") int opened(struct file *ctx)
{
    u8 digest[32], label[8]; u64 id = ctx->process_id; u32 *known = lookup(&files, &id);
    if (!known || file_digest(ctx, digest) || volume(ctx, label, sizeof label) || ctx->name + LENGTH > ctx->end) return 0;
    ctx->access = digest[31] + label[7];
    return ctx->name[1] == 'c' && *known;
}
SEC("bind") int bound(void *ctx) { u32 key = 0; u8 *all = lookup(&sessions, &key); return all ? all[session(ctx)] : 0; }
"""


def extension(tmp_path: Path, **changes: Any) -> str:
    path = tmp_path / "files.json"
    path.write_text(json.dumps({**EXTENSION, **changes}))
    return str(path)


def test_an_extension_is_a_file(tmp_path: Path) -> None:
    platform = extension(tmp_path)
    found = compiled(tmp_path, USER.replace("LENGTH", "2"), platform)
    assert (found.programs["opened"].type, found.maps["files"].type) == ("file", "file_map")
    assert [codes(program, platform) for program in found.programs.values()] == [set(), set()]
    assert codes(compiled(tmp_path, USER.replace("LENGTH", "1"), platform).programs["opened"], platform) == {"V011"}
    with pytest.raises(InputError, match="map 'files': windows has no type 'type_20'; --platform FILE may add it"):
        compiled(tmp_path, USER.replace("LENGTH", "2"))


def test_an_extension_in_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The object is read and judged in children there, which have to know of it, too."""
    (tmp_path / "unit.c").write_text(HEADER + USER)
    command = ["verify", str(tmp_path / "unit.c"), "--no-cache", "--mcpu", "v1", "--json"]
    for length, status in ((2, 0), (1, 1)):
        assert run([*command, "--platform", extension(tmp_path), "-D", f"LENGTH={length}"]) == status
        assert len(json.loads(capsys.readouterr().out)["programs"]) == 2
    assert run([*command, "--platform", "windows", "-D", "LENGTH=2"]) == 2


def test_the_schema_file_knows_extensions() -> None:
    schema = json.loads((FOLDER / "platform.schema.json").read_text())
    jsonschema.validate(EXTENSION, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({key: value for key, value in EXTENSION.items() if key != "extends"} | {"contexts": 1}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"schema": "bpfcc.platform/1", "name": "nothing"}, schema)


def test_what_a_file_extends(tmp_path: Path) -> None:
    platform = load_platform(extension(tmp_path))
    assert platform.helper_allowed(36, "bind") and not platform.helper_allowed(36, "xdp")
    assert platform.program_type("bind").guid == load_platform("windows").program_type("bind").guid
    assert platform.limits == load_platform("windows").limits
    assert platform.helper("memcpy_s").id == 22


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"extends": "macos"}, "extends: must be linux or windows"),
        ({"name": "windows"}, "name: 'windows' is the platform that comes with bpfcc"),
        ({"name": "linux"}, "name: 'linux' is the platform that comes with bpfcc"),
        ({"extends": ["windows"]}, "extends: must be linux or windows"),
        ({"objects": "elf"}, "objects: must be linux or windows"),
        ({"global_functions": True}, "global_functions: must be prototype or callers"),
        ({"indirect_calls": 1}, "indirect_calls: must be true or false"),
        ({"limits": {"loop_rounds": 0}}, "limits.loop_rounds: must be a number"),
        ({"map_types": {"file_map": {"number": 20, "types": ["files"]}}}, "map_types.file_map.types: there is no program type 'files'"),
        ({"kfuncs": {"f": {"args": ["number"] * 6, "returns": "void"}}}, "kfuncs.f.args: must be a list of at most five"),
        ({"kfuncs": {"f": {"args": ["memory"], "returns": "void"}}}, r"kfuncs.f.args\[0\]: unknown argument 'memory'"),
        ({"kfuncs": {"f": {"args": [], "returns": "nothing"}}}, "kfuncs.f.returns: unknown result 'nothing'"),
        ({"kfuncs": {"f": {"args": [], "returns": "void", "flags": ["fast"]}}}, "kfuncs.f.flags: unknown flags"),
        ({"kfuncs": {"f": {"args": [], "returns": "void", "guid": "x"}}}, "kfuncs.f: must have args and returns"),
        ({"helpers": [{"id": 36, "name": "x", "args": [], "any_map": 1}]}, "any_map: must be true or false"),
    ],
)
def test_faults_of_a_file_that_extends(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        load_platform(extension(tmp_path, **changes))
