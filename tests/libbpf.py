"""libbpf through ctypes, as an oracle for what we read from objects. Nothing is attached; programs that the kernel refuses do not matter.

with relocated("x.o", target_btf="vmlinux") as programs:
    programs["xdp", "filter"]     -> Relocated(code=b"…", type="xdp", attach_type="xdp")
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from dataclasses import dataclass

POISON = 195896080


@dataclass(frozen=True)
class Relocated:
    """A program after libbpf's relocations; poisoned instructions call helper `POISON`."""

    code: bytes
    type: str
    attach_type: str | None


class _Options(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_size_t),
        ("name", ctypes.c_char_p),
        ("relaxed", ctypes.c_bool),
        ("pin_root", ctypes.c_char_p),
        ("stub", ctypes.c_uint32),
        ("kconfig", ctypes.c_char_p),
        ("btf_custom_path", ctypes.c_char_p),
    )


_PRINT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)


@_PRINT
def _silent(_level: int, _format: bytes, _arguments: int) -> int:
    return 0


@functools.cache
def library() -> ctypes.CDLL | None:
    """libbpf 1.x, where it is installed and bpf(2) may be called."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return None
    try:
        found = ctypes.CDLL("libbpf.so.1")
    except OSError:
        return None
    pointers = ("bpf_object__open_file", "bpf_object__next_program", "bpf_object__next_map", "bpf_program__insns")
    strings = ("bpf_program__name", "bpf_program__section_name", "libbpf_bpf_prog_type_str", "libbpf_bpf_attach_type_str")
    for name in pointers:
        getattr(found, name).restype = ctypes.c_void_p
    for name in strings:
        getattr(found, name).restype = ctypes.c_char_p
    found.bpf_program__insn_cnt.restype = ctypes.c_size_t
    found.libbpf_set_print(_silent)
    return found


def relocated(path: str, target_btf: str | None = None) -> dict[tuple[str, str], Relocated]:
    """Every program of an object, by section and name, as libbpf would give it to the kernel."""
    lib = library()
    assert lib is not None
    options = _Options(size=ctypes.sizeof(_Options), btf_custom_path=target_btf.encode() if target_btf else None)
    obj = lib.bpf_object__open_file(path.encode(), ctypes.byref(options))
    assert obj, f"libbpf does not open {path}"
    handle = ctypes.c_void_p(obj)
    try:
        _complete_maps(lib, handle)
        lib.bpf_object__load(handle)
        return dict(_programs(lib, handle))
    finally:
        lib.bpf_object__close(handle)


def _complete_maps(lib: ctypes.CDLL, obj: ctypes.c_void_p) -> None:
    """Tools set sizes before loading; maps that cannot be made would end the load before relocation."""
    found = lib.bpf_object__next_map(obj, None)
    while found:
        handle = ctypes.c_void_p(found)
        if lib.bpf_map__max_entries(handle) == 0:
            lib.bpf_map__set_max_entries(handle, ctypes.c_uint32(1024))
        if lib.bpf_map__type(handle) == 7 and lib.bpf_map__value_size(handle) == 0:
            lib.bpf_map__set_value_size(handle, ctypes.c_uint32(1016))
        found = lib.bpf_object__next_map(obj, handle)


def _programs(lib: ctypes.CDLL, obj: ctypes.c_void_p) -> list[tuple[tuple[str, str], Relocated]]:
    programs = []
    found = lib.bpf_object__next_program(obj, None)
    while found:
        handle = ctypes.c_void_p(found)
        attach = lib.bpf_program__expected_attach_type(handle)
        code = ctypes.string_at(lib.bpf_program__insns(handle), 8 * lib.bpf_program__insn_cnt(handle))
        key = (lib.bpf_program__section_name(handle).decode(), lib.bpf_program__name(handle).decode())
        kind = lib.libbpf_bpf_prog_type_str(lib.bpf_program__type(handle)).decode()
        programs.append((key, Relocated(code, kind, lib.libbpf_bpf_attach_type_str(attach).decode() if attach else None)))
        found = lib.bpf_object__next_program(obj, handle)
    return programs


def comparable(code: bytes, ignore: frozenset[int]) -> list[bytes]:
    """Instructions without what differs by design: file descriptors against indices, and the slots to ignore."""
    out = []
    slot = 0
    raw = bytearray(code)
    while slot < len(raw) // 8:
        at = 8 * slot
        source = raw[at + 1] >> 4
        wide = raw[at] == 0x18
        if wide and source in (1, 2, 3):
            raw[at + 4 : at + 8] = bytes(4)
        if wide and source == 3:
            raw[at + 1] &= 15
        if (wide and source in (1, 3)) and at + 16 <= len(raw):
            raw[at + 12 : at + 16] = bytes(4)
        if raw[at] == 0x85 and source == 2:
            raw[at + 2 : at + 8] = bytes(6)
        slots = (slot, slot + 1) if wide else (slot,)
        out += [bytes(8) if each in ignore else bytes(raw[8 * each : 8 * each + 8]) for each in slots]
        slot += 2 if wide else 1
    return out
