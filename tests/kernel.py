"""bpf(2) for tests that compare with the running kernel: maps, loading, test runs. Nothing is ever attached.

    fd = prog_load(XDP, code)                      # a file descriptor, or Refused with the verifier's log
    retval, data, nanoseconds = prog_test_run(fd, packet)

The calls are the product's own (`bpfcc.backends.kernel.syscall`). Tests that use them carry `needs_kernel`, which skips with the
reason where bpf(2) cannot be called.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import TypeVar

import pytest

from bpfcc.backends.kernel import syscall
from bpfcc.backends.kernel.syscall import Refused, map_delete, map_next_key, map_update, why_unavailable

__all__ = [
    "SCHED_CLS", "SOCKET_FILTER", "XDP", "Refused", "kernel_available", "map_create", "map_delete", "map_lookup", "map_next_key",
    "map_update", "needs_kernel", "prog_load", "prog_test_run", "why_unavailable",
]  # fmt: skip

SOCKET_FILTER = 1
SCHED_CLS = 3
XDP = 6

Test = TypeVar("Test", bound=Callable[..., None])


def _bpf(command: int, attributes: bytes) -> tuple[int, bytes]:
    """Call bpf(2); (result, attributes as the kernel left them). Raises OSError."""
    buffer = ctypes.create_string_buffer(attributes, max(len(attributes), 144))
    return syscall.bpf(command, buffer), buffer.raw


def prog_load(
    prog_type: int, code: bytes, license_name: str = "GPL", *, attach_type: int = 0, log_level: int = 0, types: int = 0,
    functions: tuple[tuple[int, int], ...] = (),
) -> int | Refused:  # fmt: skip
    """Load a program; one refused without a log (`log_level` 0) is tried again with it, so that the answer says why.

    `functions`: (first slot, type) of each, in the BTF behind the file descriptor `types`.
    """
    details = syscall.ProgramDetails(license_name, "bpfcc_test", attach_type, btf_fd=types, functions=tuple(functions), log_level=log_level)
    return syscall.prog_load(prog_type, code, details)


def prog_test_run(fd: int, data_in: bytes, ctx_in: bytes | None = None, repeat: int = 1) -> tuple[int, bytes, int]:
    """Run once or `repeat` times: (r0's low 32 bits, packet afterwards, mean duration in nanoseconds)."""
    ran = syscall.prog_test_run(fd, syscall.RunInput(data_in, ctx_in, repeat, len(data_in) + 4096))
    return ran.return_value, ran.data, ran.ns


def map_create(map_type: int, key_size: int, value_size: int, max_entries: int, flags: int = 0) -> int:
    """A new map's file descriptor; raises OSError."""
    return syscall.map_create(syscall.MapCreate(map_type, key_size, value_size, max_entries, flags))


def map_lookup(fd: int, key: bytes, value_bytes: int) -> bytes | None:
    """The value (of per-CPU maps: all values in a row, give their whole size), or None where there is none."""
    try:
        return syscall.map_lookup(fd, key, value_bytes)
    except FileNotFoundError:
        return None


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
