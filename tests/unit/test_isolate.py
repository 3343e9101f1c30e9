"""The isolated child: every guard refuses, and what a child says is not believed."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpfcc.diagnostics import SourcePosition
from bpfcc.errors import InputError, InternalError, UnsupportedError
from bpfcc.isolate import Limits, ReadRequest, describe, seccomp
from bpfcc.isolate.fork import CHUNK_BYTES, run_forked
from bpfcc.isolate.spawn import parse_request, request_line, run_spawned
from bpfcc.isolate.wire import ProgramDigest, Reading, error_record, parse_answer
from tests.processes import no_child_left

linux = pytest.mark.skipif(sys.platform != "linux", reason="fork and seccomp are Linux's")
SMALL = Limits(wall_seconds=20, cpu_seconds=20, memory_bytes=256 << 20, answer_bytes=1 << 16)


def attempt(work: Any) -> str:
    """What became of `work` in a forked child: "done", or the name of the exception that stopped it."""

    def guarded() -> str:
        try:
            work()
        except (OSError, MemoryError, ImportError) as error:
            return type(error).__name__
        return "done"

    answer = json.loads(run_forked(guarded, SMALL))
    return str(answer if isinstance(answer, str) else answer["error"]["kind"])


@linux
def test_a_child_can_compute() -> None:
    assert run_forked(lambda: {"answer": sum(range(1000))}, SMALL) == b'{"answer": 499500}'
    assert attempt(lambda: bytearray(64 << 20)) == "done"
    assert attempt(time.monotonic_ns) == "done"


@linux
def test_a_child_cannot_write_files(tmp_path: Path) -> None:
    target = tmp_path / "stolen"
    assert attempt(lambda: target.write_text("x")) == "PermissionError"
    assert not target.exists()


@linux
@pytest.mark.parametrize(
    "work",
    [
        lambda: Path("/etc/passwd").read_bytes(),
        lambda: list(Path("/").iterdir()),
        socket.socket,
        socket.socketpair,
        os.fork,
        lambda: os.execv("/bin/true", ["true"]),  # noqa: S606 - it must fail
        lambda: os.kill(os.getppid(), signal.SIGTERM),
        os.pipe,
        lambda: Path("/nowhere").unlink(),
        lambda: Path("/nowhere").chmod(0),
        lambda: os.write(1, b"x"),
        lambda: os.read(0, 1),
        lambda: os.memfd_create("x"),
    ],
    ids=["read", "list", "socket", "socketpair", "fork", "exec", "kill", "pipe", "unlink", "chmod", "stdout", "stdin", "memfd"],
)
def test_a_child_can_do_nothing_else(work: Any) -> None:
    assert attempt(work) in {"PermissionError", "OSError"}


@linux
def test_a_child_cannot_make_code() -> None:
    import mmap

    assert attempt(lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)) == "PermissionError"


@linux
def test_imports_after_the_filter_fail() -> None:
    def late() -> None:
        import wave  # noqa: F401 - a module that nothing here has imported

    assert "wave" not in sys.modules
    assert attempt(late) in {"ImportError", "ModuleNotFoundError", "PermissionError"}


@linux
def test_memory_ends_with_a_clean_error() -> None:
    with pytest.raises(InputError, match="more memory"):
        parse_answer(run_forked(lambda: len(bytearray(10 << 30)), SMALL), file="x.o")


@linux
def test_memory_in_small_pieces_ends_too() -> None:
    def hoard() -> int:
        pieces: list[Any] = []
        while True:
            pieces.append(bytearray(1 << 20))

    with pytest.raises(InputError, match="more memory"):
        parse_answer(run_forked(hoard, SMALL), file="x.o")


def forever() -> None:
    while True:
        pass


@linux
def test_a_loop_ends_by_the_wall_clock_and_by_the_processor_clock() -> None:
    with pytest.raises(InputError, match=r"x\.o: reading it took longer than 0\.2 s"):
        run_forked(forever, Limits(wall_seconds=0.2), file="x.o")
    with pytest.raises(InputError, match="longer than 1 s of processor time"):
        run_forked(forever, Limits(wall_seconds=20, cpu_seconds=1), file="x.o")


@linux
def test_a_crash_is_an_input_error() -> None:
    import ctypes

    with pytest.raises(InputError, match="crashed on it"):
        run_forked(lambda: ctypes.string_at(1), SMALL, file="x.o")


@linux
def test_too_long_an_answer_is_cut() -> None:
    with pytest.raises(InternalError, match="longer than 65536 bytes"):
        run_forked(lambda: "x" * (10 * CHUNK_BYTES), SMALL)


@linux
def test_no_child_is_left_behind() -> None:
    with no_child_left(), pytest.raises(InputError):
        run_forked(forever, Limits(wall_seconds=0.1))


@linux
def test_a_bug_in_the_child_is_a_bug_and_says_where() -> None:
    def broken() -> Any:
        return {}["nothing"]

    with pytest.raises(InternalError, match="KeyError"):
        parse_answer(run_forked(broken, SMALL), file="x.o")


@linux
def test_no_fork_with_threads() -> None:
    # The runner of the tests may have threads of its own: a process of our own tells.
    script = """
import threading
from bpfcc.isolate.fork import can_fork
assert can_fork()
stop = threading.Event()
thread = threading.Thread(target=stop.wait)
thread.start()
assert not can_fork()
stop.set()
thread.join()
"""
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("machine", sorted(seccomp.AUDIT_ARCH))
def test_the_filter_refuses_what_it_does_not_name(machine: str) -> None:
    column = 0 if machine == "x86_64" else 1
    named = {numbers[column] for numbers in seccomp.ALLOWED.values()} - {None}
    for number in range(600):
        verdict = simulate(seccomp.filter_program(machine, 5), number, machine=machine)
        if number in named:
            assert verdict == seccomp.ALLOW
        elif number not in {seccomp.WRITE[column], seccomp.MMAP[column], seccomp.MPROTECT[column]}:
            assert verdict == seccomp.REFUSE


@pytest.mark.parametrize("machine", sorted(seccomp.AUDIT_ARCH))
def test_the_filter_looks_at_arguments(machine: str) -> None:
    column = 0 if machine == "x86_64" else 1
    program = seccomp.filter_program(machine, 5)

    def verdict(number: int, *args: int) -> int:
        return simulate(program, number, *args, machine=machine)

    assert verdict(seccomp.WRITE[column], 5) == seccomp.ALLOW
    assert verdict(seccomp.WRITE[column], 1) == seccomp.REFUSE
    assert verdict(seccomp.MMAP[column], 0, 4096, 3, 0x22) == seccomp.ALLOW
    assert verdict(seccomp.MMAP[column], 0, 4096, 3, 0x02) == seccomp.REFUSE
    assert verdict(seccomp.MMAP[column], 0, 4096, 7, 0x22) == seccomp.REFUSE
    assert verdict(seccomp.MPROTECT[column], 0, 4096, 3) == seccomp.ALLOW
    assert verdict(seccomp.MPROTECT[column], 0, 4096, 5) == seccomp.REFUSE
    assert verdict(0x40000000 | 1) == seccomp.KILL
    assert simulate(program, 1, machine="aarch64" if machine == "x86_64" else "x86_64") == seccomp.KILL


def simulate(program: bytes, number: int, *args: int, machine: str) -> int:
    """Run a classic BPF filter over one system call."""
    import struct

    data = struct.pack("<IIQ6Q", number, seccomp.AUDIT_ARCH[machine], 0, *[*args, *[0] * 6][:6])
    insns = list(struct.iter_unpack("=HBBI", program))
    at, accumulator = 0, 0
    while True:
        code, yes, no, k = insns[at]
        at += 1
        if code == seccomp.RETURN:
            return int(k)
        if code == seccomp.LOAD:
            accumulator = struct.unpack_from("<I", data, k)[0]
            continue
        taken = {
            seccomp.JUMP_EQUAL: accumulator == k,
            seccomp.JUMP_SET: bool(accumulator & k),
            seccomp.JUMP_AT_LEAST: accumulator >= k,
        }
        at += yes if taken[code] else no


RUBBISH = [
    b"",
    b"{",
    b"[]",
    b"3",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"programs": 3, "needs_kernel_types": false}',
    b'{"programs": [], "needs_kernel_types": 1}',
    b'{"programs": [4], "needs_kernel_types": false}',
    b'{"programs": [{"key": "a", "code": "xyz", "ir": null}], "needs_kernel_types": false}',
    b'{"programs": [{"key": 1, "code": "' + b"0" * 64 + b'", "ir": null}], "needs_kernel_types": false}',
    b'{"error": 5}',
    b'{"error": {"kind": "input"}}',
    b'{"error": {"kind": "input", "message": "m", "offset": "12"}}',
    b'{"error": {"kind": "input", "message": "m", "offset": ' + b"9" * 400 + b"}}",
    b'{"error": {"kind": "unsupported", "message": "m"}}',
    json.dumps({"error": {"kind": "input", "message": "m" * 30_000}}).encode(),
]


@pytest.mark.parametrize("answer", RUBBISH)
def test_rubbish_is_not_believed(answer: bytes) -> None:
    with pytest.raises(InputError, match="no sensible answer"):
        parse_answer(answer, file="x.o")


@given(st.binary(max_size=200))
def test_any_bytes_end_in_an_input_error(answer: bytes) -> None:
    with pytest.raises(InputError):
        parse_answer(answer, file=None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=5
)


@given(st.dictionaries(st.sampled_from(["programs", "needs_kernel_types", "error", "kind"]), JSON))
def test_any_json_ends_in_a_reading_or_a_clean_error(answer: Any) -> None:
    with contextlib.suppress(InputError):
        assert isinstance(parse_answer(json.dumps(answer).encode(), file=None), Reading)


def test_a_good_answer() -> None:
    digest = "0" * 64
    data = json.dumps({"programs": [{"key": "a", "code": digest, "ir": None}], "needs_kernel_types": False}).encode()
    assert parse_answer(data, file=None) == Reading((ProgramDigest("a", digest, None),), needs_kernel_types=False)


@pytest.mark.parametrize(
    "error",
    [
        InputError("cut off", file="x.o", section=".text", offset=8, insn=1),
        InputError("no field", position=SourcePosition("a.c", 4)),
        UnsupportedError("helper bpf_sk_assign", insn=4),
    ],
)
def test_errors_cross_the_pipe(error: InputError | UnsupportedError) -> None:
    with pytest.raises(type(error)) as caught:
        parse_answer(json.dumps({"error": error_record(error)}).encode(), file=None)
    assert str(caught.value) == str(error)


def test_control_characters_do_not_reach_the_terminal() -> None:
    with pytest.raises(InputError) as caught:
        parse_answer(json.dumps({"error": error_record(InputError("\x1b[31mred\x07"))}).encode(), file=None)
    assert "\x1b" not in str(caught.value)
    assert "\x07" not in str(caught.value)


def test_requests_cross_the_pipe() -> None:
    request = ReadRequest(b"\x7fELF\0", file="x", types={"s": "xdp"}, target_btf=b"\x9f\xeb", programs=("p",))
    assert parse_request(request_line(request, SMALL)) == (request, SMALL)


def test_a_spawned_child_reads_too() -> None:
    with pytest.raises(InputError, match=r"x\.o: "):
        parse_answer(run_spawned(ReadRequest(b"rubbish", file="x.o"), SMALL), file="x.o")


@pytest.mark.parametrize(
    ("code", "error", "message"),
    [
        ("while True: pass", InputError, "longer than 1 s"),
        ("print('x' * 100_000)", InternalError, "longer than 65536 bytes"),
    ],
)
def test_a_spawned_child_is_stopped(code: str, error: type[Exception], message: str) -> None:
    limits = Limits(wall_seconds=1, answer_bytes=1 << 16)
    with pytest.raises(error, match=message):
        run_spawned(ReadRequest(b""), limits, command=(sys.executable, "-S", "-c", code))


@linux
def test_the_child_dies_with_its_parent(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    script = f"""
import os, pathlib
from bpfcc.isolate import Limits
from bpfcc.isolate.fork import run_forked
def work():
    while True: pass
original = os.fork
def fork():
    child = original()
    if child:
        pathlib.Path({str(note)!r}).write_text(str(child))
    return child
os.fork = fork
run_forked(work, Limits())
"""
    parent = subprocess.Popen([sys.executable, "-c", script])
    deadline = time.monotonic() + 10
    while not (note.exists() and note.read_text()) and time.monotonic() < deadline:
        time.sleep(0.01)
    child = int(note.read_text())
    # Give the child the moment it needs to ask for the signal.
    time.sleep(0.1)
    parent.kill()
    parent.wait()
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{child}/stat").read_text().split()[2] == "Z":
                return
        except OSError:
            return
        time.sleep(0.01)
    pytest.fail("the child outlived its parent")


def test_it_says_what_holds_here() -> None:
    expected = "full" if sys.platform == "linux" and platform.machine() in seccomp.AUDIT_ARCH else "partial"
    assert describe().startswith(expected)


@linux
@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("while True: pass", "took longer than 0.5 s"),
        ("bytearray(10 << 30)", "more memory than is allowed"),
        ("import os; os.abort()", "crashed on it (SIG"),
        ("def f(): f()\n    f()", "nested too deeply"),
    ],
    ids=["hang", "memory", "crash", "recursion"],
)
def test_the_command_survives_what_an_object_does_to_the_reader(fault: str, message: str, tmp_path: Path) -> None:
    script = f"""
import sys
import bpfcc.frontend.objects as objects
import bpfcc.isolate.reader as reader
from bpfcc.isolate import Limits
original = objects.load
def load(*args, **kwargs):
    {fault}
    return original(*args, **kwargs)
objects.load = load
check = reader._read_once
reader._read_once = lambda request, limits, meanwhile: check(request, Limits(wall_seconds=0.5 if 'True' in {fault!r} else 20))
from bpfcc.cli.app import run
sys.exit(run(['dump', {str(tmp_path / "x.o")!r}]))
"""
    (tmp_path / "x.o").write_bytes(b"\x7fELF" + bytes(100))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "x.o" in done.stderr
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="there it works")
def test_job_objects_are_windows_only() -> None:
    from bpfcc.isolate.windows import Job

    with pytest.raises(InternalError, match="Windows only"):
        Job(SMALL)
