"""What the verifier says: findings, and the verdict that they make.

    verdict.status                  "accepted" | "rejected" | "unsupported"
    verdict.findings[0].code        "V011"
    verdict.stats.max_path_insns    120

A finding is a value. How it is named for a reader (C variables, source lines) is the business of `bpfcc.explain`, above.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bpfcc.diagnostics import SourcePosition

Status = Literal["accepted", "rejected", "unsupported"]
Level = Literal["error", "warning"]
Cause = Literal["source", "analysis-limit", "compiler", "environment", "unsupported"]
# Which operand of the instruction a finding is about: what a reader wants named. `argN` is rN of a call.
Role = Literal["base", "value", "lhs", "rhs", "arg1", "arg2", "arg3", "arg4", "arg5", "result"]


@final
@dataclass(frozen=True, slots=True)
class Related:
    """Another place that belongs to a finding: where knowledge was lost, where a reference was acquired."""

    message: str
    insn: int
    source: SourcePosition | None = None


@final
@dataclass(frozen=True, slots=True)
class Counterexample:
    """Inputs with which the checked interpreter traps at the finding's instruction; replayed before it is shown.

    `packet` and `data` are bytes or None: `data` is the memory of type `raw`, and the whole context of types without packets. `context`:
    fields by name where there is a packet; `maps` contents as `bpfcc run --maps` takes them. `environment` says what must not be as
    usual: `clock_ns`, `pid`, `tid`, `uid`, `gid`, `comm`, `seed` of random numbers, and `repeat`, how many runs it takes.
    """

    packet: bytes | None = None
    data: bytes | None = None
    context: Mapping[str, int | tuple[int, ...]] = field(default_factory=dict)
    maps: Mapping[str, object] = field(default_factory=dict)
    environment: Mapping[str, int | str] = field(default_factory=dict)
    trap: str = ""
    steps: int = 0


@final
@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong (or, as a warning, doubtful).

    `message`, `required`, `known` and `suggestion` may contain `{base}`, `{value}`, `{arg2}` …: the operands of the instruction,
    replaced by the names that the C source has for them. `insn` is -1 where no one instruction is at fault.
    """

    code: str
    level: Level
    message: str
    function: str
    insn: int
    required: str | None = None
    known: str | None = None
    cause: Cause = "source"
    role: Role | None = None
    related: tuple[Related, ...] = ()
    suggestion: str | None = None
    source: SourcePosition | None = None
    counterexample: Counterexample | None = None


@final
@dataclass(frozen=True, slots=True)
class Stats:
    """What judging took. Times in microseconds; `max_path_insns` bounds the executed bytecode instructions, None where unbounded."""

    insns: int = 0
    values: int = 0
    time_us: int = 0
    stages: Mapping[str, int] = field(default_factory=dict)
    peak_kib: int = 0
    max_path_insns: int | None = None
    stack_bytes: int = 0
    steps: int = 0


@final
@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement on one program. `digest` is the SHA-256 of the IR text that was judged (decision 5)."""

    name: str
    section: str
    type: str | None
    platform: str
    status: Status
    findings: tuple[Finding, ...] = ()
    stats: Stats = field(default_factory=Stats)
    digest: str = ""
    # Frame bytes that back ends must zero, by function: not shown to be written before they are read. 512-bit masks.
    zeroed: Mapping[str, int] = field(default_factory=dict)

    @property
    def accepted(self) -> bool:
        """Whether the program may run unchecked."""
        return self.status == "accepted"
