"""The third stage: what it is asked, what its answers do to a verdict, and what it may cost."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from bpfcc.bpfir.assembler import assemble
from bpfcc.bpfir.module import MapSpec
from bpfcc.counterexamples import search
from bpfcc.judgement import Rules, ask, request_for
from bpfcc.program import Program
from bpfcc.smt import SmtAnswer, solve
from bpfcc.verifier.judge import judge
from bpfcc.verifier.options import Budget, Options

if TYPE_CHECKING:
    from bpfcc.smt import Smt
    from bpfcc.verifier.judge import Judgement

MAPS: Final = (MapSpec("table", "hash", 4, 40, 1),)
# The index is checked in one form and used in another.
RELATED: Final = """
r6 = *(u32 *)(r1 + 12)
r7 = r6
r7 ^= 0x5a
*(u64 *)(r10 - 8) = 0
*(u64 *)(r10 - 16) = 0
if r6 > {bound} goto out
r7 ^= 0x5a
r2 = r10
r2 += r7
r0 = *(u8 *)(r2 - 16)
out:
r0 = 0
exit
"""
RANGE: Final = """
r6 = *(u32 *)(r1 + 0)
r0 = r6
r0 ^= 0x5a
if r6 > 1 goto zero
r0 ^= {mask}
exit
zero:
r0 = 0
exit
"""


class Recorder:
    """A solver that keeps what it was asked."""

    def __init__(self, answer: SmtAnswer | None = None) -> None:
        self.answer = answer
        self.texts: list[str] = []
        self.limits: list[int] = []

    def __call__(self, text: str, rlimit: int) -> SmtAnswer:
        self.texts.append(text)
        self.limits.append(rlimit)
        return self.answer if self.answer is not None else solve(text, rlimit)


def program(source: str, kind: str = "xdp", **values: object) -> Program:
    return Program.from_bytes(assemble(source.format(**values)), type=kind, maps=MAPS)


def judged(made: Program, smt: Smt | None, options: Options | None = None) -> Judgement:
    return judge(made.ir, request_for(made, Rules(options=options or Options()), None), smt=smt)


def test_what_cannot_be_violated_is_accepted() -> None:
    pytest.importorskip("z3")
    assert judged(program(RELATED, bound=15), solve).status == "accepted"
    assert judged(program(RANGE, "cgroup_sysctl", mask=0x5A), solve).status == "accepted"


def test_what_can_be_violated_is_rejected_with_an_input_that_shows_it() -> None:
    pytest.importorskip("z3")
    made = program(RELATED, bound=16)
    result = judged(made, solve)
    assert [finding.code for finding in result.findings] == ["V010"]
    assert result.findings[0].cause == "source"
    hints = result.hints[result.findings[0].insn]
    assert hints == ({"context": {"ingress_ifindex": 16}},)
    found = search(made, made.ir, result.findings[0], budget_runs=1, hints=hints)
    assert found is not None
    assert found.context == {"ingress_ifindex": 16}


def test_what_else_is_wrong_is_said() -> None:
    """The index is fine; that half of the bytes were never written is a warning."""
    pytest.importorskip("z3")
    result = judged(program(RELATED.replace("*(u64 *)(r10 - 16) = 0\n", ""), bound=15), solve)
    assert [(finding.code, finding.level) for finding in result.findings] == [("V002", "warning")]
    assert result.status == "accepted"


SIZES: Final = """
r6 = *(u32 *)(r1 + 12)
r2 = r6
r2 ^= 0x5a
*(u64 *)(r10 - 8) = 0
*(u64 *)(r10 - 16) = 0
if r6 > {bound} goto out
r2 ^= 0x5a
r1 = r10
r1 += -16
r3 = 0
call 113
out:
r0 = 0
exit
"""


@pytest.mark.parametrize(("bound", "codes"), [(16, []), (17, ["V034"]), (0x4000_0000, ["V035"])])
def test_goals_are_told_apart(bound: int, codes: list[str]) -> None:
    """The size is a size wherever its bound is one: what is wrong is the memory."""
    pytest.importorskip("z3")
    made = program(SIZES, "kprobe", bound=bound)
    assert [finding.code for finding in judged(made, solve).findings if finding.level == "error"] == codes


def test_a_return_value_out_of_range_stays() -> None:
    pytest.importorskip("z3")
    assert [finding.code for finding in judged(program(RANGE, "cgroup_sysctl", mask=0x5E), solve).findings] == ["V050"]


def test_without_a_solver_the_finding_stays() -> None:
    result = judged(program(RELATED, bound=15), None)
    assert result.status == "rejected"
    assert not result.hints


def test_a_solver_that_is_turned_off_is_not_asked() -> None:
    recorder = Recorder(SmtAnswer("unsat"))
    assert judged(program(RELATED, bound=15), recorder, Options(smt=False)).status == "rejected"
    assert not recorder.texts


def test_a_program_without_open_obligations_asks_nothing() -> None:
    recorder = Recorder(SmtAnswer("unsat"))
    assert judged(program("r0 = 1\nexit\n"), recorder).status == "accepted"
    assert not recorder.texts


def test_what_the_solver_does_not_know_is_a_limit() -> None:
    result = judged(program(RELATED, bound=15), Recorder(SmtAnswer("unknown")))
    assert result.status == "rejected"
    assert [finding.cause for finding in result.findings] == ["analysis-limit"]


def test_queries_are_counted() -> None:
    recorder = Recorder(SmtAnswer("sat"))
    budget = Budget(smt_queries=1, smt_rlimit=77)
    result = judged(program(RELATED, bound=15), recorder, Options(budget=budget))
    assert len(recorder.texts) == 1
    assert recorder.limits == [77]
    assert result.status == "rejected"
    none_left = judged(program(RELATED, bound=15), recorder, Options(budget=replace(budget, smt_queries=0)))
    assert [finding.cause for finding in none_left.findings] == ["analysis-limit"]
    assert len(recorder.texts) == 1


def test_after_a_few_answers_that_are_none_nothing_is_asked() -> None:
    source = RELATED.replace("r0 = *(u8 *)(r2 - 16)\n", "".join(f"r0 = *(u8 *)(r2 - {at})\n" for at in range(9, 17)))
    recorder = Recorder(SmtAnswer("unknown"))
    judged(program(source, bound=15), recorder)
    assert 1 <= len(recorder.texts) <= 3


def test_the_text_repeats() -> None:
    texts = []
    for _ in range(2):
        recorder = Recorder(SmtAnswer("sat"))
        judged(program(RELATED, bound=15), recorder)
        texts.append(recorder.texts)
    assert texts[0] == texts[1]
    assert texts[0]


def test_the_engine_is_given_the_solver_that_the_library_has() -> None:
    made = program(RELATED, bound=15)
    recorder = Recorder(SmtAnswer("unsat"))
    assert ask(judge, made.ir, request_for(made, Rules(), None), recorder).status == "accepted"
    assert recorder.texts


# ---- what obligations there are

LOOKUP: Final = """
r6 = *(u32 *)(r1 + 12)
r9 = *(u32 *)(r1 + 16)
*(u32 *)(r10 - 4) = 0
r1 = map[0] ll
r2 = r10
r2 += -4
call 1
{test}
{access}
out:
r0 = 1
exit
"""
CORRELATED: Final = "r7 = r6\nr7 *= r9\nr8 = r9\nr8 *= r6\nr7 -= r8\nif r0 == 0 goto out\n"
NULL: Final = "r7 = r6\nr7 ^= r9\nr7 ^= r6\nr7 ^= r9\nif r7 != 0 goto there\nif r0 == 0 goto out\nthere:\n"


def lookup(test: str, access: str) -> Program:
    return program(LOOKUP.format(test=test, access=access))


@pytest.mark.parametrize(
    ("test", "access", "code"),
    [
        (CORRELATED, "r0 += r7\nr0 = *(u64 *)(r0 + 32)\n", None),
        (CORRELATED, "r7 += r6\nr0 += r7\nr0 = *(u64 *)(r0 + 32)\n", "V013"),
        (NULL, "r0 = *(u64 *)(r0 + 0)\n", None),
        (NULL.replace("r7 ^= r9\n", "", 1), "r0 = *(u64 *)(r0 + 0)\n", "V020"),
        (CORRELATED, "r7 += r6\nr8 = r6\nr8 /= 10\nr8 *= 10\nr6 -= r8\nr6 <<= 2\nr0 += r6\nr0 = *(u32 *)(r0 + 0)\n", None),
        (CORRELATED, "r8 = r6\nr8 /= 10\nr8 *= 10\nr6 -= r8\nr6 <<= 2\nr0 += r6\nr0 = *(u32 *)(r0 + 4)\n", "V013"),
        (CORRELATED, "r8 = r6\nr8 *= 0\nr0 += r7\nr1 = 1\nlock *(u64 *)(r0 + 8) += r1\n", None),
    ],
)
def test_goals_of_accesses(test: str, access: str, code: str | None) -> None:
    pytest.importorskip("z3")
    result = judged(lookup(test, access), solve)
    assert [finding.code for finding in result.findings if finding.level == "error"] == ([code] if code is not None else [])
