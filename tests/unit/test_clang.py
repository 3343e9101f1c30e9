"""Compiling: what reaches clang, what comes back, and what is left behind when it goes wrong."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Final

import pytest

from bpfcc.bpfir.decode import decode
from bpfcc.errors import CompileError, InputError, UnsupportedError
from bpfcc.frontend import clang
from bpfcc.frontend.clang import compile_c, write_atomically
from bpfcc.frontend.objects import load
from bpfcc.frontend.toolchain import Toolchain, find_toolchain

posix_only = pytest.mark.skipif(os.name != "posix", reason="uses a shell script as compiler")

PROGRAM: Final = """\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp") int filter(struct xdp_md *ctx)
{
	int unused;
	return ctx->data_end - ctx->data > 60 ? XDP_PASS : XDP_DROP;
}
char _license[] SEC("license") = "GPL";
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "filter.bpf.c"
    path.write_text(PROGRAM, encoding="utf-8")
    return path


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def fake(path: Path, body: str) -> Toolchain:
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return Toolchain("clang", (str(path),), "test")


def opcodes(data: bytes, program: str) -> list[int]:
    return [insn.opcode for insn in decode(load(data).programs[program].bytecode.code)]


def test_an_object_with_types(source: Path) -> None:
    result = compile_c(source)
    assert result.object[:4] == b"\x7fELF"
    assert b".BTF" in result.object
    assert list(load(result.object).programs) == ["filter"]


def test_warnings_are_kept_on_success_every_time(source: Path) -> None:
    for _ in range(2):
        (warning,) = compile_c(source, extra=["-Wall"]).diagnostics
        assert warning.severity == "warning"
        assert warning.message == "unused variable 'unused'"
        assert warning.position is not None
        assert (warning.position.file, warning.position.line, warning.position.column) == (str(source), 5, 6)
        assert warning.position.end_column == 12
        assert warning.position.text == "\tint unused;"


def test_both_byte_orders(source: Path) -> None:
    assert compile_c(source).object[5] == 1
    assert compile_c(source, endian="big").object[5] == 2


def test_without_debug_there_are_no_types(source: Path) -> None:
    assert b".BTF" not in compile_c(source, debug=False).object


def test_mcpu_reaches_clang(tmp_path: Path) -> None:
    path = write(
        tmp_path / "m.c",
        '__attribute__((section("socket"))) int f(int *p) { return p[0] * (*(short *)(p + 1)) + p[2]; }\n',
    )
    by_cpu = {mcpu: opcodes(compile_c(path, mcpu=mcpu).object, "f") for mcpu in ("v1", "v3", "v4")}
    alu32 = {mcpu: sum(op & 7 == 4 for op in ops) for mcpu, ops in by_cpu.items() if mcpu != "v4"}
    assert alu32["v1"] == 0 < alu32["v3"]
    assert 0x89 in by_cpu["v4"], "sign-extending loads are of v4"
    assert opcodes(compile_c(path).object, "f") == by_cpu["v3"]


def test_optimisation_level_reaches_clang(source: Path) -> None:
    assert len(opcodes(compile_c(source, opt="-O0").object, "filter")) > len(opcodes(compile_c(source).object, "filter"))
    assert compile_c(source, opt="2").object == compile_c(source, opt="O2").object == compile_c(source).object


def test_include_directories_and_defines_reach_clang(tmp_path: Path) -> None:
    (tmp_path / "inc").mkdir()
    write(tmp_path / "inc" / "mine.h", "#define RESULT VALUE\n")
    path = write(tmp_path / "d.c", '#include <mine.h>\n__attribute__((section("socket"))) int f(void *p) { return RESULT; }\n')
    code = decode(load(compile_c(path, include_dirs=[tmp_path / "inc"], defines=["VALUE=42"]).object).programs["f"].bytecode.code)
    assert code[0].imm == 42


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mcpu": "v9"}, "v9"),
        ({"opt": "-O9"}, "-O9"),
        ({"include_dirs": ["/no/such/dir"]}, "include directory"),
        ({"defines": ["A=\0"]}, "NUL"),
    ],
)
def test_bad_options_are_bad_input(source: Path, options: dict[str, list[str]], said: str) -> None:
    with pytest.raises(InputError, match=said):
        compile_c(source, **options)  # type: ignore[arg-type]


def test_a_source_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        compile_c(tmp_path / "nothing.c")
    with pytest.raises(InputError, match="not a regular file"):
        compile_c(tmp_path)


@pytest.mark.parametrize("name", ["-starts-with-dash.c", "with space.c", "ünïcödé.c", "colon:3:4.c"])
@posix_only
def test_unusual_file_names(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path(name), "int f(void) { return nothing; }\n")
    with pytest.raises(CompileError) as caught:
        compile_c(Path(name))
    (error,) = caught.value.diagnostics
    assert error.position is not None
    assert (error.position.file, error.position.line) == (name, 1)


def test_errors_are_structured(tmp_path: Path) -> None:
    path = write(
        tmp_path / "e.c",
        "static int two(int a, int b);\nint f(void) {\n  int x = undeclared_name;\n  return two(1);\n}\n",
    )
    with pytest.raises(CompileError) as caught:
        compile_c(path)
    first, second = caught.value.diagnostics
    assert "undeclared_name" in caught.value.message
    assert "1 more" in caught.value.message
    assert first.severity == second.severity == "error"
    assert first.position is not None
    assert (first.position.line, first.position.column, first.position.end_line, first.position.end_column) == (3, 11, 3, 26)
    assert first.position.text == "  int x = undeclared_name;"
    (note,) = second.notes
    assert note.position is not None
    assert (note.severity, note.position.line) == ("note", 1)
    assert caught.value.exit_status == 2


@pytest.mark.parametrize("spelling", ["../work/e.c", "./e.c", "e.c"])
def test_files_are_named_as_the_user_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelling: str) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    write(Path("e.c"), "int f(void) { return nothing; }\n")
    with pytest.raises(CompileError) as caught:
        compile_c(Path(spelling))
    assert [d.position.file for d in caught.value.diagnostics if d.position] == [str(Path(spelling))]


@posix_only
def test_in_a_directory_that_was_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    path = write(tmp_path / "e.c", "int f(void) { return nothing; }\n")
    with pytest.raises(CompileError) as caught:
        compile_c(path)
    assert [d.position.file for d in caught.value.diagnostics if d.position] == [str(path)]


def test_an_error_in_a_header_says_who_included_it(tmp_path: Path) -> None:
    write(tmp_path / "bad.h", "int g(void) { return missing; }\n")
    path = write(tmp_path / "h.c", '\n#include "bad.h"\n')
    with pytest.raises(CompileError) as caught:
        compile_c(path)
    (error,) = caught.value.diagnostics
    assert error.position is not None
    assert Path(error.position.file).name == "bad.h"
    assert [(n.position.line if n.position else 0) for n in error.notes] == [2]


def test_an_error_without_a_place_is_not_lost(tmp_path: Path) -> None:
    # The back end's own errors have no position, and clang leaves them out of SARIF.
    path = write(tmp_path / "l.c", 'char license[] __attribute__((section("license"))) = "GPL";\n')
    with pytest.raises(CompileError, match="license"):
        compile_c(path)


def test_a_back_end_that_gives_up_says_why(tmp_path: Path) -> None:
    text = (
        "struct s { unsigned a : 3; unsigned long long c : 61; char d; } __attribute__((preserve_access_index, packed));\n"
        "unsigned f(struct s *s) { return __builtin_preserve_field_info(s->c, 0); }\n"
    )
    with pytest.raises(CompileError, match="field") as caught:
        compile_c(write(tmp_path / "b.c", text))
    assert not any("command failed" in d.message for d in caught.value.diagnostics)


def test_a_missing_header_says_where_headers_come_from(tmp_path: Path) -> None:
    with pytest.raises(CompileError, match=r"linux/bfp\.h") as caught:
        compile_c(write(tmp_path / "a.c", "#include <linux/bfp.h>\n"))
    (error,) = caught.value.diagnostics
    assert "<linux/bpf.h>" in error.notes[-1].message
    assert "--system-headers" in error.notes[-1].message
    with pytest.raises(CompileError) as caught:
        compile_c(write(tmp_path / "b.c", "#include <machine/vmlinux.h>\n"))
    assert "bpfcc headers vmlinux" in caught.value.diagnostics[0].notes[-1].message


def test_headers_of_the_machine_are_not_seen(tmp_path: Path) -> None:
    with pytest.raises(CompileError, match=r"sys/socket\.h"):
        compile_c(write(tmp_path / "a.c", "#include <sys/socket.h>\n"))


def test_system_headers_come_first_and_ours_fill_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "machine" / "linux").mkdir(parents=True)
    write(tmp_path / "machine" / "linux" / "in.h", "#define OF_THE_MACHINE 7\n")
    monkeypatch.setattr(clang, "system_include_dirs", lambda: [str(tmp_path / "machine")])
    path = write(tmp_path / "s.c", "#include <linux/in.h>\n#include <linux/tcp.h>\nstruct tcphdr t; int x[OF_THE_MACHINE];\n")
    assert compile_c(path, system_headers=True).object
    with pytest.raises(CompileError):
        compile_c(path)


def test_system_headers_where_there_are_none(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(UnsupportedError, match="--system-headers"):
        clang.header_flags(find_toolchain_of_posix(), clang.CompileOptions(system_headers=True))


def find_toolchain_of_posix() -> Toolchain:
    return Toolchain("clang", ("clang",), "test")


def test_the_traced_machine_is_the_hosts_unless_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clang.platform, "machine", lambda: "aarch64")
    assert clang.architecture_define(clang.CompileOptions()) == ["-D__TARGET_ARCH_arm64"]
    assert clang.architecture_define(clang.CompileOptions(defines=("__TARGET_ARCH_x86",))) == []
    assert clang.architecture_define(clang.CompileOptions(extra=("-D__TARGET_ARCH_riscv",))) == []


@pytest.mark.parametrize(("emit", "expected"), [("asm", b"filter:"), ("llvm", b"define dso_local"), ("preprocessed", b"struct xdp_md {")])
def test_other_outputs(source: Path, emit: clang.Emit, expected: bytes) -> None:
    assert expected in compile_c(source, emit=emit).output


def test_output_file_is_written_whole(source: Path, tmp_path: Path) -> None:
    output = tmp_path / "out" / "filter.o"
    output.parent.mkdir()
    result = compile_c(source, output=output)
    assert output.read_bytes() == result.object
    assert list(output.parent.iterdir()) == [output]


def test_a_failed_compile_leaves_the_old_output(tmp_path: Path) -> None:
    output = tmp_path / "x.o"
    output.write_bytes(b"old")
    with pytest.raises(CompileError):
        compile_c(write(tmp_path / "x.c", "int f(void) { return nothing; }"), output=output)
    assert output.read_bytes() == b"old"


def test_an_output_that_cannot_be_written(source: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot write"):
        compile_c(source, output=tmp_path / "no" / "dir" / "x.o")


@pytest.mark.parametrize("name", ["HOME", "everything"])
def test_no_home_and_no_cache_do_not_matter(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / "file").write_text("")
    for variable in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(variable, raising=False)
    if name == "everything":
        monkeypatch.setenv("HOME", str(tmp_path / "file"))
        monkeypatch.setenv("BPFCC_CACHE_DIR", str(tmp_path / "file" / "below"))
    begin = time.monotonic()
    assert compile_c(source).object
    assert time.monotonic() - begin < 20


# --- compilers that misbehave ----------------------------------------------------------------------------------------


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] == "Z")


def await_death(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def await_pid(path: Path) -> int:
    deadline = time.monotonic() + 5
    while not path.exists() or not path.read_text().strip():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return int(path.read_text())


@posix_only
def test_a_time_limit_stops_the_whole_process_group(source: Path, tmp_path: Path) -> None:
    slow = fake(tmp_path / "slow", f"sleep 60 & echo $! > {tmp_path}/pid; wait")
    begin = time.monotonic()
    with pytest.raises(CompileError, match=r"stopped after 0\.5 seconds"):
        compile_c(source, toolchain=slow, timeout=0.5, output=tmp_path / "x.o")
    assert time.monotonic() - begin < 10
    assert await_death(await_pid(tmp_path / "pid"))
    assert not (tmp_path / "x.o").exists()


@posix_only
def test_an_interrupt_stops_the_compiler_and_leaves_no_files(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(clang.tempfile, "tempdir", str(temporary))
    slow = fake(tmp_path / "slow", f"echo half > \"$(echo $* | sed 's/.*-o //')\"; sleep 60 & echo $! > {tmp_path}/pid; wait")

    def interrupted(*_: object) -> int:
        await_pid(tmp_path / "pid")
        raise KeyboardInterrupt

    monkeypatch.setattr(clang, "wait_bounded", interrupted)
    with pytest.raises(KeyboardInterrupt):
        compile_c(source, toolchain=slow, output=tmp_path / "x.o")
    assert await_death(await_pid(tmp_path / "pid"))
    assert list(temporary.iterdir()) == []
    assert not (tmp_path / "x.o").exists()


@posix_only
def test_output_without_end_is_stopped(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clang, "MAX_OUTPUT_BYTES", 1 << 20)
    greedy = fake(tmp_path / "greedy", "out=$(echo $* | sed 's/.*-o //'); head -c 3000000 /dev/zero > $out; sleep 60")
    with pytest.raises(CompileError, match="larger than 1 MiB"):
        compile_c(source, toolchain=greedy, timeout=20)


@posix_only
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("kill -SEGV $$", f"signal {signal.SIGSEGV:d}"),
        ("echo 'nothing to say' >&2; exit 3", "exit status 3"),
        ("exit 0", "exit status 0"),
        ("echo 'clang: error: unknown argument: -fno' >&2; exit 1", "unknown argument"),
    ],
)
def test_a_compiler_that_fails_oddly(source: Path, tmp_path: Path, body: str, said: str) -> None:
    with pytest.raises(CompileError, match=said):
        compile_c(source, toolchain=fake(tmp_path / "odd", body))


@posix_only
def test_a_compiler_that_cannot_be_run(source: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no program")
    with pytest.raises(InputError, match="cannot be run"):
        compile_c(source, toolchain=Toolchain("clang", (str(tmp_path / "text"),), "test"))


@posix_only
def test_a_clang_without_sarif_gives_the_same_diagnostics(tmp_path: Path) -> None:
    real = find_toolchain()
    refuses = "case \"$*\" in *format=sarif*) echo \"error: invalid value 'sarif' in '-fdiagnostics-format='\" >&2; exit 1;; esac"
    old = fake(tmp_path / "clang-old", f'{refuses}\nexec {" ".join(real.command)} -isystem {real.include_dir} "$@"')
    write(tmp_path / "bad.h", "int g(void) { return missing; }\n")
    path = write(tmp_path / "e.c", '#include "bad.h"\nstatic int two(int a, int b);\nint f(void) { return two(1); }\n')
    seen = []
    for toolchain in (real, old):
        with pytest.raises(CompileError) as caught:
            compile_c(path, toolchain=toolchain)
        seen.append(caught.value.diagnostics)
    assert [(d.severity, d.message, d.position) for d in seen[0]] == [(d.severity, d.message, d.position) for d in seen[1]]
    lines = [[n.position.line for n in d.notes if n.position] for diagnostics in seen for d in diagnostics]
    assert lines == [[1], [2], [1], [2]]


needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes in its file system")


@needs_pipes
def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_atomically(pipe, b"object")
        assert os.read(reader, 100) == b"object"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_a_link_to_the_output_stays_a_link(tmp_path: Path) -> None:
    link, target = tmp_path / "link", tmp_path / "there" / "x.o"
    target.parent.mkdir()
    target.write_bytes(b"old")
    link.symlink_to(target)
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_a_directory_is_no_output(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot write: (Is a directory|Permission denied)"):
        write_atomically(tmp_path, b"object")
    assert list(tmp_path.iterdir()) == []
