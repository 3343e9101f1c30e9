"""The hunt for a mutant that is accepted and traps.

tally = hunt(bases, wanted=150, seed=1)         tally.accepted, tally.failures
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir.check import check
from bpfcc.bpfir.ops import Atomic, AtomicFetch, Call, CompareExchange, Load, Store
from bpfcc.counterexamples import search
from bpfcc.errors import InputError, UnsupportedError
from bpfcc.execution import refuse_externs
from bpfcc.gate import needs_kernel
from bpfcc.pipeline import lift_bytecode
from bpfcc.program import module_digest
from bpfcc.runtime.maps import MapError
from bpfcc.verifier.judge import judge
from bpfcc.verifier.verdict import Finding
from tests.soundness.mutants import mutate_bytecode, mutate_ir, other_program
from tests.soundness.runs import Attack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpfcc.bpfir.function import Module
    from bpfcc.program import Program
    from bpfcc.smt import Smt
    from tests.soundness.corpus import Base
    from tests.soundness.runs import Failure

RUNS: Final = 12
OF_IR: Final = 0.3
ACCESSES: Final = (Load, Store, Atomic, AtomicFetch, CompareExchange, Call)
CANNOT: Final = (InputError, UnsupportedError, MapError)
SEARCHED: Final = 6
SEARCH_RUNS: Final = 60


@final
@dataclass(slots=True)
class Tally:
    """What a hunt saw. `failures`: (base, mutation, what went wrong)."""

    made: int = 0
    accepted: int = 0
    rejected: int = 0
    malformed: int = 0
    same: int = 0
    kernel: int = 0
    runs: int = 0
    searched: int = 0
    seconds: float = 0.0
    slowest: tuple[float, str] = (0.0, "")
    failures: list[tuple[str, str, str]] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.accepted} accepted of {self.made} mutants ({self.rejected} rejected, {self.malformed} malformed, {self.same} not new, "
            f"{self.kernel} need a kernel), {self.runs} runs, {self.searched} accesses searched, {len(self.failures)} failures, "
            f"{self.seconds:.0f} s; slowest verdict {self.slowest[0]:.2f} s ({self.slowest[1]})"
        )


@final
class Hunt:
    """Makes mutants, judges them, runs what is accepted."""

    def __init__(self, bases: Sequence[Base], seed: int, *, smt: Smt | None = None, attacked: float = 0.0) -> None:
        self.bases = bases
        self.seed = seed
        self.smt = smt
        # The share of accepted mutants every access of which is searched for a counterexample.
        self.attacked = attacked
        self.tally = Tally()
        self.seen = {module_digest(base.program.ir) for base in bases}

    def until(self, wanted: int, most: int = 1 << 30, failures: int = 50) -> Tally:
        """Hunt until so many mutants were accepted."""
        begun = time.monotonic()
        while self.tally.accepted < wanted and self.tally.made < most and len(self.tally.failures) < failures:
            self.one(self.seed + self.tally.made)
        self.tally.seconds = time.monotonic() - begun
        return self.tally

    def one(self, seed: int) -> None:
        """One mutant of one base."""
        rng = random.Random(seed)
        base = self.bases[seed % len(self.bases)] if rng.random() < 0.5 else rng.choice(self.bases)
        self.tally.made += 1
        try:
            made = mutant(base, rng)
        except (InputError, UnsupportedError):
            made = None
        if made is None:
            self.tally.malformed += 1
            return
        program, module, what = made
        digest = module_digest(module)
        if digest in self.seen:
            self.tally.same += 1
            return
        self.seen.add(digest)
        begun = time.monotonic()
        found = judge(module, base.request, smt=self.smt)
        self.tally.slowest = max(self.tally.slowest, (time.monotonic() - begun, f"seed {seed}, {base.name}: {what}"))
        if found.status != "accepted":
            self.tally.rejected += 1
        elif needs_kernel(module, program):
            self.tally.kernel += 1
        else:
            self._run(base, program, module, what, rng, found.stats.max_path_insns)

    def _run(self, base: Base, program: Program, module: Module, what: str, rng: random.Random, longest: int | None) -> None:
        try:
            refuse_externs(module)
            with Attack(program, module, longest) as attack:
                failure = attack.first_trap(rng, RUNS)
        except CANNOT:
            self.tally.malformed += 1
            return
        self.tally.accepted += 1
        self.tally.runs += RUNS
        if failure is not None:
            self._failed(base, what, failure)
        elif rng.random() < self.attacked and program.ir is module:
            self._search(base, program, what)

    def _failed(self, base: Base, what: str, failure: Failure) -> None:
        self.tally.failures.append((base.name, what, f"{failure.kind} at {failure.insn}: {failure.message}"))

    def _search(self, base: Base, program: Program, what: str) -> None:
        """Look for a counterexample at accesses of an accepted mutant."""
        for fn in program.ir.functions:
            found = [op for op in fn.ops() if isinstance(op, ACCESSES) and op.insn >= 0]
            for op in found[:SEARCHED]:
                self.tally.searched += 1
                shown = search(program, program.ir, Finding("V011", "error", "", fn.name, op.insn), budget_runs=SEARCH_RUNS)
                if shown is not None:
                    self.tally.failures.append((base.name, what, f"found by search: {shown.trap}"))


def mutant(base: Base, rng: random.Random) -> tuple[Program, Module, str] | None:
    """A program, its IR, and what was changed; None where the change does not fit."""
    bytecode = base.program.bytecode
    if rng.random() < OF_IR:
        module = lift_bytecode(bytecode, base.program.type)
        what = mutate_ir(module, rng)
        if what is None:
            return None
        check(module)
        return base.program, module, what
    changed, what = mutate_bytecode(bytecode, rng)
    program = other_program(base.program, changed)
    return program, program.ir, what


def hunt(
    bases: Sequence[Base], *, wanted: int, seed: int, smt: Smt | None = None, attacked: float = 0.0, failures: int = 50
) -> Tally:  # fmt: skip
    """Hunt until `wanted` distinct mutants were accepted and run, or so many failed."""
    return Hunt(bases, seed, smt=smt, attacked=attacked).until(wanted, failures=failures)
