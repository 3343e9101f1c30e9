"""Functions of other modules in native images: their modules, prototypes, tables and digests, and what is refused."""

from __future__ import annotations

import json
import struct
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import pytest

import bpfcc
from bpfcc.compat.native.info_hash import program_info, program_info_hash
from bpfcc.errors import InputError, UnsupportedError
from bpfcc.native_images import ImageRequest, emit_image, judged_for_windows
from bpfcc.runtime.specs import load_platform

if TYPE_CHECKING:
    from pathlib import Path

    from bpfcc.program import Object

FIRST: Final = "8f6c1f83-ce4c-4b58-8b91-654a29e23b7c"
# In memory its first byte is the lowest, in text it is not.
SECOND: Final = "ff000001-0000-0000-0000-000000000000"
ROWS: Final[dict[str, Any]] = {
    "look": {"module": FIRST, "args": ["number", "mem_uninit", "size"], "returns": "number"},
    "after": {"module": SECOND.upper(), "args": ["ctx", "mem_read", "size_or_zero", "map"], "returns": "void"},
    "also": {"module": SECOND, "args": [], "returns": "number"},
    "nowhere": {"args": [], "returns": "number"},
    "fixed": {"module": FIRST, "args": ["mem_uninit:8"], "returns": "number"},
    "object": {"module": FIRST, "args": [], "returns": "btf:task_struct"},
}
SOURCE: Final = """
typedef unsigned int u32; typedef unsigned long long u64;
#define SEC(name) __attribute__((section(name), used))
#define KSYM __attribute__((section(".ksyms")))
#define OF(guid) __attribute__((section(".ksyms"), btf_decl_tag("module_id:{" guid "}")))
"""


@pytest.fixture
def platform(tmp_path: Path) -> str:
    path = tmp_path / "modules.json"
    path.write_text(json.dumps({"schema": "bpfcc.platform/1", "name": "with modules", "extends": "windows", "kfuncs": ROWS}))
    return str(path)


def compiled(tmp_path: Path, text: str, platform: str) -> Object:
    path = tmp_path / "unit.c"
    path.write_text(SOURCE + text)
    return bpfcc.compile(path, mcpu="v3", platform=platform)


def emitted(tmp_path: Path, text: str, platform: str) -> str:
    found = judged_for_windows(list(compiled(tmp_path, text, platform).programs.values()), origin="windows", platform=platform)
    return emit_image(found, ImageRequest("unit.c", "c", origin="windows", platform=platform)).text


def codes(tmp_path: Path, text: str, platform: str) -> dict[str, str]:
    program = next(iter(compiled(tmp_path, text, platform).programs.values()))
    found = bpfcc.verify(program, platform, cache=None).findings
    return {finding.code: finding.message for finding in found if finding.level == "error"}


# ---- the object


def test_modules_of_declarations(tmp_path: Path, platform: str) -> None:
    text = f'extern u64 look(u64, void *, u32) OF("{FIRST.upper()}"); extern u64 also(void) KSYM;\n'
    found = compiled(tmp_path, text + 'SEC("xdp") int p(void *c) { u64 v; return look(1, &v, 8) + also(); }', platform).programs["p"].ir
    assert {each.name: each.module for each in found.externs} == {"look": FIRST, "also": None}


@pytest.mark.parametrize(("tag", "said"), [("module_id:{8f6c1f83}", "no GUID in the tag"), ("module_id:" + FIRST, "no GUID in the tag")])
def test_tags_that_are_no_guid(tmp_path: Path, platform: str, tag: str, said: str) -> None:
    declared = f'extern u64 also(void) __attribute__((section(".ksyms"), btf_decl_tag("{tag}")));'
    with pytest.raises(InputError, match=said):
        compiled(tmp_path, declared + 'SEC("xdp") int p(void *c) { return also(); }', platform)


def test_a_function_of_two_modules(tmp_path: Path, platform: str) -> None:
    text = f'extern u64 also(void) OF("{FIRST}") OF("{SECOND}");\nSEC("xdp") int p(void *c) {{ return also(); }}'
    with pytest.raises(InputError, match=r"a second module in the tag .* of also"):
        compiled(tmp_path, text, platform)


# ---- the verdict


def test_another_module_has_no_such_function(tmp_path: Path, platform: str) -> None:
    text = 'extern u64 also(void) OF("{}");\nSEC("xdp") int p(void *c) {{ return also(); }}'
    assert codes(tmp_path, text.format(SECOND), platform) == {}
    assert codes(tmp_path, text.format(FIRST), platform) == {"V067": f"with modules has no function also of module {FIRST}"}


def test_modules_have_no_license(tmp_path: Path, platform: str) -> None:
    text = f'char LICENSE[] SEC("license") = "MIT"; extern u64 also(void) OF("{SECOND}");\nSEC("xdp") int p(void *c) {{ return also(); }}'
    assert codes(tmp_path, text, platform) == {}


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("look(1, &v, 8)", None), ("look(1, &v, 0)", "V035"), ("look(1, &v, 16)", "V034"), ("look((u64)c, &v, 8)", "V033"),
        ("look(1, 0, 8)", "V020"),
    ],
)  # fmt: skip
def test_prototypes_hold(tmp_path: Path, platform: str, call: str, code: str | None) -> None:
    text = f'extern u64 look(u64, void *, u32) OF("{FIRST}");\nSEC("xdp") int p(void *c) {{ u64 v; return {call}; }}'
    assert set(codes(tmp_path, text, platform)) == ({code} if code else set())


# ---- the image

CALLS: Final = f"""
extern u64 look(u64, void *, u32) OF("{FIRST}"); extern void after(void *, const void *, u32, void *) OF("{SECOND}");
extern u64 also(void) OF("{SECOND}");
struct {{ int (*type)[1]; u32 *key; u64 *value; int (*max_entries)[9]; }} m SEC(".maps");
SEC("xdp") int p(void *c) {{ u64 v; after(c, &c, 0, &m); return look(1, &v, sizeof v) + v + also() + also(); }}
SEC("xdp/plain") int q(void *c) {{ return 1; }}
"""


def test_tables(tmp_path: Path, platform: str) -> None:
    text = emitted(tmp_path, CALLS, platform)
    table = text.split("program_0_functions[] = {", 1)[1].split("};", 1)[0]
    # By GUID, as it lies in memory, and name: 01 00 00 ff … before 83 1f 6c 8f …
    assert [line.split('"')[1] for line in table.strip().splitlines()] == ["after", "also", "look"]
    assert "{0x8f6c1f83, 0xce4c, 0x4b58, {0x8b, 0x91, 0x65, 0x4a, 0x29, 0xe2, 0x3b, 0x7c}}" in table
    assert "program_0_functions, 3," in text and "program_1_functions" not in text
    assert text.count("btf_resolved_function_data[1].address(0, 0, 0, 0, 0, context)") == 2
    assert "btf_resolved_function_data[2].address(1, " in text


def test_digest() -> None:
    """Behind the helpers: how many, and of each module, name, result, arguments, flags."""
    windows = load_platform("windows")
    row = windows.kfuncs.by_name["sample_ebpf_extension_btf_lookup"]
    tail = struct.pack("<Q", 1) + UUID(FIRST).bytes_le + row.name.encode() + struct.pack("<7I", 0, 1, 11, 2, 0, 0, 0)
    plain = program_info(windows, "sample", [1, 2])
    assert program_info_hash(windows, "sample", [1, 2], [row]) == sha256(plain + tail).digest()
    assert program_info_hash(windows, "sample", [1, 2]) == sha256(plain).digest()


def test_the_order_of_a_digest(platform: str) -> None:
    rows = load_platform(platform).kfuncs.by_name
    info = program_info(load_platform(platform), "xdp", [], [rows[name] for name in ("look", "also", "after")])
    assert [info.index(name) for name in (b"after", b"also", b"look")] == sorted(info.index(name) for name in (b"look", b"also", b"after"))
    assert struct.pack("<7I", 0, 4, 9, 3, 5, 0, 0) in info


NOWHERE: Final = 'extern u64 nowhere(void) KSYM; SEC("xdp") int p(void *c) { return nowhere(); }'
FIXED: Final = 'extern u64 fixed(void *) KSYM; SEC("xdp") int p(void *c) { u64 v; return fixed(&v); }'


@pytest.mark.parametrize(
    ("text", "said"),
    [(NOWHERE, "does not know which module has a function nowhere"), (FIXED, "fixed: prototypes of functions have no such argument")],
)
def test_what_prototypes_cannot_say(tmp_path: Path, platform: str, text: str, said: str) -> None:
    with pytest.raises(UnsupportedError, match=said):
        emitted(tmp_path, text, platform)


def test_results_that_prototypes_cannot_say(platform: str) -> None:
    loaded = load_platform(platform)
    with pytest.raises(UnsupportedError, match="object: prototypes of functions have no such result"):
        program_info(loaded, "xdp", [], [loaded.kfuncs.by_name["object"]])
    with pytest.raises(UnsupportedError, match="do not say which module"):
        program_info(loaded, "xdp", [], [loaded.kfuncs.by_name["nowhere"]])


@pytest.mark.parametrize("module", ["8f6c1f83", 7, "{" + FIRST + "}"])
def test_modules_are_guids(tmp_path: Path, module: Any) -> None:
    path = tmp_path / "bad.json"
    rows = {"f": {"module": module, "args": [], "returns": "number"}}
    path.write_text(json.dumps({"schema": "bpfcc.platform/1", "name": "bad", "extends": "windows", "kfuncs": rows}))
    with pytest.raises(InputError, match=r"kfuncs\.f\.module: must be a GUID"):
        load_platform(str(path))
