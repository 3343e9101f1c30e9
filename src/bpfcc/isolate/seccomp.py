"""A seccomp filter for a process that only computes: memory, clock, one pipe to write to, and the end.

    Filter(answer_fd=5).install()         from here on open, socket, fork, kill … fail with EPERM
    Filter(answer_fd=5, reply_fd=6)       the same, for a child that is answered: it may read from that pipe

The filter is a list of calls that are let through; everything else is refused, so a call that did not exist when this was
written is refused too. It is classic BPF (seccomp(2)), built here and installed with prctl(2); x86-64 and arm64.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from typing import Final

AUDIT_ARCH: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# name -> (x86-64, arm64). None: the machine has no such call.
ALLOWED: Final[dict[str, tuple[int | None, int]]] = {
    "brk": (12, 214),
    "clock_getres": (229, 114),
    "clock_gettime": (228, 113),
    "close": (3, 57),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "futex": (202, 98),
    "getpid": (39, 172),
    "getrandom": (318, 278),
    "getrusage": (98, 165),
    "gettid": (186, 178),
    "gettimeofday": (96, 169),
    "madvise": (28, 233),
    "mremap": (25, 216),
    "munmap": (11, 215),
    "restart_syscall": (219, 128),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sched_yield": (24, 124),
    "sigaltstack": (131, 132),
}
# Let through with a condition on an argument.
READ: Final = (0, 63)  # only from the parent's replies, where there are any
WRITE: Final = (1, 64)  # only to the answer
MMAP: Final = (9, 222)  # only anonymous, never executable
MPROTECT: Final = (10, 226)  # never executable
PROT_EXEC: Final = 4
MAP_ANONYMOUS: Final = 0x20

LOAD, JUMP, JUMP_EQUAL, JUMP_SET, JUMP_AT_LEAST, RETURN = 0x20, 0x05, 0x15, 0x45, 0x35, 0x06
AT_NUMBER, AT_ARCH, AT_ARGUMENTS = 0, 4, 16
KILL: Final = 0x80000000
ALLOW: Final = 0x7FFF0000
REFUSE: Final = 0x00050000 | errno.EPERM
X32_BIT: Final = 0x40000000

PR_SET_NO_NEW_PRIVS: Final = 38
PR_SET_SECCOMP: Final = 22
SECCOMP_MODE_FILTER: Final = 2


def supported() -> bool:
    """Whether this machine has a filter here."""
    return sys.platform == "linux" and os.uname().machine in AUDIT_ARCH


def filter_program(machine: str, answer_fd: int, reply_fd: int | None = None) -> bytes:
    """The filter as `struct sock_filter[]`, for `machine` as `os.uname()` says it."""
    column = 0 if machine == "x86_64" else 1
    program = [
        (LOAD, 0, 0, AT_ARCH),
        (JUMP_EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, AT_NUMBER),
        # The second x86-64 call table would let numbers mean something else.
        (JUMP_AT_LEAST, 0, 1, X32_BIT),
        (RETURN, 0, 0, KILL),
    ]
    for numbers in ALLOWED.values():
        number = numbers[column]
        if number is not None:
            program += [(JUMP_EQUAL, 0, 1, number), (RETURN, 0, 0, ALLOW)]
    for number, descriptor in ((WRITE[column], answer_fd), (READ[column], reply_fd)):
        if descriptor is not None:
            program += _when(number, [(LOAD, 0, 0, argument(0)), (JUMP_EQUAL, 0, 1, descriptor), (RETURN, 0, 0, ALLOW)])
    writable_only = [(LOAD, 0, 0, argument(2)), (JUMP_SET, 1, 0, PROT_EXEC)]
    program += _when(MPROTECT[column], [*writable_only, (RETURN, 0, 0, ALLOW)])
    anonymous = [(LOAD, 0, 0, argument(2)), (JUMP_SET, 3, 0, PROT_EXEC), (LOAD, 0, 0, argument(3)), (JUMP_SET, 0, 1, MAP_ANONYMOUS)]
    program += _when(MMAP[column], [*anonymous, (RETURN, 0, 0, ALLOW)])
    program.append((RETURN, 0, 0, REFUSE))
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def argument(index: int) -> int:
    """Offset of the low half of a call's argument in `struct seccomp_data`; both machines are little-endian."""
    return AT_ARGUMENTS + 8 * index


def _when(number: int, body: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """`body`, then a refusal, for one call number; the number stays loaded for the tests that follow."""
    body = [*body, (RETURN, 0, 0, REFUSE)]
    return [(JUMP_EQUAL, 0, len(body), number), *body]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


class Filter:
    """A filter made ready before the process is confined: installing it must not import or open anything."""

    def __init__(self, answer_fd: int, reply_fd: int | None = None) -> None:
        code = filter_program(os.uname().machine, answer_fd, reply_fd)
        self._code = ctypes.create_string_buffer(code, len(code))
        self._program = _Program(len(code) // 8, ctypes.addressof(self._code))
        libc = ctypes.CDLL(None, use_errno=True)
        self._prctl = libc.prctl
        self._prctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong]

    def set_death_signal(self, signal_number: int) -> None:
        """Die when the parent dies (PR_SET_PDEATHSIG)."""
        self._prctl(1, signal_number, None, 0, 0)

    def install(self) -> None:
        """Confine this process, for good."""
        if self._prctl(PR_SET_NO_NEW_PRIVS, 1, None, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "PR_SET_NO_NEW_PRIVS")
        if self._prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(self._program), 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "PR_SET_SECCOMP")
