"""Places in source text, and what is said about them.

>>> str(SourcePosition("drop.bpf.c", 14, 9))
'drop.bpf.c:14:9'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

Severity = Literal["error", "warning", "note"]


@final
@dataclass(frozen=True, slots=True)
class SourcePosition:
    """A place in a source file. Lines and columns count from 1; column 0 means the whole line.

    `text` is the line's text where the producer carries it (BTF does), so that a message can quote
    a source file that is not there.
    """

    file: str
    line: int
    column: int = 0
    end_line: int | None = None
    end_column: int | None = None
    text: str | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"


@final
@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One message of the compiling clang (or of bpfcc itself about a source), with its notes."""

    severity: Severity
    message: str
    position: SourcePosition | None = None
    notes: tuple[Diagnostic, ...] = ()

    def __str__(self) -> str:
        where = f"{self.position}: " if self.position else ""
        return f"{where}{self.severity}: {self.message}"
