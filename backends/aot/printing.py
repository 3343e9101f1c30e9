"""Statements as lines of C, each where the BPF source has it.

    print_statements(statements, positions, 1)

A `#line` directive comes before a line that the compiler would count wrongly otherwise; SELF stands for the emitted file's own lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from bpfcc.backends.aot.scopes import WORD
from bpfcc.backends.aot.structure import For, Goto, If, Label, Return, Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpfcc.backends.aot.structure import Statement
    from bpfcc.diagnostics import SourcePosition

INDENT: Final = "    "
SELF: Final = "#line @self"


def quoted(text: str) -> str:
    """A C string literal."""
    out = []
    for byte in text.encode("utf-8", "replace"):
        char = chr(byte)
        if char in '"\\?' or not 0x20 <= byte < 0x7F:
            out.append(f"\\{byte:03o}")
        else:
            out.append(char)
    return f'"{"".join(out)}"'


@final
class Printer:
    """`position` gives the place of an instruction; without it no directives are written."""

    def __init__(self, position: Callable[[int], SourcePosition | None] | None) -> None:
        self.position = position
        self.lines: list[str] = []
        # What the compiler takes the next line to be.
        self._next: tuple[str, int] | None = None
        self.marked = False

    def add(self, line: str, insn: int = -1) -> None:
        """A line, after a directive where it has to be one of another place."""
        found = self.position(insn) if self.position is not None and insn >= 0 else None
        if found is not None and found.line > 0 and (found.file, found.line) != self._next:
            self.lines.append(f"#line {found.line} {quoted(found.file)}")
            self._next = (found.file, found.line)
            self.marked = True
        self.lines.append(line)
        if self._next is not None:
            self._next = (self._next[0], self._next[1] + 1)

    def statements(self, body: list[Statement], depth: int) -> None:
        """A list of them."""
        pad = INDENT * depth
        for at, statement in enumerate(body):
            match statement:
                case Text() | Return():
                    if statement.text:
                        for line in statement.text.split("\n"):
                            self.add(pad + line, statement.insn)
                case Goto():
                    word = f"goto b{statement.block.id}" if statement.word == "goto" else statement.word
                    self.add(f"{pad}{word};", statement.insn)
                case Label():
                    # A label needs a statement behind it, and a declaration is none.
                    behind = body[at + 1] if at + 1 < len(body) else None
                    bare = behind is None or (isinstance(behind, Text) and (behind.declares or not behind.text))
                    self.add(f"{INDENT * (depth - 1)}b{statement.block.id}:" + (";" if bare else ""))
                case If():
                    self._if(statement, depth)
                case For():
                    self._loop(statement, depth)

    def _if(self, statement: If, depth: int, before: str = "") -> None:
        pad = INDENT * depth
        self.add(f"{pad}{before}if ({statement.condition}) {{", statement.insn)
        self.statements(statement.then, depth + 1)
        otherwise = statement.otherwise
        if len(otherwise) == 1 and isinstance(otherwise[0], If):
            self._if(otherwise[0], depth, "} else ")
            return
        if otherwise:
            self.add(f"{pad}}} else {{")
            self.statements(otherwise, depth + 1)
        self.add(f"{pad}}}")

    def _loop(self, statement: For, depth: int) -> None:
        """With its test where it has one at the start or at the end."""
        pad, body = INDENT * depth, statement.body
        first, last = (body[0], body[-1]) if body else (None, None)
        if isinstance(first, If) and not first.otherwise and is_break(first.then):
            self.add(f"{pad}while ({first.negated}) {{", first.insn)
            self.statements(body[1:], depth + 1)
            self.add(f"{pad}}}")
        elif isinstance(last, If) and not last.otherwise and is_break(last.then) and not continues(body) and not sees(last.condition, body):
            self.add(f"{pad}do {{")
            self.statements(body[:-1], depth + 1)
            self.add(f"{pad}}} while ({last.negated});", last.insn)
        else:
            self.add(f"{pad}for (;;) {{")
            self.statements(body, depth + 1)
            self.add(f"{pad}}}")


def is_break(body: list[Statement]) -> bool:
    """Whether it is nothing but `break`."""
    return len(body) == 1 and isinstance(body[0], Goto) and body[0].word == "break"


def continues(body: list[Statement]) -> bool:
    """Whether there is a `continue` of this loop in it, which would skip the test at its end."""
    for statement in body:
        if isinstance(statement, Goto) and statement.word == "continue":
            return True
        if isinstance(statement, If) and (continues(statement.then) or continues(statement.otherwise)):
            return True
    return False


def sees(condition: str, body: list[Statement]) -> bool:
    """Whether it names what is declared in the braces that it would be written behind."""
    declared = {found.declares for found in body if isinstance(found, Text)}
    return not declared.isdisjoint(WORD.findall(condition))
