"""bpf(2) for tests that compare with the running kernel: maps, loading, test runs. Nothing is ever attached.

    fd = prog_load(XDP, code)                      # a file descriptor, or Refused with the verifier's log
    retval, data, nanoseconds = prog_test_run(fd, packet)

Tests that use it carry `needs_kernel`, which skips with the reason where bpf(2) cannot be called.
"""

from __future__ import annotations

import ctypes
import functools
import os
import platform
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, final

import pytest

SOCKET_FILTER = 1
SCHED_CLS = 3
XDP = 6

Test = TypeVar("Test", bound=Callable[..., None])

_MAP_CREATE, _MAP_LOOKUP, _MAP_UPDATE, _MAP_DELETE, _MAP_NEXT_KEY, _PROG_LOAD, _TEST_RUN = 0, 1, 2, 3, 4, 5, 10
_SYSCALL = {"x86_64": 321, "aarch64": 280, "riscv64": 280}


@final
@dataclass(frozen=True, slots=True)
class Refused:
    """The kernel did not take a program: errno, and the verifier's log where there is one."""

    errno: int
    log: str


def _bpf(command: int, attributes: bytes) -> tuple[int, bytes]:
    """Call bpf(2); (result, attributes as the kernel left them). Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(attributes, max(len(attributes), 144))
    result = libc.syscall(_SYSCALL[platform.machine()], command, buffer, len(buffer))
    if result < 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno))
    return result, buffer.raw


def _address(buffer: ctypes.Array[ctypes.c_char]) -> int:
    return ctypes.addressof(buffer)


def prog_load(prog_type: int, code: bytes, license_name: str = "GPL", *, attach_type: int = 0, log_level: int = 0) -> int | Refused:
    """Load a program; one refused without a log (`log_level` 0) is tried again with it, so that the answer says why."""
    insns = ctypes.create_string_buffer(code, len(code))
    named = ctypes.create_string_buffer(license_name.encode())
    log = ctypes.create_string_buffer(1 << 20)
    for level in (log_level,) if log_level else (0, 1):
        attributes = struct.pack(
            "<IIQQIIQII16sII",
            prog_type,
            len(code) // 8,
            _address(insns),
            _address(named),
            level,
            len(log) if level else 0,
            _address(log) if level else 0,
            0,
            0,
            b"bpfcc_test",
            0,
            attach_type,
        )
        try:
            return _bpf(_PROG_LOAD, attributes)[0]
        except OSError as error:
            errno = error.errno or 0
    return Refused(errno, log.value.decode(errors="replace"))


def prog_test_run(fd: int, data_in: bytes, ctx_in: bytes | None = None, repeat: int = 1) -> tuple[int, bytes, int]:
    """Run once or `repeat` times: (r0's low 32 bits, packet afterwards, mean duration in nanoseconds)."""
    source = ctypes.create_string_buffer(data_in, len(data_in))
    target = ctypes.create_string_buffer(len(data_in) + 4096)
    context = ctypes.create_string_buffer(ctx_in or b"", max(1, len(ctx_in or b"")))
    has_context = ctx_in is not None
    attributes = struct.pack(
        "<IIIIQQIIIIQQIII",
        fd,
        0,
        len(data_in),
        len(target),
        _address(source),
        _address(target),
        repeat,
        0,
        len(ctx_in or b""),
        0,
        _address(context) if has_context else 0,
        0,
        0,
        0,
        0,
    )
    _, after = _bpf(_TEST_RUN, attributes)
    (_, retval, _, size, _, _, _, duration) = struct.unpack_from("<IIIIQQII", after)
    return retval, target.raw[:size], duration


def map_create(map_type: int, key_size: int, value_size: int, max_entries: int, flags: int = 0) -> int:
    """A new map's file descriptor; raises OSError."""
    return _bpf(_MAP_CREATE, struct.pack("<IIIII", map_type, key_size, value_size, max_entries, flags))[0]


def map_update(fd: int, key: bytes, value: bytes, flags: int = 0) -> None:
    """Insert or replace; raises OSError."""
    keys, values = ctypes.create_string_buffer(key, max(1, len(key))), ctypes.create_string_buffer(value, max(1, len(value)))
    _bpf(_MAP_UPDATE, struct.pack("<IIQQQ", fd, 0, _address(keys) if key else 0, _address(values), flags))


def map_lookup(fd: int, key: bytes, value_bytes: int) -> bytes | None:
    """The value (of per-CPU maps: all values in a row, give their whole size), or None where there is none."""
    keys, values = ctypes.create_string_buffer(key, max(1, len(key))), ctypes.create_string_buffer(value_bytes)
    try:
        _bpf(_MAP_LOOKUP, struct.pack("<IIQQQ", fd, 0, _address(keys) if key else 0, _address(values), 0))
    except FileNotFoundError:
        return None
    return values.raw


def map_delete(fd: int, key: bytes) -> None:
    """Delete; raises FileNotFoundError where there is no such key."""
    keys = ctypes.create_string_buffer(key, max(1, len(key)))
    _bpf(_MAP_DELETE, struct.pack("<IIQ", fd, 0, _address(keys)))


def map_next_key(fd: int, key: bytes | None, key_bytes: int) -> bytes | None:
    """The key after `key` (None: the first), or None at the end."""
    keys, following = ctypes.create_string_buffer(key or b"", max(1, key_bytes)), ctypes.create_string_buffer(max(1, key_bytes))
    try:
        _bpf(_MAP_NEXT_KEY, struct.pack("<IIQQ", fd, 0, 0 if key is None else _address(keys), _address(following)))
    except FileNotFoundError:
        return None
    return following.raw[:key_bytes]


@functools.cache
def why_unavailable() -> str | None:
    """Why bpf(2) cannot be used here, or None where it can: a two-instruction program is loaded and run."""
    if sys.platform != "linux":
        return f"bpf(2) is Linux only, this is {sys.platform}"
    if platform.machine() not in _SYSCALL or sys.byteorder != "little":
        return f"no bpf(2) number known for {platform.machine()}"
    fd = prog_load(XDP, bytes.fromhex("b700000002000000 9500000000000000"))
    if isinstance(fd, Refused):
        return f"bpf(2) refuses a trivial program: {os.strerror(fd.errno)}"
    try:
        retval, _, _ = prog_test_run(fd, bytes(64))
    except OSError as error:
        return f"bpf(2) refuses a test run: {error}"
    finally:
        os.close(fd)
    return None if retval == 2 else f"a test run returned {retval}, not 2"


def kernel_available() -> bool:
    """Whether programs can be loaded and run in the kernel here."""
    return why_unavailable() is None


def needs_kernel(test: Test) -> Test:
    """Decorator: mark a test (or class) `kernel`, and skip it with the reason where there is no usable bpf(2)."""
    reason = why_unavailable()
    skip = pytest.mark.skipif(reason is not None, reason=reason or "bpf(2) works")
    skip(test)
    pytest.mark.kernel(test)
    return test
