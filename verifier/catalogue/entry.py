"""What the catalogue says of a code.

    Entry(why="…", example="…C…", remedy="…", fixed="…C…")

Examples are whole: with our headers they compile, the first is refused (or, for lints, warned about) with the entry's code and no other,
the second is accepted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, final

from bpfcc.verifier.options import Options


@final
@dataclass(frozen=True, slots=True)
class Entry:
    """Prose and programs for one code.

    `language` "asm" is the assembler's, for what C cannot say; `type` is then the program's. `options`: under which rules the example
    shows the code. `kernel`: C that stands for the kernel's types, where the code is about their absence.
    """

    why: str
    example: str
    remedy: str
    fixed: str
    notes: tuple[str, ...] = ()
    language: Literal["c", "asm"] = "c"
    type: str = "xdp"
    options: Options = field(default_factory=Options)
    kernel: str | None = None
