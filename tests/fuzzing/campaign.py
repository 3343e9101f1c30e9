"""Seed after seed: a case, its verdict, its inputs on every engine; what differs is minimised and written.

totals = run(Plan(programs=100, inputs=20, seed=1))
totals.pairs, totals.findings
"""

from __future__ import annotations

import random
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir.decode import decode
from bpfcc.bpfir.isa_table import form_of
from tests.fuzzing.engines import Engines, differences, names
from tests.fuzzing.finding import Finding, write
from tests.fuzzing.generator import generate
from tests.fuzzing.inputs import inputs
from tests.fuzzing.minimise import Probe, judged, minimise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.fuzzing.case import Case

# Seeds of one piece of work.
SLICE: Final = 20


@final
@dataclass(frozen=True, slots=True)
class Plan:
    """`programs` from `seed` on, `inputs` for each, on those back ends (None: all). Findings go to `out`."""

    programs: int
    inputs: int
    seed: int = 0
    back_ends: tuple[str, ...] | None = None
    out: Path | None = None
    minutes: float | None = None
    jobs: int = 1
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


def work(seeds: Sequence[int], plan: Plan, only: Sequence[str], until: float | None = None) -> Totals:
    """Several cases."""
    totals = Totals()
    for seed in seeds:
        if until is not None and time.time() > until:
            break
        totals.add(trial(seed, plan, only))
    return totals


def run(plan: Plan, say: Callable[[Totals], None] | None = None) -> Totals:
    """All of a plan; `say` hears of each slice."""
    started = time.monotonic()
    until = None if plan.minutes is None else time.time() + 60 * plan.minutes
    only = names(plan.back_ends)
    slices = [range(at, min(at + SLICE, plan.seed + plan.programs)) for at in range(plan.seed, plan.seed + plan.programs, SLICE)]
    totals = Totals()

    def take(part: Totals) -> None:
        totals.add(part)
        totals.seconds = time.monotonic() - started
        if say is not None:
            say(totals)

    if plan.jobs == 1:
        for seeds in slices:
            take(work(seeds, plan, only, until))
    else:
        with ProcessPoolExecutor(plan.jobs) as pool:
            for done in as_completed([pool.submit(work, seeds, plan, only, until) for seeds in slices]):
                take(done.result())
    totals.seconds = time.monotonic() - started
    return totals
