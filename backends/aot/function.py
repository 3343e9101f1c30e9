"""One function of the IR as a function of C: what each block, edge and end becomes; `operations` has the operations.

    static uint64_t count_packet(struct bpfcc_run *run, const struct table *table, uint64_t ctx)
    {
        …
    }

Proven code uses host addresses and a frame on the C stack. Code that checks itself uses guest addresses, the run's frames, and counts
steps in `left`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.backends.aot.expressions import POINTER, SUM, Expr, as_pointer, as_word, constant, low, typed, variable
from bpfcc.backends.aot.expressions import offset as moved
from bpfcc.backends.aot.folding import Folding
from bpfcc.backends.aot.operations import OPERATIONS, VALUES, conditions
from bpfcc.backends.aot.scopes import WORD, declare
from bpfcc.backends.aot.structure import Goto, If, Label, Return, Structure, Text
from bpfcc.backends.aot.variables import Variables
from bpfcc.backends.costs import cost_of
from bpfcc.backends.kinds import frame_place, is_private
from bpfcc.bpfir.loops import turning_points
from bpfcc.bpfir.ops import Assume, Cast, FrameAddr, Load, Unresolved, Value
from bpfcc.runtime.memory import FRAME_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bpfcc.backends.aot.emit import Unit
    from bpfcc.backends.aot.structure import Statement
    from bpfcc.bpfir.function import Block, Function
    from bpfcc.bpfir.ops import Branch, Edge, Op, Operand

FORGET: Final = "/* forget */"
MAX_CACHES: Final = 16
C_TYPES: Final = {POINTER: "uint8_t *", 32: "uint32_t ", 64: "uint64_t "}
MAX_SUMS: Final = 8


class Body(NamedTuple):
    """A function that is done: its head, declarations, statements."""

    signature: str
    declarations: list[str]
    statements: list[Statement]


@final
class FunctionWriter:
    """The text of one function while it is made."""

    def __init__(self, unit: Unit, fn: Function, names: Mapping[Value, str]) -> None:
        self.unit = unit
        self.fn = fn
        self.index = unit.indices[fn.name]
        self.checked = unit.environment.checked
        self.kinds = unit.kinds
        self.counted = any(block.steps for block in fn.blocks)
        self.has_frame = False
        self.folding = Folding(fn, self.resolve, self._may_fold)
        self.variables = Variables(fn, self.folding, names, unit.taken, self.is_pointer)
        self.turning = turning_points(fn) if unit.environment.budget and not self.checked else frozenset()
        self.out: list[Statement] = []
        self._text: dict[Value, Expr] = {}
        self._caches: dict[tuple[Operand, bool], int] = {}
        self._temporaries: dict[str, str] = {}
        self._declared: set[str] = set()

    # ---- operands

    def _is_alias(self, op: Cast) -> bool:
        return not self.checked and self.kinds.is_extended_field(op)

    def resolve(self, operand: Operand) -> Operand:
        """What the operand renames."""
        while type(operand) is Value:
            made = operand.definition
            if type(made) is Assume or (type(made) is Cast and self._is_alias(made)):
                operand = made.value
            else:
                break
        return operand

    def is_pointer(self, value: Value) -> bool:
        """Whether it is a pointer in C: what is known to be a host address."""
        return not self.checked and self.kinds.kind(self.resolve(value)).address

    def expr(self, operand: Operand) -> Expr:
        """The operand as a number."""
        return as_word(self.raw(operand))

    def pointer(self, operand: Operand) -> Expr:
        """The operand as a pointer."""
        return as_pointer(self.raw(operand))

    def raw(self, operand: Operand) -> Expr:
        """The operand as what it is."""
        operand = self.resolve(operand)
        if type(operand) is not Value:
            return constant(operand)
        if operand in self.folding.folded:
            if operand not in self._text:
                made: Op = operand.definition  # type: ignore[assignment]
                self._text[operand] = self.value_of(made)
            return self._text[operand]
        return variable(*self.variables.of[operand])

    def value_of(self, op: Op) -> Expr:
        """What an operation without effects computes, a plain load included."""
        if type(op) is Load and op in self.unit.fields:
            return Expr(f"run->packet + run->{self.unit.fields[op]}", POINTER, SUM)
        found: Expr = VALUES[type(op)](self, op)
        return found

    def low(self, operand: Operand, width: int) -> Expr:
        """The low `width` bits, of 32 or 64."""
        return low(self.expr(operand), width)

    def word(self, operand: Operand) -> str:
        """The operand as an argument of type uint64_t."""
        return self.expr(operand).text

    def _may_fold(self, op: Load) -> bool:
        """Loads that may be written later: nobody else writes there, and nothing is checked."""
        return not self.checked and (op in self.unit.fields or self._is_plain(op.base, op.offset, op.size_bytes))

    def _is_plain(self, base: Operand, offset: int, size: int) -> bool:
        base = self.resolve(base)
        return frame_place(base, offset, size) is not None or is_private(self.kinds.kind(base).memory)

    # ---- memory

    def frame_byte(self, at: int) -> str:
        """The address of a byte of the own frame, by its offset from r10."""
        self.has_frame = True
        from_start = FRAME_BYTES + at
        return f"frame + {from_start}" if from_start else "frame"

    def place(self, base: Operand, offset: int, size: int) -> tuple[Expr, str]:
        """A C pointer to proven memory, and `_once` where others may write it."""
        base = self.resolve(base)
        own = frame_place(base, offset, size)
        if own is not None:
            return Expr(self.frame_byte(own), POINTER), ""
        once = "" if is_private(self.kinds.kind(base).memory) else "_once"
        return as_pointer(moved(self.raw(base), offset)), once

    def address(self, base: Operand, offset: int) -> Expr:
        """Base + offset, as a number."""
        return moved(self.expr(base), offset)

    def reached(self, base: Operand, offset: int, size: int, insn: int, *, write: bool) -> str:
        """A C pointer to memory that is looked up first; a trap where that fails."""
        base = self.resolve(base)
        own = frame_place(base, offset, size)
        if own is not None:
            return self.frame_byte(own)
        address = typed(self.address(base, offset), 64).text
        slow = self.unit.slot("runtime", "bpfcc_reach")
        self.temporary("reached", "uint8_t *")
        origin = self._origin(base)
        if type(origin) is Value and type(origin.definition) is FrameAddr:
            self.has_frame = True
            found = f"reach_frame(run, {slow}, frame, guest, {address}, {size}, {int(write)})"
        else:
            at = self._caches.setdefault((origin, write), len(self._caches)) % MAX_CACHES
            found = f"reach(run, {slow}, &kept{at}, {address}, {size}, {int(write)})"
        self.put(f"reached = {found};", insn)
        self.put(f"if (!reached)\n    {self.trap_return(insn)}", insn)
        return "reached"

    def _origin(self, base: Operand) -> Operand:
        """What the address is computed from: pointers of one origin reach the same memory, mostly."""
        from bpfcc.bpfir.ops import Alu

        for _ in range(MAX_SUMS):
            made = base.definition if type(base) is Value else None
            if not isinstance(made, Alu) or made.kind not in ("add", "sub"):
                break
            inner = self.resolve(made.lhs)
            if type(inner) is not Value:
                break
            base = inner
        return base

    def forget(self) -> None:
        """Memory may have moved: what was reached before is looked up again."""
        if self.checked:
            self.out.append(Text(FORGET))

    # ---- statements

    def temporary(self, name: str, kind: str) -> None:
        """A variable that is none of the program's."""
        self._temporaries[name] = kind

    def put(self, text: str, insn: int) -> None:
        """Add a statement."""
        self.out.append(Text(text, insn))

    def assign(self, value: Value, e: Expr, insn: int) -> None:
        """Give a value its variable; what nothing needs is computed for its effects."""
        if value in self.folding.needed:
            name, bits = self.variables.of[value]
            text = as_pointer(e).text if bits == POINTER else as_word(e).text
            # A value that is another's low half, in one variable with it.
            if text != name:
                self.put(f"{name} = {text};", insn)
        else:
            self.put(f"(void){e.text if e.level <= 1 else f'({e.text})'};", insn)

    def where(self, insn: int) -> str:
        """The place of a trap."""
        return f"INT64_C({(self.index << 32) | (insn & 0xFFFFFFFF):#x})"

    def trap_return(self, insn: int) -> str:
        """The statement that leaves with a trap that was noted."""
        return self.left_by(f"trapped(run, table, {self.where(insn)})")

    def left_by(self, value: str) -> str:
        """The statement that returns a value; code that counts says what is left first."""
        return f"return *steps = left, {value};" if self.checked else f"return {value};"

    def check_trap(self, insn: int) -> None:
        """Leave where what was just called trapped."""
        if not self.unit.traps:
            return
        self.put(f"if (run->trap)\n    {self.trap_return(insn)}", insn)

    # ---- blocks

    def _code(self, block: Block) -> list[Statement]:
        self.out = []
        if self.checked:
            first = next((op.insn for op in block.all_ops() if op.insn >= 0), -1)
            steps = block.steps if self.counted else cost_of(self.fn, block)
            self.put(f"left -= {steps};", first)
            self.put(f"if (!paid(run, {self.unit.slot('runtime', 'bpfcc_more_steps')}, &left))\n    {self.trap_return(first)}", first)
        elif block in self.turning:
            insn = block.terminator.insn
            self.put(f"if (!round_paid(run))\n    {self.trap_return(insn)}", insn)
        for op in block.ops:
            if not self.folding.is_written(op) or getattr(op, "result", None) in self.folding.folded:
                continue
            if type(op) in VALUES and not (type(op) is Load and self.checked):
                self.assign(op.result, self.value_of(op), op.insn)  # type: ignore[attr-defined]
            else:
                OPERATIONS[type(op)](self, op)
        return self.out

    def _is_empty(self, block: Block) -> bool:
        return not self.checked and block not in self.turning and not any(self.folding.is_written(op) for op in block.ops)

    def _condition(self, op: Branch) -> tuple[str, str]:
        return conditions(self, op)

    def _jump(self, block: Block, edge: Edge) -> list[Statement]:
        """Steps of the way, and arguments into the target's parameters, all at once."""
        found: list[Statement] = []
        insn = block.terminator.insn
        if self.checked and edge.steps:
            found.append(Text(f"left -= {edge.steps};", insn))
        moves: list[tuple[str, Expr]] = []
        for param, arg in zip(edge.block.params, edge.args, strict=True):
            if param not in self.folding.needed:
                continue
            name, bits = self.variables.of[param]
            e = self.pointer(arg) if bits == POINTER else self.expr(arg)
            if e.text != name:
                moves.append((name, e))
        return found + [Text(f"{name} = {text};", insn) for name, text in self._in_order(moves)]

    def _in_order(self, moves: list[tuple[str, Expr]]) -> list[tuple[str, str]]:
        """One after the other, with the same result as all at once."""
        found: list[tuple[str, str]] = []
        while moves:
            free = next((move for move in moves if not any(move[0] in other.reads for name, other in moves if name != move[0])), None)
            if free is not None:
                moves.remove(free)
                found.append((free[0], free[1].text))
                continue
            # A circle: one of the old values is kept aside.
            name = moves[0][0]
            kept = f"old_{name}"
            self.temporary(kept, next(C_TYPES[found.bits] for found in self.variables.of.values() if found.name == name))
            found.append((kept, name))
            word = re.compile(rf"\b{re.escape(name)}\b")
            moves = [
                (to, e._replace(text=word.sub(kept, e.text), reads=e.reads - {name} | {kept}) if to != name and name in e.reads else e)
                for to, e in moves
            ]
        return found

    def _leave(self, block: Block, edge: Edge | None) -> list[Statement]:
        ending = block.terminator
        if type(ending) is Unresolved:
            if not self.unit.traps:
                # Nothing leads here: it was proven.
                return [Return(self.left_by("0"), ending.insn)]
            return [
                Text("raise_trap(run, BPFCC_TRAPPED_UNRESOLVED, 0, 0);", ending.insn),
                Return(self.trap_return(ending.insn), ending.insn),
            ]
        value: Operand = ending.value  # type: ignore[union-attr]
        before: list[Statement] = []
        if edge is not None:
            # What the edge passes is returned as it is, without a variable.
            steps = [Text(f"left -= {edge.steps};", ending.insn)] if self.checked and edge.steps else []
            before = [*steps, *self._code(block)]
            passed = dict(zip(block.params, edge.args, strict=True))
            resolved = self.resolve(value)
            value = passed.get(resolved, resolved) if type(resolved) is Value else resolved
        return [*before, Return(self.left_by(self.expr(value).text), ending.insn)]

    # ---- the whole

    def write(self) -> Body:
        """The function."""
        structure = Structure(
            self.fn, code=self._code, condition=self._condition, jump=self._jump, leave=self._leave, is_empty=self._is_empty
        )
        statements = structure.write()
        self._forgotten(statements)
        words = used_words(statements)
        self._declared = declare(statements, self._types())
        return Body(self.unit.signature(self.fn, self._parameters()), self._declarations(statements, words), statements)

    def _parameters(self) -> list[tuple[str, bool]]:
        """Names of what the C function takes, and which are pointers: the program takes numbers."""
        found = []
        for at, param in enumerate(self.fn.params):
            known = self.variables.of.get(param)
            pointer = known is not None and known.bits == POINTER
            if known is None or (pointer and self.index == 0):
                found.append((f"r{at + 1}", self.is_pointer(param) and self.index > 0))
            else:
                found.append((known.name, pointer))
        return found

    def _types(self) -> dict[str, str]:
        """Of the variables that the function has to declare."""
        params = {self.variables.of[param].name for param in self.fn.params if param in self.variables.of}
        return {found.name: C_TYPES[found.bits] for found in self.variables.of.values() if found.name not in params}

    def _forgotten(self, statements: list[Statement]) -> None:
        """Where caches are emptied, now that it is known which there are."""
        count = min(len(self._caches), MAX_CACHES)
        text = " = ".join([*(f"kept{at}.bytes" for at in range(count)), "0;"]) if count else ""
        for statement in walk(statements):
            if isinstance(statement, Text) and statement.text == FORGET:
                statement.text = text

    def _declarations(self, statements: list[Statement], words: set[str]) -> list[str]:
        lines: list[str] = []
        params = {name for name, _ in self._parameters()}
        by_type: dict[int, list[str]] = {POINTER: [], 64: [], 32: []}
        started = {self.variables.of[param].name: at for at, param in enumerate(self.fn.params) if param in self.variables.of}
        for found in dict.fromkeys(self.variables.of.values()):
            if found.name in params or found.name in self._declared or found.name not in words:
                continue
            if found.name in started:
                lines.append(f"uint8_t *{found.name} = {self.unit.start_pointer(started[found.name])};")
            else:
                by_type[found.bits].append(found.name)
        clears = self.has_frame and self.checked
        if self.has_frame:
            lines += self._frame()
        if self.checked:
            lines += ["int64_t left = *steps;"]
            lines += [f"struct bpfcc_reach kept{at} = {{0, 0, 0}};" for at in range(min(len(self._caches), MAX_CACHES))]
        lines += [f"{kind}{name};" for name, kind in sorted(self._temporaries.items())]
        if by_type[POINTER]:
            lines.append(f"uint8_t {', '.join(f'*{name}' for name in by_type[POINTER])};")
        lines += [f"uint{bits}_t {', '.join(names)};" for bits, names in by_type.items() if names and bits != POINTER]
        if clears:
            lines.append("__builtin_memset(frame, 0, BPFCC_FRAME);")
        if self.index == 0 and self.kinds.called_back:
            lines += self.unit.takes_calls()
        known = words | {word for line in lines for word in WORD.findall(line)}
        lines = self.unit.start_numbers(self.fn, [name for name, _ in self._parameters() if name in known]) + lines
        known |= {word for line in lines for word in WORD.findall(line)}
        return lines + [f"(void){name};" for name in self.unit.parameter_names(self.fn, self._parameters()) if name not in known]

    def _frame(self) -> list[str]:
        if self.checked:
            return [
                "const uint32_t top = (BPFCC_FRAMES - 1 - depth) * BPFCC_FRAME;",
                "const uint64_t guest = BPFCC_GUEST_STACK + top;",
                "uint8_t *const frame = run->frames + top;",
            ]
        cleared = " = {0}" if self.unit.is_zeroed(self.fn) else ""
        return [f"uint64_t frame_words[{FRAME_BYTES // 8}]{cleared};", "uint8_t *const frame = (uint8_t *)frame_words;"]


def walk(statements: Iterable[Statement]) -> Iterable[Statement]:
    """All of them, inner ones too."""
    for statement in statements:
        yield statement
        if isinstance(statement, If):
            yield from walk(statement.then)
            yield from walk(statement.otherwise)
        elif not isinstance(statement, (Text, Return, Goto, Label)):
            yield from walk(statement.body)


def used_words(statements: list[Statement]) -> set[str]:
    """Identifiers in the text."""
    found: set[str] = set()
    for statement in walk(statements):
        if isinstance(statement, (Text, Return)):
            found.update(WORD.findall(statement.text))
        elif isinstance(statement, If):
            found.update(WORD.findall(statement.condition))
    return found
