"""bpf(2), one function a command. Whatever fails raises OSError with the kernel's errno.

    fd = map_create(MapCreate(map_type=1, key_size=4, value_size=8, max_entries=100))
    map_update(fd, key, value)
    fd = prog_load(6, code)                       XDP; Refused with the verifier's log where Linux does not take it
    prog_test_run(fd, RunInput(data=packet))       Ran(return_value=2, data=b"…", …)

Importing this does nothing; on other systems only calling it fails.
"""

from __future__ import annotations

import ctypes
import functools
import os
import platform
import sys
from ctypes import c_char, c_uint32, c_uint64
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, final

ENOENT: Final = 2
EPERM: Final = 1
# The number of bpf(2), and of perf_event_open(2).
SYSCALLS: Final = {"x86_64": (321, 298), "aarch64": (280, 241), "riscv64": (280, 241)}
NAME_BYTES: Final = 16
LOG_BYTES: Final = 1 << 20
XDP: Final = 6
# r0 = 2; exit
TRIVIAL: Final = bytes.fromhex("b700000002000000 9500000000000000")

(
    MAP_CREATE, MAP_LOOKUP, MAP_UPDATE, MAP_DELETE, MAP_NEXT_KEY, PROG_LOAD, TEST_RUN, OBJECT_INFO, BTF_LOAD, MAP_TAKE, MAP_FREEZE,
) = (0, 1, 2, 3, 4, 5, 10, 15, 18, 21, 22)  # fmt: skip


class MapCreate(ctypes.Structure):
    """What BPF_MAP_CREATE takes."""

    _fields_ = (
        ("map_type", c_uint32),
        ("key_size", c_uint32),
        ("value_size", c_uint32),
        ("max_entries", c_uint32),
        ("map_flags", c_uint32),
        ("inner_map_fd", c_uint32),
        ("numa_node", c_uint32),
        ("map_name", c_char * NAME_BYTES),
        ("map_ifindex", c_uint32),
        ("btf_fd", c_uint32),
        ("btf_key_type_id", c_uint32),
        ("btf_value_type_id", c_uint32),
        ("btf_vmlinux_value_type_id", c_uint32),
        ("map_extra", c_uint64),
    )


class _Element(ctypes.Structure):
    _fields_ = (("map_fd", c_uint32), ("key", c_uint64), ("value", c_uint64), ("flags", c_uint64))


class _ProgLoad(ctypes.Structure):
    _fields_ = (
        ("prog_type", c_uint32),
        ("insn_cnt", c_uint32),
        ("insns", c_uint64),
        ("license", c_uint64),
        ("log_level", c_uint32),
        ("log_size", c_uint32),
        ("log_buf", c_uint64),
        ("kern_version", c_uint32),
        ("prog_flags", c_uint32),
        ("prog_name", c_char * NAME_BYTES),
        ("prog_ifindex", c_uint32),
        ("expected_attach_type", c_uint32),
        ("prog_btf_fd", c_uint32),
        ("func_info_rec_size", c_uint32),
        ("func_info", c_uint64),
        ("func_info_cnt", c_uint32),
        ("line_info_rec_size", c_uint32),
        ("line_info", c_uint64),
        ("line_info_cnt", c_uint32),
        ("attach_btf_id", c_uint32),
        ("attach_prog_fd", c_uint32),
    )


class _TestRun(ctypes.Structure):
    _fields_ = (
        ("prog_fd", c_uint32),
        ("retval", c_uint32),
        ("data_size_in", c_uint32),
        ("data_size_out", c_uint32),
        ("data_in", c_uint64),
        ("data_out", c_uint64),
        ("repeat", c_uint32),
        ("duration", c_uint32),
        ("ctx_size_in", c_uint32),
        ("ctx_size_out", c_uint32),
        ("ctx_in", c_uint64),
        ("ctx_out", c_uint64),
        ("flags", c_uint32),
        ("cpu", c_uint32),
        ("batch_size", c_uint32),
    )


class _BtfLoad(ctypes.Structure):
    _fields_ = (
        ("btf", c_uint64),
        ("btf_log_buf", c_uint64),
        ("btf_size", c_uint32),
        ("btf_log_size", c_uint32),
        ("btf_log_level", c_uint32),
    )


class _Info(ctypes.Structure):
    _fields_ = (("bpf_fd", c_uint32), ("info_len", c_uint32), ("info", c_uint64))


class _PerfEvent(ctypes.Structure):
    """`struct perf_event_attr`, as much of it as its first version has."""

    _fields_ = (
        ("type", c_uint32),
        ("size", c_uint32),
        ("config", c_uint64),
        ("sample_period", c_uint64),
        ("sample_type", c_uint64),
        ("read_format", c_uint64),
        ("bits", c_uint64),
        ("wakeup_events", c_uint32),
        ("bp_type", c_uint32),
        ("config1", c_uint64),
    )


# ---- the system call


@functools.cache
def _syscall() -> Any:
    """`syscall` of the C library: long arguments, errno kept."""
    found = ctypes.CDLL(None, use_errno=True).syscall
    found.restype = ctypes.c_long
    return found


def _call(number: int, *arguments: Any) -> int:
    result = int(_syscall()(ctypes.c_long(number), *arguments))
    if result < 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno))
    return result


def bpf(command: int, attributes: ctypes.Structure | ctypes.Array[c_char]) -> int:
    """Call bpf(2); the kernel may write into `attributes`."""
    number, _ = SYSCALLS[platform.machine()]
    return _call(number, ctypes.c_long(command), ctypes.byref(attributes), ctypes.c_long(ctypes.sizeof(attributes)))


def _buffer(data: bytes) -> ctypes.Array[c_char]:
    return ctypes.create_string_buffer(data, max(1, len(data)))


def _address(buffer: ctypes.Array[c_char] | None) -> int:
    return 0 if buffer is None else ctypes.addressof(buffer)


def object_name(text: str) -> bytes:
    """A name as the kernel takes it: letters, digits, dots and underscores, at most 15."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "._") else "_" for c in text)[: NAME_BYTES - 1].encode()


# ---- maps


def map_create(definition: MapCreate) -> int:
    """A new map's file descriptor."""
    return bpf(MAP_CREATE, definition)


def _element(command: int, fd: int, key: bytes | None, value: ctypes.Array[c_char] | None, flags: int) -> None:
    keys = None if key is None else _buffer(key)
    bpf(command, _Element(fd, _address(keys), _address(value), flags))


def map_update(fd: int, key: bytes | None, value: bytes, flags: int = 0) -> None:
    """Insert or replace (queues: push). `value` of per-CPU maps: those of all CPUs in a row, each padded to 8."""
    _element(MAP_UPDATE, fd, key, _buffer(value), flags)


def map_lookup(fd: int, key: bytes | None, value_bytes: int, flags: int = 0, *, value: bytes = b"") -> bytes:
    """The value (queues: peek); FileNotFoundError where there is none. `value`: what a bloom filter is asked for."""
    buffer = ctypes.create_string_buffer(value, max(1, value_bytes, len(value)))
    _element(MAP_LOOKUP, fd, key, buffer, flags)
    return buffer.raw[:value_bytes]


def map_take(fd: int, key: bytes | None, value_bytes: int) -> bytes:
    """Look up and delete (queues: pop)."""
    buffer = ctypes.create_string_buffer(max(1, value_bytes))
    _element(MAP_TAKE, fd, key, buffer, 0)
    return buffer.raw[:value_bytes]


def map_delete(fd: int, key: bytes) -> None:
    """Delete; FileNotFoundError where there is no such key."""
    _element(MAP_DELETE, fd, key, None, 0)


def map_next_key(fd: int, key: bytes | None, key_bytes: int) -> bytes | None:
    """The key after `key` (None: the first), or None at the end."""
    following = ctypes.create_string_buffer(max(1, key_bytes))
    try:
        _element(MAP_NEXT_KEY, fd, key, following, 0)
    except FileNotFoundError:
        return None
    return following.raw[:key_bytes]


def map_freeze(fd: int) -> None:
    """Refuse every later write from outside."""
    bpf(MAP_FREEZE, _Element(fd))


def object_id(fd: int) -> int:
    """The kernel's number of a map: what arrays of maps show for it."""
    info = ctypes.create_string_buffer(256)
    bpf(OBJECT_INFO, _Info(fd, len(info), ctypes.addressof(info)))
    # struct bpf_map_info: type, id.
    return int.from_bytes(info.raw[4:8], sys.byteorder)


# ---- programs


@final
@dataclass(frozen=True, slots=True)
class Refused:
    """The kernel did not take something: errno, and its verifier's log where there is one."""

    errno: int
    log: str


class ProgramDetails(NamedTuple):
    """What loading a program takes beside its code. `functions`: (first instruction, type id) of each, for the BTF behind `btf_fd`."""

    license: str = "GPL"
    name: str = "bpfcc"
    attach_type: int = 0
    flags: int = 0
    btf_fd: int = 0
    functions: tuple[tuple[int, int], ...] = ()
    log_level: int = 0


def prog_load(prog_type: int, code: bytes, details: ProgramDetails | None = None) -> int | Refused:
    """Load a program: its file descriptor. One that is refused is tried again with a log, so that the answer says why."""
    details = details or ProgramDetails()
    insns, named = _buffer(code), _buffer(details.license.encode() + b"\0")
    functions = _buffer(b"".join(c.to_bytes(4, sys.byteorder) for row in details.functions for c in row))
    log = ctypes.create_string_buffer(LOG_BYTES)
    errno = 0
    for level in (details.log_level,) if details.log_level else (0, 1):
        attributes = _ProgLoad(
            prog_type=prog_type,
            insn_cnt=len(code) // 8,
            insns=_address(insns),
            license=_address(named),
            log_level=level,
            log_size=len(log) if level else 0,
            log_buf=_address(log) if level else 0,
            prog_flags=details.flags,
            prog_name=object_name(details.name),
            expected_attach_type=details.attach_type,
            prog_btf_fd=details.btf_fd,
            func_info_rec_size=8 if details.functions else 0,
            func_info=_address(functions) if details.functions else 0,
            func_info_cnt=len(details.functions),
        )
        try:
            return bpf(PROG_LOAD, attributes)
        except OSError as error:
            errno = errno or error.errno or 0
    return Refused(errno, log.value.decode(errors="replace"))


class RunInput(NamedTuple):
    """Input of a test run. None for `data` or `context`: there is none. `data_room`: how long the data may have become.

    `context_out`: bytes of the context that come back as the program left it; `in_place`: they come in the memory of the input.
    """

    data: bytes | None = None
    context: bytes | None = None
    repeat: int = 1
    data_room: int = 0
    context_out: int = 0
    in_place: bool = False


class Ran(NamedTuple):
    """What a test run gave: 32 bits of r0, data and context afterwards, and the mean duration of a run in nanoseconds."""

    return_value: int
    data: bytes
    context: bytes
    ns: int


def prog_test_run(fd: int, given: RunInput) -> Ran:
    """BPF_PROG_TEST_RUN: once, or `repeat` times."""
    source = None if given.data is None else _buffer(given.data)
    target = ctypes.create_string_buffer(given.data_room) if given.data_room else None
    context = None if given.context is None else _buffer(given.context)
    context_out = ctypes.create_string_buffer(given.context_out) if given.context_out else None
    attributes = _TestRun(
        prog_fd=fd,
        data_size_in=len(given.data or b""),
        data_size_out=given.data_room,
        data_in=_address(source),
        data_out=_address(target),
        repeat=given.repeat,
        ctx_size_in=len(given.context or b""),
        ctx_size_out=given.context_out,
        ctx_in=_address(context),
        ctx_out=_address(context_out),
    )
    bpf(TEST_RUN, attributes)
    after = context if given.in_place else context_out
    size = len(given.context or b"") if given.in_place else attributes.ctx_size_out
    return Ran(
        attributes.retval,
        ctypes.string_at(target, min(attributes.data_size_out, given.data_room)) if target is not None else b"",
        ctypes.string_at(after, size) if after is not None else b"",
        attributes.duration,
    )


def btf_load(data: bytes) -> int | Refused:
    """Load types: a file descriptor."""
    blob, log = _buffer(data), ctypes.create_string_buffer(LOG_BYTES)
    errno = 0
    for level in (0, 1):
        attributes = _BtfLoad(_address(blob), _address(log) if level else 0, len(data), len(log) if level else 0, level)
        try:
            return bpf(BTF_LOAD, attributes)
        except OSError as error:
            errno = errno or error.errno or 0
    return Refused(errno, log.value.decode(errors="replace"))


# ---- around bpf(2)


def perf_output_open(cpu: int) -> int:
    """A perf event that takes what programs put into a perf buffer on that CPU."""
    software, bpf_output, raw, close_on_exec = 1, 10, 1 << 10, 8
    size = ctypes.sizeof(_PerfEvent)
    event = _PerfEvent(type=software, size=size, config=bpf_output, sample_period=1, sample_type=raw, wakeup_events=1)
    _, number = SYSCALLS[platform.machine()]
    # Any process, on one CPU, in no group.
    return _call(number, ctypes.byref(event), *map(ctypes.c_long, (-1, cpu, -1, close_on_exec)))


@functools.cache
def possible_cpus() -> int:
    """How many values an entry of a per-CPU map has."""
    with open("/sys/devices/system/cpu/possible", encoding="ascii") as file:  # noqa: PTH123 - sysfs
        return int(file.read().strip().rpartition(",")[2].rpartition("-")[2]) + 1


@functools.cache
def why_unavailable() -> str | None:
    """Why programs cannot be loaded and run in a kernel here, or None where they can: a program of two instructions is."""
    if sys.platform != "linux":
        return f"bpf(2) is Linux's, and this is {sys.platform}"
    if platform.machine() not in SYSCALLS or sys.byteorder != "little":
        return f"the number of bpf(2) is not known for {platform.machine()}"
    fd = prog_load(XDP, TRIVIAL)
    if isinstance(fd, Refused):
        if fd.errno == EPERM:
            return "loading programs is not permitted: it takes root, or CAP_BPF and CAP_NET_ADMIN"
        return f"bpf(2) refuses a program of two instructions: {os.strerror(fd.errno)}"
    try:
        found = prog_test_run(fd, RunInput(bytes(64), data_room=64)).return_value
    except OSError as error:
        return f"bpf(2) refuses a test run: {os.strerror(error.errno or 0)}"
    finally:
        os.close(fd)
    return None if found == 2 else f"a test run of `r0 = 2` gave {found}"
