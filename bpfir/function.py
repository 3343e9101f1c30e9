"""Functions of blocks of operations, and the module that holds them.

    fn @main(v0) {            Function(name="main", params=[v0], blocks=[b0, …])
    b0:                       Block(id=0, params=[], ops=[…], terminator=…)
      v1 = load.4 v0, 0 #0
      exit v1 #1
    }

A block takes parameters and every edge to it passes arguments (block-argument form of SSA); the entry block has none, the
function's own parameters are in scope everywhere.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, final

from bpfcc.bpfir.bindings import follow
from bpfcc.bpfir.ops import Edge, Exit, Op, Operand, Terminator, Value, edges, replace_operands

if TYPE_CHECKING:
    from bpfcc.bpfir.module import Endian, Extern, MapSpec
    from bpfcc.diagnostics import SourcePosition


@final
class Block:
    """Straight-line operations and the terminator that ends them."""

    __slots__ = ("id", "ops", "params", "steps", "terminator")

    def __init__(self, id: int) -> None:  # noqa: A002 - the field's own name
        self.id = id
        self.params: list[Value] = []
        self.ops: list[Op] = []
        # Instructions of bytecode that it stands for, those that left no operation included: what a run's budget counts.
        self.steps = 0
        # Every finished block has its own; until then this one keeps the type simple.
        self.terminator: Terminator = UNFINISHED

    def edges(self) -> list[Edge]:
        """Ways out, `then` before `otherwise`."""
        return self.terminator.list_edges()

    def successors(self) -> list[Block]:
        """Targets of the edges; a block may come twice."""
        return [edge.block for edge in self.terminator.list_edges()]

    def all_ops(self) -> Iterator[Op]:
        """Operations in order, the terminator last."""
        yield from self.ops
        yield self.terminator

    def __repr__(self) -> str:
        return f"b{self.id}"


UNFINISHED: Terminator = Exit(value=0)


@final
@dataclass(slots=True, eq=False)
class Function:
    """One function: `blocks[0]` is the entry. Value ids are unique in it; `next_value` is the first unused one."""

    name: str
    params: list[Value] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    next_value: int = 0
    linkage: Literal["static", "global"] = "global"
    btf_type_id: int = 0
    # Its first instruction.
    start: int = 0
    # Bytes of stack that its `frame` operations may name; more than 512 only where callees were put in the place of their calls.
    frame_bytes: int = 512
    # How much of its frame the bytecode uses, as far as it names bytes: passes that drop accesses leave it as it is.
    stack_bytes: int = 0
    # What registers r0 … r10 held before each instruction, where the lifter was asked to keep it (see `bpfcc.bpfir.bindings`).
    bindings: dict[int, tuple[Operand | None, ...]] | None = None

    def new_value(self, definition: Op | Block | None = None) -> Value:
        """A fresh value."""
        value = Value(self.next_value, definition)
        self.next_value += 1
        return value

    def new_block(self) -> Block:
        """A fresh block at the end of the list."""
        block = Block(max((b.id for b in self.blocks), default=-1) + 1)
        self.blocks.append(block)
        return block

    @property
    def entry(self) -> Block:
        """The block where the function begins."""
        return self.blocks[0]

    def ops(self) -> Iterator[Op]:
        """Every operation, block by block, terminators included."""
        for block in self.blocks:
            yield from block.ops
            yield block.terminator

    def predecessors(self) -> dict[Block, list[Edge]]:
        """Edges into each block, in block order; a block that nothing enters has an empty list."""
        found: dict[Block, list[Edge]] = {block: [] for block in self.blocks}
        for block in self.blocks:
            for edge in edges(block.terminator):
                found[edge.block].append(edge)
        return found

    def replace(self, replacement: dict[Value, Operand]) -> None:
        """Replace uses of values everywhere; chains in the dictionary are followed."""
        for value, target in replacement.items():
            root = target
            while type(root) is Value and root in replacement:
                root = replacement[root]
            replacement[value] = root
        if replacement:
            for op in self.ops():
                replace_operands(op, replacement)
            if self.bindings is not None:
                follow(self.bindings, replacement)


@final
@dataclass(slots=True, eq=False)
class Module:
    """What is verified and executed: a program (`functions[0]`) with its subprograms, its maps and externs.

    `lines` maps the first instruction of each line-table entry to its place; see `position`.
    """

    functions: list[Function]
    maps: tuple[MapSpec, ...] = ()
    externs: tuple[Extern, ...] = ()
    type: str | None = None
    endian: Endian = "little"
    lines: Mapping[int, SourcePosition] = field(default_factory=dict)
    _line_starts: list[int] | None = None

    @property
    def entry(self) -> Function:
        """The program's entry function."""
        return self.functions[0]

    def function(self, name: str) -> Function:
        """The function of that name; names are unique in a module."""
        for fn in self.functions:
            if fn.name == name:
                return fn
        raise KeyError(name)

    def position(self, insn: int) -> SourcePosition | None:
        """Where in the C source instruction `insn` comes from, or None."""
        if insn < 0 or not self.lines:
            return None
        if self._line_starts is None:
            self._line_starts = sorted(self.lines)
        at = bisect_right(self._line_starts, insn) - 1
        start = max((fn.start for fn in self.functions if fn.start <= insn), default=0)
        # An entry holds until the end of its function: another one's says nothing here.
        return self.lines[self._line_starts[at]] if at >= 0 and self._line_starts[at] >= start else None
