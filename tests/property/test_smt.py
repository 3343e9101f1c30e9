"""Queries say of programs what runs of them do: every run is a model, and where nothing was left open it is the only one."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

import pytest

from bpfcc.bpfir.ops import Alu, Exit, Load, Store, Value
from bpfcc.smt import solve
from bpfcc.verifier import smt_encode, smt_terms
from bpfcc.verifier.goals import InRange, NeverReached
from bpfcc.verifier.options import Budget
from bpfcc.verifier.smt_cone import Cone, cones
from bpfcc.verifier.smt_encode import Encoder
from bpfcc.verifier.smt_query import Purse, SmtStage, encode, query
from bpfcc.verifier.smt_terms import number
from tests.property.smt_runs import PACKET, Inputs, Prepared, Run, execute, prepare, random_code, random_inputs

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Block
    from bpfcc.bpfir.ops import Op

pytest.importorskip("z3")
RLIMIT: Final = 8_000_000
PROGRAMS: Final = 100
RUNS: Final = 3


def block_of(prepared: Prepared, op: Op) -> Block:
    unit = prepared.given.unit
    return next(block for block in unit.order if op in block.ops or block.terminator is op)


def everything(prepared: Prepared, cone: Cone, target: Op) -> Encoder | None:
    """The cone with what the target uses."""
    used = [v for v in (getattr(target, name) for name in target.USES) if isinstance(v, Value)]
    return encode(prepared.given, cone, [InRange(v, 0, 0) for v in used] or [NeverReached()])


def facts_of_run(encoder: Encoder, run: Run) -> list[str]:
    """What the run says of the query's constants and terms."""
    lines = []
    if any(line.startswith("(declare-const data_0 ") for line in encoder.lines):
        lines.append(f"(assert (= data_0 {number(PACKET)}))")
    path = set(run.path)
    for value, word in encoder.words.items():
        home = encoder._home(value)
        inside = home is None or home in path or home not in encoder.cone.members
        if inside and value in run.values:
            lines.append(f"(assert (= {word.word} {number(run.values[value])}))")
    return lines


def disagreement(prepared: Prepared, inputs: Inputs) -> str | None:
    """A cone whose query has no model for the run; None where all have one."""
    unit = prepared.given.unit
    run = execute(unit, inputs)
    last = run.path[-1]
    target = run.trapped if run.trapped is not None else last.terminator
    for cone in cones(unit, prepared.given.facts, last):
        encoder = everything(prepared, cone, target)
        if encoder is None:
            continue
        encoder.claim(encoder.reached[last])
        text = "\n".join([*encoder.lines, *facts_of_run(encoder, run)])
        if solve(text, RLIMIT).status == "unsat":
            return f"{inputs}\n{text}"
    return None


def search_disagreements(seeds: range, **how: bool) -> list[int]:
    found = []
    for seed in seeds:
        rng = random.Random(seed)
        prepared = prepare(random_code(rng, rng.randrange(14, 40), **how))
        if any(disagreement(prepared, random_inputs(rng)) for _ in range(RUNS)):
            found.append(seed)
    return found


def test_every_run_is_a_model() -> None:
    assert search_disagreements(range(PROGRAMS)) == []


@pytest.mark.soak
def test_every_run_is_a_model_of_many() -> None:
    assert search_disagreements(range(PROGRAMS, PROGRAMS + 3000)) == []


def without_zero_extension(kind: str, width: int, a: str, b: str) -> str:
    del width
    return REAL_ALU(kind, 64, a, b)  # type: ignore[arg-type]


REAL_ALU: Final = smt_terms.alu


def test_an_encoding_without_zero_extension_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smt_encode, "alu", without_zero_extension)
    assert search_disagreements(range(20), memory=False, loops=False)


def test_a_loop_whose_parameters_are_not_cut_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Encoder, "_merges", lambda self, block: block in self.cone.members and block is not self.cone.start)
    assert search_disagreements(range(40), memory=False)


def test_facts_that_hold_everywhere_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Facts are asserted where the value's block is reached, and only there."""
    monkeypatch.setattr(Encoder, "guard", lambda _self, _value: "true")
    assert search_disagreements(range(60), memory=False)


def test_where_nothing_is_open_the_run_is_the_only_model() -> None:
    compared = 0
    for seed in range(PROGRAMS):
        rng = random.Random(seed)
        prepared = prepare(random_code(rng, 20, memory=False, loops=False))
        unit = prepared.given.unit
        inputs = random_inputs(rng)
        run = execute(unit, inputs)
        last = run.path[-1]
        ending = last.terminator
        assert isinstance(ending, Exit)
        if not isinstance(ending.value, Value):
            continue
        cone = Cone(unit, prepared.given.facts, unit.order[0], last)
        encoder = everything(prepared, cone, ending)
        assert encoder is not None
        encoder.claim(encoder.reached[last])
        loads = [v for v in encoder.words if isinstance(v.definition, Load)]
        given = [f"(assert (= {encoder.words[v].word} {number(run.values[v])}))" for v in loads]
        same = f"(= {encoder.of(ending.value).word} {number(run.values[ending.value])})"
        known = "\n".join([*encoder.lines, *given])
        assert solve(f"{known}\n(assert {same})", RLIMIT).status == "sat"
        other = solve(f"{known}\n(assert (not {same}))", RLIMIT).status
        assert other in {"unsat", "unknown"}
        compared += other == "unsat"
    assert compared > PROGRAMS // 3


def accesses(prepared: Prepared) -> list[tuple[Block, Op]]:
    unit = prepared.given.unit
    return [
        (block, op) for block in unit.order if block in prepared.given.facts.reached for op in block.ops if isinstance(op, (Load, Store))
    ]


def unsound(seeds: range) -> tuple[list[int], int]:
    """Programs with an access that was proven and that a run traps at, and how many were proven."""
    found, proven = [], 0
    for seed in seeds:
        rng = random.Random(seed)
        prepared = prepare(random_code(rng, 30))
        given = prepared.given
        stage = SmtStage(given.unit, given.facts, given.places, given.linear, solve, Purse(Budget(smt_rlimit=1_000_000)))
        safe: set[Op] = set()
        for block, op in accesses(prepared):
            if stage.goals(block, op)[0]:
                outcome = stage.ask(block, op)
                if outcome.proven and not outcome.problems:
                    safe.add(op)
        proven += len(safe)
        if any(execute(given.unit, random_inputs(rng)).trapped in safe for _ in range(40)):
            found.append(seed)
    return found, proven


# A loop whose facts once grew a little in each of a million rounds.
GROWING: Final = bytes.fromhex(
    "bf1600000000000061670c0000000000616810000000000061620000000000006163040000000000b70000000e000000b70400000a000000"
    "b705000002000000bf2100000000000054080000010000000f81000000000000bf1000000000000007000000020000003d30020000000000"
    "6915000000000000b704000001000000b7000000400000007a0af8ff1f0000007a0af0ff0a000000940700000a000000bfa1000000000000"
    "07010000f0ffffff0f710000000000007114000000000000b7090000030000000f840000000000001e78030000000000ac48000000000000"
    "dc070000200000000f48000000000000cc450000000000000709000001000000a509f8ff050000000f40000000000000af70000000000000"
    "57000000030000009500000000000000"
)


def test_facts_of_a_loop_come_to_an_end() -> None:
    assert prepare(GROWING).given.facts.steps < 20_000


def test_no_run_traps_at_an_access_that_was_proven() -> None:
    found, proven = unsound(range(40))
    assert found == []
    assert proven > 3


@pytest.mark.soak
def test_no_run_traps_at_an_access_that_was_proven_of_many() -> None:
    assert unsound(range(40, 2000))[0] == []


def test_a_bound_that_is_one_off_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The goals of accesses decide: with one byte less they are proven too easily."""
    from bpfcc.verifier import smt_query

    real = smt_query._outside

    def generous(encoder: Encoder, goal: object) -> str:
        from dataclasses import replace

        return real(encoder, replace(goal, size=0))  # type: ignore[type-var, arg-type]

    monkeypatch.setattr(smt_query, "_outside", generous)
    assert unsound(range(40))[0]


def test_the_text_of_a_query_repeats() -> None:
    def texts() -> list[str]:
        prepared = prepare(random_code(random.Random(5), 30))
        given = prepared.given
        found = []
        for block, op in accesses(prepared):
            for cone in cones(given.unit, given.facts, block):
                encoder = encode(given, cone, [NeverReached()])
                assert encoder is not None
                assert isinstance(op, (Load, Store, Alu))
                found.append(query(encoder, [NeverReached()]))
        return found

    assert texts() == texts()
