"""Which programs may run without checks: those with a verdict that accepts them, on the code that it was given for.

    found = admit([program], [verdict], steps=100_000_000)
    found.bound                 instructions of a run at most; None: accepted, but runs checked
    found.zeroed[0]             functions of the first program whose frames have to be cleared

An accepted program runs checked all the same where unchecked would mean more than its verdict says: it follows pointers into a kernel
that is not here, lets addresses out (of the process then), or its loops have no bound that fits the budget.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from bpfcc.backends.context import EITHER, OTHER, ContextFlow
from bpfcc.bpfir.ops import Call, CallExtern, Value
from bpfcc.errors import RejectedError
from bpfcc.judgement import Rules
from bpfcc.runtime.specs import load_platform
from bpfcc.verification import judge_here

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bpfcc.bpfir.function import Module
    from bpfcc.program import Program
    from bpfcc.runtime.specs import Platform
    from bpfcc.verifier.verdict import Verdict

RAW: Final = "raw"
# Linux follows at most so many tail calls in a run.
MAX_TAIL_CALLS: Final = 33
# What helpers return and contexts hold that is of this process. Everything else is, or may be, the kernel's.
OWN_RETURNS: Final = frozenset({"integer", "void", "map_value", "map_value_or_null", "ringbuf_mem_or_null", "dynptr_mem_or_null"})
OWN_FIELDS: Final = frozenset({"scalar", "packet_start", "packet_end", "packet_meta", "packet_length", "memory_start", "memory_end"})
# What they read, the context's own bytes for one, is not the same here: packet addresses among it have other values, or none.
KERNEL_READERS: Final = ("probe_read", "copy_from_user")
LEAK: Final = "V024"


class Admission(NamedTuple):
    """`bound`: instructions that a run executes at most, under which the programs run unchecked; None: they have to run checked.
    `zeroed`: of each program, functions with frame bytes that may be read before they are written."""

    bound: int | None
    zeroed: tuple[Mapping[str, int], ...] = ()


def admit(chain: Sequence[Program], given: Sequence[Verdict], steps: int, *, counted: bool = False) -> Admission:
    """How the programs may run; `counted`: their code ends loops by itself, so that no bound is asked for.

    `given` are verdicts on some of them, on the first if any. RejectedError where one is not accepted, or the verdict is of other code.
    """
    known = {verdict.digest: verdict for verdict in given}
    found = [known.get(each.ir_digest) or (given[0] if given and each is chain[0] else judged(each)) for each in chain]
    for program, each in zip(chain, found, strict=True):
        check(program, each)
    zeroed = tuple(each.zeroed for each in found)
    bounds = [each.stats.max_path_insns for each in found]
    if any(leaks(each) for each in found) or any(needs_kernel(program.ir, program) for program in chain):
        return Admission(None, zeroed)
    longest = 0
    for bound in bounds:
        if bound is None and not counted:
            return Admission(None, zeroed)
        longest = max(longest, bound or 0)
    total = longest * (1 if len(chain) == 1 else MAX_TAIL_CALLS + 1)
    return Admission(total if total <= steps or counted else None, zeroed)


def judged(program: Program) -> Verdict:
    """By the rules of its own platform."""
    return judge_here(program, Rules(program.platform))


def check(program: Program, verdict: Verdict) -> None:
    """RejectedError unless the verdict accepts this very program by the rules of its platform."""
    if verdict.digest != program.ir_digest and verdict.digest:
        raise RejectedError(f"the verdict given for program {program.name!r} is of other code", verdict, file=program.file)
    if verdict.accepted and verdict.platform != load_platform(program.platform).name:
        raise RejectedError(f"program {program.name!r} was judged by the rules of {verdict.platform}", verdict, file=program.file)
    if not verdict.accepted or not verdict.digest:
        raise RejectedError(f"program {program.name!r} is {verdict.status}: {reason(verdict)}", verdict, file=program.file)


def reason(verdict: Verdict) -> str:
    """The first error, and how many there are."""
    errors = [finding for finding in verdict.findings if finding.level == "error"]
    if not errors:
        return "without a reason"
    first = errors[0]
    place = f"{first.source}: " if first.source is not None else f"instruction {first.insn}: " if first.insn >= 0 else ""
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{place}{first.code} {first.message}{more}"


def leaks(verdict: Verdict) -> bool:
    """Whether an address may get out: in a checked run it says nothing about this process."""
    return any(finding.code == LEAK for finding in verdict.findings)


def needs_kernel(module: Module, program: Program) -> bool:
    """Whether it may follow a pointer into kernel memory. Linux catches such faults; here only checked runs can."""
    platform = load_platform(program.platform)
    program_type = program.type or RAW
    if program_type == RAW:
        return calls_kernel(module, program_type, platform)
    kind, context = platform.program_type(program_type), platform.context_of(program_type)
    if kind.packet is None or context is None or calls_kernel(module, program_type, platform) or holds_kernel_pointers(program):
        return True
    fields = [each for each in context.fields if each.kind not in OWN_FIELDS]
    return bool(fields) and loads_any(module, [(each.offset, each.size) for each in fields])


def calls_kernel(module: Module, program_type: str, platform: Platform) -> bool:
    """Whether a helper hands out a kernel object or reads kernel memory, or a kernel function is called."""
    for fn in module.functions:
        for op in fn.ops():
            if isinstance(op, CallExtern):
                return True
            if isinstance(op, Call) and op.helper >= 0:
                helper = platform.helper(op.helper, program_type)
                if helper.returns not in OWN_RETURNS or helper.name.startswith(KERNEL_READERS):
                    return True
    return False


def holds_kernel_pointers(program: Program) -> bool:
    """Whether a map's values hold such pointers."""
    from bpfcc.types import object_types

    types = object_types(program.btf, program.type)
    return any(kind.startswith("kptr") for spec in program.maps for kind, _ in types.map_fields(spec).fields.values())


def loads_any(module: Module, fields: list[tuple[int, int]]) -> bool:
    """Whether the program reads one of the context's fields, as far as can be told."""
    flow = ContextFlow(module)
    flow.run()
    for fn in module.functions:
        for op in fn.ops():
            base = getattr(op, "base", None)
            fact = flow.facts.get(base, OTHER) if type(base) is Value else OTHER
            if fact == EITHER:
                return True
            if type(fact) is int:
                first = fact + op.offset  # type: ignore[attr-defined]
                if any(at < first + op.size_bytes and first < at + size for at, size in fields):  # type: ignore[attr-defined]
                    return True
    return False
