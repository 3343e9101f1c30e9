"""The IR checker: what every module obeys, before and after every pass.

 1. A module has a function; names of functions are unique.
 2. The entry block of a function has no parameters, and no edge leads to it.
 3. Block ids are unique in a function; every edge leads to a block of it; the entry reaches every block.
 4. An edge passes one argument for each parameter of its target.
 5. Every value is defined once, its id is unique and below `next_value`, and its `definition` is what defines it.
 6. Every use is dominated by its definition.
 7. Constants lie in [0, 2**64); instruction indices are -1 or more.
 8. Attributes have one of the values that their annotation lists, and displacements fit in 32 bits.
 9. The last operation of a block, and no other, leaves it.
10. Numbers of maps and externs exist; a called function exists and gets an argument for each of its parameters, at most five.
11. An `assume` renames one of the operands that its condition compares; only `test` is negated.

`check` raises InternalError naming the rule, the function, the block and the operation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bpfcc.bpfir.dominance import Dominators
from bpfcc.bpfir.ops import OPERATIONS, TERMINATORS, Assume, CallFunction, FuncAddr, Op, Operand, Value, edges, operands, used_values
from bpfcc.bpfir.text import kind_of, literals
from bpfcc.errors import InternalError

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Block, Function, Module

MAX_ARGS = 5
LIMIT64 = 1 << 64
_KNOWN = frozenset(OPERATIONS)


def check(module: Module, *, after: str | None = None) -> None:
    """Raise InternalError at the first rule that `module` breaks; `after` names the pass that ran."""
    arities: dict[str, int] = {}
    if not module.functions:
        raise InternalError(_message(1, after, "the module has no function"))
    for fn in module.functions:
        if fn.name in arities:
            raise InternalError(_message(1, after, f"two functions are named {fn.name!r}"))
        arities[fn.name] = len(fn.params)
    for fn in module.functions:
        _FunctionChecker(module, fn, arities, after).run()


def _message(rule: int, after: str | None, text: str) -> str:
    return f"IR rule {rule} broken{f' after {after}' if after else ''}: {text}"


def _words_of(cls: type[Op]) -> list[tuple[str, tuple[object, ...]]]:
    return [(name, literals(cls, name)) for name in cls.FIELDS if name != "insn" and kind_of(cls, name) == "word"]


WORDS: Final = {cls: _words_of(cls) for cls in OPERATIONS}
# What there is to check of an operation of each class: words, whether it has a displacement, tables that it names a row of, and whether
# there are rules for it alone.
_PLANS: Final = {
    cls: (
        WORDS[cls],
        "offset" in cls.FIELDS,
        tuple(name for name in ("map", "extern") if name in cls.FIELDS),
        cls.ARGS is not None or cls in (CallFunction, FuncAddr, Assume),
    )
    for cls in OPERATIONS
}


class _FunctionChecker:
    def __init__(self, module: Module, fn: Function, arities: dict[str, int], after: str | None) -> None:
        self.module = module
        self.fn = fn
        self.arities = arities
        self.after = after
        self.block: Block | None = None
        self.op: Op | None = None

    def require(self, rule: int, holds: bool, text: str) -> None:
        if not holds:
            block = f", b{self.block.id}" if self.block is not None else ""
            # Not as the printer writes it: what is broken may not be printable.
            op = f": {self.op!r}" if self.op is not None else ""
            raise InternalError(_message(rule, self.after, f"function {self.fn.name!r}{block}: {text}{op}"))

    def run(self) -> None:
        self._shape()
        home = self._definitions()
        for block in self.fn.blocks:
            self.block = block
            for op in block.all_ops():
                self.op = op
                self._op(op)
        self.op = None
        self._uses(home)

    def _shape(self) -> None:
        fn = self.fn
        self.require(2, bool(fn.blocks), "there is no block")
        self.require(2, not fn.entry.params, "the entry block has parameters")
        blocks = set(fn.blocks)
        self.require(3, len({b.id for b in fn.blocks}) == len(blocks) == len(fn.blocks), "two blocks have one id")
        for block in fn.blocks:
            self.block, self.op = block, block.terminator
            self.require(9, isinstance(block.terminator, TERMINATORS), "the block does not end")
            for edge in edges(block.terminator):
                self.require(3, edge.block in blocks, "an edge leads out of the function")
                self.require(2, edge.block is not fn.entry, "an edge leads to the entry block")
                self.require(4, len(edge.args) == len(edge.block.params), f"b{edge.block.id} takes {len(edge.block.params)} arguments")
        self.block = self.op = None

    def _definitions(self) -> dict[Value, tuple[Block, int]]:
        """Where each value is defined: block and position in it, -1 for parameters."""
        home: dict[Value, tuple[Block, int]] = {}
        ids: set[int] = set()

        def enter(value: Value, definition: Op | Block | None, block: Block, at: int) -> None:
            if value.id in ids or value.id >= self.fn.next_value:
                self.require(5, False, f"v{value.id} is defined twice, or not below next_value")
            if value.definition is not definition:
                self.require(5, False, f"v{value.id} names another definition")
            ids.add(value.id)
            home[value] = (block, at)

        for value in self.fn.params:
            enter(value, None, self.fn.entry, -1)
        for block in self.fn.blocks:
            self.block = block
            for value in block.params:
                enter(value, block, block, -1)
            for at, op in enumerate(block.ops):
                self.op = op
                self.require(9, type(op) in _KNOWN and not isinstance(op, TERMINATORS), "this may only end a block")
                if op.HAS_RESULT:
                    enter(op.result, op, block, at)  # type: ignore[attr-defined]
            self.op = None
        self.block = None
        return home

    def _op(self, op: Op) -> None:
        # Conditions are spelt out, not passed to `require`: this runs for every operation of every program.
        if op.insn < -1:
            self.require(7, False, "bad instruction index")
        for operand in operands(op) if not op.EDGES else _all_operands(op):
            if type(operand) is not Value and not (type(operand) is int and 0 <= operand < LIMIT64):
                self.require(7, False, f"bad operand {operand!r}")
        words, displaced, tables, special = _PLANS[type(op)]
        for name, allowed in words:
            if getattr(op, name) not in allowed:
                self.require(8, False, f"{name} is {getattr(op, name)!r}")
        if displaced:
            offset: int = op.offset  # type: ignore[attr-defined]
            self.require(8, -(1 << 31) <= offset < 1 << 32, f"displacement {offset}")
        for name in tables:
            self.require(10, 0 <= getattr(op, name) < len(getattr(self.module, f"{name}s")), f"there is no {name} {getattr(op, name)}")
        if special:
            self._special(op)

    def _special(self, op: Op) -> None:
        if op.ARGS is not None:
            self.require(10, len(getattr(op, op.ARGS)) <= MAX_ARGS, "more than five arguments")
        if isinstance(op, (CallFunction, FuncAddr)):
            self.require(10, op.function in self.arities, f"there is no function {op.function!r}")
        if isinstance(op, CallFunction):
            self.require(10, len(op.args) == self.arities[op.function], f"{op.function!r} takes {self.arities[op.function]} arguments")
        if isinstance(op, Assume):
            self.require(11, op.value is op.lhs or op.value is op.rhs, "it renames none of its operands")
            self.require(11, not op.negated or op.kind == "test", "only test is negated")

    def _uses(self, home: dict[Value, tuple[Block, int]]) -> None:
        dominators = Dominators(self.fn)
        self.require(3, len(dominators.order) == len(self.fn.blocks), "a block is unreachable")
        for block in self.fn.blocks:
            self.block = block
            for at, op in enumerate(block.all_ops()):
                self.op = op
                for value in used_values(op):
                    place = home.get(value)
                    if place is None:
                        self.require(6, False, f"v{value.id} is used but not defined")
                        continue
                    where, index = place
                    if not (index < at if where is block else dominators.dominates(where, block)):
                        self.require(6, False, f"v{value.id} does not dominate this use")


def _all_operands(op: Op) -> list[Operand]:
    return operands(op) + [operand for edge in edges(op) for operand in edge.args]
