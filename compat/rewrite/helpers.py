"""Helper calls: from Linux's ids and arguments to Windows'.

    v3 = call helper 5()             ktime_get_ns        becomes        v3 = call helper 9()
    v4 = call helper 2(…)            map_update_elem                    v4 = call helper 2(…), its error number turned into Linux's
                                                                        where the program looks at more than its sign

A helper that needs more than another number has a recipe (`bpfcc.compat.rewrite.recipes`), named in the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any, Final, final

from bpfcc.backends.context import OTHER
from bpfcc.bpfir.ops import Call, Cast, Edge, Jump, MapAddr, Value
from bpfcc.compat.rewrite.editor import Test
from bpfcc.compat.rewrite.entries import Kind
from bpfcc.compat.rewrite.events import for_this_processor, is_known
from bpfcc.compat.rewrite.frames import Frames
from bpfcc.compat.rewrite.linux_errors import EINVAL, failed
from bpfcc.compat.rewrite.records import QUIET, RECORDS, Numbers, Records, scratch_spec
from bpfcc.compat.rewrite.texts import Texts
from bpfcc.compat.rewrite.updates import ARRAYS, EXIST
from bpfcc.compat.rewrite.uses import Uses, map_number
from bpfcc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from bpfcc.bpfir.function import Function, Module
    from bpfcc.bpfir.module import MapSpec
    from bpfcc.bpfir.ops import Operand
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
        recipes: Mapping[str, Recipe], *, taken: AbstractSet[str] = frozenset(),
    ) -> None:  # fmt: skip
        """`taken`: names that maps of the image may have, besides the program's own."""
        self.module, self.table, self.notes = module, table, notes
        self.linux, self.windows = platforms
        self.type = module.type or ""
        self.contexts = contexts
        self.recipes = recipes
        self._taken = taken
        # Maps that the program itself puts entries into.
        self.updated: set[int] = set()
        # The program's maps, and behind them those that are made for it.
        self.maps: list[MapSpec] = list(module.maps)
        self._ids = {name: self.linux.helper(name).id for name in (*RECORDS, *QUIET)}
        self.begin(module.entry)

    @cached_property
    def _frames(self) -> Frames:
        return Frames(self.module)

    @cached_property
    def _named(self) -> list[int]:
        """Maps that are more than their values: sections of variables are none that a helper could get."""
        ops = (op for fn in self.module.functions for op in fn.ops() if isinstance(op, MapAddr))
        return sorted({op.map for op in ops if op.map < len(self.module.maps)})

    def begin(self, fn: Function) -> None:
        """Before a function's first operation."""
        self.uses, self.texts = Uses(fn), Texts(self.module, fn, self.linux.effects)
        ids = self._ids
        release = frozenset((ids["ringbuf_submit"], ids["ringbuf_discard"]))
        numbers = Numbers(ids["ringbuf_reserve"], release, ids["ringbuf_output"], frozenset(ids[name] for name in QUIET))
        self.records = Records(self.module, fn, numbers)
        # Where the key of maps of records lies in the frame.
        self.scratch_key: int | None = None
        used = self._frames.used_bytes(fn, self.uses) if self.records.calls else 0
        # Bytes of the frame that are taken, in whole words; None where that cannot be told.
        self.frame_used = (used + 7) // 8 * 8 if used is not None else None

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
        if self._context_escapes(helper, op):
            self.absent(
                helper.name,
                "a helper that passes the context on: its fields cannot be followed there; pass what is needed of them",
                op,
                editor,
            )
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

    def plain(
        self, op: Call, row: Row, editor: Editor, *, kind: Kind | None = None, reason: str | None = None, depends: bool | None = None
    ) -> None:
        """The same helper under another number, its errors as Linux has them."""
        flags = row.data.get("flags")
        given = op.args[int(flags["argument"])] if flags is not None else 0
        if flags is None or given in flags["allowed"]:
            self._call(op, row, editor, kind=kind or row.kind, reason=row.reason if reason is None else reason, depends=depends)
        elif type(given) is not int:
            self._call_if_allowed(op, row, given, editor)
        elif given & flags.get("absent", 0) and given & ~flags["absent"] in flags["allowed"]:
            self.absent(self.linux.helper(op.helper, self.type).name, flags["reason"], op, editor)
        else:
            self.note(op, row, editor, kind="emulated", reason=f"flags {given:#x} give EINVAL, as on Linux")
            editor.replaced[op.result] = failed(EINVAL)

    def _call(self, op: Call, row: Row, editor: Editor, *, kind: Kind, reason: str, depends: bool | None = None) -> None:
        helper = self.windows.helper(row.to or "", self.type)
        here = self.linux.helper(op.helper, self.type)
        args = self.arguments(op, here, editor)[: len(helper.arguments)]
        errors = (
            row.data.get("array_errors" if self.map_types(op.args[0]) <= ARRAYS else "errors", row.data.get("errors")) if op.args else None
        )
        looked = self.uses.looked_at(op.result) if errors is not None else "never"
        if looked == "value" and errors:
            kind = max(kind, "emulated", key=BETTER.__getitem__)
            reason = reason or "its error numbers are turned into Linux's"
        self.note(op, row, editor, kind=kind, reason=reason, depends=depends)
        op.helper, op.args = helper.id, args
        old, value = op.result, self.put(op, editor)
        editor.replaced[old] = self.translated(value, errors, editor) if looked == "value" and errors is not None else value

    def put(self, op: Call, editor: Editor) -> Value:
        """Put in a call of Windows' helper; the value is its result, of which the whole register counts."""
        old, op.result = op.result, editor.fn.new_value(op)
        editor.put(op)
        value = op.result
        kind = self.windows.helper(op.helper, self.type).result
        if kind in ("int32", "uint32"):
            # The upper half is anybody's.
            cast = Cast(editor.fn.new_value(), "sext" if kind == "int32" else "zext", 32, 64, value, editor.insn)
            cast.result.definition = cast
            editor.put(cast)
            value = cast.result
        editor.replaced[old] = value
        return value

    def call(self, name: str, args: list[Operand], editor: Editor) -> Value:
        """One more call of a helper there."""
        return self.put(Call(editor.fn.new_value(), self.windows_id(name), args, editor.insn), editor)

    def _call_if_allowed(self, op: Call, row: Row, given: Operand, editor: Editor) -> None:
        """Flags that are computed: those that Linux refuses do not get there."""
        after, call = editor.block(1), editor.block()
        for allowed in row.data["flags"]["allowed"]:
            following = editor.block()
            editor.branch("eq", 64, given, allowed, then=Edge(call, []), otherwise=Edge(following, []))
            editor.enter(following)
        editor.end(Jump(Edge(after, [failed(EINVAL)]), op.insn))
        editor.enter(call)
        old = op.result
        self._call(op, row, editor, kind="emulated", reason="flags that Linux refuses give EINVAL")
        editor.end(Jump(Edge(after, [editor.replaced[old]]), op.insn))
        editor.enter(after)
        editor.replaced[old] = after.params[0]

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

    def translated(self, value: Operand, errors: str, editor: Editor) -> Operand:
        """Of an error number what Linux would have said."""
        there = self.table.errors(errors)
        tests = [Test("eq", -windows, -linux) for windows, linux in there.items()]
        tests.append(Test("slt", 0, -self.table.other_error))
        return editor.choose(value, tests, value)

    def maps_of(self, operand: Operand) -> list[MapSpec]:
        """The maps that an argument may be, those that lie in maps too."""
        inner = [spec.inner for spec in self.module.maps if spec.inner is not None]
        every = [*(self.module.maps[number] for number in self._named), *inner]
        sources = self.uses.sources(operand)
        found: list[MapSpec] = []
        for each in sources if sources is not None else ():
            number = map_number(each)
            if number is not None:
                found.append(self.module.maps[number])
            elif inner and type(each) is Value and isinstance(each.definition, Call):
                found += inner
            else:
                # A parameter may be any.
                return every
        return found if sources is not None else every

    def map_types(self, operand: Operand) -> set[str]:
        """Their types, as Linux calls them."""
        return {spec.type for spec in self.maps_of(operand)}

    # ---- differences

    def _met(self, difference: Mapping[str, Any], op: Call) -> bool:
        """Whether a difference's condition holds for this call."""
        when = str(difference["when"])
        wanted = difference.get("maps")
        if wanted is not None and self.map_types(op.args[0]).isdisjoint(wanted):
            return False
        if when == "always":
            return True
        if when == "result":
            return self.uses.looked_at(op.result) == "value"
        if when == "used":
            return self.uses.looked_at(op.result) != "never"
        if when.startswith("processor "):
            return not for_this_processor(self.uses, op.args[int(when.removeprefix("processor "))])
        if when.startswith("length "):
            return not is_known(self.uses, op.args[int(when.removeprefix("length "))])
        if when.startswith("argument "):
            number, _, besides = when.removeprefix("argument ").partition(" besides ")
            allowed = {int(each) for each in besides.split(",")} if besides else {0}
            return int(number) < len(op.args) and op.args[int(number)] not in allowed
        return False

    def _context_escapes(self, helper: Helper, op: Call) -> bool:
        """Whether the context goes where no helper takes one: to a function that is called back."""
        if self.contexts is None:
            return False
        kinds = [each.kind for each in helper.arguments]
        return any(kind != "ctx" and self.contexts.fact(arg) != OTHER for kind, arg in zip(kinds, op.args, strict=False))

    def scratch_map(self, size: int) -> int:
        """The number of a new map of each CPU's own, of one element of that size."""
        taken = self._taken | {spec.name for spec in self.maps}
        name = next(each for at in count() if (each := f"record{size}_{at}") not in taken)
        self.maps.append(scratch_spec(name, size))
        return len(self.maps) - 1

    def _note_update(self, helper: Helper, op: Call) -> None:
        if helper.name not in ("map_update_elem", "map_push_elem") or not op.args:
            return
        if helper.name == "map_update_elem" and op.args[3] == EXIST:
            # What is there is replaced: nothing needs room.
            return
        number = map_number(op.args[0])
        # One that cannot be told may be any.
        self.updated |= {number} if number is not None else set(range(len(self.module.maps)))
