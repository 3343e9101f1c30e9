"""A program's IR for Linux becomes its IR for Windows.

    ported = to_windows(program)
    ported.module            None where something is absent: `ported.entries` says what
    ported.verdict.status    by the rules of Windows, when it is asked for

From C or from a compiled object alike: what is rewritten is the IR. The result is checked (`bpfir.check`), and judged again.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final, cast, final

from bpfcc.bpfir.check import check
from bpfcc.bpfir.lift import lift
from bpfcc.bpfir.ops import Call, CallExtern, Edge, Exit, ExternAddr, Jump, PacketLoad
from bpfcc.bpfir.passes import optimise
from bpfcc.compat.rewrite.contexts import Contexts, widen_comparisons
from bpfcc.compat.rewrite.core import note_core
from bpfcc.compat.rewrite.editor import Editor
from bpfcc.compat.rewrite.entries import Entry, Notes
from bpfcc.compat.rewrite.helpers import Helpers
from bpfcc.compat.rewrite.maps import rewrite_maps
from bpfcc.compat.rewrite.recipes import RECIPES
from bpfcc.compat.rewrite.returns import Returns
from bpfcc.compat.rewrite.table import Correspondence, correspondence
from bpfcc.runtime.specs import load_platform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bpfcc.bpfir.function import Function, Module
    from bpfcc.bpfir.ops import Op, Terminator
    from bpfcc.compat.rewrite.core import CoreUse
    from bpfcc.compat.rewrite.editor import Size
    from bpfcc.compat.rewrite.table import Row
    from bpfcc.program import Program
    from bpfcc.verifier.verdict import Verdict

    # The verdict on a module by the rules of Windows, of a program of that type, attached so.
    Judge = Callable[[Program, Module, str, str | None], Verdict]

LINUX: Final = "linux"
WINDOWS: Final = "windows"


@final
class Ported:
    """A program on Windows, as far as it goes. `section`, `type` and `attach_type` are the Windows ones."""

    def __init__(
        self, program: Program, entries: tuple[Entry, ...], module: Module | None, row: Row | None, judge: Judge | None = None
    ) -> None:
        self.program: Final = program
        self.entries: Final = entries
        self.module: Final = module
        self.section: Final[str | None] = row.data["section"] if row is not None else None
        self.type: Final[str | None] = row.data["to_type"] if row is not None else None
        self.attach_type: Final[str | None] = row.data["to_attach_type"] if row is not None else None
        self._judge = judge or judge_plainly

    @property
    def absent(self) -> tuple[Entry, ...]:
        """What Windows has not."""
        return tuple(entry for entry in self.entries if entry.kind == "absent")

    @property
    def differences(self) -> tuple[Entry, ...]:
        """What may make the program do something else."""
        return tuple(entry for entry in self.entries if entry.kind == "differs" and entry.depends is not False)

    @cached_property
    def verdict(self) -> Verdict | None:
        """The judgement on `module`; None where there is none."""
        if self.module is None or self.type is None:
            return None
        return self._judge(self.program, self.module, self.type, self.attach_type)


def to_windows(
    program: Program, *, table: Correspondence | None = None, judge: Judge | None = None, core: tuple[CoreUse, ...] = (),
    bindings: bool = False,
) -> Ported:  # fmt: skip
    """Rewrite a program. InputError where its code cannot be linked or lifted.

    `judge`: who gives the verdict; without one it is the verifier, which then knows nothing of the object's types. `core`: the
    program's CO-RE relocations (`bpfcc.compat.rewrite.core.core_uses`). `bindings`: the module tells which value a register held, for
    those who look for the names of its source.
    """
    table = table or correspondence()
    linux = load_platform(LINUX)
    row = row_of(program, table)
    kind = row.data["type"] if row is not None else program.type
    module = lift(program.bytecode, type=kind, effects=linux.effects, entry_params=1, bindings=bindings)
    optimise(module, linux.effects)
    notes = Notes(module)
    with notes.at([(module.entry.name, module.entry.start)]):
        note_section(program, row, table, notes)
    if module.endian != "little":
        notes.absent("code", f"{module.endian}-endian code", "Windows runs on little-endian machines", function=module.entry.name)
    note_core(core, module, table, notes)
    note_kernel(module, table, notes)
    if row is None:
        # Types without a counterpart: the rest of what they use is told by their helpers and maps alone.
        note_uses(module, program, table, notes)
        return Ported(program, notes.entries(), None, None, judge)
    Rewriter(module, program, row, table, notes).run()
    entries = notes.entries()
    whole = all(entry.kind != "absent" for entry in entries)
    return Ported(program, entries, finished(module, row) if whole else None, row, judge)


def row_of(program: Program, table: Correspondence) -> Row | None:
    """Where a program goes: by its type, or by the name of a section that Windows alone has."""
    there = table.section_there(program.section or "") if program.attach_type is None else None
    if there is not None and program.type in (None, there.data["type"]):
        return there
    return table.section(program.type, program.attach_type) if program.type is not None else None


def finished(module: Module, row: Row) -> Module:
    """The rewritten module, cleaned up and checked."""
    module.type = row.data["to_type"]
    check(module, after="rewriting for Windows")
    optimise(module, load_platform(WINDOWS).effects_for(module.type))
    check(module, after="optimise")
    return module


@final
class Rewriter:
    """One program in work."""

    def __init__(self, module: Module, program: Program, row: Row, table: Correspondence, notes: Notes) -> None:
        linux, windows = load_platform(LINUX), load_platform(WINDOWS)
        self.module, self.table, self.notes, self.row = module, table, notes, row
        here, there = linux.context_of(row.data["type"]), windows.context_of(row.data["to_type"])
        self.windows_context = there
        attach_type = program.attach_type or row.data["attach_type"]
        self.contexts = (
            Contexts(module, here, there, table, notes, attach_type=attach_type) if here is not None and there is not None else None
        )
        # Other programs of the object are in the same image, with their maps.
        taken = frozenset(spec.name for spec in program.object.maps.values()) if program.object is not None else frozenset()
        self.helpers = Helpers(module, (linux, windows), table, notes, self.contexts, RECIPES, taken=taken)
        self.returns = Returns(table.returns(row.data["type"]), notes)

    def run(self) -> None:
        """Every function, then the maps."""
        for fn in self.module.functions:
            self._function(fn)
        made = tuple(self.helpers.maps[len(self.module.maps) :])
        self.module.maps = rewrite_maps(self.module, self.table, self.notes, self.helpers.updated) + made
        if self.contexts is not None:
            for fn in self.module.functions:
                for op in widen_comparisons(fn, self.contexts.addresses):
                    text = "an address has 64 bits there: keep it in a pointer or a long"
                    self.notes.absent("code", "a packet address used as a number of 32 bits", text, function=fn.name, insn=op.insn)

    def _function(self, fn: Function) -> None:
        self.helpers.begin(fn)
        if self.contexts is not None:
            self.contexts.begin(fn)
        editor = Editor(fn)
        for block in editor.blocks:
            ops, terminator = editor.start(block)
            if block is self.module.entry.entry:
                self._leave_others(editor)
            for op in ops:
                self._op(op, editor)
            self._end(terminator, editor)
        editor.finish()

    def _leave_others(self, editor: Editor) -> None:
        """At the start of the program: events that Linux has not end it there."""
        for each in self.row.data.get("only", ()):
            field = self.windows_context.field(each["field"]) if self.windows_context is not None else None
            if field is None:
                continue
            value = editor.load(cast("Size", field.size), self.module.entry.params[0], field.offset)
            inside, outside = editor.block(), editor.block()
            for allowed in each["values"]:
                following = editor.block()
                editor.branch("eq", 32, value, allowed, then=Edge(inside, []), otherwise=Edge(following, []))
                editor.enter(following)
            editor.end(Jump(Edge(outside, [])))
            editor.enter(outside)
            editor.exit(int(each["otherwise"]), -1)
            editor.enter(inside)

    def _op(self, op: Op, editor: Editor) -> None:
        if self.contexts is not None and self.contexts.handle(op, editor):
            return
        if isinstance(op, Call):
            self.helpers.handle(op, editor)
            return
        if isinstance(op, PacketLoad):
            self.notes.absent(
                "code",
                "LD_ABS or LD_IND",
                "there are no socket buffers: read between data and data_end",
                function=editor.fn.name,
                insn=op.insn,
            )
        editor.put(op)

    def _end(self, terminator: Terminator, editor: Editor) -> None:
        if self.contexts is not None:
            self.contexts.check_escape(terminator, editor.fn)
        if isinstance(terminator, Exit) and editor.fn is self.module.entry:
            self.returns.handle(terminator, editor, self.helpers.uses)
        else:
            editor.end(terminator)


# ---- what is noted without being rewritten


def note_section(program: Program, row: Row | None, table: Correspondence, notes: Notes) -> None:
    """The section's name, and what differs where the program is attached."""
    name = program.section or program.type or "?"
    if row is None:
        notes.absent("section", name, table.why_no_section(program.type, program.attach_type, program.section))
        return
    there = row.data["section"]
    # Windows goes by the longest prefix that it knows.
    spelling = name if name.startswith(there) and not name.startswith("xdp.frags") else there
    met = [each for each in row.differences if _section_met(each["when"], name)]
    if met:
        text = "; ".join(each["text"] for each in met)
        notes.add("section", name, "differs", spelling, text, depends=any(each["depends"] for each in met))
    else:
        notes.add("section", name, "same" if spelling == name else "renamed", spelling, row.reason)


def _section_met(when: str, name: str) -> bool:
    return when == "always" or (when.startswith("section ") and name.startswith(when.removeprefix("section ")))


def note_kernel(module: Module, table: Correspondence, notes: Notes) -> None:
    """Kernel functions and variables."""
    for fn in module.functions:
        for op in fn.ops():
            if isinstance(op, (CallExtern, ExternAddr)):
                extern = module.externs[op.extern]
                notes.absent("kernel", extern.name, table.why_no_extern(extern.kind, extern.name), function=fn.name, insn=op.insn)


def note_uses(module: Module, program: Program, table: Correspondence, notes: Notes) -> None:
    """Helpers and maps of a program that has no place on Windows: what else would have to change."""
    linux = load_platform(LINUX)
    for fn, op in _calls(module):
        if op.helper not in linux.helpers_by_id:
            notes.absent("helper", f"helper {op.helper}", "Linux has no such helper", function=fn.name, insn=op.insn)
            continue
        name = linux.helpers_by_id[op.helper].name
        row = table.helper(name)
        if row is None or row.kind == "absent":
            notes.absent("helper", f"bpf_{name}", table.why_no_helper(name), function=fn.name, insn=op.insn)
        else:
            there = row.data.get("spelling") or row.to
            spelling = f"bpf_{there}" if there else None
            notes.add("helper", f"bpf_{name}", row.kind, spelling, row.reason, depends=row.depends, function=fn.name, insn=op.insn)
    rewrite_maps(module, table, notes, set())


def _calls(module: Module) -> Iterator[tuple[Function, Call]]:
    for fn in module.functions:
        for op in fn.ops():
            if isinstance(op, Call):
                yield fn, op


def judge_plainly(program: Program, module: Module, type: str, attach_type: str | None) -> Verdict:  # noqa: A002 - as everywhere
    """The verifier's verdict, without names and places."""
    from bpfcc.bpfir.printer import print_module
    from bpfcc.verifier.judge import judge
    from bpfcc.verifier.options import Request
    from bpfcc.verifier.verdict import Verdict as Record

    platform = load_platform(WINDOWS)
    found = judge(module, Request(platform, type, attach_type, license=program.license, btf=program.btf))
    from hashlib import sha256

    digest = sha256(print_module(module).encode()).hexdigest()
    return Record(
        program.name, program.section, type, platform.name, found.status, tuple(found.findings), found.stats, digest, found.zeroed
    )
