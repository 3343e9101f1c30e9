"""Addresses that mean something for one family alone: whether a program has asked for the family before it reads one.

    v1 = load.4 v0, 20; if eq.32 v1, 2 then b1 else b2         b1 knows that the family is AF_INET

On Linux each family has fields of its own; on Windows they share bytes, so the field of the other family holds part of an address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir.ops import Branch, Cast, Load, Value, edges
from bpfcc.bpfir.renamed import renamed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bpfcc.bpfir.function import Block, Function
    from bpfcc.bpfir.ops import Edge, Op, Operand

AF_INET: Final = 2
AF_INET6: Final = 10
# A hook there sees no other.
FAMILIES: Final = frozenset((AF_INET, AF_INET6))


@final
class Families:
    """Of one function, before it is rewritten. `is_family`: whether a load is of the context's family field."""

    def __init__(self, fn: Function, is_family: Callable[[Load], bool]) -> None:
        self._fn = fn
        self._is_family = is_family
        self._at = {op: block for block in fn.blocks for op in block.ops if isinstance(op, Load)}
        # Now: later the function is another one.
        self._unknown = {family: self._reached_without(family) for family in FAMILIES}

    def known(self, op: Load, family: int) -> bool:
        """Whether the family is that one wherever the load is reached."""
        return op in self._at and self._at[op] not in self._unknown[family]

    def _reached_without(self, family: int) -> set[Block]:
        """Blocks that are reached on a way that does not tell that the family is that one."""
        seen: set[Block] = set()
        work = [self._fn.entry]
        while work:
            block = work.pop()
            if block not in seen:
                seen.add(block)
                telling = list(self._telling(block.terminator, family))
                work += [edge.block for edge in edges(block.terminator) if all(edge is not each for each in telling)]
        return seen

    def _telling(self, op: Op, family: int) -> Iterator[Edge]:
        """The edge of a test on which the family is that one."""
        if not isinstance(op, Branch) or op.kind not in ("eq", "ne") or type(op.rhs) is not int or not self._of_family(op.lhs):
            return
        equal, other = (op.then, op.otherwise) if op.kind == "eq" else (op.otherwise, op.then)
        if op.rhs == family:
            yield equal
        elif op.rhs in FAMILIES:
            yield other

    def _of_family(self, operand: Operand) -> bool:
        found = renamed(operand)
        while type(found) is Value and isinstance(found.definition, Cast) and found.definition.from_bits == 32:
            found = renamed(found.definition.value)
        return type(found) is Value and isinstance(found.definition, Load) and self._is_family(found.definition)
