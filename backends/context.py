"""Loads of a context that hold packet addresses, for unchecked code on contexts of 32-bit fields.

    v1 = load.4 v0, 0          packet_data v1           where v0 is the context and `data` its first field

A host address does not fit the field, so the load becomes an operation that gives it. That needs to know which pointers are the
context: an analysis over the module's functions follows the entry's parameter through additions of constants, joins and calls.
What may be the context or something else is rejected where memory is reached through it, as Linux does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir import semantics
from bpfcc.bpfir.ops import Alu, Assume, Branch, ByteSwap, CallFunction, Cast, Load, Store, Value, edges, operands
from bpfcc.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bpfcc.backends.base import Environment
    from bpfcc.bpfir.function import Function, Module
    from bpfcc.bpfir.ops import Op, Operand

FIELD_BYTES: Final = 4
# What a value is: its distance from the context's start, or one of these.
OTHER: Final = "other"
EITHER: Final = "either"
Fact = int | str


def packet_fields(module: Module, environment: Environment) -> Mapping[Op, str]:
    """The loads to replace, with the handler for each; empty where the context's own bytes will do.

    UnsupportedError where a pointer may be the context or something else, and where such a field is used as a number.
    """
    layout = environment.layout
    fields = {layout.data: "packet_data", layout.data_end: "packet_end", layout.data_meta: "packet_meta"}
    fields.pop(-1, None)
    if environment.checked or layout.pointer_bytes == 8 or not fields or not module.entry.params:
        return {}
    analysis = ContextFlow(module)
    analysis.run()
    found: dict[Op, str] = {}
    for fn in module.functions:
        found |= _replaced(fn, analysis.facts, fields)
    for fn in module.functions:
        _check_uses(fn, found)
    return found


@final
class ContextFlow:
    """Which values are the context: `facts` after `run`, of each value that was reached; values without one are no pointers to it."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.functions = {fn.name: fn for fn in module.functions}
        self.facts: dict[Value, Fact] = {module.entry.params[0]: 0}
        self.changed = True

    def run(self) -> None:
        """To the fixed point: every value changes twice at most."""
        while self.changed:
            self.changed = False
            for fn in self.module.functions:
                for block in fn.blocks:
                    for op in block.all_ops():
                        self._visit(op)

    def _fact(self, operand: Operand) -> Fact | None:
        return self.facts.get(operand) if type(operand) is Value else OTHER

    def _join(self, value: Value, fact: Fact | None) -> None:
        old = self.facts.get(value)
        if fact is None or old in (fact, EITHER):
            return
        self.facts[value] = fact if old is None else EITHER
        self.changed = True

    def _visit(self, op: Op) -> None:
        match op:
            case Assume():
                self._join(op.result, self._fact(op.value))
            case Alu():
                self._join(op.result, self._sum(op))
            case CallFunction():
                for param, arg in zip(self.functions[op.function].params, op.args, strict=False):
                    self._join(param, self._fact(arg))
                self._join(op.result, OTHER)
            case _:
                if op.HAS_RESULT:
                    self._join(op.result, OTHER)  # type: ignore[attr-defined]
        for edge in edges(op):
            for param, arg in zip(edge.block.params, edge.args, strict=True):
                self._join(param, self._fact(arg))

    def _sum(self, op: Alu) -> Fact | None:
        left, right = self._fact(op.lhs), self._fact(op.rhs)
        if left is None or right is None:
            return None
        if left == right == OTHER:
            return OTHER
        if type(left) is int and type(op.rhs) is int and op.width_bits == 64 and op.kind in ("add", "sub"):
            return left + semantics.signed(64, op.rhs if op.kind == "add" else -op.rhs)
        return EITHER


def _replaced(fn: Function, facts: Mapping[Value, Fact], fields: Mapping[int, str]) -> dict[Op, str]:
    found: dict[Op, str] = {}
    for op in fn.ops():
        if isinstance(op, Store) and type(op.value) is Value and facts.get(op.value, OTHER) != OTHER:
            raise UnsupportedError("the context's address stored in memory", insn=op.insn)
        base = getattr(op, "base", None)
        fact = facts.get(base, OTHER) if type(base) is Value else OTHER
        if fact == OTHER:
            continue
        if type(fact) is not int:
            raise UnsupportedError("an access to the context or something else", insn=op.insn)
        offset, size = fact + op.offset, op.size_bytes  # type: ignore[attr-defined]
        touched = [at for at in fields if at < offset + size and offset < at + FIELD_BYTES]
        if not touched:
            continue
        if type(op) is not Load or touched != [offset] or size != FIELD_BYTES or op.signed:
            raise UnsupportedError("an access to packet addresses of the context other than a load", insn=op.insn)
        found[op] = fields[offset]
    return found


def _check_uses(fn: Function, found: Mapping[Op, str]) -> None:
    """An address of 64 bits must not go through an operation that keeps 32; renamings and joins hand it on."""
    addresses = {op.result for op in found if isinstance(op, Load)}
    before = -1
    while before != len(addresses):
        before = len(addresses)
        for op in fn.ops():
            if isinstance(op, Assume) and op.value in addresses:
                addresses.add(op.result)
            for edge in edges(op):
                addresses.update(param for param, arg in zip(edge.block.params, edge.args, strict=True) if arg in addresses)
    for op in fn.ops():
        if _narrows(op) and not _is_difference(op, addresses) and any(operand in addresses for operand in operands(op)):
            raise UnsupportedError("a packet address used as a number of 32 bits", insn=op.insn)


def _is_difference(op: Op, addresses: set[Value]) -> bool:
    """Of two packet addresses; the low half of what lies between them is the same for any addresses."""
    return type(op) is Alu and op.kind == "sub" and op.lhs in addresses and op.rhs in addresses


def _narrows(op: Op) -> bool:
    match op:
        case Alu() | Branch():
            return op.width_bits == 32
        case Cast():
            # A zero extension of the loaded field is nothing (`flow.Flow` drops it); of a joined value it would cut.
            return op.kind == "sext" or op.from_bits < 32 or not _loaded(op.value)
        case _:
            return isinstance(op, ByteSwap)


def _loaded(operand: Operand) -> bool:
    while type(operand) is Value and isinstance(operand.definition, Assume):
        operand = operand.definition.value
    return type(operand) is Value and isinstance(operand.definition, Load)
