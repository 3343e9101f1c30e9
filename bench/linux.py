"""Verdicts of bpfcc and of the running kernel on a tree of BPF C programs, side by side. Nothing is attached. Needs root and libbpf.so.1.

    python bench/linux.py DIR [--flags FILE] [--only GLOB] [--verbose]

Units and flags are as bench/corpus.py has them. Each program is loaded for itself; one that the kernel does not look at (no such attach
target, map type or kernel function) is undecided. Maps that tools size before they load them get a size here too.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import sys
import time
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

from corpus import find_units, read_rules  # noqa: E402 - found by the line above

from bpfcc.errors import BpfccError  # noqa: E402
from bpfcc.frontend.clang import compile_c  # noqa: E402
from bpfcc.judgement import Rules, ask, load_engine, request_for  # noqa: E402
from bpfcc.pipeline import Source, open_object  # noqa: E402
from bpfcc.smt import local_solver  # noqa: E402
from tests import libbpf  # noqa: E402
from tests.twin_cases import running_kernel  # noqa: E402

if TYPE_CHECKING:
    from bpfcc.program import Program

XDP: Final = 6
UNSPECIFIED: Final = 0
LOG_BYTES: Final = 1 << 20
# A CPU map has room for the CPUs that there are.
CPUMAP: Final = 16
STACK_TRACE: Final = 7
STACK_TRACE_BYTES: Final = 127 * 8
SLOW_SECONDS: Final = 3.0


class Said(NamedTuple):
    """Of one program: "accepted", "rejected" or "undecided", and the end of what was said."""

    status: str
    text: str


def ask_linux(data: bytes, wanted: tuple[str, str]) -> Said:
    """Load one program of an object."""
    lib = libbpf.library()
    if lib is None:
        sys.exit("bench/linux.py needs root and libbpf.so.1")
    lib.bpf_object__open_mem.restype = ctypes.c_void_p
    opened = lib.bpf_object__open_mem(data, ctypes.c_size_t(len(data)), None)
    if not opened:
        return Said("undecided", "libbpf does not open the object")
    handle, log = ctypes.c_void_p(opened), ctypes.create_string_buffer(LOG_BYTES)
    try:
        size_maps(lib, handle)
        choose(lib, handle, wanted, log)
        status = lib.bpf_object__load(handle)
    finally:
        lib.bpf_object__close(handle)
    text = log.value.decode(errors="replace")
    if status == 0:
        return Said("accepted", "")
    # The line that counts what was processed comes from the verifier; what ends before has another reason.
    return Said("rejected" if "processed " in text else "undecided", text or os.strerror(-status))


def size_maps(lib: Any, handle: ctypes.c_void_p) -> None:
    found = lib.bpf_object__next_map(handle, None)
    while found:
        made = ctypes.c_void_p(found)
        lib.bpf_map__set_pin_path(made, None)
        if lib.bpf_map__type(made) == CPUMAP:
            lib.bpf_map__set_max_entries(made, ctypes.c_uint32(1))
        elif lib.bpf_map__max_entries(made) == 0:
            lib.bpf_map__set_max_entries(made, ctypes.c_uint32(1024))
        if lib.bpf_map__type(made) == STACK_TRACE and lib.bpf_map__value_size(made) == 0:
            lib.bpf_map__set_value_size(made, ctypes.c_uint32(STACK_TRACE_BYTES))
        found = lib.bpf_object__next_map(handle, made)


def choose(lib: Any, handle: ctypes.c_void_p, wanted: tuple[str, str], log: ctypes.Array[ctypes.c_char]) -> None:
    found = lib.bpf_object__next_program(handle, None)
    while found:
        program = ctypes.c_void_p(found)
        section = lib.bpf_program__section_name(program).decode()
        chosen = (section, lib.bpf_program__name(program).decode()) == wanted
        lib.bpf_program__set_autoload(program, chosen)
        if chosen:
            lib.bpf_program__set_log_level(program, 4)
            lib.bpf_program__set_log_buf(program, log, ctypes.c_size_t(LOG_BYTES))
            if lib.bpf_program__type(program) == UNSPECIFIED:
                # What tools whose section names say nothing give their programs.
                lib.bpf_program__set_type(program, XDP)
        found = lib.bpf_object__next_program(handle, program)


def ask_bpfcc(program: Program) -> tuple[Said, float]:
    begin = time.perf_counter()
    try:
        typed = program.typed("xdp")
        found = ask(load_engine(), typed.ir, request_for(typed, Rules(), running_kernel()), local_solver())
    except BpfccError as error:
        return Said("unsupported", str(error)), time.perf_counter() - begin
    errors = [f"{finding.code} at {finding.insn}: {finding.message}" for finding in found.findings if finding.level == "error"]
    return Said(found.status, "; ".join(errors[:2])), time.perf_counter() - begin


def compare(name: str, data: bytes, counts: Counter[str], *, verbose: bool) -> None:
    for program in open_object(Source(name, data, compiled=True), isolated=False).programs.values():
        linux = ask_linux(data, (program.section, program.name))
        counts[linux.status] += 1
        if linux.status == "undecided":
            continue
        ours, seconds = ask_bpfcc(program)
        counts[f"{linux.status}, bpfcc {ours.status}"] += 1
        if ours.status != linux.status:
            said = ours.text if linux.status == "accepted" else linux.text[-300:].strip()
            print(f"{name} {program.name}: Linux {linux.status}, bpfcc {ours.status}: {said}")
        if verbose or seconds > SLOW_SECONDS:
            print(f"{name} {program.name}: {seconds:.2f} s")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--flags", type=Path, help="compile flags, one `glob: flags` a line")
    parser.add_argument("--only", default="*", help="only units whose path below DIR matches this glob")
    parser.add_argument("--verbose", action="store_true", help="the time of every program")
    options = parser.parse_args()
    directory = options.directory.resolve()
    counts: Counter[str] = Counter()
    for name, flags in find_units(directory, read_rules(options.flags, directory)).items():
        if not fnmatch(name, options.only):
            continue
        try:
            compare(name, compile_c(directory / name, extra=flags).object, counts, verbose=options.verbose)
        except BpfccError as error:
            print(f"{name}: {error}")
    for what, number in sorted(counts.items()):
        print(f"{number:6} {what}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
