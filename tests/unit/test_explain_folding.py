"""One root cause is one finding; what is dropped is counted; the order is the program's."""

from __future__ import annotations

import random

import pytest

from bpfcc.bpfir.function import Module
from bpfcc.bpfir.ops import Value
from bpfcc.bpfir.parser import parse_module
from bpfcc.explain import fold
from bpfcc.explain.folding import MAX_FINDINGS, operand_of, root
from bpfcc.verifier.verdict import Counterexample, Finding, Level, Related, Role

TEXT = """bpfir 1
fn @main(v0) global {
b0:
  v1 = load.4 v0, 0 #0
  v2 = add.64 v1, 14 #1
  v3 = add.64 v2, v2 #2
  v4 = and.64 v1, 0xfc #3
  v5 = load.1 v1, 0 #4
  v6 = load.1 v2, 3 #5
  v7 = load.1 v3, 0 #6
  v8 = load.1 v4, 0 #7
  v9 = call helper 1(v1, v2) #8
  exit v9 #9
}
fn @second(v0) static {
b0:
  v1 = load.8 v0, 0 #10
  exit v1 #11
}
line 4 {"file": "a.c", "line": 20}
line 6 {"file": "a.c", "line": 21}
line 7 {"file": "a.c", "line": 22}
"""
UNROLLED = TEXT.replace('"line": 22}', '"line": 20, "column": 5}').replace('"line": 20}', '"line": 20, "column": 5}')


@pytest.fixture
def module() -> Module:
    return parse_module(TEXT)


def finding(insn: int, code: str = "V011", *, function: str = "main", role: Role | None = "base", level: Level = "error",
            message: str = "", related: tuple[Related, ...] = (), counterexample: Counterexample | None = None) -> Finding:  # fmt: skip
    return Finding(code, level, message, function, insn, role=role, related=related, counterexample=counterexample)


def test_one_pointer_is_one_finding(module: Module) -> None:
    (found,) = fold([finding(5), finding(4)], module)
    assert found.insn == 4
    assert found.related == (Related("the same in 1 more instruction of this line", 4),)


def test_another_pointer_is_another_finding(module: Module) -> None:
    found = fold([finding(4), finding(6)], module)
    assert [each.insn for each in found] == [4, 6]
    assert all(each.related == () for each in found)


def test_another_code_is_another_finding(module: Module) -> None:
    assert len(fold([finding(4), finding(5, "V020")], module)) == 2


def test_the_first_on_another_line_is_named(module: Module) -> None:
    (found,) = fold([finding(4), finding(8, role="arg1"), finding(5)], module)
    assert found.related == (Related("the same at 2 more places, the first on another line here", 8),)


def test_what_follows_from_spoilt_arithmetic(module: Module) -> None:
    (found,) = fold([finding(7, "V022"), finding(3, "V023", role="lhs")], module)
    assert (found.code, found.insn) == ("V023", 3)
    assert found.related == (Related("what follows from it shows at 1 more place, here", 7),)


def test_what_follows_from_a_call_of_nothing(module: Module) -> None:
    (found,) = fold([finding(9, "V024", role="value", level="warning"), finding(8, "V067", role=None)], module)
    assert (found.code, found.insn) == ("V067", 8)
    assert len(fold([finding(9, "V024", role="value"), finding(8, "V033", role="arg1")], module)) == 2


def test_an_error_does_not_vanish_behind_a_warning(module: Module) -> None:
    found = fold([finding(7, "V022"), finding(7, "V022"), finding(3, "V023", role="lhs", level="warning")], module)
    assert [(each.code, each.level) for each in found] == [("V023", "warning"), ("V022", "error")]
    assert "found 2 times" in found[1].related[0].message


def test_copies_of_an_expression_are_one() -> None:
    module = parse_module(UNROLLED)
    (found,) = fold([finding(4), finding(7)], module)
    assert found.related == (Related("the same in 1 more instruction of this line", 4),)
    assert len(fold([finding(4), finding(7, role="lhs")], module)) == 2
    assert len(fold([finding(4), finding(7, "V020")], module)) == 2


def test_codes_that_are_not_about_a_pointer_stay(module: Module) -> None:
    assert len(fold([finding(4, "V017"), finding(5, "V017")], module)) == 2


def test_several_ways_to_one_instruction(module: Module) -> None:
    shown = Counterexample(packet=b"")
    first = finding(9, "V050", role="value", message="a", related=(Related("x", 1),))
    again = finding(9, "V050", role="value", message="b", related=(Related("x", 1), Related("y", 2)), counterexample=shown)
    (found,) = fold([again, first], module)
    assert found.message == "a"
    assert found.counterexample is shown
    assert found.related == (Related("x", 1), Related("y", 2), Related("found 2 times: 2 ways through the program lead here", 9))


def test_two_arguments_of_one_call_are_two_findings(module: Module) -> None:
    assert len(fold([finding(8, "V033", role="arg1"), finding(8, "V033", role="arg2")], module)) == 2


def test_findings_of_no_instruction_differ_by_what_they_say() -> None:
    assert len(fold([finding(-1, "V060", message="a"), finding(-1, "V060", message="b")])) == 2
    assert len(fold([finding(-1, "V060", message="a"), finding(-1, "V060", message="a")])) == 1


def test_the_order_is_the_programs_whatever_came_first(module: Module) -> None:
    given = [finding(10, "V012", function="second"), finding(-1, "V060"), finding(9, "V050"), finding(6), finding(4), finding(4, "V001")]
    expected = fold(given, module)
    assert [(each.function, each.insn) for each in expected] == [
        ("main", 4),
        ("main", 4),
        ("main", 6),
        ("main", 9),
        ("main", -1),
        ("second", 10),
    ]
    for seed in range(20):
        random.Random(seed).shuffle(given)
        assert fold(given, module) == expected


def test_without_a_module_only_equal_places_are_one() -> None:
    assert [each.insn for each in fold([finding(5), finding(4), finding(4)])] == [4, 5]


def test_there_is_a_limit_and_errors_come_first() -> None:
    given = [finding(insn, "V024", level="warning") for insn in range(MAX_FINDINGS + 50)] + [finding(9999, "V050")]
    found = fold(given)
    assert len(found) == MAX_FINDINGS
    assert found[-1].insn == 9999
    assert found[-1].related[-1] == Related("51 more findings are left out", -1)


def test_roots_and_operands(module: Module) -> None:
    ops = {op.insn: op for op in module.entry.ops()}
    base = operand_of(ops[5], "base")
    assert isinstance(base, Value)
    assert root(base).id == 1
    assert operand_of(ops[8], "arg2") is ops[1].result  # type: ignore[attr-defined]
    assert operand_of(ops[8], "arg3") is None
    assert operand_of(ops[5], "rhs") is None
    assert operand_of(ops[5], "result") is None
    assert operand_of(ops[5], None) is None
