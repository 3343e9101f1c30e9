"""Seed after seed: a case, its verdict, its inputs on every engine; what differs is minimised and written.

totals = run(Plan(programs=100, inputs=20, seed=1))
totals.pairs, totals.findings
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir.decode import decode
from bpfcc.bpfir.isa_table import form_of
from tests.fuzzing.engines import Engines, differences, names
from tests.fuzzing.finding import Finding, write
from tests.fuzzing.generator import generate
from tests.fuzzing.inputs import inputs
from tests.fuzzing.minimise import Probe, judged, minimise

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fuzzing.case import Case

# Seeds of one piece of work.
SLICE: Final = 20
# How many of them one process does.
SLICES_OF_A_PROCESS: Final = 25


@final
@dataclass(frozen=True, slots=True)
class Plan:
    """`programs` from `seed` on, `inputs` for each, on those back ends (None: all), in so many processes (0: this one). Findings go to
    `out`."""

    programs: int
    inputs: int
    seed: int = 0
    back_ends: tuple[str, ...] | None = None
    out: Path | None = None
    minutes: float | None = None
    jobs: int = 0
    # For minimising one finding.
    seconds: float = 120


@final
@dataclass(slots=True)
class Totals:
    """What was done. `pairs`: a program and an input, on every engine; `runs` by engine; `forms`: instructions of what was run."""

    programs: int = 0
    accepted: int = 0
    pairs: int = 0
    kernel_pairs: int = 0
    insns: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    kernel_refused: Counter[str] = field(default_factory=Counter)
    runs: Counter[str] = field(default_factory=Counter)
    forms: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    seconds: float = 0

    @property
    def acceptance(self) -> float:
        """How many of the programs the verifier accepts, of 1."""
        return self.accepted / max(self.programs, 1)

    def add(self, other: Totals) -> None:
        """Both together."""
        self.programs += other.programs
        self.accepted += other.accepted
        self.pairs += other.pairs
        self.kernel_pairs += other.kernel_pairs
        self.insns += other.insns
        for name in ("rejected", "kernel_refused", "runs", "forms"):
            getattr(self, name).update(getattr(other, name))
        self.findings += other.findings

    def report(self) -> str:
        """For people."""
        speed = self.pairs / self.seconds if self.seconds else 0
        lines = [
            f"{self.programs} programs of {self.insns / max(self.accepted, 1):.0f} instructions, {100 * self.acceptance:.1f} % accepted",
            f"{self.pairs} program-input pairs, {self.kernel_pairs} of them in the kernel too; {sum(self.runs.values())} runs:",
            *(f"    {name}: {count}" for name, count in self.runs.items()),
            f"{self.seconds:.0f} s, {speed:.0f} pairs/s; {len(self.forms)} forms of instructions",
            *(f"rejected: {count} {what}" for what, count in self.rejected.most_common(8)),
            *(f"refused by the kernel: {count} {what}" for what, count in self.kernel_refused.most_common(8)),
            *(f"DIFFERENCE: {what}" for what in self.findings),
        ]
        return "\n".join(lines)


# What is done for each seed.
Trial = Callable[[int, Plan, Sequence[str]], Totals]


def trial(seed: int, plan: Plan, only: Sequence[str]) -> Totals:
    """One case."""
    rng = random.Random(seed)
    case = generate(rng)
    totals = Totals(programs=1)
    verdicts = judged(case)
    wrong = next((verdict for verdict in verdicts if not verdict.accepted), None)
    if wrong is not None:
        totals.rejected[next((f"{f.code} {f.message}" for f in wrong.findings if f.level == "error"), wrong.status)] += 1
        return totals
    totals.accepted, totals.insns = 1, case.insns
    totals.forms.update(forms_of(case))
    with Engines(case, verdicts, only) as engines:
        if engines.refused:
            totals.kernel_refused[engines.refused.splitlines()[-1][:100]] += 1
        for number, given in enumerate(inputs(rng, case, plan.inputs)):
            outcomes = engines.outcomes(given)
            totals.pairs += 1
            totals.kernel_pairs += "kernel" in outcomes
            totals.runs.update(list(outcomes))
            found = differences(outcomes)
            if found:
                totals.findings.append(settle(Finding(case, given, found, seed, number, case.insns), plan))
                break
    return totals


def forms_of(case: Case) -> Iterator[str]:
    """Names of the forms of its instructions."""
    for part in case.programs:
        for insn in decode(part.code):
            form = form_of(insn) if insn is not None else None
            if form is not None:
                yield form.name


def settle(found: Finding, plan: Plan) -> str:
    """Minimise a finding and write it; a line about it."""
    engine = next(iter(found.differences))
    small = minimise(found.case, found.given, Probe(engine, seconds=plan.seconds))
    with Engines(small.case, judged(small.case), names(plan.back_ends)) as engines:
        # Minimised, it may be another engine's as well.
        now = differences(engines.outcomes(small.given)) or found.differences
    smaller = found._replace(case=small.case, given=small.given, differences=now)
    said = f"seed {found.seed}, input {found.number}, {small.case.insns} instructions: " + "; ".join(
        f"{name}: {text[:200]}" for name, text in now.items()
    )
    if plan.out is not None:
        said += f" ({write(plan.out, f'seed-{found.seed}', smaller)})"
    return said


def work(seeds: Sequence[int], plan: Plan, only: Sequence[str], until: float | None, one: Trial) -> Totals:
    """Several cases."""
    totals = Totals()
    for seed in seeds:
        if until is not None and time.time() > until:
            break
        totals.add(one(seed, plan, only))
    return totals


@final
class Pool:
    """Slices of a plan in other processes: one that dies of a program is a finding, and the others go on."""

    def __init__(self, plan: Plan, take: Callable[[Totals], None], until: float | None, one: Trial) -> None:
        self.plan = plan
        self.only = names(plan.back_ends)
        self.take = take
        self.until = until
        self.one = one

    def run(self, slices: Sequence[Sequence[int]]) -> None:
        """All of them."""
        # Compilers keep some of what they saw: processes make room for others now and then.
        batch = SLICES_OF_A_PROCESS * self.plan.jobs
        for at in range(0, len(slices), batch):
            left = self._together(slices[at : at + batch], self.plan.jobs)
            while left:
                left = self._after_death(left)

    def _together(self, slices: Sequence[Sequence[int]], jobs: int) -> list[Sequence[int]]:
        """Those that were not done when a process died."""
        left = []
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            futures = {pool.submit(work, seeds, self.plan, self.only, self.until, self.one): seeds for seeds in slices}
            for done in as_completed(futures):
                try:
                    found = done.result()
                except BrokenProcessPool:
                    left.append(futures[done])
                else:
                    self.take(found)
        return sorted(left, key=lambda seeds: seeds[0])

    def _after_death(self, slices: Sequence[Sequence[int]]) -> list[Sequence[int]]:
        """What is left when the seeds that were in work then have been done one by one."""
        # Work is taken in order, and one slice more is taken than there are processes.
        begun, rest = slices[: self.plan.jobs + 1], slices[self.plan.jobs + 1 :]
        seeds: list[Sequence[int]] = [range(seed, seed + 1) for each in begun for seed in each]
        left = self._together(seeds, 1)
        if not left:
            self.take(Totals(findings=[f"a process died of one of the seeds {begun[0][0]} … {begun[-1][-1]}, and then did not"]))
        while left:
            self.take(Totals(programs=1, findings=[f"seed {left[0][0]}: the process died"]))
            left = self._together(left[1:], 1)
        return self._together(rest, self.plan.jobs)


def run(plan: Plan, say: Callable[[Totals], None] | None = None, one: Trial = trial) -> Totals:
    """All of a plan; `say` hears of each slice. `one` is what is done for each seed."""
    started = time.monotonic()
    until = None if plan.minutes is None else time.time() + 60 * plan.minutes
    slices = [range(at, min(at + SLICE, plan.seed + plan.programs)) for at in range(plan.seed, plan.seed + plan.programs, SLICE)]
    totals = Totals()

    def take(part: Totals) -> None:
        totals.add(part)
        totals.seconds = time.monotonic() - started
        if say is not None:
            say(totals)

    if plan.jobs:
        Pool(plan, take, until, one).run(slices)
    else:
        only = names(plan.back_ends)
        for seeds in slices:
            take(work(seeds, plan, only, until, one))
    totals.seconds = time.monotonic() - started
    return totals
