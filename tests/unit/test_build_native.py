"""`bpfcc build --emit c|so|exe` and `bpfcc dump --c`, as they are called."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bpfcc.backends.aot.build import Build, Target, machine_of
from bpfcc.cli.app import run

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
HOST = Target.host()
GOOD = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64); } seen SEC(".maps");
SEC("xdp") int count(struct xdp_md *ctx)
{
    __u32 key = ctx->rx_queue_index;
    __u64 *found = bpf_map_lookup_elem(&seen, &key);
    if (found)
        __sync_fetch_and_add(found, 1);
    return XDP_PASS;
}
SEC("xdp") int drop(struct xdp_md *ctx) { return XDP_DROP; }
char LICENSE[] SEC("license") = "GPL";
"""
WILD = GOOD.replace("if (found)\n", "")


def bpfcc(*arguments: str | Path) -> int:
    return run([str(argument) for argument in arguments])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "count.bpf.c"
    path.write_text(GOOD)
    return path


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_c_lies_beside_its_source(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bpfcc("build", source, "--emit", "c") == 0
    assert files(source.parent) == ["count.bpf.c", "count.native.c"]
    assert source.read_text() == GOOD
    said = capsys.readouterr().err
    assert "wrote" in said and "2 programs: proven, nothing is checked again" in said
    text = (source.parent / "count.native.c").read_text()
    assert machine_of(Build(HOST, warnings=True).shared(text)) == HOST
    assert "static uint64_t count(" in text and "static uint64_t drop(" in text
    assert re.search(r'#line \d+ "[^"]*count\.bpf\.c"', text)


def test_c_goes_to_standard_output(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bpfcc("build", source, "--emit", "c", "--program", "drop", "--no-lines", "-o", "-") == 0
    text = capsys.readouterr().out
    assert "bpfcc_object" in text and "\n#line" not in text and "count(" not in text
    assert files(source.parent) == ["count.bpf.c"]


@pytest.mark.parametrize(
    ("system", "arch", "name"),
    [("linux", "arm64", "count.bpf.so"), ("linux", "x86_64", "count.bpf.so"), ("macos", "arm64", "count.bpf.dylib")],
)
def test_libraries(source: Path, system: str, arch: str, name: str) -> None:
    assert bpfcc("build", source, "--emit", "so", "--target", system, "--arch", arch, "-q") == 0
    assert machine_of((source.parent / name).read_bytes()) == Target(arch, system)


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
def test_a_library_by_another_compiler(source: Path) -> None:
    assert bpfcc("build", source, "--emit", "so", "--cc", "gcc -O1", "-o", source.parent / "x.so") == 0
    assert machine_of((source.parent / "x.so").read_bytes()) == HOST


@pytest.mark.skipif(sys.platform == "win32", reason="programs are built for Linux and macOS")
def test_a_program_runs_without_python(source: Path) -> None:
    out = source.parent / "count"
    assert bpfcc("build", source, "--emit", "exe", "--program", "count") == 0
    assert os.access(out, os.X_OK)
    done = subprocess.run([out, ROOT / "examples/traffic.pcap"], env={}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "XDP_PASS" in done.stdout and "284" in done.stdout


TAIL = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp") int second(struct xdp_md *x) { return XDP_TX; }
struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32);
    __array(values, int (void *)); } jumps SEC(".maps") = {.values = {[0] = (void *)&second}};
SEC("xdp") int first(struct xdp_md *x) { bpf_tail_call(x, &jumps, 0); return XDP_DROP; }
char LICENSE[] SEC("license") = "GPL";
"""


@pytest.mark.skipif(sys.platform == "win32", reason="programs are built for Linux and macOS")
def test_a_program_has_what_it_can_tail_call(source: Path) -> None:
    source.write_text(TAIL)
    out = source.parent / "first"
    assert bpfcc("build", source, "--emit", "exe", "--program", "first", "-o", out) == 0
    done = subprocess.run([out, ROOT / "examples/traffic.pcap"], env={}, capture_output=True, text=True, check=False)
    assert "XDP_TX" in done.stdout and "XDP_DROP" not in done.stdout, done.stderr


def refused(arguments: Sequence[str | Path], status: int, said: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = files(folder)
    assert bpfcc(*arguments) == status
    assert said in capsys.readouterr().err
    assert files(folder) == before


@pytest.mark.parametrize("emit", ["c", "so", "exe"])
def test_what_is_rejected_is_not_written(source: Path, emit: str, capsys: pytest.CaptureFixture[str]) -> None:
    source.write_text(WILD)
    refused(["build", source, "--emit", emit], 1, "nothing is written", source.parent, capsys)


def test_what_is_rejected_is_checked(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source.write_text(WILD)
    assert bpfcc("build", source, "--emit", "c", "--no-verify") == 0
    assert "it checks every access (--no-verify)" in capsys.readouterr().err
    assert "reach(run, table->reach" in (source.parent / "count.native.c").read_text()


def test_what_is_accepted_but_checked_says_why(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reads = "__u32 key = 1; char name[16]; bpf_get_current_comm(name, 16); bpf_probe_read_kernel(&key, 4, name);"
    source.write_text(
        GOOD.replace("__u32 key = ctx->rx_queue_index;", reads)
        .replace('SEC("xdp")', 'SEC("kprobe/x")').replace("struct xdp_md", "void")
    )  # fmt: skip
    assert bpfcc("build", source, "--emit", "c", "--program", "count") == 0
    assert "follows pointers of the kernel" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--emit", "so", "--arch", "vax"], 2, "no target 'vax-linux'"),
        (["--emit", "so", "--cc", "/nowhere/cc"], 2, "no compiler '/nowhere/cc'"),
        (["--emit", "so", "--cc", "false"], 2, "does not compile"),
        (["--emit", "dll"], 2, "--emit dll goes with --target windows"),
        (["--emit", "so", "--target", "windows"], 3, "c, dll, sys are what there is for Windows"),
        (["--emit", "obj", "--target", "macos"], 3, "there is no such thing"),
        (["--emit", "c", "--run", "x"], 2, "--run goes with"),
        (["--emit", "c", "--program", "nothing"], 2, "nothing"),
    ],
)
def test_what_cannot_be(source: Path, arguments: list[str], status: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    refused(["build", source, *arguments], status, said, source.parent, capsys)


def test_the_source_is_never_overwritten(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused(["build", source, "--emit", "c", "-o", source], 2, "overwrite the input", source.parent, capsys)
    assert source.read_text() == GOOD


def test_dump(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bpfcc("dump", source, "--c", "--program", "drop") == 0
    text = capsys.readouterr().out
    assert "return 1;" in text and "BPFCC_INLINE" not in text
