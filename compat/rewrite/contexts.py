"""Context accesses: from Linux's layout to Windows', field by field.

    v1 = load.4 v0, 0          xdp_md.data          becomes        v1 = load.8 v0, 0
    v2 = load.4 v0, 24         bpf_sock_addr.user_port             v2 = load.2 v0, 40
    v3 = load.4 v0, 28         bpf_sock_addr.family                v3 = load.4 v0, 0, and 10 where that is 23

Which values are the context, and how far into it, is what `backends.context.ContextFlow` finds. What cannot be followed is noted as
absent: an access that may be to the context or to something else, the context's address in memory, a field in part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast, final

from bpfcc.backends.context import EITHER, OTHER, ContextFlow
from bpfcc.bpfir.ops import (
    Alu,
    Assume,
    Atomic,
    AtomicFetch,
    Branch,
    ByteSwap,
    Call,
    CallIndirect,
    Cast,
    CompareExchange,
    Exit,
    Load,
    Store,
    StoreRelease,
    Value,
    edges,
    operands,
)
from bpfcc.bpfir.renamed import renamed
from bpfcc.compat.rewrite.editor import Test
from bpfcc.compat.rewrite.families import Families
from bpfcc.compat.rewrite.uses import closure

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Function, Module
    from bpfcc.bpfir.ops import Op, Operand
    from bpfcc.compat.rewrite.editor import Editor, Size
    from bpfcc.compat.rewrite.entries import Notes
    from bpfcc.compat.rewrite.table import Correspondence, Row
    from bpfcc.runtime.specs.model import ContextSpec, Field

SIZES: Final = (1, 2, 4, 8)
POINTER_KINDS: Final = frozenset({"packet_start", "packet_end", "packet_meta"})


@final
class Contexts:
    """Rewrites accesses of one program. `addresses`: results that are packet addresses of 64 bits now."""

    def __init__(
        self, module: Module, linux: ContextSpec, windows: ContextSpec, table: Correspondence, notes: Notes, *, attach_type: str | None
    ) -> None:
        self.linux, self.windows, self.table, self.notes = linux, windows, table, notes
        self.attach_type = attach_type
        self._entry = module.entry
        self.addresses: set[Value] = set()
        # What they were before.
        self._narrow: set[Value] = set()
        self._flow = ContextFlow(module) if module.entry.params else None
        if self._flow is not None:
            self._flow.run()
        self._families = Families(module.entry, self._is_family)

    def fact(self, operand: Operand) -> int | str:
        """How far into the context a value points, `OTHER` or `EITHER`."""
        if self._flow is None or type(operand) is not Value:
            return OTHER
        return self._flow.facts.get(operand, OTHER)

    def begin(self, fn: Function) -> None:
        """Before a function's first operation."""
        self._families = Families(fn, self._is_family)

    def _is_family(self, op: Load) -> bool:
        """Whether a load is of all of the field of Linux's context that tells the family."""
        fact = self.fact(op.base)
        field = self.linux.field("family")
        return type(fact) is int and field is not None and (fact + op.offset, op.size_bytes) == (field.offset, field.size)

    def handle(self, op: Op, editor: Editor) -> bool:
        """Rewrite an access to the context; False where `op` is none."""
        self.check_escape(op, editor.fn)
        if type(op) is Cast and op.kind == "zext" and op.from_bits == 32 and renamed(op.value) in self._narrow:
            # Linux's field has 32 bits, so extending it was nothing; here it would cut.
            editor.replaced[op.result] = op.value
            return True
        base = getattr(op, "base", None)
        fact = self.fact(base) if type(base) is Value else OTHER
        if fact == OTHER:
            return False
        if fact == EITHER or not isinstance(op, (Load, Store)):
            what = "an access to the context or something else" if fact == EITHER else "an atomic access to the context"
            self.notes.absent(
                "code",
                what,
                "it cannot be told which field is meant: take the field before the paths join",
                function=editor.fn.name,
                insn=op.insn,
            )
            return False
        return self._access(op, int(fact), editor)

    def check_escape(self, op: Op, fn: Function) -> None:
        """Note where the context's address goes to what cannot be followed."""
        match op:
            case Call():
                if any(self.fact(arg) not in (OTHER, 0) for arg in op.args):
                    text = "a helper gets an address within the context: copy the bytes to the stack"
                    self.notes.absent("code", "an address within the context", text, function=fn.name, insn=op.insn)
            case Exit():
                if fn is not self._entry and self.fact(op.value) != OTHER:
                    text = "its fields cannot be followed through results: return what is needed of them"
                    self.notes.absent("code", "the context's address returned by a function", text, function=fn.name, insn=op.insn)
            case Store() | Atomic() | AtomicFetch() | CompareExchange() | StoreRelease():
                stored = [op.value, op.expected] if isinstance(op, CompareExchange) else [op.value]
                if any(self.fact(each) != OTHER for each in stored):
                    text = "its fields cannot be followed through memory: store what is needed of them, not the address"
                    self.notes.absent("code", "the context's address stored in memory", text, function=fn.name, insn=op.insn)
            case CallIndirect():
                if any(self.fact(each) != OTHER for each in operands(op)):
                    text = "its fields cannot be followed through calls of what is not known: pass what is needed of them"
                    self.notes.absent("code", "the context's address passed on", text, function=fn.name, insn=op.insn)

    def _access(self, op: Load | Store, fact: int, editor: Editor) -> bool:
        at, fn = fact + op.offset, editor.fn.name
        found = self._field(at, op.size_bytes, write=isinstance(op, Store))
        if found is None:
            reason = "Linux's context has no such field"
            self.notes.absent("field", f"{self.linux.name}+{at}", reason, function=fn, insn=op.insn)
            return False
        field, row = found
        name = f"{self.linux.name}.{field.name}"
        if row is None or row.kind == "absent" or (isinstance(op, Load) and not {"to", "constant"} & row.data.keys()):
            reason = row.reason if row is not None and row.kind == "absent" else self.table.why_no_field
            self.notes.absent("field", name, reason, function=fn, insn=op.insn)
            return False
        if self.attach_type not in row.data.get("attach", (self.attach_type,)):
            self.notes.absent("field", name, str(row.data["elsewhere"]), function=fn, insn=op.insn)
            return False
        target = self.windows.field(row.to) if row.to is not None else None
        editor.insn = op.insn
        if isinstance(op, Load):
            done = self._load(op, fact, at - field.offset, (field, target, row), editor)
        else:
            done = self._store(op, fact, at - field.offset, (field, target, row), editor)
        if done is not None:
            self.notes.absent("field", name, done, function=fn, insn=op.insn)
            return False
        there = f"{self.windows.name}.{target.name}" if target is not None else None
        kind, reason, depends = row.kind, row.reason, row.depends
        if isinstance(op, Load) and self._open(op, row):
            kind, reason, depends = "differs", str(row.data["other_family"]), True
        self.notes.add("field", name, kind, there, reason, depends=depends, function=fn, insn=op.insn)
        return True

    def _open(self, op: Load, row: Row) -> bool:
        """Whether a load is of a field that one family has, where the other one may be there."""
        family = row.data.get("family")
        return family is not None and not self._families.known(op, int(family))

    def _field(self, at: int, size: int, *, write: bool) -> tuple[Field, Row | None] | None:
        """The field that an access is to; of several that share bytes the one that Windows has."""
        touched = [each for each in self.linux.fields if each.offset <= at and at + size <= each.offset + each.size]
        rows = [(each, self.table.field(self.linux.name, each.name)) for each in touched]
        there = [(each, row) for each, row in rows if row is not None and row.kind != "absent" and (write or "to" in row.data)]
        return (there or rows or [None])[0]

    # ---- loads

    def _load(self, op: Load, fact: int, inside: int, what: tuple[Field, Field | None, Row], editor: Editor) -> str | None:
        """Put the load in; in words why it cannot be."""
        field, target, row = what
        if "constant" in row.data:
            editor.replaced[op.result] = self._part(int(row.data["constant"]), inside, op, editor)
            return None
        if target is None:
            return self.table.why_no_field
        if field.kind in POINTER_KINDS and target.size == 8:
            if inside or op.size_bytes != field.size or op.signed:
                return "a packet address is loaded in part"
            value: Operand = editor.load(8, op.base, target.offset - fact)
            self.addresses.add(cast("Value", value))
            self._narrow.add(op.result)
            editor.replaced[op.result] = value
            return None
        if {"values", "transform"} & row.data.keys():
            whole = editor.load(cast("Size", target.element_size), op.base, target.offset - fact)
            editor.replaced[op.result] = self._part(self._changed(whole, row, editor), inside, op, editor)
            return None
        if op.signed and target.size < field.size:
            return "a field that is narrower there is loaded with its sign"
        if inside >= target.size:
            editor.replaced[op.result] = 0
            return None
        op.size_bytes = cast("Size", min(op.size_bytes, target.size - inside) if target.size < field.size else op.size_bytes)
        if op.size_bytes not in SIZES:
            return "a field is loaded in part"
        op.offset = target.offset + inside - fact
        editor.put(op)
        if self._open(op, row):
            self._zero_of_other(op, fact, int(row.data["family_there"]), editor)
        return None

    def _zero_of_other(self, op: Load, fact: int, family: int, editor: Editor) -> None:
        """After a load of bytes that the other family's address may fill: 0 then."""
        field = self.windows.field("family")
        if field is None:
            return
        there = editor.load(cast("Size", field.size), op.base, field.offset - fact)
        old, op.result = op.result, editor.fn.new_value(op)
        editor.replaced[old] = editor.choose(there, [Test("ne", family, 0)], op.result)

    def _changed(self, value: Operand, row: Row, editor: Editor) -> Operand:
        """A loaded number as Linux has it."""
        transform = row.data.get("transform")
        if transform == "port_in_upper_half":
            return editor.alu("lsh", editor.alu("and", value, 0xFFFF, 32), 16, 32)
        if transform == "port_in_host_order":
            op = ByteSwap(editor.fn.new_value(), 16, value, editor.insn)
            op.result.definition = op
            editor.put(op)
            return op.result
        tests = [Test("eq", there, here) for there, here in row.data["values"]]
        return editor.choose(value, tests, row.data.get("otherwise", value))

    @staticmethod
    def _part(value: Operand, inside: int, op: Load, editor: Editor) -> Operand:
        """Bytes of a number that was loaded as a whole."""
        if inside:
            value = editor.alu("rsh", value, 8 * inside)
        if op.size_bytes < 4:
            value = editor.alu("and", value, (1 << 8 * op.size_bytes) - 1)
        if op.signed:
            cast_op = Cast(editor.fn.new_value(), "sext", 32 if op.size_bytes >= 4 else 8 * op.size_bytes, 64, value, editor.insn)  # type: ignore[arg-type]
            cast_op.result.definition = cast_op
            editor.put(cast_op)
            return cast_op.result
        return value

    # ---- stores

    def _store(self, op: Store, fact: int, inside: int, what: tuple[Field, Field | None, Row], editor: Editor) -> str | None:
        """Put the store in; in words why it cannot be."""
        field, target, row = what
        if row.data.get("store_ignored"):
            return None
        if target is None or self.attach_type not in row.data.get("store", ()):
            return "Windows does not look at what is written there"
        if target.size < field.size:
            if inside or op.size_bytes < target.size:
                return "a field is written in part"
            op.size_bytes = cast("Size", target.size)
        op.offset = target.offset + inside - fact
        editor.put(op)
        return None


# ---- packet addresses


def widen_comparisons(fn: Function, addresses: set[Value]) -> list[Op]:
    """Compare packet addresses with all their bits; operations that keep 32 bits of one, which cannot be mended.

    Of Linux's fields compilers know that the upper half is zero, so they compare the lower ones alone. A register that holds an address
    on some paths and a number on others is the verifier's business: it knows which of them lead here.
    """
    known = certain(fn, addresses, pointers(fn, addresses))
    left: list[Op] = []
    _widen_differences(fn, known)
    for op in fn.ops():
        if isinstance(op, (Branch, Assume)) and op.width_bits == 32 and op.lhs in known and (op.rhs in known or _tests_null(op)):
            op.width_bits = 64
        elif _narrows(op, known):
            left.append(op)
    return left


def _tests_null(op: Branch | Assume) -> bool:
    """Whether it asks for a null pointer, which no packet address is."""
    return op.rhs == 0 and op.kind in ("eq", "ne")


def _widen_differences(fn: Function, known: set[Value]) -> None:
    """Take addresses off one another whole, and cut the distance: its low half is that of the low halves."""
    halves = {
        op.result: op.value for op in fn.ops() if isinstance(op, Cast) and (op.kind, op.from_bits) == ("zext", 32) and op.value in known
    }
    for block in fn.blocks:
        ops: list[Op] = []
        for op in block.ops:
            ops.append(op)
            if isinstance(op, Alu) and (op.kind, op.width_bits) == ("sub", 32):
                left, right = (halves.get(each, each) if type(each) is Value else each for each in (op.lhs, op.rhs))
                if left in known and right in known:
                    old, op.result = op.result, fn.new_value(op)
                    op.width_bits, op.lhs, op.rhs = 64, left, right
                    old.definition = Cast(old, "zext", 32, 64, op.result, op.insn)
                    ops.append(old.definition)
        block.ops = ops
    used = {each for op in fn.ops() for each in (*operands(op), *(arg for edge in edges(op) for arg in edge.args))}
    for block in fn.blocks:
        block.ops = [op for op in block.ops if not (isinstance(op, Cast) and op.result in halves and op.result not in used)]


def pointers(fn: Function, addresses: set[Value]) -> set[Value]:
    """The addresses, renamed, joined, and moved by a distance.

    What is taken off an address is a distance or an address; which, is known once everything is that is made by adding alone.
    """
    renamed: dict[Value, list[Value]] = {}
    added: dict[Value, list[Value]] = {}
    taken: list[Alu] = []
    for op in fn.ops():
        if isinstance(op, Assume) and type(op.value) is Value:
            renamed.setdefault(op.value, []).append(op.result)
        elif isinstance(op, Alu) and op.width_bits == 64 and op.kind == "sub":
            taken.append(op)
        elif isinstance(op, Alu) and op.width_bits == 64 and op.kind == "add":
            for operand in (op.lhs, op.rhs):
                if type(operand) is Value:
                    added.setdefault(operand, []).append(op.result)
        for edge in edges(op):
            for param, arg in zip(edge.block.params, edge.args, strict=True):
                if type(arg) is Value:
                    renamed.setdefault(arg, []).append(param)
    known = closure(addresses, (renamed, added))
    for op in taken:
        if type(op.lhs) is Value and op.rhs not in known:
            added.setdefault(op.lhs, []).append(op.result)
    return closure(known, (renamed, added))


def certain(fn: Function, addresses: set[Value], possible: set[Value]) -> set[Value]:
    """Of the values that may be addresses those that are on every path."""
    sources: dict[Value, list[Operand]] = {}
    users: dict[Value, list[Value]] = {}
    for op in fn.ops():
        match op:
            case Assume() if op.result in possible:
                sources[op.result] = [op.value]
            case Alu() if op.result in possible:
                sources[op.result] = [op.lhs if op.lhs in possible else op.rhs]
        for edge in edges(op):
            for param, arg in zip(edge.block.params, edge.args, strict=True):
                if param in possible:
                    sources.setdefault(param, []).append(arg)
    for value, found in sources.items():
        for operand in found:
            if type(operand) is Value:
                users.setdefault(operand, []).append(value)
    known = set(possible)
    work = [value for value, found in sources.items() if any(operand not in known for operand in found)]
    while work:
        value = work.pop()
        if value in known and value not in addresses:
            known.remove(value)
            work += users.get(value, ())
    return known


def _narrows(op: Op, known: set[Value]) -> bool:
    if not any(operand in known for operand in operands(op)):
        return False
    match op:
        case Alu() | Branch():
            return op.width_bits == 32
        case Store():
            return op.value in known and op.size_bytes < 8
        case Cast() | ByteSwap():
            return True
        case _:
            return False
