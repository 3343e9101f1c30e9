"""Linked instructions with the source lines they come from.

; firewall.bpf.c:290  void *data = (void *)(long)ctx->data;
   0: r6 = *(u32 *)(r1 + 0)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpfcc.bpfir.disassembler import disassemble
from bpfcc.bpfir.syntax import Names
from bpfcc.cli.messages import short_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpfcc.program import Program


def instruction_lines(program: Program) -> Iterator[str]:
    """Functions with headings, labels, source lines as comments, slot numbers."""
    code = program.bytecode
    starts = {span.start: span.name for span in code.functions}
    last = None
    for line in disassemble(code.code, names=names_of(program), file=program.file):
        if line.slot in starts:
            yield f"{starts[line.slot]}:"
        elif line.label is not None:
            yield f"{line.label}:"
        position = code.lines.get(line.slot)
        if position is not None and (position.file, position.line) != last:
            last = (position.file, position.line)
            text = "".join(c if c.isprintable() else " " for c in position.text or "").strip()
            yield f"; {short_path(position.file)}:{position.line}  {text}".rstrip()
        mark = f"   ; unresolved: {code.unresolved[line.slot]}" if line.slot in code.unresolved else ""
        yield f"{line.slot:6}: {line.text}{mark}"


def names_of(program: Program) -> Names:
    """What numbers in this program mean."""
    from bpfcc.pipeline import helper_names

    code = program.bytecode
    return Names(
        helpers=helper_names(program),
        maps=[spec.name for spec in code.maps],
        externs=[extern.name for extern in code.externs],
        functions={span.start: span.name for span in code.functions},
    )
