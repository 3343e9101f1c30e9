"""Pack the instructions of a function into words, with the moves that edges need and the jumps between nodes.

    b0 -> b2(v1): v1 lies in register 3, b2's parameter in 4      br_ult64 …, to T        T: mov_jump r4 = r3, to b2

Moves of an edge that falls through follow the branch; those of the other way lie in a trampoline behind the function, unless the
branch can be turned around. Charges: every way to a node takes its steps, a branch for both of its ways; a node that is
entered by falling or jumping on is part of the charge of what leads there, but for jumps back, which charge themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from bpfcc.backends.interp.machine import signed32
from bpfcc.bpfir import semantics
from bpfcc.bpfir.ops import Value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bpfcc.backends.interp.allocate import Allocator
    from bpfcc.backends.interp.flow import Node
    from bpfcc.backends.interp.formats import Handler
    from bpfcc.backends.interp.machine import Code, Insn
    from bpfcc.bpfir.ops import Operand

# The register code has the partner of `test` that the IR does without.
NEGATED: Final[dict[str, str]] = dict([*semantics.NEGATED.items(), ("test", "ntest"), ("ntest", "test")])
NO_WORD: Final = bytes(16)


def negated(name: str) -> str:
    """The branch that is taken where `name`, such as `ult64i`, is not."""
    before, _, last = name.rpartition("_")
    digits = "64" if "64" in last else "32"
    kind, _, rest = last.partition(digits)
    turned = NEGATED[kind] + digits + rest
    return f"{before}_{turned}" if before else turned


@final
class Emitter:
    """Words of one module, function after function. `origins` has the bytecode instruction of each word, `starts` a byte for each."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self.handlers = handlers
        self.words: list[bytes] = []
        self.origins: list[int] = []
        self.starts = bytearray()
        self.registers: dict[Value, int] = {}
        self.frame_registers = 0
        self.places: dict[Node, int] = {}
        # Words to fill in once their target is placed: index, handler, registers and immediates before the target, node, costs.
        self.pending: list[tuple[int, Handler, tuple[int, ...], Node | Trampoline, tuple[int, ...]]] = []
        self.trampolines: list[Trampoline] = []
        # Nodes that only return, and what.
        self.exits: dict[Node, Operand] = {}

    def function(self, codes: list[Code], allocator: Allocator) -> int:
        """Append a function; the word where it begins."""
        self.registers = allocator.registers
        # One more for moves in a circle.
        self.frame_registers = allocator.count + 1
        entry = len(self.words)
        self.exits = {code.node: code.leaves for code in codes if not code.insns and code.leaves is not None}
        for index, code in enumerate(codes):
            self.places[code.node] = len(self.words)
            for insn in code.insns:
                self._insn(insn)
            self._end(code, codes[index + 1].node if index + 1 < len(codes) else None)
        for trampoline in self.trampolines:
            trampoline.place = len(self.words)
            self._moves_and_jump(trampoline.moves, trampoline.target, trampoline.origin, 0)
        self._fill()
        self.trampolines = []
        self.pending = []
        self.places = {}
        return entry

    # ---- words -----------------------------------------------------------------------------------------------------

    def _put(self, handler: Handler, fields: tuple[int, ...], origin: int) -> None:
        packed = handler.packer.pack(handler.number, *fields)
        self.words.append(packed)
        self.origins.append(origin)
        self.starts.append(1)
        # The first entry holds every byte of the instruction; the others only keep the numbers in step.
        for _ in range(handler.words - 1):
            self.words.append(b"")
            self.origins.append(origin)
            self.starts.append(0)

    def _insn(self, insn: Insn) -> None:
        registers = self.registers
        if insn.fields is not None:
            self._put(self.handlers[insn.name], self._packed(insn.fields), insn.origin)
            return
        fields = [registers[insn.dst]] if insn.dst is not None else []
        fields += [registers[value] for value in insn.srcs]
        if insn.name in CALL_FIELDS:
            fields += [0] * (CALL_FIELDS[insn.name] - len(fields))
        fields += [imm if type(imm) is int else self.frame_registers for imm in insn.imms]
        self._put(self.handlers[insn.name], tuple(fields), insn.origin)

    def _packed(self, fields: tuple[Value | int | None, ...]) -> tuple[int, ...]:
        registers = self.registers
        return tuple(registers[field] if type(field) is Value else 0 if field is None else field for field in fields)

    # ---- ends of nodes ------------------------------------------------------------------------------------------------

    def _end(self, code: Code, following: Node | None) -> None:
        node = code.node
        if code.test is not None:
            self._branch(code, code.test, following)
        elif code.leaves is not None:
            self._leave(code.leaves, code.origin)
        elif node.targets:
            target = node.targets[0]
            moves = self._edge_moves(target, node.args[0])
            # A jump back pays for the loop; the way on is paid already, but where it may not be taken.
            cost = self._cost(node, 0) if target.index <= node.index or node.may_end else 0
            if target is following and not cost:
                self._moves(moves, code.origin)
            else:
                self._moves_and_jump(moves, target, code.origin, cost)

    def _leave(self, value: Operand, origin: int) -> None:
        if type(value) is Value:
            self._put(self.handlers["ret"], (self.registers[value],), origin)
        else:
            self._put(self.handlers["reti"], (semantics.signed(64, value),), origin)

    def _branch(self, code: Code, test: Insn, following: Node | None) -> None:
        node = code.node
        then, otherwise = node.targets
        then_args, otherwise_args = node.args
        cost_taken, cost_fallen = self._cost(node, 0), self._cost(node, 1)
        name = test.name
        if then is following or (
            otherwise is not following and self._edge_moves(then, then_args) and not self._edge_moves(otherwise, otherwise_args)
        ):
            name = negated(name)
            then, otherwise, then_args, otherwise_args = otherwise, then, otherwise_args, then_args
            cost_taken, cost_fallen = cost_fallen, cost_taken
        moves = self._edge_moves(then, then_args)
        goal: Node | Trampoline = then
        if moves:
            goal = Trampoline(moves, then, code.origin)
            self.trampolines.append(goal)
        handler = self.handlers["br_" + name]
        if test.fields is not None:
            fields = self._packed(test.fields)
        else:
            fields = (*(self.registers[value] for value in test.srcs), *(imm for imm in test.imms if type(imm) is int))
        rest = (cost_taken, cost_fallen, *self._packed(test.tail))
        self._later(handler, fields, goal, rest, test.origin)
        moves = self._edge_moves(otherwise, otherwise_args)
        if otherwise is following:
            self._moves(moves, code.origin)
        else:
            self._moves_and_jump(moves, otherwise, code.origin, 0)

    def _cost(self, node: Node, way: int) -> int:
        target = node.targets[way]
        cost = target.charge + node.extra[way]
        return max(cost, 1) if target.index <= node.index else cost

    # ---- jumps -------------------------------------------------------------------------------------------------------

    def _later(self, handler: Handler, fields: tuple[int, ...], target: Node | Trampoline, costs: tuple[int, ...], origin: int) -> None:
        self.pending.append((len(self.words), handler, fields, target, costs))
        self._put(handler, (*fields, 0, *costs), origin)

    def _jump(self, target: Node, origin: int, cost: int) -> None:
        self._later(self.handlers["jump"], (), target, (cost,), origin)

    def _moves_and_jump(self, moves: list[tuple[int, int | None, int]], target: Node, origin: int, cost: int) -> None:
        value = self.exits.get(target)
        if value is not None and not cost and type(value) is Value:
            # A node that only returns: return from here.
            register = self.registers[value]
            move = next((move for move in moves if move[0] == register), (register, register, 0))
            if move[1] is not None:
                self._put(self.handlers["ret"], (move[1],), target.block.terminator.insn)
                return
            if signed32(semantics.signed(64, move[2])):
                self._put(self.handlers["reti"], (semantics.signed(64, move[2]),), target.block.terminator.insn)
                return
        if len(moves) == 1 and moves[0][1] is not None:
            dst, src, _ = moves[0]
            self._later(self.handlers["mov_jump"], (dst, src or 0), target, (cost,), origin)
        elif len(moves) == 1 and signed32(semantics.signed(64, moves[0][2])):
            dst, _, constant = moves[0]
            self._later(self.handlers["movi_jump"], (dst, semantics.signed(64, constant)), target, (cost,), origin)
        else:
            self._moves(moves, origin)
            self._jump(target, origin, cost)

    def _fill(self) -> None:
        for index, handler, fields, target, costs in self.pending:
            place = target.place if isinstance(target, Trampoline) else self.places[target]
            self.words[index] = handler.packer.pack(handler.number, *fields, place - index, *costs)

    # ---- moves -------------------------------------------------------------------------------------------------------

    def _edge_moves(self, target: Node, args: list[Operand]) -> list[tuple[int, int | None, int]]:
        """(register, source register or None, constant) of what an edge passes and does not lie there already."""
        registers = self.registers
        moves: list[tuple[int, int | None, int]] = []
        for param, arg in zip(target.params, args, strict=True):
            to = registers[param]
            if type(arg) is not Value:
                moves.append((to, None, arg))
            elif registers[arg] != to:
                moves.append((to, registers[arg], 0))
        return moves

    def _moves(self, moves: list[tuple[int, int | None, int]], origin: int) -> None:
        """All at once: a register is written only when no other move still has to read it."""
        waiting = {to: source for to, source, _ in moves if source is not None}
        ordered: list[tuple[int, int]] = []
        readers: dict[int, int] = {}
        for source in waiting.values():
            readers[source] = readers.get(source, 0) + 1
        ready = [to for to in waiting if not readers.get(to)]
        while waiting:
            if not ready:
                # Circles only: keep one register's content aside.
                to = next(iter(waiting))
                spare = self.frame_registers - 1
                ordered.append((spare, to))
                for other, source in waiting.items():
                    if source == to:
                        waiting[other] = spare
                readers[spare] = readers.pop(to)
                ready.append(to)
            to = ready.pop()
            source = waiting.pop(to)
            ordered.append((to, source))
            readers[source] -= 1
            if not readers[source] and source in waiting:
                ready.append(source)
        self._put_moves(ordered, origin)
        for to, origin_register, constant in moves:
            if origin_register is None:
                number = semantics.signed(64, constant)
                if signed32(number):
                    self._put(self.handlers["movi"], (to, number), origin)
                else:
                    self._put(self.handlers["movq"], (to, constant), origin)

    def _put_moves(self, ordered: list[tuple[int, int]], origin: int) -> None:
        at = 0
        while at < len(ordered):
            to, source = ordered[at]
            if at + 1 < len(ordered) and ordered[at + 1][1] != to:
                self._put(self.handlers["mov2"], (to, source, *ordered[at + 1]), origin)
                at += 2
            else:
                self._put(self.handlers["mov"], (to, source), origin)
                at += 1


@final
class Trampoline:
    """Moves on the way that a branch takes, and the jump behind them."""

    __slots__ = ("moves", "origin", "place", "target")

    def __init__(self, moves: list[tuple[int, int | None, int]], target: Node, origin: int) -> None:
        self.moves = moves
        self.target = target
        self.origin = origin
        self.place = 0


# Register fields of calls before their immediates; what a call does not pass is register 0.
CALL_FIELDS: Final = {
    "call_function": 6, "call_indirect": 7, "call_tail": 6,
    **{f"call{count}{suffix}": 6 for count in range(6) for suffix in ("", "_keeps")},
}  # fmt: skip
