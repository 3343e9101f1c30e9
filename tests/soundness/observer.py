"""The judged form run on words, in the runtime's own memory: what every operation gives against what the verifier says of it.

    judged = Judged(program, request)
    observe(judged, given, poison=1)        Seen(steps=…, values=…); WrongFact where something does not hold

Facts of values, order and written bytes at the start of blocks, edges that cannot be taken, rounds of loops, instructions in all.
"""

from __future__ import annotations

import ctypes
import random
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

from bpfcc.bpfir import ops
from bpfcc.bpfir.ops import Value
from bpfcc.bpfir.semantics import ALU, ATOMIC, BSWAP, COMPARE, sext, signed, zext
from bpfcc.counterexamples.inputs import Shape
from bpfcc.counterexamples.machine import Machine
from bpfcc.execution import RAW, TAIL_CALL
from bpfcc.runtime.memory import CONTEXT_BASE, FRAME_BYTES, MAX_FRAMES, USER_BASE, frame_top, function_handle
from bpfcc.verifier import pseudo
from bpfcc.verifier.expand import expand
from bpfcc.verifier.facts import number_of, pointers_of
from bpfcc.verifier.linear import Linear
from bpfcc.verifier.places import find_places
from bpfcc.verifier.solver import solve
from bpfcc.verifier.subjects import parameters_of
from bpfcc.verifier.subjects import program as the_program
from bpfcc.verifier.termination import Bounds
from bpfcc.verifier.unit import Surroundings, Unit
from bpfcc.verifier.versions import Versions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bpfcc.bpfir.function import Block, Module
    from bpfcc.bpfir.ops import Edge, Op, Operand
    from bpfcc.counterexamples.inputs import Given
    from bpfcc.program import Program
    from bpfcc.verifier.cycles import Cycle
    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.facts import Fact, Region
    from bpfcc.verifier.linear import Terms
    from bpfcc.verifier.options import Request

WORD: Final = (1 << 64) - 1
MAX_STEPS: Final = 20_000
STALE: Final = -1
# Helpers whose result does not say how much they wrote.
PARTIAL: Final = frozenset({"snprintf", "read_branch_records"})


class WrongFact(AssertionError):
    """What the verifier says is not so."""


class Unwritten(WrongFact):
    """Bytes of the frame that are said to be written still are what they were made at the start: by chance, or they are not."""

    def __init__(self, message: str, places: frozenset[tuple[Block, int]]) -> None:
        super().__init__(message)
        self.places = places


class Halt(Exception):
    """The run is over, or leads where it is not followed."""


class Packet(NamedTuple):
    """Addresses of one epoch."""

    data: int
    end: int
    meta: int


@final
@dataclass(slots=True)
class Seen:
    """What a run compared. `vague`: addresses in regions that no one here knows the place of."""

    steps: int = 0
    values: int = 0
    vague: int = 0
    orders: int = 0
    written: int = 0
    trap: str | None = None
    ended: bool = False

    def add(self, other: Seen) -> None:
        """Count it too."""
        for name in ("steps", "values", "vague", "orders", "written"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@final
class Judged:
    """What the engine knows of a program, by the steps that `bpfcc.verifier.judge` takes."""

    def __init__(self, program: Program, request: Request, module: Module | None = None) -> None:
        self.module = module if module is not None else program.ir
        self.shape = Shape(program, self.module)
        around = Surroundings(self.module, request)
        subject = the_program(around)
        self.form = expand(around, subject.fn)
        self.unit = Unit(self.form, subject.surroundings(around), subject.returns)
        self.facts = solve(self.unit, parameters_of(self.unit, subject), request.options.budget.sparse_steps)
        self.linear = Linear(self.unit, self.facts.known, Versions(self.unit, self.facts).of)
        self.places = find_places(self.unit, self.facts, self.linear)
        bounds = Bounds(self.module)
        bounds.judge(self.form, self.unit, self.facts)
        self.termination = bounds.of(self.form.fn.name)[0]
        self.longest = bounds.most()


def observe(judged: Judged, given: Given, poison: int = 1) -> Seen:
    """Run once. Bytes that look unwritten are looked at a second time, with other ones in their place."""
    try:
        return _Run(judged, given, poison).run()
    except Unwritten as first:
        try:
            return _Run(judged, given, poison + 0x1_0000).run()
        except Unwritten as second:
            if first.places & second.places:
                raise
            return Seen()


@final
class _Run:
    def __init__(self, judged: Judged, given: Given, poison: int) -> None:
        self.judged = judged
        self.given = given
        self.rng = random.Random(poison)
        self.unit = judged.unit
        self.facts = judged.facts
        self.values: dict[Value, int] = {}
        self.symbols: dict[int, int] = {}
        self.made: defaultdict[Op, set[int]] = defaultdict(set)
        self.epochs: dict[int, Packet] = {}
        self.counts: dict[Cycle, int] = {}
        self.seen = Seen()
        self.frame_bytes = self.unit.fn.frame_bytes
        self.low = frame_top(0) - self.frame_bytes
        self.written = 0
        self.handles = {fn.name: function_handle(index) for index, fn in enumerate(judged.module.functions)}
        codec = judged.shape.codec
        self.fields = [codec.offset_of_kind(kind) if codec is not None else None for kind in ("packet_start", "packet_end", "packet_meta")]

    def run(self) -> Seen:
        """Run to the end."""
        with Machine(self.judged.shape, self.given) as machine:
            self.machine = machine
            machine.show(MAX_FRAMES - 1)
            self.poison(self.low, self.frame_bytes)
            unit = self.unit
            self.epoch(unit.epochs.at_start[unit.order[0]])
            if self.judged.shape.type == RAW:
                size = len(self.given.data or b"")
                words = [USER_BASE if size else 0, size]
            else:
                words = [CONTEXT_BASE if self.judged.shape.context_size else 0]
            for param, word in zip(unit.fn.params, [*words, 0, 0, 0, 0], strict=False):
                self.put(param, word)
            try:
                self.blocks()
            except Halt as halt:
                self.seen.trap = halt.args[0] if halt.args else None
            if self.seen.ended:
                self.seen.trap = self.seen.trap or machine.end()
        return self.seen

    # ---- control

    def blocks(self) -> None:
        unit, facts, longest = self.unit, self.facts, self.judged.longest
        block = unit.order[0]
        while True:
            self.enter(block)
            self.seen.steps += block.steps
            for op in block.ops:
                self.execute(op)
            ending = block.terminator
            if isinstance(ending, ops.Jump):
                index, edge = 0, ending.target
            elif isinstance(ending, ops.Branch):
                holds = COMPARE[ending.kind](ending.width_bits, self.get(ending.lhs), self.get(ending.rhs))
                index, edge = (0, ending.then) if holds else (1, ending.otherwise)
            else:
                self.seen.ended = isinstance(ending, ops.Exit)
                return
            if (block, index) in facts.dead:
                raise WrongFact(f"b{block.id} is left by way {index}, which is said to be dead")
            self.seen.steps += edge.steps
            if longest is not None and self.seen.steps > longest:
                raise WrongFact(f"{self.seen.steps} instructions, and at most {longest} were said")
            if self.seen.steps > MAX_STEPS:
                raise Halt
            self.rounds(block, edge.block)
            self.follow(block, edge)
            block = edge.block

    def follow(self, source: Block, edge: Edge) -> None:
        target = edge.block
        words = [self.get(arg) for arg in edge.args]
        if self.unit.epochs.crosses(source, target):
            self.epoch(self.unit.epochs.at_start[target])
        for param, word in zip(target.params, words, strict=True):
            self.put(param, word)

    def enter(self, block: Block) -> None:
        """What is said of this place."""
        if block not in self.facts.reached:
            raise WrongFact(f"b{block.id} is reached, and is said not to be")
        state = self.judged.places.get(block)
        if state is None:
            raise WrongFact(f"b{block.id} is reached, and nothing is known of it")
        for terms, bound in state.lower.items():
            total = self.total(terms)
            if total is not None:
                self.seen.orders += 1
                if total < bound:
                    raise WrongFact(f"b{block.id}: {self.words(terms)} is {total}, and was said to be at least {bound}")
        missing = state.init & ~self.written
        self.seen.written += state.init.bit_count()
        if missing:
            suspects = self.untouched(missing)
            if suspects:
                raise Unwritten(f"b{block.id}: bytes {suspects} of the frame are not written", frozenset((block, at) for at in suspects))

    def rounds(self, source: Block, target: Block) -> None:
        """Count rounds of loops."""
        found = self.judged.termination
        cycle = found.cycles.innermost.get(target)
        while cycle is not None and source not in cycle.blocks:
            self.counts[cycle] = 0
            cycle = cycle.parent
        cycle = next((each for each in found.cycles.inner_first if each.header is target), None)
        if cycle is not None:
            self.counts[cycle] = self.counts.get(cycle, 0) + 1
            bound = found.visits[target]
            if bound is not None and self.counts[cycle] > bound:
                raise WrongFact(f"b{target.id} is entered {self.counts[cycle]} times, and at most {bound} were said")

    # ---- order, and bytes of the frame

    def total(self, terms: Terms) -> int | None:
        """What the terms add up to, None where one is not known here."""
        total = 0
        for symbol, coefficient in terms:
            word = self.symbols.get(symbol)
            if word is None:
                return None
            total += coefficient * word
        return signed(64, total & WORD)

    def words(self, terms: Terms) -> str:
        return " + ".join(f"{c}*{self.judged.linear.values.get(s, f's{s}')}({self.symbols[s]:#x})" for s, c in terms)

    def poison(self, address: int, size: int) -> None:
        """Give bytes of the frame values that nothing else has."""
        content = self.rng.randbytes(size)
        offset = address - (frame_top(0) - MAX_FRAMES * FRAME_BYTES)
        ctypes.memmove(self.machine.native.frames + offset, content, size)
        mask = ((1 << size) - 1) << (address - self.low)
        self.written &= ~mask
        if address == self.low:
            self.made_of = bytearray(content)
        else:
            self.made_of[address - self.low : address - self.low + size] = content

    def frames(self) -> bytes:
        return ctypes.string_at(self.machine.native.frames + MAX_FRAMES * FRAME_BYTES - self.frame_bytes, self.frame_bytes)

    def untouched(self, mask: int) -> list[int]:
        now = self.frames()
        return [at for at in range(self.frame_bytes) if mask >> at & 1 and now[at] == self.made_of[at]]

    def wrote(self, address: int, size: int) -> None:
        if self.low <= address < self.low + self.frame_bytes:
            self.written |= ((1 << size) - 1) << (address - self.low)

    # ---- values

    def get(self, operand: Operand) -> int:
        return self.values[operand] if type(operand) is Value else operand  # type: ignore[return-value]

    def put(self, value: Value, word: int) -> None:
        """A word, which its fact admits."""
        fact = self.facts.of.get(value)
        self.seen.values += 1
        if fact is None:
            raise WrongFact(f"{value} is {word:#x}, and has no fact")
        if not self.admits(fact, word):
            raise WrongFact(f"{value} is {word:#x}, and was said to be {fact!r}; {value.definition!r}")
        self.values[value] = word
        own = self.judged.linear.of(value)
        if len(own.terms) == 1 and own.terms[0][1] == 1:
            self.symbols[own.terms[0][0]] = word - own.constant & WORD

    def admits(self, fact: Scalar | Fact, word: int) -> bool:
        """Whether the word may be there."""
        number = number_of(fact)
        if number is not None and number.contains(word):
            return True
        if getattr(fact, "undef", False):
            return True
        for p in pointers_of(fact):
            bases = self.bases(p.region)
            if bases is None:
                self.seen.vague += 1
                return True
            if any(p.offset.contains(word - base & WORD) for base in bases):
                return True
        return False

    def bases(self, region: Region) -> Iterable[int] | None:
        """Where the region may be, None where that is not known."""
        kind, site, areas = region.kind, region.site, self.machine.areas
        if kind == "ctx":
            return (CONTEXT_BASE,)
        if kind == "frame":
            return (frame_top(0),)
        if kind in ("packet", "meta") and region.name != "the option's value" and region.epoch != STALE:
            found = self.epochs.get(region.epoch)
            return () if found is None else (found.data if kind == "packet" else found.meta,)
        if kind == "map_value" and site is None and region.map is not None:
            return (areas[region.map.name].base,)
        if kind == "mem" and self.judged.shape.type == RAW and region.name == "the memory":
            return (USER_BASE,)
        if kind in ("map_value", "mem", "map") and isinstance(site, ops.Op):
            return self.made[site]
        if kind == "map" and region.map is not None and region.map.name in areas:
            return (areas[region.map.name].handle,)
        if kind == "func":
            return (self.handles[site],)
        return None

    def epoch(self, number: int) -> None:
        """A new epoch of the packet begins."""
        start, end, meta = (self.field(at) for at in self.fields)
        if start is None or end is None:
            return
        self.epochs[number] = found = Packet(start, end, start if meta is None else meta)
        for name, word in (("data", found.data), ("end", found.end), ("meta", found.meta)):
            self.symbols[self.judged.linear.symbol((name, number))] = word

    def field(self, offset: int | None) -> int | None:
        if offset is None or self.judged.shape.codec is None:
            return None
        found = self.machine.peek(CONTEXT_BASE + offset, self.judged.shape.codec.pointer_bytes)
        return None if found is None else int.from_bytes(found, "little")

    # ---- operations

    def execute(self, op: Op) -> None:
        """One operation."""
        match op:
            case ops.Alu():
                self.put(op.result, ALU[op.kind](op.width_bits, self.get(op.lhs), self.get(op.rhs)))
            case ops.Cast():
                self.put(op.result, (zext if op.kind == "zext" else sext)(op.from_bits, op.width_bits, self.get(op.value)))
            case ops.ByteSwap():
                self.put(op.result, BSWAP[op.width_bits](self.get(op.value)))
            case ops.Assume():
                if COMPARE[op.kind](op.width_bits, self.get(op.lhs), self.get(op.rhs)) == op.negated:
                    raise WrongFact(f"{op!r} does not hold")
                self.put(op.result, self.get(op.value))
            case ops.FrameAddr():
                self.put(op.result, frame_top(0) + op.offset)
            case ops.MapAddr():
                self.put(op.result, self.machine.areas[self.judged.module.maps[op.map].name].handle)
            case ops.MapValueAddr():
                self.put(op.result, self.machine.areas[self.judged.module.maps[op.map].name].base + op.offset)
            case ops.FuncAddr():
                self.put(op.result, self.handles[op.function])
            case ops.ExternAddr() | ops.Undef():
                self.put(op.result, 0)
            case ops.PacketLoad():
                self.packet_load(op)
            case ops.Call():
                self.call(op)
            case ops.CallFunction() | ops.CallExtern() | ops.CallIndirect():
                raise Halt
            case _:
                self.memory(op)

    def memory(self, op: Any) -> None:
        machine, size = self.machine, op.size_bytes
        address = self.get(op.base) + op.offset & WORD
        if isinstance(op, (ops.Load, ops.LoadAcquire)):
            found = machine.load(address, size)
            if found is None:
                raise Halt(f"access at {op.insn}")
            self.put(op.result, sext(8 * size, 64, found) if isinstance(op, ops.Load) and op.signed else found)
            return
        if isinstance(op, (ops.Store, ops.StoreRelease)):
            if not machine.store(address, size, self.get(op.value)):
                raise Halt(f"access at {op.insn}")
            self.wrote(address, size)
            return
        old = machine.load(address, size)
        if old is None or address % size:
            raise Halt(f"access at {op.insn}")
        kind = "cmpxchg" if isinstance(op, ops.CompareExchange) else op.kind
        expected = self.get(op.expected) if isinstance(op, ops.CompareExchange) else 0
        new, before = ATOMIC[kind](8 * size, old, self.get(op.value), expected)  # type: ignore[index]
        if not machine.store(address, size, new):
            raise Halt(f"access at {op.insn}")
        self.wrote(address, size)
        if op.HAS_RESULT:
            self.put(op.result, before)

    def packet_load(self, op: ops.PacketLoad) -> None:
        native = self.machine.native
        at = signed(32, op.offset + self.get(op.index))
        if not 0 <= at <= native.packet_end - native.packet_data - op.size_bytes:
            raise Halt
        self.put(op.result, int.from_bytes(ctypes.string_at(native.packet + native.packet_data + at, op.size_bytes), "big"))

    def call(self, op: ops.Call) -> None:
        args = [self.get(arg) for arg in op.args]
        number = op.helper
        if pseudo.is_pseudo(number):
            self.pseudo(op, args)
            return
        if number < 0:
            # Its callback is in the loop beside it.
            self.finish(op, self.rng.randrange(3))
            return
        before = self.frames()
        word = self.machine.helper(number, args)
        after = self.frames()
        trapped = self.machine.trapped()
        if trapped is not None:
            # No code is bound to this memory: what takes a function finds none.
            raise Halt(*([] if trapped == "call" else [f"{trapped} at {op.insn}"]))
        if number == TAIL_CALL and self.machine.native.tail_target >= 0:
            raise Halt
        if before != after:
            for at in range(self.frame_bytes):
                if before[at] != after[at]:
                    self.written |= 1 << at
        if signed(64, word) < 0 or self.writes_a_part(number):
            self.granted(op, args)
        self.finish(op, word)

    def writes_a_part(self, number: int) -> bool:
        """Whether the helper writes as many bytes as it returns, or up to the end of a string."""
        helper = self.unit.around.helper(number)
        return helper is not None and (helper.result_at_most is not None or helper.name in PARTIAL)

    def granted(self, op: ops.Call, args: list[int]) -> None:
        """Linux takes what a helper is to write for written, though it failed or wrote a part: so does the verifier, and so do we."""
        effects = self.unit.around.effects(op.helper)
        for touch in effects.writes if effects is not None else ():
            if touch.argument < len(args):
                at = touch.size_argument
                self.wrote(args[touch.argument], touch.size or (args[at] & 0xFFFF_FFFF if at is not None and at < len(args) else 0))

    def finish(self, op: ops.Call, word: int) -> None:
        if word:
            self.made[op].add(word)
        after = self.unit.epochs.after.get(op)
        if after is not None:
            self.epoch(after)
        self.put(op.result, word)

    def pseudo(self, op: ops.Call, args: list[int]) -> None:
        if op.helper == pseudo.ENTER_FRAME:
            self.poison(args[0], FRAME_BYTES)
            self.finish(op, 0)
        elif op.helper == pseudo.CHOICE:
            self.finish(op, self.rng.randrange(2))
        elif op.helper == pseudo.LEAVE:
            self.finish(op, 0)
        else:
            raise Halt
