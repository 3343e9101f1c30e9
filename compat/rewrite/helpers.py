"""Helper calls: from Linux's ids and arguments to Windows'.

    v3 = call helper 5()             ktime_get_ns        becomes        v3 = call helper 9()
    v4 = call helper 2(…)            map_update_elem                    v4 = call helper 2(…), its error number turned into Linux's
                                                                        where the program looks at more than its sign

A helper that needs more than another number has a recipe (`bpfcc.compat.rewrite.recipes`), named in the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, final

from bpfcc.bpfir.ops import Cast
from bpfcc.compat.rewrite.editor import Test
from bpfcc.compat.rewrite.entries import Kind
from bpfcc.compat.rewrite.texts import Texts
from bpfcc.compat.rewrite.uses import Reservations, Uses, map_number
from bpfcc.errors import InputError

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Function, Module
    from bpfcc.bpfir.ops import Call, Operand, Value
    from bpfcc.compat.rewrite.contexts import Contexts
    from bpfcc.compat.rewrite.editor import Editor
    from bpfcc.compat.rewrite.entries import Notes
    from bpfcc.compat.rewrite.table import Correspondence, Row
    from bpfcc.runtime.specs import Platform
    from bpfcc.runtime.specs.model import Helper

# In what order one kind gives way to another.
BETTER: Final[Mapping[Kind, int]] = {"same": 0, "renamed": 1, "emulated": 2, "differs": 3, "absent": 4}

Recipe = Callable[["Helpers", "Call", "Row", "Editor"], None]


@final
class Helpers:
    """Rewrites calls of one program."""

    def __init__(
        self, module: Module, platforms: tuple[Platform, Platform], table: Correspondence, notes: Notes, contexts: Contexts | None,
        recipes: Mapping[str, Recipe],
    ) -> None:  # fmt: skip
        self.module, self.table, self.notes = module, table, notes
        self.linux, self.windows = platforms
        self.type = module.type or ""
        self.contexts = contexts
        self.recipes = recipes
        self.uses, self.texts = Uses(module.entry), Texts(module, module.entry)
        # Records of ring buffers in the function at hand: map and size of what reserved each.
        self.reserved: Mapping[Value, set[tuple[int | None, Operand]]] = {}
        # Maps that the program itself puts entries into.
        self.updated: set[int] = set()

    def begin(self, fn: Function) -> None:
        """Before a function's first operation."""
        self.uses, self.texts = Uses(fn), Texts(self.module, fn)
        calls = Reservations(fn, self.linux.helper("ringbuf_reserve").id).calls
        # Calls are rewritten in place: what is asked of them is kept.
        self.reserved = {value: {(map_number(op.args[0]), op.args[1]) for op in found} for value, found in calls.items()}

    def handle(self, op: Call, editor: Editor) -> None:
        """Rewrite one call; what Windows has not is noted, and the call stays."""
        editor.insn = op.insn
        try:
            helper = self.linux.helper(op.helper, self.type)
        except InputError:
            self.notes.absent("helper", f"helper {op.helper}", "Linux has no such helper", function=editor.fn.name, insn=op.insn)
            editor.put(op)
            return
        row = self.table.helper(helper.name)
        if row is None or row.kind == "absent" or not row.of_type(self.type):
            there = row is not None and row.kind != "absent"
            reason = f"not for programs of type {self.type}" if there else self.table.why_no_helper(helper.name)
            self.absent(helper.name, reason, op, editor)
            return
        self._note_update(helper, op)
        if row.recipe is not None:
            self.recipes[row.recipe](self, op, row, editor)
        else:
            self.plain(op, row, editor)

    # ---- what recipes use

    def absent(self, name: str, reason: str, op: Call, editor: Editor) -> None:
        """Note that it cannot be, and leave the call."""
        self.notes.absent("helper", f"bpf_{name}", reason, function=editor.fn.name, insn=op.insn)
        editor.put(op)

    def note(
        self, op: Call, row: Row, editor: Editor, *, kind: Kind | None = None, reason: str | None = None, depends: bool | None = None
    ) -> None:
        """Note a call that is rewritten, with what differs."""
        name = f"bpf_{self.linux.helper(op.helper, self.type).name}"
        there = row.data.get("spelling") or row.to
        windows = f"bpf_{there}" if there is not None else None
        place = {"function": editor.fn.name, "insn": op.insn}
        met = [each for each in row.differences if self._met(each, op)]
        if met:
            text = "; ".join(each["text"] for each in met)
            self.notes.add("helper", name, "differs", windows, text, depends=any(each["depends"] for each in met), **place)  # type: ignore[arg-type]
            return
        text = row.reason if reason is None else reason
        self.notes.add("helper", name, kind or row.kind, windows, text, depends=row.depends if depends is None else depends, **place)  # type: ignore[arg-type]

    def windows_id(self, name: str) -> int:
        """A helper's number on Windows."""
        return self.windows.helper(name, self.type).id

    def plain(self, op: Call, row: Row, editor: Editor) -> None:
        """The same helper under another number, its errors as Linux has them."""
        helper = self.windows.helper(row.to or "", self.type)
        here = self.linux.helper(op.helper, self.type)
        args = self.arguments(op, here, editor)[: len(helper.arguments)]
        errors = row.data.get("errors")
        looked = self.uses.looked_at(op.result) if errors is not None else "never"
        kind = row.kind
        reason = row.reason
        if looked == "value" and errors:
            kind = max(row.kind, "emulated", key=BETTER.__getitem__)
            reason = reason or "its error numbers are turned into Linux's"
        self.note(op, row, editor, kind=kind, reason=reason)
        op.helper, op.args = helper.id, args
        editor.put(op)
        if looked == "value" and errors is not None:
            self.translate(op, errors, editor)

    def arguments(self, op: Call, helper: Helper, editor: Editor) -> list[Operand]:
        """A call's arguments: of sizes Linux takes the low half alone."""
        found: list[Operand] = []
        for arg, spec in zip(op.args, helper.arguments, strict=False):
            if spec.size == 32 and spec.kind.startswith("size"):
                found.append(self.low_half(arg, editor))
            else:
                found.append(arg)
        return found

    @staticmethod
    def low_half(value: Operand, editor: Editor) -> Operand:
        """The low 32 bits."""
        if type(value) is int:
            return value & 0xFFFF_FFFF
        cast = Cast(editor.fn.new_value(), "zext", 32, 64, value, editor.insn)
        cast.result.definition = cast
        editor.put(cast)
        return cast.result

    def translate(self, op: Call, errors: str, editor: Editor) -> None:
        """Make an error number what Linux would have said."""
        there = self.table.errors(errors)
        fresh = editor.fn.new_value(op)
        old, op.result = op.result, fresh
        tests = [Test("eq", -windows, -linux) for windows, linux in there.items()]
        tests.append(Test("slt", 0, -self.table.other_error))
        editor.replaced[old] = editor.choose(fresh, tests, fresh)

    def map_type(self, operand: Operand) -> str | None:
        """The type of the map that an argument names, as Linux calls it."""
        number = map_number(operand)
        return self.module.maps[number].type if number is not None else None

    # ---- differences

    def _met(self, difference: Mapping[str, Any], op: Call) -> bool:
        """Whether a difference's condition holds for this call."""
        when = str(difference["when"])
        wanted = difference.get("maps")
        if wanted is not None and self.map_type(op.args[0]) not in (None, *wanted):
            return False
        if when == "always":
            return True
        if when == "result":
            return self.uses.looked_at(op.result) == "value"
        if when.startswith("argument "):
            number = int(when.removeprefix("argument "))
            return number < len(op.args) and op.args[number] != 0
        return False

    def _note_update(self, helper: Helper, op: Call) -> None:
        if helper.name not in ("map_update_elem", "map_push_elem") or not op.args:
            return
        number = map_number(op.args[0])
        # One that cannot be told may be any.
        self.updated |= {number} if number is not None else set(range(len(self.module.maps)))
