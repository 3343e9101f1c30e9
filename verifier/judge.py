"""Judge a module: every function of it that is judged by itself, in stages.

judgement = judge(module, request)
judgement.status, judgement.findings, judgement.stats
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Final, final

from bpfcc.bpfir.frame import ALL_BYTES
from bpfcc.bpfir.ops import Call, CallExtern, Op
from bpfcc.runtime.specs.model import UNWRITTEN_KINDS
from bpfcc.verifier.checks.calls import doubt_license
from bpfcc.verifier.checks.operation import check
from bpfcc.verifier.codes import CODES
from bpfcc.verifier.expand import TooLarge, expand, facts_by_function, too_large
from bpfcc.verifier.globals import gives_unwritten
from bpfcc.verifier.kfuncs import kfunc_of
from bpfcc.verifier.linear import Linear
from bpfcc.verifier.paths import Prover
from bpfcc.verifier.places import changes, find_places
from bpfcc.verifier.smt_query import Purse, SmtStage
from bpfcc.verifier.solver import OutOfSteps, solve
from bpfcc.verifier.steps import step
from bpfcc.verifier.subjects import called_by, parameters_of, program
from bpfcc.verifier.termination import Bounds, too_many
from bpfcc.verifier.unit import Surroundings, Unit
from bpfcc.verifier.verdict import Finding, Related, Stats
from bpfcc.verifier.versions import Versions
from bpfcc.verifier.view import View
from bpfcc.verifier.walk import Spent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bpfcc.bpfir.function import Block, Module
    from bpfcc.verifier.checks.problem import Problem
    from bpfcc.verifier.expand import Expanded
    from bpfcc.verifier.options import Request
    from bpfcc.verifier.smt_query import Hint, Smt
    from bpfcc.verifier.solver import Facts
    from bpfcc.verifier.subjects import Subject
    from bpfcc.verifier.verdict import Level, Status


# What is wrong on every path alike.
WITHOUT_PATHS: Final = frozenset({"V030", "V031", "V032", "V025", "V036", "V038", "V039", "V064", "V067", "V075"})

# With these there is no judged form.
WITHOUT_END: Final = frozenset({"V061", "V063"})


# A warning by default, but one that a remainder or a quotient is worth a question for.
ASKED: Final = frozenset({"V021"})
# What the object does not say: no matter of the path.
UNSAID: Final = "V029"
# Steps along paths after which a program that is refused is not looked at any further.
ENOUGH_STEPS: Final = 20_000


@final
@dataclass(slots=True)
class Judgement:
    """What the engine says. `facts` by function, for those who look on: of the values of the module, whatever call it is; with the
    unit that was judged, in whose form static functions are in the place of their calls. `loop_bounds`: by function and number of a
    loop's header, how often that is entered at most once the loop is. `hints`: inputs that may show what is wrong at an instruction, in
    the form that `bpfcc.counterexamples.search` takes."""

    status: Status
    findings: tuple[Finding, ...]
    stats: Stats
    zeroed: Mapping[str, int] = field(default_factory=dict)
    facts: dict[str, tuple[Unit, Facts]] = field(default_factory=dict)
    loop_bounds: dict[str, dict[int, int]] = field(default_factory=dict)
    hints: dict[int, tuple[Hint, ...]] = field(default_factory=dict)


@final
@dataclass(slots=True)
class Failure:
    """An operation whose obligation the first stage did not meet."""

    block: Block
    op: Op
    problems: list[Problem]


def judge(module: Module, request: Request, *, smt: Smt | None = None) -> Judgement:
    """Judge a program with everything it calls; with a solver (see `bpfcc.smt`) in three stages, without one in two."""
    return _Judge(module, request, smt).run()


def _left(outcome: list[Problem] | Spent | None, problems: list[Problem]) -> list[Problem]:
    """What looking at paths left of the problems."""
    if isinstance(outcome, Spent):
        return [p._replace(cause="analysis-limit") for p in problems]
    return outcome or []


def _may_leave_bytes(around: Surroundings) -> bool:
    """Whether something is called that may leave bytes of a buffer as they were, though it is given to be written to.

    They count as written, as they do to the platform's own verifier; what is read there must not be what others left on the stack.
    """
    for fn in around.module.functions:
        for op in fn.ops():
            if type(op) is Call:
                helper = around.helper(op.helper)
                if helper is not None and not helper.fills and any(each.kind in UNWRITTEN_KINDS for each in helper.arguments):
                    return True
            elif type(op) is CallExtern and not around.platform.fills_buffers:
                row = kfunc_of(around, op.extern)
                if row is not None and any(each.kind in UNWRITTEN_KINDS for each in row.arguments):
                    return True
    return False


@final
class _Judge:
    def __init__(self, module: Module, request: Request, smt: Smt | None = None) -> None:
        self.smt: Final = smt if request.options.smt else None
        self.purse: Final = Purse(request.options.budget)
        self.hints: dict[int, tuple[Hint, ...]] = {}
        self.module: Final = module
        self.request: Final = request
        self.around: Final = Surroundings(module, request)
        self.findings: list[Finding] = []
        self.stages: dict[str, int] = {}
        self.facts: dict[str, tuple[Unit, Facts]] = {}
        self.zeroed: dict[str, int] = {}
        self.bounds: Final = Bounds(module)
        self.reported: set[tuple[Any, ...]] = set()

    def run(self) -> Judgement:
        began = perf_counter_ns()
        graph = self.around.graph
        for fault in graph.faults:
            self._report(fault.function, fault.problem, fault.op.insn)
        if not any(fault.problem.code in WITHOUT_END for fault in graph.faults):
            self._subjects()
        if _may_leave_bytes(self.around):
            self.zeroed.update(dict.fromkeys((fn.name for fn in self.module.functions), ALL_BYTES))
        most = self._most()
        stats = Stats(
            insns=sum(block.steps for fn in self.module.functions for block in fn.blocks),
            values=sum(fn.next_value for fn in self.module.functions),
            time_us=(perf_counter_ns() - began) // 1000,
            stages=self.stages,
            stack_bytes=graph.stack_bytes,
            max_path_insns=most,
        )
        rejected = any(f.level == "error" for f in self.findings)
        return Judgement(
            "rejected" if rejected else "accepted", tuple(self.findings), stats, self.zeroed, self.facts, self.bounds.loops(), self.hints
        )

    def _subjects(self) -> None:
        """The program first, then what it calls by prototype and has called later."""
        queue = [program(self.around)]
        seen = {queue[0].key}
        for subject in queue:
            for more in self._function(subject):
                if more.key not in seen:
                    seen.add(more.key)
                    queue.append(more)

    def _timed(self, stage: str, since: int) -> int:
        now = perf_counter_ns()
        self.stages[f"{stage}_us"] = self.stages.get(f"{stage}_us", 0) + (now - since) // 1000
        return now

    def _function(self, subject: Subject) -> list[Subject]:
        """Judge one; what it calls that is judged by itself."""
        clock = perf_counter_ns()
        try:
            form = expand(self.around, subject.fn)
        except TooLarge as large:
            self._report(large.function, too_large(large), large.op.insn)
            return []
        clock = self._timed("expand", clock)
        unit = Unit(form, subject.surroundings(self.around), subject.returns)
        clock = self._timed("shape", clock)
        try:
            facts = solve(unit, parameters_of(unit, subject), self.request.options.budget.sparse_steps)
        except OutOfSteps as spent:
            self._report(form.home(spent.block).function, _Budget(spent.block), -1)
            return []
        for name, found in facts_by_function(form, facts, self.facts).items():
            self.facts[name] = (unit, found)
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
                doubt = doubt_license(view, op)
                if doubt is not None:
                    self._add(form, doubt, block, op)
                if problems:
                    failures.append(Failure(block, op, problems))
                if gives_unwritten(view, op):
                    self._zero(form, block)
                if changes(op):
                    view.state = step(view, op)
        clock = self._timed("checks", clock)
        prover = Prover(unit, facts, places, linear, self.request.options.budget)
        asker = SmtStage(unit, facts, places, linear, self.smt, self.purse) if self.smt is not None and failures else None
        failed = False
        for failure in failures:
            deciding = any(self._level(p.code) == "error" for p in failure.problems)
            if failed and prover.steps > ENOUGH_STEPS:
                break  # The program is refused already: what else may be wrong with it is not worth the time.
            remaining = self._remaining(prover, failure, deciding=deciding)
            if remaining and asker is not None and self._worth_asking(remaining):
                remaining = self._ask(asker, failure, remaining, deciding=deciding)
            if deciding and remaining:
                failed = True
                self.purse.refused()
            for problem in remaining:
                self._add(form, problem, failure.block, failure.op)
        clock = self._timed("paths", clock)
        self._terminates(form, unit, facts)
        self._timed("termination", clock)
        return called_by(unit, facts)

    def _terminates(self, form: Expanded, unit: Unit, facts: Facts) -> None:
        """Every loop comes to an end."""
        for endless in self.bounds.judge(form, unit, facts):
            if self.request.options.termination:
                self._add(form, endless.problem, endless.block, endless.op)

    def _most(self) -> int | None:
        """Instructions that a run executes at most; too many are a finding."""
        most = self.bounds.most()
        limit = self.request.options.max_insns
        if limit is not None and self.request.options.termination and most is not None and most > limit:
            self._report(self.module.entry.name, too_many(most, limit), -1)
        return most

    def _remaining(self, prover: Prover, failure: Failure, *, deciding: bool) -> list[Any]:
        """Problems that looking at paths did not solve."""
        if all(p.code in WITHOUT_PATHS for p in failure.problems):
            return failure.problems
        warnings = [p for p in failure.problems if self._level(p.code) != "error"]
        if not deciding:
            return _left(prover.prove(failure.block, failure.op, warnings, deciding=False), warnings)
        # Errors for themselves first: a path on which there is no more than a warning says nothing of the others.
        lints = frozenset(code for code in CODES if self._level(code) != "error")
        errors = [p for p in failure.problems if p not in warnings]
        found = _left(prover.prove(failure.block, failure.op, errors, aside=lints), errors)
        if found or not prover.set_aside:
            return found
        aside = list({p.code: p for p in prover.set_aside}.values())
        return _left(prover.prove(failure.block, failure.op, aside, deciding=False), aside)

    def _worth_asking(self, problems: list[Any]) -> bool:
        """Whether a solver may know better: what is wrong depends on the path, and refuses the program (or is a doubtful division)."""
        return any(p.code not in WITHOUT_PATHS and (p.code in ASKED or self._level(p.code) == "error") for p in problems)

    def _ask(self, asker: SmtStage, failure: Failure, problems: list[Any], *, deciding: bool) -> list[Any]:
        """Problems that the solver did not show to be none."""
        clock = perf_counter_ns()
        outcome = (asker.ask if deciding else asker.dispel)(failure.block, failure.op)
        self._timed("smt", clock)
        if outcome.proven:
            return outcome.problems
        if outcome.hints:
            self.hints[failure.op.insn] = self.hints.get(failure.op.insn, ()) + outcome.hints
        return [p._replace(cause="analysis-limit") for p in problems] if outcome.limited else outcome.problems or problems

    def _add(self, form: Expanded, problem: Any, block: Block, op: Op) -> None:
        home = form.home(block)
        if problem.code == "V002":
            self._zero(form, block)
        related: list[Related] = []
        at = home
        while at.caller:
            caller = form.homes[at.caller]
            related.append(Related(f"{at.function} is called here", at.insn))
            at = caller
        self._report(home.function, problem, op.insn, tuple(related))

    def _zero(self, form: Expanded, block: Block) -> None:
        """Frames that are alive there may have been read before they were written."""
        self.zeroed.update(dict.fromkeys(form.functions_above(block), ALL_BYTES))

    def _level(self, code: str) -> Level:
        """What a finding of that code is here."""
        finding_class = CODES[code].finding_class
        return self.request.options.level_of(finding_class, self.request.platform.levels.get(finding_class, "error"))

    def _report(self, function: str, problem: Any, insn: int, related: tuple[Related, ...] = ()) -> None:
        # What an object does not say is said once.
        key = (problem.code,) if problem.code == UNSAID else (problem.code, function, insn, problem.role)
        if key in self.reported:
            return
        self.reported.add(key)
        self.findings.append(
            Finding(
                problem.code, self._level(problem.code), problem.message, function, insn, required=problem.required,
                known=problem.known, cause=problem.cause, role=problem.role, suggestion=problem.suggestion, related=related,
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


__all__ = ["Failure", "Judgement", "judge"]
