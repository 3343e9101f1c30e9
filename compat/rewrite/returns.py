"""Return values: a mapping function before each exit of the program.

    exit 2                           XDP_PASS        becomes        exit 1
    exit v9                                                         if eq.32 v9, 2 then b8(1) else … ; b8(v12): exit v12

So a value that comes out of a table, a map or arithmetic is mapped as well as a constant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, final

from bpfcc.compat.rewrite.editor import Test

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bpfcc.bpfir.ops import Exit, Width
    from bpfcc.compat.rewrite.editor import Editor
    from bpfcc.compat.rewrite.entries import Notes
    from bpfcc.compat.rewrite.uses import Uses

COMPUTED: Final = "a computed value"


@final
class Returns:
    """The mapping of one program type."""

    def __init__(self, row: Mapping[str, Any], notes: Notes) -> None:
        self.row = row
        self.notes = notes
        self.width: Width = row["width"]
        self.cases: dict[int, Mapping[str, Any]] = {case["linux"]: case for case in row["cases"]}
        self.tests = [Test("eq", case["linux"], case["windows"]) for case in row["cases"] if case["windows"] != row["otherwise"]]

    def handle(self, op: Exit, editor: Editor, uses: Uses) -> None:
        """Map one exit of the program."""
        self._note(op, editor.fn.name, uses.constants(op.value))
        editor.insn = op.insn
        editor.exit(editor.choose(op.value, self.tests, int(self.row["otherwise"]), width=self.width), op.insn)

    def _note(self, op: Exit, function: str, constants: set[int] | None) -> None:
        if constants is None:
            mapped = ", ".join(f"{case['name']} to {case['windows']}" for case in self.row["cases"] if case["class"] != "absent")
            reason = f"{mapped}; {self.row['otherwise_reason']}"
            self.notes.add("return", COMPUTED, "emulated", "a mapped value", reason, function=function, insn=op.insn)
            return
        for value in sorted({each & (1 << self.width) - 1 for each in constants}):
            case = self.cases.get(value)
            if case is None:
                spelling = str(self.row["otherwise"])
                self.notes.add("return", str(value), "emulated", spelling, self.row["otherwise_reason"], function=function, insn=op.insn)
                continue
            there = None if case["class"] == "absent" else case.get("spelling", case["name"])
            self.notes.add(
                "return",
                case["name"],
                case["class"],
                there,
                case.get("reason", ""),
                depends=case.get("depends"),
                function=function,
                insn=op.insn,
            )
