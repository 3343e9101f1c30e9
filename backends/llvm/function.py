"""One function of the IR as a function of LLVM: blocks, edges, and what happens between operations.

    define internal i64 @f0(ptr %run, i32 %depth, ptr %steps, ptr %a0, i64 %a1)

`operations` has what each operation becomes, `access` how memory is reached. Every function gets the run, its call depth and, where
code checks itself, the steps it may still take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from bpfcc.backends.costs import cost_of
from bpfcc.backends.llvm.access import Caches
from bpfcc.backends.llvm.operations import OPERATIONS, compare
from bpfcc.backends.llvm.text import INVARIANT, UNLIKELY, field, number, tag
from bpfcc.bpfir.dominance import reverse_postorder
from bpfcc.bpfir.loops import turning_points
from bpfcc.bpfir.ops import Assume, Branch, Exit, FrameAddr, Jump, Load, Unresolved, Value
from bpfcc.runtime.memory import FRAME_BYTES, MAX_FRAMES, STACK_BASE

if TYPE_CHECKING:
    from bpfcc.backends.kinds import Kind
    from bpfcc.backends.llvm.lower import ModuleWriter
    from bpfcc.bpfir.function import Block, Function
    from bpfcc.bpfir.ops import Edge, Op, Operand

TRAP_UNRESOLVED: Final = 9


def name_of(index: int) -> str:
    """A function's name: the program is what tail calls enter."""
    return f"f{index}" if index else "bpfcc_program"


@final
class FunctionWriter:
    """The text of one function while it is made."""

    def __init__(self, module: ModuleWriter, fn: Function, index: int) -> None:
        self.module = module
        self.fn = fn
        self.index = index
        self.checked = module.environment.checked
        self.kinds = module.kinds
        self.caches = Caches(self) if self.checked else None
        self.body: dict[Block, list[str]] = {}
        self.lines: list[str] = []
        self.head: list[str] = []
        self._count = 0
        self._label = ""
        # Of phis: for each block, where it is entered from and with what.
        self._entered: dict[Block, list[tuple[str, list[str]]]] = {block: [] for block in fn.blocks}
        self._traps: list[tuple[str, int]] = []
        self._leaves: list[str] = []
        # Values that are other names of operands.
        self.alias: dict[Value, Operand] = {}
        # IR that was read as text knows only of instructions that left an operation.
        self.counted = any(block.steps for block in fn.blocks)
        self.counts_rounds = module.counts_rounds
        self.turning = turning_points(fn) if self.counts_rounds else frozenset()
        self.has_frame = any(type(op) is FrameAddr for op in fn.ops())

    # ---- names

    def fresh(self) -> str:
        """A new name for what an operation needs on the way."""
        self._count += 1
        return f"%t{self._count}"

    def put(self, line: str) -> None:
        """Add an instruction."""
        self.lines.append("  " + line)

    def let(self, text: str) -> str:
        """Add an instruction with a result of its own."""
        name = self.fresh()
        self.lines.append(f"  {name} = {text}")
        return name

    def define(self, value: Value, text: str) -> None:
        """Add the instruction that a value is."""
        self.lines.append(f"  %v{value.id} = {text}")

    def resolve(self, operand: Operand) -> Operand:
        """What the operand renames."""
        while type(operand) is Value:
            definition = operand.definition
            if type(definition) is Assume:
                operand = definition.value
            elif operand in self.alias:
                operand = self.alias[operand]
            else:
                break
        return operand

    def kind(self, operand: Operand) -> Kind:
        """What is known of the operand."""
        return self.kinds.kind(self.resolve(operand))

    def word(self, operand: Operand) -> str:
        """The operand as a word."""
        operand = self.resolve(operand)
        if type(operand) is not Value:
            return number(operand)
        name = f"%v{operand.id}"
        return self.let(f"ptrtoint ptr {name} to i64") if self.is_address(operand) else name

    def address(self, operand: Operand) -> str:
        """The operand as a host address."""
        operand = self.resolve(operand)
        if type(operand) is not Value:
            return "null" if operand == 0 else self.let(f"inttoptr i64 {number(operand)} to ptr")
        name = f"%v{operand.id}"
        return name if self.is_address(operand) else self.let(f"inttoptr i64 {name} to ptr")

    def low(self, operand: Operand, width: int) -> str:
        """The low `width` bits of the operand."""
        operand = self.resolve(operand)
        if type(operand) is not Value:
            value = operand & ((1 << width) - 1)
            return str(value - (1 << width) if value >> (width - 1) else value)
        word = self.word(operand)
        return word if width == 64 else self.let(f"trunc i64 {word} to i{width}")

    def as_kind(self, operand: Operand, kind: Kind) -> str:
        """The operand as what the kind says."""
        return self.address(operand) if kind.address and not self.checked else self.word(operand)

    def is_address(self, operand: Operand) -> bool:
        """Whether it is a pointer in LLVM's eyes."""
        return not self.checked and self.kinds.kind(operand).address

    def type_of(self, value: Value) -> str:
        """LLVM's type of a value."""
        return "ptr" if self.is_address(value) else "i64"

    # ---- blocks

    def begin(self, label: str) -> None:
        """A new block of LLVM within the block of the IR."""
        self.lines.append(f"{label}:")
        self._label = label

    @property
    def current(self) -> str:
        """The block that is being written."""
        return self._label

    def label(self) -> str:
        """A name for such a block."""
        self._count += 1
        return f"l{self._count}"

    def branch(self, condition: str, then: str, otherwise: str, weights: str = "") -> None:
        """End the block."""
        self.put(f"br i1 {condition}, label %{then}, label %{otherwise}{weights}")

    def trap_if(self, condition: str, insn: int) -> None:
        """Leave with a trap that was noted already."""
        on = self.label()
        self._traps.append((self._label, insn))
        self.branch(condition, "trapped", on, UNLIKELY)
        self.begin(on)

    def trap(self, insn: int) -> None:
        """Leave with a trap that was noted already, in any case."""
        self._traps.append((self._label, insn))
        self.put("br label %trapped")

    def leave_if(self, condition: str) -> None:
        """Leave because a function that was called trapped."""
        on = self.label()
        self._leaves.append(self._label)
        self.branch(condition, "left", on, UNLIKELY)
        self.begin(on)

    def run_field(self, name: str) -> str:
        """The address of a field of the run."""
        return self.let(f"getelementptr i8, ptr %run, i64 {field(name)}")

    def load_field(self, name: str, type_name: str) -> str:
        """A field of the run."""
        return self.let(f"load {type_name}, ptr {self.run_field(name)}, align 4{tag(['run'])}")

    def table(self, kind: str, which: str | int, type_name: str = "ptr") -> str:
        """What a slot of the table holds."""
        at = self.module.table.slot(kind, which)
        place = f"getelementptr (i8, ptr @bpfcc_table, i64 {8 * at})" if at else "@bpfcc_table"
        return self.let(f"load {type_name}, ptr {place}, align 8{tag(['table'])}{INVARIANT}")

    def check_trap(self, insn: int) -> None:
        """Leave where what was just called trapped."""
        found = self.load_field("trap", "i32")
        self.trap_if(self.let(f"icmp ne i32 {found}, 0"), insn)

    # ---- steps

    def charge(self, steps: int, insn: int) -> None:
        """Pay for a block; where nothing is left, ask for more."""
        before = self.let("load i64, ptr %steps, align 8")
        after = self.let(f"sub i64 {before}, {steps}")
        self.put(f"store i64 {after}, ptr %steps, align 8")
        spent, on = self.label(), self.label()
        self.branch(self.let(f"icmp slt i64 {after}, 0"), spent, on, UNLIKELY)
        self.begin(spent)
        more = self.let(f"call i64 {self.table('runtime', 'bpfcc_more_steps')}(ptr %run, i64 {after})")
        self.put(f"store i64 {more}, ptr %steps, align 8")
        found = self.load_field("trap", "i32")
        self._traps.append((self._label, insn))
        self.branch(self.let(f"icmp ne i32 {found}, 0"), "trapped", on, UNLIKELY)
        self.begin(on)

    def give_back_steps(self) -> None:
        """What is called looks at the run's own budget."""
        left = self.let("load i64, ptr %steps, align 8")
        place = self.run_field("steps_left")
        sum_ = self.let(f"add i64 {self.let(f'load i64, ptr {place}, align 8')}, {left}")
        self.put(f"store i64 {sum_}, ptr {place}, align 8")
        self.put("store i64 0, ptr %steps, align 8")

    # ---- the whole

    def write(self) -> list[str]:
        """The function's lines."""
        # In an order in which values come before what uses them.
        for block in reverse_postorder(self.fn):
            self._block(block)
        entry = self._prologue()
        if self.caches is not None:
            self.body = {block: self.caches.forgotten(lines) for block, lines in self.body.items()}
        linkage = "" if self.index == 0 else "internal "
        lines = [
            f"define {linkage}i64 @{name_of(self.index)}({self._signature()}) #0 {{",
            "entry:",
            *entry,
            f"  br label %b{self.fn.entry.id}",
        ]
        for block in self.fn.blocks:
            lines.append(f"b{block.id}:")
            for at, param in enumerate(block.params):
                ways = ", ".join(f"[ {values[at]}, %{label} ]" for label, values in self._entered[block])
                lines.append(f"  %v{param.id} = phi {self.type_of(param)} {ways}")
            lines += self.body[block]
        if self._traps:
            ways = ", ".join(f"[ {(self.index << 32) | (insn & 0xFFFFFFFF)}, %{label} ]" for label, insn in self._traps)
            lines += ["trapped:", f"  %where = phi i64 {ways}", "  call void @bpfcc_note(ptr %run, i64 %where)", "  ret i64 0"]
        if self._leaves:
            lines += ["left:", "  ret i64 0"]
        lines.append("}")
        return lines

    def _signature(self) -> str:
        params = [f"{self.module.parameter_type(self.fn, at)} %a{at}" for at in range(self.module.parameter_count(self.fn))]
        return ", ".join(["ptr %run", "i32 %depth", "ptr %steps", *params])

    def _prologue(self) -> list[str]:
        """Parameters under their names; the frame."""
        self.lines = []
        for at, param in enumerate(self.fn.params):
            given, wanted = self.module.parameter_type(self.fn, at), self.type_of(param)
            cast = "bitcast" if given == wanted else "ptrtoint" if given == "ptr" else "inttoptr"
            self.define(param, f"{cast} {given} %a{at} to {wanted}")
        if self.index == 0 and self.kinds.called_back:
            # A tail call may have led here: functions are those of this module now.
            self.put(f"store ptr @bpfcc_call_back, ptr {self.run_field('invoke')}, align 8{tag(['run'])}")
        if self.has_frame:
            frames = self.load_field("frames", "ptr")
            depth = self.let("zext i32 %depth to i64")
            above = self.let(f"sub i64 {MAX_FRAMES}, {depth}")
            top = self.let(f"mul i64 {above}, {FRAME_BYTES}")
            self.put(f"%frame = getelementptr i8, ptr {frames}, i64 {top}")
            if self.checked:
                self.put(f"%guest = add i64 {top}, {STACK_BASE}")
            if self.module.is_zeroed(self.fn):
                bottom = self.let(f"getelementptr i8, ptr %frame, i64 -{FRAME_BYTES}")
                self.put(f"call void @llvm.memset.p0.i64(ptr align 8 {bottom}, i8 0, i64 {FRAME_BYTES}, i1 false)")
        return [*(self.caches.prologue() if self.caches is not None else []), *self.lines]

    def _block(self, block: Block) -> None:
        self.lines = []
        self._label = f"b{block.id}"
        if self.checked:
            first = next((op.insn for op in block.all_ops() if op.insn >= 0), -1)
            self.charge(block.steps if self.counted else cost_of(self.fn, block), first)
        elif block in self.turning:
            self.charge(1, block.terminator.insn)
        for op in block.ops:
            self._operation(op)
        self._end(block)
        self.body[block] = self.lines

    def _operation(self, op: Op) -> None:
        if type(op) is Assume:
            return
        if type(op) is Load and op in self.module.fields:
            self._packet_field(op)
            return
        OPERATIONS[type(op)](self, op)

    def _packet_field(self, op: Load) -> None:
        """An address of the packet, where the context's field has no room for it."""
        packet = self.load_field("packet", "ptr")
        offset = self.load_field(self.module.fields[op], "i32")
        wide = self.let(f"zext i32 {offset} to i64")
        self.define(op.result, f"getelementptr i8, ptr {packet}, i64 {wide}")

    def _end(self, block: Block) -> None:
        ending = block.terminator
        match ending:
            case Jump():
                self._pay(ending.target)
                self._enter(ending.target)
                self.put(f"br label %b{ending.target.block.id}")
            case Branch():
                self._two_ways(compare(self, ending), ending.then, ending.otherwise)
            case Exit():
                self.put(f"ret i64 {self.word(ending.value)}")
            case Unresolved():
                self.put(f"call void @bpfcc_trap(ptr %run, i32 {TRAP_UNRESOLVED}, i64 0, i32 0)")
                self.trap(ending.insn)

    def _two_ways(self, condition: str, then: Edge, otherwise: Edge) -> None:
        """A block between where a way costs something, or where both lead to one block: it tells them apart."""
        ways = [then, otherwise]
        apart = [bool(self.checked and way.steps) for way in ways]
        apart[1] = apart[1] or then.block is otherwise.block
        labels = [self.label() if between else f"b{way.block.id}" for way, between in zip(ways, apart, strict=True)]
        for way, between in zip(ways, apart, strict=True):
            if not between:
                self._enter(way)
        self.branch(condition, labels[0], labels[1])
        for way, between, label in zip(ways, apart, labels, strict=True):
            if between:
                self.begin(label)
                self._pay(way)
                self._enter(way)
                self.put(f"br label %b{way.block.id}")

    def _pay(self, edge: Edge) -> None:
        """What a way costs; the block that it leads to looks whether there was enough."""
        if self.checked and edge.steps:
            before = self.let("load i64, ptr %steps, align 8")
            self.put(f"store i64 {self.let(f'sub i64 {before}, {edge.steps}')}, ptr %steps, align 8")

    def _enter(self, edge: Edge) -> None:
        """What the target's parameters are when it is entered from here."""
        values = [self.as_kind(arg, self.kinds.kind(param)) for param, arg in zip(edge.block.params, edge.args, strict=True)]
        self._entered[edge.block].append((self._label, values))
