"""Read an object in a confined child before this process reads it.

    check_object(ReadRequest(data, file="filter.o"))        Reading(programs=(ProgramDigest("filter", …),), …), or the child's error

The child parses, relocates and (if asked) lifts. When it comes back with an answer, the object has been shown to do no harm
to the reader: no crash, no hang, no memory explosion. The caller then reads it again, and compares digests.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, final

from bpfcc.errors import BpfccError, InputError, UnsupportedError
from bpfcc.isolate.confine import Limits
from bpfcc.isolate.wire import Reading, parse_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bpfcc.bpfir.module import Bytecode
    from bpfcc.frontend.btf import Btf
    from bpfcc.frontend.objects import Object


@final
@dataclass(frozen=True, slots=True)
class ReadRequest:
    """An object, and how far to read it.

    `target_btf`: bytes of a BTF file that the user named. `kernel_types`: the running kernel's types may be used.
    `lift`: to the IR, not only to linked bytecode. `programs`: only these, by key; None means all. `platform`: whose object it is.
    """

    data: bytes
    file: str | None = None
    types: Mapping[str, str] | None = None
    target_btf: bytes | None = None
    kernel_types: bool = False
    lift: bool = True
    programs: tuple[str, ...] | None = None
    platform: str = "linux"


def check_object(request: ReadRequest, limits: Limits | None = None, *, meanwhile: Callable[[], None] | None = None) -> Reading:
    """Read `request` in a child; what the child refuses is raised here. `meanwhile` is called while the child works, if it can be."""
    limits = limits or Limits()
    reading = _read_once(request, limits, meanwhile)
    if reading.needs_kernel_types and not request.kernel_types:
        # Only now is it known that the kernel's types are wanted; loading them is not free.
        reading = _read_once(replace(request, kernel_types=True), limits)
    return reading


def _read_once(request: ReadRequest, limits: Limits, meanwhile: Callable[[], None] | None = None) -> Reading:
    from bpfcc.isolate.fork import can_fork, run_forked

    if can_fork():
        job = prepare(request)
        answer = run_forked(job.run, limits, file=request.file, meanwhile=meanwhile)
    else:
        from bpfcc.isolate.spawn import run_spawned

        answer = run_spawned(request, limits)
    return parse_answer(answer, file=request.file)


@final
@dataclass(slots=True)
class Job:
    """A request with everything imported and opened that serving it needs."""

    request: ReadRequest
    kernel_btf: Btf | None

    def run(self) -> dict[str, Any]:
        """In the child: read, and say what was found."""
        from bpfcc.frontend.conventions import conventions_of
        from bpfcc.frontend.objects import load

        request = self.request
        target = btf_from_bytes(request.target_btf) if request.target_btf is not None else self.kernel_btf
        conventions = conventions_of(request.platform)
        obj = load(request.data, types=request.types, target_btf=target, file=request.file, conventions=conventions)
        if target is None and not request.kernel_types and wants_target(obj):
            return {"programs": [], "needs_kernel_types": True}
        chosen = [key for key in obj.programs if request.programs is None or key in request.programs]
        chosen += [key for key in request.programs or () if key not in chosen]
        return {"programs": [record for key in chosen if (record := self._program(obj, key))], "needs_kernel_types": False}

    def _program(self, obj: Object, key: str) -> dict[str, Any] | None:
        # One program's fault is reported when it is that program's turn; the others may be fine.
        try:
            program = obj.programs.get(key) or obj.program(key)
            code = program.bytecode
            digest = code_digest(code)
            if not self.request.lift:
                return {"key": key, "code": digest, "ir": None}
            from bpfcc.bpfir.printer import print_module
            from bpfcc.pipeline import lift_bytecode

            return {"key": key, "code": digest, "ir": text_digest(print_module(lift_bytecode(code, program.type, self.request.platform)))}
        except (InputError, UnsupportedError):
            return None


def prepare(request: ReadRequest) -> Job:
    """Import and open what the child will need: later it cannot."""
    from bpfcc.frontend.btf import Btf
    from bpfcc.frontend.conventions import conventions_of
    from bpfcc.pipeline import warm_up

    warm_up(lift=request.lift)
    conventions_of(request.platform)
    return Job(request, Btf.kernel() if request.kernel_types and request.target_btf is None else None)


def wants_target(obj: Object) -> bool:
    """Whether the object has CO-RE relocations."""
    return obj.btf_ext is not None and bool(obj.btf_ext.core_relocations)


def btf_from_bytes(data: bytes) -> Btf:
    """BTF as a file has it: raw, or in an ELF file."""
    from bpfcc.frontend.btf import Btf
    from bpfcc.frontend.elf import ElfFile

    if data[:4] != b"\x7fELF":
        return Btf.from_bytes(data)
    elf = ElfFile(data)
    section = elf.section(".BTF")
    if section is None:
        raise InputError("no .BTF section")
    return Btf.from_bytes(elf.contents(section))


def code_digest(code: Bytecode) -> str:
    """SHA-256 of linked code and of where its functions lie."""
    functions = ";".join(f"{span.name},{span.start},{span.length}" for span in code.functions)
    return hashlib.sha256(code.code + b"\0" + functions.encode()).hexdigest()


def text_digest(text: str) -> str:
    """SHA-256 of IR text."""
    return hashlib.sha256(text.encode()).hexdigest()


__all__ = ["BpfccError", "Job", "ReadRequest", "btf_from_bytes", "check_object", "code_digest", "prepare", "text_digest"]
