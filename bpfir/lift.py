"""Lift linked bytecode to the SSA IR.

    r1 = *(u32 *)(r1 + 4)            v1 = load.4 v0, 4
    if r1 > 9 goto L                 if ugt.64 v1, 9 then b2() else b1()
                                     b1:
                                       v2 = assume v1 where ule.64 v1, 9

Blocks are visited in reverse postorder, with the SSA value of each register at hand. Where several edges meet, a register becomes
a block parameter if it is live and the edges disagree; at a loop header, if the loop defines it. (At a header a register that the
loop only *tests* needs no parameter: what comes round is the same value under `assume`s, and the header's value dominates it.)
On each way out of a conditional jump, registers that hold the tested value continue as an `assume` of it, so that a fact stays
attached to a value (e-SSA). `r10 + constant` becomes a `frame` operation wherever it is computed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir.cfg import build_cfg, call_target
from bpfcc.bpfir.collector import paused_collector
from bpfcc.bpfir.decode import decode
from bpfcc.bpfir.effects import UNKNOWN_CALL, no_effects
from bpfcc.bpfir.frame import used_bytes
from bpfcc.bpfir.function import Block, Function, Module
from bpfcc.bpfir.liftops import HANDLERS, Registers
from bpfcc.bpfir.liveness import arities
from bpfcc.bpfir.ops import Assume, Branch, Edge, Exit, FrameAddr, Jump, Undef, Unresolved, Value, Width
from bpfcc.bpfir.semantics import NEGATED, CompareKind
from bpfcc.errors import InputError, InternalError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bpfcc.bpfir.cfg import RawBlock, RawCfg
    from bpfcc.bpfir.effects import EffectsOf
    from bpfcc.bpfir.insn import Insn
    from bpfcc.bpfir.liveness import Liveness
    from bpfcc.bpfir.module import Bytecode
    from bpfcc.bpfir.ops import Op, Operand

JUMPS: Final[dict[int, CompareKind]] = {
    0x10: "eq", 0x20: "ugt", 0x30: "uge", 0x40: "test", 0x50: "ne", 0x60: "sgt",
    0x70: "sge", 0xA0: "ult", 0xB0: "ule", 0xC0: "slt", 0xD0: "sle",
}  # fmt: skip
# Walking the bodies of loops is linear in programs that compilers make; on hostile ones it stops here (blocks visited per block).
LOOP_WALK_FACTOR: Final = 32
MASK64: Final = (1 << 64) - 1
MASK32: Final = (1 << 32) - 1


def lift(
    bytecode: Bytecode,
    *,
    type: str | None = None,  # noqa: A002 - the name that libbpf and the public API use
    effects: EffectsOf = no_effects,
    entry_params: int | None = None,
    bindings: bool = False,
) -> Module:
    """The module of `bytecode`: its entry function and every function that its spans name.

    `effects` tells the arity of helpers (five where unknown); `entry_params` is how many of r1 … r5 hold something when the
    program starts (1, the context; 2 for type `raw`).
    With `bindings` functions keep what each register held where. Instructions of `bytecode.unresolved` become `unresolved`.

    InputError: bad instructions, jumps out of a function, control that falls off its end, calls to what is no function.
    """
    with paused_collector():
        return _lift(bytecode, type, effects, entry_params, keep=bindings)


def _lift(bytecode: Bytecode, type: str | None, effects: EffectsOf, entry_params: int | None, *, keep: bool) -> Module:  # noqa: A002
    insns = decode(bytecode.code)
    cfgs = [build_cfg(insns, span, bytecode.unresolved) for span in bytecode.functions]
    names = _unique_names(cfgs)
    memo: dict[int, int] = {}

    def helper_arity(helper: int) -> int:
        found = memo.get(helper)
        if found is None:
            found = memo[helper] = (effects(helper) or UNKNOWN_CALL).arity
        return found

    counts, live = arities(insns, cfgs, helper_arity)
    if entry_params is None:
        entry_params = 2 if type == "raw" else 1
    jobs = [(cfg, liveness, names[cfg.span.start], counts[cfg.span.start]) for cfg, liveness in zip(cfgs, live, strict=True)]
    if jobs:
        cfg, liveness, name, params = jobs[0]
        if _is_called(insns, cfg.span.start):
            # A program that calls its own entry calls a function; that it starts there with a context is another matter.
            names[cfg.span.start] = callee = _free_name(name, set(names.values()), {})
            jobs.append((cfg, liveness, callee, params))
        jobs[0] = (cfg, liveness, name, entry_params)
    functions = []
    for cfg, liveness, name, params in jobs:
        lifter = FunctionLifter(bytecode, insns, cfg, liveness, names, counts, helper_arity, name=name)
        if keep:
            lifter.fn.bindings = {}
        fn = lifter.run(params)
        fn.stack_bytes = used_bytes(fn)
        functions.append(fn)
    if not functions:
        raise InputError("the program has no instructions")
    return Module(functions, bytecode.maps, bytecode.externs, type, bytecode.endian, bytecode.lines)


def _unique_names(cfgs: Sequence[RawCfg]) -> dict[int, str]:
    """A name for each function's first slot; static functions of the same name get a number."""
    names: dict[int, str] = {}
    taken: set[str] = set()
    numbers: dict[str, int] = {}
    for cfg in cfgs:
        names[cfg.span.start] = name = _free_name(cfg.span.name, taken, numbers)
        taken.add(name)
    return names


def _free_name(wanted: str, taken: set[str], numbers: dict[str, int]) -> str:
    name = wanted
    while name in taken:
        numbers[wanted] = numbers.get(wanted, 1) + 1
        name = f"{wanted}.{numbers[wanted]}"
    return name


def _is_called(insns: Sequence[Insn | None], start: int) -> bool:
    return any(insn is not None and insn.src in (1, 4) and call_target(insn, slot) == start for slot, insn in enumerate(insns))


@final
class FunctionLifter:
    """The state of lifting one function."""

    def __init__(
        self,
        bytecode: Bytecode,
        insns: list[Insn | None],
        cfg: RawCfg,
        live: Liveness,
        names: dict[int, str],
        counts: dict[int, int],
        helper_arity: Callable[[int], int],
        *,
        name: str,
    ) -> None:
        self.unresolved = bytecode.unresolved
        self.insns = insns
        self.cfg = cfg
        self.live = live
        span = cfg.span
        self.fn = Function(
            name,
            linkage="static" if span.linkage == "static" else "global",
            btf_type_id=span.btf_type_id,
            start=span.start,
        )
        self.incoming: dict[int, list[tuple[Edge, list[Operand | None]]]] = {block.start: [] for block in cfg.blocks}
        # Loop headers already visited: the registers that are parameters there, for the edges still to come.
        self.headers: dict[int, list[int]] = {}
        self.blocks: dict[int, Block] = {}
        self.extra: list[Block] = []
        self.predecessors = cfg.predecessors()
        self.loop_budget = LOOP_WALK_FACTOR * (len(cfg.blocks) + 1)
        self.undefs: dict[int, Undef] = {}
        self.registers = Registers(self.fn, names, counts, helper_arity, self.undef, bytecode)

    def run(self, params: int) -> Function:
        """Lift every block; the entry's registers are the function's parameters."""
        fn = self.fn
        regs: list[Operand | None] = [None] * 11
        for number in range(1, params + 1):
            value = fn.new_value()
            fn.params.append(value)
            regs[number] = value
        frame: FrameAddr | None = None
        if self.live.used_frame:
            frame = FrameAddr(fn.new_value(), 0, self.cfg.span.start)
            frame.result.definition = frame
            regs[10] = frame.result
        first = self.cfg.blocks[0]
        for raw in self.cfg.blocks:
            block = self.blocks[raw.start] = Block(raw.order)
            block.steps = sum(insn is not None for insn in self.insns[raw.start : raw.last + 1])
        entry = self.blocks[first.start]
        if first.entries:
            # A loop back to the first instruction: the entry of the function has no predecessors.
            entry = Block(len(self.cfg.blocks))
            edge = Edge(self.blocks[first.start], [])
            entry.terminator = Jump(edge, first.start)
            self.incoming[first.start].append((edge, regs))
            first.entries += 1
        for raw in self.cfg.blocks:
            self._block(raw, regs if raw is first and not first.entries else None)
        body = [self.blocks[raw.start] for raw in self.cfg.blocks]
        fn.blocks = [*([entry] if entry is not body[0] else []), *body, *self.extra]
        for number, block in enumerate(fn.blocks):
            block.id = number
        prologue: list[Op] = [] if frame is None else [frame]
        fn.blocks[0].ops[:0] = [*prologue, *self.undefs.values()]
        return fn

    def undef(self, register: int, insn: int) -> Value:
        """The value of a register that nothing was written to; made once a function, in the entry block."""
        op = self.undefs.get(register)
        if op is None:
            op = self.undefs[register] = Undef(self.fn.new_value(), register, insn)
            op.result.definition = op
        return op.result

    # ---- blocks ------------------------------------------------------------------------------------------------------

    def _block(self, raw: RawBlock, regs: list[Operand | None] | None) -> None:
        block = self.blocks[raw.start]
        if regs is None:
            regs = self._enter(raw, block)
        state = self.registers
        state.regs = regs
        state.ops = block.ops
        insns = self.insns
        last = raw.last
        handlers = HANDLERS
        bindings = self.fn.bindings
        for slot in range(raw.start, last):
            insn = insns[slot]
            if insn is not None:
                if bindings is not None:
                    bindings[slot] = tuple(state.regs)
                handlers[insn.opcode](state, insn, slot)
        if bindings is not None:
            bindings[last] = tuple(state.regs)
        self._end(raw, block, state)

    def _enter(self, raw: RawBlock, block: Block) -> list[Operand | None]:
        """Registers at the start of a block that edges lead to; makes its parameters."""
        incoming = self.incoming[raw.start]
        live = self.live.live_in[raw.start]
        complete = len(incoming) == raw.entries
        if complete and len(incoming) == 1:
            return incoming[0][1]
        regs: list[Operand | None] = [None] * 11
        regs[10] = incoming[0][1][10]
        redefined = 0 if complete else self._loop_defines(raw)
        chosen: list[int] = []
        for register in range(10):
            if not live >> register & 1:
                continue
            first = incoming[0][1][register]
            if redefined >> register & 1 or any(not _same(first, other[register]) for _, other in incoming):
                value = self.fn.new_value(block)
                block.params.append(value)
                regs[register] = value
                chosen.append(register)
            else:
                regs[register] = first
        for edge, other in incoming:
            self._pass(edge, other, chosen, raw.start)
        if not complete:
            self.headers[raw.start] = chosen
        return regs

    def _pass(self, edge: Edge, regs: list[Operand | None], registers: list[int], slot: int) -> None:
        for register in registers:
            value = regs[register]
            edge.args.append(self.undef(register, slot) if value is None else value)

    def _loop_defines(self, header: RawBlock) -> int:
        """Registers that may change before control is back at `header`; all of them where the loop has other entries."""
        body = {header.start}
        work = [p for p in self.predecessors[header.start] if p.order >= header.order]
        defined = self.live.defined[header.start]
        while work:
            raw = work.pop()
            if raw.start in body:
                continue
            self.loop_budget -= 1
            if raw.order < header.order or self.loop_budget < 0:
                return 0x3FF
            body.add(raw.start)
            defined |= self.live.defined[raw.start]
            work += self.predecessors[raw.start]
        return defined

    # ---- ends --------------------------------------------------------------------------------------------------------

    def _end(self, raw: RawBlock, block: Block, state: Registers) -> None:
        slot = raw.last
        insn = self.insns[slot]
        if insn is None:
            raise InternalError(f"block at slot {raw.start} ends in the middle of an instruction")
        opcode = insn.opcode
        if slot in self.unresolved:
            block.terminator = Unresolved(self.unresolved[slot], slot)
        elif opcode == 0x95:
            block.terminator = Exit(state.read(0, slot), slot)
        elif opcode & 7 in (5, 6) and opcode not in (0x85, 0x8D):
            if len(raw.successors) == 1:
                block.terminator = Jump(self._leave(raw.successors[0], state.regs), slot)
            else:
                self._branch(raw, block, state, insn)
        else:
            HANDLERS[opcode](state, insn, slot)
            block.terminator = Jump(self._leave(raw.successors[0], state.regs), slot)

    def _leave(self, target: int, regs: list[Operand | None]) -> Edge:
        edge = Edge(self.blocks[target], [])
        header = self.headers.get(target)
        if header is not None:
            self._pass(edge, regs, header, target)
        else:
            self.incoming[target].append((edge, regs))
        return edge

    def _branch(self, raw: RawBlock, block: Block, state: Registers, insn: Insn) -> None:
        slot, opcode = raw.last, insn.opcode
        width: Width = 64 if opcode & 7 == 5 else 32
        lhs = state.read(insn.dst, slot)
        rhs: Operand = state.read(insn.src, slot) if opcode & 8 else insn.imm & (MASK64 if width == 64 else MASK32)
        kind = JUMPS[opcode & 0xF0]
        taken, fallen = raw.successors
        fact = (kind, width, lhs, rhs, slot)
        then = self._arm(taken, state.regs, fact, taken=True)
        otherwise = self._arm(fallen, state.regs, fact, taken=False)
        block.terminator = Branch(kind, width, lhs, rhs, then, otherwise, slot)

    def _arm(self, target: int, regs: list[Operand | None], fact: tuple[CompareKind, Width, Operand, Operand, int], *, taken: bool) -> Edge:
        """One way out of a branch: renames what the branch tested, in a block of its own unless the target has no other entry."""
        kind, width, lhs, rhs, slot = fact
        live = self.live.live_in[target]
        regs = list(regs)
        assumes: list[Assume] = []
        for tested in (lhs, rhs) if lhs is not rhs else (lhs,):
            if type(tested) is not Value:
                continue
            held = [r for r in range(10) if regs[r] is tested and live >> r & 1]
            if not held and tested not in self.registers.spilled:
                continue
            value = self.fn.new_value()
            negated = not taken and kind == "test"
            op = Assume(value, tested, negated, kind if taken or negated else NEGATED[kind], width, lhs, rhs, slot)
            value.definition = op
            assumes.append(op)
            for register in held:
                regs[register] = value
        raw = self.cfg.by_start[target]
        if not assumes:
            return self._leave(target, regs)
        if raw.entries == 1:
            self.blocks[target].ops.extend(assumes)
            return self._leave(target, regs)
        middle = Block(-1)
        self.extra.append(middle)
        middle.ops.extend(assumes)
        middle.terminator = Jump(self._leave(target, regs), slot)
        return Edge(middle, [])


def _same(a: Operand | None, b: Operand | None) -> bool:
    """Whether two register contents are one value. Two constants are the same when they are equal."""
    return a is b or (type(a) is int and type(b) is int and a == b)
