"""Loading twins into the running kernel: what Linux says of them. Nothing is attached.

load_twin(case, UNSAFE)      None where Linux takes the program, else the end of its verifier's log
"""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING

from bpfcc.bpfir.decode import decode
from bpfcc.runtime.specs import load_platform
from tests import libbpf
from tests.kernel import Refused, map_create, prog_load

if TYPE_CHECKING:
    from tests.twin_cases import Twin, Variant

LOG_BYTES = 1 << 16
# Errors and statistics: the trace of a million steps takes seconds.
LOG_LEVEL = 4
MAP_SOURCES = (1, 2)


def load_twin(case: Twin, variant: Variant) -> str | None:
    """Load one of the two: None, or the log of the refusal."""
    return _load_object(case, variant) if case.is_c else _load_assembly(case, variant)


def _load_assembly(case: Twin, variant: Variant) -> str | None:
    platform = load_platform("linux")
    program = case.program(variant)
    code = bytearray(program.bytecode.code)
    kind = platform.program_types[case.header["type"]]
    attach = case.header.get("attach_type")
    fds: list[int] = []
    try:
        for spec in case.maps:
            number = platform.map_types[spec.type].number
            fds.append(map_create(number, spec.key_size, spec.value_size, spec.max_entries, spec.flags))
        for slot, insn in enumerate(decode(bytes(code))):
            if insn is not None and insn.opcode == 0x18 and insn.src in MAP_SOURCES:
                code[8 * slot + 4 : 8 * slot + 8] = fds[insn.imm].to_bytes(4, "little")
        number = kind.attach_types[attach].number if attach else 0
        found = prog_load(kind.number, bytes(code), case.license, attach_type=number, log_level=LOG_LEVEL)
    finally:
        for fd in fds:
            os.close(fd)
    if isinstance(found, Refused):
        return f"{os.strerror(found.errno)}\n{found.log}"
    os.close(found)
    return None


def _load_object(case: Twin, variant: Variant) -> str | None:
    return _load(case.object_bytes(variant), case.header.get("program"), case.name)


def load_programs(data: bytes) -> dict[str, str | None]:
    """Each program of an object, loaded for itself: None, or the log of the refusal."""
    return {name: _load(data, name, name) for name in _names(data)}


def _open(data: bytes, what: str) -> ctypes.c_void_p:
    lib = libbpf.library()
    assert lib is not None, "objects need libbpf.so.1"
    lib.bpf_object__open_mem.restype = ctypes.c_void_p
    opened = lib.bpf_object__open_mem(data, ctypes.c_size_t(len(data)), None)
    assert opened, f"libbpf does not open {what}"
    return ctypes.c_void_p(opened)


def _names(data: bytes) -> list[str]:
    lib = libbpf.library()
    assert lib is not None
    handle = _open(data, "the object")
    names: list[str] = []
    try:
        found = lib.bpf_object__next_program(handle, None)
        while found:
            names.append(lib.bpf_program__name(ctypes.c_void_p(found)).decode())
            found = lib.bpf_object__next_program(handle, ctypes.c_void_p(found))
    finally:
        lib.bpf_object__close(handle)
    return names


def _load(data: bytes, wanted: str | None, what: str) -> str | None:
    lib = libbpf.library()
    assert lib is not None
    handle = _open(data, what)
    log = ctypes.create_string_buffer(LOG_BYTES)
    try:
        found = lib.bpf_object__next_program(handle, None)
        while found:
            program = ctypes.c_void_p(found)
            lib.bpf_program__set_autoload(program, wanted is None or lib.bpf_program__name(program) == wanted.encode())
            lib.bpf_program__set_log_level(program, LOG_LEVEL)
            lib.bpf_program__set_log_buf(program, log, ctypes.c_size_t(LOG_BYTES))
            found = lib.bpf_object__next_program(handle, program)
        status: int = lib.bpf_object__load(handle)
    finally:
        lib.bpf_object__close(handle)
    return None if status == 0 else f"{os.strerror(-status)}\n{log.value.decode(errors='replace')}"
