"""Emitted C: what it looks like, that compilers have nothing to say of it, and that it is for the machine that was asked for."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import bpfcc
from bpfcc.backends.aot import Aot, build
from bpfcc.backends.aot.build import TRIPLES, Build, Target, machine_of
from bpfcc.backends.aot.emit import Part, emit, header_text, reserved
from bpfcc.backends.aot.operations import OPERATIONS as STATEMENTS
from bpfcc.backends.aot.operations import VALUES
from bpfcc.backends.base import Environment
from bpfcc.bpfir.assembler import assemble
from bpfcc.bpfir.ops import OPERATIONS, TERMINATORS, Assume
from bpfcc.bpfir.parser import parse_module
from bpfcc.emission import emit_programs
from bpfcc.errors import CompileError, InputError, InternalError, UnsupportedError
from bpfcc.execution import prepare, run_module
from bpfcc.program import Program
from bpfcc.runtime.library import MapHead, Region, Run
from tests.interp_harness import NativeMemory, lifted
from tests.property.test_interp_programs import compare

ROOT = Path(__file__).parents[2]
PROGRAMS = ("csum", "divmod", "fnv", "parse", "primes", "siphash", "sort", "sum")
HOST = Target.host()
needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")


@cache
def program(path: str) -> Program:
    """The only program of a source of this repository."""
    (found,) = bpfcc.compile(ROOT / path).programs.values()
    return found


def text_of(path: str, *, checked: bool = False, lines: bool = False) -> str:
    """Its C."""
    found = program(path)
    verdicts = [] if checked else [bpfcc.verify(found).record]
    return emit_programs([found], verdicts, checked=checked, lines=lines, made_from=path).text


def code_of(text: str) -> str:
    """What follows the header."""
    return text[text.index("---- program ") :]


def test_every_operation_has_a_form() -> None:
    assert set(VALUES) | set(STATEMENTS) == set(OPERATIONS) - set(TERMINATORS) - {Assume}


# ---- what compilers say


COMPILERS = [pytest.param(None, id="bundled"), pytest.param("gcc", id="gcc", marks=needs_gcc)]


@pytest.mark.parametrize("cc", COMPILERS)
@pytest.mark.parametrize("path", ["examples/firewall.bpf.c", *(f"bench/programs/{name}.c" for name in PROGRAMS)])
def test_no_compiler_warns(path: str, cc: str | None) -> None:
    maker = Build(HOST, cc, warnings=True)
    for checked in (False, True):
        assert machine_of(maker.shared(text_of(path, checked=checked, lines=True))) == HOST


def test_a_warning_is_seen() -> None:
    text = text_of("bench/programs/sum.c")
    with pytest.raises(CompileError, match="unused"):
        Build(HOST, warnings=True).shared(text + "\nstatic int unused(void) { return 0; }\n")


def test_c_that_does_not_compile_is_an_error() -> None:
    with pytest.raises(CompileError, match="does not compile"):
        Build(HOST).shared("int f(void) { return nothing; }\n")


def test_layouts_are_the_runtimes() -> None:
    asserts = []
    names = {"layout": "layout_data"}
    for struct, mirror in (("bpfcc_run", Run), ("bpfcc_region", Region), ("bpfcc_map_head", MapHead)):
        for field, *_ in mirror._fields_:
            offset = getattr(mirror, field).offset
            asserts.append(
                f"_Static_assert(offsetof(struct {struct}, {names.get(field, field)}) == {offset}, {field!r});".replace("'", '"')
            )
        asserts.append(f'_Static_assert(sizeof(struct {struct}) == {ctypes.sizeof(mirror)}, "size");')
    assert len(asserts) > 40
    Build(HOST).shared(header_text() + "\n".join(asserts))
    with pytest.raises(CompileError, match="static assertion"):
        Build(HOST).shared(header_text() + asserts[5].replace("==", "!="))


# ---- what it looks like


def test_the_text_is_the_same_in_every_process() -> None:
    code = (
        "import bpfcc; from bpfcc.emission import emit_programs;"
        f"p = bpfcc.compile({str(ROOT / 'examples/firewall.bpf.c')!r}).programs['firewall'];"
        "print(emit_programs([p], [bpfcc.verify(p).record]).text)"
    )
    found = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        found.add(subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment, check=True).stdout)
    assert len(found) == 1


@pytest.mark.parametrize("name", PROGRAMS)
def test_loops_and_ifs_are_loops_and_ifs(name: str) -> None:
    code = code_of(text_of(f"bench/programs/{name}.c"))
    assert "goto" not in code
    assert ("for (;;)" in code or "while (" in code) == (name != "parse")


def test_names_are_those_of_the_source() -> None:
    code = code_of(text_of("examples/firewall.bpf.c"))
    for name in ("data", "end", "event", "counter", "protocol"):
        assert re.search(rf"\b{name}\b", code), name
    assert "table->flows_handle" in code
    assert "bpf_ringbuf_submit(event, " in code


def test_names_that_mean_something_here_are_changed(tmp_path: Path) -> None:
    source = tmp_path / "names.bpf.c"
    source.write_text(
        "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n"
        'SEC("xdp") int table(struct xdp_md *run)\n{\n'
        "    unsigned long frame = bpf_ktime_get_ns(), memory = bpf_get_prandom_u32(), ld32 = frame * memory;\n"
        "    unsigned long words = frame ^ memory, steps = ld32 % (words | 1), p = steps + run->ingress_ifindex;\n"
        "    return (steps ^ p ^ words) & 3;\n}\n"
    )
    (found,) = bpfcc.compile(source).programs.values()
    text = emit_programs([found], [bpfcc.verify(found).record], lines=False).text
    Build(HOST, warnings=True).shared(text)
    assert "static uint64_t table_2(" in text
    results = set()
    for back_end in ("interp", "aot"):
        with prepare(found, backend=back_end, options=bpfcc.RunOptions(clock_ns=12_345, seed=3)) as exe:
            results.add(exe.run(packet=bytes(60)).return_value)
    assert len(results) == 1


HIDDEN = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
static __attribute__((noinline)) int twice(int *p) { return *p * 2; }
static __always_inline int inner(unsigned x) { unsigned twice = bpf_get_prandom_u32() % 7 + x; return twice ^ (twice >> 2); }
SEC("xdp") int programs(struct xdp_md *ctx) { int n = inner(ctx->ingress_ifindex); return twice(&n) & 1; }
SEC("xdp") int map_0_initial(struct xdp_md *ctx) { return 1; }
"""


def test_locals_do_not_hide_functions(tmp_path: Path) -> None:
    source = tmp_path / "hidden.bpf.c"
    source.write_text(HIDDEN)
    found = list(bpfcc.compile(source).programs.values())
    text = emit_programs(found, [bpfcc.verify(each).record for each in found], lines=False).text
    Build(HOST, warnings=True).shared(text)
    assert "programs_2(" in text and "p_map_0_initial(" in text
    alone = emit_programs(found[:1], [bpfcc.verify(found[0]).record], lines=False).text
    Build(HOST, warnings=True).shared(alone)
    assert "uint32_t twice_2 = " in alone and " twice(run, " in alone


def test_words_of_c_and_of_the_header_are_reserved() -> None:
    assert {"while", "plus", "ld64_once", "fetch_add32", "raise_trap", "uint8_t", "run", "INT64_C"} <= reserved()
    assert "data" not in reserved()


def test_lines_lead_to_the_source() -> None:
    text = text_of("examples/firewall.bpf.c", lines=True)
    found = re.findall(r'#line (\d+) "([^"]*)"', text)
    places = {name for _, name in found}
    assert any(name.endswith("firewall.bpf.c") for name in places)
    # After each function, and nowhere else, the directive names the emitted file, with the line that it is.
    lines = text.split("\n")
    for at, line in enumerate(lines):
        if line.endswith('"bpfcc"'):
            assert line == f'#line {at + 2} "bpfcc"'
            assert lines[at + 1] == "}"
    assert "#line" not in text_of("examples/firewall.bpf.c", lines=False)


def test_an_error_in_a_line_names_the_source() -> None:
    text = text_of("examples/firewall.bpf.c", lines=True)
    with pytest.raises(CompileError, match=r"firewall\.bpf\.c:\d+:"):
        Build(HOST).shared(text.replace("swapped16(", "nothing(", 40).replace("uint32_t nothing(", "uint32_t swapped16("))


def test_what_the_file_says_of_itself() -> None:
    text = text_of("examples/firewall.bpf.c")
    assert re.search(r'\{"firewall", "xdp", "xdp", 6, [1-9]\d*', text)
    assert '"events", 27,' in text
    assert "it checks" not in text.lower().split("*/")[0]
    assert "checks every access" in text_of("examples/firewall.bpf.c", checked=True).split("*/")[0]


IRREDUCIBLE = """bpfir 1
type "raw"
fn @main(v0, v1) global {
b0:
  if ult.64 v1, 5 then b1(v1) else b2(v1)
b1(v2):
  v3 = add.64 v2, 3
  if ugt.64 v3, 40 then b3(v3) else b2(v3)
b2(v4):
  v5 = add.64 v4, 7
  if ugt.64 v5, 60 then b3(v5) else b1(v5)
b3(v6):
  exit v6
}
"""


@pytest.mark.parametrize(("size", "expected"), [(0, 43), (4, 47), (5, 45), (30, 50)])
def test_circles_that_are_no_loops(size: int, expected: int) -> None:
    module = parse_module(IRREDUCIBLE)
    assert run_module(module, bytes(size)).return_value == expected
    environment = Environment(checked=False)
    text = emit([Part(module)], [environment], lines=False).text
    assert "goto" in code_of(text)
    with NativeMemory(user=bytes(size), checked=False) as memory, Aot().compile(module, environment).bind(memory) as bound:
        assert bound.run().return_value == expected


@pytest.mark.parametrize("optimised", [False, True], ids=["lifted", "optimised"])
def test_random_programs(optimised: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.property.test_interp_programs.Interpreter", Aot)
    for seed in range(61_000, 61_015):
        compare(seed, optimised=optimised)


# ---- undefined behaviour

SANITISED = """
import os
os.environ["BPFCC_CC"] = "gcc -fsanitize=undefined -fsanitize-undefined-trap-on-error"
import tests.property.test_interp_programs as programs
from bpfcc.backends.aot import Aot
programs.Interpreter = Aot
for seed in range(62_000, 62_030):
    programs.compare(seed, optimised=seed % 2 == 0)
print("nothing undefined")
"""


@needs_gcc
def test_nothing_undefined_happens() -> None:
    """A trap would end the process."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", SANITISED], capture_output=True, text=True, cwd=ROOT, env=environment, check=False)
    assert done.stdout == "nothing undefined\n", done.stderr


@needs_gcc
def test_what_is_undefined_is_caught() -> None:
    flags = "gcc -fsanitize=undefined -fsanitize-undefined-trap-on-error"
    text = header_text() + '__attribute__((visibility("default"))) int f(int x) { return x + 2147483647; }\n'
    code = "import ctypes, sys; ctypes.CDLL(sys.argv[1]).f(5)"
    path = Path(build.tempfile.mkdtemp()) / "f.so"
    path.write_bytes(Build(HOST, flags).shared(text))
    try:
        assert subprocess.run([sys.executable, "-c", code, str(path)], check=False, capture_output=True).returncode < 0
    finally:
        shutil.rmtree(path.parent)


# ---- machines


@pytest.mark.parametrize("target", [Target(*pair) for pair in TRIPLES], ids=str)
def test_libraries_are_for_the_machine_that_was_asked_for(target: Target) -> None:
    assert machine_of(Build(target).shared(text_of("bench/programs/sum.c"))) == target


def test_a_library_for_another_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    other = next(target for target in map(Target._make, TRIPLES) if target.machine != HOST.machine and target.system == HOST.system)
    monkeypatch.setitem(build.TRIPLES, (HOST.machine, HOST.system), TRIPLES[other.machine, other.system])
    with pytest.raises(InternalError, match=f"asked for {HOST} and made {other}"):
        Build(HOST).shared(text_of("bench/programs/sum.c"))


def test_targets_are_named() -> None:
    assert Target.parse("AArch64-linux") == Target("arm64", "linux")
    assert str(Target.parse("amd64-macos")) == "x86_64-macos"
    with pytest.raises(InputError, match="no target 'vax-linux'; choose one of"):
        Target.parse("vax-linux")
    assert machine_of(b"") is None
    assert machine_of(b"MZ" + bytes(100)) is None


def test_a_compiler_that_is_not_there() -> None:
    with pytest.raises(InputError, match="no compiler '/nowhere/cc'"):
        Build(HOST, "/nowhere/cc").shared("")


def test_without_any_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpfcc.frontend.toolchain.bundled_directory", lambda: None)
    with pytest.raises(UnsupportedError, match="pip install ziglang"):
        Build(HOST).shared("")


# ---- as a back end


def test_what_was_compiled_once_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bpfcc.code_cache import CodeCache
    from bpfcc.verdict_cache import VerdictCache

    module = lifted(assemble("r0 = 7\nexit"), optimised=True)
    environment = Environment(cache=CodeCache(VerdictCache(tmp_path / "code")))
    Aot().compile(module, environment).close()
    monkeypatch.setattr(Build, "shared", lambda *_: pytest.fail("compiled again"))
    Aot().compile(module, environment).close()


def test_a_library_of_another_program_is_refused() -> None:
    from bpfcc.backends.aot.loaded import Loaded

    data = Build(HOST).shared(text_of("bench/programs/sum.c"))
    with pytest.raises(InternalError, match="not of this program"):
        Loaded(data, 99)
    other = Build(HOST).shared('__attribute__((visibility("default"))) int f(void) { return 0; }\n')
    with pytest.raises(InternalError, match="no bpfcc_object"):
        Loaded(other, 2)


def test_files_cannot_be_loaded_from_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    from bpfcc.backends.aot.loaded import open_library

    def refuse(**_: object) -> tuple[int, str]:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("bpfcc.backends.aot.loaded.tempfile.mkstemp", refuse)
    with pytest.raises(UnsupportedError, match="Read-only file system"):
        open_library(b"")


CALLBACKS = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32);
    __array(values, int (void *)); } jumps SEC(".maps");
static int once(__u32 i, void *c) { *(int *)c += i; return 0; }
static int twice(__u32 i, void *c) { *(int *)c += 2 * i; return 0; }
SEC("xdp") int second(struct xdp_md *x) { int s = 5; bpf_loop(4, twice, &s, 0); return s; }
struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32);
    __array(values, int (void *)); } next SEC(".maps") = {.values = {[0] = (void *)&second}};
SEC("xdp") int first(struct xdp_md *x) { int s = 0; bpf_loop(3, once, &s, 0); if (s == 3) bpf_tail_call(x, &next, 0); return 99; }
char LICENSE[] SEC("license") = "GPL";
"""


@pytest.mark.parametrize("back_end", ["interp", "llvm", "aot"])
@pytest.mark.parametrize("checked", [False, True], ids=["proven", "checked"])
def test_callbacks_are_those_of_the_program_that_a_tail_call_entered(tmp_path: Path, back_end: str, checked: bool) -> None:
    source = tmp_path / "callbacks.bpf.c"
    source.write_text(CALLBACKS)
    obj = bpfcc.compile(source)
    with prepare(obj.programs["first"], backend=back_end, checked=checked) as exe:
        assert exe.checked == checked
        assert [exe.run(packet=bytes(64)).return_value for _ in range(3)] == [17, 17, 17]
