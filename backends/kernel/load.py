"""Linked bytecode into the kernel: indices become file descriptors, functions get their types.

fd = load_program(bytecode, Target("xdp", 6), fds, types)      RejectedByLinux with what the verifier of Linux said
"""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar, final

from bpfcc.backends.kernel import syscall
from bpfcc.bpfir.decode import decode
from bpfcc.errors import InputError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bpfcc.backends.kernel.types import TypeStore
    from bpfcc.bpfir.module import Bytecode, Extern
    from bpfcc.diagnostics import SourcePosition
    from bpfcc.frontend.btf import Btf

Item = TypeVar("Item")
LDDW, CALL = 0x18, 0x85
MAP_SOURCES: Final = frozenset({1, 2})
KERNEL_VARIABLE, KERNEL_FUNCTION = 3, 2
# libbpf puts the same call, of a helper that there is not, where CO-RE found nothing.
NO_HELPER: Final = 195896080
SLEEPABLE, HAS_FRAGS = 1 << 4, 1 << 5
LOG_LINES: Final = 8
# Instructions in the verifier's log: `12: (71) r0 = *(u8 *)(r1 +0)`; older kernels show states after the colon, too.
LOGGED: Final = re.compile(r"^(\d+): \([0-9a-f]{2}\) ", re.MULTILINE)
STATISTICS: Final = ("processed ", "verification time", "stack depth", "insns processed")


@final
@dataclass(frozen=True, slots=True)
class Target:
    """What a program is loaded as. `attach_type` 0: none is said."""

    name: str
    type: str
    number: int
    attach_type: int = 0
    license: str = ""
    sleepable: bool = False
    frags: bool = False
    btf: Btf | None = None


class RejectedByLinuxError(Exception):
    """The kernel's verifier did not take a program."""

    def __init__(self, refused: syscall.Refused, position: SourcePosition | None) -> None:
        super().__init__(refused.errno)
        self.log = refused.log
        self.code = errno.errorcode.get(refused.errno, str(refused.errno))
        self.position = position

    def sentence(self) -> str:
        """The log's last word, or the errno where there is no log."""
        lines = useful_lines(self.log)
        return lines[-1].strip() if lines else os.strerror(self.args[0])


def useful_lines(log: str) -> list[str]:
    """The end of a log, without its statistics."""
    lines = [line for line in log.rstrip("\n").split("\n") if line.strip() and not line.startswith(STATISTICS)]
    return lines[-LOG_LINES:]


def load_program(bytecode: Bytecode, target: Target, fds: Mapping[str, int], types: TypeStore) -> int:
    """BPF_PROG_LOAD: a file descriptor. `fds`: of the maps, by name."""
    code = kernel_code(bytecode, fds)
    details = syscall.ProgramDetails(
        license=target.license,
        name=target.name,
        attach_type=target.attach_type,
        flags=(SLEEPABLE if target.sleepable else 0) | (HAS_FRAGS if target.frags else 0),
    )
    functions = tuple(sorted((span.start, span.btf_type_id) for span in bytecode.functions))
    typed = all(type_id for _, type_id in functions)
    btf = types.fd(target.btf) if target.btf is not None and typed else None
    if btf is not None:
        details = details._replace(btf_fd=btf, functions=functions)
    found = syscall.prog_load(target.number, code, details)
    if isinstance(found, syscall.Refused):
        if found.errno == syscall.EPERM and not found.log:
            message = f"loading {target.type} programs is not permitted here: it takes root, or CAP_BPF with CAP_NET_ADMIN or CAP_PERFMON"
            raise UnsupportedError("backend kernel", message)
        raise RejectedByLinuxError(found, position_of(bytecode, found.log))
    return found


def position_of(bytecode: Bytecode, log: str) -> SourcePosition | None:
    """The C line of the last instruction that the log shows."""
    shown = LOGGED.findall(log)
    slot = int(shown[-1]) if shown else -1
    known = [first for first in bytecode.lines if first <= slot]
    return bytecode.lines[max(known)] if known else None


def kernel_code(bytecode: Bytecode, fds: Mapping[str, int]) -> bytes:
    """The instructions as the kernel takes them."""
    code = bytearray(bytecode.code)
    for slot, insn in enumerate(decode(bytecode.code)):
        if insn is None:
            continue
        if slot in bytecode.unresolved:
            _poison(code, slot, 2 if insn.opcode == LDDW else 1)
        elif insn.opcode == LDDW and insn.src in MAP_SOURCES:
            _put(code, slot, fds[_numbered(bytecode.maps, insn.imm, slot, "map").name])
        elif insn.opcode == LDDW and insn.src == KERNEL_VARIABLE:
            number = kernel_type(_numbered(bytecode.externs, insn.imm, slot, "kernel symbol"))
            _put(code, slot, number)
            _put(code, slot + 1, 0)
            if not number:
                # The address of what is not there: zero, as a plain number.
                code[8 * slot + 1] &= 0x0F
        elif insn.opcode == CALL and insn.src == KERNEL_FUNCTION:
            number = kernel_type(_numbered(bytecode.externs, insn.imm, slot, "kernel symbol"))
            if number:
                _put(code, slot, number)
            else:
                _poison(code, slot, 1)
    return bytes(code)


def _numbered(found: Sequence[Item], number: int, slot: int, what: str) -> Item:
    """The one that an instruction names."""
    if not 0 <= number < len(found):
        raise InputError(f"there is no {what} {number}; there are {len(found)}", insn=slot)
    return found[number]


def _put(code: bytearray, slot: int, immediate: int) -> None:
    code[8 * slot + 4 : 8 * slot + 8] = immediate.to_bytes(4, "little")


def _poison(code: bytearray, slot: int, slots: int) -> None:
    for each in range(slot, slot + slots):
        code[8 * each : 8 * each + 8] = bytes([CALL, 0, 0, 0]) + NO_HELPER.to_bytes(4, "little")


def kernel_type(extern: Extern) -> int:
    """A kernel function's or variable's number in the running kernel's types; 0 where a weak one is not there."""
    from bpfcc.frontend.btf import Btf

    kernel = Btf.kernel()
    found = kernel.find(extern.name, "func" if extern.kind == "kfunc" else "var") if kernel is not None else None
    if found is None and not extern.weak:
        message = f"{extern.name} is not among the functions and variables of which this kernel's own types tell"
        raise UnsupportedError(f"{extern.kind} {extern.name}", message)
    return found or 0
