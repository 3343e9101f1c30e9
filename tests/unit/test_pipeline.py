"""The public Python API, and how stages fit together."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import bpfcc
from bpfcc.isolate import ReadRequest, check_object
from bpfcc.pipeline import LATE_IMPORTS, LATE_IMPORTS_OF_LIFTING, read_bytes, read_source

ROOT = Path(__file__).parents[2]
FIREWALL = ROOT / "examples/firewall.bpf.c"

TAIL_CALLS = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

int second(struct xdp_md *ctx);
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} jumps SEC(".maps") = { .values = { [2] = (void *)&second } };

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} inside SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps") = { .values = { [1] = &inside } };

SEC("xdp") int first(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &jumps, 2);
	return XDP_ABORTED;
}
SEC("xdp") int second(struct xdp_md *ctx)
{
	__u32 one = 1, zero = 0, *value;
	void *map = bpf_map_lookup_elem(&outer, &one);
	if (!map)
		return XDP_DROP;
	value = bpf_map_lookup_elem(map, &zero);
	return value ? *value : XDP_DROP;
}
char LICENSE[] SEC("license") = "GPL";
"""


@pytest.fixture(scope="module")
def firewall() -> bpfcc.Object:
    return bpfcc.compile(FIREWALL)


def test_importing_the_package_imports_nothing_heavy() -> None:
    script = (
        "import sys, bpfcc; print([m for m in ('ctypes', 'click', 'rich', 'elftools', 'dataclasses', 'bpfcc.errors') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_public_name_is_there() -> None:
    for name in bpfcc.__all__:
        assert getattr(bpfcc, name) is not None
    assert set(dir(bpfcc)) == set(bpfcc.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        bpfcc.nonsense  # noqa: B018 - the access is the test


def test_a_program_has_its_stages(firewall: bpfcc.Object) -> None:
    program = firewall.programs["firewall"]
    assert (program.name, program.section, program.type, program.file) == ("firewall", "xdp", "xdp", str(FIREWALL))
    assert {spec.name for spec in program.maps} >= {"counters", "blocklist", "flows", "events"}
    assert len(program.instructions) == len(program.bytecode.code) // 8
    assert program.ir is program.ir
    assert [fn.name for fn in program.ir.functions] == ["firewall", "fill_event"]
    assert firewall.license == "Dual MIT/GPL"
    assert "firewall" in repr(firewall)
    assert "xdp" in repr(program)


def test_run_and_maps(firewall: bpfcc.Object) -> None:
    ping = bytes.fromhex("02005e0000fe02005e0000010800") + bytes.fromhex("4500001c1234000040010000c0000201c000020a" + "0800f7f800070000")
    with bpfcc.prepare(firewall.programs["firewall"], checked=True) as exe:
        result = exe.run(packet=ping)
        assert result.return_value == 3
        assert result.packet is not None
        assert result.packet[34] == 0
        assert result.packet[:12] == ping[6:12] + ping[:6]
        assert result.steps is not None
        assert result.steps > 20
        assert exe.maps["counters"][1] == [{"packets": 1, "bytes": len(ping)}]
        repeated = exe.run(packet=ping, repeat=100)
        assert repeated.ns_per_run is not None
        assert exe.maps["counters"][1] == [{"packets": 101, "bytes": 101 * len(ping)}]
        results = exe.run_batch([ping, ping[:20], ping])
        assert [r.return_value for r in results] == [3, 1, 3]
        assert (len(results), list(results.return_values()), results[1].return_value) == (3, [3, 1, 3], 1)
        assert [r.packet for r in results[1:]] == [ping[:20], results[2].packet]
        exe.maps["blocklist"]["::ffff:192.0.2.1/128"] = {"number": 9, "hits": 0}
        assert exe.run(packet=ping).return_value == 1
        assert exe.maps["blocklist"]["::ffff:192.0.2.1/128"]["hits"] == 1
    with pytest.raises(bpfcc.BpfccError):
        exe.maps["counters"][0]


def test_a_program_from_bytes() -> None:
    code = bpfcc.assemble("r0 = *(u8 *)(r1 + 1)\nr0 += r2\n*(u8 *)(r1 + 0) = 9\nexit")
    with bpfcc.prepare(bpfcc.Program.from_bytes(code, type="raw"), checked=True) as exe:
        result = exe.run(data=b"abcd")
        assert (result.return_value, result.data, result.steps) == (ord("b") + 4, b"\x09bcd", 4)
        assert exe.run(data=b"zz").data == b"\x09z"


def test_a_program_from_bytes_with_a_map() -> None:
    text = """
        *(u32 *)(r10 - 4) = 1
        r2 = r10
        r2 += -4
        r1 = map[0]
        call 1
        if r0 == 0 goto out
        r0 = *(u64 *)(r0 + 0)
    out:
        exit
    """
    try:
        code = bpfcc.assemble(text)
    except bpfcc.InputError:
        # lddw with src 1, map 0
        head = bpfcc.assemble("*(u32 *)(r10 - 4) = 1\nr2 = r10\nr2 += -4")
        tail = bpfcc.assemble("call 1\nif r0 == 0 goto out\nr0 = *(u64 *)(r0 + 0)\nout:\nexit")
        code = head + bytes.fromhex("18110000000000000000000000000000") + tail
    maps = [bpfcc.MapSpec("numbers", type="hash", key_size=4, value_size=8, max_entries=4)]
    with bpfcc.prepare(bpfcc.Program.from_bytes(code, type="xdp", maps=maps)) as exe:
        assert exe.run(packet=bytes(60)).return_value == 0
        exe.maps["numbers"][1] = 77
        assert exe.run(packet=bytes(60)).return_value == 77


def test_traps_say_where_and_what(firewall: bpfcc.Object) -> None:
    code = bpfcc.assemble("r2 = *(u32 *)(r1 + 0)\nr0 = *(u8 *)(r2 + 200)\nexit")
    with bpfcc.prepare(bpfcc.Program.from_bytes(code, type="xdp", name="wild"), checked=True) as exe:
        with pytest.raises(bpfcc.Trap, match=r"wild, instruction 1: access of 1 byte at 0x\w+ \(byte 200 of a packet of 20\)") as caught:
            exe.run(packet=bytes(20))
        assert caught.value.kind == "access"
        with pytest.raises(bpfcc.Trap):
            exe.run_batch([bytes(300), bytes(20)])
        assert exe.run(packet=bytes(300)).return_value == 0


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("l:\ngoto l", "budget"),
        ("r0 = *(u64 *)(r10 - 520)\nexit", "access"),
        ("*(u64 *)(r10 + 0) = 1\nexit", "access"),
        ("r1 = 0\nr0 = *(u64 *)(r1 + 0)\nexit", "access"),
        ("r0 = 1\ncall f\nexit\nf:\ncall f\nexit", "stack"),
        ("*(u32 *)(r1 + 0) = 1\nr0 = 0\nexit", "access"),
    ],
    ids=["endless", "below the frame", "above the frame", "null", "recursion", "read-only context"],
)
def test_no_program_harms_the_process(text: str, kind: str) -> None:
    program = bpfcc.Program.from_bytes(bpfcc.assemble(text), type="xdp")
    with bpfcc.prepare(program, options=bpfcc.RunOptions(steps=10_000), checked=True) as exe:
        with pytest.raises(bpfcc.Trap) as caught:
            exe.run(packet=bytes(60))
        assert caught.value.kind == kind


def test_tail_calls_and_maps_in_maps(tmp_path: Path) -> None:
    source = tmp_path / "tail.bpf.c"
    source.write_text(TAIL_CALLS)
    obj = bpfcc.compile(source)
    with bpfcc.prepare(obj.programs["first"]) as exe:
        exe.maps["inside"][0] = 4
        assert exe.run(packet=bytes(60)).return_value == 4
    with bpfcc.prepare(obj.programs["second"]) as exe:
        exe.maps["inside"][0] = 3
        assert exe.run(packet=bytes(60)).return_value == 3


def test_what_is_missing_is_named_before_it_runs() -> None:
    unknown = bpfcc.Program.from_bytes(bpfcc.assemble("r0 = 0\nexit"))
    with pytest.raises(bpfcc.UnsupportedError, match="--type"):
        bpfcc.prepare(unknown, checked=True)
    helper = bpfcc.Program.from_bytes(bpfcc.assemble("call 84\nexit"), type="xdp")
    with pytest.raises(bpfcc.UnsupportedError, match="bpf_sk_lookup_tcp"):
        bpfcc.prepare(helper, checked=True)
    with pytest.raises(bpfcc.InputError, match="no back end 'nope'; choose one of aot, interp"):
        bpfcc.prepare(bpfcc.Program.from_bytes(bpfcc.assemble("r0 = 0\nexit"), type="xdp"), backend="nope")


@pytest.mark.parametrize(
    ("code", "message"),
    [(b"", "no program"), (bytes(7), "no program"), (bytes.fromhex("8510000064000000"), "call to slot 101")],
)
def test_bytes_that_are_no_program(code: bytes, message: str) -> None:
    with pytest.raises(bpfcc.InputError, match=message):
        bpfcc.Program.from_bytes(code, type="raw")


def test_functions_of_plain_code_are_found() -> None:
    code = bpfcc.assemble("call f\ncall g\nexit\nf:\nr0 = 1\nexit\ng:\nr0 = 2\nexit")
    spans = bpfcc.Program.from_bytes(code, type="raw", name="start").bytecode.functions
    assert [(span.name, span.start, span.length) for span in spans] == [("start", 0, 3), ("sub_3", 3, 2), ("sub_5", 5, 2)]


def test_compile_errors_have_diagnostics(tmp_path: Path) -> None:
    source = tmp_path / "x.c"
    source.write_text("int f(void) { return y; }\n")
    with pytest.raises(bpfcc.CompileError) as caught:
        bpfcc.compile(source)
    found = caught.value.diagnostics[0]
    assert found.position is not None
    assert (found.position.line, found.position.column, found.severity) == (1, 22, "error")


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes are POSIX")
def test_an_object_may_come_from_a_pipe(tmp_path: Path) -> None:
    import os

    pipe, data = tmp_path / "pipe", read_source(FIREWALL).data
    os.mkfifo(pipe)
    script = f"import sys; open({str(pipe)!r}, 'wb').write(sys.stdin.buffer.read())"
    writer = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE)
    assert writer.stdin is not None
    with writer.stdin as stream:
        stream.write(data)
    assert read_source(pipe).data == data
    assert writer.wait(timeout=30) == 0


def test_files_that_are_too_large(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(bytes(100))
    assert read_bytes(path, 100) == bytes(100)
    assert read_bytes(path, 100, magic=b"x") is None
    with pytest.raises(bpfcc.InputError, match="more than 0 MiB"):
        read_bytes(path, 99)


def test_seeds(firewall: bpfcc.Object) -> None:
    seeds = {"blocklist": [{"key": "192.0.2.0/24", "value": {"number": 5}}], ".rodata": {"closed_port": 53}}
    with bpfcc.prepare(firewall.programs["firewall"], seeds=seeds, checked=True) as exe:
        assert exe.maps["blocklist"]["::ffff:192.0.2.0/120"]["number"] == 5
        assert exe.maps[".rodata"][0]["closed_port"] == 53


# ---- the isolated reader and this process agree


def test_digests_of_both_readings_agree() -> None:
    source = read_source(FIREWALL)
    reading = check_object(ReadRequest(source.data, source.name))
    obj = bpfcc.load(source.data, isolated=True)
    assert [found.key for found in reading.programs] == ["firewall"]
    assert obj.programs["firewall"].ir.entry.name == "firewall"


def test_another_reading_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    data = read_source(FIREWALL).data
    obj = bpfcc.load(data, isolated=True)
    monkeypatch.setattr("bpfcc.program.module_digest", lambda _module: "0" * 64)
    with pytest.raises(bpfcc.InternalError, match="two readings of program 'firewall' gave different IR"):
        obj.programs["firewall"].ir  # noqa: B018 - lifting is the test
    obj = bpfcc.load(data, isolated=True)
    monkeypatch.setattr("bpfcc.isolate.reader.code_digest", lambda _code: "0" * 64)
    with pytest.raises(bpfcc.InternalError, match="different code"):
        obj.programs["firewall"].bytecode  # noqa: B018 - linking is the test


def late_imports(path: Path) -> set[str]:
    """Modules that functions of a module import."""
    found: set[str] = set()
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for node in ast.walk(function):
                if isinstance(node, ast.Import):
                    found |= {alias.name for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    found.add(node.module)
    return found


# Modules of the compiler driver and of questions that only people ask; the child reads and lifts.
NOT_IN_THE_CHILD = {"clang", "clang_diagnostics", "missing_headers", "toolchain", "doctor", "ast", "btf_c", "btf_values", "c_layout"}


# The cache of BTF indexes is written by the parent; a child that may not even open a file never gets there. Tables of other platforms
# are read before the child is confined.
PARENT_ONLY = {"frontend/btf/store.py": {"tempfile"}, "frontend/conventions.py": {"bpfcc.runtime.specs"}}


def test_the_child_never_imports_late() -> None:
    names = [*LATE_IMPORTS, *LATE_IMPORTS_OF_LIFTING]
    # What those modules import early is there, too: a fresh process shows it.
    script = f"import importlib, sys\nfor n in {names}: importlib.import_module(n)\nprint(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split())
    late = {}
    for folder in (ROOT / "frontend", ROOT / "bpfir"):
        for path in folder.rglob("*.py"):
            place = path.relative_to(ROOT).as_posix()
            unknown = late_imports(path) - loaded - PARENT_ONLY.get(place, set())
            if unknown and path.stem not in NOT_IN_THE_CHILD:
                late[place] = unknown
    assert late == {}


@pytest.mark.parametrize("module", ["ziglang", "libclang", "llvmlite", "z3", "rich", "clang"])
def test_with_a_wheel_hidden_the_rest_works(module: str, tmp_path: Path) -> None:
    script = f"""
import sys, importlib.abc
class Hide(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] == {module!r}:
            raise ModuleNotFoundError(f'No module named {{name!r}}', name=name)
sys.meta_path.insert(0, Hide())
import bpfcc
code = bpfcc.assemble('r0 = 2\\nexit')
with bpfcc.prepare(bpfcc.Program.from_bytes(code, type='xdp')) as exe:
    assert exe.run(packet=bytes(60)).return_value == 2
from bpfcc.cli.app import run
sys.exit(run(['build', {str(FIREWALL)!r}, '-q', '-o', {str(tmp_path / "x.o")!r}]))
"""
    environment = {"PATH": "/nonexistent", "HOME": str(tmp_path), "SYSTEMROOT": "C:\\Windows"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, env=environment)
    if module == "ziglang":
        assert done.returncode == 3
        assert "python -m pip install ziglang" in done.stderr
    else:
        assert (done.returncode, done.stderr) == (0, "")


def test_what_is_closed_does_not_run() -> None:
    exe = bpfcc.prepare(bpfcc.Program.from_bytes(bpfcc.assemble("r0 = 2\nexit"), type="xdp"))
    assert exe.run(b"abc").return_value == 2
    exe.close()
    for run in (lambda: exe.run(b"abc"), lambda: exe.run(b"abc", repeat=2), lambda: exe.run_batch([b"abc"]), lambda: exe.run(data=b"abc")):
        with pytest.raises(bpfcc.InputError, match="the program is closed"):
            run()


def test_a_packet_may_be_any_buffer_and_nothing_else() -> None:
    with bpfcc.prepare(bpfcc.Program.from_bytes(bpfcc.assemble("r0 = 2\nexit"), type="xdp")) as exe:
        for packet in (b"abc", bytearray(b"abc"), memoryview(b"abc")):
            assert exe.run(packet).packet == b"abc"  # type: ignore[arg-type]
        for other in ("abc", 3):
            with pytest.raises(TypeError):
                exe.run(other)  # type: ignore[arg-type]
