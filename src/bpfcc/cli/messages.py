"""Errors as compilers print them: place, what is wrong, the source line, a caret.

drop.bpf.c:3:10: error: use of undeclared identifier 'foo'
    3 |   return foo;
      |          ^~~
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bpfcc.errors import BpfccError, CompileError, InputError, RejectedError, Trap, UnsupportedError
from bpfcc.explain.quote import quoted, short_path

__all__ = ["caret_lines", "diagnostic_lines", "error_lines", "headed", "short_path", "trap_text"]

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bpfcc.cli.screen import Screen
    from bpfcc.diagnostics import Diagnostic, SourcePosition

MAX_DIAGNOSTICS: Final = 50


def error_lines(error: BpfccError, screen: Screen) -> Iterator[str]:
    """Everything to print about `error`."""
    if isinstance(error, CompileError) and error.diagnostics:
        yield from diagnostic_lines(error.diagnostics, screen)
        count = sum(d.severity == "error" for d in error.diagnostics)
        yield f"{count} error{'s' if count != 1 else ''} in {error.file}"
        return
    position = error.position if isinstance(error, (InputError, Trap)) else None
    label = {Trap: "trap", UnsupportedError: "not supported", RejectedError: "refused"}.get(type(error), "error")
    if position is not None:
        text = trap_text(error) if isinstance(error, Trap) else error.message
        yield from headed(position, label, text, screen)
        return
    yield f"bpfcc: {screen.style(label + ':', 'error', error=True)} {error}"


def trap_text(trap: Trap) -> str:
    """What happened and at which instruction; the source position is printed before it."""
    where = f" (instruction {trap.insn} of {trap.function})" if trap.insn is not None and trap.function else ""
    return f"{trap.message}{where}"


def diagnostic_lines(diagnostics: Sequence[Diagnostic], screen: Screen) -> Iterator[str]:
    """Diagnostics with their notes; after `MAX_DIAGNOSTICS` how many more there are."""
    for diagnostic in diagnostics[:MAX_DIAGNOSTICS]:
        yield from _one(diagnostic, screen)
    if len(diagnostics) > MAX_DIAGNOSTICS:
        yield f"… and {len(diagnostics) - MAX_DIAGNOSTICS} more"


def _one(diagnostic: Diagnostic, screen: Screen) -> Iterator[str]:
    if diagnostic.position is None:
        yield f"{screen.style(diagnostic.severity + ':', diagnostic.severity, error=True)} {diagnostic.message}"
    else:
        yield from headed(diagnostic.position, diagnostic.severity, diagnostic.message, screen)
    for note in diagnostic.notes:
        yield from _one(note, screen)


def headed(position: SourcePosition, label: str, message: str, screen: Screen) -> Iterator[str]:
    """`FILE:LINE:COLUMN: LABEL: MESSAGE`, then the line and the caret."""
    style = label if label in {"warning", "note"} else "error"
    yield f"{screen.style(f'{position}:', 'bold', error=True)} {screen.style(f'{label}:', style, error=True)} {message}"
    yield from caret_lines(position, screen)


def caret_lines(position: SourcePosition, screen: Screen) -> Iterator[str]:
    """The source line and a caret under the place; nothing where the line is not known."""
    yield from quoted(position, lambda text, style: screen.style(text, style, error=True))
