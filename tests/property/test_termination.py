"""Bounds hold: no run of a random program that loops takes more steps, or enters a header more often, than was said."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

import pytest

from bpfcc.backends.base import Environment
from bpfcc.backends.interp import Interpreter
from bpfcc.errors import InputError, Trap
from bpfcc.runtime.specs import load_platform
from bpfcc.verifier.differences import Differences
from bpfcc.verifier.expand import expand
from bpfcc.verifier.facts import number_of
from bpfcc.verifier.halving import Halving
from bpfcc.verifier.induction import Induction
from bpfcc.verifier.options import Request
from bpfcc.verifier.ranks import Ranks
from bpfcc.verifier.solver import OutOfSteps, solve
from bpfcc.verifier.subjects import parameters_of, program
from bpfcc.verifier.termination import Bounds
from bpfcc.verifier.unit import Surroundings, Unit
from bpfcc.verifier.unroll import Unrolling
from tests.interp_harness import NativeMemory, helper_address, lifted
from tests.property.loops import looping_program
from tests.property.programs import MEMORY_BYTES, random_program
from tests.property.walker import Walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bpfcc.bpfir.function import Module
    from bpfcc.verifier.solver import Facts
    from bpfcc.verifier.termination import Termination

PLATFORM = load_platform("linux")
RUN_BUDGET = 30_000
WALK_BUDGET = 1_500
# Walking endless programs to the end of the usual budget is most of the time.
WALKED = 2_000
SLICE = 150
SOAK = 6_000


@pytest.fixture(autouse=True)
def small_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less walking."""
    monkeypatch.setattr("bpfcc.verifier.termination.BUDGET", WALKED)


class Excess(NamedTuple):
    """A run that did what it should not."""

    seed: int
    bound: int | None
    memory: bytes
    what: str


def judged(module: Module) -> tuple[Unit, Facts, Bounds, Termination]:
    """What `judge` does of this."""
    around = Surroundings(module, Request(PLATFORM, "raw"))
    subject = program(around)
    form = expand(around, subject.fn)
    unit = Unit(form, around, subject.returns)
    facts = solve(unit, parameters_of(unit, subject), 2_000_000)
    bounds = Bounds(module)
    bounds.judge(form, unit, facts)
    return unit, facts, bounds, bounds.of(module.entry.name)[0]


def memories(rng: random.Random) -> list[bytes]:
    """Inputs: the extremes, and some between."""
    some = [bytes(rng.choice((0, 1, 2, 7, 63, 64, 255, rng.randrange(256))) for _ in range(MEMORY_BYTES)) for _ in range(4)]
    return [bytes(MEMORY_BYTES), b"\xff" * MEMORY_BYTES, *some]


def exceeds(module: Module, bound: int, memory: bytes) -> bool:
    """Whether a run takes more than `bound` steps; where that is very many, nobody waits for it."""
    exe = Interpreter().compile(module, Environment(helper_address=helper_address))
    try:
        with NativeMemory(user=memory) as native_memory, exe.bind(native_memory) as run:
            try:
                result = run.run(min(bound + 1, RUN_BUDGET))
            except Trap as trap:
                return "budget" in str(trap) and bound + 1 <= RUN_BUDGET
            return result.steps is not None and result.steps > bound
    finally:
        exe.close()


def first_excess(seeds: Iterable[int], make: Callable[[random.Random], bytes] = looping_program) -> tuple[Excess | None, int]:
    """The first run that goes beyond its bound or does what the facts rule out, and how many programs with a loop had one."""
    bounded = 0
    for seed in seeds:
        rng = random.Random(seed)
        try:
            module = lifted(make(rng), optimised=True)
            unit, facts, bounds, found = judged(module)
        except (InputError, OutOfSteps):
            continue
        bound = bounds.most()
        bounded += bound is not None and bool(found.visits)
        for memory in memories(rng):
            walk = Walk(unit, facts, found, memory)
            try:
                walk.run(WALK_BUDGET)
            except AssertionError as wrong:
                return Excess(seed, bound, memory, str(wrong)), bounded
            if bound is not None and exceeds(module, bound, memory):
                return Excess(seed, bound, memory, "too many steps"), bounded
    return None, bounded


def test_no_run_exceeds_its_bound() -> None:
    excess, bounded = first_excess(range(SLICE))
    assert excess is None
    assert bounded > SLICE // 8, "too few programs had a bound for this to say anything"


@pytest.mark.soak
def test_no_run_exceeds_its_bound_soak() -> None:
    excess, bounded = first_excess(range(SLICE, SOAK))
    assert excess is None
    assert bounded > SOAK // 8


@pytest.mark.parametrize(
    ("broken", "start"), [("wrap", 30), ("steps", 0), ("shifts", 140), ("inductions", 45), ("walks", 0), ("merges", 0)]
)
def test_a_wrong_bound_is_noticed(broken: str, start: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each method, made wrong, is caught by the comparison with runs; `start` is a little before where that happens."""
    if broken == "wrap":
        # Sums as if nothing wrapped around.
        def careless(self: Differences, op: object, lhs: object, rhs: object, sign: int) -> tuple[int, int]:
            num = number_of(self.facts.known(rhs))  # type: ignore[arg-type]
            span = (num.smin, num.smax) if num is not None else (0, 0)
            seen = self._seen(lhs)  # type: ignore[arg-type]
            return (seen[0] + span[0], seen[1] + span[1]) if sign > 0 else (seen[0] - span[1], seen[1] - span[0])

        monkeypatch.setattr(Differences, "_sum", careless)
        monkeypatch.setattr(Differences, "by_facts", lambda _self, _operand: (-(1 << 100), 1 << 100))
    elif broken == "steps":
        alone = Ranks._alone
        monkeypatch.setattr(Ranks, "_alone", lambda self: [max(n - 1, 1) for n in alone(self)])
    elif broken == "shifts":
        visits = Halving.visits
        monkeypatch.setattr(Halving, "visits", lambda self: n - 2 if (n := visits(self)) is not None and n > 2 else n)
    elif broken == "inductions":
        counted = Induction.visits
        monkeypatch.setattr(Induction, "visits", lambda self, facts: max(n - 1, 1) if (n := counted(self, facts)) is not None else None)
    elif broken == "walks":
        run = Unrolling._run
        monkeypatch.setattr(Unrolling, "_run", lambda self: max(n - 1, 1) if (n := run(self)) is not None else None)
    else:
        # Of ways that meet, only the first counts.
        monkeypatch.setattr(Ranks, "_rounds", lambda self, places, _system: [])
    excess, _ = first_excess(range(start, start + 8 * SLICE))
    assert excess is not None


def test_random_control_flow_is_judged_within_budget() -> None:
    judge_random(range(100))


@pytest.mark.soak
def test_random_control_flow_is_judged_within_budget_soak() -> None:
    judge_random(range(100, 10_000))


def judge_random(seeds: Iterable[int]) -> None:
    """Loops entered anywhere, nested anyhow; what is given a bound keeps to it."""

    def make(rng: random.Random) -> bytes:
        return random_program(rng, rng.randrange(10, 120), calls=False)

    excess, _ = first_excess(seeds, make)
    assert excess is None
