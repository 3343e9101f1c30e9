"""Control flow as a C programmer writes it: loops and ifs, and a `goto` only where those do not do.

    b0: if c then b1 else b2; b1: jump b3; b2: jump b3; b3: exit     if (c) { … } else { … } return …;

Blocks are placed by the dominator tree: what a block alone leads to is nested in it, what several lead to comes after it. A loop is a
`for (;;)` with the blocks of the loop in it, and what it leaves to behind it. Every way out of a block is then a jump; one to where
control gets anyway is dropped, one to a loop's start or end becomes `continue` or `break`, the rest stay (`resolve`). After Ramsey,
"Beyond Relooper" (2022), with `goto` in the place of exits of several levels, which C has not got; so any control flow will do,
irreducible too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir.dominance import Dominators
from bpfcc.bpfir.loops import find_loops
from bpfcc.bpfir.ops import Branch, Exit, Jump

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpfcc.bpfir.function import Block, Function
    from bpfcc.bpfir.loops import Loop
    from bpfcc.bpfir.ops import Edge

# Compilers bound the depth of braces, and so do readers.
MAX_NESTING: Final = 24
MAX_CONDITION: Final = 100


@final
@dataclass(slots=True)
class Text:
    """A statement, or several that belong together, from an instruction; `declares`: the variable that it declares."""

    text: str
    insn: int = -1
    declares: str = ""


@final
@dataclass(slots=True)
class Return:
    """The end of the function."""

    text: str
    insn: int = -1


@final
@dataclass(slots=True)
class Goto:
    """To a block; `word` after `resolve`: `goto`, `break` or `continue`."""

    block: Block
    insn: int = -1
    word: str = ""


@final
@dataclass(slots=True)
class Label:
    """Where a block begins."""

    block: Block


@final
@dataclass(slots=True)
class If:
    """`condition` and `negated`, its opposite, are C expressions."""

    condition: str
    negated: str
    then: list[Statement]
    otherwise: list[Statement]
    insn: int = -1


@final
@dataclass(slots=True)
class For:
    """An endless loop around what begins with a block."""

    header: Block
    body: list[Statement] = field(default_factory=list)


Statement = Text | Return | Goto | Label | If | For


@final
class Structure:
    """Places the blocks of a function. `code` writes a block's operations, `condition` its test and the opposite, `jump` what has to
    happen on an edge, `leave` the end of a function; `is_empty`: no operation of a block is written."""

    def __init__(
        self, fn: Function, *, code: Callable[[Block], list[Statement]], condition: Callable[[Branch], tuple[str, str]],
        jump: Callable[[Block, Edge], list[Statement]], leave: Callable[[Block, Edge | None], list[Statement]],
        is_empty: Callable[[Block], bool],
    ) -> None:  # fmt: skip
        self.fn = fn
        self.is_empty = is_empty
        self.code, self.condition, self.jump, self.leave = code, condition, jump, leave
        dominators = Dominators(fn)
        self.number = dominators.number
        self.loops = find_loops(dominators)
        self.order = dominators.order
        self._entered: dict[Block, int] = dict.fromkeys(self.order, 0)
        self.headers: dict[Block, Loop] = {loop.header: loop for loop in self.loops.loops}
        self._count_ways()
        self._children: dict[Block, list[Block]] = {block: [] for block in self.order}
        self._exits: dict[Block, list[Block]] = {loop.header: [] for loop in self.loops.loops}
        for block in self.order[1:]:
            if self.is_exit(block):
                continue
            if self.is_way(block):
                continue
            above = dominators.idom[block]
            while self.is_way(above):
                above = dominators.idom[above]
            left = self._left(above, block)
            (self._children[above] if left is None else self._exits[left.header]).append(block)

    def _count_ways(self) -> None:
        """How often each block is gone to, but for the ways back in loops."""
        back = {(latch, loop.header) for loop in self.loops.loops for latch in loop.latches}
        for block in self.order:
            if self.is_way(block):
                continue
            for successor in block.successors():
                before, found = block, successor
                while self.is_way(found):
                    before, found = found, found.successors()[0]
                self._entered[found] += (before, found) not in back

    def is_way(self, block: Block) -> bool:
        """Whether there is nothing in a block but where to go on: who goes there goes on at once."""
        if type(block.terminator) is not Jump or block.params or block is self.fn.entry or block in self.headers:
            return False
        if not self.is_empty(block):
            return False
        # Of circles that are no loops, one block at least is placed.
        target = block.terminator.target.block
        return self.number[target] > self.number[block] or target in self.headers

    def is_exit(self, block: Block) -> bool:
        """Whether it only returns: that is written wherever control goes there."""
        return type(block.terminator) is Exit and self.is_empty(block) and block is not self.fn.entry

    def _left(self, inside: Block, block: Block) -> Loop | None:
        """The outermost loop around a block that another one is not in."""
        found, loop = None, self.loops.innermost.get(inside)
        while loop is not None and block not in loop.blocks:
            found, loop = loop, loop.parent
        return found

    def write(self) -> list[Statement]:
        """The function's body."""
        body = self._sequence(self.fn.entry, None, 0)
        resolve(body, None, None, None)
        return tidy(body)

    # ---- placing

    def _sequence(self, first: Block, follow: Block | None, depth: int) -> list[Statement]:
        """A block with all that is placed in it and after it; `follow` is where control gets behind."""
        out: list[Statement] = []
        # What is still to be placed, the next one last.
        pending = [first]
        while pending:
            block = pending.pop()
            out.append(Label(block))
            after = pending[-1] if pending else follow
            if block in self.headers and depth < MAX_NESTING:
                exits = self._exits[block]
                loop = For(block)
                loop.body = self._inside(block, block, depth + 1)
                out.append(loop)
                pending += exits[::-1]
            else:
                # A loop so deep that braces would not do is a label and gotos.
                extra = self._exits.get(block, [])
                self._block(block, out, pending, extra, after, depth)
        return out

    def _inside(self, header: Block, follow: Block, depth: int) -> list[Statement]:
        out: list[Statement] = []
        pending: list[Block] = []
        self._block(header, out, pending, [], follow, depth)
        while pending:
            block = pending.pop()
            rest = self._sequence(block, pending[-1] if pending else follow, depth)
            out += rest
        return out

    def _block(
        self, block: Block, out: list[Statement], pending: list[Block], extra: list[Block], follow: Block | None, depth: int
    ) -> None:
        """A block's operations and its end; what comes after it is left in `pending`."""
        out += self.code(block)
        ending = block.terminator
        children = sorted([*self._children[block], *extra], key=self.number.__getitem__)
        if type(ending) is Jump:
            self._jump(block, ending.target, out, pending, children)
        elif type(ending) is Branch:
            self._branch(block, ending, out, pending, children, follow, depth)
        else:
            out += self.leave(block, None)
            pending += children[::-1]

    def _to(self, block: Block, edge: Edge) -> tuple[Block, Edge, list[Statement]]:
        """The last edge on a way through blocks that hold nothing, where it begins, and what happens before."""
        before: list[Statement] = []
        while self.is_way(edge.block) and type(edge.block.terminator) is Jump:
            before += self.jump(block, edge)
            block, edge = edge.block, edge.block.terminator.target
        return block, edge, before

    def _nested(self, edge: Edge, children: list[Block]) -> bool:
        """Whether what an edge leads to belongs to it alone."""
        target = edge.block
        while self.is_way(target):
            target = target.successors()[0]
        return target in children and self._entered[target] == 1

    def _way(self, block: Block, edge: Edge, insn: int) -> list[Statement]:
        """What happens on an edge to a block that is elsewhere."""
        return self._elsewhere(self._to(block, edge), insn)

    def _elsewhere(self, end: tuple[Block, Edge, list[Statement]], insn: int) -> list[Statement]:
        block, edge, before = end
        if self.is_exit(edge.block):
            return [*before, *self.leave(edge.block, edge)]
        return [*before, *self.jump(block, edge), Goto(edge.block, insn)]

    def _jump(self, block: Block, edge: Edge, out: list[Statement], pending: list[Block], children: list[Block]) -> None:
        out += self._way(block, edge, block.terminator.insn)
        pending += children[::-1]

    def _branch(
        self, block: Block, ending: Branch, out: list[Statement], pending: list[Block], children: list[Block],
        follow: Block | None, depth: int,
    ) -> None:  # fmt: skip
        condition, negated = self.condition(ending)
        ways = [ending.then, ending.otherwise]
        nested = [self._nested(way, children) for way in ways]
        # What a way leads to in the end, and what happens on it.
        ends = [self._to(block, way) for way in ways]
        inner = [end.block for (_, end, _), is_nested in zip(ends, nested, strict=True) if is_nested]
        merges = [child for child in children if child not in inner]
        after = merges[0] if merges else follow
        made = If(condition, negated, [], [], ending.insn)
        out.append(made)
        arms = [made.then, made.otherwise]
        for at in (0, 1):
            if not nested[at]:
                arms[at] += self._elsewhere(ends[at], ending.insn)
        rest: Block | None = None
        which = [at for at in (0, 1) if nested[at]]
        # The shorter arm goes into braces; the longer one too, if both come together again, else it simply goes on.
        which.sort(key=lambda at: self._size(ends[at][1].block))
        for position, at in enumerate(which):
            from_block, edge, before = ends[at]
            arms[at] += [*before, *self.jump(from_block, edge)]
            last = position == len(which) - 1
            if last and (depth >= MAX_NESTING or not self._comes_together(arms[1 - at], after)):
                arms[at].append(Goto(edge.block, ending.insn))
                rest = edge.block
            elif depth >= MAX_NESTING:
                arms[at].append(Goto(edge.block, ending.insn))
                merges.insert(0, edge.block)
            else:
                arms[at] += self._sequence(edge.block, after, depth + 1)
        pending += merges[::-1]
        if rest is not None:
            pending.append(rest)

    def _comes_together(self, arm: list[Statement], after: Block | None) -> bool:
        """Whether an arm ends where the code after the `if` begins."""
        last = arm[-1] if arm else None
        while isinstance(last, If):
            tails = [tail for side in (last.then, last.otherwise) if side for tail in [side[-1]]]
            last = next((tail for tail in tails if not isinstance(tail, Return)), None)
        return isinstance(last, Goto) and last.block is after

    def _size(self, block: Block) -> int:
        """Roughly how much is placed in a block."""
        count, work = 0, [block]
        while work and count < 64:
            found = work.pop()
            count += 1 + len(found.ops)
            work += self._children[found]
        return count


def resolve(body: list[Statement], follow: Block | None, loop: Block | None, behind: Block | None) -> None:
    """Drop jumps to `follow`, where control gets anyway, and say what the others are.

    `loop` is the header of the innermost loop around, `behind` what comes after it.
    """
    # From the end, so that what follows a statement is known.
    following = follow
    kept: list[Statement] = []
    for statement in reversed(body):
        match statement:
            case Label():
                following = statement.block
            case Goto():
                if statement.block is following:
                    continue
                statement.word = "continue" if statement.block is loop else "break" if statement.block is behind and loop else "goto"
                following = None
            case If():
                resolve(statement.then, following, loop, behind)
                resolve(statement.otherwise, following, loop, behind)
                following = None
            case For():
                resolve(statement.body, statement.header, statement.header, following)
                following = None
            case _:
                following = None
        kept.append(statement)
    body[:] = kept[::-1]


def targets(body: list[Statement]) -> set[Block]:
    """Blocks that a `goto` leads to."""
    found: set[Block] = set()
    for statement in body:
        match statement:
            case Goto(word="goto"):
                found.add(statement.block)
            case If():
                found |= targets(statement.then) | targets(statement.otherwise)
            case For():
                found |= targets(statement.body)
    return found


def tidy(body: list[Statement]) -> list[Statement]:
    """Without labels that nothing goes to, empty branches, and `else` after what does not come back."""
    return _tidy(body, targets(body))


def _tidy(body: list[Statement], wanted: set[Block]) -> list[Statement]:
    out: list[Statement] = []
    for statement in body:
        match statement:
            case Label():
                if statement.block in wanted:
                    out.append(statement)
            case If():
                then, otherwise = _tidy(statement.then, wanted), _tidy(statement.otherwise, wanted)
                condition, negated = statement.condition, statement.negated
                if not then or (otherwise and not _ends(then) and _ends(otherwise)):
                    then, otherwise, condition, negated = otherwise, then, negated, condition
                if not then:
                    continue
                hoisted = otherwise if _ends(then) else []
                inner = then[0] if len(then) == 1 else None
                if (
                    isinstance(inner, If)
                    and not otherwise
                    and not inner.otherwise
                    and len(condition) + len(inner.condition) < MAX_CONDITION
                ):
                    # Both, or nothing.
                    condition, then = f"{condition} && {inner.condition}", inner.then
                    negated = f"!({condition})"
                out.append(If(condition, negated, then, [] if hoisted else otherwise, statement.insn))
                out += hoisted
            case For():
                out.append(For(statement.header, _tidy(statement.body, wanted)))
            case _:
                out.append(statement)
    return out


def _ends(body: list[Statement]) -> bool:
    """Whether control does not get behind."""
    last = body[-1] if body else None
    return isinstance(last, (Return, Goto)) or (
        isinstance(last, If) and bool(last.otherwise) and _ends(last.then) and _ends(last.otherwise)
    )
