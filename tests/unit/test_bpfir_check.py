"""Every rule of the IR checker has a module that breaks it and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from bpfcc.bpfir import check as check_module
from bpfcc.bpfir.check import check
from bpfcc.bpfir.function import Function, Module
from bpfcc.bpfir.ops import Alu, Assume, CallFunction, Edge, Exit, Jump, Load, MapAddr, Op, Value, operation
from bpfcc.bpfir.parser import parse_module
from bpfcc.errors import InternalError

GOOD = """bpfir 1
map 0 {"name": "m", "type": "array"}
fn @f(v0) global {
b0:
  v1 = load.4 v0, 0 #0
  v2 = map 0 #1
  v3 = call @g(v1) #2
  if ult.64 v1, 9 then b1(v3) else b2 #3
b1(v4):
  v5 = assume v1 where ult.64 v1, 9 #3
  v6 = add.64 v5, v4 #4
  jump b2 #4
b2:
  exit v1 #5
}
fn @g(v0) static {
b0:
  exit v0
}
"""


def op_of(module: Module, kind: type[Op]) -> Op:
    return next(op for op in module.entry.ops() if type(op) is kind)


def change(cls: type[Op], /, **fields: object) -> Callable[[Module], None]:
    def apply(module: Module) -> None:
        for name, value in fields.items():
            setattr(op_of(module, cls), name, value)

    return apply


def _two_of_a_name(m: Module) -> None:
    m.functions.append(Function("g", blocks=m.functions[1].blocks))


def _jump_to_entry(m: Module) -> None:
    m.entry.blocks[1].terminator = Jump(Edge(m.entry.entry, []))


def _edge_out(m: Module) -> None:
    m.entry.blocks[1].terminator = Jump(Edge(m.functions[1].entry, []))


def _same_ids(m: Module) -> None:
    m.entry.blocks[2].id = 1


def _unreachable(m: Module) -> None:
    m.entry.new_block().terminator = Exit(0)


def _too_few_args(m: Module) -> None:
    m.entry.entry.terminator.then.args.clear()  # type: ignore[union-attr]


def _value_twice(m: Module) -> None:
    m.entry.entry.ops.append(m.entry.entry.ops[0])


def _wrong_definition(m: Module) -> None:
    m.entry.entry.ops[0].result.definition = None  # type: ignore[attr-defined]


def _id_too_high(m: Module) -> None:
    m.entry.next_value = 2


def _not_dominated(m: Module) -> None:
    m.entry.blocks[2].terminator = Exit(m.entry.blocks[1].ops[0].result)  # type: ignore[attr-defined]


def _used_before(m: Module) -> None:
    m.entry.entry.ops.reverse()


def _undefined(m: Module) -> None:
    m.entry.blocks[2].terminator = Exit(Value(77))


def _terminator_inside(m: Module) -> None:
    m.entry.entry.ops.append(Exit(0))


def _no_end(m: Module) -> None:
    m.entry.blocks[2].terminator = None  # type: ignore[assignment]


BREAKS: list[tuple[int, Callable[[Module], None]]] = [
    (1, _two_of_a_name),
    (1, lambda m: m.functions.clear()),
    (2, lambda m: m.entry.blocks.clear()),
    (2, lambda m: m.entry.entry.params.append(m.entry.new_value(m.entry.entry))),
    (2, _jump_to_entry),
    (3, _edge_out),
    (3, _same_ids),
    (3, _unreachable),
    (4, _too_few_args),
    (5, _value_twice),
    (5, _wrong_definition),
    (5, _id_too_high),
    (6, _not_dominated),
    (6, _used_before),
    (6, _undefined),
    (7, change(Alu, rhs=-1)),
    (7, change(Alu, rhs=1 << 64)),
    (7, change(Alu, rhs="v1")),
    (7, change(Alu, insn=-2)),
    (8, change(Alu, kind="frob")),
    (8, change(Alu, width_bits=16)),
    (8, change(Load, size_bytes=3)),
    (8, change(Load, offset=1 << 32)),
    (9, _terminator_inside),
    (9, _no_end),
    (10, change(MapAddr, map=1)),
    (10, change(CallFunction, function="nobody")),
    (10, change(CallFunction, args=[])),
    (10, change(CallFunction, args=[0] * 6)),
    (11, change(Assume, value=5)),
    (11, change(Assume, negated=True)),
]


def test_a_good_module_passes() -> None:
    check(parse_module(GOOD))


@pytest.mark.parametrize(("rule", "damage"), BREAKS)
def test_rule(rule: int, damage: Callable[[Module], None]) -> None:
    module = parse_module(GOOD)
    damage(module)
    with pytest.raises(InternalError, match=rf"IR rule {rule} broken after some_pass"):
        check(module, after="some_pass")


def test_every_rule_of_the_docstring_is_broken_here() -> None:
    listed = {int(n) for n in re.findall(r"^ ?(\d+)\. ", check_module.__doc__ or "", re.MULTILINE)}
    assert listed == {rule for rule, _ in BREAKS}


def test_the_table_refuses_a_second_operation_of_a_name() -> None:
    with pytest.raises(TypeError, match="defined twice"):
        operation(type("Alu", (Op,), {"__annotations__": {"insn": "int"}, "SYNTAX": "", "EFFECT": None}))


def test_the_table_refuses_a_field_without_syntax() -> None:
    with pytest.raises(TypeError, match="missing from its syntax"):
        operation(type("New", (Op,), {"__annotations__": {"lhs": "Operand", "insn": "int"}, "SYNTAX": "new"}))


def test_the_table_refuses_an_operation_without_index() -> None:
    with pytest.raises(TypeError, match="no instruction index"):
        operation(type("New", (Op,), {"__annotations__": {}, "SYNTAX": "new"}))
