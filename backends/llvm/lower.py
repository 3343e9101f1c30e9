"""Lower a module to the text of an LLVM module.

    text, table = lower(module, environment)

What it defines: `bpfcc_entry` (a `bpfcc_entry` of bpfcc.h), `bpfcc_program` (what tail calls enter), `bpfcc_call_back` (a
`bpfcc_invoke`) and `bpfcc_table`, which the engine fills. Nothing is referred to that it does not define.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.backends.context import packet_fields
from bpfcc.backends.kinds import CONTEXT, NUMBER, RAW, Kinds
from bpfcc.backends.llvm.function import FunctionWriter, name_of
from bpfcc.backends.llvm.text import field, metadata, region, slot, tag
from bpfcc.backends.tables import Table
from bpfcc.bpfir.collector import paused_collector
from bpfcc.runtime.memory import CONTEXT_BASE, MAX_FRAMES, SLOT_CONTEXT, SLOT_USER

if TYPE_CHECKING:
    from bpfcc.backends.base import Environment
    from bpfcc.backends.kinds import Kind
    from bpfcc.bpfir.function import Function, Module

TRAP_STACK: Final = 3
STEP_SLICE: Final = 1 << 16
TRAP_CALL: Final = 4
MAX_ARGS: Final = 5
PROGRAM_PARAMETERS: Final = 2


class Lowered(NamedTuple):
    """The text and what its table holds."""

    text: str
    table: Table


def lower(module: Module, environment: Environment) -> Lowered:
    """UnsupportedError for helpers, externs and packet loads that the environment does not have."""
    with paused_collector():
        writer = ModuleWriter(module, environment)
        return Lowered("\n".join(writer.write()) + "\n", writer.table)


@final
class ModuleWriter:
    """What the functions of one module share."""

    def __init__(self, module: Module, environment: Environment) -> None:
        self.module = module
        self.environment = environment
        self.checked = environment.checked
        # Unchecked code that ends endless loops all the same.
        self.counts_rounds = environment.budget and not environment.checked
        # Loads of the context that mean a packet address, and the field of the run that says where that is.
        self.fields = packet_fields(module, environment)
        self.kinds = Kinds(module, environment, self.fields)
        self.table = Table()
        self.functions = {fn.name: fn for fn in module.functions}
        self.indices = {fn.name: at for at, fn in enumerate(module.functions)}

    # ---- signatures

    def parameter_count(self, fn: Function) -> int:
        """The program takes two always, so that one may take the place of another."""
        return PROGRAM_PARAMETERS if fn is self.module.entry else len(fn.params)

    def parameter_kind(self, fn: Function, at: int) -> Kind:
        """Of a parameter, as callers pass it."""
        if fn is self.module.entry:
            return self.program_kind if at == 0 else NUMBER
        return self.kinds.kind(fn.params[at])

    def parameter_type(self, fn: Function, at: int) -> str:
        """LLVM's type of it."""
        return "ptr" if self.parameter_kind(fn, at).address and not self.checked else "i64"

    @property
    def program_kind(self) -> Kind:
        """Of the program's first parameter."""
        return NUMBER if self.checked else CONTEXT

    @property
    def program_type(self) -> str:
        """LLVM's type of it."""
        return "i64" if self.checked else "ptr"

    def name_of(self, function: str) -> str:
        """Its name in LLVM."""
        return name_of(self.indices[function])

    def is_zeroed(self, fn: Function) -> bool:
        """Whether bytes of its frame may be read before they are written."""
        return self.checked or self.environment.zeroed is None or bool(self.environment.zeroed.get(fn.name))

    # ---- text

    def write(self) -> list[str]:
        """All of it."""
        bodies: list[str] = []
        for at, fn in enumerate(self.module.functions):
            bodies += FunctionWriter(self, fn, at).write()
        lines = [*self._helpers(), *bodies, *self._entry(), *self._call_back()]
        size = len(self.table.slots)
        return [
            f"@bpfcc_table = global [{size} x i64] zeroinitializer, align 16",
            *lines,
            'attributes #0 = { nounwind "frame-pointer"="none" }',
            "attributes #1 = { nounwind noinline cold }",
            *DECLARATIONS,
            *metadata(),
        ]

    def _helpers(self) -> list[str]:
        """What traps note: the first one stays; and where it was."""
        run = tag(["run"])
        return [
            "define internal void @bpfcc_trap(ptr %run, i32 %kind, i64 %address, i32 %size) #1 {",
            f"  %p = getelementptr i8, ptr %run, i64 {field('trap')}",
            f"  %before = load i32, ptr %p, align 4{run}",
            "  %first = icmp eq i32 %before, 0",
            "  br i1 %first, label %note, label %done",
            "note:",
            f"  store i32 %kind, ptr %p, align 4{run}",
            f"  %s = getelementptr i8, ptr %run, i64 {field('trap_size')}",
            f"  store i32 %size, ptr %s, align 4{run}",
            f"  %a = getelementptr i8, ptr %run, i64 {field('trap_address')}",
            f"  store i64 %address, ptr %a, align 8{run}",
            "  br label %done",
            "done:",
            "  ret void",
            "}",
            "define internal void @bpfcc_note(ptr %run, i64 %where) #1 {",
            f"  %p = getelementptr i8, ptr %run, i64 {field('backend')}",
            f"  %b = load ptr, ptr %p, align 8{run}",
            "  %before = load i64, ptr %b, align 8",
            "  %first = icmp slt i64 %before, 0",
            "  br i1 %first, label %note, label %done",
            "note:",
            "  store i64 %where, ptr %b, align 8",
            "  %t = getelementptr i8, ptr %b, i64 8",
            "  store ptr @bpfcc_table, ptr %t, align 8",
            "  br label %done",
            "done:",
            "  ret void",
            "}",
            *(self._miss() if self.checked else ()),
        ]

    def _miss(self) -> list[str]:
        """The piece of memory that an access reaches, as the runtime finds it; no bytes where it trapped."""
        at = 8 * self.table.slot("runtime", "bpfcc_reach")
        return [
            "define internal [3 x i64] @bpfcc_miss(ptr %run, i64 %address, i64 %size, i32 %write) #1 {",
            "  %found = alloca [3 x i64], align 8",
            f"  %reach = load ptr, ptr getelementptr (i8, ptr @bpfcc_table, i64 {at}), align 8",
            "  %ok = call i32 %reach(ptr %run, i64 %address, i64 %size, i32 %write, ptr %found)",
            "  %no = icmp eq i32 %ok, 0",
            "  br i1 %no, label %trapped, label %done",
            "trapped:",
            "  ret [3 x i64] zeroinitializer",
            "done:",
            "  %piece = load [3 x i64], ptr %found, align 8",
            "  ret [3 x i64] %piece",
            "}",
        ]

    def _entry(self) -> list[str]:
        type_name = self.program_type
        lines = [
            "define i64 @bpfcc_entry(ptr %run) #0 {",
            "entry:",
            "  %steps = alloca i64, align 8",
            "  store i64 0, ptr %steps, align 8",
            f"  %bp = getelementptr i8, ptr %run, i64 {field('backend')}",
            f"  %b = load ptr, ptr %bp, align 8{tag(['run'])}",
            "  store i64 -1, ptr %b, align 8",
        ]
        if self.checked or self.counts_rounds:
            lines += self._first_steps()
        lines += self._raw_arguments() if self.module.type == RAW else self._context_argument()
        lines += [f"  %r = call i64 @bpfcc_program(ptr %run, i32 0, ptr %steps, {type_name} %r1, i64 %r2)"]
        lines += self._after()
        return [*lines, "  ret i64 %r", "}"]

    def _first_steps(self) -> list[str]:
        """The first slice of the budget, as `bpfcc_more_steps` gives it; where there is a stop flag, that is asked."""
        run = tag(["run"])
        return [
            f"  %fp = getelementptr i8, ptr %run, i64 {field('stop')}",
            f"  %flag = load ptr, ptr %fp, align 8{run}",
            "  %free = icmp eq ptr %flag, null",
            f"  %bl = getelementptr i8, ptr %run, i64 {field('steps_left')}",
            "  %all = load i64, ptr %bl, align 8",
            f"  %most = call i64 @llvm.umin.i64(i64 %all, i64 {STEP_SLICE})",
            "  %slice = select i1 %free, i64 %most, i64 0",
            "  %kept = sub i64 %all, %slice",
            "  store i64 %kept, ptr %bl, align 8",
            "  store i64 %slice, ptr %steps, align 8",
        ]

    def _give_back(self) -> list[str]:
        """What was not used of a slice."""
        return [
            f"  %lp = getelementptr i8, ptr %run, i64 {field('steps_left')}",
            "  %l0 = load i64, ptr %lp, align 8",
            "  %s0 = load i64, ptr %steps, align 8",
            "  %l1 = add i64 %l0, %s0",
            "  store i64 %l1, ptr %lp, align 8",
        ]

    def _after(self) -> list[str]:
        lines = []
        if self.checked or self.counts_rounds:
            lines += self._give_back()
        if self.checked or self.kinds.called_back:
            lines += [
                f"  %dp = getelementptr i8, ptr %run, i64 {field('depth')}",
                f"  store i32 0, ptr %dp, align 4{tag(['run'])}",
            ]
        return lines

    def _context_argument(self) -> list[str]:
        if self.checked:
            return [f"  %r1 = add i64 0, {CONTEXT_BASE}", "  %r2 = add i64 0, 0"]
        place = f"  %cp = getelementptr i8, ptr %run, i64 {field('context')}"
        return [place, f"  %r1 = load ptr, ptr %cp, align 8{tag(['run'])}", "  %r2 = add i64 0, 0"]

    def _raw_arguments(self) -> list[str]:
        """The memory that was supplied, or else the context, and its length."""
        lines = [
            f"  %up = getelementptr i8, ptr %run, i64 {slot(SLOT_USER)}",
            "  %user = load ptr, ptr %up, align 8",
            f"  %kp = getelementptr i8, ptr %run, i64 {slot(SLOT_CONTEXT)}",
            "  %context = load ptr, ptr %kp, align 8",
            "  %none = icmp eq ptr %user, null",
            "  %region = select i1 %none, ptr %context, ptr %user",
            "  %nowhere = icmp eq ptr %region, null",
            "  br i1 %nowhere, label %without, label %with",
            "with:",
            f"  %hp = getelementptr i8, ptr %region, i64 {region('hi')}",
            "  %hi = load i64, ptr %hp, align 8",
            f"  %op = getelementptr i8, ptr %region, i64 {region('base' if self.checked else 'host')}",
            f"  %start = load {self.program_type}, ptr %op, align 8",
            "  br label %without",
            "without:",
        ]
        absent = "0" if self.checked else "null"
        return [
            *lines,
            f"  %r1 = phi {self.program_type} [ {absent}, %entry ], [ %start, %with ]",
            "  %r2 = phi i64 [ 0, %entry ], [ %hi, %with ]",
        ]

    def _call_back(self) -> list[str]:
        """Calls of functions by number, and helpers' way to them."""
        called = sorted(self.indices[name] for name in self.kinds.called_back)
        params = ", ".join(f"i64 %r{at}" for at in range(1, MAX_ARGS + 1))
        cases = " ".join(f"i32 {at}, label %c{at}" for at in called)
        lines = [
            f"define internal i64 @bpfcc_call(ptr %run, i32 %depth, ptr %steps, i32 %function, {params}) #0 {{",
            f"  switch i32 %function, label %none [ {cases} ]",
            "none:",
            "  %wide = zext i32 %function to i64",
            f"  call void @bpfcc_trap(ptr %run, i32 {TRAP_CALL}, i64 %wide, i32 0)",
            "  ret i64 0",
        ]
        for at in called:
            count = self.parameter_count(self.module.functions[at])
            given = "".join(f", i64 %r{number}" for number in range(1, count + 1))
            lines += [f"c{at}:", f"  %v{at} = call i64 @{name_of(at)}(ptr %run, i32 %depth, ptr %steps{given})", f"  ret i64 %v{at}"]
        lines += ["}", f"define i64 @bpfcc_call_back(ptr %run, i32 %function, {params}) #0 {{", *self._called_from_helper(), "}"]
        return lines

    def _called_from_helper(self) -> list[str]:
        run = tag(["run"])
        passed = ", ".join(f"i64 %r{at}" for at in range(1, MAX_ARGS + 1))
        lines = [
            "  %steps = alloca i64, align 8",
            "  store i64 0, ptr %steps, align 8",
            f"  %tp = getelementptr i8, ptr %run, i64 {field('trap')}",
            f"  %trapped = load i32, ptr %tp, align 4{run}",
            "  %over = icmp ne i32 %trapped, 0",
            "  br i1 %over, label %no, label %yes",
            "yes:",
            f"  %bp = getelementptr i8, ptr %run, i64 {field('backend')}",
            f"  %b = load ptr, ptr %bp, align 8{run}",
            "  store i64 -1, ptr %b, align 8",
            f"  %dp = getelementptr i8, ptr %run, i64 {field('depth')}",
            f"  %before = load i32, ptr %dp, align 4{run}",
            "  %depth = add i32 %before, 1",
            f"  %deep = icmp uge i32 %depth, {MAX_FRAMES}",
            "  br i1 %deep, label %full, label %go",
            "full:",
            f"  call void @bpfcc_trap(ptr %run, i32 {TRAP_STACK}, i64 0, i32 0)",
            "  br label %no",
            "no:",
            "  ret i64 0",
            "go:",
        ]
        if self.checked:
            push = 8 * self.table.slot("runtime", "bpfcc_push_frame")
            pop = 8 * self.table.slot("runtime", "bpfcc_pop_frame")
            lines += [
                f"  %push = load ptr, ptr getelementptr (i8, ptr @bpfcc_table, i64 {push}), align 8",
                "  %pushed = call i32 %push(ptr %run, i32 %depth)",
                f"  %r = call i64 @bpfcc_call(ptr %run, i32 %depth, ptr %steps, i32 %function, {passed})",
                *self._give_back(),
                f"  %pop = load ptr, ptr getelementptr (i8, ptr @bpfcc_table, i64 {pop}), align 8",
                "  call void %pop(ptr %run, i32 %before)",
            ]
        else:
            lines += [
                f"  store i32 %depth, ptr %dp, align 4{run}",
                f"  %r = call i64 @bpfcc_call(ptr %run, i32 %depth, ptr %steps, i32 %function, {passed})",
                f"  store i32 %before, ptr %dp, align 4{run}",
                *(self._give_back() if self.counts_rounds else ()),
            ]
        return [*lines, "  ret i64 %r"]


DECLARATIONS: Final = (
    "declare i16 @llvm.bswap.i16(i16)",
    "declare i32 @llvm.bswap.i32(i32)",
    "declare i64 @llvm.bswap.i64(i64)",
    "declare i64 @llvm.usub.sat.i64(i64, i64)",
    "declare i64 @llvm.umin.i64(i64, i64)",
    "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)",
)
