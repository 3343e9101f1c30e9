"""The third stage: a solver is asked whether an obligation can be violated.

    outcome = stage.ask(block, op)           outcome.proven; outcome.hints: inputs that may show that it is not

The check of the operation collects the goals that it could not prove; the query is the cone before the operation, with at least one of
the goals false. Unsatisfiable: they hold. Satisfiable: a larger cone is asked about, up to the function's entry. Queries and what each
may cost are counted, in the solver's own steps.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

from bpfcc.verifier.checks.operation import check
from bpfcc.verifier.goals import Aligned, InRange, NeverReached, NotIn, NotNumber, Within, Written
from bpfcc.verifier.places import changes
from bpfcc.verifier.smt_cone import Writes, cones
from bpfcc.verifier.smt_encode import NUMBER, UNWRITTEN, Encoder, Given
from bpfcc.verifier.smt_hints import hint_of
from bpfcc.verifier.smt_terms import FALSE, TRUE, both, either, equal, low, negated, number
from bpfcc.verifier.steps import step
from bpfcc.verifier.view import View

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bpfcc.bpfir.function import Block
    from bpfcc.bpfir.ops import Op, Operand
    from bpfcc.verifier.checks.problem import Problem
    from bpfcc.verifier.flow import State
    from bpfcc.verifier.goals import Goal
    from bpfcc.verifier.linear import Linear
    from bpfcc.verifier.options import Budget
    from bpfcc.verifier.smt_cone import Cone
    from bpfcc.verifier.smt_encode import Word
    from bpfcc.verifier.solver import Facts
    from bpfcc.verifier.unit import Unit

    # As `bpfcc.smt`: the text of a query and what it may cost; the answer has a `status` and a `model`.
    Smt = Callable[[str, int], Any]

Hint = dict[str, object]
# A model is asked for once more with packets of a usual length, and with memory where checked runs have it.
USUAL_LENGTH: Final = 1514
USUAL_PLACE: Final = (1 << 32) - 1
MAX_GOALS: Final = 4
MAX_SIZE: Final = 1 << 32
MAX_UNKNOWN: Final = 3
MAX_AFTERWARDS: Final = 8
# What only warns is asked about where that is cheap: so many queries, of so much text, each with a part of what another may cost.
LINT_QUERIES: Final = 8
LINT_CHARS: Final = 10_000
LINT_SHARE: Final = 10
LINT_CONES: Final = 2


class Outcome(NamedTuple):
    """`proven`: the goals hold, and `problems` are what is left. Else `problems` say more precisely what is wrong, where there are any;
    `limited`: the budget was spent, or the solver did not know, and the program may be fine."""

    proven: bool
    problems: list[Problem]
    hints: tuple[Hint, ...] = ()
    limited: bool = False


@final
class Purse:
    """What the queries of one judgement may cost."""

    __slots__ = ("closed", "lints", "queries", "rlimit", "unknowns")

    def __init__(self, budget: Budget) -> None:
        self.queries = budget.smt_queries
        self.rlimit = budget.smt_rlimit
        # Answers of "unknown", which cost what a query may cost: after a few nothing more is asked.
        self.unknowns = MAX_UNKNOWN
        self.closed = False
        self.lints = LINT_QUERIES

    def refused(self) -> None:
        """The program is refused: what else is asked is only for the sake of what its findings say."""
        if not self.closed:
            self.closed = True
            self.queries = min(self.queries, MAX_AFTERWARDS)
            self.unknowns = min(self.unknowns, 1)
            self.rlimit //= 4


@final
class SmtStage:
    """Asks about the operations of one function."""

    def __init__(self, unit: Unit, facts: Facts, places: dict[Block, State], linear: Linear, smt: Smt, purse: Purse) -> None:
        self.unit: Final = unit
        self.given: Final = Given(unit, facts, linear, places, Writes(unit, facts))
        self.smt: Final = smt
        self.purse: Final = purse

    def ask(self, block: Block, op: Op) -> Outcome:
        """Whether what the check of `op` could not prove holds all the same."""
        goals: Sequence[Goal]
        goals, rest = self.goals(block, op)
        if not goals or any(problem.code != "V002" for problem in rest):
            goals, rest = [NeverReached()], []
        encoder: Encoder | None = None
        model: Mapping[str, int] = {}
        for cone in cones(self.unit, self.given.facts, block):
            encoder = encode(self.given, cone, goals)
            if encoder is not None and plain(encoder, goals):
                model = {}
                continue
            answer = self._answer(query(encoder, goals)) if encoder is not None else None
            if encoder is None or answer is None or answer.status == "unknown":
                return Outcome(False, [], limited=not self.purse.closed)
            if answer.status == "unsat":
                return Outcome(True, rest)
            model = answer.model
        if encoder is None:
            return Outcome(False, [], limited=not self.purse.closed)
        hints = self._hints(encoder, goals, model) if encoder.cone.start is self.unit.order[0] else ()
        return Outcome(False, self._left(block, op, encoder, goals), hints)

    def _left(self, block: Block, op: Op, encoder: Encoder, goals: Sequence[Goal]) -> list[Problem]:
        """What is wrong where some of the goals hold; empty where that is not known."""
        if not 1 < len(goals) <= MAX_GOALS:
            return []
        answers = [(goal, self._answer(query(encoder, [goal]))) for goal in goals]
        proven = frozenset(goal for goal, answer in answers if answer is not None and answer.status == "unsat")
        if not proven:
            return []
        view = self._view(block, op)
        view.granted = proven
        return check(view, op)

    def dispel(self, block: Block, op: Op) -> Outcome:
        """The same of what only warns, with little effort: without it the warning stands."""
        goals, rest = self.goals(block, op)
        purse = self.purse
        for cone in islice(cones(self.unit, self.given.facts, block), LINT_CONES) if goals and not rest else ():
            encoder = encode(self.given, cone, goals)
            if encoder is None or purse.lints <= 0:
                break
            if plain(encoder, goals):
                continue
            text = query(encoder, goals)
            if len(text) > LINT_CHARS:
                break
            purse.lints -= 1
            if self.smt(text, purse.rlimit // LINT_SHARE).status == "unsat":
                return Outcome(True, [])
        return Outcome(False, [])

    def goals(self, block: Block, op: Op) -> tuple[list[Goal], list[Problem]]:
        """What facts do not say and is to be proven, and what is wrong even so."""
        view = self._view(block, op)
        view.supposed = []
        rest = check(view, op)
        return view.supposed, rest

    def _view(self, block: Block, op: Op) -> View:
        """What the first stage knows before `op`."""
        given = self.given
        view = View(self.unit, given.facts.known, given.places[block], given.linear)
        for other in block.ops:
            if other is op:
                break
            if changes(other):
                view.state = step(view, other)
        return view

    def _answer(self, text: str) -> Any | None:
        purse = self.purse
        if purse.queries <= 0 or purse.unknowns <= 0:
            return None
        purse.queries -= 1
        answer = self.smt(text, purse.rlimit)
        purse.unknowns -= answer.status == "unknown"
        return answer

    def _hints(self, encoder: Encoder, goals: Sequence[Goal], model: Mapping[str, int]) -> tuple[Hint, ...]:
        limits = dict.fromkeys(encoder.lengths, USUAL_LENGTH) | dict.fromkeys(encoder.beginnings, USUAL_PLACE)
        if any(model.get(name, 0) > limit for name, limit in limits.items()):
            wishes = [f"(assert (bvule {name} {number(limit)}))" for name, limit in limits.items()]
            answer = self._answer(query(encoder, goals, wishes))
            if answer is not None and answer.status == "sat":
                model = answer.model
        found = hint_of(encoder, model)
        return (found,) if found else ()


def encode(given: Given, cone: Cone, goals: Sequence[Goal]) -> Encoder | None:
    """The cone with what the goals are about; None where that is too much."""
    encoder = Encoder(given, cone, inputs=cone.start is given.unit.order[0])
    operands = [operand for goal in goals for operand in operands_of(goal)]
    if not encoder.need(operands):
        return None
    encoder.need_tests()
    encoder.encode()
    return encoder if not encoder.crowded else None


def plain(encoder: Encoder, goals: Sequence[Goal]) -> bool:
    """Whether nothing that was encoded can keep the goals from being false."""
    return encoder.reached[encoder.cone.target] == TRUE and any(violation(encoder, goal) == TRUE for goal in goals)


def query(encoder: Encoder, goals: Sequence[Goal], wishes: list[str] | None = None) -> str:
    """The text: the target is reached, and one of the goals is false."""
    before = len(encoder.lines)
    encoder.claim(encoder.reached[encoder.cone.target])
    violated = either([violation(encoder, goal) for goal in goals])
    lines = [*encoder.lines, f"(assert {violated})", *(wishes or [])]
    del encoder.lines[before:]
    return "\n".join(lines) + "\n"


def operands_of(goal: Goal) -> list[Operand]:
    """Values that a goal is about."""
    match goal:
        case Within():
            return [goal.base, goal.size]
        case Aligned():
            return [goal.base]
        case NeverReached():
            return []
        case _:
            return [goal.value]


def violation(encoder: Encoder, goal: Goal) -> str:
    """Whether a goal is false: a Boolean."""
    match goal:
        case Within():
            return _outside(encoder, goal)
        case Aligned():
            word = encoder.of(goal.base)
            offset = f"(bvand (bvadd {encoder.offset(word)} {number(goal.offset)}) {number(goal.size - 1)})"
            return both((encoder.is_kind(word, encoder.kind_of(goal.region)), negated(equal(offset, number(0)))))
        case NotIn():
            return encoder.is_kind(encoder.of(goal.value), encoder.kind_of(goal.region))
        case NotNumber():
            return _is_number(encoder, encoder.of(goal.value))
        case Written():
            return encoder.is_kind(encoder.of(goal.value), UNWRITTEN)
        case InRange():
            return _out_of_range(encoder.of(goal.value).word, goal)
        case NeverReached():
            return TRUE


def _is_number(encoder: Encoder, word: Word) -> str:
    return either((encoder.is_kind(word, NUMBER), encoder.is_kind(word, UNWRITTEN)))


def _outside(encoder: Encoder, goal: Within) -> str:
    word = encoder.of(goal.base)
    there = encoder.is_kind(word, encoder.kind_of(goal.region))
    if there == FALSE:
        return FALSE
    first = f"(bvadd {encoder.offset(word)} {number(goal.offset)})"
    if goal.high is not None:
        high = number(goal.high)
    else:
        data, length, meta = encoder.packet(goal.region)
        high = length if goal.region.kind == "packet" else f"(bvsub {data} {meta})"
    size = encoder.of(goal.size).word
    end = f"(bvadd {first} {size})"
    inside = f"(and (bvsle {number(goal.low)} {first}) (bvsle {first} {high}) (bvule {size} {number(MAX_SIZE)}) (bvsle {end} {high}))"
    return both((there, negated(inside)))


def _out_of_range(word: str, goal: InRange) -> str:
    at_most = "bvsle" if goal.signed or goal.low < 0 else "bvule"
    term = low(goal.width, word)
    inside = f"(and ({at_most} {number(goal.low, goal.width)} {term}) ({at_most} {term} {number(goal.high, goal.width)}))"
    return negated(inside)


__all__ = ["Hint", "Outcome", "Purse", "SmtStage", "encode", "query"]
