"""Judge a module: every function of it that is judged by itself, in stages.

    judgement = judge(module, request)
    judgement.status, judgement.findings, judgement.stats
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Final, final

from bpfcc.bpfir.ops import Load, Op
from bpfcc.verifier.checks.operation import check
from bpfcc.verifier.codes import CODES
from bpfcc.verifier.facts import UNDEFINED, Fact, pointer
from bpfcc.verifier.globals import parameters, prototype_of
from bpfcc.verifier.linear import Linear
from bpfcc.verifier.paths import Prover, Spent
from bpfcc.verifier.places import changes, find_places
from bpfcc.verifier.solver import OutOfSteps, solve
from bpfcc.verifier.steps import step
from bpfcc.verifier.unit import Surroundings, Unit
from bpfcc.verifier.verdict import Finding, Stats
from bpfcc.verifier.versions import Versions
from bpfcc.verifier.view import View

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bpfcc.bpfir.function import Block, Function, Module
    from bpfcc.verifier.checks.problem import Problem
    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.options import Request
    from bpfcc.verifier.solver import Facts
    from bpfcc.verifier.verdict import Status


# What is wrong on every path alike.
WITHOUT_PATHS: Final = frozenset({"V030", "V031", "V032", "V036", "V038", "V039", "V064", "V067", "V075"})


@final
@dataclass(slots=True)
class Judgement:
    """What the engine says. `facts` of each function that was judged, for those who look on."""

    status: Status
    findings: tuple[Finding, ...]
    stats: Stats
    zeroed: Mapping[str, int] = field(default_factory=dict)
    facts: dict[str, tuple[Unit, Facts]] = field(default_factory=dict)


@final
@dataclass(slots=True)
class Failure:
    """An operation whose obligation the first stage did not meet."""

    block: Block
    op: Op
    problems: list[Problem]


def judge(module: Module, request: Request) -> Judgement:
    """Judge a program with everything it calls."""
    return _Judge(module, request).run()


@final
class _Judge:
    def __init__(self, module: Module, request: Request) -> None:
        self.module: Final = module
        self.request: Final = request
        self.around: Final = Surroundings(module, request)
        self.findings: list[Finding] = []
        self.stages: dict[str, int] = {}
        self.facts: dict[str, tuple[Unit, Facts]] = {}

    def run(self) -> Judgement:
        began = perf_counter_ns()
        self._function(self.module.entry, entry=True)
        stats = Stats(
            insns=sum(block.steps for fn in self.module.functions for block in fn.blocks),
            values=sum(fn.next_value for fn in self.module.functions),
            time_us=(perf_counter_ns() - began) // 1000,
            stages=self.stages,
        )
        rejected = any(f.level == "error" for f in self.findings)
        return Judgement("rejected" if rejected else "accepted", tuple(self.findings), stats, facts=self.facts)

    def _timed(self, stage: str, since: int) -> int:
        now = perf_counter_ns()
        self.stages[f"{stage}_us"] = self.stages.get(f"{stage}_us", 0) + (now - since) // 1000
        return now

    def _function(self, fn: Function, *, entry: bool) -> None:
        clock = perf_counter_ns()
        unit = Unit(fn, self.around, entry=entry)
        clock = self._timed("shape", clock)
        try:
            facts = solve(unit, self._parameters(unit), self.request.options.budget.sparse_steps)
        except OutOfSteps as spent:
            self._add(fn, _Budget(spent.block), None)
            return
        self.facts[fn.name] = (unit, facts)
        clock = self._timed("sparse", clock)
        linear = Linear(unit, facts.known, Versions(unit, facts).of)
        places = find_places(unit, facts, linear)
        clock = self._timed("places", clock)
        failures: list[Failure] = []
        for block in unit.order:
            if block not in facts.reached or block not in places:
                continue
            view = View(unit, facts.known, places[block], linear)
            for op in block.all_ops():
                problems = check(view, op)
                if problems:
                    failures.append(Failure(block, op, problems))
                if changes(op):
                    view.state = step(view, op)
        clock = self._timed("checks", clock)
        prover = Prover(unit, facts, places, linear, self.request.options.budget)
        for failure in failures:
            for problem in self._remaining(prover, failure):
                self._add(fn, problem, failure.op)
        self._timed("paths", clock)

    def _remaining(self, prover: Prover, failure: Failure) -> list[Any]:
        """Problems that looking at paths did not solve."""
        if all(p.code in WITHOUT_PATHS for p in failure.problems):
            return failure.problems
        outcome = prover.prove(failure.block, failure.op, failure.problems)
        if outcome is None:
            return []
        if isinstance(outcome, Spent):
            return [p._replace(cause="analysis-limit") for p in failure.problems]
        return outcome

    def _parameters(self, unit: Unit) -> list[Scalar | Fact]:
        prototype = None if unit.entry else prototype_of(self.around, unit.fn)
        if prototype is not None:
            return parameters(unit, prototype)
        found: list[Scalar | Fact] = [pointer(unit.ctx)] if self.around.context is not None else [UNDEFINED]
        if self.request.type == "raw":
            return self._raw(unit)
        return (found + [UNDEFINED] * len(unit.fn.params))[: len(unit.fn.params)]

    def _raw(self, unit: Unit) -> list[Any]:
        """r1 = memory, r2 = its length: as a packet is between data and data_end."""
        from bpfcc.verifier.domains import scalar as sc

        found: list[Any] = [pointer(unit.region("raw", "mem", "the memory", 0, unique=True)), sc.urange(0, 1 << 32), UNDEFINED, UNDEFINED, UNDEFINED]
        return found[: len(unit.fn.params)]

    def _add(self, fn: Function, problem: Any, op: Op | None) -> None:
        code = CODES[problem.code]
        default = self.request.platform.levels.get(code.finding_class, "error")
        level = self.request.options.level_of(code.finding_class, default)
        insn = op.insn if op is not None else -1
        self.findings.append(
            Finding(
                code.code, level, problem.message, fn.name, insn, required=problem.required, known=problem.known, cause=problem.cause,
                role=problem.role, suggestion=problem.suggestion,
            )
        )  # fmt: skip


@final
class _Budget:
    code = "V071"
    required = None
    role = None
    suggestion = None
    cause = "analysis-limit"

    def __init__(self, block: Block) -> None:
        self.message = f"the analysis ran out of steps at block b{block.id}"
        self.known = None


__all__ = ["Failure", "Judgement", "Load", "judge"]
